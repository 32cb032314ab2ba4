//! Scenarios that come with pacemark.

use super::kind::BackendKind;

/// The scenario that runs where none is named: two simulated servers, no network.
pub const fn quickstart() -> &'static str {
    include_str!("../../scenarios/quickstart.yaml")
}

/// A commented scenario for a server of `kind`, to start from.
pub fn starter(kind: BackendKind) -> String {
    let preset = kind.preset();
    let (key, name) = (preset.key, preset.name);
    let aliases = [("chat", preset.example_chat), ("embed", preset.example_embed)];
    let aliases = aliases.into_iter().filter_map(|(alias, name)| Some((alias, name?)));
    let aliases = aliases.map(|(alias, name)| format!("{alias}: \"{name}\"")).collect::<Vec<_>>();
    let models = format!("{{{}}}", aliases.join(", "));
    let chat = preset.example_chat.map_or("", |_| CHAT_WORKLOAD);
    let embed = preset.example_embed.map_or("", |_| EMBED_WORKLOAD);
    let embed = if chat.is_empty() { embed.trim_start_matches('\n') } else { embed };
    let slo = if chat.is_empty() { "{e2e: 1s}" } else { "{ttft: 1s, tpot: 100ms}" };
    format!(
        "# A benchmark of {name}. `pacemark plan FILE` shows what it would do, `pacemark run FILE`
# does it. Every key is described in docs/scenario.md.
pacemark: 1
name: {key}-benchmark
seed: 42                        # the same seed sends the same prompts in the same order

backends:
  {key}:                        # the name that tables show
    kind: {key}
{server}    models: {models}  # alias → the server's own name
    # body: {{temperature: 0}}    # fields for every request to this backend
    # headers: {{x-team: bench}}
    # timeouts: {{connect: 5s, first_token: 60s, stall: 30s, request: 10m}}

workloads:
{chat}{embed}
load:
  warmup: {{requests: 4}}         # sent before each stage, never measured
  stages:
    - {{concurrency: [1, 4, 16], duration: 30s}}    # closed loop: a stage for each
    # - {{rate: 2/s, arrival: poisson, duration: 60s}}   # open loop
  rounds: 1                     # 3 or more make comparisons worth reading
  cooldown: 1s
  stop: {{error_rate: 50%, after: 20}}

slo: {slo}    # what a good request keeps to; makes goodput
",
        server = server_lines(kind),
    )
}

const CHAT_WORKLOAD: &str = "  chat:
    endpoint: chat              # chat | completions | responses | embeddings | rerank
    model: chat                 # an alias from `models`, or a name that is sent as it is
    stream: true                # needed for TTFT and everything between tokens
    max_tokens: 128
    # system: You are a helpful assistant.
    prompts:                    # or {file: prompts.txt}, or {file: prompts.jsonl}
      - Explain in three sentences why the sky is blue.
      - 解释一下什么是机器学习，并举一个生活中的例子。
      - What is the difference between latency and throughput?
      - 给我三个学习外语的建议。
";

const EMBED_WORKLOAD: &str = "
  embed:
    endpoint: embeddings
    model: embed
    batch: 4                    # texts per request
    prompts:
      - The quick brown fox jumps over the lazy dog.
      - 机器学习是人工智能的一个分支。
      - A benchmark should be repeatable, and honest about its errors.
      - 今天的天气很好，我们去公园散步吧。
";

/// The lines on where the server is and how it is asked for its key.
fn server_lines(kind: BackendKind) -> String {
    let preset = kind.preset();
    if kind == BackendKind::Mock {
        return "    mock: batching              # ollama | batching | {ttft: 40ms, gap: 8ms, …}\n"
            .to_owned();
    }
    let url = match preset.url {
        Some(url) => format!("    # url: {url}    # the usual address\n"),
        None => "    url: http://localhost:8000\n".to_owned(),
    };
    let key = match preset.key_env {
        Some(variable) => format!("    # the key is taken from {variable}, if that is set\n"),
        None => "    # api_key: ${MY_KEY}        # if the server asks for one\n".to_owned(),
    };
    url + &key
}
