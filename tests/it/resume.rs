//! A run that was broken off goes on: nothing finished is lost, and nothing counts twice.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "what a crash leaves behind is made and looked at")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use pacemark::result::RunResult;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::{FaultyServer, good, json_answer, pause, say};
use crate::intervals::{assert_log_has_the_figures, assert_seconds_add_up, logged};
use crate::program::{Ended, OPEN_LOOP, Sandbox, rows};

/// Runs that are killed at a random moment.
const KILLS: u64 = 20;
/// Of them, at once: they wait more than they work.
const AT_ONCE: usize = 4;
/// Cells of [`scenario`].
const CELLS: usize = 6;
/// Longer than a run of [`scenario`] takes where nothing else runs.
const RUN_MILLIS: u64 = 2_600;

/// Six cells of less than half a second, on a server that fails now and then.
fn scenario() -> Value {
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
struct BrokenOff {
    sandbox: Sandbox,
    folder: PathBuf,
}

/// The cells of a document, byte by byte.
#[derive(Deserialize)]
struct Document {
    cells: Vec<Box<RawValue>>,
}

impl BrokenOff {
    /// Starts a run and ends it with `signal` as soon as `is_time`, which is asked with its folder.
    fn new(scenario: &Value, signal: &str, is_time: impl Fn(&Path) -> bool) -> Self {
        Self::of(Sandbox::new(), (scenario, &[]), signal, is_time)
    }

    /// The same in a folder of its own, with further arguments.
    fn of(
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
    fn resume_and_kill(&self, is_time: impl Fn(&Path) -> bool) {
        let mut child = self.sandbox.command(&self.arguments(&[])).spawn().unwrap();
        wait_for(|| is_time(&self.folder) || child.try_wait().unwrap().is_some());
        send(&mut child, "KILL");
        child.wait_with_output().unwrap();
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let folder = self.folder.to_str().unwrap();
        [&["run", "--resume", folder, "--no-preflight"], more].concat()
    }

    fn resume(&self, more: &[&str]) -> Ended {
        self.sandbox.start(&self.arguments(more))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn result(&self) -> RunResult {
        result_in(&self.folder).unwrap()
    }

    /// The cells that were measured to their end, as they stand in `result.json`.
    fn whole_cells(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file("result.json")).unwrap();
        let document: Document = serde_json::from_str(&text).unwrap();
        let cells = document.cells.iter().map(|cell| cell.get().to_owned());
        cells.filter(|cell| !cell.contains(r#""ended_early": "interrupted""#)).collect()
    }
}

/// Waits for the folder of a run in which something is stored.
fn begun(sandbox: &Sandbox, child: &mut Child) -> PathBuf {
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
fn has_cells(count: usize) -> impl Fn(&Path) -> bool {
    move |folder| result_in(folder).is_some_and(|result| result.cells.len() >= count)
}

/// Whether something of a cell of this number is in the file of seconds.
fn has_second_of(cell: u32) -> impl Fn(&Path) -> bool {
    move |folder| {
        let text = fs::read_to_string(folder.join("timeseries.csv")).unwrap_or_default();
        text.lines().any(|line| line.starts_with(&format!("{cell},")))
    }
}

/// Asserts that a run is whole, and that all its files tell of each cell once.
#[track_caller]
fn assert_whole(ended: &Ended, cells: usize) -> RunResult {
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

/// What each request of the cells with a fixed number of them asks for.
fn asked(ended: &Ended) -> BTreeSet<[String; 5]> {
    let keys = ["cell", "phase", "request", "asked_input_tokens", "max_tokens"];
    let of_closed = |cell: &str| cell.parse::<u32>().unwrap().is_multiple_of(2);
    let requests = ended.requests();
    let requests = requests.iter().filter(|row| of_closed(&row["cell"]));
    requests.map(|row| keys.map(|key| row[key].clone())).collect()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Kills a run at a moment that `seed` chooses, and resumes it; the number of cells that were kept.
fn kill_and_resume(seed: u64, reference: (&BTreeSet<[String; 5]>, &BTreeSet<String>)) -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Half of them soon after a cell was stored, when there is most to go wrong.
    let (cells, millis) = if random.random_bool(0.5) {
        (random.random_range(0..CELLS), random.random_range(0..60))
    } else {
        (0, random.random_range(0..RUN_MILLIS))
    };
    let waited = Mutex::new(false);
    let run = BrokenOff::new(&scenario(), "KILL", |folder| {
        let mut waited = waited.lock().unwrap();
        if !*waited && has_cells(cells)(folder) {
            pause(millis);
            *waited = true;
        }
        *waited
    });
    let before = run.result();
    let kept = run.whole_cells();
    let ended = run.resume(&[]).with_code_of(OPEN_LOOP);
    let after = assert_whole(&ended, CELLS);
    assert_eq!(run.whole_cells()[..kept.len()], kept, "seed {seed}");
    assert_eq!(
        (&after.started_at, &after.id, after.seed),
        (&before.started_at, &before.id, before.seed)
    );
    assert_eq!(asked(&ended), *reference.0, "seed {seed}");
    assert_eq!(names(&run.folder), *reference.1, "seed {seed}");
    if before.finished_at.is_none() {
        assert_eq!(after.resumed.len(), 1);
        assert_eq!(usize::try_from(after.resumed[0].cells_kept).unwrap(), kept.len());
    } else {
        assert!(ended.stderr.contains("nothing is missing"), "{}", ended.stderr);
    }
    kept.len()
}

#[test]
fn a_run_that_was_killed_at_any_moment_is_completed() {
    let whole = Sandbox::new().run(&scenario(), &["--no-preflight"]).with_code_of(OPEN_LOOP);
    assert_whole(&whole, CELLS);
    let (asked, names) = (asked(&whole), names(&whole.folder()));
    let seeds = Mutex::new(0..KILLS);
    let kept = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(seed) = { seeds.lock().unwrap().next() } {
                    let cells = kill_and_resume(seed, (&asked, &names));
                    kept.lock().unwrap().push(cells);
                }
            });
        }
    });
    let kept = kept.into_inner().unwrap();
    assert_eq!(kept.len(), usize::try_from(KILLS).unwrap());
    let different: BTreeSet<_> = kept.iter().filter(|cells| **cells < CELLS).collect();
    assert!(different.len() >= 3, "they were killed at different moments: {kept:?}");
}

#[test]
fn a_run_is_resumed_as_often_as_it_is_killed() {
    let run = BrokenOff::new(&scenario(), "KILL", has_cells(1));
    let first = run.whole_cells();
    run.resume_and_kill(has_cells(first.len() + 2));
    let second = run.whole_cells();
    assert_eq!(second[..first.len()], first);
    assert!(second.len() < CELLS, "it was killed before it was done");
    // Before any further cell is done, but after it was begun.
    let next = u32::try_from(second.len()).unwrap();
    run.resume_and_kill(has_second_of(next));
    let ended = run.resume(&[]).with_code_of(OPEN_LOOP);
    let result = assert_whole(&ended, CELLS);
    assert_eq!(run.whole_cells()[..second.len()], second);
    let kept: Vec<_> = result.resumed.iter().map(|it| it.cells_kept as usize).collect();
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert_eq!(kept[..2], [first.len(), second.len()]);
}

#[test]
fn an_interrupted_run_is_resumed_and_says_so() {
    let run = BrokenOff::new(&scenario(), "INT", has_cells(2));
    let before = run.result();
    assert!(before.partial && before.finished_at.is_some());
    let kept = run.whole_cells();
    let ended = run.resume(&["--quiet"]).with_code_of(OPEN_LOOP);
    let result = assert_whole(&ended, CELLS);
    assert_eq!(run.whole_cells()[..kept.len()], kept);
    assert_eq!(result.resumed[0].pacemark_version, env!("CARGO_PKG_VERSION"));
    let said = format!("{} of {CELLS} cells kept", kept.len());
    for text in [&ended.stdout, &ended.file("summary.md"), &ended.file("report.html")] {
        assert!(text.contains("resumed") && text.contains(&said), "{text}");
    }
    assert!(!ended.stdout.contains("PARTIAL"), "{}", ended.stdout);
}

#[test]
fn what_a_crash_left_half_written_is_taken_away() {
    let run = BrokenOff::new(&scenario(), "KILL", has_cells(2));
    let kept = run.whole_cells();
    let id = kept.len();
    for name in ["requests.csv", "timeseries.csv", "histograms.hlog"] {
        let text = fs::read_to_string(run.file(name)).unwrap();
        let of_kept = |line: &&str| {
            let cell = line.strip_prefix("Tag=c").unwrap_or(line);
            let number: String = cell.chars().take_while(char::is_ascii_digit).collect();
            number.parse::<usize>().is_ok_and(|cell| cell < id)
        };
        let line = text.lines().rfind(of_kept).unwrap();
        // Of the next cell: a whole row, and one that is cut off at some place.
        let next = match line.strip_prefix("Tag=c") {
            Some(_) => line.replacen("Tag=c", &format!("Tag=c{id:03}.x"), 1),
            None => format!("{id}{}", &line[line.find(',').unwrap()..]),
        };
        let whole: String =
            text.split_inclusive('\n').take_while(|it| it.ends_with('\n')).collect();
        for cut in [1, next.len() / 2, next.len() - 1] {
            fs::write(run.file(name), format!("{whole}{next}\n{}", &next[..cut])).unwrap();
        }
    }
    let ended = run.resume(&[]).with_code_of(OPEN_LOOP);
    assert_whole(&ended, CELLS);
    assert_eq!(run.whole_cells()[..id], kept);
}

#[test]
fn two_processes_never_write_into_one_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", &scenario().to_string());
    let mut child = sandbox.command(&["run", "scenario.yaml", "--no-preflight"]).spawn().unwrap();
    let folder = begun(&sandbox, &mut child);
    let run = BrokenOff { sandbox, folder };
    let refused = run.resume(&[]).with_code(2);
    assert!(refused.stderr.contains("still goes on"), "{}", refused.stderr);
    let ended = Ended::new(&run.sandbox, child.wait_with_output().unwrap());
    let result = assert_whole(&ended.with_code_of(OPEN_LOOP), CELLS);
    assert!(result.resumed.is_empty());
}

