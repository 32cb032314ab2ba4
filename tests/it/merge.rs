//! Runs added up: the folder of the sum, and what is refused.

use std::collections::BTreeSet;
use std::fs;

use pacemark::metric::{FigureKey, Metric};
use pacemark::result::RunResult;
use serde_json::{Value, json};

use crate::program::{Sandbox, rows};

fn scenario(requests: u64) -> Value {
    json!({
        "pacemark": 1,
        "name": "parts",
        "backends": {
            "a": {"mock": {"ttft": "5ms", "gap": "1ms", "output_tokens": 4}},
            "b": {"mock": {"ttft": "9ms", "gap": "1ms", "output_tokens": 4}},
        },
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]}},
        "load": {"stages": [{"concurrency": 2, "requests": requests}]},
    })
}

/// The folder of a run with these flags, by its path from the sandbox.
fn run(sandbox: &Sandbox, scenario: &Value, name: &str, flags: &[&str]) -> String {
    let ended = sandbox.run(scenario, &[&["-o", name], flags].concat());
    let ended = ended.with_code_of(&[0, 4]);
    let folder = ended.stderr.lines().find_map(|line| line.strip_prefix("results: ")).unwrap();
    folder.to_owned()
}

fn result(sandbox: &Sandbox, folder: &str) -> RunResult {
    RunResult::from_json(&sandbox.read(&format!("{folder}/result.json"))).unwrap()
}

/// The end-to-end times of the measured requests of a backend, as the rows tell them.
fn times(sandbox: &Sandbox, folder: &str, cells: &BTreeSet<String>) -> Vec<f64> {
    let rows = rows(&sandbox.read(&format!("{folder}/requests.csv")));
    let mut times: Vec<f64> = rows
        .iter()
        .filter(|row| row["phase"] == "measure" && cells.contains(&row["cell"]))
        .map(|row| row["e2e_ms"].parse().unwrap())
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

#[test]
fn the_sum_of_two_runs_is_all_their_requests() {
    let sandbox = Sandbox::new();
    let parts = [("1", "one"), ("2", "two")]
        .map(|(seed, name)| run(&sandbox, &scenario(30), name, &["--seed", seed, "--rounds", "2"]));
    let ended = sandbox.start(&["merge", &parts[0], &parts[1], "-o", "sum"]);
    let ended = ended.with_code_of(&[0, 4]);
    let folder = ended.stderr.lines().find_map(|line| line.strip_prefix("results: ")).unwrap();
    assert!(folder.ends_with("-parts-merged"), "{folder}");
    let sum = result(&sandbox, folder);
    assert_eq!((sum.cells.len(), sum.load.rounds), (8, 4));
    let seeds: Vec<_> = sum.merged_from.iter().map(|part| part.seed).collect();
    assert_eq!(seeds, [1, 2]);
    let names = fs::read_dir(sandbox.path().join(folder)).unwrap();
    let names: BTreeSet<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for name in ["result.json", "requests.csv", "timeseries.csv", "histograms.hlog"] {
        assert!(names.contains(name), "{names:?}");
    }

    // Every row of the parts, under the cell it has now; and no cell is mixed.
    let of_backend = |result: &RunResult, backend: &str| {
        let cells = result.cells.iter().filter(|cell| cell.labels.backend == backend);
        cells.map(|cell| cell.labels.id.to_string()).collect::<BTreeSet<_>>()
    };
    for backend in ["a", "b"] {
        let mut together: Vec<f64> = Vec::new();
        for part in &parts {
            together.extend(times(&sandbox, part, &of_backend(&result(&sandbox, part), backend)));
        }
        together.sort_by(f64::total_cmp);
        let all = times(&sandbox, folder, &of_backend(&sum, backend));
        assert_eq!((all.len(), &all), (120, &together), "{backend}");

        // Percentiles of the sum are those of all requests together, to the width of a bucket.
        let pooled = sum.pooled().unwrap();
        let cell = pooled.iter().find(|cell| cell.backend == u32::from(backend == "b")).unwrap();
        assert_eq!(cell.measured.distribution(Metric::E2e).unwrap().count, 120);
        for percentile in [10_u32, 50, 90, 99] {
            let key: FigureKey = format!("e2e.p{percentile}").parse().unwrap();
            let shown = cell.measured.value(key).unwrap().unwrap();
            let rank = usize::try_from(120 * percentile).unwrap().div_ceil(100);
            let exact = all[rank - 1];
            assert!((shown / exact - 1.0).abs() < 0.002, "p{percentile}: {shown} of {exact}");
        }
    }
    let seconds = rows(&sandbox.read(&format!("{folder}/timeseries.csv")));
    let cells: BTreeSet<_> = seconds.iter().map(|row| row["cell"].clone()).collect();
    assert_eq!(cells.len(), 8);
    let rounds: BTreeSet<_> = seconds.iter().map(|row| row["round"].clone()).collect();
    assert_eq!(rounds.len(), 4);
    let log = sandbox.read(&format!("{folder}/histograms.hlog"));
    for cell in 0..8 {
        assert!(log.contains(&format!("\nTag=c{cell:03}.e2e,")), "{cell}\n{log}");
    }
    sandbox.start(&["report", folder]).with_code(0);
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let one = run(&sandbox, &scenario(4), "one", &["--seed", "1"]);
    let same = run(&sandbox, &scenario(4), "two", &["--seed", "1"]);
    let other = run(&sandbox, &scenario(5), "three", &["--seed", "2"]);
    for (parts, words) in [
        (vec![&one], "name at least two runs"),
        (vec![&one, &one], "is given twice"),
        (vec![&one, &same], "both hold round 1 of seed 1: the same requests, sent twice"),
        (vec![&one, &other], "are not of one scenario: the stages differ"),
    ] {
        let parts = parts.into_iter().map(String::as_str);
        let words_typed: Vec<_> = ["merge", "-o", "sum"].into_iter().chain(parts).collect();
        let ended = sandbox.start(&words_typed).with_code(2);
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert!(!sandbox.path().join("sum").exists());
    let repeated = sandbox.start(&["merge", &one, &same, "--repeated", "-o", "sum"]);
    repeated.with_code_of(&[0, 4]);
}
