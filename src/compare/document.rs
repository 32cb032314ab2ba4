//! The versioned document of comparisons, as JSON: everything a table shows, and more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::comparison::{
    Basis, Caveat, ComparedCell, Comparison, Effect, Estimate, IntervalSource, Outlook, Side,
};
use super::measure::Scale;
use super::rules::{Rules, SHARE_TOLERANCE};
use crate::units::{count, to_u32};

/// Version of the document; rises when its fields change meaning.
pub const COMPARISON_SCHEMA_VERSION: u32 = 1;

/// Comparisons of one command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparisonDocument {
    /// Version of this document.
    pub schema_version: u32,
    /// Version of pacemark that compared.
    pub pacemark_version: String,
    /// The worst verdict of all comparisons (`regressed`, `inconclusive`, `improved`,
    /// `unchanged`); `null` where none has one.
    pub verdict: Option<String>,
    /// The comparisons: one for each other backend of a run, or one between runs.
    pub comparisons: Vec<ComparisonEntry>,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparisonEntry {
    /// What is compared with.
    pub base: SideEntry,
    /// What is judged.
    pub new: SideEntry,
    /// `rounds`: paired rounds of one run; `baseline`: the spread of stored runs;
    /// `indicative`: no verdict.
    pub basis: String,
    /// Rounds or stored runs it rests on; `null` where it is only indicative.
    pub replicates: Option<u32>,
    /// Why there is no verdict; `null` where there is one.
    pub why_no_verdict: Option<String>,
    /// Why its verdict is withheld, as `inconclusive`: what of it is not to be trusted; `null`
    /// where all is to be trusted.
    #[serde(default)]
    pub withheld: Option<String>,
    /// The rules it was made by.
    pub rules: RulesEntry,
    /// `regressed`, `inconclusive`, `improved` or `unchanged`; `null` where none can be given.
    pub verdict: Option<String>,
    /// What makes it unfair, or must be known beside it.
    pub caveats: Vec<CaveatEntry>,
    /// What was compared.
    pub cells: Vec<ComparedCellEntry>,
}

/// One side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SideEntry {
    /// A backend, or a run.
    pub label: String,
    /// Names of the runs it is taken from.
    pub runs: Vec<String>,
}

/// The rules of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RulesEntry {
    /// Relative size from which on a difference matters.
    pub tolerance: f64,
    /// Difference of shares from which on it matters.
    pub share_tolerance: f64,
    /// Confidence of intervals.
    pub confidence: f64,
    /// Whether the whole interval must lie beyond the tolerance.
    pub strict: bool,
}

/// Something that makes a comparison unfair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaveatEntry {
    /// Its name, which never changes meaning.
    pub kind: String,
    /// What was found, for people.
    pub text: String,
}

/// One workload at one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedCellEntry {
    /// Name of the workload.
    pub workload: String,
    /// Its endpoint.
    pub endpoint: String,
    /// Label of the stage.
    pub stage: String,
    /// Backend of the base.
    pub base_backend: String,
    /// Backend of the new side.
    pub new_backend: String,
    /// What makes it unfair here.
    pub caveats: Vec<CaveatEntry>,
    /// The measures.
    pub estimates: Vec<EstimateEntry>,
}

