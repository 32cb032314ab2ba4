//! How many slots of a closed loop are wanted at which time, and which.

use std::time::Duration;

use crate::scenario::{Course, Step};

/// The slots of a closed loop over time.
///
/// Slots have numbers from 0. At each time the ones below the wanted number are in use: the
/// lowest start first and retire last. A ramp goes up or down by one slot at a time, each when
/// the line between its ends is nearest to the new number, so its mean is that of the line.
/// Everything is computed in whole nanoseconds from the time alone, so all threads agree.
#[derive(Clone, Debug)]
pub struct SlotCourse {
    first: u32,
    pieces: Vec<Piece>,
}

/// A step that is no pause.
#[derive(Clone, Copy, Debug)]
struct Piece {
    begin: Duration,
    span: Duration,
    from: u32,
    to: u32,
}

impl SlotCourse {
    /// The slots of `course`; `None` where it is steady, so that each is always wanted.
    pub fn new(course: &Course<u32>) -> Option<Self> {
        let Course::Steps(steps) = course else { return None };
        let mut begin = Duration::ZERO;
        let mut pieces = Vec::new();
        for step in steps.list() {
            if let Step::Level { from, to, span } = *step {
                pieces.push(Piece { begin, span, from, to });
            }
            begin = begin.saturating_add(step.span());
        }
        Some(Self { first: course.first(), pieces })
    }

    /// Slots in use before the course begins.
    pub const fn first(&self) -> u32 {
        self.first
    }

    /// Slots wanted `offset` after the begin of the course; 0 in pauses and after its end.
    pub fn wanted(&self, offset: Duration) -> u32 {
        let piece = self.pieces.iter().find(|piece| piece.contains(offset));
        piece.map_or(0, |piece| piece.wanted(offset.saturating_sub(piece.begin)))
    }

    /// When `slot` is wanted again, at `offset` or after it; `None` if it never is.
    pub fn next_start(&self, slot: u32, offset: Duration) -> Option<Duration> {
        self.pieces.iter().filter(|piece| offset < piece.begin.saturating_add(piece.span)).find_map(
            |piece| {
                let since = offset.saturating_sub(piece.begin);
                Some(piece.begin + piece.next_start(slot, since)?)
            },
        )
    }
}

impl Piece {
    fn contains(&self, offset: Duration) -> bool {
        self.begin <= offset && offset < self.begin.saturating_add(self.span)
    }

    /// The whole number nearest to the line; halves go up.
    fn wanted(&self, passed: Duration) -> u32 {
        let (span, passed) = (self.span.as_nanos(), passed.as_nanos());
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let along = if self.from <= self.to { passed } else { span.saturating_sub(passed) };
        let more = (2 * u128::from(high - low) * along + span) / (2 * span).max(1);
        low.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)).min(high)
    }

    /// When `slot` is wanted, `passed` after the begin of the piece or later.
    fn next_start(&self, slot: u32, passed: Duration) -> Option<Duration> {
        if slot < self.wanted(passed) {
            return Some(passed);
        }
        if slot >= self.to || self.to <= self.from {
            return None;
        }
        // Half a slot before the line reaches the slot's own number, counted from 1.
        let halves = 2 * u128::from(slot - self.from) + 1;
        let rise = 2 * u128::from(self.to - self.from);
        let start = (self.span.as_nanos() * halves).div_ceil(rise);
        Some(Duration::from_nanos(u64::try_from(start).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::SlotCourse;
    use crate::scenario::{Course, Step, Steps};
    use crate::units::float;

    fn level(from: u32, to: u32, secs: u64) -> Step<u32> {
        Step::Level { from, to, span: Duration::from_secs(secs) }
    }

    fn course(steps: Vec<Step<u32>>) -> SlotCourse {
        SlotCourse::new(&Course::Steps(Steps::new(steps).unwrap())).unwrap()
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn slots_start_one_after_the_other_and_retire_from_the_top() {
        let course = course(vec![level(1, 5, 8), level(5, 1, 8)]);
        let wanted: Vec<_> = (0..17).map(|at| course.wanted(secs(at))).collect();
        assert_eq!(wanted, [1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 4, 4, 3, 3, 2, 2, 0]);
        let starts = [0, 1, 4, 5].map(|slot| course.next_start(slot, Duration::ZERO));
        assert_eq!(starts, [Some(secs(0)), Some(secs(1)), Some(secs(7)), None]);
        assert_eq!(course.next_start(4, secs(10)), None);
    }

    #[test]
    fn all_slots_stop_in_a_pause_and_come_back_after_it() {
        let pause = Step::Pause { span: secs(5) };
        let course = course(vec![level(3, 3, 10), pause, level(2, 2, 10)]);
        assert_eq!([9, 10, 14, 15].map(|at| course.wanted(secs(at))), [3, 0, 0, 2]);
        assert_eq!([0, 2].map(|slot| course.next_start(slot, secs(12))), [Some(secs(15)), None]);
    }

    #[test]
    fn a_steady_course_has_nothing_to_tell() {
        assert!(SlotCourse::new(&Course::Steady(4)).is_none());
    }

    fn steps() -> impl Strategy<Value = Vec<Step<u32>>> {
        let span = (1_u64..20_000).prop_map(Duration::from_millis);
        let level = (1_u32..40, 1_u32..40, span.clone()).prop_map(|(from, to, span)| Step::Level {
            from,
            to,
            span,
        });
        let pause = span.prop_map(|span| Step::Pause { span });
        let steps = prop::collection::vec(prop_oneof![3 => level.clone(), 1 => pause], 0..5);
        (level, steps).prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
    }

    proptest! {
        /// At every time as many slots are in use as are wanted, whichever thread asks: each
        /// slot by itself comes to the same as the count.
        #[test]
        fn the_slots_in_use_are_the_number_wanted(steps in steps(), at in 0_u64..80_000_000_000) {
            let (course, at) = (course(steps), Duration::from_nanos(at));
            let in_use = (0..64).filter(|slot| course.next_start(*slot, at) == Some(at)).count();
            prop_assert_eq!(in_use, usize::try_from(course.wanted(at)).unwrap());
        }

        /// A slot is not wanted a nanosecond before it starts.
        #[test]
        fn a_start_is_the_first_moment_a_slot_is_wanted(
            steps in steps(),
            slot in 0_u32..40,
            at in 0_u64..60_000_000_000,
        ) {
            let (course, at) = (course(steps), Duration::from_nanos(at));
            let Some(start) = course.next_start(slot, at) else { return Ok(()) };
            prop_assert!(start >= at);
            prop_assert!(slot < course.wanted(start));
            if let Some(before) = start.checked_sub(Duration::from_nanos(1)).filter(|t| *t >= at) {
                prop_assert!(slot >= course.wanted(before));
            }
        }

        /// The mean of a ramp is that of the line between its ends.
        #[test]
        fn a_ramp_has_the_mean_of_its_line(from in 1_u32..40, to in 1_u32..40) {
            let course = course(vec![level(from, to, 1)]);
            let sum: f64 = (0..10_000)
                .map(|step| float(course.wanted(Duration::from_micros(100 * step + 50)).into()))
                .sum();
            let line = f64::midpoint(float(from.into()), float(to.into()));
            prop_assert!((sum / 10_000.0 - line).abs() < 0.02, "{} {line}", sum / 10_000.0);
        }
    }
}
