//! Generated text as it stands in a JSON text.

use std::borrow::Cow;

use super::scan::{escape_length, plain_length};

/// The part of an answer a text belongs to, by the field it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextPart {
    /// `content`, or `text` of a completion; thinking between tags included.
    Content,
    /// `reasoning_content` or `reasoning`.
    Reasoning,
    /// `refusal`
    Refusal,
    /// The name of a called tool or function.
    CallName,
    /// Arguments of a called tool or function.
    CallArguments,
}

/// A string of a JSON text, without its quotes and with its escapes still in it.
///
/// The escapes are known to be well formed; the bytes need not be valid UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawText<'a>(&'a [u8]);

impl<'a> RawText<'a> {
    /// The string between two quotes, or `None` if `raw` is no such string.
    pub(super) fn new(raw: &'a [u8]) -> Option<Self> {
        let mut at = 0;
        loop {
            at += plain_length(&raw[at..]);
            match raw.get(at) {
                None => return Some(Self(raw)),
                Some(b'\\') => at += escape_length(&raw[at..])?,
                Some(_) => return None,
            }
        }
    }

    /// The same for what has been looked at already.
    pub(super) const fn of_checked(raw: &'a [u8]) -> Self {
        Self(raw)
    }

    /// The string as it stands.
    pub(super) const fn as_raw(self) -> &'a [u8] {
        self.0
    }

    /// Whether it holds no character.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The text it stands for; characters that are broken become U+FFFD.
    pub fn to_text(self) -> Cow<'a, str> {
        if memchr::memchr(b'\\', self.0).is_none() {
            return String::from_utf8_lossy(self.0);
        }
        let mut text = Vec::with_capacity(self.0.len());
        let mut rest = self.0;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            text.extend_from_slice(&rest[..at]);
            let (character, length) = unescape(&rest[at..]);
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[at + length..];
        }
        text.extend_from_slice(rest);
        Cow::Owned(String::from_utf8_lossy(&text).into_owned())
    }

    /// The text as ASCII, with one 0xFF or more for every character that is none.
    pub(super) fn ascii(self) -> impl Iterator<Item = u8> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let byte = *rest.first()?;
            let length = if byte == b'\\' { unescape(rest).1 } else { 1 };
            let ascii = match byte {
                b'\\' => u8::try_from(unescape(rest).0).ok().filter(u8::is_ascii),
                byte => Some(byte).filter(u8::is_ascii),
            };
            rest = rest.get(length..).unwrap_or_default();
            Some(ascii.unwrap_or(0xFF))
        })
    }
}

/// The character of the escape `raw` starts with, and the length of the escape.
fn unescape(raw: &[u8]) -> (char, usize) {
    let simple = match raw.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unescape_unicode(raw),
        Some(byte) => char::from(*byte),
        None => char::REPLACEMENT_CHARACTER,
    };
    (simple, 2)
}

/// Half of a pair without its other half becomes U+FFFD.
fn unescape_unicode(raw: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = raw.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(0).unwrap_or(0xFFFD);
    let pair = [first, unit(6).unwrap_or(0)];
    let paired = (0xD800..0xDC00).contains(&first);
    let mut decoded = char::decode_utf16(pair);
    match decoded.next() {
        Some(Ok(character)) => (character, if paired { 12 } else { 6 }),
        Some(Err(_)) | None => (char::REPLACEMENT_CHARACTER, 6),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::RawText;

    fn text(raw: &str) -> String {
        RawText::new(raw.as_bytes()).unwrap().to_text().into_owned()
    }

    #[test]
    fn escapes_become_what_they_stand_for() {
        assert_eq!(text(r#"a\n\t\"\\\/\u00e9\ud83d\ude42z"#), "a\n\t\"\\/é🙂z");
    }

    #[test]
    fn half_a_pair_becomes_a_replacement_character() {
        assert_eq!(text(r"\ud83d"), "\u{fffd}");
        assert_eq!(text(r"\ud83d\u0041"), "\u{fffd}A");
        assert_eq!(text(r"\ude42x"), "\u{fffd}x");
    }

    #[test]
    fn what_is_no_string_is_refused() {
        for raw in [r#"a"b"#, r"\x", r"\u12", "\\", "a\nb"] {
            assert_eq!(RawText::new(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn tags_are_seen_through_escapes() {
        let ascii: Vec<u8> = RawText::new(br"\u003ca\u003e\n\u00e9").unwrap().ascii().collect();
        assert_eq!(ascii, b"<a>\n\xff");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(original in ".{0,20}") {
            let json = serde_json::to_string(&original).unwrap();
            prop_assert_eq!(text(&json[1..json.len() - 1]), original);
        }
    }
}
