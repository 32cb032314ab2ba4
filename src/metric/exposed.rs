//! What a metric is called where Prometheus reads it.

use super::catalogue::{Metric, Unit};

/// The name and base unit of a metric in the formats of Prometheus.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposed {
    /// The name without a prefix, ending with its unit: `ttft_seconds`.
    pub name: String,
    /// The base unit: `seconds`, `tokens`, `requests_per_second`, `ratio`, …
    pub unit: &'static str,
    /// How many shown units make one base unit: 1000 for milliseconds, which are told in seconds.
    pub shown_per_base: f64,
}

impl Exposed {
    /// A shown value in the base unit, to the billionth: times to the nanosecond.
    pub fn in_base(&self, shown: f64) -> f64 {
        (shown / self.shown_per_base * 1e9).round() / 1e9
    }
}

impl Metric {
    /// What the metric is called where Prometheus reads it.
    ///
    /// # Source
    ///
    /// Base units and names that end with them: <https://prometheus.io/docs/practices/naming/>
    pub fn exposed(self) -> Exposed {
        let key = self.key();
        let (unit, shown_per_base) = match self.unit() {
            Unit::Milliseconds => ("seconds", 1e3),
            Unit::Tokens => ("tokens", 1.0),
            Unit::TokensPerSecond => ("tokens_per_second", 1.0),
            Unit::RequestsPerSecond => ("requests_per_second", 1.0),
            Unit::ItemsPerSecond => ("items_per_second", 1.0),
            Unit::DocumentsPerSecond => ("documents_per_second", 1.0),
            Unit::Share => ("ratio", 1.0),
            Unit::Requests => ("requests", 1.0),
        };
        // `output_tokens` ends with its unit as it is.
        let ends_so = key.ends_with(&format!("_{unit}"));
        let name = if ends_so { key.to_owned() } else { format!("{key}_{unit}") };
        Exposed { name, unit, shown_per_base }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::metric::Metric;

    #[test]
    fn a_name_ends_with_its_unit_once() {
        let names = Metric::ALL.iter().map(|metric| metric.exposed());
        for exposed in names.clone() {
            assert!(exposed.name.ends_with(&format!("_{}", exposed.unit)), "{}", exposed.name);
        }
        let different: BTreeSet<_> = names.map(|exposed| exposed.name).collect();
        assert_eq!(different.len(), Metric::ALL.len());
        assert_eq!(Metric::Ttft.exposed().name, "ttft_seconds");
        assert_eq!(Metric::OutputTokens.exposed().name, "output_tokens");
    }

    #[test]
    fn times_are_told_in_seconds_to_the_nanosecond() {
        assert_eq!(Metric::Ttft.exposed().in_base(50.000_000_4).to_string(), "0.05");
        assert_eq!(Metric::ErrorRate.exposed().in_base(0.25).to_string(), "0.25");
    }
}
