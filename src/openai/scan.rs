//! A JSON reader that copies nothing and builds nothing.
//!
//! It walks over a text in memory, hands out strings as they stand there and steps over what
//! nobody asked for. It accepts exactly what is JSON, but for two liberties: it does not look
//! at whether strings are valid UTF-8 (a broken character in a generated text is no reason to
//! lose the event), and keys are compared as they are written, escapes unread.

use super::text::RawText;

/// Deepest nesting that is followed; deeper texts are refused, so that the stack stays small.
const DEPTH_LIMIT: u32 = 128;

/// What a step over JSON gives.
pub(super) type Scan<T> = Result<T, Broken>;

/// Where a text stops being the JSON that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Byte from the start of the text.
    pub(super) at: usize,
    /// What would have been accepted there.
    pub(super) expected: &'static str,
}

/// Whether `bytes` are one whole JSON value.
pub(super) fn is_json(bytes: &[u8]) -> bool {
    let mut scanner = Scanner::new(bytes);
    scanner.skip().and_then(|()| scanner.end()).is_ok()
}

/// A position in a JSON text.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of `bytes`.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// The first byte of what comes next, after white space; `None` at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    /// Steps over `null` if it comes next.
    #[inline]
    pub(super) fn null(&mut self) -> Scan<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.literal(b"null").map(|()| true)
    }

    /// Reads an object; `field` is given each key and must step over its value.
    #[inline]
    pub(super) fn object(
        &mut self,
        mut field: impl FnMut(&'a [u8], &mut Self) -> Scan<()>,
    ) -> Scan<()> {
        self.expect(b'{', "an object")?;
        self.enter()?;
        if self.peek() == Some(b'}') {
            return self.leave();
        }
        loop {
            let key = self.string()?;
            self.expect(b':', "`:`")?;
            field(key.as_raw(), self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.leave(),
                _ => return Err(self.broken("`,` or `}`")),
            }
        }
    }

    /// Reads an array; `item` must step over one item.
    #[inline]
    pub(super) fn array(&mut self, mut item: impl FnMut(&mut Self) -> Scan<()>) -> Scan<()> {
        self.expect(b'[', "an array")?;
        self.enter()?;
        if self.peek() == Some(b']') {
            return self.leave();
        }
        loop {
            item(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.leave(),
                _ => return Err(self.broken("`,` or `]`")),
            }
        }
    }

    /// Reads a string.
    #[inline]
    pub(super) fn string(&mut self) -> Scan<RawText<'a>> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        loop {
            self.at += plain_length(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(RawText::of_checked(&self.bytes[start..self.at - 1]));
                }
                Some(b'\\') => {
                    self.at += escape_length(&self.bytes[self.at..])
                        .ok_or_else(|| self.broken("an escape"))?;
                }
                _ => return Err(self.broken("the end of a string")),
            }
        }
    }

    /// Steps over a value of any kind.
    #[inline]
    pub(super) fn skip(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'n') => self.literal(b"null"),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') => self.skip_nested(),
            _ => Err(self.broken("a value")),
        }
    }

    /// Steps over a value of any kind and returns it as it stands.
    #[inline]
    pub(super) fn value(&mut self) -> Scan<&'a [u8]> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(&self.bytes[start..self.at])
    }

    /// Steps over an array of numbers, quickly: what is between the brackets is made of the
    /// signs that numbers are made of. Whether there was any. Other arrays are read with care.
    pub(super) fn numbers(&mut self) -> Scan<bool> {
        self.peek();
        let rest = &self.bytes[self.at..];
        if let Some(end) = memchr::memchr(b']', rest).filter(|_| rest.starts_with(b"["))
            && is_of_numbers(&rest[1..end])
        {
            self.at += end + 1;
            return Ok(!rest[1..end].trim_ascii().is_empty());
        }
        let mut any = false;
        self.array(|item| {
            any = true;
            item.skip()
        })?;
        Ok(any)
    }

    /// That nothing but white space follows.
    #[inline]
    pub(super) fn end(&mut self) -> Scan<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.broken("the end")),
        }
    }

    // Apart from `skip`, which is inlined where most values are short strings.
    #[inline(never)]
    fn skip_nested(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b'{') => self.object(|_, value| value.skip()),
            _ => self.array(Self::skip),
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8, expected: &'static str) -> Scan<()> {
        if self.peek() != Some(byte) {
            return Err(self.broken(expected));
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn literal(&mut self, word: &'static [u8]) -> Scan<()> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.broken("`null`, `true` or `false`"));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Scan<()> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Scan<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(self.broken("a digit")) } else { Ok(()) }
    }

    #[inline]
    const fn enter(&mut self) -> Scan<()> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(self.broken("less nesting"));
        }
        Ok(())
    }

    #[inline]
    #[expect(clippy::unnecessary_wraps, reason = "it ends a step, as its counterparts do")]
    const fn leave(&mut self) -> Scan<()> {
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    const fn broken(&self, expected: &'static str) -> Broken {
        Broken { at: self.at, expected }
    }
}

