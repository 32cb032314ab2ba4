//! Prompts by number: what every source of prompts can do.
//!
//! A source gives prompt number `at` whenever it is asked for it, always the same one. Which
//! number a request takes follows from its [`RequestPlace`] alone, so that every backend gets
//! the same prompts in the same order.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::pictures::Pictures;
use super::prompt::Prompt;
use super::synthetic::LengthMethod;
use crate::record::Phase;

/// Bits of a prompt's number that count the requests of a phase, where a source has no end.
const INDEX_BITS: u32 = 44;

/// Prompts by number.
pub trait PromptRows: Send + Sync + fmt::Debug {
    /// How many there are; `None` for a source without end, or while it is not known yet.
    fn count(&self) -> Option<u64>;

    /// Prompt number `at`, from 0; `None` past the end.
    ///
    /// # Errors
    ///
    /// [`RowError`] if the prompt is there but cannot be had.
    fn row(&self, at: u64) -> Result<Option<PromptRow>, RowError>;

    /// The lengths that prompt number `at` asks for, without the work of making it; `None` past
    /// the end.
    ///
    /// # Errors
    ///
    /// As [`PromptRows::row`].
    fn lengths(&self, at: u64) -> Result<Option<AskedLengths>, RowError> {
        Ok(self.row(at)?.map(|row| AskedLengths {
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
        }))
    }

    /// How input lengths are kept to; `None` where none are asked for.
    fn length_method(&self) -> Option<LengthMethod> {
        None
    }

    /// A text of `tokens` tokens, apart from all prompts, to see what a server counts for it;
    /// `None` where no lengths are asked for.
    ///
    /// # Errors
    ///
    /// [`RowError`] if it cannot be made.
    fn probe(&self, _tokens: u32) -> Result<Option<PromptRow>, RowError> {
        Ok(None)
    }

    /// The same prompts, with lengths corrected for a server that counted `factor` tokens for
    /// each one asked for; `None` where there is nothing to correct.
    fn corrected(&self, _factor: f64) -> Option<Arc<dyn PromptRows>> {
        None
    }

    /// How many different ones there are; `None` where there is no telling.
    fn distinct(&self) -> Option<u64> {
        self.count()
    }

    /// What of the source is no prompt, and was left out so far.
    fn left_out(&self) -> LeftOut {
        LeftOut::default()
    }

    /// The number that follows `at` within a request of several prompts; `None` if none does.
    fn after(&self, at: u64) -> Option<u64> {
        let next = at.wrapping_add(1);
        Some(self.count().map_or(next, |count| next % count.max(1)))
    }

    /// The same source, reduced to `requests` of the requests it was recorded from, beginning
    /// with number `first`; `None` where it was not recorded.
    fn part(&self, _first: usize, _requests: usize) -> Option<Arc<dyn PromptRows>> {
        None
    }

    /// The documents that go with the prompts, for rankings; `None` for all others, and where
    /// each prompt brings its own.
    fn documents(&self) -> Option<&dyn PromptRows> {
        None
    }

    /// The pictures that go with the prompts; `None` where there are none.
    fn pictures(&self) -> Option<&Pictures> {
        None
    }

    /// The number of the first prompt that the request at `place` takes.
    ///
    /// Of a known number of prompts, measured requests take them forwards from the cell's first
    /// and warm-up requests backwards from the one before it, so that warm-up does not prepare
    /// what is measured. Cells start evenly spread over them, so that no cell sees again what
    /// an earlier one has put into the server's cache, as far as the prompts reach; the seed
    /// turns the whole wheel. From a source without end no two requests take the same prompt.
    fn number(&self, place: &RequestPlace) -> u64 {
        match self.count() {
            Some(prompts) => place.on_wheel(prompts),
            None => place.alone(),
        }
    }
}

/// A prompt, with what comes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptRow {
    /// The prompt.
    pub prompt: Prompt,
    /// Tokens it was asked to have; `None` where it is as long as it is.
    pub input_tokens: Option<u32>,
    /// Output tokens that this prompt asks for; `None` leaves them to the workload.
    pub output_tokens: Option<u32>,
}

