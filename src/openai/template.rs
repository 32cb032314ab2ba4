//! The quick way through a stream whose events differ in their text alone.
//!
//! Servers repeat id, model, time and structure in every event. Once an event has been read,
//! its bytes before and after the one text in it are kept. An event that begins and ends with
//! exactly these bytes, and has a well-formed string between them, is the same JSON but for
//! that string: what was read from the one holds for the other. Everything else, the next
//! second's timestamp included, is read in full and becomes the new template.

use super::text::{RawText, TextPart};

/// Longest event that is worth keeping, in bytes.
const LIMIT: usize = 4096;

/// The bytes around the text of an event.
#[derive(Debug, Default)]
pub(super) struct Template {
    bytes: Vec<u8>,
    /// Where the text was; `None` while no event has been kept.
    text_at: Option<(usize, TextPart)>,
}

impl Template {
    /// Keeps an event whose only text is `text`, which must be a part of `event`.
    pub(super) fn keep(&mut self, event: &[u8], part: TextPart, text: RawText<'_>) {
        let raw = text.as_raw();
        let before = raw.as_ptr().addr().checked_sub(event.as_ptr().addr());
        let after = before.and_then(|before| event.get(before + raw.len()..));
        self.text_at = None;
        if let (Some(before), Some(after)) = (before, after)
            && event.len() <= LIMIT
        {
            self.bytes.clear();
            self.bytes.extend_from_slice(&event[..before]);
            self.bytes.extend_from_slice(after);
            self.text_at = Some((before, part));
        }
    }

    /// The text of `event`, if that is all that sets it apart from the event kept.
    #[inline]
    pub(super) fn text_of<'a>(&self, event: &'a [u8]) -> Option<(TextPart, RawText<'a>)> {
        let (at, part) = self.text_at?;
        let (before, after) = self.bytes.split_at(at);
        let rest = event.strip_prefix(before)?;
        RawText::new(rest.strip_suffix(after)?).map(|text| (part, text))
    }
}

#[cfg(test)]
mod tests {
    use super::{RawText, Template, TextPart};

    fn text_of<'a>(kept: &str, text: &str, event: &'a str) -> Option<&'a [u8]> {
        let mut template = Template::default();
        let at = kept.find(text).unwrap();
        let raw = RawText::new(&kept.as_bytes()[at..at + text.len()]).unwrap();
        template.keep(kept.as_bytes(), TextPart::Content, raw);
        template.text_of(event.as_bytes()).map(|(_, text)| text.as_raw())
    }

    #[test]
    fn an_event_that_differs_in_its_text_alone_is_known() {
        assert_eq!(text_of(r#"{"c":"Hi"}"#, "Hi", r#"{"c":"you\n"}"#), Some(&br"you\n"[..]));
        assert_eq!(text_of(r#"{"c":"Hi"}"#, "Hi", r#"{"c":""}"#), Some(&b""[..]));
    }

    #[test]
    fn any_other_event_is_not() {
        for event in
            [r#"{"d":"Hi"}"#, r#"{"c":"Hi","d":"Hi"}"#, r#"{"c":"Hi\"}"#, r#"{"c":""#, r#"{"c":1}"#]
        {
            assert_eq!(text_of(r#"{"c":"Hi"}"#, "Hi", event), None, "{event}");
        }
        assert_eq!(text_of(r#"{"c":"aa"}"#, "aa", r#"{"c":"}"#), None);
    }
}
