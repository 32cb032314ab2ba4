//! Whether a request kept to the SLO.

use super::request_metrics::RequestMetrics;
use crate::record::{Outcome, RequestRecord};
use crate::scenario::Slo;

/// Whether a request met every limit: it completed, was not capped, and no metric it has is
/// above its limit. A limit on a metric the request cannot have is left out.
pub(super) fn meets(slo: &Slo, record: &RequestRecord, metrics: &RequestMetrics) -> bool {
    record.outcome == Outcome::Completed { capped: false }
        && slo
            .limits
            .iter()
            .all(|limit| metrics.time(limit.metric).is_none_or(|value| value <= limit.at_most))
}
