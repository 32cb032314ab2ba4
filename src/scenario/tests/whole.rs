//! Right scenarios, read in full.

use std::time::Duration;

use serde_json::json;

use super::harness::{read, scenario};
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::scenario::{
    ArrivalProcess, BackendKind, Batch, Bound, Connections, Course, Distribution, Hooks,
    HttpVersion, LoadProfile, MockSpec, PromptFile, PromptFormat, PromptSource, SloLimit, Stage,
    StopRule, Target, Timeouts, TlsSettings, Warmup,
};
use crate::units::{Rate, Share};

const EVERY_KEY: &str = r#"
pacemark: 1
name: 每个键
description: every key there is
seed: 7
backends:
  gateway:
    kind: openai
    url: https://gw.example/api
    models: {chat: "qwen3:4b", 嵌入: bge-m3}
    api_key: ${KEY}
    body: {seed: 18446744073709551615, stop: null, options: {deep: [1, 2.5, true]}}
    headers: {X-Team: bench}
    http: 2
    connections: fresh
    tls: {ca: ca.pem, cert: me.pem, key: /etc/me.key, verify: false}
    timeouts: {connect: 1s, first_token: 2s, stall: 3s, request: 4s}
  mock:
    mock:
      profile: ollama
      ttft: {mean: 40ms, stddev: 5ms, min: 10ms}
      output_tokens: {lognormal: {mean: 64, stddev: 16, max: 256}}
      slots: 2
      errors: 5%
      stalls: 1%
      stall: {uniform: [1s, 2s]}
      tokens_per_event: 3
    models: {chat: m, 嵌入: e}
workloads:
  chat:
    endpoint: chat
    model: chat
    stream: false
    system: 你是位专家。
    prompts: ["costs $${NAME}", "${COUNT} apples", "${NONE:-no} pears"]
    max_tokens: ${COUNT}
    body: {temperature: 0}
    backends: [mock, gateway]
  stream:
    endpoint: completions
    model: chat
    prompts: {file: /data/texts.txt}
    backends: [mock]
  embed:
    endpoint: embeddings
    model: 嵌入
    prompts: {file: texts.jsonl}
    batch: 16
    backends: [gateway]
load:
  warmup: {duration: 10s}
  stages:
    - {concurrency: [1, 4], duration: 30s}
    - {rate: 20/s, arrival: gamma, burstiness: 0.5, max_in_flight: 256, requests: 9}
    - {rate: [1/s, 600/min], arrival: constant, duration: 1m30s}
  rounds: 6
  cooldown: 2s
  stop: {error_rate: 50%}
  drain: 0s
  hooks: {before_cell: ./on.sh, after_cell: ./off.sh}
slo: {e2e: 10s, ttft: 500ms}
"#;

#[test]
fn a_backend_is_read_in_full() {
    let scenario = read(EVERY_KEY).unwrap();
    let gateway = &scenario.backends[0];
    let Target::Url(url) = &gateway.target else { panic!("{:?}", gateway.target) };
    assert_eq!(url.to_string(), "https://gw.example/api/v1");
    assert_eq!((gateway.name.as_str(), gateway.kind), ("gateway", BackendKind::Openai));
    assert_eq!(gateway.model_name("chat"), "qwen3:4b");
    assert_eq!(gateway.api_key.value.as_ref().unwrap().reveal(), "sk-canary");
    assert_eq!(
        json!(gateway.body),
        json!({"seed": u64::MAX, "stop": null, "options": {"deep": [1, 2.5, true]}})
    );
    assert_eq!(gateway.headers[0].0, "x-team");
    assert_eq!((gateway.http, gateway.connections), (HttpVersion::Two, Connections::Fresh));
    let pem = |name: &str| Some(format!("/srv/{name}").into());
    assert_eq!(
        gateway.tls,
        TlsSettings {
            ca: pem("ca.pem"),
            cert: pem("me.pem"),
            key: Some("/etc/me.key".into()),
            verify: false,
        }
    );
    let [connect, first_token, stall, request] = [1, 2, 3, 4].map(Duration::from_secs);
    assert_eq!(gateway.timeouts, Timeouts { connect, first_token, stall, request });
}

#[test]
fn a_simulated_server_is_its_profile_with_changes() {
    let scenario = read(EVERY_KEY).unwrap();
    let Target::Mock(mock) = &scenario.backends[1].target else { panic!("no mock") };
    let max = f64::INFINITY;
    assert_eq!(
        *mock,
        MockSpec {
            ttft: Distribution::Normal { mean: 0.040, stddev: 0.005, min: 0.010, max },
            output_tokens: Distribution::Lognormal {
                mean: 64.0,
                stddev: 16.0,
                min: 0.0,
                max: 256.0
            },
            slots: Some(2),
            errors: Share::new(0.05).unwrap(),
            stalls: Share::new(0.01).unwrap(),
            stall: Distribution::Uniform { low: 1.0, high: 2.0 },
            tokens_per_event: 3,
            seed: 7,
            ..MockSpec::ollama()
        }
    );
}

#[test]
fn a_workload_is_read_in_full() {
    let scenario = read(EVERY_KEY).unwrap();
    let [chat, _, embed] = &scenario.workloads[..] else { panic!("three workloads") };
    assert_eq!((chat.endpoint, chat.stream, chat.max_tokens), (Endpoint::Chat, false, Some(12)));
    assert_eq!(
        chat.prompts,
        PromptSource::Inline(
            ["costs ${NAME}", "12 apples", "no pears"].map(str::to_owned).to_vec()
        )
    );
    assert_eq!(chat.backends, [0, 1]);
    assert_eq!(
        (embed.endpoint, embed.stream, embed.batch),
        (Endpoint::Embeddings, false, Batch::constant(16))
    );
    assert_eq!(
        embed.prompts,
        PromptSource::File(PromptFile::new("/srv/texts.jsonl".into(), PromptFormat::Jsonl))
    );
}

