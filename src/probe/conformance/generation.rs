//! What chats look like: whole, streamed, limited.

use serde_json::{Value, json};

use super::asking::{Asking, chat_body};
use super::check::{Check, Verdict};
use super::exchange::{Exchange, StreamFacts};
use crate::openai::Endpoint;
use crate::units::{millis, ratio};

/// Output tokens that limits ask for.
const FEW: u32 = 8;
/// Output tokens that an answer is made to have.
const FORCED: u32 = 24;
/// Headers that come in so much less than this share of the time to the first token come before it.
const EARLY: f64 = 0.5;

type Question = (&'static str, &'static str);

const WHOLE: Question = ("chat", "a chat, whole");
const STREAM: Question = ("chat_stream", "a chat, as a stream");
const DONE: Question = ("stream_done", "streams end with [DONE]");
const USAGE: Question = ("stream_usage", "token counts at the end of a stream, where asked for");
const USAGE_UNASKED: Question = ("stream_usage_unasked", "no token counts where not asked for");
const BUNDLED: Question = ("tokens_per_event", "a token in each event");
const HEADERS: Question = ("headers", "headers before the first token");
const MAX_TOKENS: Question = ("max_tokens", "max_tokens ends the answer");
const MAX_COMPLETION: Question = ("max_completion_tokens", "max_completion_tokens does");
const IGNORE_EOS: Question = ("ignore_eos", "ignore_eos fills the limit");

impl Asking<'_> {
    /// Chats of the model that generates.
    pub(super) async fn generation(&self, told: &mut dyn FnMut(Check)) {
        let Some(model) = &self.models.chat else {
            told(Check::new(WHOLE, Verdict::Unknown, "no model that generates is known: --model"));
            return;
        };
        let limited = chat_body(model, &json!({"max_tokens": FEW}));
        told(match self.post(Endpoint::Chat, &limited).await {
            Err(error) => Check::new(WHOLE, Verdict::No, error),
            Ok(exchange) => whole(&exchange),
        });
        let stream = chat_body(
            model,
            &json!({"max_tokens": FEW, "stream": true, "stream_options": {"include_usage": true}}),
        );
        match self.post(Endpoint::Chat, &stream).await {
            Err(error) => told(Check::new(STREAM, Verdict::No, error)),
            Ok(exchange) if !exchange.is_success() => {
                told(Check::new(STREAM, Verdict::No, exchange.refusal()));
            }
            Ok(exchange) => streamed(&exchange, told),
        }
        let plain = chat_body(model, &json!({"max_tokens": FEW, "stream": true}));
        if let Ok(exchange) = self.post(Endpoint::Chat, &plain).await
            && exchange.is_success()
        {
            let usage = exchange.stream(Endpoint::Chat).state.usage;
            told(match usage {
                None => Check::new(USAGE_UNASKED, Verdict::Yes, "none"),
                Some(_) => Check::new(USAGE_UNASKED, Verdict::Differs, "they come all the same"),
            });
        }
        for (question, limit, tokens) in [
            (MAX_TOKENS, json!({"max_tokens": FEW}), FEW),
            (MAX_COMPLETION, json!({"max_completion_tokens": FEW}), FEW),
            (IGNORE_EOS, json!({"max_tokens": FORCED, "ignore_eos": true}), FORCED),
        ] {
            told(self.limited(model, question, limit, tokens).await);
        }
    }

    /// Whether an answer keeps to a limit, or fills it.
    async fn limited(&self, model: &str, question: Question, limit: Value, tokens: u32) -> Check {
        let mut body = chat_body(model, &limit);
        // As a stream, one that goes on for ever can be cut off.
        body["stream"] = true.into();
        body["stream_options"] = json!({"include_usage": true});
        let exchange = match self.post(Endpoint::Chat, &body).await {
            Err(error) => return Check::new(question, Verdict::No, error),
            Ok(exchange) if !exchange.is_success() => {
                return Check::new(question, Verdict::No, exchange.refusal());
            }
            Ok(exchange) => exchange,
        };
        let facts = exchange.stream(Endpoint::Chat);
        let counted = facts.state.usage.and_then(|usage| usage.output);
        let (got, unit) = counted.map_or((facts.texts, "events"), |output| (output, "tokens"));
        let reason = facts.state.finish.map_or("no reason", |reason| reason.key());
        let found = format!("{got} {unit} of {tokens}, ended with {reason}");
        let fills = question == IGNORE_EOS;
        let verdict = match (exchange.cut, got) {
            (true, _) => {
                let found = format!("goes on past it; cut off after {got} {unit}");
                return Check::new(question, Verdict::No, found);
            }
            (false, got) if got > tokens => Verdict::No,
            (false, got) if fills && got < tokens => Verdict::No,
            (false, _) => Verdict::Yes,
        };
        Check::new(question, verdict, found)
    }
}

