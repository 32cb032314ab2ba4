//! Server-sent events: bytes in, the data of each event out.
//!
//! Lines end with LF, CR or both; comments and unknown fields are no events; several `data`
//! lines of one event are joined. Bytes may be cut anywhere. An event that lies whole in one
//! slice is handed out from there; only what is left over at the end of a slice is copied.
//!
//! # Source
//!
//! "Server-sent events" in the HTML standard, but for the end of the body: there an event that
//! lacks its blank line is still handed out, because servers do end that way.

use std::mem;

/// Longest line, and most data of one event, in bytes. A whole answer with the scores of every
/// token stays far below it; without a bound, a server that never ends a line fills the memory.
pub(super) const EVENT_LIMIT: usize = 4 << 20;

/// One event, or the end of what can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// An event with data.
    Event {
        /// Its data; several lines are joined by line feeds.
        data: &'a [u8],
        /// Whether it is named `error`.
        error: bool,
        /// Whether the body ended before its blank line, so that the data may be cut.
        cut: bool,
    },
    /// An event is longer than [`EVENT_LIMIT`]; nothing follows.
    TooLong,
}

/// Cuts a body into events.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Data of the present event, as far as it does not lie whole in the present slice.
    data: Vec<u8>,
    /// The number of lines in `data`, empty ones too.
    data_lines: u32,
    /// Whether the present event is named `error`.
    error: bool,
    /// Whether the last slice ended with CR, so that a LF now belongs to it.
    after_cr: bool,
    /// Whether an event was too long.
    over: bool,
}

