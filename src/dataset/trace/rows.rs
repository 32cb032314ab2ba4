//! A recording as a source of prompts: texts of the lengths that were recorded.
//!
//! The requests come in the order in which they were recorded, over and over. Texts are new in
//! every cell, every lap and every warm-up. Within a lap, prompts begin alike where their
//! recorded blocks are the same ones, so that a cache behaves as it did then; where there are no
//! blocks, none begins like another. With the model's tokenizer every length is exact to the
//! token; without one, it is estimated, and may be corrected by what a server counted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::mooncake::BLOCK_TOKENS;
use super::recorded::{Request, Trace};
use crate::units::{count, index, mixed};
use crate::workload::{
    AskedLengths, Begin, LeftOut, LengthMethod, Prompt, PromptRow, PromptRows, RequestPlace,
    RowError, Texts, Unreachable,
};

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
    texts: Texts,
    kept: Mutex<Kept>,
}

/// Texts of blocks, and in which order they were written.
#[derive(Debug, Default)]
struct Kept {
    texts: BTreeMap<u64, Arc<str>>,
    order: VecDeque<u64>,
}

impl TraceRows {
    /// All requests of `trace`, written by `texts`.
    pub fn new(trace: Arc<Trace>, texts: Texts) -> Self {
        let requests = trace.requests().max(1);
        Self { trace, first: 0, requests, texts, kept: Mutex::default() }
    }

    /// The request that number `at` takes, and a number for its lap, apart from those of all
    /// other laps, cells and phases.
    fn request(&self, at: u64) -> (Option<&Request>, u64) {
        let (cell, request) = RequestPlace::parts(at);
        let place = self.first + index(request % self.requests);
        let lap = mixed(cell).wrapping_add(request / self.requests);
        (self.trace.request(place), mixed(lap))
    }

    fn text(&self, at: u64, request: &Request, lap: u64) -> Result<String, Unreachable> {
        let tokens = request.input;
        let blocks = self.trace.blocks(request);
        let used = index(tokens.div_ceil(BLOCK_TOKENS).into()).min(blocks.len());
        let blocks = blocks.get(..used).unwrap_or_default();
        // The last block goes on to the length of the prompt. Behind blocks that do not reach
        // to its end stands a text of the prompt alone.
        let is_covered = count(used) * u64::from(BLOCK_TOKENS) >= u64::from(tokens);
        let (mut whole, mut tail) = match blocks.split_last() {
            Some((last, before)) if is_covered => (before, number_of(*last, lap)),
            _ => (blocks, mixed(at)),
        };
        loop {
            let begin = self.begin(whole, lap)?;
            let made_of = crate::units::to_u32(count(whole.len()) * u64::from(BLOCK_TOKENS));
            let text = self.texts.write(Begin { text: &begin, tokens: made_of }, tail, tokens);
            // Side by side, blocks may have a token more than each alone. Where that leaves no
            // room for a text of a token or two, the block before it is cut instead.
            let (Err(Unreachable::Length { .. }), Some((last, before))) =
                (&text, whole.split_last())
            else {
                return text;
            };
            (whole, tail) = (before, number_of(*last, lap));
        }
    }

    /// The texts of whole blocks, one behind the other.
    fn begin(&self, blocks: &[u64], lap: u64) -> Result<String, Unreachable> {
        let mut begin = String::new();
        for block in blocks {
            if !begin.is_empty() {
                begin.push(' ');
            }
            begin.push_str(&self.block(number_of(*block, lap))?);
        }
        Ok(begin)
    }

    /// The text of a block, always the same one.
    fn block(&self, number: u64) -> Result<Arc<str>, Unreachable> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = kept().texts.get(&number) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = self.texts.write(Begin::NONE, number, BLOCK_TOKENS)?.into();
        let mut kept = kept();
        if kept.order.len() >= BLOCKS_KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.texts.remove(&oldest);
        }
        if kept.texts.insert(number, Arc::clone(&text)).is_none() {
            kept.order.push_back(number);
        }
        Ok(text)
    }

    /// A part of the recording, from request number `first` on, written by `texts`.
    fn of_part(&self, first: usize, requests: u64, texts: Texts) -> Self {
        let trace = Arc::clone(&self.trace);
        Self { trace, first, requests, texts, kept: Mutex::default() }
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
        let prompt = Prompt::Text(self.text(at, request, lap).map_err(RowError::new)?);
        let (input_tokens, output_tokens) = (Some(request.input), request.output);
        Ok(Some(PromptRow { prompt, input_tokens, output_tokens }))
    }

    fn lengths(&self, at: u64) -> Result<Option<AskedLengths>, RowError> {
        Ok(self.request(at).0.map(|request| AskedLengths {
            input_tokens: Some(request.input),
            output_tokens: request.output,
        }))
    }

    fn length_method(&self) -> Option<LengthMethod> {
        Some(self.texts.length_method())
    }

    fn probe(&self, tokens: u32) -> Result<Option<PromptRow>, RowError> {
        self.texts.probe(tokens).map(Some).map_err(RowError::new)
    }

    fn corrected(&self, factor: f64) -> Option<Arc<dyn PromptRows>> {
        let texts = self.texts.corrected(factor)?;
        Some(Arc::new(self.of_part(self.first, self.requests, texts)))
    }

    fn number(&self, place: &RequestPlace) -> u64 {
        place.alone()
    }

    fn part(&self, first: usize, requests: usize) -> Option<Arc<dyn PromptRows>> {
        let requests = count(requests).max(1);
        Some(Arc::new(self.of_part(first, requests, self.texts.clone())))
    }
}

