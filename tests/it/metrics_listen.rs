//! `run --metrics-listen`: a run tells Prometheus where it stands.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::program::{PATIENCE, Sandbox};

const SCENARIO: &str = "pacemark: 1\n\
    name: told\n\
    backends: {sim: {kind: mock, mock: {ttft: 5ms, gap: 1ms, output_tokens: 4}}}\n\
    workloads: {chat: {endpoint: chat, model: any, prompts: [Hello]}}\n\
    load: {stages: [{concurrency: 2, duration: 10m}]}\n";

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

/// What is answered, head and body.
fn ask(addr: &str, path: &str, accept: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\naccept: {accept}\r\n");
    write!(stream, "{head}connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The samples of an answer, by name and labels.
fn samples(answer: &str) -> BTreeMap<&str, f64> {
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let lines = body.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect()
}

fn sum(samples: &BTreeMap<&str, f64>, start: &str) -> f64 {
    samples.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value).sum()
}

#[test]
fn counters_grow_while_the_run_goes_on() {
    let work = Sandbox::new();
    work.write("s.yaml", SCENARIO);
    // A port that the system chose is told however quiet the run is.
    let arguments = ["run", "s.yaml", "--quiet", "--metrics-listen", "127.0.0.1:0"];
    let mut run = Running(work.command(&arguments).stdout(Stdio::null()).spawn().unwrap());
    let mut told = BufReader::new(run.0.stderr.take().unwrap()).lines();
    let line = told.find(|line| line.as_ref().unwrap().starts_with("metrics: ")).unwrap().unwrap();
    let addr = line.strip_prefix("metrics: http://").unwrap().strip_suffix("/metrics").unwrap();
    assert!(ask(addr, "/", "*/*").contains("see /metrics"));

    let finished = "pacemark_requests_finished_total{";
    let mut before = 0.0;
    let mut seen = 0;
    for _ in 0..PATIENCE.as_millis() / 100 {
        let answer = ask(addr, "/metrics", "text/plain");
        assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
        assert!(!answer.contains("run=\"\""), "no sample is of a run without a name: {answer}");
        let now = sum(&samples(&answer), finished);
        assert!(now >= before, "{now} after {before}");
        seen += u32::from(now > before);
        before = now;
        if seen == 3 {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(seen, 3, "it grows");

    let answer = ask(addr, "/metrics", "application/openmetrics-text;version=1.0.0");
    assert!(answer.contains("content-type: application/openmetrics-text"), "{answer}");
    assert!(answer.ends_with("# EOF\n"));
    let about = answer.lines().find(|line| line.starts_with("pacemark_run_info{")).unwrap();
    let named = about.split_once("run=\"").unwrap().1.split('"').next().unwrap();
    assert!(work.path().join("results").join(named).join("result.json").is_file(), "{about}");
    let samples = samples(&answer);
    assert!(sum(&samples, "pacemark_ttft_seconds_count{") > 0.0);
    assert!(sum(&samples, "pacemark_tokens_total{") > 0.0);
    let (running, in_flight) =
        (sum(&samples, "pacemark_running{"), sum(&samples, "pacemark_in_flight_requests{"));
    assert!((0.9..1.1).contains(&running) && (0.0..=2.0).contains(&in_flight));
}

#[test]
fn an_address_that_is_taken_is_told_before_anything_is_sent() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let work = Sandbox::new();
    work.write("s.yaml", SCENARIO);
    let ended = work.command(&["run", "s.yaml", "--metrics-listen", &addr]).output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{told}");
    assert!(told.contains(&format!("cannot listen on {addr}")), "{told}");
    assert!(!work.path().join("results").exists());
}
