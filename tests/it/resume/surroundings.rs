//! What a run needs besides its folder: secrets, servers, prompts, and what became of them.

#![expect(clippy::disallowed_methods, reason = "what a crash leaves behind is made and looked at")]

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pacemark::result::RunResult;
use serde_json::json;

use super::broken_off::{BrokenOff, CELLS, assert_whole, has_cells, has_second_of, on, scenario};
use crate::accounting::assert_adds_up;
use crate::faulty::{FaultyServer, good, json_answer, pause, say};
use crate::program::{OPEN_LOOP, Sandbox, rows};

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
    for said in ["`backends.server.api_key` was hidden", "`pacemark run SCENARIO --resume "] {
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
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

#[test]
fn a_search_goes_on_with_the_probes_it_had() {
    let scenario = json!({
        "pacemark": 1,
        "name": "search",
        "backends": {"sim": {"kind": "mock", "mock": {
            "slots": 2, "queue": 1, "ttft": "40ms", "gap": "1ms", "output_tokens": 11,
        }}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"search": {
            "concurrency": {"from": 1, "to": 16},
            "limits": ["ttft.p90 < 2s"], "probe": "500ms", "confirm": 2, "budget": {"probes": 8},
        }}]},
    });
    let run = BrokenOff::new(&scenario, "KILL", has_cells(3));
    let before = run.result();
    let kept = run.whole_cells();
    assert_eq!(before.searches[0].answer, None);
    let ended = run.resume(&[]).with_code_of(&[0, 4]);
    let after = run.result();
    assert_whole(&ended, after.cells.len());
    assert_eq!(run.whole_cells()[..kept.len()], kept);
    let search = &after.searches[0];
    let probes: Vec<_> = search.probes.iter().map(|probe| probe.cell).collect();
    let cells: Vec<_> = after.cells.iter().map(|cell| cell.labels.id).collect();
    assert_eq!((probes, after.searches.len()), (cells, 1));
    assert_eq!(search.probes[..kept.len()], before.searches[0].probes[..kept.len()]);
    // Two are served and one waits.
    assert_eq!(search.answer.as_ref().unwrap().load, Some(3.0));
}
