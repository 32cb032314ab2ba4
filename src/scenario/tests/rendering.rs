//! How mistakes are shown.

use super::harness::{problems, read};

const MANY_MISTAKES: &str = r"pacemark: 1
name: many/mistakes
sed: 42
backends:
  ollama:
    kind: olama
    models: {chat: qwen3}
  gateway:
    kind: litellm
    url: localhost:4000
    api_key: ${KEY}
    api_key_env: KEY
    timeouts: {first_tokn: 5s, stall: 30}
    cold_start: exclude
  cpu:
    kind: vllm
    url: http://x:8000
    mock: ollama
workloads:
  chat:
    endpoint: chat
    model: chat
    stream: yes
    prompts: []
    max_tokens: 1.5
    batch: 4
    backends: [gatway, cpu]
  embed:
    endpoint: embeddings
    model: bge-m3
    stream: true
    system: 你是位专家。
    prompts: {file: texts.bin, order: shufled}
    prompts: [又一次]
load:
  warmup: {requests: 8, duration: 10s}
  rounds: 0
  cooldown: 2
  stages:
    - {concurrency: [1, four], requests: 10}
    - {concurrency: 4, rate: 20/s, duration: 60s}
    - {rate: 20, burstiness: 0.5}
    - {concurrency: {from: 1, to: 64}, requests: 20}
    - {search: {}}
slo: {ttft: 0s, p99: 1s}
gates: [ttft.p99 < 800]
";

