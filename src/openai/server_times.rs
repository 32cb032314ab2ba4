//! The `timings` that llama.cpp's server adds to its answers.
//!
//! # Source
//!
//! `result_timings` in `tools/server` of llama.cpp: counts, and times in milliseconds.

use std::time::Duration;

use super::scan::{Scan, Scanner};
use super::usage::count;
use crate::record::ServerTimes;
use crate::units::span_from_seconds;

const MILLIS_PER_SECOND: f64 = 1e3;
const NANOS_PER_SECOND: f64 = 1e9;

/// Reads `timings`; `None` for what is no object, or tells nothing that is known.
pub(super) fn read_timings(scanner: &mut Scanner<'_>) -> Scan<Option<ServerTimes>> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip().map(|()| None);
    }
    let mut times = ServerTimes::default();
    scanner.object(|key, value| {
        match key {
            b"prompt_n" => times.prefill_tokens = count(value)?,
            b"prompt_ms" => times.prefill = span(value, MILLIS_PER_SECOND)?,
            b"predicted_n" => times.decode_tokens = count(value)?,
            b"predicted_ms" => times.decode = span(value, MILLIS_PER_SECOND)?,
            _ => value.skip()?,
        }
        Ok(())
    })?;
    Ok((times != ServerTimes::default()).then_some(times))
}

/// A time in nanoseconds, or `None` for what is none.
pub(super) fn nanoseconds(scanner: &mut Scanner<'_>) -> Scan<Option<Duration>> {
    span(scanner, NANOS_PER_SECOND)
}

fn span(scanner: &mut Scanner<'_>, per_second: f64) -> Scan<Option<Duration>> {
    let text = str::from_utf8(scanner.value()?).unwrap_or_default();
    let number = text.parse::<f64>().ok();
    Ok(number.and_then(|number| span_from_seconds(number / per_second)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Scanner, read_timings};
    use crate::record::ServerTimes;

    #[test]
    fn times_and_counts_of_both_steps_are_read() {
        let text = br#"{"cache_n":23,"prompt_n":1,"prompt_ms":0.323,"prompt_per_second":3095.9,
            "predicted_n":8,"predicted_ms":0.848}"#;
        let expected = ServerTimes {
            load: None,
            prefill: Some(Duration::from_micros(323)),
            prefill_tokens: Some(1),
            decode: Some(Duration::from_micros(848)),
            decode_tokens: Some(8),
        };
        assert_eq!(read_timings(&mut Scanner::new(text)), Ok(Some(expected)));
    }

    #[test]
    fn what_tells_nothing_is_nothing() {
        for text in ["{}", "null", "7", r#"{"prompt_ms":-1}"#, r#"{"other":1}"#] {
            assert_eq!(read_timings(&mut Scanner::new(text.as_bytes())), Ok(None), "{text}");
        }
    }
}
