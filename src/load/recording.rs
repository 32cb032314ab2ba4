//! When the requests of a recording were due.

use std::sync::Arc;
use std::time::Duration;

use crate::units::{Speed, count, index, nanos};

/// The part of a recording that is replayed.
#[derive(Clone, Debug)]
pub struct Recording {
    /// When each request of the whole recording was due, in nanoseconds from the first; sorted.
    due: Arc<[u64]>,
    /// The first request of the part.
    first: usize,
    /// How many requests it has; at least 1.
    count: usize,
    /// Where the part begins, in the time of the recording.
    begin: u64,
    /// How long the part is, in the time of the recording; above 0.
    length: u64,
}

/// The gap behind the last request of a part in which nothing tells how far requests are apart.
const LONE_GAP: Duration = Duration::from_secs(1);

impl Recording {
    /// The part of `due` (sorted, in nanoseconds from the first request) that begins at `start`
    /// and is `limit` long; `None` if no request falls into it.
    ///
    /// A part that ends with the recording is as long as that, and one mean gap more, so that
    /// the first request of the next lap does not coincide with the last of this one.
    pub fn part(due: &Arc<[u64]>, start: Duration, limit: Option<Duration>) -> Option<Self> {
        let begin = nanos(start);
        let end = limit.map(|limit| begin.saturating_add(nanos(limit)));
        let first = due.partition_point(|at| *at < begin);
        let after = end.map_or(due.len(), |end| due.partition_point(|at| *at < end));
        let part = due.get(first..after).filter(|part| !part.is_empty())?;
        let (earliest, latest) = (*part.first()?, *part.last()?);
        let gaps = count(part.len()) - 1;
        let gap = (latest - earliest).checked_div(gaps).filter(|gap| *gap > 0);
        let length = match end {
            Some(end) if after < due.len() => end - begin,
            _ => (latest - begin).saturating_add(gap.unwrap_or(nanos(LONE_GAP))),
        };
        Some(Self { due: Arc::clone(due), first, count: part.len(), begin, length })
    }

    /// The first of its requests, among those of the whole recording.
    pub const fn first(&self) -> usize {
        self.first
    }

    /// How many requests it has.
    pub const fn requests(&self) -> usize {
        self.count
    }

    /// How long it takes once, at `speed`.
    pub fn length(&self, speed: Speed) -> Duration {
        Duration::from_nanos(speed.played(u128::from(self.length)))
    }

    /// When request number `number` is due at `speed`, from the begin of the part; numbers past
    /// the last belong to further laps. Computed from the number, so nothing adds up.
    pub fn due(&self, number: u64, speed: Speed) -> Duration {
        let requests = count(self.count).max(1);
        let at = self.due.get(self.first + index(number % requests)).copied();
        let within = at.unwrap_or(self.begin).saturating_sub(self.begin);
        let laps = u128::from(number / requests) * u128::from(self.length);
        Duration::from_nanos(speed.played(laps + u128::from(within)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Recording;
    use crate::units::Speed;

    const SECOND: u64 = 1_000_000_000;

    fn seconds(span: u64) -> Duration {
        Duration::from_secs(span)
    }

    fn due(at: &[u64]) -> Arc<[u64]> {
        at.iter().map(|second| second * SECOND).collect()
    }

    fn offsets(part: &Recording, speed: f64, numbers: std::ops::Range<u64>) -> Vec<u128> {
        let speed = Speed::new(speed).unwrap();
        numbers.map(|number| part.due(number, speed).as_millis()).collect()
    }

    #[test]
    fn a_whole_recording_is_played_at_its_speed_and_again() {
        let part = Recording::part(&due(&[0, 1, 1, 6]), Duration::ZERO, None).unwrap();
        // Six seconds, and a mean gap of two.
        assert_eq!(part.length(Speed::ONE), seconds(8));
        assert_eq!(offsets(&part, 1.0, 0..6), [0, 1_000, 1_000, 6_000, 8_000, 9_000]);
        assert_eq!(offsets(&part, 4.0, 0..6), [0, 250, 250, 1_500, 2_000, 2_250]);
    }

    #[test]
    fn a_part_begins_and_ends_where_it_is_told_to() {
        let due = due(&[0, 1, 5, 7, 12]);
        let part = Recording::part(&due, seconds(4), Some(seconds(6))).unwrap();
        assert_eq!((part.first(), part.requests()), (2, 2));
        assert_eq!(part.length(Speed::ONE), seconds(6));
        assert_eq!(offsets(&part, 1.0, 0..4), [1_000, 3_000, 7_000, 9_000]);
    }

    #[test]
    fn a_part_without_a_request_is_none() {
        let due = due(&[0, 10]);
        assert!(Recording::part(&due, seconds(1), Some(seconds(5))).is_none());
        assert!(Recording::part(&due, seconds(11), None).is_none());
        assert!(Recording::part(&due, seconds(10), None).is_some());
    }

    #[test]
    fn requests_of_one_moment_do_not_make_an_endless_lap() {
        let part = Recording::part(&due(&[0, 0]), Duration::ZERO, None).unwrap();
        assert_eq!(offsets(&part, 1.0, 0..5), [0, 0, 1_000, 1_000, 2_000]);
    }

    proptest! {
        /// Due moments never go back, and each is what was recorded over the speed, rounded down.
        #[test]
        fn a_replay_is_ordered_and_scaled_exactly(
            mut due in prop::collection::vec(0_u64..1_000_000_000_000, 1..40),
            speed in 1_u32..20_000, start in 0_u64..900_000_000_000,
            limit in prop::option::of(1_u64..500_000_000_000),
        ) {
            due.sort_unstable();
            let due: Arc<[u64]> = due.into();
            let limit = limit.map(Duration::from_nanos);
            let Some(part) = Recording::part(&due, Duration::from_nanos(start), limit) else {
                return Ok(());
            };
            let factor = Speed::new(f64::from(speed) / 1e3).unwrap();
            let requests = part.requests() as u64;
            let offsets: Vec<_> = (0..3 * requests).map(|n| part.due(n, factor)).collect();
            prop_assert!(offsets.is_sorted());
            let lap = part.length(Speed::ONE).as_nanos();
            for (number, offset) in offsets.iter().enumerate() {
                let within = number % part.requests();
                let recorded = u128::from(due[part.first() + within] - start)
                    + lap * (number / part.requests()) as u128;
                prop_assert_eq!(offset.as_nanos(), recorded * 1_000 / u128::from(speed));
            }
            prop_assert!(offsets[part.requests() - 1] < part.length(factor) + Duration::from_nanos(1));
        }
    }
}
