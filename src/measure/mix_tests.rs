//! A mix: everything together, and each workload apart.

use super::samples::{at, chat_rules, plain, stream, with_output};
use super::{CellSummary, MixMember, Recorded, Recorder, RecordingRules, Window};
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::record::{RequestRecord, TokenUsage};

/// From 100 to 2,100 milliseconds: two seconds.
const WINDOW: (u64, u64) = (100, 2_100);

fn recorder() -> Recorder {
    let members =
        [("chat", Endpoint::Chat), ("embed", Endpoint::Embeddings), ("rerank", Endpoint::Rerank)];
    let member = |(name, endpoint): (&str, _)| MixMember { name: name.into(), endpoint };
    let of = Recorded::Mix(members.map(member).into());
    Recorder::new(RecordingRules { of, ..chat_rules() })
}

/// Two chats, an embedding of 8 texts and a ranking of 16 documents.
fn summary() -> CellSummary {
    let window = Window { opened_at: at(WINDOW.0), closed_at: at(WINDOW.1) };
    let chat = RequestRecord { member: Some(0), ..with_output(stream(&[150, 160]), 10) };
    let usage = TokenUsage { input: Some(40), ..TokenUsage::default() };
    let embedding = RequestRecord { member: Some(1), items: 8, usage, ..plain() };
    let ranking = RequestRecord { member: Some(2), items: 16, ..plain() };
    let mut recorder = recorder();
    for record in [&chat, &chat, &embedding, &ranking] {
        recorder.record(record, &window);
    }
    recorder.summary(window)
}

#[test]
fn the_whole_counts_each_thing_only_where_it_exists() {
    let summary = summary();
    let count = |metric| summary.distributions.get(&metric).map(hdrhistogram::Histogram::len);
    assert_eq!(summary.outcomes.completed, 4);
    assert_eq!((count(Metric::E2e), count(Metric::Ttft)), (Some(4), Some(2)));
    assert_eq!((count(Metric::OutputTokens), count(Metric::InputTokens)), (Some(2), Some(1)));
    let window = |metric| summary.windows.get(&metric).copied();
    assert_eq!(window(Metric::RequestThroughput), Some(2.0));
    assert_eq!(window(Metric::OutputTokenThroughput), Some(10.0));
    assert_eq!(window(Metric::EmbeddingThroughput), Some(4.0));
    assert_eq!(window(Metric::DocumentThroughput), Some(8.0));
    assert_eq!((summary.output_sources.usage, summary.output_sources.none), (2, 0));
    assert_eq!(summary.finish_reasons.values().sum::<u64>(), 2);
}

#[test]
fn each_workload_is_what_it_would_be_alone() {
    let summary = summary();
    let names: Vec<_> = summary.part_names.values().map(String::as_str).collect();
    assert_eq!(names, ["chat", "embed", "rerank"]);
    let completed: Vec<_> = summary.parts.values().map(|part| part.outcomes.completed).collect();
    assert_eq!(completed, [2, 1, 1]);
    let window = |part: u32, metric| summary.parts[&part].windows.get(&metric).copied();
    assert_eq!(window(0, Metric::OutputTokenThroughput), Some(10.0));
    assert_eq!(window(0, Metric::EmbeddingThroughput), None);
    assert_eq!(window(1, Metric::EmbeddingThroughput), Some(4.0));
    assert_eq!(window(1, Metric::OutputTokenThroughput), None);
    assert_eq!(window(2, Metric::DocumentThroughput), Some(8.0));
}
