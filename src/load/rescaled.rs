//! Arrivals whose rate changes: from how many have come to when that is.

use std::time::Duration;

use crate::scenario::{Step, Steps};
use crate::units::{Rate, nanos, seconds, whole};

/// The moments of a process with a changing rate.
///
/// A process of rate 1 becomes one of rate `r(t)` when its moment `u` is moved to where the
/// integral of `r` reaches `u`. Over a step with a linear rate the integral is a parabola, and
/// its inverse is known exactly; so each moment is computed from `u` alone, and no error adds
/// up.
///
/// # Source
///
/// E. Çinlar, "Introduction to Stochastic Processes", 1975, chapter 4.7: time change of a
/// non-homogeneous Poisson process by its expectation function.
#[derive(Clone, Debug)]
pub(super) struct Rescaled {
    pieces: Vec<Piece>,
    /// The piece in which the last moment lay; moments do not go back.
    at: usize,
}

/// A step in which something arrives.
#[derive(Clone, Copy, Debug)]
struct Piece {
    begin: Duration,
    span: Duration,
    /// Expected arrivals before it and until its end.
    before: f64,
    until: f64,
    /// Rates at both ends, per second.
    from: f64,
    to: f64,
}

impl Rescaled {
    /// The process that keeps to the first level of `steps` for `lead`, and goes through them
    /// after that.
    pub(super) fn new(steps: &Steps<Rate>, first: Rate, lead: Duration) -> Self {
        let lead = Step::Level { from: first, to: first, span: lead };
        let (mut begin, mut before) = (Duration::ZERO, 0.0);
        let mut pieces = Vec::new();
        for step in std::iter::once(&lead).chain(steps.list()) {
            let span = step.span();
            if let Step::Level { from, to, .. } = step
                && !span.is_zero()
            {
                let (from, to) = (from.as_per_second(), to.as_per_second());
                let until = before + f64::midpoint(from, to) * seconds(span);
                pieces.push(Piece { begin, span, before, until, from, to });
                before = until;
            }
            begin = begin.saturating_add(span);
        }
        Self { pieces, at: 0 }
    }

    /// When `arrivals` are expected to have come; `None` past the end. Each call must ask for
    /// at least as many as the one before.
    pub(super) fn offset(&mut self, arrivals: f64) -> Option<Duration> {
        while self.pieces.get(self.at)?.until <= arrivals {
            self.at += 1;
        }
        self.pieces.get(self.at).map(|piece| piece.offset(arrivals))
    }
}

impl Piece {
    fn offset(&self, arrivals: f64) -> Duration {
        let more = (arrivals - self.before).max(0.0);
        let slope = (self.to - self.from) / seconds(self.span);
        // The root in the form that stays exact where the slope is small.
        let at_rate = (2.0 * slope).mul_add(more, self.from * self.from).max(0.0).sqrt();
        let passed = 2.0 * more / (self.from + at_rate);
        let passed = Duration::from_nanos(whole(passed * 1e9).min(nanos(self.span)));
        self.begin + passed
    }

