//! The body of a streamed answer: bytes in, events out.
//!
//! However the bytes are cut, the events are the same. Nothing is allocated for an event that
//! lies whole in one slice. What follows the end of the
//! stream (`[DONE]`, the event that closes a response) or something malformed is not read.

use super::endpoint::{Endpoint, TextForm};
use super::facts::{Facts, read_facts};
use super::failure::{ApiError, excerpt};
use super::lines::LineFramer;
use super::scan::{Broken, is_json};
use super::sse::{EVENT_LIMIT, Frame, Framer};
use super::template::Template;
use super::text::{RawText, TextPart};
use super::thinking::{Text, Thinking};
use super::{ollama, responses};
use crate::record::{FinishReason, ServerTimes, TokenUsage};

/// How much of a body that is no stream of events is kept to say what it is, in bytes.
const FOREIGN_LIMIT: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// A chunk of the answer.
    Chunk(Chunk),
    /// The server tells of its own times; the chunk they came with follows.
    Times(Box<ServerTimes>),
    /// The server tells of an error.
    Error(ApiError),
    /// `[DONE]`
    Done,
    /// Something that does not follow the protocol; says what.
    Malformed(String),
}

/// What a chunk carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Generated text of any kind; `None` for a role, an empty string, or counts alone.
    pub text: Option<Text>,
    /// Why the server stopped.
    pub finish: Option<FinishReason>,
    /// The server's counts so far; `None` where it gives none, or zeros.
    pub usage: Option<TokenUsage>,
    /// Calls of tools that begin in it: a call is counted with its name.
    pub calls: u32,
}

/// Takes the events of a stream and, where it wants them, their texts.
pub trait StreamSink {
    /// Takes an event.
    fn event(&mut self, event: StreamEvent);

    /// Takes a text of the event that follows, which may turn out to be malformed after it;
    /// never an empty one.
    fn text(&mut self, _part: TextPart, _text: RawText<'_>) {}
}

/// Reads the body of one streamed answer.
#[derive(Debug)]
pub struct StreamDecoder {
    body: Body,
    framer: Framer,
    reader: Reader,
}

/// What the body has turned out to be.
#[derive(Debug)]
enum Body {
    /// Nothing but so much of a byte order mark, or empty lines, has come.
    Unknown(usize),
    /// Server-sent events.
    Events,
    /// An object a line.
    Lines(LineFramer),
    /// Something else, as far as it is kept.
    Foreign(Vec<u8>),
}

impl StreamDecoder {
    /// A decoder at the start of a body that `endpoint` streams.
    pub fn new(endpoint: Endpoint) -> Self {
        let form = endpoint.text_form();
        let reader = Reader::new(form);
        let body = match form {
            TextForm::Lines => Body::Lines(LineFramer::default()),
            TextForm::Choices | TextForm::Response => Body::Unknown(0),
        };
        Self { body, framer: Framer::default(), reader }
    }

    /// Whether `[DONE]`, the event that closes a response, or something malformed has ended the
    /// stream: what follows is not read.
    pub const fn is_over(&self) -> bool {
        self.reader.over
    }

    /// Reads more of the body.
    pub fn feed(&mut self, bytes: &[u8], on_event: &mut impl FnMut(StreamEvent)) {
        self.feed_into(bytes, &mut EventsOnly(on_event));
    }

    /// Reads the end of the body: an event that lacks its blank line, or its line end, is still
    /// read if it is whole.
    pub fn finish(&mut self, on_event: &mut impl FnMut(StreamEvent)) {
        self.finish_into(&mut EventsOnly(on_event));
    }

    /// As [`StreamDecoder::feed`], for a sink that may want the texts.
    pub fn feed_into(&mut self, bytes: &[u8], sink: &mut impl StreamSink) {
        let rest = match &mut self.body {
            Body::Events => bytes,
            Body::Lines(lines) => {
                return lines.feed(bytes, &mut |frame| self.reader.read(frame, sink));
            }
            Body::Unknown(_) | Body::Foreign(_) => self.recognise(bytes, sink),
        };
        if !self.reader.over && !rest.is_empty() {
            self.framer.feed(rest, &mut |frame| self.reader.read(frame, sink));
        }
    }

