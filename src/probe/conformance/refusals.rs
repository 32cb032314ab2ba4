//! What a server says where something is wrong, and whether it keeps connections.

use reqwest::Method;
use serde_json::json;

use super::asking::{Asking, chat_body};
use super::check::{Check, Verdict};
use super::exchange::Exchange;
use crate::openai::Endpoint;

type Question = (&'static str, &'static str);

const KEY: Question = ("key", "a key is asked for");
const UNKNOWN_MODEL: Question = ("unknown_model", "404 for an unknown model");
const BAD_JSON: Question = ("bad_json", "400 for a body that is no JSON");
const NO_MESSAGES: Question = ("no_messages", "400 for a chat without messages");
const UNKNOWN_PATH: Question = ("unknown_path", "404 for an unknown path");
const KEEP_ALIVE: Question = ("keep_alive", "connections stay open");

impl Asking<'_> {
    /// Wrong requests of every kind.
    pub(super) async fn refusals(&self, told: &mut dyn FnMut(Check)) {
        let chat = self.probe.base.of(Endpoint::Chat);
        let model = self.models.chat.as_deref().unwrap_or("none");
        if self.probe.has_key {
            let body = chat_body(model, &json!({"max_tokens": 1})).to_string();
            let asked = self.exchange(Method::POST, &chat, Some(body), false).await;
            told(match asked {
                Err(error) => Check::new(KEY, Verdict::Unknown, error),
                Ok(exchange) if matches!(exchange.status, 401 | 403) => {
                    Check::new(KEY, Verdict::Yes, exchange.refusal())
                }
                Ok(exchange) if exchange.is_success() => {
                    Check::new(KEY, Verdict::No, "it answers without one")
                }
                Ok(exchange) => Check::new(KEY, Verdict::Differs, exchange.refusal()),
            });
        }
        let unknown = chat_body("no-such-model-of-pacemark", &json!({"max_tokens": 1}));
        let empty = json!({"model": model, "max_tokens": 1});
        let nowhere = self.probe.own_url("/no/such/path");
        for (question, url, body, expected) in [
            (UNKNOWN_MODEL, &chat, unknown.to_string(), 404),
            (BAD_JSON, &chat, "{\"model\": ".to_owned(), 400),
            (NO_MESSAGES, &chat, empty.to_string(), 400),
            (UNKNOWN_PATH, &nowhere, "{}".to_owned(), 404),
        ] {
            let exchange = self.exchange(Method::POST, url, Some(body), true).await;
            if question == UNKNOWN_PATH
                && let Ok(exchange) = &exchange
            {
                told(kept(exchange));
            }
            told(match exchange {
                Err(error) => Check::new(question, Verdict::Unknown, error),
                Ok(exchange) => refused(question, &exchange, expected),
            });
        }
    }
}

fn refused(question: Question, exchange: &Exchange, expected: u16) -> Check {
    if exchange.is_success() {
        return Check::new(question, Verdict::Differs, "200: it is ignored");
    }
    let shape = if exchange.error_is_json() { "" } else { ", not as JSON" };
    let verdict = match (exchange.status == expected, shape) {
        (true, "") => Verdict::Yes,
        _ => Verdict::Differs,
    };
    Check::new(question, verdict, exchange.refusal() + shape)
}

fn kept(exchange: &Exchange) -> Check {
    if exchange.closes() {
        return Check::new(KEEP_ALIVE, Verdict::Differs, "it closes them after an error");
    }
    Check::new(KEEP_ALIVE, Verdict::Yes, "also after an error")
}
