//! One request, from due to done.

use std::sync::Arc;
use std::time::Duration;

use super::gateway::GatewayTold;
use super::outcome::{FinishReason, Outcome};
use super::server_times::ServerTimes;
use super::text_events::TextEvents;
use crate::units::Moment;

/// The part of a stage a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Sent to warm the server up; never measured.
    Warmup,
    /// Due inside the measured window.
    Measure,
}

impl Phase {
    /// The phase as it stands in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Warmup => "warmup",
            Self::Measure => "measure",
        }
    }
}

/// Token counts the server gave; `None` where it gave none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Input tokens, cached ones included.
    pub input: Option<u32>,
    /// Output tokens, reasoning included.
    pub output: Option<u32>,
    /// Output tokens that were reasoning.
    pub reasoning: Option<u32>,
    /// Input tokens served from a cache.
    pub cached: Option<u32>,
}

/// Which turn of which session a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnPlace {
    /// The phase in which the session began.
    pub phase: Phase,
    /// Number of the session among those that began in that phase, from 0.
    pub session: u64,
    /// The turn, from 0.
    pub turn: u32,
}

/// Tokens by a local tokenizer; a part is `None` where nothing was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalCount {
    /// Tokens of the texts of the request, without those of a chat template.
    pub input: Option<u32>,
    /// How many texts that are: messages, or inputs.
    pub texts: u32,
    /// Tokens of all text of the answer.
    pub output: Option<u32>,
}

/// What happened to one request.
///
/// Moments that did not come are `None`; an unsent request has no `sent_at` and nothing after.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The cell of the run plan, by its number.
    pub cell: u32,
    /// Position among the requests of its phase, from 0.
    pub index: u64,
    /// Warm-up or measured.
    pub phase: Phase,
    /// Which workload of a mix it is of, by its place among them; `None` where there is no mix.
    pub member: Option<u32>,
    /// Its place in a conversation; `None` where it stands alone.
    pub turn: Option<TurnPlace>,
    /// Whether the answer was asked for as a stream.
    pub streamed: bool,
    /// When the load profile wanted it to start.
    pub due_at: Moment,
    /// Whether a limit on requests in flight held it back when it was due.
    pub held_back: bool,
    /// Just before it was handed to the HTTP client; `None` if it never was.
    pub sent_at: Option<Moment>,
    /// When its new connection was ready; `None` if it reused one.
    pub connected_at: Option<Moment>,
    /// How long looking up the server's name took, where that was part of its connection.
    pub resolve: Option<Duration>,
    /// How long the TLS handshake of its new connection took.
    pub tls: Option<Duration>,
    /// The address at the other end of its connection.
    pub peer: Option<Arc<str>>,
    /// When status line and headers were read.
    pub headers_at: Option<Moment>,
    /// The first event of any kind, role-only ones included.
    pub first_event_at: Option<Moment>,
    /// The first event with answer text (anything generated but reasoning).
    pub first_answer_at: Option<Moment>,
    /// The events with generated text; empty for answers that were not streamed.
    pub text_events: TextEvents,
    /// When the answer was over, or the failure was known.
    pub finished_at: Option<Moment>,
    /// Whether the connection had served a request before.
    pub reused: bool,
    /// How often a reused connection had been closed under it and it was sent again.
    pub stale_reconnects: u32,
    /// The HTTP status, once headers were read.
    pub status: Option<u16>,
    /// The server's token counts.
    pub usage: TokenUsage,
    /// The counts of a local tokenizer.
    pub counted: LocalCount,
    /// Whether reasoning text was seen in the stream or answer.
    pub reasoning_seen: bool,
    /// Why the server stopped, where it said so.
    pub finish_reason: Option<FinishReason>,
    /// Calls of tools in the answer.
    pub tool_calls: u32,
    /// Input items of the request: the texts of an embedding, the documents of a reranking,
    /// 1 otherwise.
    pub items: u32,
    /// Input tokens that were asked for, where the input was made to a length.
    pub asked_input: Option<u32>,
    /// Output tokens that were asked for at most; `None` without a limit.
    pub max_tokens: Option<u32>,
    /// Bytes of the answer's body.
    pub body_bytes: u64,
    /// What a gateway told in the head of the answer; `None` where no gateway did.
    pub gateway: Option<Box<GatewayTold>>,
    /// What the server says of the time it spent; `None` where it says nothing.
    pub server_times: Option<Box<ServerTimes>>,
    /// How it ended.
    pub outcome: Outcome,
}

impl RequestRecord {
    /// A request that is due and has not been sent: its outcome is [`Outcome::Unsent`].
    pub fn due(cell: u32, index: u64, phase: Phase, due_at: Moment) -> Self {
        Self {
            cell,
            index,
            phase,
            member: None,
            turn: None,
            streamed: false,
            due_at,
            held_back: false,
            sent_at: None,
            connected_at: None,
            resolve: None,
            tls: None,
            peer: None,
            headers_at: None,
            first_event_at: None,
            first_answer_at: None,
            text_events: TextEvents::default(),
            finished_at: None,
            reused: false,
            stale_reconnects: 0,
            status: None,
            usage: TokenUsage::default(),
            counted: LocalCount::default(),
            reasoning_seen: false,
            finish_reason: None,
            tool_calls: 0,
            items: 1,
            asked_input: None,
            max_tokens: None,
            body_bytes: 0,
            gateway: None,
            server_times: None,
            outcome: Outcome::Unsent,
        }
    }

    /// The first event with generated text of any kind.
    pub fn first_token_at(&self) -> Option<Moment> {
        self.text_events.first_at()
    }

    /// The last event with generated text.
    pub fn last_token_at(&self) -> Option<Moment> {
        self.text_events.last_at()
    }
}
