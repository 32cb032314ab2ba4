//! Which values fit together, rule by rule.

use super::harness::{BACKEND, LOAD, WORKLOAD, problems, scenario};

fn of_backend(backend: &str) -> String {
    problems(&scenario(backend, WORKLOAD, LOAD))
}

fn of_workload(workload: &str) -> String {
    problems(&scenario(BACKEND, workload, LOAD))
}

fn of_load(load: &str) -> String {
    problems(&scenario(BACKEND, WORKLOAD, load))
}

fn of_stage(stage: &str) -> String {
    of_load(&format!("stages: [{{{stage}}}]"))
}

fn of_mock(mock: &str) -> String {
    of_backend(&format!("mock: {mock}"))
}

#[test]
fn the_base_of_these_tests_is_right() {
    assert_eq!(problems(&scenario(BACKEND, WORKLOAD, LOAD)), "nothing");
}

#[test]
fn a_file_says_its_version_and_its_parts() {
    insta::assert_snapshot!(problems("pacemark: 2\nnonsense: 1"), @r"bench.yaml:1:11: this scenario is of version 2, but this pacemark reads 1 (write `pacemark: 1`)");
    insta::assert_snapshot!(problems("{}"), @r"
    bench.yaml:1:1: the scenario lacks the key `pacemark`
    bench.yaml:1:1: the scenario lacks the key `backends`
    bench.yaml:1:1: the scenario lacks the key `workloads`
    bench.yaml:1:1: the scenario lacks the key `load`
    ");
    insta::assert_snapshot!(problems("pacemark: 1\nbackends: {}\nworkloads: []\nload:\n"), @r"
    bench.yaml:2:11: `backends` must be a mapping with at least one name, not an empty mapping
    bench.yaml:3:12: `workloads` must be a mapping from names, not an empty list
    bench.yaml:4:5: `load` must be a mapping with the keys `warmup`, `stages`, `rounds`, `cooldown`, `stop`, `drain`, `hooks`, not nothing
    ");
}

#[test]
fn a_backend_has_a_kind_and_an_address() {
    insta::assert_snapshot!(of_backend("url: http://x"), @r"bench.yaml:3:3: `backends.b` lacks the key `kind` (it is one of `ollama`, `litellm`, `xinference`, `openai`, `openrouter`, `together`, `vllm`, `sglang`, `tgi`, `infinity`, `llamacpp`, `generic`, `mock`)");
    insta::assert_snapshot!(of_backend("kind: generic"), @r"bench.yaml:3:3: `kind: generic` needs a `url` (for example `url: http://localhost:8000`)");
    insta::assert_snapshot!(of_backend("kind: mock, url: http://x"), @r"bench.yaml:3:24: the simulated server runs inside pacemark and has no `url` (leave `url` out; for a server elsewhere use another `kind`)");
    insta::assert_snapshot!(of_backend("kind: vllm, mock: {slots: 4}"), @r"bench.yaml:3:25: `mock` does not go with `kind: vllm` (use `kind: mock` for a simulated server)");
    insta::assert_snapshot!(of_backend("kind: vllm, url: http://me:pw@x"), @r"bench.yaml:3:24: `backends.b.url`: an address must not hold a user or a password (give the key with `api_key: ${NAME}`, or an `authorization` under `headers`)");
    insta::assert_snapshot!(of_backend("kind: vllm, url: \"http://x/v1?api_key=sk-1\""), @r"bench.yaml:3:24: `backends.b.url`: an address must not hold a query or a fragment (leave out what follows the path; give a key with `api_key: ${NAME}`)");
    insta::assert_snapshot!(of_backend("kind: vllm, url: http://x/v1/chat/completions"), @r"bench.yaml:3:24: `backends.b.url`: this is the address of an endpoint, not of the API (leave out the endpoint: `http://localhost:8000/v1`; the workload's `endpoint` chooses it)");
    insta::assert_snapshot!(of_backend("kind: vllm, url: 8000"), @r"bench.yaml:3:24: `backends.b.url` must be a text, not the number 8000 (put it in quotes)");
}

#[test]
fn a_key_has_one_source() {
    insta::assert_snapshot!(of_backend("kind: vllm, api_key_env: NO_SUCH"), @r"bench.yaml:3:32: the environment variable `NO_SUCH` is not set (set it to the key, or leave `api_key_env` out if the server asks for none)");
    insta::assert_snapshot!(of_backend("kind: vllm, api_key_env: EMPTY"), @r"bench.yaml:3:32: the environment variable `EMPTY` holds no key (set it to the key, or leave `api_key_env` out if the server asks for none)");
    insta::assert_snapshot!(of_backend("kind: vllm, api_key_file: nowhere.txt"), @r"bench.yaml:3:33: the file `/srv/nowhere.txt` cannot be read: entity not found");
    insta::assert_snapshot!(of_backend("kind: vllm, api_key_file: empty.txt"), @r"bench.yaml:3:33: the file `/srv/empty.txt` holds no key on a single line");
    insta::assert_snapshot!(of_backend("kind: vllm, api_key_env: KEY, api_key_file: key.txt"), @r"bench.yaml:3:51: `api_key_file` and `api_key_env` both give the key (keep one of the two)");
    insta::assert_snapshot!(of_backend("kind: vllm, api_key_env: KEY, headers: {Authorization: Basic eA==}"), @r"bench.yaml:3:47: the header `Authorization` is given beside an `api_key` (leave it out)");
    insta::assert_snapshot!(of_backend("kind: vllm, api_key: \"\""), @r"bench.yaml:3:28: `backends.b.api_key` must be a text of ASCII characters on one line, not an empty text");
    insta::assert_snapshot!(of_backend("kind: vllm, api_key: \"${NO_SUCH}\""), @r"bench.yaml:3:28: the environment variable `NO_SUCH` is not set (set it, or give a default: `${NO_SUCH:-…}`)");
}

#[test]
fn headers_can_be_sent() {
    insta::assert_snapshot!(of_backend("kind: vllm, headers: {\"x team\": a}"), @r"bench.yaml:3:29: the header `x team` is no name of a header (leave it out)");
    insta::assert_snapshot!(of_backend("kind: vllm, headers: {Host: a}"), @r"bench.yaml:3:29: the header `Host` is set by pacemark itself (leave it out)");
    insta::assert_snapshot!(of_backend("kind: vllm, headers: {x-team: a, X-Team: b}"), @r"bench.yaml:3:40: the header `X-Team` is given twice; case does not matter (leave it out)");
    insta::assert_snapshot!(of_backend("kind: vllm, headers: {x-team: 名字}"), @r"bench.yaml:3:37: `backends.b.headers.x-team` must be a text of ASCII characters on one line, not a hidden text");
    insta::assert_snapshot!(of_backend("kind: vllm, headers: {x-team: 5}"), @r"bench.yaml:3:37: `backends.b.headers.x-team` must be a text, not a hidden value (put it in quotes, or take it from the environment: `${NAME}`)");
    insta::assert_snapshot!(of_backend("kind: vllm, headers: [a]"), @r"bench.yaml:3:28: `backends.b.headers` must be a mapping from names, not a list");
}

#[test]
fn settings_of_a_backend_have_an_effect() {
    insta::assert_snapshot!(of_backend("kind: vllm, tls: {verify: false}"), @r"bench.yaml:3:24: `tls` is set, but this server is not spoken to with TLS (leave `tls` out, or begin the `url` with `https://`)");
    insta::assert_snapshot!(of_backend("kind: openai, tls: {cert: a.pem}"), @r"bench.yaml:3:26: `cert` and `key` go together, but `key` is missing");
    insta::assert_snapshot!(of_backend("kind: vllm, http: 3"), @r"bench.yaml:3:25: `backends.b.http` cannot be the number 3 (accepted: `1`, `2`)");
    insta::assert_snapshot!(of_backend("kind: vllm, http: 1.1"), @r"bench.yaml:3:25: `backends.b.http` cannot be the number 1.1 (accepted: `1`, `2`)");
    insta::assert_snapshot!(of_backend("kind: vllm, connections: frsh"), @r"bench.yaml:3:32: `backends.b.connections` cannot be `frsh` (did you mean `fresh`?)");
    insta::assert_snapshot!(of_backend("kind: vllm, timeouts: {connect: 0s}"), @r"bench.yaml:3:39: `backends.b.timeouts.connect` must be a duration above 0, not `0s`");
    insta::assert_snapshot!(of_backend("kind: vllm, body: {model: x}"), @r"bench.yaml:3:25: `backends.b.body` must not hold `model` (leave it out: the workload's `model` decides it)");
    insta::assert_snapshot!(of_backend("kind: vllm, body: [1]"), @r"bench.yaml:3:25: `backends.b.body` must be a mapping, not a list");
    insta::assert_snapshot!(of_backend("kind: vllm, body: {top_p: .nan}"), @r"bench.yaml:3:33: `backends.b.body.top_p` must be a finite number, not the number NaN");
    insta::assert_snapshot!(of_backend("kind: vllm, metrics: http://x, price: {per_hour: 1, input_per_million: 2}"), @r"bench.yaml:3:78: a price is either by the hour or by tokens (leave one of the two out)");
    insta::assert_snapshot!(of_backend("kind: vllm, price: {input_per_million: 2}"), @r"bench.yaml:3:26: `backends.b.price` lacks the key `output_per_million` (write `{per_hour: 1.20}`, or both prices of tokens)");
}

#[test]
fn a_simulated_server_makes_sense() {
    insta::assert_snapshot!(of_mock("olama"), @r"bench.yaml:3:13: `backends.b.mock` cannot be `olama` (did you mean `ollama`?)");
    insta::assert_snapshot!(of_mock("{queue: 5}"), @r"bench.yaml:3:21: `mock.queue` has no effect without `slots` (add `slots`, or leave it out)");
    insta::assert_snapshot!(of_mock("{slots: 4, decode_rate: 100, gap: 5ms}"), @r"bench.yaml:3:47: `mock.gap` has no effect where `decode_rate` is set (leave out one of the two; the profiles set `decode_rate`)");
    insta::assert_snapshot!(of_mock("{slots: 4, batch_slowdown: 0.1}"), @r"bench.yaml:3:40: `mock.batch_slowdown` has no effect without `decode_rate` (add `decode_rate`, or leave it out)");
    insta::assert_snapshot!(of_mock("{stall: 2s}"), @r"bench.yaml:3:21: `mock.stall` has no effect without `stalls` (say how many streams pause: `stalls: 5%`)");
    insta::assert_snapshot!(of_mock("{errors: 5}"), @r"bench.yaml:3:22: `backends.b.mock.errors` must be a share from 0% to 100%, not the number 5 (write it in percent: `5%`)");
    insta::assert_snapshot!(of_mock("{ttft: 40}"), @r"bench.yaml:3:20: `backends.b.mock.ttft` must be a duration, not the number 40 (give its unit: `40s` or `40ms`)");
    insta::assert_snapshot!(of_mock("{ttft: {mean: 40ms}}"), @r"bench.yaml:3:20: `backends.b.mock.ttft` lacks the key `stddev`");
    insta::assert_snapshot!(of_mock("{ttft: {mean: 40ms, stddev: 5ms, min: 9ms, max: 8ms}}"), @r"bench.yaml:3:51: `backends.b.mock.ttft`: `min` is above `max`");
    insta::assert_snapshot!(of_mock("{ttft: {uniform: [9ms, 8ms]}}"), @r"bench.yaml:3:30: `backends.b.mock.ttft`: `uniform` names the lower value first");
    insta::assert_snapshot!(of_mock("{ttft: {uniform: [9ms, 8ms, 7ms]}}"), @r"bench.yaml:3:30: `backends.b.mock.ttft.uniform` must be a list of at most 2 items, not a list");
    insta::assert_snapshot!(of_mock("{ttft: {uniform: [1ms, 2ms], mean: 3ms}}"), @r"bench.yaml:3:42: `backends.b.mock.ttft` has no key `mean` (accepted: `uniform`)");
    insta::assert_snapshot!(of_mock("{ttft: {lognormal: {mean: 0ms, stddev: 5ms}}}"), @r"bench.yaml:3:32: `backends.b.mock.ttft`: its `mean` must be above 0");
    insta::assert_snapshot!(of_mock("{output_tokens: -1}"), @r"bench.yaml:3:29: `backends.b.mock.output_tokens` must be a number of at least 0, not the number -1");
    insta::assert_snapshot!(of_mock("{batch_slowdown: 2}"), @r"bench.yaml:3:30: `backends.b.mock.batch_slowdown` must be a number from 0 to 1, not the number 2");
    insta::assert_snapshot!(of_mock("3"), @r"bench.yaml:3:13: `backends.b.mock` must be a mapping with the keys `profile`, `ttft`, `gap`, `output_tokens`, `slots`, `queue`, `prefill_rate`, `decode_rate`, `batch_slowdown`, `context`, `load`, `keep_alive`, `errors`, `stalls`, `stall`, `tokens_per_event`, `seed`, not the number 3");
}

#[test]
fn a_workload_fits_its_endpoint() {
    insta::assert_snapshot!(of_workload("endpoint: chats, model: m, prompts: [hi]"), @r"bench.yaml:5:17: `workloads.w.endpoint` cannot be `chats` (did you mean `chat`?)");
    insta::assert_snapshot!(of_workload("endpoint: completions, model: m, prompts: [hi], system: x"), @r"bench.yaml:5:63: completions take no system message (leave it out, or use `endpoint: chat`)");
    insta::assert_snapshot!(of_workload("endpoint: completions, model: m, prompts: [hi], batch: 2"), @r"bench.yaml:5:62: `batch` is for embeddings and rerank only (leave it out, or use `endpoint: embeddings`)");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], stream: true"), @r"bench.yaml:5:62: embeddings cannot be streamed (leave it out)");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], max_tokens: 5"), @r"bench.yaml:5:66: embeddings have no output tokens to limit (leave it out)");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], stream: false, batch: 4"), @r"nothing");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], batch: {uniform: [8, 2]}"), @r"bench.yaml:5:71: `workloads.w.batch`: `uniform` names the lower value first");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], batch: {mean: 8, stddev: 0.5}"), @r"nothing");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], batch: 1.5"), @r"bench.yaml:5:61: `workloads.w.batch` must be a whole number from 1 to 65536, not the number 1.5");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], dimensions: 256, encoding_format: base64"), @r"nothing");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], dimensions: 256, body: {dimensions: 5}"), @r"bench.yaml:5:66: `dimensions` is given here and in `body` (keep it here)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], encoding_format: float, top_n: 3"), @r"
    bench.yaml:5:65: `encoding_format` is for embeddings only (leave it out, or use `endpoint: embeddings`)
    bench.yaml:5:79: `top_n` is for rerank only (leave it out, or use `endpoint: rerank`)
    ");
    insta::assert_snapshot!(of_workload("endpoint: rerank, model: m, prompts: [hi]"), @r"bench.yaml:5:44: these queries have no documents to rank (add `documents`, or take prompts from a file of rows with `query` and `documents`)");
    insta::assert_snapshot!(of_workload("endpoint: rerank, model: m, prompts: [hi], documents: [a, b]"), @r"bench.yaml:5:61: how many of them go with a query is not said (add `batch`, as `batch: 16` or `batch: {uniform: [8, 32]}`)");
    insta::assert_snapshot!(of_workload("endpoint: rerank, model: m, prompts: [hi], documents: [a, b], batch: 2, stream: true"), @r"bench.yaml:5:87: rankings cannot be streamed (leave it out)");
    insta::assert_snapshot!(of_workload("endpoint: rerank, model: m, prompts: [hi], documents: {file: a.txt}, batch: {uniform: [8, 32]}, top_n: 5, return_documents: false"), @r"nothing");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], images: {files: [a.png], count: 2, detail: low}"), @r"nothing");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], images: {width: 512}"), @"bench.yaml:5:56: where the pictures come from is not said (write `files: [a.png]`, or both `width: 512` and `height: 512`)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], images: {files: [a.png], width: 5}"), @"bench.yaml:5:56: pictures come from `files`, or are painted, not both (leave out `files`, or `width` and `height`)");
    insta::assert_snapshot!(of_workload("endpoint: responses, model: m, prompts: [hi], images: {files: [a.png]}"), @"bench.yaml:5:61: `images` is for chat only (leave it out, or use `endpoint: chat`)");
    insta::assert_snapshot!(of_workload("endpoint: responses, model: m, prompts: [hi], system: Be brief., max_tokens: 8, stream: false"), @r"nothing");
}

