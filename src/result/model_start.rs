//! What was done about the loading of a model before a cell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model that was loaded or unloaded before a cell, by `cold_start` of its backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelStartEntry {
    /// The server's own name of it.
    pub model: String,
    /// `loaded` before the cell, so that no request waits for it; or `unloaded`, so that the first
    /// requests do.
    pub action: String,
    /// Whether it was in memory before; `null` where the server does not tell.
    pub was_loaded: Option<bool>,
    /// How long the server took for it.
    pub took_ms: f64,
    /// Why it could not be done; absent where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