#[test]
fn every_mistake_is_listed_with_place_and_hint() {
    insta::assert_snapshot!(problems(MANY_MISTAKES), @r"
    bench.yaml:2:7: `name` must be the name of a folder, not `many/mistakes` (leave out `/`, `\`, `:` and a first `.`)
    bench.yaml:3:1: the scenario has no key `sed` (did you mean `seed`?)
    bench.yaml:6:11: `backends.ollama.kind` cannot be `olama` (did you mean `ollama`?)
    bench.yaml:10:10: `backends.gateway.url`: an address begins with `http://` or `https://` (write it as `http://localhost:8000`)
    bench.yaml:12:18: `api_key_env` and `api_key` both give the key (keep one of the two)
    bench.yaml:13:16: `backends.gateway.timeouts` has no key `first_tokn` (did you mean `first_token`?)
    bench.yaml:13:39: `backends.gateway.timeouts.stall` must be a duration, not the number 30 (give its unit: `30s` or `30ms`)
    bench.yaml:14:17: `cold_start` does not go with `kind: litellm` (leave it out; only `kind: ollama` loads and unloads a model when it is asked to)
    bench.yaml:18:11: `mock` does not go with `kind: vllm` (use `kind: mock` for a simulated server)
    bench.yaml:22:12: the alias `chat` is missing in the backends `cpu` (add `chat` to their `models`, or list under `backends` only those that have it)
    bench.yaml:23:13: `workloads.chat.stream` must be `true` or `false`, not `yes`
    bench.yaml:24:14: `workloads.chat.prompts` must be a list with at least one item, not an empty list
    bench.yaml:25:17: `workloads.chat.max_tokens` must be a whole number from 1 to 10000000, not the number 1.5
    bench.yaml:26:12: `batch` is for embeddings and rerank only (leave it out, or use `endpoint: embeddings`)
    bench.yaml:27:16: there is no backend `gatway` (did you mean `gateway`?)
    bench.yaml:31:13: embeddings cannot be streamed (leave it out)
    bench.yaml:32:13: embeddings take no system message (leave it out, or use `endpoint: chat`)
    bench.yaml:33:21: the name of this file does not tell its format (add `format: …`, one of `lines`, `csv`, `jsonl`, `sharegpt`, `openai-batch`)
    bench.yaml:33:39: `workloads.embed.prompts.order` cannot be `shufled` (did you mean `shuffled`?)
    bench.yaml:34:5: `prompts` is given twice (keep one of the two)
    bench.yaml:36:11: `warmup` takes either `requests` or `duration` (leave one of the two out)
    bench.yaml:37:11: `load.rounds` must be a whole number from 1 to 10000, not the number 0
    bench.yaml:38:13: `load.cooldown` must be a duration, not the number 2 (give its unit: `2s` or `2ms`)
    bench.yaml:40:25: `load.stages.0.concurrency.1` must be a whole number from 1 to 65535, not `four`
    bench.yaml:41:30: a stage has either `concurrency` or `rate` (make two stages of it; to bound an open loop use `max_in_flight`)
    bench.yaml:42:7: `load.stages.2` never ends (add `requests: 200`, `duration: 30s`, or both)
    bench.yaml:42:14: `load.stages.2.rate` must be a rate, not the number 20 (give its unit: `20/s`)
    bench.yaml:42:30: `burstiness` goes with `arrival: gamma` (add `arrival: gamma`, or leave it out)
    bench.yaml:43:21: a ramp needs a `duration` (add `duration: 1m`: the time in which it goes from one to the other)
    bench.yaml:44:16: `load.stages.4.search` lacks the key `limits`
    bench.yaml:44:16: `load.stages.4.search` has no loads (add `concurrency: {from: 1, to: 64}`, or `rate: {from: 1/s, to: 50/s}`)
    bench.yaml:45:13: `slo.ttft` must be a duration above 0, not `0s`
    bench.yaml:45:17: `slo` has no key `p99` (accepted: `ttft`, `ttfa`, `tpot`, `stall`, `e2e`, `response`)
    bench.yaml:46:20: in `ttft.p99 < 800`: the limit of `ttft.p99` is `800` (write a time with its unit, as `800ms` or `800s`)
    ");
}

#[test]
fn a_terminal_shows_the_lines() {
    let errors = read(
        "pacemark: 1
backends: {本地: {kind: olama}}
workloads:
  聊天: {endpoint: chat, model: 模型, prompts: [你好], max_tokns: 8}
load:
  stages: [{concurrency: 4, rate: 2/s, requests: 9}]
",
    )
    .unwrap_err();
    assert_eq!(errors.count(), 3);
    insta::assert_snapshot!(errors.fancy(80, false), @r"
     × `backends.本地.kind` cannot be `olama`
      ╭─[bench.yaml:2:23]
    1 │ pacemark: 1
    2 │ backends: {本地: {kind: olama}}
      ·                         ─────
    3 │ workloads:
      ╰────
     help: did you mean `ollama`?

     × `workloads.聊天` has no key `max_tokns`
      ╭─[bench.yaml:4:50]
    3 │ workloads:
    4 │   聊天: {endpoint: chat, model: 模型, prompts: [你好], max_tokns: 8}
      ·                                                        ─────────
    5 │ load:
      ╰────
     help: did you mean `max_tokens`?

     × a stage has either `concurrency` or `rate`
      ╭─[bench.yaml:6:35]
    5 │ load:
    6 │   stages: [{concurrency: 4, rate: 2/s, requests: 9}]
      ·                          ┬        ───
      ·                          ╰── the other one
      ╰────
     help: make two stages of it; to bound an open loop use `max_in_flight`
    ");
}

#[test]
fn what_is_no_yaml_is_refused_with_its_place() {
    insta::assert_snapshot!(problems("pacemark: 1\nname: [a, b\nseed: 1\n"), @r"bench.yaml:3:5: this is not YAML: illegal placement of ':' indicator (a `{` or `[` before this may lack its end)");
    insta::assert_snapshot!(problems("pacemark: 1\n\tname: x\n"), @r"bench.yaml:1:11: this is not YAML: while scanning a plain scalar, found a tab (YAML is indented with spaces, not with tabs)");
    insta::assert_snapshot!(problems("load: {stages: [{requests: ${COUNT}}]}\n"), @r"bench.yaml:1:29: this is not YAML: while parsing a flow mapping, did not find expected ',' or '}' (inside `{ }` and `[ ]`, put a `${NAME}` in quotes)");
    insta::assert_snapshot!(problems("description: this: that\n"), @r"bench.yaml:1:18: this is not YAML: mapping values are not allowed in this context (put a text that contains `: ` in quotes)");
    insta::assert_snapshot!(problems(""), @r"bench.yaml:1:1: the scenario is empty (`pacemark init` prints one to start from)");
    insta::assert_snapshot!(problems("# nothing but a comment\n"), @r"bench.yaml:1:1: the scenario is empty (`pacemark init` prints one to start from)");
    insta::assert_snapshot!(problems("just a text"), @"bench.yaml:1:1: the scenario must be a mapping with the keys `pacemark`, `name`, `description`, `seed`, `backends`, `workloads`, `load`, `slo`, `gates`, `compare`, `live`, not a hidden text");
    insta::assert_snapshot!(problems("a: 1\n---\nb: 2\n"), @r"bench.yaml:2:1: a second document starts here (keep one scenario per file)");
    insta::assert_snapshot!(problems("a: !include other.yaml\n"), @r"bench.yaml:1:4: tags such as `!include` are not used here (write the plain value)");
    insta::assert_snapshot!(problems("<<: {a: 1}\n"), @r"bench.yaml:1:1: merge keys (`<<`) are not part of YAML 1.2 (repeat the keys, or give a whole value an anchor (`&name`) and use `*name`)");
    insta::assert_snapshot!(problems("? [a, b]\n: 1\n"), @r"bench.yaml:1:3: a key must be a text, not a list");
    insta::assert_snapshot!(problems("a: &x [*x]\n"), @r"bench.yaml:1:8: this alias stands inside itself");
    insta::assert_snapshot!(problems("a: *nobody\n"), @r"bench.yaml:1:4: this is not YAML: while parsing node, found unknown anchor");
}

#[test]
fn more_problems_than_anyone_reads_are_counted() {
    use std::fmt::Write as _;
    let mut text = "pacemark: 1\n".to_owned();
    for index in 0..120 {
        writeln!(text, "unknown{index}: 1").unwrap();
    }
    let errors = read(&text).unwrap_err();
    assert_eq!(errors.count(), 123);
    assert_eq!(errors.to_string().lines().count(), 51);
    assert!(errors.to_string().ends_with("\nand 73 more problems"));
}