#[test]
fn the_body_leaves_to_the_workload_what_it_says() {
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], body: {messages: [], stream: true}"), @r"
    bench.yaml:5:54: `workloads.w.body` must not hold `stream` (leave it out: the workload's `stream` decides it)
    bench.yaml:5:54: `workloads.w.body` must not hold `messages` (leave it out: the workload's `prompts` decides it)
    ");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], max_tokens: 5, body: {max_completion_tokens: 5}"), @r"bench.yaml:5:60: `max_tokens` is given here and in `body` (keep it here)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], body: {temperature: 0, stop: null}"), @r"nothing");
}

#[test]
fn there_are_prompts() {
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m"), @r"bench.yaml:5:6: `workloads.w` lacks the key `prompts`");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: []"), @r"bench.yaml:5:42: `workloads.w.prompts` must be a list with at least one item, not an empty list");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: hello"), @r"bench.yaml:5:42: `workloads.w.prompts` must be a list of texts, `{file: …}` or `{synthetic: …}`, not `hello` (write `[…]` even around a single prompt)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [\"\", 5]"), @r"
    bench.yaml:5:43: `workloads.w.prompts.0` must be a text, not an empty text
    bench.yaml:5:47: `workloads.w.prompts.1` must be a text, not the number 5 (put it in quotes)
    ");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: {fil: a.txt}"), @r"
    bench.yaml:5:42: `workloads.w.prompts` lacks the key `file`
    bench.yaml:5:43: `workloads.w.prompts` has no key `fil` (did you mean `file`?)
    ");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: {file: a.parquet}"), @r"bench.yaml:5:49: the name of this file does not tell its format (add `format: …`, one of `lines`, `csv`, `jsonl`, `sharegpt`, `openai-batch`)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: {file: a.jsonl, columns: {prompt: q}}"), @"bench.yaml:5:67: `columns` are those of a CSV file; this one is jsonl (leave it out, or add `format: csv`)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, system: hi, prompts: {file: a.jsonl, format: openai-batch}"), @"bench.yaml:5:41: `system` does not go with `format: openai-batch` (leave it out: each row of the file is a whole request)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: {file: a.csv, at_end: wrap, order: 3, skip_invalid: maybe}"), @"
    bench.yaml:5:64: `workloads.w.prompts.at_end` cannot be `wrap` (accepted: `repeat`, `stop`)
    bench.yaml:5:77: `workloads.w.prompts.order` cannot be the number 3 (accepted: `sequential`, `shuffled`, `random`)
    bench.yaml:5:94: `workloads.w.prompts.skip_invalid` must be `true` or `false`, not `maybe`
    ");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: {file: a.jsonl, format: line}"), @r"bench.yaml:5:66: `workloads.w.prompts.format` cannot be `line` (did you mean `lines`?)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: {trace: {file: a}}"), @"bench.yaml:5:57: the name of this file does not tell its format (add `format: …`, one of `mooncake`, `burstgpt`, `azure`, `pacemark`)");
}

