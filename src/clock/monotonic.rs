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
    Real(Instant),
    ByHand(Arc<AtomicU64>),
}

impl Clock {
    /// A real clock whose [`Moment::ZERO`] is now.
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the clock")]
    pub fn start() -> Self {
        Self(Source::Real(Instant::now()))
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn by_hand() -> Self {
        Self(Source::ByHand(Arc::default()))
    }

    /// The present moment.
    #[inline]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::Real(origin) => Moment::from_nanos(nanos(origin.elapsed())),
            Source::ByHand(now) => Moment::from_nanos(now.load(Ordering::Acquire)),
        }
    }

    /// The operating system's name for `moment`, for timers; `None` on a hand-driven clock.
    pub fn instant(&self, moment: Moment) -> Option<Instant> {
        match &self.0 {
            Source::Real(origin) => origin.checked_add(Duration::from_nanos(moment.as_nanos())),
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
    fn a_real_clock_never_goes_back() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
