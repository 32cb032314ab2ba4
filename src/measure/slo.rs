//! Whether a request kept to the SLO.

use super::request_metrics::RequestMetrics;
use crate::scenario::Slo;

/// Whether a request met every limit: it `is_whole`, so it completed and was not capped, and no
/// metric it has is above its limit. A limit on a metric the request cannot have is left out.
pub(super) fn meets(slo: &Slo, is_whole: bool, metrics: &RequestMetrics) -> bool {
    is_whole
        && slo
            .limits
            .iter()
            .all(|limit| metrics.time(limit.metric).is_none_or(|value| value <= limit.at_most))
}