#[test]
fn a_run_from_which_nothing_is_missing_is_shown() {
    let whole = Sandbox::new();
    let ended = whole.run(&scenario(), &["--no-preflight"]).with_code_of(OPEN_LOOP);
    let stored = ended.file("result.json");
    let folder = ended.folder();
    let again = whole.start(&["run", "--resume", folder.to_str().unwrap()]);
    let again = again.with_code_of(OPEN_LOOP);
    assert!(again.stderr.contains("nothing is missing"), "{}", again.stderr);
    assert!(again.stdout.contains("made"), "{}", again.stdout);
    assert_eq!(again.file("result.json"), stored);
    assert_whole(&again, CELLS);
}

#[test]
fn a_run_goes_on_with_its_own_scenario_alone() {
    let run = BrokenOff::new(&scenario(), "KILL", has_cells(1));
    let before = fs::read(run.file("requests.csv")).unwrap();
    let mut other = scenario();
    other["load"]["rounds"] = json!(4);
    run.sandbox.write("other.yaml", &other.to_string());
    let refused = run.resume(&["other.yaml"]).with_code(2);
    assert!(refused.stderr.contains("not the scenario of"), "{}", refused.stderr);
    for flags in
        [["--rounds", "2"], ["--seed", "7"], ["--set", "load.rounds=2"], ["--backend", "x"]]
    {
        let refused = run.resume(&flags).with_code(2);
        assert!(refused.stderr.contains("--resume"), "{}", refused.stderr);
    }
    assert_eq!(fs::read(run.file("requests.csv")).unwrap(), before);
    // The one it began with is welcome.
    let same = ["scenario.yaml", "--rounds", "3"];
    assert_whole(&run.resume(&same).with_code_of(OPEN_LOOP), CELLS);
}