    /// As [`StreamDecoder::finish`], for a sink that may want the texts.
    pub fn finish_into(&mut self, sink: &mut impl StreamSink) {
        match &mut self.body {
            Body::Unknown(_) => {}
            Body::Lines(lines) => lines.finish(&mut |frame| self.reader.read(frame, sink)),
            Body::Events => self.framer.finish(&mut |frame| self.reader.read(frame, sink)),
            Body::Foreign(body) => sink.event(foreign(body)),
        }
        self.reader.over = true;
    }

    /// Finds out what the body is; returns what is left of `bytes` for the framer.
    ///
    /// The content type does not tell: streams are labelled `application/x-ndjson`, and errors
    /// come as JSON with 200. No event starts with a bracket.
    fn recognise<'b>(&mut self, bytes: &'b [u8], sink: &mut impl StreamSink) -> &'b [u8] {
        for (at, byte) in bytes.iter().enumerate() {
            let Body::Unknown(marked) = &mut self.body else { return self.keep_foreign(bytes) };
            match byte {
                b'\n' | b'\r' if matches!(*marked, 0 | 3) => {}
                b'{' | b'[' | b'<' if matches!(*marked, 0 | 3) => {
                    self.body = Body::Foreign(Vec::new());
                    return self.keep_foreign(&bytes[at..]);
                }
                byte if BYTE_ORDER_MARK.get(*marked) == Some(byte) => *marked += 1,
                _ => {
                    // Part of a mark is no mark, but the beginning of some unknown field.
                    let part = BYTE_ORDER_MARK.get(..*marked % 3).unwrap_or_default();
                    self.framer.feed(part, &mut |frame| self.reader.read(frame, sink));
                    self.body = Body::Events;
                    return &bytes[at..];
                }
            }
        }
        &[]
    }

    /// Keeps the beginning of a foreign body; nothing is left for the framer.
    fn keep_foreign(&mut self, bytes: &[u8]) -> &'static [u8] {
        if let Body::Foreign(body) = &mut self.body {
            let room = FOREIGN_LIMIT.saturating_sub(body.len());
            body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        &[]
    }
}

/// What a body that is no stream of events says.
fn foreign(body: &[u8]) -> StreamEvent {
    let facts = read_facts(body, &mut |_, _| {});
    match facts.map(|facts| facts.error) {
        Ok(Some(error)) => StreamEvent::Error(ApiError::from_json(error)),
        Ok(None) => StreamEvent::Malformed(
            "one JSON object came where a stream of events was asked for".to_owned(),
        ),
        Err(_) => StreamEvent::Malformed(format!("not a stream of events: {}", excerpt(body))),
    }
}

struct EventsOnly<'a, F>(&'a mut F);

impl<F: FnMut(StreamEvent)> StreamSink for EventsOnly<'_, F> {
    fn event(&mut self, event: StreamEvent) {
        (self.0)(event);
    }
}

/// Reads the data of events.
#[derive(Debug)]
struct Reader {
    form: TextForm,
    thinking: Thinking,
    template: Template,
    over: bool,
}

impl Reader {
    fn new(form: TextForm) -> Self {
        let (thinking, template) = (Thinking::new(), Template::default());
        Self { form, thinking, template, over: false }
    }

    #[inline]
    fn read(&mut self, frame: Frame<'_>, sink: &mut impl StreamSink) {
        if self.over {
            return;
        }
        match frame {
            Frame::Event { data, error: false, .. }
                if let Some((part, text)) = self.template.text_of(data.trim_ascii()) =>
            {
                let text = (!text.is_empty()).then(|| self.read_text(part, text, sink));
                let calls = u32::from(part == TextPart::CallName && text.is_some());
                sink.event(StreamEvent::Chunk(Chunk { text, calls, ..Chunk::default() }));
            }
            Frame::Event { data, error, cut } => self.read_data(data, error, cut, sink),
            Frame::TooLong => {
                self.over = true;
                let limit = EVENT_LIMIT >> 20;
                sink.event(StreamEvent::Malformed(format!("an event of more than {limit} MiB")));
            }
        }
    }

