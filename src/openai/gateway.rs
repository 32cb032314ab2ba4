//! The headers by which `LiteLLM` tells what it did to a request.
//!
//! # Source
//!
//! <https://docs.litellm.ai/docs/proxy/response_headers>

use std::str::from_utf8;
use std::time::Duration;

use crate::record::GatewayTold;
use crate::units::whole;

/// What all of them begin with.
const PREFIX: &[u8] = b"x-litellm-";
/// A longer id is none.
const LONGEST_ID: usize = 128;
/// Longest time that is believed, in milliseconds: a day.
const LONGEST_MS: f64 = 86_400_000.0;

/// What the headers of an answer tell; `None` where none is of a gateway. Values that cannot be
/// read are as good as none.
pub fn decode_gateway<'a>(
    headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Option<GatewayTold> {
    let mut told = None;
    for (name, value) in headers {
        let Some((start, rest)) = name.split_at_checked(PREFIX.len()) else { continue };
        if start.eq_ignore_ascii_case(PREFIX) {
            take(told.get_or_insert_default(), rest, value.trim_ascii());
        }
    }
    told
}

fn take(told: &mut GatewayTold, name: &[u8], value: &[u8]) {
    let Ok(value) = from_utf8(value) else { return };
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    if is("overhead-duration-ms") {
        told.overhead = millis(value);
    } else if is("response-duration-ms") {
        told.response = millis(value);
    } else if is("attempted-retries") {
        told.retries = value.parse().ok();
    } else if is("attempted-fallbacks") {
        told.fallbacks = value.parse().ok();
    } else if is("model-id") && (1..=LONGEST_ID).contains(&value.len()) {
        told.model_id = Some(value.into());
    } else if is("cache-key") {
        told.from_cache = !value.is_empty() && value != "None";
    } else if is("response-cost") {
        told.cost_nanodollars = nanodollars(value);
    }
}

/// A price in dollars, if it is one: at most a million.
fn nanodollars(value: &str) -> Option<u64> {
    let dollars: f64 = value.parse().ok()?;
    (0.0..=1e6).contains(&dollars).then(|| whole(dollars * 1e9))
}

fn millis(value: &str) -> Option<Duration> {
    let millis: f64 = value.parse().ok()?;
    (0.0..=LONGEST_MS).contains(&millis).then(|| Duration::from_secs_f64(millis / 1e3))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::decode_gateway;
    use crate::record::GatewayTold;

    fn told(headers: &[(&str, &str)]) -> Option<GatewayTold> {
        decode_gateway(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    #[test]
    fn what_litellm_tells_is_read() {
        let expected = GatewayTold {
            overhead: Some(Duration::from_nanos(7_709_700)),
            response: Some(Duration::from_nanos(17_486_810)),
            retries: Some(2),
            fallbacks: Some(1),
            model_id: Some("2e0e".into()),
            from_cache: true,
            cost_nanodollars: Some(6_500),
        };
        let read = told(&[
            ("date", "Sun"),
            ("x-litellm-overhead-duration-ms", "7.7097"),
            ("X-LiteLLM-Response-Duration-Ms", "17.48681"),
            ("x-litellm-attempted-retries", "2"),
            ("x-litellm-attempted-fallbacks", "1"),
            ("x-litellm-model-id", " 2e0e "),
            ("x-litellm-cache-key", "3b1f"),
            ("x-litellm-response-cost", "6.5e-06"),
        ]);
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn other_servers_tell_nothing() {
        assert_eq!(told(&[("x-request-id", "1"), ("x-litellm", "1"), ("date", "Sun")]), None);
    }

    #[test]
    fn what_cannot_be_read_is_absent() {
        for value in ["", "None", "-1", "NaN", "1e300", "soon"] {
            let read = told(&[
                ("x-litellm-overhead-duration-ms", value),
                ("x-litellm-attempted-retries", value),
                ("x-litellm-cache-key", if value == "None" { value } else { "" }),
            ]);
            assert_eq!(read, Some(GatewayTold::default()), "{value}");
        }
    }
}
