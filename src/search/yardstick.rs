//! How a limit is held against single requests.

use crate::metric::{Comparison, FigureKey, Metric, Statistic, Threshold};

/// What a limit asks of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Yardstick {
    /// At most this share of the requests may be on the wrong side: what a limit on a percentile,
    /// on the error rate or on the SLO attainment comes to.
    Share {
        /// From 0 to 1, neither of the two.
        allowed: f64,
    },
    /// The mean of the requests must stand so to the limit.
    Mean,
    /// Only the figure of a whole probe tells.
    Figure,
}

impl Yardstick {
    /// The yardstick of `limit`.
    pub fn of(limit: &Threshold) -> Self {
        let Threshold { figure, comparison, limit } = *limit;
        let allowed = match figure {
            FigureKey::Statistic(Metric::Itl | Metric::Icl, _) => return Self::Figure,
            FigureKey::Statistic(_, Statistic::Mean) => return Self::Mean,
            FigureKey::Statistic(_, Statistic::Percentile(percentile)) => match comparison {
                Comparison::Less | Comparison::AtMost => 1.0 - percentile / 100.0,
                Comparison::More | Comparison::AtLeast => percentile / 100.0,
            },
            FigureKey::Window(Metric::ErrorRate) => limit,
            FigureKey::Window(Metric::SloAttainment) => 1.0 - limit,
            FigureKey::Statistic(..) | FigureKey::Window(_) => return Self::Figure,
        };
        if allowed > 0.0 && allowed < 1.0 { Self::Share { allowed } } else { Self::Figure }
    }
}

#[cfg(test)]
mod tests {
    use super::Yardstick;

    fn of(limit: &str) -> Yardstick {
        Yardstick::of(&limit.parse().unwrap())
    }

    #[test]
    fn percentiles_and_shares_come_to_a_share_of_requests() {
        for (limit, allowed) in [
            ("ttft.p95 < 1s", 0.05),
            ("decode_rate.p5 > 20 tok/s", 0.05),
            ("error_rate < 1%", 0.01),
            ("slo_attainment >= 99%", 0.01),
        ] {
            let Yardstick::Share { allowed: found } = of(limit) else { panic!("{limit}") };
            assert!((found - allowed).abs() < 1e-12, "{limit}: {found}");
        }
    }

    #[test]
    fn others_rest_on_means_or_on_whole_probes() {
        assert_eq!(of("e2e.mean < 1s"), Yardstick::Mean);
        for limit in ["itl.p99 < 1s", "e2e.max < 1s", "error_rate <= 0%"] {
            assert_eq!(of(limit), Yardstick::Figure, "{limit}");
        }
    }
}