#[test]
fn synthetic_prompts_have_lengths_that_can_be() {
    let of = |synthetic: &str| {
        of_workload(&format!("endpoint: chat, model: m, prompts: {{synthetic: {synthetic}}}"))
    };
    assert_eq!(of("{input_tokens: {mean: 512, stddev: 64, min: 16, max: 2048}}"), "nothing");
    assert_eq!(of("{mixture: [{weight: 7, input_tokens: 9, output_tokens: 5}]}"), "nothing");
    insta::assert_snapshot!(of("{language: zh}"), @"bench.yaml:5:42: synthetic prompts need `input_tokens` (for example `input_tokens: 512`; or give a `mixture`)");
    insta::assert_snapshot!(of("{input_tokens: 0}"), @"bench.yaml:5:69: no length is below 1 token (write 1 or more)");
    insta::assert_snapshot!(of("{input_tokens: 2000000}"), @"bench.yaml:5:69: no length is above 1048576 tokens (write less)");
    insta::assert_snapshot!(of("{input_tokens: 5, mixture: [{weight: 1, input_tokens: 5}]}"), @"bench.yaml:5:69: `input_tokens` and `mixture` are both given (keep one: each part of a mixture has its own `input_tokens`)");
    insta::assert_snapshot!(of("{mixture: [{weight: 0, input_tokens: 5}, {input_tokens: 5}]}"), @r"
    bench.yaml:5:74: `workloads.w.prompts.synthetic.mixture.0.weight` must be a number above 0, not the number 0
    bench.yaml:5:95: `workloads.w.prompts.synthetic.mixture.1` lacks the key `weight`
    ");
    insta::assert_snapshot!(of("{input_tokens: 5, language: fr}"), @"bench.yaml:5:82: `workloads.w.prompts.synthetic.language` cannot be `fr` (accepted: `en`, `zh`, `code`)");
    insta::assert_snapshot!(of("{input_tokens: 64, shared_prefix: {tokens: 64}}"), @"bench.yaml:5:88: prompts may be as short as 64 tokens, and the shared prefix alone has 64 (the prefix is a part of the prompt: raise `input_tokens` or its `min` above it)");
    insta::assert_snapshot!(of("{input_tokens: {mean: 64, stddev: 5}, shared_prefix: {tokens: 9}}"), @"bench.yaml:5:107: prompts may be as short as 1 tokens, and the shared prefix alone has 9 (the prefix is a part of the prompt: raise `input_tokens` or its `min` above it)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: {synthetic: {input_tokens: 5}, file: a}"), @"bench.yaml:5:73: `workloads.w.prompts` has no key `file` (accepted: `synthetic`)");
}

