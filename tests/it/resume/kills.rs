//! Runs that are killed or interrupted, at any moment, and go on.

#![expect(clippy::disallowed_methods, reason = "what a crash leaves behind is made and looked at")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::{fs, thread};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::broken_off::{BrokenOff, CELLS, assert_whole, has_cells, has_second_of, scenario};
use crate::faulty::pause;
use crate::program::{Ended, OPEN_LOOP, Sandbox};

/// Runs that are killed at a random moment.
const KILLS: u64 = 20;
/// Of them, at once: they wait more than they work.
const AT_ONCE: usize = 4;
/// Longer than a run of [`scenario`] takes where nothing else runs.
const RUN_MILLIS: u64 = 2_600;

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
