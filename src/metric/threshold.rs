//! A figure and the limit it should keep to: `ttft.p99 < 800ms`.

use std::fmt;
use std::str::FromStr;

use super::catalogue::Unit;
use super::figure_key::{FigureKey, is_plain_number};
use super::syntax::{Part, SyntaxError, listed};
use crate::units::{Rate, Share, format_span, millis, parse_span, span_from_seconds};

/// A figure and the limit it should keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The figure.
    pub figure: FigureKey,
    /// How it should stand to the limit.
    pub comparison: Comparison,
    /// The limit, in the unit that the figure is shown in; finite and at least 0.
    pub limit: f64,
}

/// How a figure should stand to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Below it.
    Less,
    /// Not above it.
    AtMost,
    /// Above it.
    More,
    /// Not below it.
    AtLeast,
}

impl Comparison {
    /// Every comparison; one that begins like another comes before it.
    const ALL: [Self; 4] = [Self::AtMost, Self::AtLeast, Self::Less, Self::More];

    /// The comparison as it is written: `<`, `<=`, `>`, `>=`.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Whether `value` stands so to `limit`; nothing that is no number does.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
            Self::More => value > limit,
            Self::AtLeast => value >= limit,
        }
    }
}

impl Threshold {
    /// Whether `value`, in the unit the figure is shown in, keeps to the limit.
    pub fn holds(&self, value: f64) -> bool {
        self.comparison.holds(value, self.limit)
    }

    /// `value` of this figure as people read it, with its unit: `812.4ms`, `0.5%`, `12.3/s`.
    pub fn shown(&self, value: f64) -> String {
        let value = rounded(value);
        match self.figure.metric().unit() {
            _ if self.figure.is_count() => value.to_string(),
            Unit::Milliseconds => format!("{value}ms"),
            Unit::Share => format!("{}%", rounded(value * 100.0)),
            Unit::TokensPerSecond => format!("{value} tok/s"),
            Unit::ItemsPerSecond => format!("{value} items/s"),
            Unit::DocumentsPerSecond => format!("{value} docs/s"),
            Unit::RequestsPerSecond => format!("{value}/s"),
            Unit::Tokens | Unit::Requests => value.to_string(),
        }
    }

    /// Reads `part`.
    pub(super) fn read(part: Part<'_>) -> Result<Self, SyntaxError> {
        let is_sign = |c: char| "<>=!".contains(c);
        let part = part.trimmed();
        let Some(at) = part.text.find(is_sign) else {
            let end = part.skip(part.text.len());
            let hint = format!("write a limit behind it, as in `{EXAMPLE}`");
            // A figure that is wrong in itself is said first.
            return FigureKey::read(part).and_then(|_| Err(end.error("no comparison", hint)));
        };
        let (figure, rest) = part.split_at(at);
        let figure = FigureKey::read(figure)?;
        let signs = rest.text.find(|c| !is_sign(c)).unwrap_or(rest.text.len());
        let (sign, limit) = rest.split_at(signs);
        let known = Comparison::ALL.into_iter().find(|known| known.sign() == sign.text);
        let comparison = known.ok_or_else(|| {
            let hint = match sign.text {
                "=<" => "did you mean `<=`?".to_owned(),
                "=>" => "did you mean `>=`?".to_owned(),
                _ => format!("there are {}", listed(["<", "<=", ">", ">="])),
            };
            sign.error(format!("there is no comparison `{}`", sign.text), hint)
        })?;
        let limit = read_limit(limit.trimmed(), figure)?;
        Ok(Self { figure, comparison, limit })
    }
}

/// What a gate looks like.
pub(super) const EXAMPLE: &str = "ttft.p99 < 800ms";

/// Six digits: more than a histogram keeps.
fn rounded(value: f64) -> f64 {
    let size = value.abs();
    let scale = match size {
        _ if size >= 100.0 => 1e1,
        _ if size >= 1.0 => 1e3,
        _ => 1e6,
    };
    (value * scale).round() / scale
}