#[test]
fn an_output_length_is_given_once_and_where_there_is_output() {
    let of = |rest: &str| of_workload(&format!("endpoint: chat, model: m, {rest}"));
    assert_eq!(of("prompts: [hi], output_tokens: {uniform: [5, 9]}"), "nothing");
    assert_eq!(of("prompts: {synthetic: {input_tokens: 5}}, tokenizer: t.json"), "nothing");
    assert_eq!(of("prompts: [hi], tokenizer: t.json"), "nothing");
    insta::assert_snapshot!(of("prompts: [hi], output_tokens: 5, max_tokens: 9"), @"bench.yaml:5:63: `output_tokens` and `max_tokens` are both given (keep one: `output_tokens` is the limit as well)");
    insta::assert_snapshot!(of("prompts: [hi], output_tokens: 5, body: {ignore_eos: true}"), @"bench.yaml:5:63: the output length is given here and as `ignore_eos` in `body` (keep it here)");
    insta::assert_snapshot!(of("prompts: {synthetic: {mixture: [{weight: 1, input_tokens: 5, output_tokens: 6}]}}, output_tokens: 5"), @"bench.yaml:5:109: the output length is given here and for the workload (keep one of the two)");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: [hi], output_tokens: 5"), @"bench.yaml:5:69: embeddings have no output tokens (leave it out)");
    insta::assert_snapshot!(of_workload("endpoint: embeddings, model: m, prompts: {synthetic: {mixture: [{weight: 1, input_tokens: 5, output_tokens: 6}]}}"), @"bench.yaml:5:115: embeddings have no output tokens (leave it out)");
}

