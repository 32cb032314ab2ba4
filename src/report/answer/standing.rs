//! One backend against another in one measure, in words.

use crate::compare::{ComparedCell, Estimate, Interval, Outlook, Rules, Scale, Verdict};
use crate::metric::{Direction, Metric, Statistic};
use crate::report::comparison::{amount, bounds, phrase, share};
use crate::report::contrast::LEVEL;
use crate::report::numbers::counted;

/// How one backend stands to another in one measure.
pub(super) struct Standing {
    pub(super) metric: Metric,
    pub(super) statistic: Option<Statistic>,
    pub(super) ratio: f64,
    pub(super) values: [String; 2],
    pub(super) within: Option<Interval>,
    pub(super) outcome: Outcome,
}

/// What it comes to.
pub(super) enum Outcome {
    Better,
    Worse,
    Level,
    /// The rounds do not tell; what would settle it.
    Open(String),
}

impl Outcome {
    pub(super) fn of(estimate: &Estimate) -> Self {
        match estimate.verdict {
            Some(Verdict::Improved) => Self::Better,
            Some(Verdict::Regressed) => Self::Worse,
            Some(Verdict::Unchanged) => Self::Level,
            Some(Verdict::Inconclusive) | None => {
                let outlook = estimate.effect.as_ref().ok().and_then(|effect| effect.outlook);
                Self::Open(match outlook {
                    Some(Outlook::MoreRounds(rounds)) => {
                        format!("; about {} would settle it", counted(rounds.into(), "more round"))
                    }
                    Some(Outlook::NotByRounds) | None => String::new(),
                })
            }
        }
    }
}

impl Standing {
    /// The same where only the values tell.
    pub(super) fn by_values(self) -> Self {
        let better = match self.metric.info().direction {
            Direction::Lower => self.ratio < 1.0,
            Direction::Higher | Direction::Neither => self.ratio > 1.0,
        };
        let outcome = match better {
            _ if (self.ratio - 1.0).abs() < LEVEL => Outcome::Level,
            true => Outcome::Better,
            false => Outcome::Worse,
        };
        Self { outcome, ..self }
    }

    /// `answers its first token 1.8 times sooner than ollama`
    pub(super) fn words(&self, against: &str) -> String {
        // That it counts from the due moment stands beside the values.
        let phrase = phrase(match self.metric {
            Metric::TtftDue => Metric::Ttft,
            Metric::Response => Metric::E2e,
            other => other,
        });
        let word = if self.ratio >= 1.0 { phrase.more } else { phrase.less };
        let amount = amount(self.ratio);
        // `3.3 times the tokens` is clearer than `3.3 times more tokens`.
        match (word.strip_prefix("more "), amount.ends_with("times")) {
            (Some(what), true) => {
                format!("{} {amount} the {what}{}", phrase.verb, against.replacen("than", "of", 1))
            }
            _ => format!("{} {amount} {word}{against}", phrase.verb),
        }
    }

    /// ` (28.1 against 853.5 ms at p50; 95% sure between 28 and 31 times)`
    pub(super) fn values(&self) -> String {
        let [ahead, next] = &self.values;
        let unit = self.metric.unit().label();
        let at = self.statistic.map(|statistic| format!(" at {statistic}")).unwrap_or_default();
        let due = match self.metric {
            Metric::TtftDue | Metric::Response => " from when due",
            _ => "",
        };
        let sure = share(Rules::default().confidence);
        let within = self
            .within
            .map(|within| format!("; {sure} sure between {}", bounds(self.ratio, within)));
        format!(" ({ahead} against {next} {unit}{at}{due}{})", within.unwrap_or_default())
    }
}

/// What a comparison says of a measure in a cell; `None` where it is not compared.
pub(super) fn estimate(
    cell: &ComparedCell,
    metric: Metric,
    statistic: Option<Statistic>,
) -> Option<&Estimate> {
    let is_meant = |one: &&Estimate| {
        one.measure.metric() == metric
            && one.measure.statistic() == statistic
            && one.measure.scale() == Scale::Ratio
    };
    cell.estimates.iter().find(is_meant)
}
