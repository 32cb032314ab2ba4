//! What is compared: a metric, and which figure of it.

use std::fmt;

use crate::metric::{Direction, Kind, Metric, Statistic};
use crate::result::Measured;

/// A metric, and the figure of it where it is a distribution; written `ttft.p50`,
/// `error_rate`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The metric.
    pub metric: Metric,
    /// The figure; `None` for a metric that is one number for the window.
    pub statistic: Option<Statistic>,
}

/// How two values of a measure are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// NEW / BASE.
    Ratio,
    /// NEW − BASE; for shares, which are often 0.
    Difference,
}

/// The percentiles that are compared.
const PERCENTILES: [f64; 3] = [50.0, 95.0, 99.0];

impl Measure {
    /// A figure of a distribution, at a percentile from 0 to 100.
    pub const fn percentile(metric: Metric, percentile: f64) -> Self {
        Self { metric, statistic: Some(Statistic::Percentile(percentile)) }
    }

    /// A metric that is one number for the window.
    pub const fn window(metric: Metric) -> Self {
        Self { metric, statistic: None }
    }

    /// Everything that is compared, in the order shown.
    pub fn all() -> Vec<Self> {
        let latencies =
            [Metric::Ttft, Metric::Itl, Metric::Icl, Metric::Tpot, Metric::E2e, Metric::Response];
        let latencies = latencies
            .into_iter()
            .flat_map(|metric| PERCENTILES.map(|at| Self::percentile(metric, at)));
        let windows = [
            Metric::RequestThroughput,
            Metric::OutputTokenThroughput,
            Metric::EmbeddingThroughput,
            Metric::DocumentThroughput,
            Metric::Goodput,
            Metric::ErrorRate,
        ];
        latencies.chain(windows.map(Self::window)).collect()
    }

    /// The measure of that name, `ttft.p50` or `error_rate`.
    ///
    /// # Errors
    ///
    /// What is wrong with the name, and what would be right.
    pub fn from_key(key: &str) -> Result<Self, MeasureError> {
        let refused = |reason: &str| MeasureError { found: key.to_owned(), reason: reason.into() };
        let (name, statistic) = match key.split_once('.') {
            Some((name, statistic)) => (name, Some(statistic)),
            None => (key, None),
        };
        let metric = Metric::from_key(name)
            .ok_or_else(|| refused("no such metric; docs/metrics.md lists them"))?;
        if metric.info().direction == Direction::Neither {
            return Err(refused("neither more nor less of it is better"));
        }
        match (metric.info().kind, statistic) {
            (Kind::Window, None) => Ok(Self::window(metric)),
            (Kind::Window, Some(_)) => {
                Err(refused("it is one number for the window; leave the statistic out"))
            }
            (Kind::Distribution, Some(text)) => {
                let statistic = statistic_of(text).ok_or_else(|| {
                    refused(
                        "write mean, or one of p1, p5, p10, p25, p50, p75, p90, p95, p99, p99.9",
                    )
                })?;
                Ok(Self { metric, statistic: Some(statistic) })
            }
            (Kind::Distribution, None) => {
                Err(refused("it is a distribution; add a statistic, as in `ttft.p50`"))
            }
        }
    }

    /// How two values of it are held against each other.
    pub fn scale(self) -> Scale {
        match self.metric {
            Metric::ErrorRate | Metric::SloAttainment => Scale::Difference,
            _ => Scale::Ratio,
        }
    }

    /// Whether more of it is worse.
    pub fn lower_is_better(self) -> bool {
        self.metric.info().direction == Direction::Lower
    }

    /// Its value in `measured`, in the shown unit; `None` where it does not exist.
    pub fn value(self, measured: &Measured) -> Option<f64> {
        match self.statistic {
            Some(statistic) => measured.figure(self.metric, statistic),
            None => measured.window(self.metric),
        }
    }

    /// Whether `measured` has enough values for it; only percentiles can lack them.
    pub fn is_supported(self, measured: &Measured) -> bool {
        let figures = measured.distribution(self.metric);
        self.statistic.zip(figures).is_none_or(|(statistic, figures)| figures.supports(statistic))
    }

    /// Whether it rests on a count of output tokens.
    pub const fn counts_output(self) -> bool {
        matches!(self.metric, Metric::Tpot | Metric::Itl | Metric::OutputTokenThroughput)
    }
}

/// `ttft.p50`
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.statistic {
            Some(statistic) => write!(f, "{}.{statistic}", self.metric.key()),
            None => f.write_str(self.metric.key()),
        }
    }
}

/// Why a text names no measure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` cannot be compared: {reason}")]
pub struct MeasureError {
    /// The text found.
    pub found: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

fn statistic_of(text: &str) -> Option<Statistic> {
    let all = Statistic::PERCENTILES.iter().map(|&at| Statistic::Percentile(at));
    all.chain([Statistic::Mean]).find(|statistic| statistic.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn names_lead_back_to_their_measures() {
        for measure in Measure::all() {
            assert_eq!(Measure::from_key(&measure.to_string()), Ok(measure));
        }
        assert_eq!(Measure::from_key("e2e.mean").unwrap().to_string(), "e2e.mean");
    }

    #[test]
    fn a_wrong_name_is_refused_with_what_would_be_right() {
        let reasons = ["latency", "ttft", "ttft.p42", "error_rate.p50", "output_tokens.p50"]
            .map(|key| Measure::from_key(key).unwrap_err().to_string());
        insta::assert_snapshot!(reasons.join("\n"), @r"
        `latency` cannot be compared: no such metric; docs/metrics.md lists them
        `ttft` cannot be compared: it is a distribution; add a statistic, as in `ttft.p50`
        `ttft.p42` cannot be compared: write mean, or one of p1, p5, p10, p25, p50, p75, p90, p95, p99, p99.9
        `error_rate.p50` cannot be compared: it is one number for the window; leave the statistic out
        `output_tokens.p50` cannot be compared: neither more nor less of it is better
        ");
    }
}