fn whole(exchange: &Exchange) -> Check {
    match exchange.answer(Endpoint::Chat) {
        Err(failure) => {
            Check::new(WHOLE, Verdict::No, format!("{}: {}", failure.kind, failure.message))
        }
        Ok(answer) => {
            let reason = answer.finish.map_or("no reason", |reason| reason.key());
            match answer.usage {
                None => Check::new(
                    WHOLE,
                    Verdict::Differs,
                    format!("ended with {reason}, without token counts"),
                ),
                Some(usage) => {
                    let [input, output] =
                        [usage.input, usage.output].map(Option::unwrap_or_default);
                    let found = format!("ended with {reason}, {input} tokens in, {output} out");
                    Check::new(WHOLE, Verdict::Yes, found)
                }
            }
        }
    }
}

/// Everything that one stream tells.
fn streamed(exchange: &Exchange, told: &mut dyn FnMut(Check)) {
    let facts = exchange.stream(Endpoint::Chat);
    told(stream_itself(exchange, &facts));
    if facts.texts == 0 {
        return;
    }
    told(if facts.state.done {
        Check::new(DONE, Verdict::Yes, "they do")
    } else {
        Check::new(DONE, Verdict::Differs, "with a finish reason alone")
    });
    let usage = facts.state.usage;
    told(match usage {
        None => Check::new(USAGE, Verdict::No, "none come; tokens are then estimated"),
        Some(usage) => {
            let [input, output] = [usage.input, usage.output].map(Option::unwrap_or_default);
            Check::new(USAGE, Verdict::Yes, format!("{input} in, {output} out"))
        }
    });
    if let Some(tokens) = usage.and_then(|usage| ratio(usage.output?.into(), facts.texts.into())) {
        let verdict = if tokens <= 1.25 { Verdict::Yes } else { Verdict::Differs };
        told(Check::new(BUNDLED, verdict, format!("{tokens:.2}")));
    }
    if let Some(first) = facts.first_token_at {
        let headers = millis(exchange.headers_at.since(exchange.sent_at));
        let first = millis(first.since(exchange.sent_at));
        let (verdict, when) = if headers < first * EARLY {
            (Verdict::Yes, "before it")
        } else {
            (Verdict::Differs, "with it: they tell nothing of the way there")
        };
        let found = format!("{when}: {headers:.1} ms, the first token {first:.1} ms");
        told(Check::new(HEADERS, verdict, found));
    }
}

fn stream_itself(exchange: &Exchange, facts: &StreamFacts) -> Check {
    if let Err(failure) = facts.state.outcome_at_end() {
        let found = format!("{}: {}", failure.kind, failure.message);
        return Check::new(STREAM, Verdict::No, found);
    }
    let before = match facts.before_text {
        0 => "the first with text".to_owned(),
        1 => "the first without text".to_owned(),
        more => format!("the first {more} without text"),
    };
    let comments = if facts.has_comments { ", comments between them" } else { "" };
    let kind = exchange.content_type();
    let found = format!("{} events, {before}{comments}; {kind}", facts.events);
    let is_labelled = kind.starts_with("text/event-stream");
    Check::new(STREAM, if is_labelled { Verdict::Yes } else { Verdict::Differs }, found)
}
