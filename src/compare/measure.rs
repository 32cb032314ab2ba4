//! What is compared: a metric, and which figure of it.

use std::fmt;

use crate::metric::{Direction, FigureKey, Metric, Statistic, SyntaxError};
use crate::result::Measured;
use crate::units::float;

/// A figure of which more is better or worse, so that two of it can be compared; written as the
/// figure itself, `ttft.p50`, `error_rate`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure(FigureKey);

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
        Self(FigureKey::Statistic(metric, Statistic::Percentile(percentile)))
    }

    /// A metric that is one number for the window.
    pub const fn window(metric: Metric) -> Self {
        Self(FigureKey::Window(metric))
    }

    /// The figure.
    pub const fn figure(self) -> FigureKey {
        self.0
    }

    /// Its metric.
    pub const fn metric(self) -> Metric {
        self.0.metric()
    }

    /// Its statistic; `None` for a metric that is one number for the window.
    pub const fn statistic(self) -> Option<Statistic> {
        self.0.statistic()
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
        let refused = |reason: String| MeasureError { found: key.to_owned(), reason };
        let figure: FigureKey = key
            .parse()
            .map_err(|error: SyntaxError| refused(format!("{}; {}", error.message, error.hint)))?;
        let counts = match figure.statistic() {
            Some(Statistic::Count | Statistic::Stddev) => true,
            None
            | Some(Statistic::Mean | Statistic::Min | Statistic::Max | Statistic::Percentile(_)) => {
                false
            }
        };
        if counts || figure.metric().info().direction == Direction::Neither {
            return Err(refused("neither more nor less of it is better".to_owned()));
        }
        Ok(Self(figure))
    }

    /// How two values of it are held against each other.
    pub fn scale(self) -> Scale {
        match self.metric() {
            Metric::ErrorRate | Metric::SloAttainment => Scale::Difference,
            _ => Scale::Ratio,
        }
    }

    /// Whether more of it is worse.
    pub fn lower_is_better(self) -> bool {
        self.metric().info().direction == Direction::Lower
    }

    /// Its value in `measured`, in the shown unit; `None` where it does not exist, or only the
    /// histogram could tell it and that is missing or damaged.
    pub fn value(self, measured: &Measured) -> Option<f64> {
        measured.value(self.0).ok().flatten()
    }

    /// Whether `measured` has enough values for it; only percentiles can lack them.
    pub fn is_supported(self, measured: &Measured) -> bool {
        let Some(percentile) = self.0.percentile() else { return true };
        let figures = measured.distribution(self.metric());
        figures.is_none_or(|figures| float(figures.count) >= Statistic::support(percentile))
    }

    /// Whether it rests on a count of output tokens.
    pub const fn counts_output(self) -> bool {
        matches!(self.metric(), Metric::Tpot | Metric::Itl | Metric::OutputTokenThroughput)
    }
}

/// `ttft.p50`
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
        let reasons = ["ttftt.p50", "ttft", "ttft.count", "error_rate.p50", "output_tokens.p50"]
            .map(|key| Measure::from_key(key).unwrap_err().to_string());
        insta::assert_snapshot!(reasons.join("\n"), @r"
        `ttftt.p50` cannot be compared: there is no metric `ttftt`; did you mean `ttft`?
        `ttft` cannot be compared: `ttft` is a distribution, and no figure of it is named; write for example `ttft.p99` or `ttft.mean`
        `ttft.count` cannot be compared: neither more nor less of it is better
        `error_rate.p50` cannot be compared: `error_rate` is one number, without the statistic `.p50`; write `error_rate`
        `output_tokens.p50` cannot be compared: neither more nor less of it is better
        ");
    }
}
