//! The distributions of a block as curves: by percentile, cumulated, and as a histogram.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::short::short;
use crate::measure::{figure, supported};
use crate::metric::{Metric, Statistic, Unit};
use crate::report::blocks::Block;
use crate::units::{count, float, index, whole};

/// The percentiles below the 90th that the spectrum is drawn through.
const LOWER: [f64; 13] =
    [0.0, 5.0, 10.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 75.0, 80.0, 85.0];
/// Those of the last decade, as parts of it; they repeat, each decade ten times rarer.
const UPPER: [f64; 10] = [10.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.5];
/// Decades drawn: up to p99.9999.
const DECADES: i32 = 5;
/// The percentiles that the cumulated curve is drawn through.
const CUMULATED: [f64; 28] = [
    0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 65.0,
    70.0, 75.0, 80.0, 85.0, 90.0, 92.5, 95.0, 97.0, 98.0, 99.0, 99.5,
];
/// Bars of a histogram.
const BINS: usize = 40;
/// What lies outside of these percentiles is added to the outer bars, so that a single outlier does
/// not squeeze all others together.
const OUTER: [f64; 2] = [0.5, 99.5];

/// The curves of one metric, a line for each row of a block.
#[derive(Debug, Serialize)]
pub(super) struct Shapes {
    /// Key of the metric.
    metric: &'static str,
    /// What it is called in charts.
    name: String,
    unit: &'static str,
    /// `1 / (1 - q)` of the points of the spectrum.
    scale: Vec<f64>,
    lines: Vec<ShapeLine>,
    /// Edges of the bars, one more than there are bars.
    edges: Vec<f64>,
}

/// The curves of one row.
#[derive(Debug, Serialize)]
struct ShapeLine {
    /// Index of the line on the page.
    line: usize,
    /// Values at the points of the spectrum, as far as there is one value in each tail.
    spectrum: Vec<Option<f64>>,
    /// How many points from the first on rest on enough values.
    supported: usize,
    /// Value and share at each point of the cumulated curve.
    cumulated: Vec<(f64, f64)>,
    /// Share of the values in each bar.
    bars: Vec<f64>,
}

/// The curves of `metric` in `block`, whose rows are the `lines` of the page; `None` where it has no
/// values.
pub(super) fn shapes(
    block: &Block<'_>,
    lines: &[usize],
    metric: Metric,
    name: String,
) -> Option<Shapes> {
    let histograms: Vec<_> = block
        .rows
        .iter()
        .zip(lines)
        .filter_map(|(row, line)| Some((*line, row.cell.measured.histogram(metric)?)))
        .filter(|(_, histogram)| !histogram.is_empty())
        .collect();
    if histograms.is_empty() {
        return None;
    }
    let unit = metric.unit();
    let edges = edges(&histograms, unit);
    let percentiles = spectrum_percentiles();
    let lines = histograms.iter().map(|(line, histogram)| ShapeLine {
        line: *line,
        spectrum: percentiles.iter().map(|at| in_tail(histogram, unit, *at)).collect(),
        supported: percentiles
            .iter()
            .filter(|at| **at < 50.0 || supported(**at, histogram.len()))
            .count(),
        cumulated: cumulated(histogram, unit),
        bars: bars(histogram, unit, &edges),
    });
    let lines: Vec<_> = lines.collect();
    let longest = lines.iter().map(|line| line.spectrum.iter().flatten().count()).max();
    let scale = percentiles.iter().take(longest.unwrap_or(0));
    Some(Shapes {
        metric: metric.key(),
        name,
        unit: unit.label(),
        scale: scale.map(|at| short(100.0 / (100.0 - at))).collect(),
        lines: lines
            .into_iter()
            .map(|mut line| {
                line.spectrum.truncate(longest.unwrap_or(0));
                line
            })
            .collect(),
        edges: edges.iter().map(|edge| short(*edge)).collect(),
    })
}

/// The percentiles of a spectrum, ascending.
fn spectrum_percentiles() -> Vec<f64> {
    let upper = (0..DECADES)
        .flat_map(|decade| UPPER.iter().map(move |part| 100.0 - part / 10_f64.powi(decade)));
    LOWER.into_iter().chain(upper).collect()
}

fn at(histogram: &Histogram<u64>, unit: Unit, percentile: f64) -> Option<f64> {
    figure(histogram, unit, Statistic::Percentile(percentile))
}

