//! What happens to one request: how long its answer is, when its events are due, what fails.
//!
//! Pure: everything follows from the spec, the request's limit and its draw.

use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::draw::{Draw, Purpose};
use super::request::Limit;
use crate::scenario::{Distribution, MockSpec};
use crate::units::{Share, index, span_from_seconds, to_u32, whole};

/// Most tokens of an answer; bounds what one request may make the server write.
pub(super) const MAX_OUTPUT_TOKENS: u32 = 1 << 20;

/// The fate of one request.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// Output tokens; at least 1.
    pub(super) tokens: u32,
    /// Whether the request's own limit ended the answer.
    pub(super) cut: bool,
    /// Tokens of an event, the last one excepted; at least 1.
    pub(super) tokens_per_event: u32,
    /// Events the tokens come in; at least 1.
    pub(super) events: u32,
    /// Time to the first event, or on top of queue and prefill.
    pub(super) ttft: Duration,
    /// How long the prompt takes, without waiting for its turn.
    pub(super) prefill: Duration,
    /// What goes wrong, if anything.
    pub(super) fault: Option<Fault>,
    /// The pause, if there is one.
    pub(super) stall: Option<Stall>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An error status instead of an answer.
    Refuse,
    /// An error event after this many events.
    Break(u32),
}

/// A pause in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stall {
    /// Events that come before it; at least 1.
    pub(super) after: u32,
    /// How much later everything after it comes.
    pub(super) length: Duration,
}

impl Script {
    /// The fate of a request that generates text.
    pub(super) fn generation(spec: &MockSpec, limit: Limit, draw: &Draw) -> Self {
        let (tokens, cut) = tokens(spec, limit, draw);
        let tokens_per_event = spec.tokens_per_event.max(1);
        let events = tokens.div_ceil(tokens_per_event);
        let fault = fault(spec, events, draw);
        let (stall, ttft) = (stall(spec, events, draw), ttft(spec, draw));
        Self { tokens, cut, tokens_per_event, events, ttft, prefill: ttft, fault, stall }
    }

    /// The fate of a request for vectors or a ranking, which come whole.
    pub(super) fn items(spec: &MockSpec, draw: &Draw) -> Self {
        // There is no stream that could break or pause.
        let fault = fault(spec, 1, draw).map(|_| Fault::Refuse);
        let ttft = ttft(spec, draw);
        Self {
            tokens: 1,
            cut: false,
            tokens_per_event: 1,
            events: 1,
            ttft,
            prefill: ttft,
            fault,
            stall: None,
        }
    }

    /// When each event is due, counted from the request, where no engine decides.
    pub(super) fn dues(&self, spec: &MockSpec, draw: &Draw) -> Dues {
        let per_event = f64::from(self.tokens_per_event);
        let gap = match spec.gap {
            Distribution::Constant(seconds) => Gap::Even(span(seconds * per_event)),
            drawn => Gap::Drawn(drawn, per_event, Box::new(draw.numbers(Purpose::Gaps))),
        };
        Dues { next: self.ttft, given: 0, events: self.events, gap, stall: self.stall }
    }
}

fn fault(spec: &MockSpec, events: u32, draw: &Draw) -> Option<Fault> {
    if spec.errors == Share::ZERO {
        return None;
    }
    let errors = spec.errors.get();
    let mut faults = draw.numbers(Purpose::Fault);
    let lot: f64 = faults.random();
    if lot < errors / 2.0 {
        Some(Fault::Refuse)
    } else if lot < errors {
        Some(Fault::Break(faults.random_range(0..events)))
    } else {
        None
    }
}

fn stall(spec: &MockSpec, events: u32, draw: &Draw) -> Option<Stall> {
    if spec.stalls == Share::ZERO {
        return None;
    }
    let mut stalls = draw.numbers(Purpose::Stall);
    let stalled = stalls.random::<f64>() < spec.stalls.get() && events > 1;
    stalled.then(|| Stall {
        after: stalls.random_range(1..events),
        length: span(spec.stall.sample(&mut stalls)),
    })
}

fn ttft(spec: &MockSpec, draw: &Draw) -> Duration {
    span(spec.ttft.sample(&mut draw.numbers(Purpose::Ttft)))
}

/// Output tokens, and whether the request's limit ended them.
fn tokens(spec: &MockSpec, limit: Limit, draw: &Draw) -> (u32, bool) {
    let most = limit.most.unwrap_or(MAX_OUTPUT_TOKENS).clamp(1, MAX_OUTPUT_TOKENS);
    if limit.ignore_end && limit.most.is_some() {
        return (most, true);
    }
    let drawn = to_u32(whole(spec.output_tokens.sample(&mut draw.numbers(Purpose::Tokens))));
    let wanted = drawn.max(limit.least).max(1);
    (wanted.min(most), wanted > most)
}

fn span(seconds: f64) -> Duration {
    span_from_seconds(seconds).unwrap_or_default()
}

