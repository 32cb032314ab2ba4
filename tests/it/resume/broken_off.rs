//! Runs that are ended from outside, and what must hold of them once they were resumed.

#![expect(clippy::disallowed_methods, reason = "what a crash leaves behind is made and looked at")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use pacemark::result::RunResult;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::pause;
use crate::intervals::{assert_log_has_the_figures, assert_seconds_add_up, logged};
use crate::program::{Ended, Sandbox, rows};

/// Cells of [`scenario`].
pub(super) const CELLS: usize = 6;

/// Six cells of less than half a second, on a server that fails now and then.
pub(super) fn scenario() -> Value {
    json!({
        "pacemark": 1,
        "name": "killed",
        "backends": {"mock": {"mock": {"ttft": "20ms", "gap": "3ms", "errors": "5%"}}},
        "workloads": {"made": {
            "endpoint": "chat",
            "model": "m",
            "output_tokens": {"uniform": [2, 9]},
            "prompts": {"synthetic": {"input_tokens": {"uniform": [20, 200]}}},
        }},
        "load": {
            "warmup": {"requests": 2},
            "stages": [
                {"concurrency": 2, "requests": 16},
                {"rate": "40/s", "arrival": "constant", "duration": "300ms"},
            ],
            "rounds": 3,
        },
    })
}

/// A run whose process was ended from outside.
pub(super) struct BrokenOff {
    pub(super) sandbox: Sandbox,
    pub(super) folder: PathBuf,
}

/// The cells of a document, byte by byte.
#[derive(Deserialize)]
struct Document {
    cells: Vec<Box<RawValue>>,
}

impl BrokenOff {
    /// Starts a run and ends it with `signal` as soon as `is_time`, which is asked with its folder.
    pub(super) fn new(scenario: &Value, signal: &str, is_time: impl Fn(&Path) -> bool) -> Self {
        Self::of(Sandbox::new(), (scenario, &[]), signal, is_time)
    }

    /// The same in a folder of its own, with further arguments.
    pub(super) fn of(
        sandbox: Sandbox,
        (scenario, more): (&Value, &[&str]),
        signal: &str,
        is_time: impl Fn(&Path) -> bool,
    ) -> Self {
        sandbox.write("scenario.yaml", &scenario.to_string());
        let arguments = [&["run", "scenario.yaml", "--no-preflight"], more].concat();
        let mut child = sandbox.command(&arguments).spawn().unwrap();
        let folder = begun(&sandbox, &mut child);
        wait_for(|| is_time(&folder) || child.try_wait().unwrap().is_some());
        send(&mut child, signal);
        child.wait_with_output().unwrap();
        Self { sandbox, folder }
    }

    /// Goes on with it, and ends that with SIGKILL as soon as `is_time`.
    pub(super) fn resume_and_kill(&self, is_time: impl Fn(&Path) -> bool) {
        let mut child = self.sandbox.command(&self.arguments(&[])).spawn().unwrap();
        wait_for(|| is_time(&self.folder) || child.try_wait().unwrap().is_some());
        send(&mut child, "KILL");
        child.wait_with_output().unwrap();
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let folder = self.folder.to_str().unwrap();
        [&["run", "--resume", folder, "--no-preflight"], more].concat()
    }

    pub(super) fn resume(&self, more: &[&str]) -> Ended {
        self.sandbox.start(&self.arguments(more))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn result(&self) -> RunResult {
        result_in(&self.folder).unwrap()
    }

    /// The cells that were measured to their end, as they stand in `result.json`.
    pub(super) fn whole_cells(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file("result.json")).unwrap();
        let document: Document = serde_json::from_str(&text).unwrap();
        let cells = document.cells.iter().map(|cell| cell.get().to_owned());
        cells.filter(|cell| !cell.contains(r#""ended_early": "interrupted""#)).collect()
    }
}

/// Waits for the folder of a run in which something is stored.
pub(super) fn begun(sandbox: &Sandbox, child: &mut Child) -> PathBuf {
    let results = sandbox.path().join("results");
    let found = || {
        let mut entries = fs::read_dir(&results).into_iter().flatten().flatten();
        entries.find_map(|entry| Some(entry.path()).filter(|it| it.join("result.json").exists()))
    };
    wait_for(|| found().is_some() || child.try_wait().unwrap().is_some());
    found().unwrap()
}

fn send(child: &mut Child, signal: &str) {
    if child.try_wait().unwrap().is_none() {
        let number = child.id().to_string();
        // It may end of itself in between.
        Command::new("kill").args(["-s", signal, &number]).output().unwrap();
    }
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    let mut waited = 0;
    while !condition() {
        assert!(waited < 40_000, "waited for too long");
        pause(2);
        waited += 2;
    }
}

fn result_in(folder: &Path) -> Option<RunResult> {
    RunResult::from_json(&fs::read_to_string(folder.join("result.json")).ok()?).ok()
}

/// Whether so many cells are stored.
pub(super) fn has_cells(count: usize) -> impl Fn(&Path) -> bool {
    move |folder| result_in(folder).is_some_and(|result| result.cells.len() >= count)
}

/// Whether something of a cell of this number is in the file of seconds.
pub(super) fn has_second_of(cell: u32) -> impl Fn(&Path) -> bool {
    move |folder| {
        let text = fs::read_to_string(folder.join("timeseries.csv")).unwrap_or_default();
        text.lines().any(|line| line.starts_with(&format!("{cell},")))
    }
}

/// Asserts that a run is whole, and that all its files tell of each cell once.
#[track_caller]
pub(super) fn assert_whole(ended: &Ended, cells: usize) -> RunResult {
    let result = assert_adds_up(ended);
    let ids: Vec<_> = result.cells.iter().map(|cell| cell.labels.id).collect();
    let expected: Vec<u32> = (0..).take(cells).collect();
    assert_eq!(ids, expected);
    assert!(!result.partial && result.finished_at.is_some(), "{}", ended.stderr);
    let log = ended.file("histograms.hlog");
    let sums = logged(&log);
    for cell in &result.cells {
        assert_eq!(cell.ended_early, None);
        assert_seconds_add_up(ended, cell);
        assert_log_has_the_figures(&sums, cell);
    }
    let records = result.records.clone().unwrap();
    let rows_there = u64::try_from(ended.requests().len()).unwrap();
    assert_eq!((records.kept, records.finished), (rows_there, rows_there));
    let seconds = rows(&ended.file("timeseries.csv"));
    let begins: Vec<f64> = seconds.iter().map(|row| row["start_at_ms"].parse().unwrap()).collect();
    assert!(begins.windows(2).all(|pair| pair[0] < pair[1]), "{begins:?}");
    assert!(log_begins(&log).windows(2).all(|pair| pair[0] <= pair[1]), "{log}");
    result
}

/// When the lines of the log begin, in its order.
fn log_begins(log: &str) -> Vec<f64> {
    let lines = log.lines().filter_map(|line| line.strip_prefix("Tag="));
    lines.map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect()
}

/// Two cells on a server, of which the second one takes two seconds.
pub(super) fn on(url: &str, prompt: &str) -> Value {
    json!({
        "pacemark": 1,
        "name": "server",
        "backends": {"server": {"kind": "generic", "url": url}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": [prompt]}},
        "load": {"stages": [{"concurrency": 1, "requests": 3}, {"concurrency": 1, "duration": "2s"}]},
    })
}