#[test]
fn a_folder_without_a_result_is_explained() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path().join("results/torn")).unwrap();
    for (name, text) in [("nothing-there", None), ("torn", None), ("torn", Some("{\"schema_v"))] {
        if let Some(text) = text {
            sandbox.write("results/torn/result.json", text);
        }
        let path = format!("results/{name}");
        let refused = sandbox.start(&["run", "--resume", &path]).with_code(2);
        assert!(refused.stderr.contains(&path), "{}", refused.stderr);
    }
}

/// Two cells on a server, of which the second one takes two seconds.
fn on(url: &str, prompt: &str) -> Value {
    json!({
        "pacemark": 1,
        "name": "server",
        "backends": {"server": {"kind": "generic", "url": url}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": [prompt]}},
        "load": {"stages": [{"concurrency": 1, "requests": 3}, {"concurrency": 1, "duration": "2s"}]},
    })
}

#[test]
fn secrets_come_again_from_where_they_came() {
    let server = FaultyServer::start(|_, stream| {
        pause(20);
        say(stream, &good())
    });
    // What is hidden in the stored scenario comes from the file that was given, and only from it.
    let mut written_out = on(&server.url(), "Hello");
    written_out["backends"]["server"]["api_key"] = json!("sk-canary-of-resume");
    let run = BrokenOff::new(&written_out, "KILL", has_cells(1));
    let refused = run.resume(&[]).with_code(2);
    assert!(refused.stderr.contains("secret"), "{}", refused.stderr);
    let ended = run.resume(&["scenario.yaml"]).with_code(0);
    assert_whole(&ended, 2);
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("authorization") == Some("Bearer sk-canary-of-resume"))
    );
}

