//! The whole client against the simulated server, beside a bare socket reader with JSON.
//!
//! Prints, for each case and client: CPU seconds per million chunks (or requests per CPU
//! second), chunks per second, the most memory resident, and what the client saw of the
//! server. Server and clients are processes of their own, so that each pays for itself alone;
//! all run at once on this machine, so take the ratio of the two clients, not the bare figures.
//!
//! `cargo bench --bench floor` runs all cases; `cargo bench --bench floor -- paced` one;
//! `cargo bench --bench floor -- paced http://127.0.0.1:8000` asks a server that runs already.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench reports on stdout, reads the clock and may stop at the first error"
)]

use std::borrow::Cow;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use pacemark::measure::RequestRow;
use pacemark::metric::{Metric, Statistic};
use pacemark::plan::{Cell, RunPlan};
use pacemark::result::{RunIdentity, RunResult};
use pacemark::run::{Interrupt, Observer, Progress, Run, RunOptions};
use pacemark::scenario::{Environment, Origin, Overrides, Scenario};
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One kind of load.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    streams: u64,
    /// Chunks of an answer; 0: an embedding.
    tokens: u64,
    /// Milliseconds between two chunks; 0: as fast as the reader reads.
    gap_ms: u64,
    requests: u64,
}

const CASES: [Case; 4] = [
    // One write per chunk, as servers send that decode in steps.
    Case { name: "paced", streams: 512, tokens: 100, gap_ms: 10, requests: 5_120 },
    Case { name: "many", streams: 2_048, tokens: 100, gap_ms: 10, requests: 10_240 },
    // Many chunks per write.
    Case { name: "full", streams: 64, tokens: 2_000, gap_ms: 0, requests: 1_280 },
    Case { name: "embed", streams: 64, tokens: 0, gap_ms: 0, requests: 200_000 },
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [role, case, url] = arguments.as_slice()
        && ["bare", "pacemark"].contains(&role.as_str())
        && let Some(case) = CASES.iter().find(|known| known.name == case)
    {
        let run = if role == "bare" { bare } else { whole };
        run(*case, url);
        return;
    }
    println!(
        "case    client    CPU s / 1M chunks   chunks/s   MiB resident   per CPU second   \
         TTFT p50 / p99   gap p50 / p99   E2E p50 / p99 ms"
    );
    let given = arguments.iter().find(|argument| argument.starts_with("http"));
    let named = |case: &Case| arguments.iter().any(|argument| argument == case.name);
    let all = !CASES.iter().any(named);
    for case in CASES.iter().filter(|case| all || named(case)) {
        for role in ["bare", "pacemark", "bare", "pacemark"] {
            let server = given.is_none().then(|| serve(*case));
            let url = server.as_ref().map(|(_, url)| url).or(given).unwrap();
            let mut client = Command::new(env::current_exe().unwrap());
            let output = client.args([role, case.name, url]).output().unwrap();
            let line = String::from_utf8_lossy(&output.stdout);
            println!("{:<8}{role:<10}{}", case.name, line.trim_end());
            if !output.status.success() {
                println!("{}", String::from_utf8_lossy(&output.stderr));
            }
            if let Some((mut server, _)) = server {
                server.kill().unwrap();
                server.wait().unwrap();
            }
        }
    }
}

