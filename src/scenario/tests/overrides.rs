//! Flags over a scenario.

use super::harness::{read_with, scenario};
use crate::scenario::{LoadProfile, Overrides, Scenario};

const TEXT: &str = "pacemark: 1
backends:
  a: {kind: vllm, models: {chat: x}}
  b.c: {kind: ollama, models: {chat: y}}
workloads:
  chat: {endpoint: chat, model: chat, prompts: [hi], body: {temperature: 1}}
  only-a: {endpoint: chat, model: chat, prompts: [hi], backends: [a]}
load: {warmup: {requests: 3}, stages: [{concurrency: 1, requests: 1}]}
";

fn changed(overrides: &Overrides) -> Scenario {
    read_with(TEXT, overrides).unwrap()
}

fn set(paths: &[&str]) -> Overrides {
    Overrides { set: paths.iter().map(|&path| path.to_owned()).collect(), ..Overrides::default() }
}

fn refused(overrides: &Overrides) -> String {
    read_with(TEXT, overrides).unwrap_err().to_string()
}

#[test]
fn a_path_leads_through_lists_and_names_with_dots() {
    let scenario = changed(&set(&[
        "load.stages.0.concurrency=[2, 32]",
        "backends.b.c.models.chat=z",
        "slo.ttft=500ms",
        "workloads.chat.stream=false",
    ]));
    let profiles: Vec<_> = scenario.load.stages.iter().map(|stage| stage.profile.clone()).collect();
    assert_eq!(profiles, [2, 32].map(LoadProfile::closed));
    assert_eq!(scenario.backends[1].model_name("chat"), "z");
    assert_eq!(scenario.slo.limits.len(), 1);
    assert!(!scenario.workloads[0].stream);
}

#[test]
fn null_takes_a_key_away_but_means_something_in_a_body() {
    let scenario = changed(&set(&["load.warmup=null", "workloads.chat.body.temperature="]));
    assert_eq!(scenario.load.warmup, None);
    assert_eq!(scenario.workloads[0].body["temperature"], serde_json::Value::Null);
}

#[test]
fn rounds_and_seed_are_set() {
    let scenario = changed(&Overrides { rounds: Some(6), seed: Some(7), ..Overrides::default() });
    assert_eq!((scenario.load.rounds, scenario.seed), (6, 7));
}

#[test]
fn only_the_named_backends_and_workloads_are_left() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let only_b = changed(&Overrides { backends: names(&["b.c"]), ..Overrides::default() });
    assert_eq!(only_b.backends.len(), 1);
    assert_eq!(only_b.workloads.len(), 1);
    assert_eq!(only_b.workloads[0].backends, [0]);
    let only_a = changed(&Overrides { workloads: names(&["only-a"]), ..Overrides::default() });
    assert_eq!((only_a.backends.len(), only_a.workloads.len()), (2, 1));
}

#[test]
fn what_is_not_chosen_need_not_be_usable() {
    let text = TEXT.replace("kind: ollama", "kind: ollama, api_key: '${NO_SUCH}'");
    let overrides = Overrides { backends: vec!["a".to_owned()], ..Overrides::default() };
    assert!(read_with(&text, &overrides).is_ok());
    assert!(read_with(&text, &Overrides::default()).is_err());
}

#[test]
fn limits_that_the_chosen_workloads_cannot_keep_to_are_left_out() {
    let text = "pacemark: 1\nbackends: {b: {kind: vllm}}\nworkloads:\n  \
        talk: {endpoint: chat, model: m, prompts: [hi]}\n  \
        embed: {endpoint: embeddings, model: m, prompts: [hi]}\n\
        load: {stages: [{concurrency: 1, requests: 1}]}\nslo: {ttft: 1s, e2e: 2s}\n";
    let choose =
        |name: &str| Overrides { workloads: vec![name.to_owned()], ..Overrides::default() };
    let limits = |text: &str, name| read_with(text, &choose(name)).unwrap().slo.limits.len();
    assert_eq!((limits(text, "talk"), limits(text, "embed")), (2, 1));
    assert_eq!(limits(&text.replace(", e2e: 2s", ""), "embed"), 0);
    let wrong = text.replace("model: m, prompts: [hi]}", "model: m, stream: false, prompts: [hi]}");
    assert!(read_with(&wrong, &choose("talk")).is_err(), "no part of it was right before");
}