fn read_limit(part: Part<'_>, figure: FigureKey) -> Result<f64, SyntaxError> {
    let expected = |what: &str| {
        let found = match part.text {
            "" => "nothing".to_owned(),
            text => format!("`{text}`"),
        };
        part.error(format!("the limit of `{figure}` is {found}"), format!("write {what}"))
    };
    if figure.is_count() {
        return number_with(part.text, &[]).ok_or_else(|| expected("a number, as `1000`"));
    }
    let limit = match figure.metric().unit() {
        Unit::Milliseconds => parse_span(part.text).map(millis).map_err(|_| {
            let example = match part.text {
                number if is_plain_number(number) => format!("`{number}ms` or `{number}s`"),
                _ => "`800ms` or `1.5s`".to_owned(),
            };
            expected(&format!("a time with its unit, as {example}"))
        })?,
        Unit::Share => part.text.parse::<Share>().map(Share::get).map_err(|_| {
            let number = part.text.parse().ok().and_then(Share::new);
            let example = number.map_or("1%".to_owned(), |share| share.to_string());
            expected(&format!("a share from 0% to 100%, as `{example}`"))
        })?,
        Unit::Tokens => number_with(part.text, &["tokens", "token", "tok"])
            .ok_or_else(|| expected("a number of tokens, as `128`"))?,
        Unit::Requests => number_with(part.text, &["requests", "request", "req"])
            .ok_or_else(|| expected("a number of requests, as `16`"))?,
        Unit::TokensPerSecond => per_second(part.text, &["tokens", "tok"])
            .ok_or_else(|| expected("tokens per second, as `1000 tok/s`"))?,
        Unit::ItemsPerSecond => per_second(part.text, &["items"])
            .ok_or_else(|| expected("items per second, as `50 items/s` or `50/s`"))?,
        Unit::DocumentsPerSecond => per_second(part.text, &["documents", "docs"])
            .ok_or_else(|| expected("documents per second, as `50 docs/s` or `50/s`"))?,
        Unit::RequestsPerSecond => per_second(part.text, &["requests", "req"])
            .ok_or_else(|| expected("a rate, as `10/s` or `600/min`"))?,
    };
    Ok(limit)
}

/// A number, alone or with one of `words` behind it.
fn number_with(text: &str, words: &[&str]) -> Option<f64> {
    let number = words.iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text).trim_end();
    if is_plain_number(number) { number.parse().ok() } else { None }
}

/// A rate per second, with one of `words` or none before the slash.
fn per_second(text: &str, words: &[&str]) -> Option<f64> {
    let (amount, period) = text.split_once('/')?;
    let amount = number_with(amount.trim_end(), words)?;
    // How periods are written is known to rates; the amount may also be 0.
    let period: Rate = format!("1/{}", period.trim()).parse().ok()?;
    Some(amount * period.as_per_second())
}

impl FromStr for Threshold {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::read(Part::whole(text))
    }
}

