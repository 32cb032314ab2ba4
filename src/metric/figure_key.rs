//! Which figure is meant: `ttft.p99`, `error_rate`.

use std::fmt;
use std::str::FromStr;

use super::catalogue::{Kind, Metric};
use super::spelling::closest;
use super::statistic::Statistic;
use super::syntax::{Part, SyntaxError, listed};

/// One figure: a statistic of a distribution, or the one number of a window.
///
/// Written `ttft.p99`, `tpot.mean`, `error_rate`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum FigureKey {
    /// A statistic of a distribution.
    Statistic(Metric, Statistic),
    /// A number of the window.
    Window(Metric),
}

impl FigureKey {
    /// Its metric.
    pub const fn metric(self) -> Metric {
        match self {
            Self::Statistic(metric, _) | Self::Window(metric) => metric,
        }
    }

    /// Its statistic; `None` for a number of the window.
    pub const fn statistic(self) -> Option<Statistic> {
        match self {
            Self::Statistic(_, statistic) => Some(statistic),
            Self::Window(_) => None,
        }
    }

    /// Its percentile, from 0 to 100; `None` where it is something else.
    pub const fn percentile(self) -> Option<f64> {
        match self {
            Self::Statistic(_, Statistic::Percentile(percentile)) => Some(percentile),
            Self::Statistic(..) | Self::Window(_) => None,
        }
    }

    /// Whether it is a count of values, which has no unit.
    pub const fn is_count(self) -> bool {
        matches!(self, Self::Statistic(_, Statistic::Count))
    }

    /// Reads `part`.
    pub(super) fn read(part: Part<'_>) -> Result<Self, SyntaxError> {
        let part = part.trimmed();
        let dot = part.text.find('.').unwrap_or(part.text.len());
        let (name, rest) = part.split_at(dot);
        let (name, statistic) = (name.trimmed(), rest);
        if name.text.is_empty() {
            let hint = "write for example `ttft.p99`, `tpot.mean` or `error_rate`";
            return Err(name.error("no metric stands here", hint));
        }
        let Some(metric) = Metric::from_key(name.text) else { return Err(unknown_metric(name)) };
        let key = metric.key();
        match (metric.info().kind, statistic.text) {
            (Kind::Window, "") => Ok(Self::Window(metric)),
            (Kind::Window, found) => Err(statistic.error(
                format!("`{key}` is one number, without the statistic `{found}`"),
                format!("write `{key}`"),
            )),
            (Kind::Distribution, "") => Err(name.error(
                format!("`{key}` is a distribution, and no figure of it is named"),
                format!("write for example `{key}.p99` or `{key}.mean`"),
            )),
            (Kind::Distribution, _) => {
                read_statistic(statistic.skip(1)).map(|found| Self::Statistic(metric, found))
            }
        }
    }
}

fn unknown_metric(name: Part<'_>) -> SyntaxError {
    let keys = || Metric::ALL.iter().map(|metric| metric.key());
    let hint = match closest(name.text, keys()) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("there are {}", listed(keys())),
    };
    name.error(format!("there is no metric `{}`", name.text), hint)
}

/// Words of other tools for the same, with our own.
const SYNONYMS: [(&str, &str); 5] =
    [("avg", "mean"), ("average", "mean"), ("med", "p50"), ("median", "p50"), ("std", "stddev")];

fn read_statistic(part: Part<'_>) -> Result<Statistic, SyntaxError> {
    let part = part.trimmed();
    let named =
        [Statistic::Count, Statistic::Mean, Statistic::Stddev, Statistic::Min, Statistic::Max];
    if let Some(found) = named.into_iter().find(|statistic| statistic.to_string() == part.text) {
        return Ok(found);
    }
    let number = part.text.strip_prefix('p').filter(|number| is_plain_number(number));
    if let Some(percentile) = number.and_then(|number| number.parse::<f64>().ok()) {
        if percentile > 0.0 && percentile < 100.0 {
            return Ok(Statistic::Percentile(percentile));
        }
        let hint = "a percentile lies between p0 and p100; for the ends write `min` or `max`";
        return Err(part.error(format!("there is no percentile `{}`", part.text), hint));
    }
    let usual = ["p50", "p90", "p95", "p99", "p99.9", "mean", "stddev", "min", "max", "count"];
    let synonym = SYNONYMS.into_iter().find_map(|(word, ours)| (word == part.text).then_some(ours));
    let hint = match synonym.or_else(|| closest(part.text, usual)) {
        Some(ours) => format!("did you mean `{ours}`?"),
        None => format!("there are {} and every other percentile", listed(usual)),
    };
    Err(part.error(format!("there is no statistic `{}`", part.text), hint))
}

/// Digits with at most one dot among them: no sign, exponent or name of a number.
pub(super) fn is_plain_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

impl FromStr for FigureKey {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::read(Part::whole(text))
    }
}

impl fmt::Display for FigureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statistic(metric, statistic) => write!(f, "{}.{statistic}", metric.key()),
            Self::Window(metric) => f.write_str(metric.key()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FigureKey;
    use crate::metric::{Kind, Metric, Statistic};

    fn refusal(text: &str) -> String {
        text.parse::<FigureKey>().unwrap_err().to_string()
    }

    #[test]
    fn every_figure_reads_back_as_it_is_printed() {
        let statistics = [Statistic::Count, Statistic::Mean, Statistic::Stddev, Statistic::Min];
        let percentiles = [0.1, 1.0, 50.0, 98.0, 99.0, 99.9, 99.99].map(Statistic::Percentile);
        for &metric in Metric::ALL {
            match metric.info().kind {
                Kind::Window => {
                    let key = FigureKey::Window(metric);
                    assert_eq!(key.to_string().parse(), Ok(key));
                }
                Kind::Distribution => {
                    for statistic in statistics.into_iter().chain(percentiles) {
                        let key = FigureKey::Statistic(metric, statistic);
                        assert_eq!(key.to_string().parse(), Ok(key));
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column_and_a_hint() {
        assert_eq!(
            refusal("tttf.p99"),
            "column 1: there is no metric `tttf`; did you mean `ttft`?"
        );
        assert_eq!(
            refusal("ttft.pp99"),
            "column 6: there is no statistic `pp99`; did you mean `p99`?"
        );
        assert_eq!(
            refusal("e2e.avg"),
            "column 5: there is no statistic `avg`; did you mean `mean`?"
        );
        assert_eq!(
            refusal("e2e.p100"),
            "column 5: there is no percentile `p100`; a percentile lies between p0 and p100; for \
             the ends write `min` or `max`"
        );
        assert_eq!(
            refusal("e2e"),
            "column 1: `e2e` is a distribution, and no figure of it is named; write for example \
             `e2e.p99` or `e2e.mean`"
        );
        assert_eq!(
            refusal("error_rate.p99"),
            "column 11: `error_rate` is one number, without the statistic `.p99`; write \
             `error_rate`"
        );
        assert!(refusal("").starts_with("column 1: no metric stands here; "));
        for text in ["ttft.p1e1", "ttft.p-5", "ttft.pNaN", "ttft.p", "ttft.p9.9.9", "ttft."] {
            assert!(text.parse::<FigureKey>().is_err(), "{text}");
        }
    }
}
