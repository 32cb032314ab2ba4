//! How a request ended.

use std::fmt;

/// How a request that was due ended; every one has exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer arrived whole. `capped`: the client ended the stream past its token limit.
    Completed {
        /// Whether the client ended the stream because it ran past its token limit.
        capped: bool,
    },
    /// The request failed.
    Failed(Box<Failure>),
    /// The run was stopped while the request was in flight.
    Cancelled,
    /// The request was due but still held back when the stage closed.
    Unsent,
}

impl Outcome {
    /// Whether latency metrics may rest on the request.
    pub const fn is_completed(&self) -> bool {
        matches!(self, Self::Completed { .. })
    }

    /// The failure, if it is one.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Completed { .. } | Self::Cancelled | Self::Unsent => None,
        }
    }

    /// The outcome as it stands in files: `completed`, `capped`, `failed`, `cancelled`, `unsent`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Completed { capped: false } => "completed",
            Self::Completed { capped: true } => "capped",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
            Self::Unsent => "unsent",
        }
    }
}

/// Why a request failed, with the words of the server or the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind of failure.
    pub kind: FailureKind,
    /// What was said, shortened, with secrets removed; for people.
    pub message: String,
}

/// The kinds of failure. Their keys stand in files and never change meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The host name could not be resolved.
    Resolve,
    /// The connection was refused or broke while it was opened.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// No generated text within the first-token timeout.
    FirstTokenTimeout,
    /// No further text within the stall timeout.
    StallTimeout,
    /// Not finished within the request timeout.
    RequestTimeout,
    /// Still in flight when the drain of the stage ended.
    DrainTimeout,
    /// The connection closed before the headers of the answer.
    Disconnected,
    /// 429, 503, or a full queue by the server's own words.
    Overloaded,
    /// Any other status that is not a success.
    HttpStatus(u16),
    /// An error inside a 200 answer or stream.
    ApiError,
    /// The body ended without `[DONE]` or a finish reason, or broke off.
    Truncated,
    /// The answer does not follow the protocol.
    Malformed,
    /// A success without any text where text was asked for.
    Empty,
    /// The answer ran past the bound on its size.
    TooLarge,
}

impl FailureKind {
    /// The kind without its status code, as it stands in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::ConnectTimeout => "connect_timeout",
            Self::FirstTokenTimeout => "first_token_timeout",
            Self::StallTimeout => "stall_timeout",
            Self::RequestTimeout => "request_timeout",
            Self::DrainTimeout => "drain_timeout",
            Self::Disconnected => "disconnected",
            Self::Overloaded => "overloaded",
            Self::HttpStatus(_) => "http_status",
            Self::ApiError => "api_error",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
        }
    }
}

/// As in files: `http_status(500)`, else the key.
impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HttpStatus(code) => write!(f, "http_status({code})"),
            other => f.write_str(other.key()),
        }
    }
}

/// Why the server says it stopped generating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FinishReason {
    /// The model ended by itself, or met a stop text.
    Stop,
    /// The token limit was met.
    Length,
    /// The answer is a call of tools.
    ToolCalls,
    /// A filter stopped it.
    ContentFilter,
    /// Any other word.
    Other,
}

impl FinishReason {
    /// The reason as servers write it; `other` for unknown words.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Other => "other",
        }
    }
}
