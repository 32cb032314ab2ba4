//! Lengths of time as people write them.

use std::time::Duration;

use super::UnitError;
use super::convert::{float, nanos};

const EXPECTED: &str = "a duration; write `500ms`, `30s`, `5m` or `1h`";

/// Units, longest first; a text may combine them (`1m30s`).
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads `500ms`, `30s`, `5m`, `1h`, `1.5s` or `1m30s`.
///
/// # Errors
///
/// [`UnitError`] if the text is anything else; a bare number has no unit and is refused.
pub fn parse_span(text: &str) -> Result<Duration, UnitError> {
    let refused = || UnitError { found: text.to_owned(), expected: EXPECTED };
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(refused());
    }
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(refused)?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let unit = if unit.trim() == "µs" { "us" } else { unit.trim() };
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refused)?;
        let number: f64 = number.parse().map_err(|_| refused())?;
        total = Duration::try_from_secs_f64(number * float(*scale) / 1e9)
            .ok()
            .and_then(|part| total.checked_add(part))
            .ok_or_else(refused)?;
        rest = next;
    }
    Ok(total)
}

/// Prints a length of time in its largest fitting unit, exactly: `90s`, `1.5s`, `500ms`.
pub fn format_span(span: Duration) -> String {
    let nanos = nanos(span);
    if nanos == 0 {
        return "0s".to_owned();
    }
    let (name, scale) =
        UNITS.iter().find(|(_, scale)| nanos.is_multiple_of(*scale)).copied().unwrap_or(("ns", 1));
    let (name, scale) = match name {
        "ms" if nanos >= 1_000_000_000 => ("s", 1_000_000_000),
        "us" if nanos >= 1_000_000 => ("ms", 1_000_000),
        "ns" if nanos >= 1_000 => ("us", 1_000),
        _ => (name, scale),
    };
    if nanos.is_multiple_of(scale) {
        format!("{}{name}", nanos / scale)
    } else {
        format!("{}{name}", float(nanos) / float(scale))
    }
}

/// A length of time from seconds; negative, missing and absurd numbers give `None`.
pub fn span_from_seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{format_span, parse_span};

    #[test]
    fn spans_read_in_every_unit() {
        let read = |text| parse_span(text).unwrap();
        assert_eq!(read("500ms"), Duration::from_millis(500));
        assert_eq!(read("1.5s"), Duration::from_millis(1_500));
        assert_eq!(read("1m30s"), Duration::from_secs(90));
        assert_eq!(read("8h"), Duration::from_hours(8));
        assert_eq!(read("250µs"), Duration::from_micros(250));
    }

    #[test]
    fn a_number_without_unit_is_refused() {
        for text in ["30", "", "s", "-1s", "1 parsec", "1..5s"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_print_as_written() {
        for text in ["500ms", "30s", "5m", "1h", "1.5s", "90s", "2.5ms", "0s"] {
            assert_eq!(format_span(parse_span(text).unwrap()), text);
        }
    }
}
