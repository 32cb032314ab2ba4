//! What tokens cost.

/// The price of the tokens of a server, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// For a million input tokens.
    pub input_per_million: f64,
    /// For a million input tokens that the server took from its cache; `None`: as the others.
    pub cached_per_million: Option<f64>,
    /// For a million output tokens, reasoning included.
    pub output_per_million: f64,
}