#[test]
fn a_workload_runs_on_backends_there_are() {
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], backends: [bb]"), @r"bench.yaml:5:59: there is no backend `bb` (accepted: `b`)");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], backends: [b, b]"), @r"bench.yaml:5:62: `b` is listed twice");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], backends: []"), @r"bench.yaml:5:58: `workloads.w.backends` must be a list with at least one item, not an empty list");
    insta::assert_snapshot!(of_workload("endpoint: chat, model: m, prompts: [hi], backends: b"), @r"bench.yaml:5:58: `workloads.w.backends` must be a list, not `b` (write `[…]`, or each item after a `- `)");
}

#[test]
fn a_stage_has_one_load_and_an_end() {
    insta::assert_snapshot!(of_stage("requests: 5"), @"bench.yaml:6:17: `load.stages.0` has no load (add `concurrency: 4` for a closed loop, `rate: 20/s` for an open one, or `replay: {}` for that of a trace)");
    insta::assert_snapshot!(of_stage("concurrency: 4"), @r"bench.yaml:6:17: `load.stages.0` never ends (add `requests: 200`, `duration: 30s`, or both)");
    insta::assert_snapshot!(of_stage("concurrency: 4, rate: 5/s, requests: 5"), @r"bench.yaml:6:40: a stage has either `concurrency` or `rate` (make two stages of it; to bound an open loop use `max_in_flight`)");
    insta::assert_snapshot!(of_stage("concurrency: 0, requests: 5"), @r"bench.yaml:6:31: `load.stages.0.concurrency` must be a whole number from 1 to 65535, not the number 0");
    insta::assert_snapshot!(of_stage("concurrency: [], requests: 5"), @r"bench.yaml:6:31: `load.stages.0.concurrency` must be a list with at least one item, not an empty list");
    insta::assert_snapshot!(of_stage("concurrency: 4, requests: 5, arrival: poisson, max_in_flight: 3"), @r"
    bench.yaml:6:56: `arrival` goes with `rate`, not with `concurrency` (leave it out, or use `rate`)
    bench.yaml:6:80: `max_in_flight` goes with `rate`, not with `concurrency` (leave it out, or use `rate`)
    ");
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 30"), @r"bench.yaml:6:39: `load.stages.0.duration` must be a duration, not the number 30 (give its unit: `30s` or `30ms`)");
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 0s"), @r"bench.yaml:6:39: `load.stages.0.duration` must be a duration above 0, not `0s`");
    insta::assert_snapshot!(of_stage("rate: 5/day, duration: 5s"), @r"bench.yaml:6:24: `load.stages.0.rate` must be a rate above 0, not `5/day` (write `20/s`, `0.5/s` or `600/min`)");
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 9000h"), @r"bench.yaml:6:39: `load.stages.0.duration` must be a duration of at most a year, not `9000h`");
}

#[test]
fn arrivals_fit_together() {
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 5s, arrival: poison"), @r"bench.yaml:6:52: `load.stages.0.arrival` cannot be `poison` (did you mean `poisson`?)");
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 5s, arrival: gamma"), @r"bench.yaml:6:52: `arrival: gamma` needs `burstiness` (write `burstiness: 0.5`; 1 is Poisson, less is burstier)");
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 5s, arrival: gamma, burstiness: 0"), @r"bench.yaml:6:71: `load.stages.0.burstiness` must be a number above 0, not the number 0");
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 5s, arrival: constant, burstiness: 2"), @r"bench.yaml:6:74: `burstiness` goes with `arrival: gamma` (add `arrival: gamma`, or leave it out)");
    insta::assert_snapshot!(of_stage("replay: {speed: 2}"), @"bench.yaml:6:7: load point 0 is a replay, but the workload `w` has no trace (give it `prompts: {trace: {file: …}}`, or a scenario of its own)");
}

#[test]
fn sweeps_and_searches_fit_together() {
    insta::assert_snapshot!(of_stage("sweep: {}, duration: 5s"), @r"
    bench.yaml:6:25: `load.stages.0.sweep` has no loads (add `concurrency: {from: 1, to: 64}`, or `rate: {from: 1/s, to: 50/s}`)
    bench.yaml:6:39: `duration` does not stand beside `sweep` (write it inside of `sweep`, or make another stage of it)
    ");
    insta::assert_snapshot!(of_stage("sweep: {concurrency: {from: 9, to: 2}, duration: 5s}"), @r"bench.yaml:6:39: `to` is not above `from` (begin with the least load)");
    insta::assert_snapshot!(of_stage("sweep: {concurrency: {from: 1, to: 2}, rate: {from: 1/s, to: 2/s}}"), @r"bench.yaml:6:63: `load.stages.0.sweep` has either `concurrency` or `rate` (make two stages of it)");
    insta::assert_snapshot!(of_stage("sweep: {concurrency: {from: 1, to: 8}}"), @r"bench.yaml:6:25: `load.stages.0.sweep` never ends (add `requests: 200`, `duration: 30s`, or both)");
    insta::assert_snapshot!(of_stage("sweep: {concurrency: {from: 1, to: 8}, arrival: constant, requests: 5}"), @r"bench.yaml:6:66: `arrival` goes with `rate`, not with `concurrency` (leave it out, or use `rate`)");
    insta::assert_snapshot!(of_stage("sweep: {rate: {from: 1/s, to: 9/s, scale: loud}, duration: 5s}, requests: 3"), @r"
    bench.yaml:6:60: `load.stages.0.sweep.rate.scale` cannot be `loud` (accepted: `linear`, `log`, `adaptive`)
    bench.yaml:6:92: `requests` does not stand beside `sweep` (write it inside of `sweep`, or make another stage of it)
    ");
    let rate = "rate: {from: 1/s, to: 9/s}";
    insta::assert_snapshot!(of_stage(&format!("search: {{{rate}}}")), @r"bench.yaml:6:26: `load.stages.0.search` lacks the key `limits`");
    insta::assert_snapshot!(of_stage(&format!("search: {{{rate}, limits: [ttft.p99 = 3, goodput > 5/s]}}")), @r"
    bench.yaml:6:73: in `ttft.p99 = 3`: there is no comparison `=` (there are `<`, `<=`, `>`, `>=`)
    bench.yaml:6:78: `goodput` is no limit that more load breaks (limit a latency, as `ttft.p99 < 500ms`, `error_rate`, or `slo_attainment`)
    ");
    insta::assert_snapshot!(of_stage(&format!("search: {{{rate}, limits: [slo_attainment >= 99%]}}")), @r"bench.yaml:6:7: the limit `slo_attainment >= 99%` needs an `slo` (add `slo: {ttft: 500ms, tpot: 50ms}` at the top of the file)");
    insta::assert_snapshot!(of_stage(&format!("search: {{{rate}, limits: [e2e.p99 < 1s], precision: 0.1%, budget: {{probes: 2}}}}")), @r"
    bench.yaml:6:90: `precision` is 0.1%; it goes from 0.5% to 50% (5% is usual; closer takes many more probes)
    bench.yaml:6:113: `load.stages.0.search.budget.probes` must be a whole number from 4 to 1000, not the number 2
    ");
    insta::assert_snapshot!(of_stage(&format!("search: {{{rate}, limits: [e2e.p99 < 1s], think_time: 2s}}")), @r"bench.yaml:6:91: `think_time` goes with `concurrency`, not with `rate` (leave it out: in an open loop the rate says when requests start)");
}

#[test]
fn conversations_fit_together() {
    let chat = "endpoint: chat, model: m, prompts: [hi]";
    insta::assert_snapshot!(of_workload(&format!("{chat}, think_time: 1s")), @r"bench.yaml:5:60: `think_time` of a workload is for conversations (add `turns: 5`, or write it into a stage of `load` with a `concurrency`)");
    insta::assert_snapshot!(of_workload(&format!("{chat}, turns: 0")), @r"bench.yaml:5:55: a conversation has 1 to 1000 turns (write `turns: 5`)");
    insta::assert_snapshot!(of_workload(&format!("{chat}, turns: [2, 3]")), @r"bench.yaml:5:55: `workloads.w.turns` must be a number of at least 0, not a list");
    insta::assert_snapshot!(of_workload(&format!("{chat}, turns: 2, images: {{files: [a.png]}}")), @r"bench.yaml:5:66: `images` do not go with `turns` (leave one of the two out: pictures go with requests that stand alone)");
    insta::assert_snapshot!(of_workload("endpoint: completions, model: m, prompts: [hi], turns: 3"), @r"bench.yaml:5:62: `turns` are for chat and ollama_chat only (leave it out, or use `endpoint: chat`)");
    insta::assert_snapshot!(of_backend("kind: vllm, connections: session, http: 2"), @r"bench.yaml:3:32: `connections: session` is for HTTP/1.1 (leave `http: 2` out: its requests share a connection anyway)");
}

#[test]
fn ramps_and_think_times_fit_together() {
    insta::assert_snapshot!(of_stage("rate: {from: 1/s, to: 5/s}, requests: 5"), @r"bench.yaml:6:24: a ramp needs a `duration` (add `duration: 1m`: the time in which it goes from one to the other)");
    insta::assert_snapshot!(of_stage("concurrency: [1, {from: 1}], duration: 5s"), @r"bench.yaml:6:35: `load.stages.0.concurrency.1` lacks the key `to`");
    insta::assert_snapshot!(of_stage("rate: {from: 0/s, to: 5/s, by: 1/s}, duration: 5s"), @r"
    bench.yaml:6:31: `load.stages.0.rate.from` must be a rate above 0, not `0/s` (write `20/s`, `0.5/s` or `600/min`)
    bench.yaml:6:45: `load.stages.0.rate` has no key `by` (accepted: `from`, `to`)
    ");
    insta::assert_snapshot!(of_stage("rate: 5/s, duration: 5s, think_time: 1s"), @r"bench.yaml:6:55: `think_time` goes with `concurrency`, not with `rate` (leave it out: in an open loop the rate says when requests start)");
    insta::assert_snapshot!(of_stage("concurrency: 5, duration: 5s, think_time: 1"), @r"bench.yaml:6:60: `load.stages.0.think_time` must be a duration, not the number 1 (give its unit: `1s` or `1ms`)");
}

#[test]
fn the_steps_of_a_profile_fit_together() {
    let of_steps = |steps: &str| of_stage(&format!("profile: [{steps}]"));
    insta::assert_snapshot!(of_steps("{rate: 5/s, duration: 5s}, {concurrency: 5, duration: 5s}"), @r"bench.yaml:6:35: the steps of a profile are all closed or all open (keep to `concurrency` or to `rate`, or make two stages of it)");
    insta::assert_snapshot!(of_steps("{pause: 5s}"), @r"bench.yaml:6:27: `load.stages.0.profile` has no load (add a step as `{rate: 5/s, duration: 30s}`)");
    insta::assert_snapshot!(of_steps("{}, {rate: 5/s}, {pause: 5s, duration: 5s}, {rate: 5/s, pause: 5s}"), @r"
    bench.yaml:6:28: `load.stages.0.profile.0` does nothing (write `{rate: 5/s, duration: 30s}`, `{concurrency: 4, duration: 30s}` or `{pause: 10s}`)
    bench.yaml:6:32: `load.stages.0.profile.1` never ends (add `duration: 30s`)
    bench.yaml:6:67: `pause` says itself how long it is (leave `duration` out)
    bench.yaml:6:91: a step has one of `concurrency`, `rate` and `pause` (make two steps of it)
    ");
    insta::assert_snapshot!(of_stage("profile: [{concurrency: 5, duration: 5s}], rate: 5/s, duration: 5s, arrival: constant"), @r"
    bench.yaml:6:27: `profile` takes the place of `concurrency` and `rate` (make a step of the other one, or two stages of it)
    bench.yaml:6:82: the steps of `profile` say themselves how long they take (leave `duration` out)
    ");
    insta::assert_snapshot!(of_stage("profile: [{concurrency: 5, duration: 5s}], arrival: gamma, burstiness: 1"), @r"
    bench.yaml:6:70: `arrival` goes with `rate`, not with `concurrency` (leave it out, or use `rate`)
    bench.yaml:6:89: `burstiness` goes with `rate`, not with `concurrency` (leave it out, or use `rate`)
    ");
    insta::assert_snapshot!(of_stage("profile: [{rate: 5/s, duration: 5s}], think_time: 1s"), @r"bench.yaml:6:68: `think_time` goes with `concurrency`, not with `rate` (leave it out: in an open loop the rate says when requests start)");
}

#[test]
fn the_rest_of_the_load_is_checked() {
    insta::assert_snapshot!(of_load("stages: []"), @r"bench.yaml:6:16: `load.stages` must be a list with at least one item, not an empty list");
    insta::assert_snapshot!(of_load("warmup: 5, stages: [{concurrency: 1, requests: 1}]"), @r"bench.yaml:6:16: `load.warmup` must be a mapping with the keys `requests`, `duration`, not the number 5");
    insta::assert_snapshot!(of_load("warmup: {}, stages: [{concurrency: 1, requests: 1}]"), @r"bench.yaml:6:16: `warmup` says neither `requests` nor `duration` (write `{requests: 8}` or `{duration: 10s}`)");
    insta::assert_snapshot!(of_load("stop: {after: 5}, stages: [{concurrency: 1, requests: 1}]"), @r"bench.yaml:6:14: `load.stop` lacks the key `error_rate`");
    insta::assert_snapshot!(of_load("stop: {error_rate: 0.5}, stages: [{concurrency: 1, requests: 1}]"), @r"bench.yaml:6:27: `load.stop.error_rate` must be a share from 0% to 100%, not the number 0.5 (write it in percent: `50%`)");
    insta::assert_snapshot!(of_load("rounds: 10000, stages: [{concurrency: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], requests: 1}]"), @r"bench.yaml:6:7: this makes 110000 cells; a run has at most 100000 (use fewer stages, rounds, workloads or backends)");
    insta::assert_snapshot!(of_load("hooks: {before: x}, stages: [{concurrency: 1, requests: 1}]"), @r"bench.yaml:6:16: `load.hooks` has no key `before` (accepted: `before_cell`, `after_cell`)");
    insta::assert_snapshot!(of_load("warmup:, stages: [{concurrency: 1, requests: 1}]"), @r"bench.yaml:6:14: `load.warmup` must be a mapping with the keys `requests`, `duration`, not nothing");
}

#[test]
fn an_alias_is_known_to_all_that_run_the_workload() {
    let text = "pacemark: 1
backends:
  a: {kind: vllm, models: {chat: x}}
  b: {kind: ollama, models: {chta: y}}
workloads:
  w: {endpoint: chat, model: chat, prompts: [hi]}
  only-a: {endpoint: chat, model: chat, prompts: [hi], backends: [a]}
  as-it-is: {endpoint: chat, model: plain, prompts: [hi]}
load: {stages: [{concurrency: 1, requests: 1}]}
";
    insta::assert_snapshot!(problems(text), @r"bench.yaml:6:30: the alias `chat` is missing in the backends `b` (add `chat` to their `models`, or list under `backends` only those that have it)");
}

#[test]
fn a_limit_on_tokens_of_a_stream_needs_a_stream() {
    let text = scenario(BACKEND, "endpoint: embeddings, model: m, prompts: [hi]", LOAD);
    insta::assert_snapshot!(problems(&format!("{text}slo: {{ttft: 1s, e2e: 2s}}")), @r"bench.yaml:7:13: `slo.ttft` needs a stream, but no workload streams (limit `e2e`, or set `stream: true` in a workload)");
}
