//! A level of load, a rate or a concurrency, that is held or goes through steps.

use std::fmt;
use std::time::Duration;

use crate::units::{Rate, seconds};

/// Steps named in a label; of longer profiles the rest is counted.
const STEPS_SHOWN: usize = 4;

/// How a level goes over the measured window.
#[derive(Clone, Debug, PartialEq)]
pub enum Course<T> {
    /// The same all the time.
    Steady(T),
    /// One step after the other; the window is as long as they are together.
    Steps(Steps<T>),
}

/// Steps without a break between them, of which at least one is no pause.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps<T> {
    first: T,
    list: Vec<Step<T>>,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step<T> {
    /// The level goes evenly from one value to another; where they are equal, it is held.
    Level {
        /// At the beginning.
        from: T,
        /// At the end.
        to: T,
        /// For so long.
        span: Duration,
    },
    /// Nothing starts.
    Pause {
        /// For so long.
        span: Duration,
    },
}

impl<T> Step<T> {
    /// How long it takes.
    pub const fn span(&self) -> Duration {
        match self {
            Self::Level { span, .. } | Self::Pause { span } => *span,
        }
    }
}

impl<T: Copy> Steps<T> {
    /// The steps of `list`; `None` where all are pauses.
    pub fn new(list: Vec<Step<T>>) -> Option<Self> {
        let first = list.iter().find_map(|step| match step {
            Step::Level { from, .. } => Some(*from),
            Step::Pause { .. } => None,
        })?;
        Some(Self { first, list })
    }

    /// The steps, in order.
    pub fn list(&self) -> &[Step<T>] {
        &self.list
    }

    /// How long they take together.
    pub fn length(&self) -> Duration {
        self.list.iter().fold(Duration::ZERO, |sum, step| sum.saturating_add(step.span()))
    }
}

impl<T: Copy> Course<T> {
    /// The level at which it begins, pauses before it left out; the warm-up keeps to it.
    pub const fn first(&self) -> T {
        match self {
            Self::Steady(level) => *level,
            Self::Steps(steps) => steps.first,
        }
    }

    /// How long it takes; `None` where it is held without end.
    pub fn length(&self) -> Option<Duration> {
        match self {
            Self::Steady(_) => None,
            Self::Steps(steps) => Some(steps.length()),
        }
    }

    /// The level that is held; `None` where it goes through steps.
    pub const fn steady(&self) -> Option<T> {
        match self {
            Self::Steady(level) => Some(*level),
            Self::Steps(_) => None,
        }
    }
}

impl Course<u32> {
    /// The highest level.
    pub fn most(&self) -> u32 {
        match self {
            Self::Steady(level) => *level,
            Self::Steps(steps) => steps
                .list
                .iter()
                .map(|step| match step {
                    Step::Level { from, to, .. } => *from.max(to),
                    Step::Pause { .. } => 0,
                })
                .fold(steps.first, u32::max),
        }
    }
}

impl Course<Rate> {
    /// Arrivals expected in `span` at a steady rate, else in the whole course.
    pub fn expected(&self, span: Duration) -> f64 {
        match self {
            Self::Steady(rate) => rate.as_per_second() * seconds(span),
            Self::Steps(steps) => steps
                .list
                .iter()
                .map(|step| match step {
                    Step::Level { from, to, span } => {
                        f64::midpoint(from.as_per_second(), to.as_per_second()) * seconds(*span)
                    }
                    Step::Pause { .. } => 0.0,
                })
                .sum(),
        }
    }
}

/// As tables show it: `5/s`, `5/s to 50/s`, `5/s then 5/s to 50/s then pause`.
impl<T: fmt::Display + PartialEq> fmt::Display for Course<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = match self {
            Self::Steady(level) => return level.fmt(f),
            Self::Steps(steps) => &steps.list,
        };
        for (place, step) in steps.iter().take(STEPS_SHOWN).enumerate() {
            if place > 0 {
                f.write_str(" then ")?;
            }
            step.fmt(f)?;
        }
        match steps.len().saturating_sub(STEPS_SHOWN) {
            0 => Ok(()),
            1 => f.write_str(" and 1 more step"),
            more => write!(f, " and {more} more steps"),
        }
    }
}

/// As `5/s`, `5/s to 50/s` or `pause`.
impl<T: fmt::Display + PartialEq> fmt::Display for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level { from, to, .. } if from == to => from.fmt(f),
            Self::Level { from, to, .. } => write!(f, "{from} to {to}"),
            Self::Pause { .. } => f.write_str("pause"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Course, Step, Steps};

    const SPAN: Duration = Duration::from_secs(10);

    fn level(from: u32, to: u32) -> Step<u32> {
        Step::Level { from, to, span: SPAN }
    }

    #[test]
    fn pauses_alone_are_no_course() {
        assert_eq!(Steps::<u32>::new(vec![Step::Pause { span: SPAN }]), None);
        assert_eq!(Steps::<u32>::new(Vec::new()), None);
    }

    #[test]
    fn a_course_knows_its_first_its_highest_level_and_its_length() {
        let list = vec![Step::Pause { span: SPAN }, level(3, 9), level(2, 1)];
        let course = Course::Steps(Steps::new(list).unwrap());
        assert_eq!((course.first(), course.most()), (3, 9));
        assert_eq!(course.length(), Some(3 * SPAN));
        let held = Course::Steady(4);
        assert_eq!((held.first(), held.most(), held.length()), (4, 4, None));
    }

    #[test]
    fn a_ramp_brings_what_its_mean_would() {
        let (from, to) = ("1/s".parse().unwrap(), "5/s".parse().unwrap());
        let pause = Step::Pause { span: SPAN };
        let list = vec![Step::Level { from, to, span: SPAN }, pause];
        let expected = Course::Steps(Steps::new(list).unwrap()).expected(Duration::ZERO);
        assert!((expected - 30.0).abs() < 1e-9, "{expected}");
    }

    #[test]
    fn a_course_is_told_step_by_step() {
        let shown = |list: Vec<Step<u32>>| Course::Steps(Steps::new(list).unwrap()).to_string();
        assert_eq!(Course::Steady(4).to_string(), "4");
        assert_eq!(shown(vec![level(1, 8)]), "1 to 8");
        let pause = Step::Pause { span: SPAN };
        assert_eq!(shown(vec![level(2, 2), level(2, 8), pause]), "2 then 2 to 8 then pause");
        assert_eq!(shown(vec![level(1, 1); 6]), "1 then 1 then 1 then 1 and 2 more steps");
    }
}
