//! The parts of the hot path alone: decoder, recorder, schedule.
//!
//! `cargo bench --bench parts`

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first error")]

use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use pacemark::load::{Purpose, Schedule, Stream};
use pacemark::measure::{Recorded, Recorder, RecordingRules, Window};
use pacemark::openai::{Endpoint, StreamDecoder, decode_answer};
use pacemark::record::{Outcome, Phase, RequestRecord, TextEvents, TokenUsage};
use pacemark::scenario::{ArrivalProcess, Course, Slo, Step, Steps};
use pacemark::units::Moment;

/// Chunks of one answer.
const CHUNKS: usize = 1_000;

fn main() {
    divan::main();
}

/// A stream as most servers send it: all chunks alike but for their text.
fn stream(vary_ids: bool) -> Vec<u8> {
    let mut body = Vec::new();
    for index in 0..CHUNKS {
        let id = if vary_ids { index } else { 7 };
        body.extend_from_slice(
            format!(
                "data: {{\"id\":\"chatcmpl-{id}\",\"object\":\"chat.completion.chunk\",\
                 \"created\":1795346400,\"model\":\"qwen3:4b\",\"choices\":[{{\"index\":0,\
                 \"delta\":{{\"content\":\" word{index}\"}},\"finish_reason\":null}}]}}\n\n"
            )
            .as_bytes(),
        );
    }
    body
}

fn decode(bencher: Bencher<'_, '_>, vary_ids: bool, piece: usize) {
    let body = stream(vary_ids);
    bencher.counter(ItemsCount::new(CHUNKS)).bench(|| {
        let mut decoder = StreamDecoder::new(Endpoint::Chat);
        let mut events = 0_usize;
        for piece in body.chunks(piece) {
            decoder.feed(piece, &mut |_| events += 1);
        }
        assert_eq!(events, CHUNKS);
        events
    });
}

#[divan::bench]
fn decoder_alike_chunks(bencher: Bencher<'_, '_>) {
    decode(bencher, false, 4_096);
}

#[divan::bench]
fn decoder_chunks_with_changing_ids(bencher: Bencher<'_, '_>) {
    decode(bencher, true, 4_096);
}

#[divan::bench]
fn decoder_chunks_cut_into_small_reads(bencher: Bencher<'_, '_>) {
    decode(bencher, false, 100);
}

#[divan::bench]
fn embedding_of_1024_numbers(bencher: Bencher<'_, '_>) {
    let numbers = vec!["0.0123456789"; 1_024].join(",");
    let body = format!(
        "{{\"object\":\"list\",\"data\":[{{\"object\":\"embedding\",\"index\":0,\
         \"embedding\":[{numbers}]}}],\"usage\":{{\"prompt_tokens\":8,\"total_tokens\":8}}}}"
    );
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench(|| decode_answer(Endpoint::Embeddings, body.as_bytes()).unwrap());
}

#[divan::bench]
fn recorder_chunks(bencher: Bencher<'_, '_>) {
    let mut recorder = Recorder::new(RecordingRules {
        slo: Slo::default(),
        of: Recorded::Requests(Endpoint::Chat),
    });
    let window = Window { opened_at: Moment::ZERO, closed_at: Moment::NEVER };
    let mut record = RequestRecord::due(0, 0, Phase::Measure, Moment::ZERO);
    record.streamed = true;
    record.sent_at = Some(Moment::ZERO);
    record.outcome = Outcome::Completed { capped: false };
    record.text_events = (0..CHUNKS)
        .map(|index| (50_000_000 + u64::try_from(index).unwrap() * 10_000_000, None))
        .collect::<TextEvents>();
    record.finished_at = record.last_token_at();
    record.usage = TokenUsage { output: u32::try_from(CHUNKS).ok(), ..TokenUsage::default() };
    bencher.counter(ItemsCount::new(CHUNKS)).bench_local(|| recorder.record(&record, &window));
}

#[divan::bench(args = ["constant", "poisson", "gamma", "ramp"])]
fn schedule_arrivals(bencher: Bencher<'_, '_>, process_name: &str) {
    let process = match process_name {
        "constant" => ArrivalProcess::Constant,
        "poisson" | "ramp" => ArrivalProcess::Poisson,
        _ => ArrivalProcess::Gamma { burstiness: 0.5 },
    };
    let stream = Stream { purpose: Purpose::Arrivals, round: 0, stage: 0, workload: 0 };
    let (from, to) = ("500/s".parse().unwrap(), "900/s".parse().unwrap());
    let ramp = Step::Level { from, to, span: Duration::from_mins(1) };
    let rate = match process_name {
        "ramp" => Course::Steps(Steps::new(vec![ramp]).unwrap()),
        _ => Course::Steady(from),
    };
    bencher.counter(ItemsCount::new(CHUNKS)).bench(|| {
        let schedule = Schedule::new(&rate, Duration::ZERO, process, stream.generator(42));
        schedule.take(CHUNKS).last()
    });
}
