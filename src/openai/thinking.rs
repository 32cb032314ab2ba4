//! Tells thinking from answering in servers that send both as content.
//!
//! Thinking stands between `<think>` and `</think>` at the start of the content; the tags may
//! be cut anywhere. Where the prompt template already opened the tag, only the closing one
//! comes, and that all before it was thinking is known only then. One place is kept for the
//! whole answer: several choices in one stream that all think in tags are not told apart.

use super::text::RawText;

const OPEN: &[u8] = b"<think>";
const CLOSE: &[u8] = b"</think>";

/// What the text of one event is.
///
/// Neither `answer` nor `reasoning`: white space, or the beginning of what may be an opening
/// tag, that only the following events can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Text of the answer: content, refusal, or the call of a tool.
    pub answer: bool,
    /// Text of the reasoning that comes before the answer.
    pub reasoning: bool,
    /// A closing tag came that nothing had opened: all text before it was reasoning, though it
    /// was taken for the answer.
    pub was_reasoning: bool,
}

/// What follows the thinking in the whole content of an answer, without the white space
/// between; all of it where there is no thinking in tags.
pub fn after_thinking(content: &str) -> &str {
    const CLOSING: &str = "</think>";
    let opened = content.trim_start().starts_with("<think>");
    match content.split_once(CLOSING) {
        Some((_, said)) => said.trim_start(),
        None if opened => "",
        None => content,
    }
}

/// Where the content of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before any answer; so much of the opening tag has been seen.
    Before(usize),
    /// Inside the tags; so much of the closing one has been seen.
    Inside(usize),
    /// In content that no tag opened; so much of a closing one has been seen.
    Plain(usize),
    /// After the thinking.
    After,
}

/// Reads the content of one answer, event by event.
#[derive(Clone, Debug)]
pub(super) struct Thinking(Place);

impl Thinking {
    pub(super) const fn new() -> Self {
        Self(Place::Before(0))
    }

    /// The server sends its reasoning in a field of its own: tags have no meaning.
    pub(super) const fn sent_apart(&mut self) {
        self.0 = Place::After;
    }

    /// Reads the content of one event into what is known about the event.
    #[inline]
    pub(super) fn read(&mut self, content: RawText<'_>, text: &mut Text) {
        match self.0 {
            Place::After => text.answer = true,
            Place::Plain(0) if memchr::memchr2(b'<', b'\\', content.as_raw()).is_none() => {
                text.answer = true;
            }
            Place::Before(_) | Place::Inside(_) | Place::Plain(_) => {
                content.ascii().for_each(|byte| self.step(byte, text));
            }
        }
    }

    fn step(&mut self, byte: u8, text: &mut Text) {
        self.0 = match self.0 {
            Place::Before(0) if byte.is_ascii_whitespace() => Place::Before(0),
            Place::Before(seen) if OPEN.get(seen) == Some(&byte) => {
                if seen + 1 == OPEN.len() {
                    text.reasoning = true;
                    Place::Inside(0)
                } else {
                    Place::Before(seen + 1)
                }
            }
            Place::Before(seen) => {
                text.answer = true;
                // The `<` that began no opening tag may begin a closing one.
                Place::Plain(progress(usize::from(seen == 1), byte))
            }
            Place::Inside(seen) => {
                text.reasoning = true;
                match progress(seen, byte) {
                    seen if seen == CLOSE.len() => Place::After,
                    seen => Place::Inside(seen),
                }
            }
            Place::Plain(seen) => match progress(seen, byte) {
                seen if seen == CLOSE.len() => {
                    *text = Text { answer: false, reasoning: true, was_reasoning: true };
                    Place::After
                }
                seen => {
                    text.answer = true;
                    Place::Plain(seen)
                }
            },
            Place::After => {
                text.answer = true;
                Place::After
            }
        }
    }
}

/// How much of the closing tag has been seen after `byte`; only its first sign repeats.
fn progress(seen: usize, byte: u8) -> usize {
    if CLOSE.get(seen) == Some(&byte) { seen + 1 } else { usize::from(byte == CLOSE[0]) }
}

#[cfg(test)]
mod tests {
    use super::{RawText, Text, Thinking, after_thinking};

    #[test]
    fn thinking_is_no_part_of_what_was_said() {
        assert_eq!(after_thinking("<think>Hm.</think>\n\nYes."), "Yes.");
        assert_eq!(after_thinking("Hm.</think> Yes."), "Yes.");
        assert_eq!(after_thinking("<think>Hm. No end"), "");
        assert_eq!(after_thinking(" Yes."), " Yes.");
    }

    /// What each event is: `a`nswer, `r`easoning, `b`oth, `?` not known yet, `!` it was
    /// reasoning, `+` it was reasoning and the answer begins.
    fn read(events: &[&str]) -> String {
        let mut thinking = Thinking::new();
        let sign = |event: &&str| {
            let mut text = Text::default();
            thinking.read(RawText::new(event.as_bytes()).unwrap(), &mut text);
            match (text.answer, text.reasoning, text.was_reasoning) {
                (true, false, false) => 'a',
                (false, true, false) => 'r',
                (true, true, false) => 'b',
                (false, false, false) => '?',
                (false, true, true) => '!',
                (true, true, true) => '+',
                (_, false, true) => 'x',
            }
        };
        events.iter().map(sign).collect()
    }

    #[test]
    fn thinking_between_tags_comes_before_the_answer() {
        assert_eq!(read(&["<think>", "Hm", "</think>", r"\n\n", "Yes"]), "rrraa");
        assert_eq!(read(&["<think>Hm</think>Yes"]), "b");
    }

    #[test]
    fn tags_may_be_cut_anywhere() {
        assert_eq!(read(&["<", "th", "ink", ">H", "m<", "/thi", "nk", ">", "Yes"]), "???rrrrra");
        assert_eq!(read(&[r"\n\u003c", "think>", r"\u003c/think\u003eYes"]), "?rb");
    }

    #[test]
    fn content_without_tags_is_the_answer() {
        assert_eq!(read(&["Yes", " <b>", "<think>"]), "aaa");
        assert_eq!(read(&[r"\n", "<th", "e>"]), "??a");
    }

    #[test]
    fn a_closing_tag_that_nothing_opened_ends_the_thinking() {
        assert_eq!(read(&["Hm", " so", "</th", "ink>", "Yes"]), "aaa!a");
        assert_eq!(read(&["</think>Yes", "</think>"]), "+a");
        assert_eq!(read(&["Hm<</think>"]), "!");
    }

    #[test]
    fn tags_have_no_meaning_where_reasoning_is_sent_apart() {
        let mut thinking = Thinking::new();
        thinking.sent_apart();
        let mut text = Text::default();
        thinking.read(RawText::new(b"<think>").unwrap(), &mut text);
        assert_eq!(text, Text { answer: true, reasoning: false, was_reasoning: false });
    }
}
