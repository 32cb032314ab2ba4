//! Which endpoints there are, and what lies beside them.

use reqwest::Method;
use serde_json::{Value, json};

use super::asking::Asking;
use super::check::{Check, Verdict};
use crate::openai::Endpoint;
use crate::probe::meters::known_meters;

type Question = (&'static str, &'static str);

const MODELS: Question = ("models", "a list of models");
const VERSION: Question = ("version", "its version");
const METRICS: Question = ("metrics", "metrics for Prometheus at /metrics");

impl Asking<'_> {
    /// What it lists, and what it calls itself.
    pub(super) async fn listing(&self, told: &mut dyn FnMut(Check)) {
        told(match self.probe.models().await {
            Err(error) => Check::new(MODELS, Verdict::No, error.to_string()),
            Ok(models) => {
                let names: Vec<_> = models.iter().map(|model| model.id.as_str()).collect();
                let shown = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
                let more = if names.len() > 3 { ", …" } else { "" };
                Check::new(MODELS, Verdict::Yes, format!("{}: {shown}{more}", names.len()))
            }
        });
        let version = self.probe.server_facts(&[]).await.version;
        told(match version {
            Some(version) => Check::new(VERSION, Verdict::Yes, version),
            None => Check::new(VERSION, Verdict::Unknown, "it tells none, or not to this `kind`"),
        });
    }

    /// The endpoints besides chats.
    pub(super) async fn endpoints(&self, told: &mut dyn FnMut(Check)) {
        let of_chat = |endpoint: Endpoint, body: Value| {
            self.models.chat.as_ref().map(|model| (endpoint, with_model(body, model)))
        };
        let of_embed = |body: Value| {
            let model = self.models.embed.as_ref();
            model.map(|model| (Endpoint::Embeddings, with_model(body, model)))
        };
        let rerank = json!({"query": "a", "documents": ["a", "b"]});
        let asked = [
            (
                ("completions", "/v1/completions"),
                of_chat(Endpoint::Completions, json!({"prompt": "One, two,", "max_tokens": 4})),
            ),
            (
                ("responses", "/v1/responses"),
                of_chat(
                    Endpoint::Responses,
                    json!({"input": "Hello", "max_output_tokens": 16, "store": false}),
                ),
            ),
            (("embeddings", "/v1/embeddings"), of_embed(json!({"input": ["a", "b"]}))),
            (
                ("embeddings_base64", "vectors as base64"),
                of_embed(json!({"input": "a", "encoding_format": "base64"})),
            ),
            (
                ("rerank", "/v1/rerank"),
                self.models
                    .rerank
                    .as_ref()
                    .map(|model| (Endpoint::Rerank, with_model(rerank, model))),
            ),
            (
                ("ollama_chat", "/api/chat, Ollama's own"),
                of_chat(
                    Endpoint::OllamaChat,
                    json!({"messages": [{"role": "user", "content": "Hello"}], "stream": false,
                        "options": {"num_predict": 4}}),
                ),
            ),
        ];
        for (question, asked) in asked {
            told(match asked {
                None => Check::new(question, Verdict::Unknown, "no such model is known"),
                Some((endpoint, body)) => self.endpoint(question, endpoint, &body).await,
            });
        }
    }

    async fn endpoint(&self, question: Question, endpoint: Endpoint, body: &Value) -> Check {
        let exchange = match self.post(endpoint, body).await {
            Err(error) => return Check::new(question, Verdict::No, error),
            Ok(exchange) => exchange,
        };
        let failed = match exchange.answer(endpoint) {
            Ok(answer) => {
                let counts = match answer.usage.and_then(|usage| usage.input) {
                    Some(input) => format!("{input} tokens in"),
                    None => "without token counts".to_owned(),
                };
                if question.0 == "embeddings_base64" {
                    let text = String::from_utf8_lossy(&exchange.body()).into_owned();
                    let is_text =
                        text.contains("\"embedding\":\"") || text.contains("\"embedding\": \"");
                    return if is_text {
                        Check::new(question, Verdict::Yes, "as asked for")
                    } else {
                        Check::new(question, Verdict::No, "numbers come all the same")
                    };
                }
                return Check::new(question, Verdict::Yes, counts);
            }
            Err(failure) => failure,
        };
        Check::new(question, Verdict::No, format!("{}: {}", failed.kind, failed.message))
    }

    /// What lies beside the API.
    pub(super) async fn beside(&self, told: &mut dyn FnMut(Check)) {
        let url = self.probe.own_url("/metrics");
        let read = self.exchange(Method::GET, &url, None, true).await;
        told(match read {
            Ok(read) if read.is_success() => {
                let names = known_meters(&String::from_utf8_lossy(&read.body()));
                if names.is_empty() {
                    Check::new(METRICS, Verdict::Differs, "none that pacemark knows")
                } else {
                    Check::new(METRICS, Verdict::Yes, names.join(", "))
                }
            }
            Ok(read) => Check::new(METRICS, Verdict::No, read.refusal()),
            Err(error) => Check::new(METRICS, Verdict::No, error),
        });
    }
}

fn with_model(mut body: Value, model: &str) -> Value {
    body["model"] = model.into();
    body
}
