//! Lines of JSON: bytes in, the object of each line out.
//!
//! Bytes may be cut anywhere. A line that lies whole in one slice is handed out from there; only
//! what is left over at the end of a slice is copied.

use std::mem;

use super::sse::{EVENT_LIMIT, Frame};

/// Cuts a body into lines.
#[derive(Debug, Default)]
pub(super) struct LineFramer {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Whether a line was too long.
    over: bool,
}

impl LineFramer {
    /// Reads more of the body.
    pub(super) fn feed(&mut self, bytes: &[u8], on_frame: &mut impl FnMut(Frame<'_>)) {
        let mut rest = bytes;
        while !self.over
            && let Some(end) = memchr::memchr(b'\n', rest)
        {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            if self.line.is_empty() {
                on_frame(whole(line));
            } else if self.keep(line, on_frame) {
                let line = mem::take(&mut self.line);
                on_frame(whole(&line));
            }
        }
        if !self.over {
            self.keep(rest, on_frame);
        }
    }

    /// Reads the end of the body.
    pub(super) fn finish(&mut self, on_frame: &mut impl FnMut(Frame<'_>)) {
        let line = mem::take(&mut self.line);
        if !line.is_empty() && !self.over {
            on_frame(Frame::Event { data: &line, error: false, cut: true });
        }
    }

    /// Keeps a part of a line; false where it is too long.
    fn keep(&mut self, part: &[u8], on_frame: &mut impl FnMut(Frame<'_>)) -> bool {
        if self.line.len() + part.len() > EVENT_LIMIT {
            self.over = true;
            on_frame(Frame::TooLong);
            return false;
        }
        self.line.extend_from_slice(part);
        true
    }
}

const fn whole(line: &[u8]) -> Frame<'_> {
    Frame::Event { data: line, error: false, cut: false }
}
