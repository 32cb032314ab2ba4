//! Whether a server can be reached, takes the key, and lists the models.

use std::collections::BTreeMap;

use super::control::{Probe, ProbeError};
use super::reason::{NotReached, NotReachedKind};
use crate::openai::{Listed, ModelEntry, model_listed, short_line};
use crate::scenario::{BackendKind, KeySource};

/// How many listed models are named where a wanted one is not among them.
const NAMED: usize = 5;

/// What the list of models says about the models that are wanted.
///
/// Servers differ in what they list and what they accept, so a missing model is a hint and no
/// verdict: whether a request is answered decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Why there is no use in sending requests, with the remedy; `None` if there may be.
    pub unreachable: Option<String>,
    /// Wanted models that are not listed: what is listed instead, with the remedy.
    pub missing: BTreeMap<String, String>,
    /// Worth knowing, and no problem.
    pub notes: Vec<String>,
}

impl Probe {
    /// Looks the models `wanted`, by the server's own names, up in its list.
    pub async fn check_models(&self, wanted: &[String]) -> Listing {
        let mut listing = Listing::default();
        match self.models().await {
            Ok(models) => self.look_up(wanted, &models, &mut listing),
            Err(ProbeError::Refused { status, message, .. }) => {
                self.explain_refusal(status, &message, &mut listing);
            }
            Err(ProbeError::NotReached(reason)) => match self.remedy_of_reach(&reason) {
                Some(remedy) => listing.unreachable = Some(format!("{reason}; {remedy}")),
                None => listing.notes.push(format!("no list of models: {reason}")),
            },
            Err(
                error @ (ProbeError::Unreadable { .. }
                | ProbeError::TooLarge { .. }
                | ProbeError::Tls(_)
                | ProbeError::Header { .. }
                | ProbeError::Key
                | ProbeError::Client(_)),
            ) => listing.notes.push(format!("no list of models: {error}")),
        }
        listing
    }

    fn look_up(&self, wanted: &[String], models: &[ModelEntry], listing: &mut Listing) {
        for model in wanted {
            match model_listed(model, models) {
                Listed::Exact => {}
                Listed::As(id) => listing.notes.push(format!(
                    "`{}` is listed as `{}`",
                    short_line(model),
                    short_line(&id)
                )),
                Listed::Missing { nearest } => {
                    let has = has(models, nearest.as_deref());
                    let remedy = self.remedy_of_model(model);
                    let text = format!("it does not list `{model}`{has}; {remedy}");
                    listing.missing.insert(model.clone(), text);
                }
            }
        }
    }

    fn explain_refusal(&self, status: u16, message: &str, listing: &mut Listing) {
        let said = format!("{status}: {message}");
        let key_refused = match status {
            401 | 403 => true,
            // LiteLLM without a database looks a key up that is not its master key.
            400 => self.kind == BackendKind::Litellm && message.contains("No connected db"),
            _ => false,
        };
        let url = format!("{}/models", self.base);
        listing.unreachable = match status {
            403 if self.kind == BackendKind::Ollama => Some(format!(
                "it refuses the host name ({said}); name it by its IP address in {}, or set \
                 OLLAMA_HOST=0.0.0.0 on the server",
                self.setting("url")
            )),
            _ if key_refused && self.has_key => {
                Some(format!("it refuses the key ({said}); {}", self.remedy_of_key()))
            }
            _ if key_refused => {
                Some(format!("it asks for a key ({said}); {}", self.remedy_of_key()))
            }
            300..=399 => Some(format!(
                "{url} answers with a redirect ({status}), which is not followed; correct {}",
                self.setting("url")
            )),
            429 | 503 => Some(format!("it is not ready ({said}); wait until it is, and try again")),
            _ => None,
        };
        if listing.unreachable.is_none() {
            listing.notes.push(format!("no list of models: {url} answers {said}"));
        }
    }

