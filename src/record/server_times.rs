//! What a server says of the time it spent on a request.

use std::time::Duration;

/// The server's own timing of one request; what it did not tell is absent.
///
/// # Source
///
/// Ollama's `/api/chat` and `/api/generate` (`load_duration`, `prompt_eval_*`, `eval_*`), and the
/// `timings` of llama.cpp's server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerTimes {
    /// Until the model was in memory.
    pub load: Option<Duration>,
    /// Reading the input, without waiting for it.
    pub prefill: Option<Duration>,
    /// Input tokens read in that time; Ollama counts those that it kept from before as well.
    pub prefill_tokens: Option<u32>,
    /// Generating the output.
    pub decode: Option<Duration>,
    /// Output tokens generated in that time.
    pub decode_tokens: Option<u32>,
}
