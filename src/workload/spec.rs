//! One request, ready to send.

use bytes::Bytes;

use crate::openai::Endpoint;

/// One request, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSpec {
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The JSON body.
    pub body: Bytes,
    /// Whether the answer is asked for as a stream.
    pub stream: bool,
    /// Input items: the batch of an embedding, 1 otherwise.
    pub items: u32,
    /// Input tokens asked for, all items together; `None` where inputs are as long as they are.
    pub input_tokens: Option<u32>,
    /// Output tokens asked for at most.
    pub max_tokens: Option<u32>,
}