/// When the events of an answer are due, counted from the request; one by one, so that the
/// length of an answer costs no memory. Each is computed from the start, so none drifts.
#[derive(Clone, Debug)]
pub(super) struct Dues {
    next: Duration,
    given: u32,
    events: u32,
    gap: Gap,
    stall: Option<Stall>,
}

#[derive(Clone, Debug)]
enum Gap {
    Even(Duration),
    /// Drawn per event: the distribution, tokens per event, and the numbers.
    Drawn(Distribution, f64, Box<ChaCha8Rng>),
}

impl Iterator for Dues {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.given == self.events {
            return None;
        }
        let due = self.next;
        self.given += 1;
        self.next += match &mut self.gap {
            Gap::Even(gap) => *gap,
            Gap::Drawn(gap, tokens, numbers) => span(gap.sample(numbers) * *tokens),
        };
        if let Some(stall) = self.stall
            && stall.after == self.given
        {
            self.next = self.next.saturating_add(stall.length);
        }
        Some(due)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = index(u64::from(self.events - self.given));
        (left, Some(left))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Fault, Script};
    use crate::mock::draw::{Draw, Lottery};
    use crate::mock::request::Limit;
    use crate::scenario::{Distribution, MockSpec};
    use crate::units::{Share, count, ratio};

    fn draw() -> Draw {
        Lottery::new(1).draw("/v1/chat/completions", b"{}")
    }

    fn millis(script: &Script, spec: &MockSpec) -> Vec<u128> {
        script.dues(spec, &draw()).map(|due| due.as_millis()).collect()
    }

    #[test]
    fn events_are_due_at_even_steps_from_the_first() {
        let spec = MockSpec { output_tokens: Distribution::Constant(4.0), ..MockSpec::default() };
        let script = Script::generation(&spec, Limit::default(), &draw());
        assert_eq!(millis(&script, &spec), [40, 48, 56, 64]);
        assert_eq!((script.tokens, script.cut, script.fault), (4, false, None));
    }

    #[test]
    fn tokens_of_one_event_take_the_time_of_as_many() {
        let spec = MockSpec {
            output_tokens: Distribution::Constant(7.0),
            tokens_per_event: 3,
            ..MockSpec::default()
        };
        let script = Script::generation(&spec, Limit::default(), &draw());
        assert_eq!(millis(&script, &spec), [40, 64, 88]);
    }

    #[test]
    fn the_limit_of_the_request_cuts_the_answer() {
        let spec = MockSpec { output_tokens: Distribution::Constant(10.0), ..MockSpec::default() };
        let tokens = |limit| {
            let script = Script::generation(&spec, limit, &draw());
            (script.tokens, script.cut)
        };
        let most = |most| Limit { most: Some(most), ..Limit::default() };
        assert_eq!(tokens(most(4)), (4, true));
        assert_eq!(tokens(most(10)), (10, false));
        assert_eq!(tokens(Limit { least: 12, ..Limit::default() }), (12, false));
        assert_eq!(tokens(Limit { least: 12, ..most(11) }), (11, true));
        assert_eq!(tokens(Limit { ignore_end: true, ..most(25) }), (25, true));
    }

    #[test]
    fn a_stall_moves_everything_after_it() {
        let spec = MockSpec {
            output_tokens: Distribution::Constant(3.0),
            stalls: Share::new(1.0).unwrap(),
            stall: Distribution::Constant(1.0),
            ..MockSpec::default()
        };
        let script = Script::generation(&spec, Limit::default(), &draw());
        let after = script.stall.unwrap().after;
        let expected = if after == 1 { [40, 1_048, 1_056] } else { [40, 48, 1_056] };
        assert_eq!(millis(&script, &spec), expected);
    }

    #[test]
    fn gaps_of_a_distribution_are_the_same_each_time() {
        let spec = MockSpec {
            gap: Distribution::Uniform { low: 0.004, high: 0.012 },
            ..MockSpec::default()
        };
        let script = Script::generation(&spec, Limit::default(), &draw());
        let dues: Vec<Duration> = script.dues(&spec, &draw()).collect();
        assert_eq!(dues.len(), 64);
        assert!(
            dues.windows(2).all(|pair| (4..=12).contains(&pair[1].abs_diff(pair[0]).as_millis()))
        );
        assert_eq!(dues, script.dues(&spec, &draw()).collect::<Vec<_>>());
    }

    #[test]
    fn half_of_the_errors_break_a_stream() {
        let spec = MockSpec { errors: Share::new(0.2).unwrap(), ..MockSpec::default() };
        let mut lottery = Lottery::new(3);
        let faults: Vec<_> = (0..4_000)
            .filter_map(|_| {
                Script::generation(&spec, Limit::default(), &lottery.draw("/", b"")).fault
            })
            .collect();
        let refused = faults.iter().filter(|fault| **fault == Fault::Refuse).count();
        let share = ratio(count(faults.len()), 4_000).unwrap();
        assert!((0.17..0.23).contains(&share), "{share}");
        let half = ratio(count(refused), count(faults.len())).unwrap();
        assert!((0.44..0.56).contains(&half), "{half}");
    }
}