/// The value at a percentile that leaves at least one value above it.
fn in_tail(histogram: &Histogram<u64>, unit: Unit, percentile: f64) -> Option<f64> {
    let above = float(histogram.len()) * (100.0 - percentile) / 100.0;
    (above > 1.0 - 1e-6 || percentile <= 0.0)
        .then(|| at(histogram, unit, percentile))
        .flatten()
        .map(short)
}

fn cumulated(histogram: &Histogram<u64>, unit: Unit) -> Vec<(f64, f64)> {
    let points = CUMULATED
        .iter()
        .filter_map(|percentile| Some((short(at(histogram, unit, *percentile)?), *percentile)));
    let largest = figure(histogram, unit, Statistic::Max).map(|most| (short(most), 100.0));
    points.chain(largest).collect()
}

/// The edges of bars on a logarithmic scale that hold nearly all values of all `histograms`.
fn edges(histograms: &[(usize, Histogram<u64>)], unit: Unit) -> Vec<f64> {
    // A distribution may begin at 0, where a logarithmic scale does not.
    let least = 1.0 / unit.recorded_per_shown();
    let of = |percentile: f64| {
        histograms.iter().filter_map(move |(_, histogram)| at(histogram, unit, percentile))
    };
    let low = of(OUTER[0]).fold(f64::INFINITY, f64::min).max(least);
    let high = of(OUTER[1]).fold(low, f64::max);
    // Equal values still need a bar to stand in.
    let (low, high) = if high / low < 1.05 { (low * 0.95, high * 1.05) } else { (low, high) };
    let step = (high / low).ln() / float(count(BINS));
    (0..=BINS).map(|bin| low * (step * float(count(bin))).exp()).collect()
}

/// The share of the values in each bar, in percent.
fn bars(histogram: &Histogram<u64>, unit: Unit, edges: &[f64]) -> Vec<f64> {
    let [Some(low), Some(high)] = [edges.first(), edges.last()] else { return Vec::new() };
    let width = (high / low).ln() / float(count(BINS));
    let mut bars = vec![0.0; BINS];
    for step in histogram.iter_recorded() {
        let value = float(step.value_iterated_to()) / unit.recorded_per_shown();
        // `whole` rounds, and gives 0 for what lies below.
        let bin = index(whole((value.max(*low) / low).ln() / width - 0.5)).min(BINS - 1);
        bars[bin] += float(step.count_since_last_iteration());
    }
    let all = float(histogram.len().max(1));
    bars.into_iter().map(|values| short(values * 100.0 / all)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Shapes, shapes, spectrum_percentiles};
    use crate::metric::Metric;
    use crate::report::blocks::blocks;
    use crate::result::sample;

    fn of(metric: Metric) -> Option<Shapes> {
        let result = sample::result(1);
        let blocks = blocks(&result, false).unwrap();
        shapes(&blocks[0], &[0, 1], metric, "TTFT".to_owned())
    }

    #[test]
    fn the_spectrum_rises_through_the_percentiles_that_people_name() {
        let percentiles = spectrum_percentiles();
        assert!(percentiles.is_sorted_by(|left, right| left < right));
        for named in [0.0, 50.0, 90.0, 95.0, 99.0, 99.9] {
            let near = |at: &f64| (at - named).abs() < 1e-9;
            assert!(percentiles.iter().any(near), "{named}");
        }
    }

    #[test]
    fn curves_hold_what_the_result_holds() {
        let shapes = of(Metric::Ttft).unwrap();
        let [ollama, slow] = &shapes.lines[..] else { panic!("{shapes:?}") };
        // 1000 values from 40 to 80 ms, and 188 from 60 to 120 ms.
        let at = |line: &super::ShapeLine, scale: f64| {
            let place = shapes.scale.iter().position(|at| (at - scale).abs() < 1e-6).unwrap();
            line.spectrum[place]
        };
        assert!((at(ollama, 2.0).unwrap() - 60.0).abs() < 0.1);
        assert!((at(slow, 2.0).unwrap() - 90.0).abs() < 0.3);
        assert!(at(ollama, 1_000.0).is_some() && at(slow, 1_000.0).is_none());
        assert_eq!(shapes.scale.len(), ollama.spectrum.len());
        assert!(slow.supported < ollama.supported);
        for line in [ollama, slow] {
            let sum: f64 = line.bars.iter().sum();
            assert!((sum - 100.0).abs() < 0.1, "{sum}");
            assert!(line.cumulated.is_sorted());
        }
    }

    #[test]
    fn what_was_not_measured_has_no_curves() {
        assert!(of(Metric::Connect).is_none());
    }
}
