//! Which models a server holds in memory, and how it is made to load or to drop one: Ollama's
//! `/api/ps` and `/api/generate`.
//!
//! # Source
//!
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>: "Load a model", "Unload a model",
//! "List Running Models".

use std::time::Duration;

use serde_json::{Value, json};

use super::control::{Probe, ProbeError};
use super::facts::number;

/// How often the list is looked at while a model is on its way out.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks until the model is taken to stay: ten seconds' worth.
const MOST_LOOKS: u32 = 200;

/// A model that a server holds in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residence {
    /// Bytes of memory it takes in all; `None` where the server does not tell.
    pub size: Option<u64>,
    /// Of these: bytes in the memory of graphics processors, 0 for none.
    pub size_vram: u64,
    /// Tokens of its context, as it is served.
    pub context_length: Option<u64>,
}

impl Residence {
    /// The model in a list of those that are loaded.
    pub(super) fn of(list: &Value, model: &str) -> Option<Self> {
        let entry = entry(list, model)?;
        Some(Self {
            size: number(entry, &["size"]),
            size_vram: number(entry, &["size_vram"]).unwrap_or(0),
            context_length: number(entry, &["context_length"]),
        })
    }
}

impl Probe {
    /// The model as it is held in memory, by the server's own name; `None` where it is not loaded.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] if the server was not reached, or has no such list.
    pub async fn residence(&self, model: &str) -> Result<Option<Residence>, ProbeError> {
        Ok(Residence::of(&self.own("/api/ps").await?, model))
    }

    /// Has the model loaded, and comes back when it is; at once where it is already.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] if the server was not reached or refuses.
    pub async fn load_model(&self, model: &str) -> Result<(), ProbeError> {
        let asked = self.own_patiently("/api/generate", &json!({"model": model})).await;
        match asked {
            // A model of embeddings does not generate; asked for none of them it is loaded as well.
            Err(ProbeError::Refused { status: 400, .. }) => {
                self.own_patiently("/api/embed", &json!({"model": model})).await.map(drop)
            }
            other => other.map(drop),
        }
    }

    /// Has the model unloaded, and comes back when it is gone.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] if the server was not reached, refuses, or still lists it after ten seconds.
    pub async fn unload_model(&self, model: &str) -> Result<(), ProbeError> {
        let order = json!({"model": model, "keep_alive": 0});
        self.own_patiently("/api/generate", &order).await?;
        for _ in 0..MOST_LOOKS {
            if self.residence(model).await?.is_none() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(self.unreadable("/api/ps", format!("`{model}` is still loaded after it was dropped")))
    }
}

/// The entry of a model in a list; a name without a tag stands for the latest.
pub(super) fn entry<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    let latest = format!("{name}:latest");
    list.get("models")?.as_array()?.iter().find(|entry| {
        let listed = entry.get("name").and_then(Value::as_str);
        listed == Some(name) || listed == Some(&latest)
    })
}