/// The number of the text that stands for a block in a lap.
const fn number_of(block: u64, lap: u64) -> u64 {
    mixed(mixed(block) ^ lap)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::sync::Arc;

    use tempfile::NamedTempFile;

    use super::{Trace, TraceRows};
    use crate::record::Phase;
    use crate::scenario::{Language, TraceFile, TraceFormat};
    use crate::workload::tokenizers_of_tests::{byte_level, unigram};
    use crate::workload::{
        LengthMethod, Prompt, PromptRows, PromptStart, RequestPlace, Texts, TokenCounter,
    };

    fn rows(lines: &[(u32, &str)], counter: Option<&Arc<TokenCounter>>) -> TraceRows {
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
        TraceRows::new(trace, Texts::new(Language::English, (42, 0), counter.cloned()).unwrap())
    }

    /// The prompt of a request.
    fn text(rows: &dyn PromptRows, cell: u64, phase: Phase, index: u64) -> String {
        let start = PromptStart { seed: 42, place: cell, places: 9 };
        let at = rows.number(&RequestPlace { start, phase, index, batch: 1 });
        match rows.row(at).unwrap().unwrap().prompt {
            Prompt::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn measured(rows: &dyn PromptRows, index: u64) -> String {
        text(rows, 0, Phase::Measure, index)
    }

    /// Bytes that two texts have in common at their begin, or behind `from` of them.
    fn alike(one: &str, other: &str) -> usize {
        one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
    }

    const BLOCKS: [(u32, &str); 4] =
        [(700, "1, 2"), (1_024, "1, 3"), (1_300, "1, 3, 4"), (600, "9, 2")];

    #[test]
    fn with_a_tokenizer_prompts_have_exactly_the_recorded_lengths() {
        for counter in [byte_level(800), byte_level(4_000), unigram(1_500)] {
            let lengths = [
                (700, "1, 2"),
                (1_024, "1, 3"),
                (1_025, "1, 3, 4"),
                (5_130, "1,2,3,4,5,6,7,8,9,10,11"),
                (3, ""),
                (1, "5"),
            ];
            let rows = rows(&lengths, Some(&counter));
            assert_eq!(rows.length_method(), Some(LengthMethod::Exact));
            for (index, (tokens, _)) in lengths.iter().enumerate() {
                let text = measured(&rows, u64::try_from(index).unwrap());
                assert_eq!(counter.tokens(&text).unwrap(), u64::from(*tokens), "{index}");
            }
        }
    }

    #[test]
    fn prompts_begin_alike_as_far_as_their_blocks_are_the_same() {
        let counter = byte_level(800);
        for counter in [None, Some(&counter)] {
            let rows = rows(&BLOCKS, counter);
            let all: Vec<_> = (0..4).map(|index| measured(&rows, index)).collect();
            let block = rows.block(super::number_of(1, rows.request(0).1)).unwrap();
            assert!(all[..3].iter().all(|text| text.starts_with(&*block)));
            assert!(alike(&all[0], &all[1]) < block.len() + 10);
            // The second ends where the third goes on: but for its last words, all of it.
            let apart = all[1].len() - alike(&all[1], &all[2]);
            assert!(apart < 60, "{apart} bytes");
            assert!(alike(&all[0], &all[3]) < 10);
            // The same block at the same place, behind another one.
            let behind = all[3].find(&all[0][block.len() + 1..][..100]);
            assert!(behind.is_some(), "{} {}", all[0], all[3]);
        }
    }

    #[test]
    fn behind_the_blocks_and_without_any_prompts_are_their_own() {
        let rows = rows(&[(700, "1"), (700, "1"), (30, ""), (30, "")], None);
        let all: Vec<_> = (0..4).map(|index| measured(&rows, index)).collect();
        let block = rows.block(super::number_of(1, rows.request(0).1)).unwrap();
        let both = alike(&all[0], &all[1]);
        assert!((block.len()..block.len() + 10).contains(&both), "{both}");
        assert!(alike(&all[2], &all[3]) < 10);
    }

    #[test]
    fn texts_are_new_in_every_cell_lap_and_warm_up() {
        let rows = rows(&[(600, "1, 2"), (600, "1, 2")], None);
        assert_eq!(measured(&rows, 0), measured(&rows, 1));
        let texts: BTreeSet<_> = [
            measured(&rows, 0),
            measured(&rows, 2),
            text(&rows, 1, Phase::Measure, 0),
            text(&rows, 0, Phase::Warmup, 0),
        ]
        .into();
        assert_eq!(texts.len(), 4);
        assert_eq!(measured(&rows, 2), measured(&rows, 3));
    }

    #[test]
    fn a_part_begins_with_its_first_request_and_may_be_corrected() {
        let rows = rows(&[(100, ""), (200, ""), (300, "")], None);
        let part = rows.part(1, 2).unwrap();
        let lengths = |rows: &dyn PromptRows| {
            (0..4).map(|index| measured(rows, index).len()).collect::<Vec<_>>()
        };
        let estimated = lengths(&*part);
        let corrected = lengths(&*part.corrected(2.0).unwrap());
        for (index, (long, short)) in estimated.iter().zip(&corrected).enumerate() {
            let tokens = [200, 300][index % 2];
            assert!((tokens * 4..tokens * 8).contains(long), "{long} bytes for {tokens} tokens");
            assert!((long / 3..long * 2 / 3).contains(short), "{short} bytes instead of {long}");
        }
    }
}
