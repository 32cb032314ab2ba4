//! Errors as servers tell them, in all their shapes, as one short line.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::scan::Broken;
use crate::record::{Failure, FailureKind};

/// Longest message that is kept, in characters: enough for the reason, short enough for a table.
const MESSAGE_LIMIT: usize = 300;
/// Longest piece of a body that is quoted, in characters.
const EXCERPT_LIMIT: usize = 80;
/// How much of an error's body is read, in bytes; the reason stands at its beginning.
const BODY_LIMIT: usize = 64 << 10;
/// How deep reasons are looked for inside reasons.
const DEPTH_LIMIT: u32 = 4;

/// Words by which servers say that their queue is full, whatever their status says.
const FULL_QUEUE: [&str; 6] = [
    "server busy",
    "maximum pending requests",
    "queue is full",
    "queue full",
    "too many requests",
    "overloaded",
];

/// An error that a server tells of inside an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// What it says, as one short line.
    pub message: String,
    /// Its code, as a number or a word; `None` if it gives none.
    pub code: Option<String>,
}

impl ApiError {
    /// The error in the value of an `error` field, in an object that is one, or in a plain text.
    pub(super) fn from_json(json: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(json) {
            Ok(value) => Self {
                message: short_line(&explain(&value, DEPTH_LIMIT).unwrap_or_default()),
                code: code(&value),
            },
            Err(_) => Self { message: short_line(&reason(json)), code: None },
        }
    }

    /// The error of an answer that ended with the reason `error` and nothing else.
    pub(super) fn of_finish_reason() -> Self {
        Self { message: "the answer ended with finish reason `error`".to_owned(), code: None }
    }
}

/// The message, with the code where there is one: `Provider returned error (code 429)`.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.code {
            Some(code) => write!(f, " (code {code})"),
            None => Ok(()),
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { kind: FailureKind::ApiError, message: error.to_string() }
    }
}

impl Broken {
    /// What is wrong with `what`, which reads `text`.
    pub(super) fn explain(self, what: &str, text: &[u8]) -> String {
        format!(
            "{what} is not JSON of this API ({} expected at byte {}): {}",
            self.expected,
            self.at,
            excerpt(text)
        )
    }
}

/// The failure that an answer with an error status tells of.
///
/// `retry_after` is the header of that name. Keys that a server repeats are still in the
/// message: the caller removes them.
pub fn decode_error(status: u16, retry_after: Option<&str>, body: &[u8]) -> Failure {
    let reason = reason(body);
    let lower = reason.to_lowercase();
    let full = FULL_QUEUE.iter().any(|words| lower.contains(words));
    let kind = match status {
        429 | 503 => FailureKind::Overloaded,
        _ if full => FailureKind::Overloaded,
        code => FailureKind::HttpStatus(code),
    };
    let mut message = short_line(&reason);
    if message.is_empty() {
        let phrase = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("an error");
        message = format!("{phrase}, without a word in the body");
    }
    if let Some(after) = retry_after.map(str::trim).filter(|after| !after.is_empty()) {
        let unit = if after.bytes().all(|byte| byte.is_ascii_digit()) { " s" } else { "" };
        message = format!("{message}; retry after {}{unit}", shorten(after, EXCERPT_LIMIT));
    }
    Failure { kind, message }
}

/// Whether an error says that the server does not know `stream_options` or what is in it, so
/// that the request may be sent without.
///
/// Only what the server says itself counts: some repeat the whole request in their errors.
pub fn refuses_stream_options(status: u16, body: &[u8]) -> bool {
    let reason = reason(body);
    matches!(status, 400 | 422 | 500)
        && ["stream_options", "include_usage"].iter().any(|field| reason.contains(field))
}

/// `text` as one line without control characters, of a few hundred characters at most.
///
/// It is never cut inside a run of the characters that keys are made of: a secret stands in it
/// whole, so that it can be found and removed, or not at all.
pub fn short_line(text: &str) -> String {
    shorten(text, MESSAGE_LIMIT)
}

/// The beginning of a body, for messages.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(BODY_LIMIT)]);
    format!("`{}`", shorten(&text, EXCERPT_LIMIT))
}

fn shorten(text: &str, limit: usize) -> String {
    let invisible = |c: char| c.is_whitespace() || c.is_control();
    let words: Vec<_> = text.split(invisible).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    let Some((end, _)) = line.char_indices().nth(limit) else { return line };
    let in_key = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=".contains(c);
    let kept = if line[end..].starts_with(in_key) {
        line[..end].trim_end_matches(in_key)
    } else {
        &line[..end]
    };
    format!("{}…", kept.trim_end())
}

/// What the body of an error says, at full length.
fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(BODY_LIMIT)]);
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => explain(&value, DEPTH_LIMIT).unwrap_or_else(|| text.into_owned()),
        Err(_) if text.trim_start().starts_with('<') => page_title(&text).into_owned(),
        Err(_) => text.into_owned(),
    }
}

/// The title of an HTML page, or the page itself.
fn page_title(page: &str) -> Cow<'_, str> {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title>").map(|at| at + "<title>".len()).and_then(|start| {
        let length = lower[start..].find("</title>")?;
        Some(page[start..start + length].trim()).filter(|title| !title.is_empty())
    });
    Cow::Borrowed(title.unwrap_or(page))
}

