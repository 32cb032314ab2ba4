//! A recording as a source of prompts: texts of the lengths that were recorded.
//!
//! The requests come in the order in which they were recorded, over and over. Texts are new in
//! every cell, every lap and every warm-up. Within a lap, prompts begin alike where their
//! recorded blocks are the same ones, so that a cache behaves as it did then; where there are no
//! blocks, none begins like another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::mooncake::BLOCK_TOKENS;
use super::recorded::{Request, Trace};
use crate::units::{count, index};
use crate::workload::{LeftOut, Prompt, PromptRow, PromptRows, RequestPlace, RowError, TextWriter};

/// Texts of blocks that are kept once written, of about two kilobytes each.
const BLOCKS_KEPT: usize = 4_096;

/// A recording, or a part of it, as prompts.
#[derive(Debug)]
pub struct TraceRows {
    trace: Arc<Trace>,
    /// The first request of the part.
    first: usize,
    /// How many requests the part has; at least 1.
    requests: u64,
    writer: TextWriter,
    kept: Mutex<Kept>,
}

/// Texts of blocks, and in which order they were written.
#[derive(Debug, Default)]
struct Kept {
    texts: BTreeMap<u64, Arc<str>>,
    order: VecDeque<u64>,
}

impl TraceRows {
    /// All requests of `trace`, with texts from `writer`.
    pub fn new(trace: Arc<Trace>, writer: TextWriter) -> Self {
        let requests = trace.requests().max(1);
        Self { trace, first: 0, requests, writer, kept: Mutex::default() }
    }

    /// The request that number `at` takes, and a number for its lap, apart from those of all
    /// other laps, cells and phases.
    fn request(&self, at: u64) -> (Option<&Request>, u64) {
        let (cell, request) = RequestPlace::parts(at);
        let place = self.first + index(request % self.requests);
        let lap = mixed(cell).wrapping_add(request / self.requests);
        (self.trace.request(place), mixed(lap))
    }

    fn text(&self, at: u64, request: &Request, lap: u64) -> String {
        let tokens = request.input;
        let blocks = self.trace.blocks(request);
        let used = index(tokens.div_ceil(BLOCK_TOKENS).into()).min(blocks.len());
        let blocks = blocks.get(..used).unwrap_or_default();
        // The last block goes on to the length of the prompt. Behind blocks that do not reach
        // to its end stands a text of the prompt alone.
        let is_covered = count(used) * u64::from(BLOCK_TOKENS) >= u64::from(tokens);
        let (whole, tail) = match blocks.split_last() {
            Some((last, before)) if is_covered => (before, number_of(*last, lap)),
            _ => (blocks, mixed(at)),
        };
        let mut begin = String::new();
        for block in whole {
            begin.push_str(&self.block(number_of(*block, lap)));
        }
        let tokens_so_far = crate::units::to_u32(count(whole.len()) * u64::from(BLOCK_TOKENS));
        self.writer.write((&begin, tokens_so_far), tail, tokens)
    }

    /// The text of a block, always the same one.
    fn block(&self, number: u64) -> Arc<str> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = kept().texts.get(&number) {
            return Arc::clone(text);
        }
        let text: Arc<str> = self.writer.write_block(number, BLOCK_TOKENS).into();
        let mut kept = kept();
        if kept.order.len() >= BLOCKS_KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.texts.remove(&oldest);
        }
        if kept.texts.insert(number, Arc::clone(&text)).is_none() {
            kept.order.push_back(number);
        }
        text
    }
}

impl PromptRows for TraceRows {
    fn count(&self) -> Option<u64> {
        None
    }

    fn left_out(&self) -> LeftOut {
        self.trace.left_out().clone()
    }

    fn row(&self, at: u64) -> Result<Option<PromptRow>, RowError> {
        let (Some(request), lap) = self.request(at) else { return Ok(None) };
        let prompt = Prompt::Text(self.text(at, request, lap));
        Ok(Some(PromptRow { output_tokens: request.output, ..PromptRow::from(prompt) }))
    }

    fn number(&self, place: &RequestPlace) -> u64 {
        place.alone()
    }

