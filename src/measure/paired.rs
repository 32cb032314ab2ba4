//! What one way to a server adds to another, from requests that went both ways.
//!
//! Two pairs that went in opposite orders make one value, the mean of their differences: whatever
//! the second request of a pair gains from the first (a prompt in the server's cache, a warm
//! connection) or loses to it is in one difference with a plus and in the other with a minus.

use std::time::Duration;

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::request_metrics::RequestMetrics;
use crate::units::{count, float, index, millis, whole};

/// Two-sided confidence of the interval of a mean.
const CONFIDENCE: f64 = 0.95;

/// A request that went both ways.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestPair {
    /// Its number, from 0; pairs 2n and 2n + 1 went in opposite orders.
    pub number: u64,
    /// Whether it went through the gateway first.
    pub gateway_first: bool,
    /// Through the gateway.
    pub gateway: PairSide,
    /// To the server itself.
    pub direct: PairSide,
}

/// One way of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct PairSide {
    /// What was measured.
    pub metrics: RequestMetrics,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// How long the request took a gateway by its own clock, until its answer began.
    pub told_response: Option<Duration>,
    /// Whether a gateway answered from its own cache.
    pub from_cache: bool,
    /// Whether a gateway sent it again, or gave it to another model.
    pub sent_again: bool,
}

/// What may be added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Added {
    /// Time to first token.
    Ttft,
    /// Time per output token: the mean gap of an answer.
    Tpot,
    /// End-to-end latency.
    E2e,
}

/// What is added, over all pairs; times in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedTime {
    /// Values: half as many as pairs.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The 95 % interval of the mean, by Student's t.
    pub interval: [f64; 2],
    /// The 5th, 25th, 50th, 75th and 95th percentile of the values.
    pub percentiles: [f64; 5],
    /// The mean of the direct requests.
    pub direct: f64,
    /// The mean of those through the gateway.
    pub gateway: f64,
}

impl Added {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ttft, Self::Tpot, Self::E2e];

    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ttft => "ttft",
            Self::Tpot => "tpot",
            Self::E2e => "e2e",
        }
    }

    /// Its value of one request, in milliseconds.
    pub fn of(self, side: &PairSide) -> Option<f64> {
        let metrics = &side.metrics;
        let time = match self {
            Self::Ttft => metrics.ttft,
            Self::Tpot => metrics.tpot,
            Self::E2e => metrics.e2e,
        };
        time.filter(|_| side.failure.is_none()).map(millis)
    }
}

impl AddedTime {
    /// What `pairs` say of `added`; `None` for fewer than two values.
    pub fn of(added: Added, pairs: &[RequestPair]) -> Option<Self> {
        let difference = |number: u64| {
            let pair = pairs.iter().find(|pair| pair.number == number)?;
            Some((added.of(&pair.gateway)?, added.of(&pair.direct)?))
        };
        let doubles = pairs.iter().filter(|pair| pair.number % 2 == 0);
        let doubles: Vec<_> = doubles
            .filter_map(|pair| Some([difference(pair.number)?, difference(pair.number + 1)?]))
            .collect();
        let mut values: Vec<_> = doubles
            .iter()
            .map(|pair| pair.iter().map(|(gateway, direct)| gateway - direct).sum::<f64>() / 2.0)
            .collect();
        let n = float(count(values.len()));
        if values.len() < 2 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let student = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
        let half = student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * (variance / n).sqrt();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[index(whole((share * (n - 1.0)).round()))];
        let side = |pick: fn(&(f64, f64)) -> f64| {
            doubles.iter().flatten().map(pick).sum::<f64>() / (2.0 * n)
        };
        Some(Self {
            count: count(values.len()),
            mean,
            interval: [mean - half, mean + half],
            percentiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(at),
            direct: side(|(_, direct)| *direct),
            gateway: side(|(gateway, _)| *gateway),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Added, AddedTime, PairSide, RequestPair};
    use crate::measure::RequestMetrics;
    use crate::measure::samples::{plain, with_output};

    fn side(e2e_ms: f64) -> PairSide {
        let mut metrics = RequestMetrics::of(&with_output(plain(), 3));
        metrics.e2e = Some(Duration::from_secs_f64(e2e_ms / 1e3));
        PairSide {
            metrics,
            failure: None,
            told_response: None,
            from_cache: false,
            sent_again: false,
        }
    }

    /// The gateway adds `added`, and whoever is second is 30 ms faster.
    fn pair(number: u64, added: f64) -> RequestPair {
        let gateway_first = number % 2 == 1;
        let (gateway, direct) = if gateway_first { (0.0, 30.0) } else { (30.0, 0.0) };
        RequestPair {
            number,
            gateway_first,
            gateway: side(100.0 + added - gateway),
            direct: side(100.0 - direct),
        }
    }

    #[test]
    fn what_the_second_gains_is_in_no_value() {
        let pairs: Vec<_> = (0..40)
            .map(|number| pair(number, 8.0 + f64::from(u8::try_from(number / 2 % 2).unwrap())))
            .collect();
        let added = AddedTime::of(Added::E2e, &pairs).unwrap();
        assert_eq!(added.count, 20);
        assert!((added.mean - 8.5).abs() < 1e-6, "{added:?}");
        assert!(
            (added.percentiles[0] - 8.0).abs() < 1e-6 && (added.percentiles[4] - 9.0).abs() < 1e-6
        );
        assert!(added.interval[0] < 8.5 && added.interval[1] > 8.5 && added.interval[1] < 9.0);
        assert!((added.gateway - added.direct - 8.5).abs() < 1e-6, "{added:?}");
    }

    #[test]
    fn a_pair_with_a_failure_takes_its_other_half_along() {
        let mut pairs: Vec<_> = (0..8).map(|number| pair(number, 8.0)).collect();
        pairs[2].direct.failure = Some("gone".to_owned());
        assert_eq!(AddedTime::of(Added::E2e, &pairs).unwrap().count, 3);
        assert_eq!(AddedTime::of(Added::Ttft, &pairs), None, "no stream, no first token");
        assert_eq!(AddedTime::of(Added::E2e, &pairs[..2]), None);
    }
}