/// The length of what stands before the first quote, backslash or control character.
///
/// # Source
///
/// Eight bytes at a time, after "Determine if a word has a byte less than n" and "… a zero
/// byte" in Sean Anderson's Bit Twiddling Hacks; the lowest byte found is always right.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    let mut length = 0;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let quote = (word ^ QUOTES).wrapping_sub(ONES) & !(word ^ QUOTES);
        let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES) & !(word ^ BACKSLASHES);
        let control = word.wrapping_sub(SPACES) & !word;
        let found = (quote | backslash | control) & HIGH;
        if found != 0 {
            return length + crate::units::index(u64::from(found.trailing_zeros() / 8));
        }
        length += 8;
    }
    let rest = words.remainder();
    let plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
    length + rest.iter().position(|byte| !plain(byte)).unwrap_or(rest.len())
}

/// The length of the escape `bytes` start with; `None` if that is none.
#[inline]
pub(super) fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => bytes.get(2..6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

/// Whether `bytes` hold nothing but digits, signs, points, exponents, commas and white space.
///
/// Without an early way out, so that the compiler looks at many bytes at once.
#[expect(clippy::needless_bitwise_bool, reason = "branches would keep it from doing so")]
fn is_of_numbers(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| {
        let number = (*byte >= b'+') & (*byte <= b'9') & (*byte != b'/');
        let exponent = (*byte | 0x20) == b'e';
        let space = (*byte == b' ') | (*byte == b'\n') | (*byte == b'\r') | (*byte == b'\t');
        all & (number | exponent | space)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::{Broken, Scanner, is_json, plain_length};

    #[test]
    fn a_broken_text_is_named_by_place_and_what_was_expected() {
        let broken = |text: &[u8]| Scanner::new(text).skip().unwrap_err();
        assert_eq!(broken(b"{\"a\" 1}"), Broken { at: 5, expected: "`:`" });
        assert_eq!(broken(b"[1,"), Broken { at: 3, expected: "a value" });
        assert_eq!(broken(b"\"ab"), Broken { at: 3, expected: "the end of a string" });
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(is_json(nested(128).as_bytes()));
        assert!(!is_json(nested(129).as_bytes()));
    }

    #[test]
    fn arrays_of_numbers_are_stepped_over_and_others_read_with_care() {
        let numbers = |text: &str| Scanner::new(text.as_bytes()).numbers();
        assert_eq!(numbers(" [0.1, -2e-5 ,3]"), Ok(true));
        assert_eq!(numbers("[ ]"), Ok(false));
        assert_eq!(numbers("[[1],[2]]"), Ok(true));
        assert!(numbers("[NaN]").is_err());
        assert!(numbers("[1,2").is_err());
        assert!(numbers("7").is_err());
    }

    #[test]
    fn signs_that_end_a_plain_text_are_found_at_every_place() {
        for place in 0..40 {
            for sign in [b'"', b'\\', b'\n', 0, 0x1f] {
                let mut text = vec![0x80_u8; 40];
                text[place] = sign;
                assert_eq!(plain_length(&text), place, "{sign} at {place}");
            }
        }
        assert_eq!(plain_length("日本 ~\u{7f}".as_bytes()), 9);
    }

    /// JSON, and texts that are nearly JSON.
    fn texts() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("tru".to_owned()),
            "-?[0-9]{1,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
            "\"[a\u{e9}\\\\nu0\"]{0,8}\"",
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(", "))),
                prop::collection::vec(("\"[a-c]\"", inner), 0..4).prop_map(|fields| {
                    let fields: Vec<_> =
                        fields.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
                    format!("{{{}}}", fields.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_another_reader_accepts(text in texts(), cut in 0_usize..64) {
            for text in [&text, text.get(..cut).unwrap_or(&text)] {
                let other = serde_json::from_str::<&RawValue>(text).is_ok();
                prop_assert_eq!(is_json(text.as_bytes()), other, "{}", text);
            }
        }

        #[test]
        fn no_text_makes_it_fall_over(text in prop::collection::vec(any::<u8>(), 0..64)) {
            let _json = is_json(&text);
        }
    }
}
