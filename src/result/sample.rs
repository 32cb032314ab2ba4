//! A small result for tests, the same in every run.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::cell::{CellLabels, CellPlace, CellResult};
use super::provenance::Host;
use super::run::{Note, RunIdentity, RunResult};
use crate::measure::{
    AnswerShapes, CellSummary, CountedStreams, CountedTwice, CutInputs, FailureSample,
    GatewayCounts, OutcomeCounts, TimeSeries, TokenSources, TokenTotals, Waits, Window,
    WindowCounts,
};
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::scenario::{
    ApiKey, ArrivalProcess, Backend, BackendKind, BaseUrl, Batch, Bound, Connections, Course,
    HttpVersion, KeySource, Load, LoadProfile, Network, PromptSource, RateLimitRule, Scenario, Slo,
    SloLimit, Stage, Target, Timeouts, TlsSettings, Warmup, Workload,
};
use crate::units::{Moment, Rate, float};

const SECOND: u64 = 1_000_000_000;

/// Two backends, two workloads, two stages, `rounds` rounds.
pub(crate) fn result(rounds: u32) -> RunResult {
    let scenario = scenario(rounds);
    let mut result = RunResult::new(identity(), &scenario);
    for round in 0..rounds {
        for (workload, stage, backend) in [(0, 0), (0, 1), (1, 0)]
            .into_iter()
            .flat_map(|(workload, stage)| [0, 1].map(|backend| (workload, stage, backend)))
        {
            let id = u32::try_from(result.cells.len()).unwrap();
            let place = CellPlace { id, backend, workload, stage, round };
            let summary = summary(place);
            let labels = CellLabels::new(&scenario, place);
            result.cells.push(CellResult::new(labels, &summary).unwrap());
        }
    }
    result.finished_at = Some("2026-11-22T13:09:50Z".to_owned());
    result.partial = false;
    result.backends[0].server_version = Some("0.9.6".to_owned());
    result.backends[0].models[0].quantization = Some("Q4_K_M".to_owned());
    result.notes.push(Note {
        backend: Some("ollama".to_owned()),
        text: "`stream_options` was refused; sent without".to_owned(),
    });
    result
}

fn identity() -> RunIdentity {
    RunIdentity {
        id: "20261122T130750Z-两台服务器".to_owned(),
        started_at: "2026-11-22T13:07:50Z".to_owned(),
        commit: Some("0123abc".to_owned()),
        command_line: ["pacemark", "run", "two.yaml"].map(str::to_owned).to_vec(),
        host: Host {
            hostname: Some("bench".to_owned()),
            os: "linux".to_owned(),
            kernel: Some("6.8.0".to_owned()),
            cpu_model: Some("Example CPU".to_owned()),
            cpu_count: Some(8),
            memory_bytes: Some(34_359_738_368),
        },
    }
}

/// The scenario of [`result`].
pub(crate) fn scenario(rounds: u32) -> Scenario {
    let closed = Stage {
        profile: LoadProfile::closed(4),
        bound: Bound { requests: None, duration: Some(Duration::from_secs(30)) },
    };
    let open = Stage {
        profile: LoadProfile::Open {
            rate: Course::Steady(Rate::per_second(20.0).unwrap()),
            arrival: ArrivalProcess::Poisson,
            max_in_flight: Some(64),
        },
        bound: closed.bound,
    };
    Scenario {
        name: "两台服务器".to_owned(),
        description: Some("A sample | with a pipe".to_owned()),
        seed: 42,
        backends: vec![
            backend("ollama", BackendKind::Ollama, 11_434),
            backend("星河推理", BackendKind::Xinference, 9_997),
        ],
        mixes: Vec::new(),
        workloads: vec![
            workload("short-chat", Endpoint::Chat, "chat"),
            workload("向量", Endpoint::Embeddings, "embed"),
        ],
        load: Load {
            warmup: Some(Warmup::Requests(8)),
            stages: vec![closed, open],
            rounds,
            ..Load::default()
        },
        slo: Slo {
            limits: vec![SloLimit { metric: Metric::Ttft, at_most: Duration::from_millis(500) }],
        },
        gates: Vec::new(),
        compare: None,
        live: false,
        stored_text: "pacemark: 1\n".to_owned(),
    }
}

fn backend(name: &str, kind: BackendKind, port: u16) -> Backend {
    let url = BaseUrl { tls: false, host: "localhost".to_owned(), port, root: "/v1".to_owned() };
    let models = [("chat", "qwen3:4b"), ("embed", "bge-m3")];
    Backend {
        name: name.to_owned(),
        kind,
        target: Target::Url(url),
        models: models.map(|(alias, name)| (alias.to_owned(), name.to_owned())).into(),
        api_key: ApiKey { source: KeySource::Nowhere, value: None },
        body: serde_json::Map::new(),
        headers: Vec::new(),
        http: HttpVersion::One,
        connections: Connections::Reuse,
        network: Network::default(),
        more_keys: Vec::new(),
        login: None,
        rate_limits: RateLimitRule::default(),
        metrics: Vec::new(),
        tls: TlsSettings::default(),
        timeouts: Timeouts::default(),
        cold_start: None,
        price: None,
        per_hour: None,
    }
}