    fn read_data(&mut self, data: &[u8], error: bool, cut: bool, sink: &mut impl StreamSink) {
        match data.trim_ascii() {
            b"" => {}
            b"[DONE]" => {
                self.over = true;
                // It says nothing of a response, which is over with its own closing event.
                if self.form == TextForm::Choices {
                    sink.event(StreamEvent::Done);
                }
            }
            trimmed if error => sink.event(StreamEvent::Error(ApiError::from_json(trimmed))),
            // The body broke off inside it: what is missing is the end, not the sense.
            trimmed if cut && !is_json(trimmed) => {}
            trimmed => {
                if let Err(broken) = self.read_chunk(trimmed, sink) {
                    self.over = true;
                    let message = broken.explain("an event", trimmed);
                    sink.event(StreamEvent::Malformed(message));
                }
            }
        }
    }

    fn read_chunk<'d>(&mut self, data: &'d [u8], sink: &mut impl StreamSink) -> Result<(), Broken> {
        let mut chunk = Chunk::default();
        let mut only = None;
        let mut texts = 0_u32;
        let form = self.form;
        let mut on_text = |part, text: RawText<'d>| {
            if !text.is_empty() {
                texts += 1;
                chunk.calls += u32::from(part == TextPart::CallName);
                only = Some((part, text));
                let read = self.read_text(part, text, sink);
                let known = chunk.text.get_or_insert_default();
                known.answer = read.answer || known.answer && !read.was_reasoning;
                known.reasoning |= read.reasoning;
                known.was_reasoning |= read.was_reasoning;
            }
        };
        let facts = match form {
            TextForm::Choices => read_facts(data, &mut on_text),
            TextForm::Response => responses::read_event(data, &mut on_text),
            TextForm::Lines => ollama::read_object(data, &mut on_text),
        }?;
        let Facts { choices, finish, usage, error, finished_with_error, last, times } = facts;
        self.over |= last;
        (chunk.finish, chunk.usage) = (finish, usage);
        // The events of a response are numbered: no two are the same but for their text.
        if let Some((part, text)) = only
            && form != TextForm::Response
            && texts == 1
            && (finish, usage, error, times) == (None, None, None, None)
        {
            self.template.keep(data, part, text);
        }
        if let Some(times) = times {
            sink.event(StreamEvent::Times(Box::new(times)));
        }
        if error.is_none() || choices > 0 {
            sink.event(StreamEvent::Chunk(chunk));
        }
        if let Some(error) = error {
            sink.event(StreamEvent::Error(ApiError::from_json(error)));
        } else if finished_with_error {
            sink.event(StreamEvent::Error(ApiError::of_finish_reason()));
        }
        Ok(())
    }

    #[inline]
    fn read_text(&mut self, part: TextPart, text: RawText<'_>, sink: &mut impl StreamSink) -> Text {
        sink.text(part, text);
        let mut known = Text::default();
        match part {
            TextPart::Content => self.thinking.read(text, &mut known),
            TextPart::Reasoning => {
                self.thinking.sent_apart();
                known.reasoning = true;
            }
            TextPart::Refusal | TextPart::CallName | TextPart::CallArguments => known.answer = true,
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Chunk, Endpoint, StreamDecoder, StreamEvent};

    fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        let mut decoder = StreamDecoder::new(Endpoint::Chat);
        for piece in pieces {
            decoder.feed(piece, &mut |event| events.push(event));
        }
        decoder.finish(&mut |event| events.push(event));
        events
    }

    /// The events of a body, a word each.
    fn words(body: &str) -> String {
        let word = |event: &StreamEvent| match event {
            StreamEvent::Chunk(Chunk { text: None, .. }) => "none".to_owned(),
            StreamEvent::Chunk(Chunk { text: Some(text), .. }) => {
                match (text.reasoning, text.answer) {
                    (true, true) => "both",
                    (true, false) => "reasoning",
                    (false, true) => "answer",
                    (false, false) => "text",
                }
                .to_owned()
            }
            StreamEvent::Error(error) => format!("error({error})"),
            StreamEvent::Times(_) => "times".to_owned(),
            StreamEvent::Done => "done".to_owned(),
            StreamEvent::Malformed(message) => format!("malformed({message})"),
        };
        events([body.as_bytes()]).iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn deltas(deltas: &[&str]) -> String {
        let event = |delta: &&str| format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n\n");
        deltas.iter().map(event).collect()
    }

    #[test]
    fn roles_empty_strings_and_counts_are_no_text() {
        let body = deltas(&[
            r#"{"role":"assistant"}"#,
            r#"{"content":""}"#,
            r#"{"content":null,"tool_calls":[]}"#,
            r#"{"obfuscation":"xyz"}"#,
            "null",
        ]);
        let counts = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
        assert_eq!(words(&(body + counts)), "none none none none none none");
    }

    #[test]
    fn every_kind_of_generated_text_is_text() {
        let body = deltas(&[
            r#"{"reasoning":"a"}"#,
            r#"{"reasoning_content":"a","content":"b"}"#,
            r#"{"refusal":"a"}"#,
            r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#,
            r#"{"function_call":{"arguments":"{"}}"#,
        ]);
        assert_eq!(words(&body), "reasoning both answer answer answer answer");
    }

    #[test]
    fn thinking_in_tags_is_reasoning_in_events_that_differ_in_text_alone() {
        let texts = ["<thi", "nk>", "Hm", "</", "think>", "Hi", "", r"\u003cthink>"];
        let body: Vec<_> = texts.iter().map(|text| format!("{{\"content\":\"{text}\"}}")).collect();
        let body = deltas(&body.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(words(&body), "text reasoning reasoning reasoning reasoning answer none answer");
    }

    #[test]
    fn nothing_is_read_after_the_end_marker_or_what_is_malformed() {
        let text = deltas(&[r#"{"content":"a"}"#]);
        assert_eq!(words(&format!("{text}data: [DONE]\n\n{text}")), "answer done");
        assert_eq!(
            words(&format!("{text}data: {{\"a\"}}\n\n{text}data: [DONE]\n\n")),
            "answer malformed(an event is not JSON of this API (`:` expected at byte 4): `{\"a\"}`)"
        );
    }

    #[test]
    fn errors_come_in_many_shapes() {
        let error = |event: &str| words(&format!("{event}\n\n"));
        assert_eq!(error(r#"data: {"error":"plain"}"#), "error(plain)");
        assert_eq!(error(r#"data: {"error":{"message":"m","code":"500"}}"#), "error(m (code 500))");
        assert_eq!(
            error(r#"data: {"object":"error","message":"m","code":400}"#),
            "error(m (code 400))"
        );
        assert_eq!(error(r#"data: {"detail":"m"}"#), "error(m)");
        assert_eq!(error("event: error\ndata: out of memory"), "error(out of memory)");
        assert_eq!(
            error(r#"data: {"choices":[{"delta":{"content":"a"},"finish_reason":"error"}]}"#),
            "answer error(the answer ended with finish reason `error`)"
        );
        assert_eq!(error(r#"data: {"error":null,"choices":[]}"#), "none");
    }

    #[test]
    fn a_body_that_is_no_stream_is_told_by_its_first_sign() {
        assert_eq!(words("\u{feff}\n{\"error\": \"busy\"}"), "error(busy)");
        assert_eq!(words("<html>\n<b>"), "malformed(not a stream of events: `<html> <b>`)");
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(70_000));
        assert!(words(&long).starts_with("malformed(not a stream of events"));
        assert_eq!(words(""), "");
    }

    proptest! {
        #[test]
        fn the_events_do_not_depend_on_how_the_bytes_are_split(
            parts in prop::collection::vec(
                prop::sample::select(
                    &[
                        "\u{feff}", "\n", "\r\n", ": ping\n", "data: ", "data:", "\n\n",
                        "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
                        "{\"choices\":[{\"delta\":{\"content\":\"<think>\\u00e9\"}}]}",
                        "{\"choices\":[{\"text\":\"</think>\",\"finish_reason\":\"stop\"}]}",
                        "{\"error\":\"e\"}", "[DONE]", "event: error\n", "{", "日",
                    ][..],
                ),
                0..30,
            ),
            cuts in prop::collection::vec(1_usize..40, 1..40),
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
                rest = after;
            }
            prop_assert_eq!(events(pieces), events([body.as_bytes()]), "{:?}", body);
        }
    }
}