#[test]
fn the_stored_scenario_is_the_changed_one() {
    let overrides = Overrides {
        backends: vec!["a".to_owned()],
        rounds: Some(2),
        ..set(&["load.stages.0.concurrency=8"])
    };
    insta::assert_snapshot!(changed(&overrides).stored_text, @r"
    pacemark: 1
    name: bench
    seed: 42
    backends:
      a:
        kind: vllm
        models:
          chat: x
    workloads:
      chat:
        endpoint: chat
        model: chat
        prompts:
          - hi
        body:
          temperature: 1
      only-a:
        endpoint: chat
        model: chat
        prompts:
          - hi
        backends:
          - a
    load:
      warmup:
        requests: 3
      stages:
        - concurrency: 8
          requests: 1
      rounds: 2
    ");
}

#[test]
fn a_wrong_flag_is_named_itself() {
    insta::assert_snapshot!(refused(&set(&["load.stages.0.concurency=8"])), @r"--set load.stages.0.concurency: `load.stages.0` has no key `concurency` (did you mean `concurrency`?)");
    insta::assert_snapshot!(refused(&set(&["load.stages.1.concurrency=8"])), @r"--set load.stages.1.concurrency: the list has no item `1` (items are counted from 0; it has 1)");
    insta::assert_snapshot!(refused(&set(&["load.stages.0.concurrency.x=8"])), @r"--set load.stages.0.concurrency.x: there is nothing below the number 1, so no `x`");
    insta::assert_snapshot!(refused(&set(&["load.stages.0.concurrency=many"])), @r"--set load.stages.0.concurrency: `load.stages.0.concurrency` must be a whole number from 1 to 65535, not `many`");
    insta::assert_snapshot!(refused(&set(&["load.rounds=[1"])), @r"--set load.rounds: this is not YAML: while parsing a flow sequence, expected ',' or ']' (a `{` or `[` before this may lack its end)");
    insta::assert_snapshot!(refused(&set(&["load.rounds"])), @r"--set: a path and a value are needed (for example `--set load.stages.0.concurrency=32`)");
    insta::assert_snapshot!(refused(&set(&["=3"])), @r"--set: a step of the path is empty");
    insta::assert_snapshot!(refused(&set(&["load..rounds=3"])), @r"--set load..rounds: a step of the path is empty");
    insta::assert_snapshot!(refused(&set(&["backends.bc.url=http://x"])), @r"--set backends.bc.url: there is no backend `bc` (did you mean `b.c`?)");
    insta::assert_snapshot!(refused(&set(&["workloads.x.stream=true"])), @r"--set workloads.x.stream: there is no workload `x` (accepted: `chat`, `only-a`)");
    let backends = Overrides { backends: vec!["d".to_owned()], ..Overrides::default() };
    insta::assert_snapshot!(refused(&backends), @r"--backend: there is no backend `d` (accepted: `a`, `b.c`)");
    let workloads = Overrides { workloads: vec!["chta".to_owned()], ..Overrides::default() };
    insta::assert_snapshot!(refused(&workloads), @r"--workload: there is no workload `chta` (did you mean `chat`?)");
    insta::assert_snapshot!(refused(&Overrides { rounds: Some(0), ..Overrides::default() }), @r"--rounds: `load.rounds` must be a whole number from 1 to 10000, not the number 0");
    let seed = Overrides { seed: Some(u64::MAX), ..Overrides::default() };
    insta::assert_snapshot!(refused(&seed), @r"--seed: `seed` must be a whole number from 0 to 9007199254740991, not the number 18446744073709551615");
}

#[test]
fn a_choice_that_leaves_nothing_to_run_is_refused() {
    let text = scenario(
        "kind: vllm",
        "endpoint: chat, model: m, prompts: [x], backends: [b]",
        "stages: [{concurrency: 1, requests: 1}]",
    )
    .replace("backends:\n", "backends:\n  a: {kind: ollama}\n");
    let overrides = Overrides { backends: vec!["a".to_owned()], ..Overrides::default() };
    insta::assert_snapshot!(read_with(&text, &overrides).unwrap_err(), @r"--backend: no workload is left that these backends run");
}