#[test]
fn ramps_and_profiles_are_read_in_full() {
    let text = scenario(
        "kind: vllm",
        "endpoint: chat, model: m, prompts: [hi]",
        "stages: [{rate: [5/s, {from: 1/s, to: 9/s}], duration: 30s, arrival: constant}, \
         {concurrency: {from: 1, to: 9}, duration: 1m, requests: 70, think_time: {uniform: [1s, 3s]}}, \
         {profile: [{rate: 5/s, duration: 30s}, {pause: 10s}, {rate: {from: 5/s, to: 50/s}, duration: 1m}], \
         max_in_flight: 9}, {profile: [{concurrency: 2, duration: 5s}, {pause: 5s}], think_time: 0s}]",
    );
    let load = read(&text).unwrap().load;
    let shown: Vec<_> = load
        .stages
        .iter()
        .map(|Stage { profile, bound }| {
            format!("{profile}, {:?} {:?}", bound.duration, bound.requests)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    5/s constant, Some(30s) None
    1/s to 9/s constant, Some(30s) None
    concurrency 1 to 9 thinking 1s to 3s, Some(60s) Some(70)
    5/s then pause then 5/s to 50/s poisson max 9, Some(100s) None
    concurrency 2 then pause, Some(10s) None
    ");
}

#[test]
fn the_load_is_read_in_full() {
    let load = read(EVERY_KEY).unwrap().load;
    let profiles: Vec<_> = load.stages.iter().map(|stage| stage.profile.clone()).collect();
    let open = |rate: &str, arrival, max_in_flight| LoadProfile::Open {
        rate: Course::Steady(rate.parse::<Rate>().unwrap()),
        arrival,
        max_in_flight,
    };
    assert_eq!(
        profiles,
        [
            LoadProfile::closed(1),
            LoadProfile::closed(4),
            open("20/s", ArrivalProcess::Gamma { burstiness: 0.5 }, Some(256)),
            open("1/s", ArrivalProcess::Constant, None),
            open("600/min", ArrivalProcess::Constant, None),
        ]
    );
    assert_eq!(load.stages[2].bound, Bound { requests: Some(9), duration: None });
    assert_eq!(load.warmup, Some(Warmup::Duration(Duration::from_secs(10))));
    assert_eq!((load.rounds, load.cooldown), (6, Duration::from_secs(2)));
    assert_eq!(load.drain, Duration::ZERO);
    assert_eq!(load.stop, Some(StopRule { error_rate: Share::new(0.5).unwrap(), after: 20 }));
    let hooks =
        Hooks { before_cell: Some("./on.sh".to_owned()), after_cell: Some("./off.sh".to_owned()) };
    assert_eq!(load.hooks, hooks);
}

#[test]
fn limits_stand_in_the_order_of_the_catalogue() {
    let limit = |metric, millis| SloLimit { metric, at_most: Duration::from_millis(millis) };
    assert_eq!(
        read(EVERY_KEY).unwrap().slo.limits,
        [limit(Metric::Ttft, 500), limit(Metric::E2e, 10_000)]
    );
}

#[test]
fn the_stored_scenario_reads_as_the_same() {
    let stored = read(EVERY_KEY).unwrap().stored_text;
    for line in [
        "    api_key: ${KEY}",
        r#"      X-Team: "***""#,
        "      ca: /srv/ca.pem",
        "      key: /etc/me.key",
        "      - costs $${NAME}",
        "    max_tokens: ${COUNT}",
        "      file: /srv/texts.jsonl",
    ] {
        assert!(stored.lines().any(|stored| stored == line), "{line}\n{stored}");
    }
    let readable = stored.replace("\"***\"", "bench");
    let (first, again) = (read(EVERY_KEY).unwrap(), read(&readable).unwrap());
    assert_eq!(again.stored_text, stored);
    assert_eq!((again.workloads, again.load, again.slo), (first.workloads, first.load, first.slo));
}

#[test]
fn what_is_not_said_is_as_documented() {
    let scenario = read(&scenario(
        "kind: ollama",
        "endpoint: completions, model: m, prompts: [hi]",
        "stages: [{rate: 2/s, requests: 5}]",
    ))
    .unwrap();
    assert_eq!((scenario.name.as_str(), scenario.seed), ("bench", 42));
    let (backend, workload) = (&scenario.backends[0], &scenario.workloads[0]);
    let Target::Url(url) = &backend.target else { panic!("no address") };
    assert_eq!(url.to_string(), "http://localhost:11434/v1");
    assert_eq!(backend.timeouts, Timeouts::default());
    assert!(workload.stream && workload.max_tokens.is_none() && workload.batch == Batch::ONE);
    assert_eq!(
        scenario.load.stages[0].profile,
        LoadProfile::Open {
            rate: Course::Steady("2/s".parse().unwrap()),
            arrival: ArrivalProcess::Poisson,
            max_in_flight: None
        }
    );
    assert_eq!(scenario.load.drain, Duration::from_secs(30));
}

#[test]
fn json_is_read_as_well() {
    let text = r#"{"pacemark": 1, "backends": {"b": {"kind": "vllm"}},
        "workloads": {"w": {"endpoint": "chat", "model": "m", "prompts": ["a\nb"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 1}]}}"#;
    assert_eq!(
        read(text).unwrap().workloads[0].prompts,
        PromptSource::Inline(vec!["a\nb".to_owned()])
    );
}
