//! What is not resumed, and what is said about it.

use std::fs;

use serde_json::json;

use super::broken_off::{BrokenOff, CELLS, assert_whole, begun, has_cells, scenario};
use crate::program::{Ended, OPEN_LOOP, Sandbox};

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
