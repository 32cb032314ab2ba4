//! What a client makes of a body.

use pacemark::openai::{
    ApiError, Endpoint, RawText, RunningUsage, StreamDecoder, StreamEvent, StreamSink, StreamState,
    TextPart,
};

/// Everything that a stream said, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) events: Vec<StreamEvent>,
    pub(super) texts: Vec<(TextPart, String)>,
}

impl StreamSink for Reading {
    fn event(&mut self, event: StreamEvent) {
        self.events.push(event);
    }

    fn text(&mut self, part: TextPart, text: RawText<'_>) {
        self.texts.push((part, text.to_text().into_owned()));
    }
}

impl Reading {
    /// Reads a body of `endpoint` that comes in `pieces`.
    pub(super) fn of<'a>(endpoint: Endpoint, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut reading = Self::default();
        let mut decoder = StreamDecoder::new(endpoint);
        for piece in pieces {
            decoder.feed_into(piece, &mut reading);
        }
        decoder.finish_into(&mut reading);
        reading
    }

    pub(super) fn state(&self) -> StreamState {
        let mut state = StreamState::default();
        self.events.iter().for_each(|event| state.apply(event.clone()));
        state
    }

    /// All texts of a part.
    pub(super) fn text(&self, part: TextPart) -> String {
        self.texts.iter().filter(|text| text.0 == part).map(|text| text.1.as_str()).collect()
    }

    /// The tokens of each text event, as far as they are known.
    pub(super) fn tokens(&self) -> Vec<Option<u32>> {
        let mut running = RunningUsage::default();
        let chunks = self.events.iter().filter_map(|event| match event {
            StreamEvent::Chunk(chunk) => Some(chunk),
            StreamEvent::Error(_)
            | StreamEvent::Times(_)
            | StreamEvent::Done
            | StreamEvent::Malformed(_) => None,
        });
        chunks
            .map(|chunk| (chunk.text.is_some(), running.tokens_of(chunk)))
            .filter_map(|(has_text, tokens)| has_text.then_some(tokens))
            .collect()
    }

    /// The first error.
    pub(super) fn error(&self) -> Option<&ApiError> {
        self.events.iter().find_map(|event| match event {
            StreamEvent::Error(error) => Some(error),
            StreamEvent::Chunk(_)
            | StreamEvent::Times(_)
            | StreamEvent::Done
            | StreamEvent::Malformed(_) => None,
        })
    }
}