impl Framer {
    /// Reads more of the body.
    pub(super) fn feed(&mut self, bytes: &[u8], on_frame: &mut impl FnMut(Frame<'_>)) {
        let mut rest = bytes;
        if !bytes.is_empty() && mem::take(&mut self.after_cr) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        // The only data line of the present event, while it lies in this slice.
        let mut whole = None;
        while !self.over
            && let Some(end) = memchr::memchr2(b'\n', b'\r', rest)
        {
            let (line, cr) = (&rest[..end], rest[end] == b'\r');
            rest = &rest[end + 1..];
            if cr {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            if self.line.is_empty() {
                self.read_line(line, &mut whole, on_frame);
            } else {
                self.read_cut_line(line, on_frame);
            }
        }
        self.keep(rest, whole, on_frame);
    }

    /// Reads the end of the body.
    pub(super) fn finish(&mut self, on_frame: &mut impl FnMut(Frame<'_>)) {
        if !self.line.is_empty() {
            self.read_cut_line(&[], on_frame);
        }
        if mem::take(&mut self.data_lines) > 0 && !self.over {
            on_frame(Frame::Event { data: &self.data, error: self.error, cut: true });
        }
    }

    /// Keeps what is left over of a slice.
    fn keep(&mut self, rest: &[u8], whole: Option<&[u8]>, on_frame: &mut impl FnMut(Frame<'_>)) {
        if let Some(data) = whole {
            self.add_data(data, on_frame);
        }
        if self.line.len() + rest.len() > EVENT_LIMIT {
            self.give_up(on_frame);
        }
        if !self.over {
            self.line.extend_from_slice(rest);
        }
    }

    /// Reads a line that began in an earlier slice and ends with `rest`.
    fn read_cut_line(&mut self, rest: &[u8], on_frame: &mut impl FnMut(Frame<'_>)) {
        let mut line = mem::take(&mut self.line);
        line.extend_from_slice(rest);
        let mut whole = None;
        self.read_line(&line, &mut whole, on_frame);
        if let Some(data) = whole {
            self.add_data(data, on_frame);
        }
        line.clear();
        self.line = line;
    }

    #[inline]
    fn read_line<'a>(
        &mut self,
        line: &'a [u8],
        whole: &mut Option<&'a [u8]>,
        on_frame: &mut impl FnMut(Frame<'_>),
    ) {
        if line.is_empty() {
            return self.end_event(whole.take(), on_frame);
        }
        if line.len() > EVENT_LIMIT {
            return self.give_up(on_frame);
        }
        if let Some(data) = field(line, b"data") {
            if whole.is_none() && self.data_lines == 0 {
                *whole = Some(data);
                return;
            }
            for data in whole.take().into_iter().chain([data]) {
                self.add_data(data, on_frame);
            }
        } else if let Some(name) = field(line, b"event") {
            self.error = name == b"error";
        }
    }

    #[inline]
    fn end_event(&mut self, whole: Option<&[u8]>, on_frame: &mut impl FnMut(Frame<'_>)) {
        let error = mem::take(&mut self.error);
        if let Some(data) = whole {
            on_frame(Frame::Event { data, error, cut: false });
        } else if mem::take(&mut self.data_lines) > 0 {
            on_frame(Frame::Event { data: &self.data, error, cut: false });
            self.data.clear();
        }
    }

    fn add_data(&mut self, data: &[u8], on_frame: &mut impl FnMut(Frame<'_>)) {
        if self.data.len() + data.len() >= EVENT_LIMIT {
            return self.give_up(on_frame);
        }
        if self.data_lines > 0 {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(data);
        self.data_lines = self.data_lines.saturating_add(1);
    }

    fn give_up(&mut self, on_frame: &mut impl FnMut(Frame<'_>)) {
        if !mem::replace(&mut self.over, true) {
            on_frame(Frame::TooLong);
        }
    }
}

/// The value of a field, or `None` if the line is of another one. One space after the colon
/// belongs to the field; a line without a colon is a field without a value.
#[inline]
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(name)?;
    match rest.split_first() {
        None => Some(rest),
        Some((b':', value)) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{EVENT_LIMIT, Frame, Framer};

    fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut seen = Vec::new();
        let mut framer = Framer::default();
        let mut on_frame = |frame: Frame<'_>| {
            seen.push(match frame {
                Frame::Event { data, error, cut } => {
                    let data = String::from_utf8_lossy(data);
                    let error = if error { "error " } else { "" };
                    format!("{error}{data:?}{}", if cut { " cut" } else { "" })
                }
                Frame::TooLong => "too long".to_owned(),
            });
        };
        for piece in pieces {
            framer.feed(piece, &mut on_frame);
        }
        framer.finish(&mut on_frame);
        seen
    }

    fn of(body: &str) -> String {
        frames([body.as_bytes()]).join(", ")
    }

    #[test]
    fn lines_end_with_lf_cr_or_both() {
        assert_eq!(
            of("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\r\n"),
            r#""a", "b", "c", "d""#
        );
    }

    #[test]
    fn comments_and_other_fields_are_no_events() {
        assert_eq!(of(": ping\n\nid: 1\nretry: 5\n\ndatax: b\n\nevent: x\ndata: a\n\n"), r#""a""#);
    }

    #[test]
    fn several_data_lines_are_one_event() {
        assert_eq!(of("data: a\ndata\ndata:b\ndata:  c\n\n"), r#""a\n\nb\n c""#);
    }

    #[test]
    fn an_event_named_error_is_marked_and_only_that_one() {
        assert_eq!(of("event: error\ndata: a\n\ndata: b\n\n"), r#"error "a", "b""#);
        assert_eq!(of("data: a\nevent:error\n\nevent: error\n\ndata: b\n\n"), r#"error "a", "b""#);
    }

    #[test]
    fn what_the_end_of_the_body_cuts_is_marked() {
        assert_eq!(of("data: a\n\ndata: b"), r#""a", "b" cut"#);
        assert_eq!(of("data: a\ndata: b\n"), r#""a\nb" cut"#);
        assert_eq!(of("data: a\nda"), r#""a" cut"#);
    }

    #[test]
    fn an_event_over_the_limit_ends_the_stream_however_it_comes() {
        let long = vec![b'a'; EVENT_LIMIT];
        let line = [b"data: ", &*long, b"\n\ndata: b\n\n"].concat();
        assert_eq!(frames([&*line]), ["too long"]);
        assert_eq!(frames(line.chunks(100_000)), ["too long"]);
        assert_eq!(
            frames([&line[..EVENT_LIMIT]]),
            [format!("\"{}\" cut", "a".repeat(EVENT_LIMIT - 6))]
        );
        let half = [b"data: ", &long[..EVENT_LIMIT / 2], b"\n"].concat();
        let lines = [&*half, &half, &half].concat();
        assert_eq!(frames([&*lines]), ["too long"]);
        assert_eq!(frames(lines.chunks(99_999)), ["too long"]);
    }

    proptest! {
        #[test]
        fn the_events_do_not_depend_on_how_the_bytes_are_split(
            parts in prop::collection::vec(
                prop::sample::select(
                    &["data", "data:", "data: ", "a", "event: error", ":", "\n", "\r", "\r\n", " "][..],
                ),
                0..40,
            ),
            cuts in prop::collection::vec(1_usize..7, 1..40),
        ) {
            let body = parts.concat();
            let mut rest = body.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at(rest.len().min(*cut));
                pieces.push(piece);
                pieces.push(&[]);
                rest = after;
            }
            prop_assert_eq!(frames(pieces), frames([body.as_bytes()]), "{:?}", body);
        }
    }
}
