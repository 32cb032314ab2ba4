//! A sweep that puts more loads where the curve bends.

use super::bracket::{Span, is_same};
use crate::units::{count, float};

/// Loads that are measured at first, evenly spaced by their logarithm.
const AT_FIRST: usize = 4;
/// Loads this close tell nothing more.
const CLOSEST: f64 = 1.05;

/// A load that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BendPoint {
    /// The load.
    pub load: f64,
    /// Answers per second.
    pub throughput_rps: f64,
    /// Mean response time, in seconds; `None` where nothing was answered.
    pub response_s: Option<f64>,
    /// Whether more came in than went out.
    pub overloaded: bool,
}

/// The load to be measured next of `most`; `None` at the end: all are used up, loads are as
/// close as they may be, or a load was more than the server can do and those below are known.
pub fn next_point(span: &Span, most: usize, points: &[BendPoint]) -> Option<f64> {
    if points.len() >= most {
        return None;
    }
    let ceiling = points.iter().filter(|it| it.overloaded).map(|it| it.load).min_by(f64::total_cmp);
    let first = AT_FIRST.min(most).max(2);
    let step = |place: usize| {
        let share = float(count(place)) / float(count(first - 1));
        span.rounded(span.from * (span.to / span.from).powf(share))
    };
    let is_known = |load: f64| points.iter().any(|it| is_same(it.load, load));
    let outline = (0..first).map(step).find(|load| !is_known(*load));
    if let Some(load) = outline.filter(|load| ceiling.is_none_or(|ceiling| *load < ceiling)) {
        return Some(load);
    }
    let mut known: Vec<_> = points
        .iter()
        .filter(|it| ceiling.is_none_or(|ceiling| it.load <= ceiling))
        .copied()
        .collect();
    known.sort_by(|one, other| one.load.total_cmp(&other.load));
    known.dedup_by(|one, other| is_same(one.load, other.load));
    let gaps = known.windows(2).enumerate().filter_map(|(place, pair)| {
        let middle = span.rounded((pair[0].load * pair[1].load).sqrt());
        let is_apart = middle / pair[0].load >= CLOSEST && pair[1].load / middle >= CLOSEST;
        (is_apart && !is_known(middle)).then(|| (middle, worth(&known, place)))
    });
    gaps.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(middle, _)| middle)
}

/// How much a load between point number `place` and the next may tell: how far the curve bends at
/// the two, times how far they are apart.
fn worth(known: &[BendPoint], place: usize) -> f64 {
    let bends = [bend(known, place), bend(known, place + 1)];
    let apart = (known[place + 1].load / known[place].load).ln();
    (bends[0].max(bends[1]) + 0.05) * apart
}

/// By how much the slopes before and after a point differ, of throughput and of response time over
/// the load, all as logarithms.
fn bend(known: &[BendPoint], place: usize) -> f64 {
    let (Some(before), Some(here), Some(after)) =
        (place.checked_sub(1).and_then(|at| known.get(at)), known.get(place), known.get(place + 1))
    else {
        return 0.0;
    };
    let slope = |one: &BendPoint, other: &BendPoint, value: fn(&BendPoint) -> Option<f64>| {
        let rise = (value(other)? / value(one)?).ln();
        Some(rise / (other.load / one.load).ln()).filter(|slope| slope.is_finite())
    };
    let change = |value: fn(&BendPoint) -> Option<f64>| {
        Some((slope(here, after, value)? - slope(before, here, value)?).abs())
    };
    let throughput = change(|point| Some(point.throughput_rps)).unwrap_or(0.0);
    let response = change(|point| point.response_s).unwrap_or(0.0);
    throughput.max(response)
}

#[cfg(test)]
mod tests {
    use super::{BendPoint, next_point};
    use crate::search::Span;

    /// A server with 16 places for half a second each.
    fn point(load: f64) -> BendPoint {
        let throughput_rps = load.min(16.0) / 0.5;
        let response_s = Some(load / throughput_rps);
        BendPoint { load, throughput_rps, response_s, overloaded: false }
    }

    fn sweep(most: usize) -> Vec<f64> {
        let span = Span { from: 1.0, to: 256.0, whole: true };
        let mut points = Vec::new();
        while let Some(load) = next_point(&span, most, &points) {
            points.push(point(load));
        }
        points.iter().map(|point| point.load).collect()
    }

    #[test]
    fn loads_gather_where_the_curve_bends() {
        let loads = sweep(12);
        assert_eq!(loads.len(), 12);
        assert_eq!(loads[..4], [1.0, 6.0, 40.0, 256.0]);
        let near = loads.iter().filter(|load| (8.0..=32.0).contains(*load)).count();
        assert!(near >= 5, "{loads:?}");
    }

    #[test]
    fn it_ends_where_loads_cannot_be_closer() {
        let span = Span { from: 1.0, to: 4.0, whole: true };
        let mut points = Vec::new();
        while let Some(load) = next_point(&span, 99, &points) {
            points.push(point(load));
        }
        let mut loads: Vec<_> = points.iter().map(|point| point.load).collect();
        loads.sort_by(f64::total_cmp);
        assert_eq!(loads, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn nothing_is_tried_above_an_overload() {
        let span = Span { from: 1.0, to: 1_000.0, whole: false };
        let mut points = Vec::new();
        while let Some(load) = next_point(&span, 9, &points) {
            points.push(BendPoint { overloaded: load > 50.0, ..point(load) });
        }
        let most = points.iter().map(|point| point.load).fold(0.0, f64::max);
        assert!((50.0..=101.0).contains(&most), "{points:?}");
    }
}
