//! Long series, thinned for the eye.

use crate::units::{count, float, index, whole};

/// Which of `points` are kept, ascending: all where there are at most `most`, else about so many.
///
/// The points are dealt into buckets of equal length. Of each bucket stay the point that spans the
/// largest triangle with what was kept before and the middle of the next bucket, its smallest
/// and its largest value; and always the first and the last point. So the shape stays, and no peak
/// is lost.
///
/// # Source
///
/// Sveinn Steinarsson, *Downsampling Time Series for Visual Representation* (2013): largest
/// triangle, three buckets. That extremes stay for sure is ours.
pub(super) fn thinned(points: &[(f64, f64)], most: usize) -> Vec<usize> {
    let buckets = most / 3;
    if points.len() <= most || buckets == 0 {
        return (0..points.len()).collect();
    }
    let inner = points.len() - 2;
    let edge = |bucket: usize| {
        1 + index(whole(float(count(inner)) * float(count(bucket)) / float(count(buckets))))
    };
    let mut kept = vec![0];
    let mut before = points[0];
    for bucket in 0..buckets {
        let (from, to) = (edge(bucket), edge(bucket + 1));
        let next = &points[to..edge(bucket + 2).min(points.len()).max(to + 1)];
        let next = middle(next);
        let of_bucket = || (from..to).map(|place| (place, points[place]));
        let area = |(x, y): (f64, f64)| {
            ((before.0 - next.0) * (y - before.1) - (before.0 - x) * (next.1 - before.1)).abs()
        };
        let largest = of_bucket().max_by(|left, right| area(left.1).total_cmp(&area(right.1)));
        let highest = of_bucket().max_by(|left, right| left.1.1.total_cmp(&right.1.1));
        let lowest = of_bucket().min_by(|left, right| left.1.1.total_cmp(&right.1.1));
        kept.extend([largest, highest, lowest].into_iter().flatten().map(|(place, _)| place));
        before = largest.map_or(before, |(_, point)| point);
    }
    kept.push(points.len() - 1);
    kept.sort_unstable();
    kept.dedup();
    kept
}

fn middle(points: &[(f64, f64)]) -> (f64, f64) {
    let all = float(count(points.len().max(1)));
    let sum = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (sum.0 / all, sum.1 / all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::thinned;

    #[test]
    fn a_short_series_stays_whole() {
        assert_eq!(thinned(&[(0.0, 1.0), (1.0, 2.0)], 100), [0, 1]);
        assert!(thinned(&[], 100).is_empty());
    }

    #[test]
    fn a_single_peak_in_a_long_flat_series_stays() {
        let mut points: Vec<_> = (0..10_000_u32).map(|x| (f64::from(x), 1.0)).collect();
        points[7_777].1 = 50.0;
        points[1_234].1 = -3.0;
        let kept = thinned(&points, 300);
        assert!(kept.contains(&7_777) && kept.contains(&1_234));
        assert!(kept.len() <= 302, "{}", kept.len());
    }

    proptest! {
        #[test]
        fn what_is_kept_rises_is_bounded_and_has_both_ends_and_extremes(
            values in prop::collection::vec(-1e6_f64..1e6, 3..2_000),
            most in 3_usize..200,
        ) {
            let points: Vec<_> = (0_u32..).map(f64::from).zip(values.iter().copied()).collect();
            let kept = thinned(&points, most);
            prop_assert!(kept.is_sorted_by(|left, right| left < right));
            prop_assert!(kept.len() <= most.max(3) + 2);
            prop_assert_eq!(kept[0], 0);
            prop_assert_eq!(kept[kept.len() - 1], points.len() - 1);
            let largest = values.iter().copied().fold(f64::MIN, f64::max);
            let smallest = values.iter().copied().fold(f64::MAX, f64::min);
            prop_assert!(kept.iter().any(|&place| values[place] >= largest));
            prop_assert!(kept.iter().any(|&place| values[place] <= smallest));
        }
    }
}