/// The lengths a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedLengths {
    /// Tokens of the prompt; `None` where it is as long as it is.
    pub input_tokens: Option<u32>,
    /// Tokens of the answer; `None` leaves them to the workload.
    pub output_tokens: Option<u32>,
}

/// Rows that are no prompts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub count: u64,
    /// The first one: where it stands, and what was found there.
    pub first: Option<String>,
}

impl From<Prompt> for PromptRow {
    fn from(prompt: Prompt) -> Self {
        Self { prompt, input_tokens: None, output_tokens: None }
    }
}

/// Why a prompt cannot be had. Its text names the place (a file and line) and what is wrong.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct RowError(Arc<dyn Error + Send + Sync>);

impl RowError {
    /// The error of a source.
    pub fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }
}

/// Where in its prompts a cell begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromptStart {
    /// The scenario's seed.
    pub seed: u64,
    /// The cell's place among the cells of its backend and workload: round × stages + stage.
    pub place: u64,
    /// How many such cells there are.
    pub places: u64,
}

/// Which request of a workload it is, the same for every backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestPlace {
    /// Where the cell begins.
    pub start: PromptStart,
    /// Warm-up or measured.
    pub phase: Phase,
    /// Position among the requests of the phase, from 0.
    pub index: u64,
    /// Prompts the request takes; at least 1.
    pub batch: u32,
}

impl RequestPlace {
    /// The place on a wheel of so many prompts.
    pub fn on_wheel(&self, prompts: u64) -> u64 {
        let prompts = prompts.max(1);
        let PromptStart { seed, place, places } = self.start;
        let stride = (prompts / places.max(1)).max(1);
        let first = (seed % prompts + place.wrapping_mul(stride) % prompts) % prompts;
        let batch = u64::from(self.batch.max(1)) % prompts;
        let step = self.index % prompts * batch % prompts;
        match self.phase {
            Phase::Measure => (first + step) % prompts,
            Phase::Warmup => (first + 2 * prompts - step - batch) % prompts,
        }
    }

    /// What a number that a request has alone is made of: one number for phase and cell, and the
    /// request's index.
    pub const fn parts(number: u64) -> (u64, u64) {
        (number >> INDEX_BITS, number & ((1 << INDEX_BITS) - 1))
    }

    /// A number of its own: the phase, the cell's place and the request's index side by side.
    pub fn alone(&self) -> u64 {
        let phase = u64::from(self.phase == Phase::Warmup);
        let step = self.index.wrapping_mul(u64::from(self.batch.max(1)));
        let low = (1 << INDEX_BITS) - 1;
        phase << 63 | self.start.place << INDEX_BITS & (u64::MAX >> 1) | step & low
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{PromptStart, RequestPlace};
    use crate::record::Phase;

    fn place(place: u64, phase: Phase, index: u64) -> RequestPlace {
        let start = PromptStart { seed: 42, place, places: 3 };
        RequestPlace { start, phase, index, batch: 1 }
    }

    #[test]
    fn measured_requests_go_forwards_and_warm_up_backwards() {
        let measured = |index| place(1, Phase::Measure, index).on_wheel(9);
        let warmup = |index| place(1, Phase::Warmup, index).on_wheel(9);
        // 42 % 9 is 6, and the second of three cells starts three further on.
        assert_eq!([0, 1, 2].map(measured), [0, 1, 2]);
        assert_eq!([0, 1, 2].map(warmup), [8, 7, 6]);
    }

    #[test]
    fn without_an_end_no_two_requests_share_a_number() {
        let mut seen = BTreeSet::new();
        for cell in 0..3 {
            for phase in [Phase::Warmup, Phase::Measure] {
                for index in [0, 1, 2, 1_000_000_000] {
                    assert!(seen.insert(place(cell, phase, index).alone()));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_number_on_a_wheel_is_one_of_its_prompts(
            seed: u64, cell in 0_u64..100, index: u64, batch in 1_u32..70_000,
            prompts in 1_u64..10_000, warmup: bool,
        ) {
            let start = PromptStart { seed, place: cell, places: 100 };
            let phase = if warmup { Phase::Warmup } else { Phase::Measure };
            let place = RequestPlace { start, phase, index, batch };
            prop_assert!(place.on_wheel(prompts) < prompts);
        }
    }
}