    /// What to do; `None` where the server may yet answer requests.
    fn remedy_of_reach(&self, reason: &NotReached) -> Option<String> {
        let url = self.setting("url");
        Some(match reason.kind {
            NotReachedKind::Timeout | NotReachedKind::Broken => return None,
            NotReachedKind::Resolve => format!("correct the host name in {url}"),
            NotReachedKind::Certificate => format!(
                "set {} to the authority that signed its certificate, or tls.verify: false",
                self.setting("tls.ca")
            ),
            NotReachedKind::Tls => format!("look whether {url} should begin with http://"),
            NotReachedKind::ConnectTimeout => format!(
                "look whether a firewall drops it, or set {} higher",
                self.setting("timeouts.connect")
            ),
            NotReachedKind::Connect => match self.kind {
                BackendKind::Ollama => format!("start it with `ollama serve`, or correct {url}"),
                BackendKind::Xinference => {
                    format!("start it with `xinference-local`, or correct {url}")
                }
                BackendKind::Litellm => {
                    format!("start it with `litellm --config …`, or correct {url}")
                }
                BackendKind::Vllm => format!("start it with `vllm serve …`, or correct {url}"),
                BackendKind::Openai
                | BackendKind::Openrouter
                | BackendKind::Together
                | BackendKind::Sglang
                | BackendKind::Tgi
                | BackendKind::Infinity
                | BackendKind::Llamacpp
                | BackendKind::Generic
                | BackendKind::Mock => format!("start the server, or correct {url}"),
            },
        })
    }

    fn remedy_of_key(&self) -> String {
        match (&self.key_source, self.has_key) {
            (KeySource::Preset(name), false) => {
                format!("set {name}, or name another variable in {}", self.setting("api_key_env"))
            }
            (KeySource::Preset(name) | KeySource::Env(name), _) => {
                format!("correct the key in {name}")
            }
            (KeySource::File(path), _) => format!("correct the key in `{}`", path.display()),
            (KeySource::Inline, _) => format!("correct {}", self.setting("api_key")),
            (KeySource::Login, _) => format!("correct {}", self.setting("login")),
            (KeySource::Nowhere, _) => {
                format!("name a variable that holds it in {}", self.setting("api_key_env"))
            }
        }
    }

    fn remedy_of_model(&self, model: &str) -> String {
        let change = match self.aliases.get(model) {
            Some(alias) => format!("change {}", self.setting(&format!("models.{alias}"))),
            None => "change the model of the workload".to_owned(),
        };
        match self.kind {
            BackendKind::Ollama => format!("run `ollama pull {model}`, or {change}"),
            BackendKind::Xinference => {
                format!("launch it with `xinference launch --model-name {model} …`, or {change}")
            }
            BackendKind::Litellm => {
                format!("add it to `model_list` in the gateway's configuration, or {change}")
            }
            BackendKind::Openai
            | BackendKind::Openrouter
            | BackendKind::Together
            | BackendKind::Vllm
            | BackendKind::Sglang
            | BackendKind::Tgi
            | BackendKind::Infinity
            | BackendKind::Llamacpp
            | BackendKind::Generic
            | BackendKind::Mock => change,
        }
    }

    /// Where a setting of the backend stands in a scenario.
    fn setting(&self, field: &str) -> String {
        format!("backends.{}.{field}", self.name)
    }
}

/// What is listed instead of a model, to go on with after its name.
fn has(models: &[ModelEntry], nearest: Option<&str>) -> String {
    if let Some(nearest) = nearest {
        return format!(", but `{}`", short_line(nearest));
    }
    if models.is_empty() {
        return ", nor any other model".to_owned();
    }
    let names = models.iter().take(NAMED).map(|model| format!("`{}`", short_line(&model.id)));
    let names: Vec<_> = names.collect();
    match models.len().saturating_sub(NAMED) {
        0 => format!(", but {}", names.join(", ")),
        more => format!(", but {} and {more} more", names.join(", ")),
    }
}