/// Starts the simulated server as a process of its own.
fn serve(case: Case) -> (Child, String) {
    let ttft = if case.gap_ms == 0 { "0ms" } else { "50ms" };
    let mut server = Command::new(env!("CARGO_BIN_EXE_pacemark"))
        .args(["mock", "--listen", "127.0.0.1:0", "--ttft", ttft])
        .args(["--gap", &format!("{}ms", case.gap_ms)])
        .args(["--output-tokens", &case.tokens.max(1).to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http")).unwrap();
    (server, url.trim_end_matches("/v1").to_owned())
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap())
}

/// Most memory this process had resident, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

/// Prints a line; `seen` is TTFT, gap and E2E in milliseconds, p50 and p99 of each.
fn report(chunks: u64, wall: Duration, spent: Duration, seen: [[f64; 2]; 3]) {
    let chunks = chunks as f64;
    let seen = seen.map(|[p50, p99]| format!("{p50:.2} / {p99:.2}"));
    println!(
        "{:>17.2} {:>10.0} {:>14} {:>16.0}   {:>14}  {:>14}  {:>16}",
        spent.as_secs_f64() / chunks * 1e6,
        chunks / wall.as_secs_f64(),
        resident(),
        chunks / spent.as_secs_f64(),
        seen[0],
        seen[1],
        seen[2],
    );
}

/// pacemark itself, all of it but the terminal and the disk.
fn whole(case: Case, url: &str) {
    let endpoint = if case.tokens > 0 { "chat" } else { "embeddings" };
    let text = format!(
        "pacemark: 1\nbackends: {{s: {{kind: generic, url: '{url}'}}}}\n\
         workloads: {{w: {{endpoint: {endpoint}, model: m, prompts: [Hello]}}}}\n\
         load: {{stages: [{{concurrency: {}, requests: {}}}]}}\n",
        case.streams, case.requests
    );
    let origin = Origin { name: "bench".to_owned(), folder: ".".into() };
    let environment = Environment { var: &|_| None, read: &|_| Ok(String::new()) };
    let scenario = Scenario::parse(&text, &origin, &environment, &Overrides::default()).unwrap();
    let scenario = Arc::new(scenario);
    let plan = Arc::new(RunPlan::new(Arc::clone(&scenario)));
    let interrupt = Interrupt::default();
    let options = RunOptions { preflight: false, ..RunOptions::default() };
    let run = Run::prepare(&plan, options, &interrupt).unwrap();
    let result = RunResult::new(RunIdentity::default(), &scenario);
    let (began, spent_before) = (Instant::now(), cpu());
    let result = run.execute(result, &mut Nobody).unwrap();
    let (wall, spent) = (began.elapsed(), cpu().checked_sub(spent_before).unwrap());
    let measured = &result.cells[0].measured;
    assert_eq!(measured.outcomes.completed, case.requests, "some requests failed");
    let seen = [Metric::Ttft, Metric::Icl, Metric::E2e].map(|metric| {
        [50.0, 99.0].map(|percentile| {
            let statistic = Statistic::Percentile(percentile);
            measured.figure(metric, statistic).unwrap_or(f64::NAN)
        })
    });
    report(case.requests * case.tokens.max(1), wall, spent, seen);
}

/// Looks at nothing.
struct Nobody;

impl Observer for Nobody {
    fn cell_started(&mut self, _cell: &Cell) -> std::io::Result<()> {
        Ok(())
    }
    fn progress(&mut self, _progress: &Progress<'_>) {}
    fn rows(&mut self, _cell: &Cell, _rows: &[RequestRow]) -> std::io::Result<()> {
        Ok(())
    }
    fn cell_finished(&mut self, _cell: &Cell, _result: &RunResult) -> std::io::Result<()> {
        Ok(())
    }
    fn note(&mut self, _text: &str) {}
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
}

/// The least a client can do: read the socket, stamp the read, find the events, read their JSON.
fn bare(case: Case, url: &str) {
    let address = url.trim_start_matches("http://").to_owned();
    let (path, body) = if case.tokens > 0 {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"Hello"}],"stream":true,"stream_options":{"include_usage":true}}"#;
        ("chat/completions", body)
    } else {
        ("embeddings", r#"{"model":"m","input":"Hello"}"#)
    };
    let request = Arc::new(format!(
        "POST /v1/{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    ));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (began, spent_before) = (Instant::now(), cpu());
    let seen = Arc::new(Mutex::new(Seen::default()));
    let chunks = runtime.block_on(async {
        let tasks: Vec<_> = (0..case.streams)
            .map(|_| {
                let (address, request) = (address.clone(), Arc::clone(&request));
                tokio::spawn(bare_stream(address, request, case, Arc::clone(&seen)))
            })
            .collect();
        let mut chunks = 0;
        for task in tasks {
            chunks += task.await.unwrap();
        }
        chunks
    });
    let (wall, spent) = (began.elapsed(), cpu().checked_sub(spent_before).unwrap());
    let Seen { ttft, gap, e2e } = &*seen.lock().unwrap();
    let seen = [ttft, gap, e2e]
        .map(|times| [0.5, 0.99].map(|quantile| times.value_at_quantile(quantile) as f64 / 1e6));
    report(chunks, wall, spent, seen);
}

/// What the bare reader saw, in nanoseconds.
struct Seen {
    ttft: Histogram<u64>,
    gap: Histogram<u64>,
    e2e: Histogram<u64>,
}

impl Default for Seen {
    fn default() -> Self {
        let [ttft, gap, e2e] = [(); 3].map(|()| Histogram::new(3).unwrap());
        Self { ttft, gap, e2e }
    }
}

impl Seen {
    /// Takes in the moments of a request's chunks.
    fn add(&mut self, sent: Instant, stamps: &[Instant]) {
        let nanos =
            |from: Instant, to: Instant| u64::try_from(to.duration_since(from).as_nanos()).unwrap();
        if let (Some(first), Some(last)) = (stamps.first(), stamps.last()) {
            self.ttft.record(nanos(sent, *first)).unwrap();
            self.e2e.record(nanos(sent, *last)).unwrap();
        }
        for pair in stamps.windows(2) {
            self.gap.record(nanos(pair[0], pair[1])).unwrap();
        }
    }
}

async fn bare_stream(
    address: String,
    request: Arc<String>,
    case: Case,
    seen: Arc<Mutex<Seen>>,
) -> u64 {
    let mut socket = TcpStream::connect(&address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let mut buffer = vec![0_u8; 1 << 16];
    let mut chunks = 0;
    let mut stamps = Vec::with_capacity(usize::try_from(case.tokens).unwrap());
    for _ in 0..case.requests / case.streams {
        let sent = Instant::now();
        socket.write_all(request.as_bytes()).await.unwrap();
        stamps.clear();
        let mut filled = 0;
        loop {
            let read = socket.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            let at = Instant::now();
            filled += read;
            if case.tokens == 0 {
                if answer_is_whole(&buffer[..filled]) {
                    chunks += 1;
                    break;
                }
                continue;
            }
            let (used, texts, done) = take_lines(&buffer[..filled]);
            for _ in 0..texts {
                stamps.push(at);
            }
            chunks += texts;
            buffer.copy_within(used..filled, 0);
            filled -= used;
            if done {
                break;
            }
        }
        seen.lock().unwrap().add(sent, &stamps);
    }
    chunks
}

/// Whether an answer with a `content-length` has come whole.
fn answer_is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// Reads whole lines: how many bytes they took, how many held text, whether the body is over.
fn take_lines(bytes: &[u8]) -> (usize, u64, bool) {
    let (mut used, mut texts, mut done) = (0, 0, false);
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = &bytes[used..end];
        used = end + 1;
        if let Some(json) = line.strip_prefix(b"data: ") {
            if json.starts_with(b"[DONE]") {
                continue;
            }
            let chunk: Chunk<'_> = serde_json::from_slice(json).unwrap();
            let content = chunk.choices.first().and_then(|choice| choice.delta.content.as_ref());
            texts += u64::from(content.is_some_and(|content| !content.is_empty()));
        } else if line == b"0\r" {
            // The size of the last chunk; the empty line behind it comes with it.
            done = true;
        }
    }
    (used, texts, done)
}
