//! A scenario from flags alone.

use std::time::Duration;

use super::harness::read;
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::scenario::{
    ArrivalProcess, BackendKind, Course, LoadProfile, PromptSource, Scenario, ScenarioFlags,
    SloLimit, parse_goodput, scenario_text,
};

fn read_flags(flags: &ScenarioFlags) -> Scenario {
    read(&scenario_text(flags)).unwrap()
}

#[test]
fn a_model_alone_makes_a_scenario() {
    let flags = ScenarioFlags {
        url: Some("http://127.0.0.1:11434/v1".to_owned()),
        ..ScenarioFlags::new("qwen3:4b", Endpoint::Chat)
    };
    insta::assert_snapshot!(scenario_text(&flags), @r"
    pacemark: 1
    name: ollama-chat
    backends:
      ollama:
        kind: ollama
        url: http://127.0.0.1:11434/v1
    workloads:
      chat:
        endpoint: chat
        model: qwen3:4b
        prompts:
          - Explain in three sentences why the sky is blue.
          - 解释一下什么是机器学习。
          - Write a short poem about a lighthouse in winter.
          - 给我三个学习外语的建议。
    load:
      stages:
        - concurrency: 1
          duration: 30s
    ");
    assert_eq!(read_flags(&flags).backends[0].kind, BackendKind::Ollama);
}

#[test]
fn every_flag_has_its_place() {
    let flags = ScenarioFlags {
        url: Some("http://gpu-1:8000".to_owned()),
        kind: Some(BackendKind::Vllm),
        request_rate: vec!["2/s".parse().unwrap(), "20/s".parse().unwrap()],
        burstiness: Some(0.5),
        requests: Some(200),
        duration: Some(Duration::from_mins(1)),
        warmup_requests: Some(8),
        prompts: vec!["12".to_owned(), "a: b".to_owned(), "你好".to_owned()],
        max_tokens: Some(64),
        stream: Some(false),
        headers: vec![("X-Team".to_owned(), "sk-canary".to_owned())],
        api_key_env: Some("KEY".to_owned()),
        slo: parse_goodput("e2e:500").unwrap(),
        ..ScenarioFlags::new("m", Endpoint::Completions)
    };
    let scenario = read_flags(&flags);
    let (backend, workload) = (&scenario.backends[0], &scenario.workloads[0]);
    assert_eq!((backend.name.as_str(), backend.headers.len()), ("vllm", 1));
    assert_eq!(backend.api_key.value.as_ref().unwrap().reveal(), "sk-canary");
    assert_eq!(workload.prompts, PromptSource::Inline(flags.prompts.clone()));
    assert_eq!((workload.max_tokens, workload.stream), (Some(64), false));
    assert_eq!(scenario.load.stages.len(), 2);
    assert_eq!(
        scenario.load.stages[1].profile,
        LoadProfile::Open {
            rate: Course::Steady("20/s".parse().unwrap()),
            arrival: ArrivalProcess::Gamma { burstiness: 0.5 },
            max_in_flight: None
        }
    );
    assert_eq!(scenario.load.stages[1].bound.requests, Some(200));
    assert_eq!(scenario.slo.limits.len(), 1);
    assert!(!scenario.stored_text.contains("canary"));
}

#[test]
fn flags_that_do_not_go_together_are_refused_like_keys() {
    let flags = ScenarioFlags {
        concurrency: vec![4],
        request_rate: vec!["2/s".parse().unwrap()],
        ..ScenarioFlags::new("m", Endpoint::Embeddings)
    };
    insta::assert_snapshot!(read(&scenario_text(&flags)).unwrap_err(), @r"
    bench.yaml:4:3: `kind: generic` needs a `url` (for example `url: http://localhost:8000`)
    bench.yaml:18:13: a stage has either `concurrency` or `rate` (make two stages of it; to bound an open loop use `max_in_flight`)
    ");
}

#[test]
fn an_address_is_only_taken_for_a_kind_where_it_is_its_usual_one() {
    let kind_of = |url: &str| {
        let flags =
            ScenarioFlags { url: Some(url.to_owned()), ..ScenarioFlags::new("m", Endpoint::Chat) };
        read_flags(&flags).backends[0].kind
    };
    assert_eq!(kind_of("https://openrouter.ai/api/v1"), BackendKind::Openrouter);
    assert_eq!(kind_of("http://[::1]:9997"), BackendKind::Xinference);
    // A key meant for OpenAI must not be sent here.
    assert_eq!(kind_of("https://openai.example"), BackendKind::Generic);
    assert_eq!(kind_of("http://gpu-1:4000"), BackendKind::Generic);
}

#[test]
fn every_endpoint_has_prompts_of_its_own() {
    for endpoint in Endpoint::ALL {
        let flags =
            ScenarioFlags { kind: Some(BackendKind::Mock), ..ScenarioFlags::new("m", endpoint) };
        assert_eq!(read_flags(&flags).workloads[0].endpoint, endpoint);
    }
}

#[test]
fn goodput_is_read_in_milliseconds_or_with_a_unit() {
    let limit = |metric, millis| SloLimit { metric, at_most: Duration::from_millis(millis) };
    assert_eq!(
        parse_goodput("ttft:500 tpot:50.5,e2e:10s").unwrap(),
        [
            limit(Metric::Ttft, 500),
            SloLimit { metric: Metric::Tpot, at_most: Duration::from_micros(50_500) },
            limit(Metric::E2e, 10_000),
        ]
    );
    for text in ["ttft", "ttft:", "ttft:0", "goodput:5", "ttft:-5", "ttft=5"] {
        assert!(parse_goodput(text).is_err(), "{text}");
    }
}
