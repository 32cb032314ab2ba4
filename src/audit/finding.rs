//! Findings and what they do to the confidence in a measurement.

use std::fmt;

use super::catalogue::{FindingInfo, FindingKind};

/// One reason to read a measurement with care.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its name in files; never changes meaning.
    pub key: String,
    /// How grave it is.
    pub severity: Severity,
    /// What was seen, for people.
    pub text: String,
    /// The figure it rests on, where it is one.
    pub figure: Option<f64>,
    /// The limit the figure is beyond, where there is one.
    pub limit: Option<f64>,
    /// What can be done about it; empty where nothing need be.
    pub remedy: String,
}

impl Finding {
    /// A finding without figure, with the remedy of its kind.
    pub(super) fn new(kind: FindingKind, severity: Severity, text: String) -> Self {
        let FindingInfo { key, severities, remedy, .. } = kind.info();
        debug_assert!(severities.contains(&severity), "`{key}` cannot be a {severity:?}");
        Self {
            key: key.to_owned(),
            severity,
            text,
            figure: None,
            limit: None,
            remedy: remedy.to_owned(),
        }
    }

    /// With the figure it rests on and the limit the figure is beyond.
    pub(super) fn measured(mut self, figure: f64, limit: f64) -> Self {
        (self.figure, self.limit) = (Some(figure), Some(limit));
        self
    }

    /// Whether it counts in a probe of a search, which is judged by rules of its own.
    pub fn counts_in_probes(&self) -> bool {
        let kind = FindingKind::ALL.iter().find(|kind| kind.info().key == self.key);
        kind.is_some_and(|kind| kind.counts_in_probes())
    }

    /// As what was seen of one workload of several.
    pub(super) fn about(self, workload: &str) -> Self {
        Self { text: format!("{workload}: {}", self.text), ..self }
    }

    /// With another remedy than that of its kind.
    pub(super) fn remedy(mut self, remedy: &str) -> Self {
        remedy.clone_into(&mut self.remedy);
        self
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the figures stand.
    Note,
    /// Some figures do not mean what they seem to.
    Reservation,
    /// The figures are not those of what was asked for.
    Untrusted,
}

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 3] = [Self::Note, Self::Reservation, Self::Untrusted];

    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Reservation => "reservation",
            Self::Untrusted => "untrusted",
        }
    }

    /// The severity of that name, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.key() == key)
    }
}

/// Whether a measurement is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Nothing was found but notes.
    Trusted,
    /// Some figures do not mean what they seem to.
    WithReservations,
    /// The figures are not those of what was asked for.
    NotToBeTrusted,
}

impl Confidence {
    /// Every confidence, the best first.
    pub const ALL: [Self; 3] = [Self::Trusted, Self::WithReservations, Self::NotToBeTrusted];

    /// What the gravest of the findings leaves.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        match findings.into_iter().map(|finding| finding.severity).max() {
            None | Some(Severity::Note) => Self::Trusted,
            Some(Severity::Reservation) => Self::WithReservations,
            Some(Severity::Untrusted) => Self::NotToBeTrusted,
        }
    }

    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::WithReservations => "with_reservations",
            Self::NotToBeTrusted => "not_to_be_trusted",
        }
    }

    /// The confidence of that name, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|confidence| confidence.key() == key)
    }
}

/// As people read it: `trusted`, `with reservations`, `not to be trusted`.
impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trusted => "trusted",
            Self::WithReservations => "with reservations",
            Self::NotToBeTrusted => "not to be trusted",
        })
    }
}

/// A share as findings show it: `12.5%`, `less than 0.1%`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.1 {
        return "less than 0.1%".to_owned();
    }
    format!("{}%", (percent * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::{Confidence, Finding, FindingKind, Severity, percent};

    fn findings(severities: &[Severity]) -> Vec<Finding> {
        let some = Finding::new(FindingKind::NoWarmup, Severity::Note, String::new());
        let finding = |severity: &Severity| Finding { severity: *severity, ..some.clone() };
        severities.iter().map(finding).collect()
    }

    #[test]
    fn the_gravest_finding_sets_the_confidence() {
        use Severity::{Note, Reservation, Untrusted};
        assert_eq!(Confidence::of(&findings(&[])), Confidence::Trusted);
        assert_eq!(Confidence::of(&findings(&[Note])), Confidence::Trusted);
        let some = findings(&[Reservation, Note]);
        assert_eq!(Confidence::of(&some), Confidence::WithReservations);
        let all = findings(&[Note, Untrusted, Reservation]);
        assert_eq!(Confidence::of(&all), Confidence::NotToBeTrusted);
    }

    #[test]
    fn names_lead_back() {
        for severity in Severity::ALL {
            assert_eq!(Severity::from_key(severity.key()), Some(severity));
        }
        for confidence in Confidence::ALL {
            assert_eq!(Confidence::from_key(confidence.key()), Some(confidence));
        }
        assert_eq!((Severity::from_key("x"), Confidence::from_key("x")), (None, None));
    }

    #[test]
    fn shares_are_short() {
        let shown = [0.0, 0.000_1, 0.012_34, 0.5, 1.0].map(percent);
        assert_eq!(shown, ["0%", "less than 0.1%", "1.2%", "50%", "100%"]);
    }
}
