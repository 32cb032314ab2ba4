//! Checks of what a gateway says it did to requests.

use super::catalogue::FindingKind;
use super::cell::CellFacts;
use super::finding::{Finding, Severity};
use crate::measure::CellSummary;
use crate::units::ratio;

/// From more than one in a hundred on, a p99 rests on them.
pub(super) const SHARE: f64 = 0.01;

pub(super) fn sent_again_behind_our_back(
    summary: &CellSummary,
    _: &CellFacts<'_>,
) -> Option<Finding> {
    let gateway = &summary.gateway;
    let share = ratio(gateway.retried.max(gateway.fell_back), gateway.told)?;
    let text = format!(
        "of {} requests the gateway sent {} again and gave {} to another model; their latencies \
         include it, and failures of the server behind it do not show",
        gateway.told, gateway.retried, gateway.fell_back
    );
    found(FindingKind::GatewayRetried, share, text)
}

pub(super) fn answered_from_a_cache(summary: &CellSummary, _: &CellFacts<'_>) -> Option<Finding> {
    let gateway = &summary.gateway;
    let share = ratio(gateway.cached, gateway.told)?;
    let text = format!(
        "the gateway answered {} of {} requests from its own cache; the server behind it never saw \
         them",
        gateway.cached, gateway.told
    );
    found(FindingKind::GatewayCached, share, text)
}

fn found(kind: FindingKind, share: f64, text: String) -> Option<Finding> {
    let severity = if share > SHARE { Severity::Reservation } else { Severity::Note };
    (share > 0.0).then(|| Finding::new(kind, severity, text).measured(share, SHARE))
}
