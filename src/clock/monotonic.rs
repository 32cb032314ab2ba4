//! The monotonic clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::units::{Moment, nanos};

/// A monotonic clock that counts from the start of the run.
///
/// Clones share their origin, so moments of all threads compare.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The origin, and which moment that is.
    Real(Instant, Moment),
    ByHand(Arc<AtomicU64>),
}

impl Clock {
    /// A real clock whose [`Moment::ZERO`] is now.
    pub fn start() -> Self {
        Self::start_at(Moment::ZERO)
    }

    /// A real clock on which it is `moment` now: one that goes on where another was stopped.
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the clock")]
    pub fn start_at(moment: Moment) -> Self {
        Self(Source::Real(Instant::now(), moment))
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn by_hand() -> Self {
        Self(Source::ByHand(Arc::default()))
    }

    /// The present moment.
    #[inline]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::Real(origin, begin) => *begin + origin.elapsed(),
            Source::ByHand(now) => Moment::from_nanos(now.load(Ordering::Acquire)),
        }
    }

    /// The operating system's name for `moment`, for timers; `None` on a hand-driven clock.
    pub fn instant(&self, moment: Moment) -> Option<Instant> {
        match &self.0 {
            Source::Real(origin, begin) => origin.checked_add(moment.since(*begin)),
            Source::ByHand(_) => None,
        }
    }

    /// Moves a hand-driven clock on; does nothing to a real one, which moves by itself.
    pub fn advance(&self, span: Duration) {
        if let Source::ByHand(now) = &self.0 {
            now.fetch_add(nanos(span), Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clock;
    use crate::units::Moment;

    #[test]
    fn a_clock_by_hand_moves_only_when_moved() {
        let clock = Clock::by_hand();
        let twin = clock.clone();
        assert_eq!(clock.now(), Moment::ZERO);
        clock.advance(Duration::from_millis(3));
        assert_eq!(twin.now(), Moment::from_nanos(3_000_000));
    }

    #[test]
    fn a_clock_goes_on_where_it_is_told() {
        let hour = Moment::ZERO + Duration::from_hours(1);
        let clock = Clock::start_at(hour);
        let now = clock.now();
        assert!(now >= hour && now.since(hour) < Duration::from_mins(1));
        let later = clock.instant(hour + Duration::from_secs(90)).unwrap();
        assert!(later > clock.instant(hour).unwrap());
    }

    #[test]
    fn a_real_clock_never_goes_back() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
