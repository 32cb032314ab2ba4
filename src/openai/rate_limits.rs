//! The headers by which servers tell how much they take.
//!
//! # Source
//!
//! RFC 9110, section 10.2.3 (`Retry-After`, here in seconds); "Rate limits" in the documentation
//! of `OpenAI` (`x-ratelimit-limit-…`, `-remaining-…`, `-reset-…` for requests and tokens, and
//! `retry-after-ms`), which most hosted services and `LiteLLM` follow.

use std::str::from_utf8;
use std::time::Duration;

use crate::units::span_from_seconds;

/// What the names of most of them begin with.
const PREFIX: &str = "x-ratelimit-";
/// Longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What an answer tells of the limits of its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// How long nothing more is taken: what a refusal says, or what is left until the limit that
    /// has just been used up starts anew.
    pub wait: Option<Duration>,
    /// The limits in words: `3 requests, 40000 tokens`; empty where none are told.
    pub told: String,
}

/// A limit on requests or tokens.
#[derive(Clone, Copy, Debug, Default)]
struct Limit<'a> {
    most: Option<&'a str>,
    is_used_up: bool,
    reset: Option<Duration>,
}

/// What the headers of an answer with that status tell; `None` where none is of this sort.
pub fn decode_rate_limits<'a>(
    status: u16,
    headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Option<RateLimits> {
    let is_refusal = matches!(status, 429 | 503);
    let (mut requests, mut tokens) = (Limit::default(), Limit::default());
    let mut retry = None;
    let mut any = false;
    for (name, value) in headers {
        // Few answers have any of them.
        if !matches!(name.first(), Some(b'x' | b'X' | b'r' | b'R')) {
            continue;
        }
        let (Ok(name), Ok(value)) = (from_utf8(name), from_utf8(value)) else { continue };
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "retry-after-ms" if is_refusal => retry = millis(value),
            "retry-after" if is_refusal => retry = retry.or_else(|| seconds(value)),
            _ => {
                let Some(rest) = name.strip_prefix(PREFIX) else { continue };
                let limit = match rest.rsplit_once('-') {
                    Some((_, "requests")) => &mut requests,
                    Some((_, "tokens")) => &mut tokens,
                    _ => continue,
                };
                take(limit, rest, value);
            }
        }
        any = true;
    }
    any.then(|| RateLimits {
        wait: retry.or_else(|| wait_of(&[requests, tokens], is_refusal)),
        told: told(requests, tokens),
    })
}

fn take<'a>(limit: &mut Limit<'a>, name: &str, value: &'a str) {
    if name.starts_with("limit-") && value.bytes().all(|byte| byte.is_ascii_digit()) {
        limit.most = Some(value);
    } else if name.starts_with("remaining-") {
        limit.is_used_up = value.parse::<f64>().is_ok_and(|left| left < 1.0);
    } else if name.starts_with("reset-") {
        limit.reset = reset(value);
    }
}

/// Until the latest reset of what is used up; of a refusal that tells only when its limits start
/// anew, the soonest of these.
fn wait_of(limits: &[Limit<'_>], is_refusal: bool) -> Option<Duration> {
    let used_up = limits.iter().filter(|limit| limit.is_used_up).filter_map(|limit| limit.reset);
    let soonest = || limits.iter().filter_map(|limit| limit.reset).min().filter(|_| is_refusal);
    used_up.max().or_else(soonest)
}

fn told(requests: Limit<'_>, tokens: Limit<'_>) -> String {
    let words = |limit: Limit<'_>, noun: &str| limit.most.map(|most| format!("{most} {noun}"));
    let all = [words(requests, "requests"), words(tokens, "tokens")];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(span_from_seconds).map(|span| span.min(LONGEST_WAIT))
}

fn millis(text: &str) -> Option<Duration> {
    let millis: f64 = text.parse().ok()?;
    span_from_seconds(millis / 1e3).map(|span| span.min(LONGEST_WAIT))
}

/// `1s`, `6m0s`, `120ms`, or seconds alone.
fn reset(text: &str) -> Option<Duration> {
    if let Some(span) = seconds(text) {
        return Some(span);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let (scale, length) = match unit {
            unit if unit.starts_with("ms") => (1e-3, 2),
            unit if unit.starts_with('h') => (3_600.0, 1),
            unit if unit.starts_with('m') => (60.0, 1),
            unit if unit.starts_with('s') => (1.0, 1),
            _ => return None,
        };
        total += number * scale;
        rest = &unit[length..];
    }
    span_from_seconds(total).map(|span| span.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{decode_rate_limits, reset};

    fn read(status: u16, headers: &[(&str, &str)]) -> Option<(Option<u64>, String)> {
        let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let limits = decode_rate_limits(status, headers)?;
        let wait = limits.wait.map(|wait| u64::try_from(wait.as_millis()).unwrap());
        Some((wait, limits.told))
    }

    #[test]
    fn what_a_refusal_says_comes_before_what_its_limits_say() {
        let limits = [
            ("Retry-After", "20"),
            ("x-ratelimit-limit-requests", "3"),
            ("x-ratelimit-remaining-requests", "0"),
            ("X-RateLimit-Reset-Requests", "1m30s"),
            ("x-ratelimit-limit-tokens", "40000"),
        ];
        assert_eq!(read(429, &limits), Some((Some(20_000), "3 requests, 40000 tokens".to_owned())));
        assert_eq!(read(429, &limits[1..]).unwrap().0, Some(90_000));
        assert_eq!(read(429, &[("retry-after-ms", "250")]).unwrap().0, Some(250));
    }

    #[test]
    fn a_success_waits_only_where_nothing_is_left() {
        let left =
            |left| [("x-ratelimit-remaining-tokens", left), ("x-ratelimit-reset-tokens", "6s")];
        assert_eq!(read(200, &left("0")).unwrap().0, Some(6_000));
        assert_eq!(read(200, &left("17")).unwrap().0, None);
        assert_eq!(read(200, &[("retry-after", "20")]), None);
        assert_eq!(read(200, &[("content-type", "text/plain"), ("x-request-id", "1")]), None);
    }

    #[test]
    fn times_are_read_as_servers_write_them() {
        let millis = |text| reset(text).map(|span: Duration| span.as_millis());
        assert_eq!(
            ["1s", "6m0s", "120ms", "1h", "0.5s", "12"].map(millis),
            [Some(1_000), Some(360_000), Some(120), Some(3_600_000), Some(500), Some(12_000)]
        );
        assert_eq!(["", "soon", "5x", "-1s"].map(millis), [Some(0), None, None, None]);
        assert_eq!(millis("99h"), Some(3_600_000));
    }
}