fn workload(name: &str, endpoint: Endpoint, model: &str) -> Workload {
    Workload {
        name: name.to_owned(),
        endpoint,
        model: model.to_owned(),
        stream: endpoint.generates(),
        system: None,
        conversation: None,
        prompts: PromptSource::Inline(vec!["解释人工智能".to_owned(), "Hello".to_owned()]),
        max_tokens: endpoint.generates().then_some(128),
        output_tokens: None,
        tokenizer: None,
        body: serde_json::Map::new(),
        alone: true,
        backends: vec![0, 1],
        batch: Batch::constant(if endpoint.generates() { 1 } else { 16 }),
        documents: None,
        images: None,
    }
}

/// A cell of 1000 requests (backend 0) or of 200, of which 12 failed (backend 1).
pub(crate) fn summary(place: CellPlace) -> CellSummary {
    let generates = place.workload == 0;
    let slow = place.backend == 1;
    let completed = if slow { 188 } else { 1_000 };
    let failed: BTreeMap<_, _> = if slow {
        [("http_status(500)".to_owned(), 10), ("stall_timeout".to_owned(), 2)].into()
    } else {
        BTreeMap::new()
    };
    let arrivals = completed + failed.values().sum::<u64>();
    let opened = u64::from(place.id) * 60 * SECOND;
    let base = (if slow { 60 } else { 40 }) + u64::from(place.round);
    CellSummary {
        window: Window {
            opened_at: Moment::from_nanos(opened),
            closed_at: Moment::from_nanos(opened + 30 * SECOND),
        },
        outcomes: OutcomeCounts { arrivals, completed, failed, ..OutcomeCounts::default() },
        warmup: OutcomeCounts { arrivals: 8, completed: 8, ..OutcomeCounts::default() },
        distributions: distributions(base, completed, generates),
        windows: windows(completed, arrivals, generates),
        output_sources: TokenSources {
            usage: if slow { 0 } else { completed },
            chunks: if slow { completed } else { 0 },
            ..TokenSources::default()
        },
        tokens: TokenTotals {
            input: Some(completed * 12),
            output: generates.then_some(completed * 100),
            ..TokenTotals::default()
        },
        text_events: if generates { completed * if slow { 100 } else { 50 } } else { 0 },
        failure_samples: failure_samples(slow),
        connections_opened: 4,
        stale_reconnects: 0,
        finish_reasons: [("length", completed)].into(),
        counts: WindowCounts::default(),
        counted_streams: CountedStreams {
            tokens: if generates && !slow { completed * 100 } else { 0 },
            text_events: if generates && !slow { completed * 50 } else { 0 },
        },
        hidden_reasoning: 0,
        tool_calls: 0,
        counted_twice: CountedTwice::default(),
        cut_inputs: CutInputs::default(),
        gateway: GatewayCounts::default(),
        answer_shapes: AnswerShapes::default(),
        held_back: 0,
        send_delays: Waits::new(),
        latency_over_time: TimeSeries::new(),
        parts: BTreeMap::new(),
        part_names: BTreeMap::new(),
        sessions: None,
    }
}

fn failure_samples(slow: bool) -> Vec<FailureSample> {
    let samples = [
        ("http_status(500)", 10, "CUDA out of memory | retry"),
        ("stall_timeout", 2, "no text for 30s"),
    ];
    let samples = samples.into_iter().filter(|_| slow);
    samples
        .map(|(kind, count, message)| FailureSample {
            kind: kind.to_owned(),
            count,
            message: message.to_owned(),
        })
        .collect()
}

/// Values from `base` to twice `base`, evenly, in each metric's own size.
fn distributions(base: u64, values: u64, generates: bool) -> BTreeMap<Metric, Histogram<u64>> {
    let micro = |factor: u64| base * factor * 1_000;
    let streamed = [
        (Metric::Ttft, micro(1_000)),
        (Metric::TtftDue, micro(1_100)),
        (Metric::Icl, micro(200)),
        (Metric::Itl, micro(200)),
        (Metric::Tpot, micro(200)),
        (Metric::OutputTokens, 100),
    ];
    let every = [
        (Metric::ScheduleDelay, micro(1)),
        (Metric::E2e, micro(21_000)),
        (Metric::Response, micro(22_000)),
    ];
    let streamed = streamed.into_iter().filter(|_| generates);
    streamed.chain(every).map(|(metric, base)| (metric, evenly(base, values))).collect()
}

fn evenly(base: u64, values: u64) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).unwrap();
    for value in 0..values {
        histogram.record(base + base * value / values).unwrap();
    }
    histogram
}

fn windows(completed: u64, arrivals: u64, generates: bool) -> BTreeMap<Metric, f64> {
    let per_second = |count: u64| float(count) / 30.0;
    let tokens = if generates {
        (Metric::OutputTokenThroughput, per_second(completed * 100))
    } else {
        (Metric::EmbeddingThroughput, per_second(completed * 16))
    };
    [
        (Metric::RequestThroughput, per_second(completed)),
        tokens,
        (Metric::ErrorRate, float(arrivals - completed) / float(arrivals)),
        (Metric::Concurrency, 3.5),
        (Metric::ConcurrencyMax, 4.0),
    ]
    .into()
}
