//! One short request of a workload, as it will be sent, before any load.

use std::sync::Arc;

use super::targets::OpenTarget;
use crate::client::HttpClient;
use crate::clock::Clock;
use crate::openai::refuses_stream_options;
use crate::record::{Failure, FailureKind, Outcome, Phase, RequestRecord};
use crate::scenario::{Backend, HttpVersion, KeySource, Workload};
use crate::workload::{PromptRows, PromptStart, RequestFactory, RowError};

/// Output tokens asked for; enough for a reasoning model to say something.
const TRIAL_TOKENS: u32 = 8;

/// One short request of a workload.
pub(super) struct Trial<'a> {
    pub(super) backend: &'a Backend,
    pub(super) target: &'a OpenTarget,
    pub(super) workload: &'a Workload,
    pub(super) prompts: &'a Arc<dyn PromptRows>,
    pub(super) clock: &'a Clock,
}

/// How a trial came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TrialEnd {
    /// The server answered. `without_usage`: only once no token counts were asked for.
    Answered { without_usage: bool, note: Option<String> },
    /// It did not.
    Refused {
        /// What is wrong.
        what: String,
        /// What to do, as far as the failure alone tells.
        remedy: String,
    },
}

impl Trial<'_> {
    /// Sends the request; where the server refuses `stream_options`, once more without them.
    ///
    /// # Errors
    ///
    /// [`RowError`] if the first prompt cannot be had.
    pub(super) async fn run(&self, include_usage: bool) -> Result<TrialEnd, RowError> {
        let record = self.send(include_usage).await?;
        let Outcome::Failed(failure) = &record.outcome else {
            return Ok(TrialEnd::Answered { without_usage: false, note: None });
        };
        let refused = record
            .status
            .is_some_and(|status| refuses_stream_options(status, failure.message.as_bytes()));
        if include_usage && self.workload.stream && refused {
            return Ok(match self.send(false).await?.outcome {
                Outcome::Failed(failure) => self.judge(&failure),
                _ => TrialEnd::Answered { without_usage: true, note: None },
            });
        }
        Ok(self.judge(failure))
    }

    async fn send(&self, include_usage: bool) -> Result<RequestRecord, RowError> {
        let mut workload = self.workload.clone();
        if workload.endpoint.generates() {
            let limit = workload.max_tokens.map_or(TRIAL_TOKENS, |most| most.min(TRIAL_TOKENS));
            workload.max_tokens = Some(limit);
            workload.output_tokens = None;
        }
        let start = PromptStart { seed: 0, place: 0, places: 1 };
        let prompts = Arc::clone(self.prompts);
        let factory = RequestFactory::new(&workload, self.backend, prompts, start, include_usage);
        let client = HttpClient::new(self.target.parts.clone(), self.clock.clone());
        let mut record = RequestRecord::due(0, 0, Phase::Warmup, self.clock.now());
        if let Some(spec) = factory.request(Phase::Warmup, 0)? {
            client.send(&spec, &mut record).await;
        }
        Ok(record)
    }

    /// Whether a failure is a reason not to start, and what to do about it.
    fn judge(&self, failure: &Failure) -> TrialEnd {
        let what = format!(
            "{} with model `{}` at {}: {}: {}",
            self.workload.endpoint,
            self.backend.model_name(&self.workload.model),
            self.target.base.of(self.workload.endpoint),
            failure.kind,
            failure.message
        );
        match failure.kind {
            // A short answer may hold no whole character; a busy server is there.
            FailureKind::Empty | FailureKind::Overloaded => TrialEnd::Answered {
                without_usage: false,
                note: Some(format!("the request before the load came to {what}")),
            },
            _ => TrialEnd::Refused { what, remedy: self.remedy(failure) },
        }
    }

    fn remedy(&self, failure: &Failure) -> String {
        match failure.kind {
            FailureKind::HttpStatus(401 | 403) => self.key_remedy(),
            FailureKind::HttpStatus(400) if mentions_key(&failure.message) => self.key_remedy(),
            FailureKind::HttpStatus(404 | 405) => format!(
                "see `pacemark models --url {}` for what it serves, and check the path of the URL",
                self.target.base
            ),
            FailureKind::HttpStatus(400 | 422) => {
                "check the model's name, and `body` and `max_tokens` of the workload".to_owned()
            }
            FailureKind::HttpStatus(_) | FailureKind::ApiError => {
                "see the server's own log".to_owned()
            }
            FailureKind::Resolve | FailureKind::Connect | FailureKind::ConnectTimeout => {
                "start the server, or set the backend's `url`".to_owned()
            }
            FailureKind::Tls => {
                "check `https` in the URL, or set `tls.ca` of the backend".to_owned()
            }
            FailureKind::FirstTokenTimeout
            | FailureKind::StallTimeout
            | FailureKind::RequestTimeout => {
                "raise `timeouts` of the backend if the model needs longer to load".to_owned()
            }
            FailureKind::Disconnected | FailureKind::Malformed
                if self.backend.http == HttpVersion::Two =>
            {
                "leave `http: 2` out of the backend if the server does not speak HTTP/2".to_owned()
            }
            _ => "is this an OpenAI-compatible server?".to_owned(),
        }
    }

    fn key_remedy(&self) -> String {
        match &self.backend.api_key.source {
            KeySource::Nowhere => {
                "it wants a key: set `api_key_env` of the backend to the variable that holds it"
                    .to_owned()
            }
            KeySource::Login => "it does not take the token of the `login`".to_owned(),
            KeySource::Preset(name) | KeySource::Env(name)
                if self.backend.api_key.value.is_none() =>
            {
                format!("it wants a key: set the environment variable `{name}`")
            }
            KeySource::Preset(name) | KeySource::Env(name) => {
                format!("it does not take the key in the environment variable `{name}`")
            }
            KeySource::File(path) => {
                format!("it does not take the key in the file `{}`", path.display())
            }
            KeySource::Inline => "it does not take the `api_key` of the scenario".to_owned(),
        }
    }
}

/// Some servers answer a wrong key with 400 (LiteLLM without a database: `No connected db`).
fn mentions_key(message: &str) -> bool {
    let message = message.to_lowercase();
    ["api key", "api_key", "apikey", "authent", "unauthorized", "no connected db", "token"]
        .iter()
        .any(|word| message.contains(word))
}