    fn part(&self, first: usize, requests: usize) -> Option<Arc<dyn PromptRows>> {
        Some(Arc::new(Self {
            trace: Arc::clone(&self.trace),
            first,
            requests: count(requests).max(1),
            writer: self.writer,
            kept: Mutex::default(),
        }))
    }
}

/// The number of the text that stands for a block in a lap.
const fn number_of(block: u64, lap: u64) -> u64 {
    mixed(mixed(block) ^ lap)
}

/// Every bit of the result depends on every bit of `value`.
///
/// # Source
///
/// The finalizer of `SplitMix64`: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014.
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::sync::Arc;

    use tempfile::NamedTempFile;

    use super::{Trace, TraceRows};
    use crate::record::Phase;
    use crate::scenario::{TraceFile, TraceFormat};
    use crate::workload::{Prompt, PromptRows, PromptStart, RequestPlace, TextWriter};

    fn rows(lines: &[(u32, &str)]) -> TraceRows {
        let mut file = NamedTempFile::new().unwrap();
        for (input, hashes) in lines {
            writeln!(
                file,
                "{{\"timestamp\": 1, \"input_length\": {input}, \"output_length\": 7, \
                 \"hash_ids\": [{hashes}]}}"
            )
            .unwrap();
        }
        let (path, format) = (file.path().to_owned(), TraceFormat::Mooncake);
        let about = TraceFile { path, format, cell: None, skip_invalid: false };
        let trace = Arc::new(Trace::open(&about, None).unwrap());
        TraceRows::new(trace, TextWriter::new(42, 0))
    }

    /// The words of the prompt of a request.
    fn words(rows: &dyn PromptRows, cell: u64, phase: Phase, index: u64) -> Vec<String> {
        let start = PromptStart { seed: 42, place: cell, places: 9 };
        let at = rows.number(&RequestPlace { start, phase, index, batch: 1 });
        match rows.row(at).unwrap().unwrap().prompt {
            Prompt::Text(text) => text.split(' ').map(str::to_owned).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn measured(rows: &dyn PromptRows, index: u64) -> Vec<String> {
        words(rows, 0, Phase::Measure, index)
    }

    #[test]
    fn prompts_have_the_recorded_lengths_and_the_text_of_their_blocks() {
        let rows = rows(&[(700, "1, 2"), (1_024, "1, 3"), (1_300, "1, 3, 4"), (600, "9, 2")]);
        let all: Vec<_> = (0..4).map(|index| measured(&rows, index)).collect();
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [700, 1_024, 1_300, 600]);
        assert_eq!(all[0][..512], all[1][..512]);
        assert_ne!(all[0][512..], all[1][512..700]);
        assert_eq!(all[1][..], all[2][..1_024]);
        assert_ne!(all[0][..512], all[3][..512]);
        assert_eq!(all[0][512..600], all[3][512..600], "the same block at the same place");
    }

    #[test]
    fn behind_the_blocks_and_without_any_prompts_are_their_own() {
        let rows = rows(&[(700, "1"), (700, "1"), (30, ""), (30, "")]);
        let all: Vec<_> = (0..4).map(|index| measured(&rows, index)).collect();
        assert_eq!(all[0][..512], all[1][..512]);
        assert_ne!(all[0][512..], all[1][512..]);
        assert_ne!(all[2], all[3]);
    }

    #[test]
    fn texts_are_new_in_every_cell_lap_and_warm_up() {
        let rows = rows(&[(600, "1, 2"), (600, "1, 2")]);
        assert_eq!(measured(&rows, 0), measured(&rows, 1));
        let texts: BTreeSet<_> = [
            measured(&rows, 0),
            measured(&rows, 2),
            words(&rows, 1, Phase::Measure, 0),
            words(&rows, 0, Phase::Warmup, 0),
        ]
        .into();
        assert_eq!(texts.len(), 4);
        assert_eq!(measured(&rows, 2), measured(&rows, 3));
    }

    #[test]
    fn a_part_begins_with_its_first_request() {
        let rows = rows(&[(10, ""), (20, ""), (30, "")]);
        let part = rows.part(1, 2).unwrap();
        let lengths: Vec<_> = (0..4).map(|index| measured(&*part, index).len()).collect();
        assert_eq!(lengths, [20, 30, 20, 30]);
    }
}
