//! Single figures of a cell, for formats that list them.

use crate::metric::{FigureKey, Metric, Statistic};
use crate::result::PooledCell;

/// The figures that matter, for what has no room for all.
pub(super) const KEY_FIGURES: [FigureKey; 20] = [
    at(Metric::Ttft, 50.0),
    at(Metric::Ttft, 95.0),
    at(Metric::Ttft, 99.0),
    at(Metric::Itl, 50.0),
    at(Metric::Itl, 95.0),
    at(Metric::Itl, 99.0),
    at(Metric::Tpot, 50.0),
    at(Metric::Tpot, 95.0),
    at(Metric::Tpot, 99.0),
    at(Metric::E2e, 50.0),
    at(Metric::E2e, 95.0),
    at(Metric::E2e, 99.0),
    at(Metric::Response, 50.0),
    at(Metric::Response, 95.0),
    at(Metric::Response, 99.0),
    FigureKey::Window(Metric::RequestThroughput),
    FigureKey::Window(Metric::OutputTokenThroughput),
    FigureKey::Window(Metric::EmbeddingThroughput),
    FigureKey::Window(Metric::Goodput),
    FigureKey::Window(Metric::ErrorRate),
];

const fn at(metric: Metric, percentile: f64) -> FigureKey {
    FigureKey::Statistic(metric, Statistic::Percentile(percentile))
}

/// One figure of a cell.
pub(super) struct ShownFigure {
    /// Which one.
    pub(super) key: FigureKey,
    /// Its value, in the unit it is shown in.
    pub(super) value: f64,
    /// How many values it rests on; `None` for numbers of the window.
    pub(super) count: Option<u64>,
    /// Whether these are enough.
    pub(super) supported: bool,
}

impl ShownFigure {
    /// A name of small letters, digits and dashes, with the unit at its end: `ttft-p50-ms`.
    pub(super) fn slug(&self) -> String {
        let unit = self.key.metric().unit().suffix();
        format!("{}-{unit}", self.key).replace(['.', '_'], "-")
    }
}

/// Those of `keys` that the cell has, in their order.
pub(super) fn shown_figures<'a>(
    cell: &'a PooledCell,
    keys: &'a [FigureKey],
) -> impl Iterator<Item = ShownFigure> + 'a {
    let measured = &cell.measured;
    keys.iter().filter_map(move |&key| match key {
        FigureKey::Window(metric) => {
            let value = measured.window(metric)?;
            Some(ShownFigure { key, value, count: None, supported: true })
        }
        FigureKey::Statistic(metric, statistic) => {
            let figures = measured.distribution(metric)?;
            let value = figures.get(statistic)?;
            let (count, supported) = (Some(figures.count), figures.supports(statistic));
            Some(ShownFigure { key, value, count, supported })
        }
    })
}

/// Every figure that a result keeps.
pub(super) fn all_figures() -> Vec<FigureKey> {
    let statistics =
        [Statistic::Count, Statistic::Mean, Statistic::Stddev, Statistic::Min, Statistic::Max];
    let percentiles = Statistic::PERCENTILES.map(Statistic::Percentile);
    let statistics: Vec<_> = statistics.into_iter().chain(percentiles).collect();
    let distributions = Metric::distributions().flat_map(|metric| {
        statistics.iter().map(move |&statistic| FigureKey::Statistic(metric, statistic))
    });
    distributions.chain(Metric::windows().map(FigureKey::Window)).collect()
}