#[test]
fn a_prompt_of_stars_is_no_secret() {
    let server = FaultyServer::start(|_, stream| {
        pause(20);
        say(stream, &good())
    });
    let run = BrokenOff::new(&on(&server.url(), "a ***bold*** word"), "KILL", has_cells(1));
    assert_whole(&run.resume(&[]).with_code(0), 2);
}

#[test]
fn a_server_that_refuses_takes_nothing_from_the_run() {
    let is_closed = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_closed);
    let server = FaultyServer::start(move |_, stream| {
        pause(20);
        let answer = if asked.load(Ordering::SeqCst) {
            json_answer(401, r#"{"error":{"message":"who are you"}}"#)
        } else {
            good()
        };
        say(stream, &answer)
    });
    let run = BrokenOff::new(&on(&server.url(), "Hello"), "INT", has_second_of(1));
    let before = run.result();
    is_closed.store(true, Ordering::SeqCst);
    let folder = run.folder.to_str().unwrap();
    let refused = run.sandbox.start(&["run", "--resume", folder]).with_code(3);
    // What was measured of the cell that was interrupted is still there.
    let after = assert_adds_up(&refused);
    assert_eq!(before.cells.len(), 2, "it was interrupted in its second cell");
    assert_eq!((&after.cells, after.partial), (&before.cells, true));
    is_closed.store(false, Ordering::SeqCst);
    assert_whole(&run.resume(&[]).with_code(0), 2);
}

#[test]
fn an_environment_that_makes_another_scenario_is_refused() {
    let server = FaultyServer::start(|_, stream| {
        pause(20);
        say(stream, &good())
    });
    let mut scenario = on("${ADDRESS}", "Hello");
    scenario["backends"]["server"]["api_key"] = json!("${SOME_KEY}");
    let sandbox = Sandbox::new()
        .with_variable("ADDRESS", &server.url())
        .with_variable("SOME_KEY", "sk-canary-of-environment");
    let mut run = BrokenOff::of(sandbox, (&scenario, &[]), "KILL", has_cells(1));
    let moved = BrokenOff {
        sandbox: run.sandbox.with_variable("ADDRESS", "http://127.0.0.1:1"),
        folder: run.folder,
    };
    let refused = moved.resume(&[]).with_code(2);
    assert!(refused.stderr.contains("would be at http://127.0.0.1:1/v1"), "{}", refused.stderr);
    run = BrokenOff {
        sandbox: moved.sandbox.with_variable("ADDRESS", &server.url()),
        folder: moved.folder,
    };
    assert_whole(&run.resume(&[]).with_code(0), 2);
    let keys =
        server.asked().into_iter().map(|asked| asked.header("authorization").map(str::to_owned));
    let keys: BTreeSet<_> = keys.collect();
    assert_eq!(keys, BTreeSet::from([Some("Bearer sk-canary-of-environment".to_owned())]));
}

#[test]
fn the_result_alone_says_what_is_done() {
    let sandbox = Sandbox::new();
    let whole = sandbox.run(&scenario(), &["--no-preflight"]).with_code_of(OPEN_LOOP);
    let run = BrokenOff { sandbox, folder: whole.folder() };
    let change = |change: &dyn Fn(&mut RunResult)| {
        let mut result = run.result();
        result.partial = true;
        result.finished_at = None;
        change(&mut result);
        fs::write(run.file("result.json"), result.to_json().unwrap()).unwrap();
    };
    // It was killed after the last row of a cell and before its result.
    let rows_of_last = whole.requests().iter().filter(|row| row["cell"] == "5").count();
    change(&|result| {
        result.cells.pop();
        result.provenance.host.kernel = Some("1.2.3".to_owned());
        result.provenance.pacemark_version = "0.0.1".to_owned();
    });
    let ended = run.resume(&[]).with_code_of(OPEN_LOOP);
    let result = assert_whole(&ended, CELLS);
    assert_eq!(usize::try_from(result.resumed[0].requests_dropped).unwrap(), rows_of_last);
    for what in ["kernel was 1.2.3 before", "pacemark was 0.0.1 before", "5 of 6 cells kept"] {
        let notes: Vec<_> = result.notes.iter().filter(|note| note.text.contains(what)).collect();
        assert_eq!(notes.len(), 1, "{what}: {:?}", result.notes);
    }
    // After the last cell, and before the end.
    change(&|_| {});
    let result = assert_whole(&run.resume(&[]).with_code_of(OPEN_LOOP), CELLS);
    let kept: Vec<_> = result.resumed.iter().map(|it| it.cells_kept).collect();
    assert_eq!(kept, [5, 6]);
    assert!(run.file("report.html").exists());
    // By other definitions.
    change(&|result| result.provenance.definitions_version += 1);
    let refused = run.resume(&[]).with_code(2);
    assert!(refused.stderr.contains("defines its metrics in another way"), "{}", refused.stderr);
}

