//! `pacemark serve`: runs in the browser.

#![expect(clippy::disallowed_methods, reason = "what the program reads and writes is tested")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use pacemark::serve::{ReportServer, ServeError};

use crate::program::Sandbox;

const SCENARIO: &str = "pacemark: 1\n\
    name: served\n\
    backends: {sim: {kind: mock, mock: {ttft: 5ms, gap: 1ms, output_tokens: 4}}}\n\
    workloads: {chat: {endpoint: chat, model: any, prompts: [Hello]}}\n\
    load: {stages: [{concurrency: 2, requests: 20}]}\n";

const LONGEST_WAIT: Duration = Duration::from_secs(20);

fn served(results: &Path) -> ReportServer {
    ReportServer::start(results, "127.0.0.1:0".parse().unwrap()).unwrap()
}

fn connection(addr: SocketAddr, path: &str, host: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    BufReader::new(stream)
}

/// Status line and everything after it.
fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    ask(addr, path, &addr.to_string())
}

fn ask(addr: SocketAddr, path: &str, host: &str) -> (u16, String) {
    let mut answer = String::new();
    connection(addr, path, host).read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[test]
fn runs_are_listed_opened_put_together_and_handed_out() {
    let work = Sandbox::new();
    work.write("s.yaml", SCENARIO);
    for seed in ["1", "2"] {
        let ended = work.command(&["run", "s.yaml", "--seed", seed, "--quiet"]).output().unwrap();
        assert!(ended.status.code().is_some_and(|code| code == 0 || code == 4), "{ended:?}");
    }
    let results = work.path().join("results");
    let server = served(&results);
    let addr = server.addr();
    let mut ids: Vec<_> = std::fs::read_dir(&results)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    ids.sort();

    let (status, list) = get(addr, "/");
    assert_eq!(status, 200);
    for id in &ids {
        assert!(list.contains(&format!("/runs/{id}/")), "{id}");
    }
    let (status, page) = get(addr, &format!("/runs/{}/", ids[0]));
    assert_eq!(status, 200);
    let stored = std::fs::read_to_string(results.join(&ids[0]).join("report.html")).unwrap();
    assert!(page.ends_with(&stored), "what is served is what was stored");
    let (status, _) = get(addr, &format!("/runs/{}", ids[0]));
    assert_eq!(status, 308);
    let (status, page) = get(addr, &format!("/together?run={}&run={}", ids[0], ids[1]));
    assert!(status == 200 && page.contains("served: 2 runs"), "{status}");
    let (status, file) = get(addr, &format!("/runs/{}/files/requests.csv", ids[0]));
    assert!(status == 200 && file.contains("\r\n\r\ncell,phase,"), "{status}");
    // A run that is over has nothing to follow.
    let (status, answer) = get(addr, &format!("/runs/{}/live", ids[0]));
    assert!(status == 307 && answer.contains("location: ./"), "{answer}");
}

#[test]
fn nothing_but_runs_is_handed_out_and_only_to_those_who_mean_this_server() {
    let work = tempfile::tempdir().unwrap();
    let results = work.path().join("results");
    std::fs::create_dir_all(results.join("run")).unwrap();
    std::fs::write(results.join("run/result.json"), "{}").unwrap();
    std::fs::write(results.join("run/key.pem"), "secret").unwrap();
    std::fs::write(work.path().join("result.json"), "{}").unwrap();
    let server = served(&results);
    let addr = server.addr();
    for path in [
        "/runs/../",
        "/runs/%2e%2e/",
        "/runs/..%2f/",
        "/runs/run/files/key.pem",
        "/runs/run/files/..%2f..%2fresult.json",
        "/runs/nothing/",
        "/etc/passwd",
    ] {
        let (status, answer) = get(addr, path);
        assert_eq!(status, 404, "{path}: {answer}");
        assert!(!answer.contains("secret"), "{path}");
    }
    let (status, answer) = get(addr, "/together");
    assert!(status == 400 && answer.contains("mark between 1 and 12 runs, not 0"), "{answer}");
    let (status, answer) = get(addr, "/runs/run/");
    assert!(status == 500 && answer.contains("not a pacemark result"), "{answer}");
    let (_, list) = get(addr, "/");
    assert!(list.contains("unreadable") && list.contains("not a pacemark result"));
    assert_eq!(ask(addr, "/", "evil.example").0, 421);
    assert_eq!(ask(addr, "/", "localhost:1").0, 200);
}

#[test]
fn a_run_that_goes_on_is_followed_to_its_end() {
    let work = Sandbox::new();
    work.write("s.yaml", &SCENARIO.replace("requests: 20", "duration: 3s"));
    let mut run = work.command(&["run", "s.yaml", "--quiet"]).spawn().unwrap();
    let results = work.path().join("results");
    let started = || std::fs::read_dir(&results).ok()?.next()?.ok();
    let id = loop {
        if let Some(entry) = started().filter(|entry| entry.path().join("result.json").is_file()) {
            break entry.file_name().into_string().unwrap();
        }
        assert!(run.try_wait().unwrap().is_none(), "the run has ended");
        std::thread::sleep(Duration::from_millis(20));
    };
    let server = served(&results);
    let (_, list) = get(server.addr(), "/");
    assert!(list.contains("<strong>running</strong>"), "{list}");
    let (status, page) = get(server.addr(), &format!("/runs/{id}/live"));
    assert!(status == 200 && page.contains("The last ten seconds"), "{status}");

    let host = server.addr().to_string();
    let mut events = connection(server.addr(), &format!("/runs/{id}/events"), &host);
    let (mut rows, mut over) = (0, false);
    let mut line = String::new();
    while !over && events.read_line(&mut line).unwrap() > 0 {
        rows += line.matches("\"backend\":\"sim\"").count();
        over = line.contains("event: over");
        line.clear();
    }
    assert!(over, "no end after {rows} rows");
    assert!(rows >= 3, "{rows} rows");
    assert!(run.wait().unwrap().code().is_some());
}

#[test]
fn what_cannot_be_served_is_told() {
    let work = tempfile::tempdir().unwrap();
    let bind = "127.0.0.1:0".parse().unwrap();
    let error = ReportServer::start(&work.path().join("nothing"), bind).unwrap_err();
    assert!(matches!(error, ServeError::NoFolder(_)), "{error}");
    let server = served(work.path());
    let error = ReportServer::start(work.path(), server.addr()).unwrap_err();
    assert!(error.to_string().contains("use port 0 for any free port"), "{error}");
    let (status, list) = get(server.addr(), "/");
    assert!(status == 200 && list.contains("There is no run here yet"), "{list}");
}