    /// The expected arrivals until `offset`, which lies in the piece.
    #[cfg(test)]
    fn arrivals(&self, offset: Duration) -> f64 {
        let passed = seconds(offset.saturating_sub(self.begin));
        let slope = (self.to - self.from) / seconds(self.span);
        self.before + self.from * passed + slope * passed * passed / 2.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Rescaled;
    use crate::scenario::{Step, Steps};
    use crate::units::{Rate, float, seconds};

    fn rate(thousandths: u64) -> Rate {
        Rate::new(thousandths, Duration::from_secs(1)).unwrap()
    }

    fn level(from: u64, to: u64, span: u64) -> Step<Rate> {
        let span = Duration::from_secs(span);
        Step::Level { from: rate(from * 1_000), to: rate(to * 1_000), span }
    }

    fn process(steps: Vec<Step<Rate>>, lead: Duration) -> Rescaled {
        let first = match steps.iter().find(|step| matches!(step, Step::Level { .. })) {
            Some(Step::Level { from, .. }) => *from,
            _ => unreachable!("the tests have levels"),
        };
        Rescaled::new(&Steps::new(steps).unwrap(), first, lead)
    }

    fn millis(process: &mut Rescaled, arrivals: f64) -> Option<u128> {
        process.offset(arrivals).map(|offset| offset.as_millis())
    }

    #[test]
    fn a_ramp_brings_the_area_under_it() {
        // After t seconds t + 0.1 t² have come.
        let mut process = process(vec![level(1, 3, 10)], Duration::ZERO);
        assert_eq!(millis(&mut process, 0.0), Some(0));
        assert_eq!(millis(&mut process, 1.725), Some(1_500));
        assert_eq!(millis(&mut process, 7.5), Some(5_000));
        assert_eq!(process.offset(20.0), None);
    }

    #[test]
    fn a_pause_is_stepped_over_and_the_lead_keeps_to_the_first_level() {
        let pause = Step::Pause { span: Duration::from_secs(5) };
        let steps = vec![level(2, 2, 10), pause, level(4, 4, 10)];
        let mut process = process(steps, Duration::from_secs(1));
        assert_eq!(millis(&mut process, 2.0), Some(1_000));
        assert_eq!(millis(&mut process, 21.0), Some(10_500));
        assert_eq!(millis(&mut process, 22.0), Some(16_000));
        assert_eq!(millis(&mut process, 61.0), Some(25_750));
        assert_eq!(millis(&mut process, 62.0), None);
    }

    fn steps() -> impl Strategy<Value = Vec<Step<Rate>>> {
        let span = (1_u64..200_000).prop_map(Duration::from_millis);
        let level = (1_u64..2_000_000, 1_u64..2_000_000, span.clone())
            .prop_map(|(from, to, span)| Step::Level { from: rate(from), to: rate(to), span });
        let pause = span.prop_map(|span| Step::Pause { span });
        let steps = prop::collection::vec(prop_oneof![3 => level.clone(), 1 => pause], 0..6);
        (level, steps).prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
    }

    proptest! {
        /// The inverse of the integrated rate is exact: put back into the integral, each moment
        /// gives the arrivals that were asked for, to what a nanosecond brings.
        #[test]
        fn the_integral_up_to_an_arrival_is_its_number(
            steps in steps(),
            shares in prop::collection::vec(0.0_f64..1.0, 1..40),
        ) {
            let mut process = process(steps, Duration::from_secs(3));
            let all = process.pieces.last().unwrap().until;
            let mut asked: Vec<f64> = shares.iter().map(|share| share * all).collect();
            asked.sort_by(f64::total_cmp);
            let mut last = Duration::ZERO;
            for arrivals in asked {
                let offset = process.offset(arrivals).unwrap();
                let piece = process.pieces[process.at];
                let reached = piece.arrivals(offset);
                // Half a nanosecond at the highest rate, and the rounding of the sums.
                let allowed = piece.from.max(piece.to) * 1e-9 + all * 1e-12;
                prop_assert!((reached - arrivals).abs() <= allowed, "{reached} for {arrivals}");
                prop_assert!(offset >= last);
                prop_assert!(offset >= piece.begin && offset <= piece.begin + piece.span);
                last = offset;
            }
        }

        /// A ramp between equal rates is the steady schedule, however far it goes.
        #[test]
        fn a_level_ramp_does_not_drift(thousandths in 1_u64..5_000_000, skip in 0_u64..1_000_000) {
            let rate = rate(thousandths);
            let span = Duration::from_secs(1 << 40);
            let mut process = process(vec![Step::Level { from: rate, to: rate, span }], Duration::ZERO);
            for index in skip..skip + 5 {
                let (ideal, offset) = (rate.offset(index), process.offset(float(index)).unwrap());
                let error = ideal.abs_diff(offset);
                prop_assert!(seconds(error) <= 2e-9 + seconds(ideal) * 1e-15, "{error:?}");
            }
        }
    }
}
