//! Ctrl-C and the request to terminate: what was measured is kept, and the second one leaves at
//! once.

#![cfg(unix)]

use std::process::{Child, Command};
use std::time::Duration;

use pacemark::mock::MockServer;
use pacemark::scenario::{Distribution, MockSpec};
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::{FaultyServer, STREAM_HEAD, hang, pause, say};
use crate::program::{Ended, Sandbox};

/// Far less than what the runs of these tests would take.
const AT_ONCE: Duration = Duration::from_secs(20);

fn scenario(url: &str, load: &Value) -> Value {
    json!({
        "pacemark": 1,
        "name": "interrupt",
        "backends": {"server": {"kind": "generic", "url": url}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": load,
    })
}

/// Answers of a fifth of a second.
fn server() -> MockServer {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.1),
        gap: Distribution::Constant(0.01),
        output_tokens: Distribution::Constant(10.0),
        ..MockSpec::default()
    };
    MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap()
}

/// A program that runs, with the folder it runs in.
struct Running {
    sandbox: Sandbox,
    child: Child,
}

impl Running {
    fn start(scenario: &Value, arguments: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("scenario.yaml", &scenario.to_string());
        let arguments = [&["run", "scenario.yaml"], arguments].concat();
        let child = sandbox.command(&arguments).spawn().unwrap();
        Self { sandbox, child }
    }

    fn signal(&self, name: &str) {
        let number = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &number]).status().unwrap();
        assert!(sent.success());
    }

    /// How it ended. It is killed if it has not ended by itself in time.
    #[track_caller]
    fn end(mut self) -> Ended {
        let mut waited = Duration::ZERO;
        while self.child.try_wait().unwrap().is_none() {
            if waited > AT_ONCE {
                self.child.kill().unwrap();
                let output = self.child.wait_with_output().unwrap();
                panic!("it did not end: {}", String::from_utf8_lossy(&output.stderr));
            }
            pause(10);
            waited += Duration::from_millis(10);
        }
        Ended::new(&self.sandbox, self.child.wait_with_output().unwrap())
    }
}

/// Waits for something that happens soon.
fn wait_for(condition: impl Fn() -> bool) {
    let mut waited = 0;
    while !condition() {
        assert!(waited < 20_000, "waited for too long");
        pause(5);
        waited += 5;
    }
}

/// Stops a run of two cells in its second one, and asserts that both are kept.
#[track_caller]
fn assert_kept(load: &Value, signal: &str) {
    let server = server();
    let running =
        Running::start(&scenario(&format!("http://{}", server.addr()), load), &["--no-preflight"]);
    wait_for(|| server.truth().answered >= 4 + 4);
    running.signal(signal);
    let ended = running.end().with_code(130);
    let result = assert_adds_up(&ended);
    assert!(result.partial);
    let early: Vec<_> = result.cells.iter().map(|cell| cell.ended_early.as_deref()).collect();
    assert_eq!(early, [None, Some("interrupted")]);
    let outcomes = &result.cells[1].measured.outcomes;
    assert!(outcomes.completed > 0, "{outcomes:?}");
    assert!(outcomes.cancelled > 0, "{outcomes:?}");
    assert_eq!(outcomes.failures(), 0, "{outcomes:?}");
    assert!(result.finished_at.is_some());
    assert!(
        ended.stderr.contains("stopping: what was measured is being saved"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("results: "), "{}", ended.stderr);
    assert!(ended.stdout.contains("PARTIAL"), "{}", ended.stdout);
}

#[test]
fn a_closed_loop_that_is_interrupted_keeps_what_it_has() {
    let load = json!({
        "stages": [{"concurrency": 2, "requests": 4}, {"concurrency": 2, "duration": "10m"}],
    });
    assert_kept(&load, "INT");
}

#[test]
fn an_open_loop_that_is_terminated_keeps_what_it_has() {
    let load = json!({
        "stages": [{"concurrency": 2, "requests": 4}, {"rate": "20/s", "duration": "10m"}],
    });
    assert_kept(&load, "TERM");
}

#[test]
fn an_interrupted_warm_up_is_kept_too() {
    let server = server();
    let load =
        json!({"warmup": {"requests": 10000}, "stages": [{"concurrency": 2, "requests": 5}]});
    let scenario = scenario(&format!("http://{}", server.addr()), &load);
    let running = Running::start(&scenario, &["--no-preflight"]);
    wait_for(|| server.truth().answered >= 4);
    running.signal("INT");
    let ended = running.end().with_code(130);
    let result = assert_adds_up(&ended);
    assert!(result.partial);
    let measured = &result.cells[0].measured;
    assert!(measured.warmup.completed >= 4, "{:?}", measured.warmup);
    assert_eq!(measured.outcomes.arrivals, 0, "no request is measured once the run is stopped");
}

#[test]
fn a_drain_is_cut_short() {
    let server = FaultyServer::start(|_, stream| {
        say(stream, STREAM_HEAD);
        hang(stream)
    });
    let load = json!({"stages": [{"concurrency": 3, "duration": "200ms"}], "drain": "10m"});
    let running = Running::start(&scenario(&server.url(), &load), &["--no-preflight"]);
    wait_for(|| server.asked().len() == 3);
    pause(500);
    running.signal("INT");
    let ended = running.end().with_code(130);
    assert_eq!(assert_adds_up(&ended).cells[0].measured.outcomes.cancelled, 3);
}

#[test]
fn a_preflight_that_hangs_is_interrupted() {
    let server = FaultyServer::start(|_, stream| hang(stream));
    let load = json!({"stages": [{"concurrency": 1, "requests": 1}]});
    let running = Running::start(&scenario(&server.url(), &load), &[]);
    wait_for(|| server.asked().len() == 1);
    running.signal("INT");
    let ended = running.end().with_code(130);
    assert_eq!(ended.folders(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_second_signal_leaves_at_once() {
    // A command of the user's own goes on although the run is to stop.
    let server = server();
    let load = json!({
        "stages": [{"concurrency": 1, "requests": 1}],
        "hooks": {"after_cell": "touch waiting; exec sleep 15 2>/dev/null"},
    });
    let scenario = scenario(&format!("http://{}", server.addr()), &load);
    let running = Running::start(&scenario, &["--no-preflight"]);
    let waiting = running.sandbox.path().join("waiting");
    wait_for(|| waiting.exists());
    running.signal("INT");
    pause(300);
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert_eq!(ended.requests().len(), 1);
}