/// One measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateEntry {
    /// `ttft.p50`, `error_rate`.
    pub measure: String,
    /// Unit of `base` and `new`.
    pub unit: String,
    /// Which way is better: `lower` or `higher`.
    pub better: String,
    /// Whether it decides.
    pub decides: bool,
    /// The base's value; `null` where it has none.
    pub base: Option<f64>,
    /// The new side's value.
    pub new: Option<f64>,
    /// Where the percentile of all the base's requests lies, if they were independent: from order
    /// statistics, a description only; `null` where that cannot be told.
    pub base_within: Option<[f64; 2]>,
    /// The same of the new side.
    pub new_within: Option<[f64; 2]>,
    /// Whether every round has enough values for the percentile.
    pub supported: bool,
    /// `ratio` (NEW / BASE) or `difference` (NEW − BASE).
    pub scale: String,
    /// The ratio or difference; `null` where there is none.
    pub size: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// What the interval knows of: `rounds`, `runs`, or `requests` alone; `null` without one.
    pub interval_from: Option<String>,
    /// Rounds (from 0) or numbers of base runs it rests on.
    pub replicates: Vec<u32>,
    /// The ratio or difference of each round.
    pub by_round: Vec<f64>,
    /// One-sided p of being worse, corrected by Holm.
    pub p_regressed: Option<f64>,
    /// One-sided p of being better, corrected by Holm.
    pub p_improved: Option<f64>,
    /// Hodges–Lehmann estimate, on the scale of `size`.
    pub hodges_lehmann: Option<f64>,
    /// Two-sided p of the exact sign-flip test, not corrected.
    pub sign_flip_p: Option<f64>,
    /// Rounds more that would probably settle it; `null` where it is settled, or never would be.
    pub more_rounds: Option<u32>,
    /// `regressed`, `improved`, `unchanged`, `inconclusive`; `null` where none can be given.
    pub verdict: Option<String>,
    /// Why there is no ratio or difference; `null` where there is one.
    pub why_not: Option<String>,
}

impl ComparisonDocument {
    /// The document of `comparisons`.
    pub fn new(comparisons: &[Comparison]) -> Self {
        let worst = comparisons.iter().filter_map(|comparison| comparison.verdict).max();
        Self {
            schema_version: COMPARISON_SCHEMA_VERSION,
            pacemark_version: env!("CARGO_PKG_VERSION").to_owned(),
            verdict: worst.map(|verdict| verdict.key().to_owned()),
            comparisons: comparisons.iter().map(ComparisonEntry::from).collect(),
        }
    }
}

impl From<&Comparison> for ComparisonEntry {
    fn from(comparison: &Comparison) -> Self {
        let (basis, replicates, why) = match &comparison.basis {
            Basis::Rounds(rounds) => ("rounds", Some(*rounds), None),
            Basis::Baseline(runs) => ("baseline", Some(*runs), None),
            Basis::Indicative(why) => ("indicative", None, Some(why.to_string())),
        };
        let Rules { tolerance, confidence, strict, .. } = comparison.rules;
        let doubts: Vec<_> = comparison.doubts().into_iter().collect();
        Self {
            base: (&comparison.base).into(),
            new: (&comparison.new).into(),
            basis: basis.to_owned(),
            replicates: replicates.map(|replicates| to_u32(count(replicates))),
            why_no_verdict: why,
            withheld: (!doubts.is_empty()).then(|| doubts.join("; ")),
            rules: RulesEntry { tolerance, share_tolerance: SHARE_TOLERANCE, confidence, strict },
            verdict: comparison.verdict.map(|verdict| verdict.key().to_owned()),
            caveats: comparison.caveats.iter().map(CaveatEntry::from).collect(),
            cells: comparison.cells.iter().map(ComparedCellEntry::from).collect(),
        }
    }
}

impl From<&Side> for SideEntry {
    fn from(side: &Side) -> Self {
        Self { label: side.label.clone(), runs: side.runs.clone() }
    }
}

impl From<&Caveat> for CaveatEntry {
    fn from(caveat: &Caveat) -> Self {
        Self { kind: caveat.kind.key().to_owned(), text: caveat.text.clone() }
    }
}

impl From<&ComparedCell> for ComparedCellEntry {
    fn from(cell: &ComparedCell) -> Self {
        Self {
            workload: cell.workload.clone(),
            endpoint: cell.endpoint.clone(),
            stage: cell.stage.clone(),
            base_backend: cell.base_backend.clone(),
            new_backend: cell.new_backend.clone(),
            caveats: cell.caveats.iter().map(CaveatEntry::from).collect(),
            estimates: cell.estimates.iter().map(EstimateEntry::from).collect(),
        }
    }
}