/// As it is written: `ttft.p99 < 800ms`.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { figure, comparison, limit } = self;
        write!(f, "{figure} {} ", comparison.sign())?;
        match figure.metric().unit() {
            _ if figure.is_count() => write!(f, "{limit}"),
            Unit::Milliseconds => match span_from_seconds(limit / 1e3) {
                Some(span) => f.write_str(&format_span(span)),
                None => write!(f, "{limit}ms"),
            },
            Unit::Share => match Share::new(*limit) {
                Some(share) => write!(f, "{share}"),
                None => write!(f, "{}%", limit * 100.0),
            },
            Unit::TokensPerSecond => write!(f, "{limit} tok/s"),
            Unit::ItemsPerSecond => write!(f, "{limit} items/s"),
            Unit::DocumentsPerSecond => write!(f, "{limit} docs/s"),
            Unit::RequestsPerSecond => write!(f, "{limit}/s"),
            Unit::Tokens | Unit::Requests => write!(f, "{limit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Threshold;
    use crate::metric::{FigureKey, Kind, Metric, Statistic, Unit};

    fn read(text: &str) -> Threshold {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refusal(text: &str) -> String {
        text.parse::<Threshold>().unwrap_err().to_string()
    }

    #[test]
    fn every_unit_is_read_as_it_is_written() {
        for (text, limit, printed) in [
            ("ttft.p99 < 800ms", 800.0, "ttft.p99 < 800ms"),
            ("  e2e.p95<=1.5s ", 1_500.0, "e2e.p95 <= 1.5s"),
            ("stall.max < 1m30s", 90_000.0, "stall.max < 90s"),
            ("error_rate < 1%", 0.01, "error_rate < 1%"),
            ("error_rate <= 0%", 0.0, "error_rate <= 0%"),
            ("goodput >= 10/s", 10.0, "goodput >= 10/s"),
            ("request_throughput > 600 req/min", 10.0, "request_throughput > 10/s"),
            (
                "output_token_throughput >= 1000 tok/s",
                1_000.0,
                "output_token_throughput >= 1000 tok/s",
            ),
            ("decode_rate.p5 > 20/s", 20.0, "decode_rate.p5 > 20 tok/s"),
            ("embedding_throughput > 50 items/s", 50.0, "embedding_throughput > 50 items/s"),
            ("document_throughput > 50 docs/s", 50.0, "document_throughput > 50 docs/s"),
            ("output_tokens.mean >= 128 tokens", 128.0, "output_tokens.mean >= 128"),
            ("concurrency_max <= 16", 16.0, "concurrency_max <= 16"),
            ("ttft.count >= 1000", 1_000.0, "ttft.count >= 1000"),
        ] {
            let threshold = read(text);
            assert!((threshold.limit - limit).abs() < 1e-9, "{text}: {}", threshold.limit);
            assert_eq!(threshold.to_string(), printed);
        }
    }

    #[test]
    fn a_limit_is_kept_or_not_by_its_sign() {
        let verdicts = |text: &str| [799.0, 800.0, 801.0].map(|value| read(text).holds(value));
        assert_eq!(verdicts("ttft.p50 < 800ms"), [true, false, false]);
        assert_eq!(verdicts("ttft.p50 <= 800ms"), [true, true, false]);
        assert_eq!(verdicts("ttft.p50 > 800ms"), [false, false, true]);
        assert_eq!(verdicts("ttft.p50 >= 800ms"), [false, true, true]);
        assert!(!read("ttft.p50 >= 0ms").holds(f64::NAN));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column_and_a_hint() {
        let said = [
            "ttft.p99 < 800",
            "ttft.p99 =< 800ms",
            "ttft.p99 == 800ms",
            "ttft.p99",
            "ttft.p99 <",
            "error_rate < 0.05",
            "error_rate < 120%",
            "goodput > 10",
            "output_token_throughput > 10 GB/s",
            "ttft.p99 < -5ms",
            "ttft.p99 < 1e3ms",
        ]
        .map(refusal);
        insta::assert_snapshot!(said.join("\n"), @"
        column 12: the limit of `ttft.p99` is `800`; write a time with its unit, as `800ms` or `800s`
        column 10: there is no comparison `=<`; did you mean `<=`?
        column 10: there is no comparison `==`; there are `<`, `<=`, `>`, `>=`
        column 9: no comparison; write a limit behind it, as in `ttft.p99 < 800ms`
        column 11: the limit of `ttft.p99` is nothing; write a time with its unit, as `800ms` or `1.5s`
        column 14: the limit of `error_rate` is `0.05`; write a share from 0% to 100%, as `5%`
        column 14: the limit of `error_rate` is `120%`; write a share from 0% to 100%, as `1%`
        column 11: the limit of `goodput` is `10`; write a rate, as `10/s` or `600/min`
        column 27: the limit of `output_token_throughput` is `10 GB/s`; write tokens per second, as `1000 tok/s`
        column 12: the limit of `ttft.p99` is `-5ms`; write a time with its unit, as `800ms` or `1.5s`
        column 12: the limit of `ttft.p99` is `1e3ms`; write a time with its unit, as `800ms` or `1.5s`
        ");
    }

    /// Every figure with a limit of its unit, in millionths.
    fn thresholds() -> impl Strategy<Value = String> {
        let figures: Vec<_> = Metric::ALL
            .iter()
            .flat_map(|&metric| match metric.info().kind {
                Kind::Window => vec![FigureKey::Window(metric)],
                Kind::Distribution => [Statistic::Count, Statistic::Percentile(99.9)]
                    .map(|statistic| FigureKey::Statistic(metric, statistic))
                    .to_vec(),
            })
            .collect();
        let signs = prop::sample::select(vec!["<", "<=", ">", ">="]);
        (prop::sample::select(figures), signs, 0_u32..1_000_000_000).prop_map(
            |(figure, sign, millionths)| {
                let limit = f64::from(millionths) / 1e6;
                let limit = match figure.metric().unit() {
                    _ if figure.is_count() => limit.to_string(),
                    Unit::Milliseconds => format!("{limit}ms"),
                    Unit::Share => format!("{}%", limit / 10.0),
                    Unit::TokensPerSecond
                    | Unit::ItemsPerSecond
                    | Unit::DocumentsPerSecond
                    | Unit::RequestsPerSecond => format!("{limit}/s"),
                    Unit::Tokens | Unit::Requests => limit.to_string(),
                };
                format!("{figure} {sign} {limit}")
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back_as_the_same(text in thresholds()) {
            let threshold = read(&text);
            let printed = threshold.to_string();
            prop_assert_eq!(read(&printed).to_string(), printed);
            let again = read(&threshold.to_string());
            prop_assert!((again.limit - threshold.limit).abs() <= threshold.limit.abs() * 1e-9 + 1e-7);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a-z0-9_.<>=! %/ms-]{0,30}|.{0,20}") {
            if let Err(error) = text.parse::<Threshold>() {
                prop_assert!(error.at.end <= text.chars().count());
            }
        }
    }
}