#[test]
fn what_is_recorded_of_requests_stays_as_it_was_asked_for() {
    let arguments = ["--records", "none"];
    let run = BrokenOff::of(Sandbox::new(), (&scenario(), &arguments), "KILL", has_cells(2));
    let result = run.resume(&[]).with_code_of(OPEN_LOOP).result();
    assert!(!run.file("requests.csv").exists());
    let arrivals = result.cells.iter().map(|cell| &cell.measured);
    let arrivals: u64 = arrivals.map(|it| it.outcomes.arrivals + it.warmup.arrivals).sum();
    let records = result.records.unwrap();
    assert_eq!((records.policy.as_str(), records.kept, records.finished), ("none", 0, arrivals));
    assert_eq!(result.cells.len(), CELLS);
}

#[test]
fn prompts_that_were_changed_meanwhile_are_told_and_missing_ones_named() {
    let server = FaultyServer::start(|_, stream| {
        pause(20);
        say(stream, &good())
    });
    let mut scenario = on(&server.url(), "Hello");
    scenario["workloads"]["chat"]["prompts"] = json!({"file": "prompts.txt"});
    let sandbox = Sandbox::new();
    sandbox.write("prompts.txt", "Hello\nWorld\n");
    let run = BrokenOff::of(sandbox, (&scenario, &[]), "KILL", has_cells(1));
    let file = run.sandbox.path().join("prompts.txt");
    fs::remove_file(&file).unwrap();
    let refused = run.resume(&[]).with_code(2);
    assert!(refused.stderr.contains("prompts.txt"), "{}", refused.stderr);
    run.sandbox.write("prompts.txt", "Good\nmorning\n");
    let ended = run.resume(&[]).with_code(0);
    assert_whole(&ended, 2);
    let said = "prompts.txt` was written after the run began";
    let told = ended.result().notes.iter().any(|note| note.text.contains(said));
    assert!(told, "{}", ended.stdout);
}

#[test]
fn pairs_of_a_gateway_are_sent_again_unless_all_are_there() {
    let simulated = |ttft: &str| json!({"kind": "mock", "mock": {"ttft": ttft, "gap": "1ms"}});
    let chat = json!({"endpoint": "chat", "model": "m", "prompts": ["a", "b"], "max_tokens": 3});
    let scenario = json!({
        "pacemark": 1,
        "name": "pairs",
        "backends": {"gateway": simulated("20ms"), "server": simulated("10ms")},
        "workloads": {"one": chat, "two": chat},
        "load": {"warmup": {"requests": 1}, "stages": [{"concurrency": 1, "requests": 2}]},
        "compare": {"gateway": "gateway", "direct": "server", "pairs": 20},
    });
    let run = BrokenOff::new(&scenario, "KILL", |folder| {
        let text = fs::read_to_string(folder.join("gateway_pairs.csv")).unwrap_or_default();
        text.lines().count() > 1
    });
    assert_eq!(run.result().finished_at, None);
    let kept = run.whole_cells();
    let ended = run.resume(&[]).with_code_of(&[0, 4]);
    assert_whole(&ended, 4);
    assert_eq!((kept.len(), run.whole_cells()), (4, kept));
    let pairs = rows(&ended.file("gateway_pairs.csv"));
    let keys: BTreeSet<_> =
        pairs.iter().map(|row| (row["workload"].clone(), row["pair"].clone())).collect();
    assert_eq!((pairs.len(), keys.len()), (40, 40));
    assert_eq!(ended.result().gateway_costs.len(), 2);
}