impl From<&Estimate> for EstimateEntry {
    fn from(estimate: &Estimate) -> Self {
        let measure = estimate.measure;
        let effect = estimate.effect.as_ref().ok();
        let interval = effect.and_then(|effect| effect.interval);
        let check = effect.and_then(|effect| effect.check.as_ref());
        let finite = |value: f64| value.is_finite().then_some(value);
        let scale = match measure.scale() {
            Scale::Ratio => "ratio",
            Scale::Difference => "difference",
        };
        Self {
            measure: measure.to_string(),
            unit: measure.metric().unit().label().to_owned(),
            better: if measure.lower_is_better() { "lower" } else { "higher" }.to_owned(),
            decides: estimate.decides,
            base: estimate.base,
            new: estimate.new,
            base_within: estimate.base_within.map(|within| [within.low, within.high]),
            new_within: estimate.new_within.map(|within| [within.low, within.high]),
            supported: estimate.supported,
            scale: scale.to_owned(),
            size: effect.and_then(|effect| finite(effect.size)),
            low: interval.and_then(|interval| finite(interval.low)),
            high: interval.and_then(|interval| finite(interval.high)),
            interval_from: effect.and_then(|effect| source(effect.source)).map(str::to_owned),
            replicates: effect.map(|effect| effect.replicates.clone()).unwrap_or_default(),
            by_round: effect.map(|effect| effect.by_replicate.clone()).unwrap_or_default(),
            p_regressed: effect.and_then(|effect| effect.p_regressed),
            p_improved: effect.and_then(|effect| effect.p_improved),
            hodges_lehmann: check.map(|check| check.hodges_lehmann),
            sign_flip_p: check.and_then(|check| check.sign_flip),
            more_rounds: effect.and_then(more_rounds),
            verdict: estimate.verdict.map(|verdict| verdict.key().to_owned()),
            why_not: estimate.effect.as_ref().err().map(ToString::to_string),
        }
    }
}

const fn source(source: IntervalSource) -> Option<&'static str> {
    match source {
        IntervalSource::Rounds => Some("rounds"),
        IntervalSource::Runs => Some("runs"),
        IntervalSource::Requests => Some("requests"),
        IntervalSource::None => None,
    }
}

const fn more_rounds(effect: &Effect) -> Option<u32> {
    match effect.outlook {
        Some(Outlook::MoreRounds(rounds)) => Some(rounds),
        Some(Outlook::NotByRounds) | None => None,
    }
}

/// The JSON Schema of the document, as it stands in `docs/comparison.schema.json`.
pub fn comparison_schema() -> schemars::Schema {
    schemars::schema_for!(ComparisonDocument)
}

#[cfg(test)]
mod tests {
    use super::{ComparisonDocument, comparison_schema};
    use crate::compare::sample::{run, slow_down};
    use crate::compare::{Rules, Subject, compare_backends};

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let committed = include_str!("../../docs/comparison.schema.json");
        let made = serde_json::to_string_pretty(&comparison_schema()).unwrap() + "\n";
        assert!(made == committed, "`pacemark schema comparison` prints what should be committed");
    }

    #[test]
    fn a_document_holds_what_the_comparison_does() {
        let mut run = run(4);
        slow_down(&mut run, 1, &[1.2, 1.21, 1.19, 1.2]);
        let subject = Subject { result: &run, values: None };
        let comparisons = compare_backends(subject, None, &Rules::default()).unwrap();
        let document = ComparisonDocument::new(&comparisons);
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<ComparisonDocument>(&text).unwrap(), document);
        assert_eq!(document.verdict.as_deref(), Some("regressed"));
        let entry = &document.comparisons[0];
        assert_eq!((entry.basis.as_str(), entry.replicates), ("rounds", Some(4)));
        let estimate = &entry.cells[0].estimates[0];
        assert_eq!((estimate.measure.as_str(), estimate.better.as_str()), ("ttft.p50", "lower"));
        assert_eq!(estimate.by_round.len(), 4);
        assert!((estimate.size.unwrap() - 1.2).abs() < 1e-3);
    }
}
