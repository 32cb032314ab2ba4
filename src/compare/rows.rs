//! Values of single requests, as far as a comparison needs them.

use std::collections::BTreeMap;

use crate::metric::Metric;

/// The values of single requests by cell and metric, in the order in which the requests ended,
/// in shown units. Only completed requests of the measured window are in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestValues {
    cells: BTreeMap<u32, BTreeMap<Metric, Vec<f64>>>,
}

impl RequestValues {
    /// The metrics of which every request has one value, and which are compared.
    pub const METRICS: [Metric; 4] = [Metric::Ttft, Metric::Tpot, Metric::E2e, Metric::Response];

    /// Adds the value of a request that ended after all those added before to its cell.
    pub fn push(&mut self, cell: u32, metric: Metric, value: f64) {
        self.cells.entry(cell).or_default().entry(metric).or_default().push(value);
    }

    /// The values of `metric` in `cell`; empty where there are none.
    pub fn of(&self, cell: u32, metric: Metric) -> &[f64] {
        self.cells.get(&cell).and_then(|metrics| metrics.get(&metric)).map_or(&[], Vec::as_slice)
    }
}