/// What an error says in whichever field it says it; `None` if it is `null` or empty.
fn explain(value: &Value, depth: u32) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let said = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(|item| explain(item, depth)).collect();
            items.join("; ")
        }
        Value::Object(fields) => {
            let say = |key: &str| fields.get(key).and_then(|value| explain(value, depth));
            let place = fields.get("loc").and_then(place);
            let said = ["message", "error", "detail", "msg", "errors"].map(say);
            let mut said: Vec<_> = said.into_iter().flatten().collect();
            // The same reason is often said in two fields; it is told once.
            said.dedup_by(|later, earlier| earlier.contains(later.as_str()));
            match (said.is_empty(), place) {
                (true, _) => value.to_string(),
                (false, Some(place)) => format!("{place}: {}", said.join(": ")),
                (false, None) => said.join(": "),
            }
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    Some(said).filter(|said| !said.trim().is_empty())
}

/// Where `FastAPI` found something wrong: `["body", "messages", 0]` is `body.messages.0`.
fn place(loc: &Value) -> Option<String> {
    let steps = loc.as_array()?.iter();
    let steps = steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
    Some(steps.collect::<Vec<_>>().join("."))
}

fn code(value: &Value) -> Option<String> {
    let code = value.get("code").or_else(|| value.get("error")?.get("code"))?;
    match code {
        Value::String(code) => Some(shorten(code, EXCERPT_LIMIT)),
        Value::Number(code) => Some(code.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode_error, refuses_stream_options, short_line};

    fn failure(status: u16, body: &str) -> String {
        let failure = decode_error(status, None, body.as_bytes());
        format!("{}: {}", failure.kind, failure.message)
    }

    #[test]
    fn bodies_of_every_shape_become_one_line() {
        insta::assert_snapshot!(
            [
                failure(400, r#"{"error": {"message": "bad\n\n request", "code": "400"}}"#),
                failure(500, r#"{"error": "plain"}"#),
                failure(404, r#"{"detail": "Not Found"}"#),
                failure(422, r#"{"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Field required", "input": {"model": "m"}}, {"loc": ["body", "n"], "msg": "too small"}]}"#),
                failure(400, r#"{"object": "error", "message": "old", "code": 40303}"#),
                failure(500, r#"{"message": "Internal server error", "error": "no JSON"}"#),
                failure(500, r#"{"error": {"message": "same", "error": "same"}}"#),
                failure(500, r#"[{"error": {"message": "in a list"}}]"#),
                failure(500, r#"{"status": "ko"}"#),
                failure(500, "Internal Server Error"),
                failure(502, "<html>\r\n<head><title> 502 Bad Gateway </title></head></html>"),
                failure(502, "<h1>Bad</h1>"),
                failure(502, ""),
                failure(599, " \n"),
                failure(400, "null"),
            ]
            .join("\n"),
            @r#"
            http_status(400): bad request
            http_status(500): plain
            http_status(404): Not Found
            http_status(422): body.messages.0.role: Field required; body.n: too small
            http_status(400): old
            http_status(500): Internal server error: no JSON
            http_status(500): same
            http_status(500): in a list
            http_status(500): {"status":"ko"}
            http_status(500): Internal Server Error
            http_status(502): 502 Bad Gateway
            http_status(502): <h1>Bad</h1>
            http_status(502): Bad Gateway, without a word in the body
            http_status(599): an error, without a word in the body
            http_status(400): null
            "#
        );
    }

    #[test]
    fn a_full_queue_is_told_by_status_or_by_words() {
        for body in ["", r#"{"error": "x"}"#] {
            assert!(failure(429, body).starts_with("overloaded: "));
            assert!(failure(503, body).starts_with("overloaded: "));
        }
        let words = "server busy, please try again.  maximum pending requests exceeded";
        assert!(failure(500, words).starts_with("overloaded: server busy, please try again. max"));
        assert!(failure(500, "The request queue is full.").starts_with("overloaded: "));
        assert!(failure(500, "a bug").starts_with("http_status(500): "));
    }

    #[test]
    fn the_time_to_wait_is_told() {
        let message = |after| decode_error(429, Some(after), b"slow down").message;
        assert_eq!(message("2"), "slow down; retry after 2 s");
        assert_eq!(message("Sun, 22 Nov 2026"), "slow down; retry after Sun, 22 Nov 2026");
        assert_eq!(message(" "), "slow down");
    }

    #[test]
    fn long_lines_are_cut_but_never_inside_a_key() {
        let long = format!("{} sk-{}", "word ".repeat(58), "k".repeat(40));
        assert_eq!(short_line(&long), format!("{}…", "word ".repeat(58).trim_end()));
        assert_eq!(short_line(&"字".repeat(400)), format!("{}…", "字".repeat(300)));
        assert_eq!(short_line(&"k".repeat(400)), "…");
        let whole = format!("{}sk-12345", "字".repeat(292));
        assert_eq!(short_line(&whole), whole);
        assert_eq!(short_line(&format!("{whole}字字")), format!("{whole}…"));
        assert_eq!(short_line("a\u{0}\u{1b}[31m b\r\n\tc"), "a [31m b c");
    }

    #[test]
    fn only_a_refusal_of_stream_options_is_one() {
        let refuses = |status, body: &str| refuses_stream_options(status, body.as_bytes());
        assert!(refuses(400, r#"{"error": {"message": "Unknown field: stream_options"}}"#));
        assert!(refuses(
            422,
            r#"{"detail": "Unexpected fields in the request: {'stream_options'}"}"#
        ));
        assert!(refuses(
            422,
            r#"{"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}"#
        ));
        assert!(!refuses(
            422,
            r#"{"detail": [{"loc": ["body", "model"], "msg": "Field required", "input": {"stream_options": {}}}]}"#
        ));
        assert!(!refuses(404, "stream_options"));
        assert!(!refuses(400, "model is required"));
    }
}
