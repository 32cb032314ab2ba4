//! The text of an answer, for those who want more of it than its timing.

use crate::openai::TextPart;

/// The text of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptText {
    answer: String,
    besides: String,
}

impl KeptText {
    /// Adds the next piece of a part.
    pub(super) fn add(&mut self, part: TextPart, text: &str) {
        match part {
            TextPart::Content => self.answer.push_str(text),
            TextPart::Reasoning
            | TextPart::Refusal
            | TextPart::CallName
            | TextPart::CallArguments => self.besides.push_str(text),
        }
    }

    /// What was answered, thinking between tags included.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// What was generated besides: reasoning in a field of its own, refusals, calls of tools.
    pub fn besides(&self) -> &str {
        &self.besides
    }

    pub(super) fn clear(&mut self) {
        self.answer.clear();
        self.besides.clear();
    }

    pub(super) fn take_answer(&mut self) -> String {
        self.besides.clear();
        std::mem::take(&mut self.answer)
    }
}
