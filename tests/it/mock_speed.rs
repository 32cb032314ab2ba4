//! What the simulated server costs and how exact it is. Not run by default, for it takes a quiet
//! machine: `cargo test --release --test it -- --ignored --nocapture mock_speed`.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads clocks and /proc")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use pacemark::mock::MockServer;
use pacemark::scenario::{Distribution, MockSpec};
use pacemark::units::{count, float, nanos};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TTFT: Duration = Duration::from_millis(50);
const GAP: Duration = Duration::from_millis(10);

fn spec(gap: Duration, tokens: u32) -> MockSpec {
    MockSpec {
        ttft: Distribution::Constant(TTFT.as_secs_f64()),
        gap: Distribution::Constant(gap.as_secs_f64()),
        output_tokens: Distribution::Constant(f64::from(tokens)),
        ..MockSpec::default()
    }
}

/// CPU time of this process's threads of that name, in nanoseconds.
fn cpu_nanos(name: &str) -> u64 {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let path = task.unwrap().path();
        if fs::read_to_string(path.join("comm")).unwrap().trim() == name {
            let schedstat = fs::read_to_string(path.join("schedstat")).unwrap();
            sum += schedstat.split(' ').next().unwrap().parse::<u64>().unwrap();
        }
    }
    sum
}

/// When each read of one stream returned, counted from the request, and its events.
async fn read_stream(addr: SocketAddr) -> Vec<(Duration, u64)> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let body = r#"{"model":"m","prompt":"x","stream":true}"#;
    let request = format!(
        "POST /v1/completions HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent_at = Instant::now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut reads, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let length = stream.read(&mut buffer).await.unwrap();
        if length == 0 {
            return reads;
        }
        let events = buffer[..length].windows(6).filter(|bytes| bytes == b"data: ").count();
        reads.push((sent_at.elapsed(), count(events)));
    }
}

/// Runs `streams` at once and prints what came of it.
fn measure(label: &str, spec: &MockSpec, streams: u32) {
    let server = MockServer::start(spec.clone(), ([127, 0, 0, 1], 0).into()).unwrap();
    let addr = server.addr();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let started = Instant::now();
    let reads = runtime.block_on(async {
        let streams: Vec<_> = (0..streams).map(|_| tokio::spawn(read_stream(addr))).collect();
        let mut reads = Vec::new();
        for stream in streams {
            reads.push(stream.await.unwrap());
        }
        reads
    });
    let wall = started.elapsed();
    let mut ttft = Histogram::<u64>::new(3).unwrap();
    let mut gaps = Histogram::<u64>::new(3).unwrap();
    for reads in &reads {
        let texts: Vec<_> = reads.iter().filter(|(_, events)| *events > 0).collect();
        ttft.record(nanos(texts[0].0)).unwrap();
        for pair in texts.windows(2) {
            gaps.record(nanos(pair[1].0.abs_diff(pair[0].0))).unwrap();
        }
    }
    let (server_cpu, timer_cpu) = (cpu_nanos("mock"), cpu_nanos("mock-timer"));
    let truth = server.truth();
    let micros = |histogram: &Histogram<u64>| {
        let at = |share| float(histogram.value_at_quantile(share)) / 1e3;
        format!("p50 {:.0} p90 {:.0} p99 {:.0}", at(0.5), at(0.9), at(0.99))
    };
    let per_million = |cpu| float(cpu) / 1e3 / float(truth.events);
    println!(
        "{label}: {streams} streams, {} events in {:.2} s ({:.0}/s)\n  \
         client ttft us: {}\n  client gap us: {}\n  server ttft us: {}\n  server lateness us: {}\n  \
         CPU s per million events: server {:.2}, timer thread {:.2}",
        truth.events,
        wall.as_secs_f64(),
        float(truth.events) / wall.as_secs_f64(),
        micros(&ttft),
        micros(&gaps),
        micros(&truth.first_token),
        micros(&truth.lateness),
        per_million(server_cpu),
        per_million(timer_cpu),
    );
}

/// Sends short requests over a few connections and prints what each cost.
fn measure_requests(label: &str, path: &str, body: &str) {
    const CONNECTIONS: u64 = 8;
    const REQUESTS: u64 = 5_000;
    let zero = Distribution::Constant(0.0);
    let spec = MockSpec { ttft: zero, gap: zero, ..MockSpec::default() };
    let server = MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: mock\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (addr, request) = (server.addr(), request.clone());
            std::thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(addr).unwrap();
                let mut buffer = vec![0; 64 * 1024];
                for _ in 0..REQUESTS {
                    stream.write_all(request.as_bytes()).unwrap();
                    let mut tail = Vec::new();
                    while !tail.ends_with(b"0\r\n\r\n") {
                        let length = stream.read(&mut buffer).unwrap();
                        tail.extend(&buffer[length.saturating_sub(5)..length]);
                    }
                }
            })
        })
        .collect();
    for connection in connections {
        connection.join().unwrap();
    }
    let per_request = float(cpu_nanos("mock")) / 1e3 / float(CONNECTIONS * REQUESTS);
    println!("{label}: {per_request:.1} us of CPU per request");
}

#[test]
#[ignore = "takes a quiet machine"]
fn the_cost_of_requests() {
    let chat = r#"{"model":"m","messages":[{"role":"user","content":"What is AI?"}],"stream":true"#;
    measure_requests("short", "/v1/chat/completions", &format!("{chat},\"max_tokens\":1}}"));
    measure_requests("long", "/v1/chat/completions", &format!("{chat},\"max_tokens\":100}}"));
}

#[test]
#[ignore = "takes a quiet machine"]
fn the_cost_of_streams() {
    measure("alone", &spec(GAP, 300), 1);
    measure("as judged", &spec(GAP, 100), 64);
    measure("many", &spec(GAP, 300), 512);
    measure("very many", &spec(GAP, 300), 2_048);
    measure("full speed, alone", &spec(Duration::ZERO, 1 << 20), 1);
    measure("full speed", &spec(Duration::ZERO, 100_000), 16);
    let engine = MockSpec { slots: Some(64), decode_rate: Some(100.0), ..spec(GAP, 100) };
    measure("engine", &engine, 64);
}
