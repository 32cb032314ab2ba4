//! Runs the program in a folder of its own, and reads what it printed and what it left behind.

#![expect(clippy::disallowed_methods, reason = "what the program reads and writes is tested")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use pacemark::result::{FindingEntry, RunResult};
use serde_json::Value;
use tempfile::TempDir;

/// Long enough for the busiest machine; a program that takes so long hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(50);

/// Variables without which programs do not start on some systems.
const VARIABLES_KEPT: [&str; 3] = ["PATH", "SystemRoot", "TEMP"];

/// The exit codes of an open loop that goes well: a machine that is too busy to send requests
/// when they are due has the run not to be trusted, and rightly so.
pub(crate) const OPEN_LOOP: &[i32] = &[0, 4];

/// Findings that the machine alone is to blame for.
const OF_THE_MACHINE: [&str; 4] = ["late_events", "client_starved", "late_sends", "suspended"];

/// A row of a CSV file: its fields by their columns.
pub(crate) type Row = BTreeMap<String, String>;

/// A folder to run the program in, without any variable that could reach it from outside.
#[derive(Debug)]
pub(crate) struct Sandbox {
    folder: Rc<TempDir>,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: Rc::new(tempfile::tempdir().unwrap()), variables: Vec::new() }
    }

    /// The same with an environment variable.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// What stands in a file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Takes back what stored runs hold against a machine that was too busy, which says nothing
    /// about what is tested.
    pub(crate) fn forgive_the_machine(&self) {
        let folders = fs::read_dir(self.path().join("results")).into_iter().flatten();
        for folder in folders {
            let file = folder.unwrap().path().join("result.json");
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let mut result = RunResult::from_json(&text).unwrap();
            let blames = |finding: &FindingEntry| !OF_THE_MACHINE.contains(&finding.key.as_str());
            result.findings.retain(blames);
            result.cells.iter_mut().for_each(|cell| cell.findings.retain(blames));
            fs::write(&file, result.to_json().unwrap()).unwrap();
        }
    }

    /// The program with its arguments, ready to start.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pacemark"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command
            .envs(VARIABLES_KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn start(&self, arguments: &[&str]) -> Ended {
        self.start_with(arguments, "")
    }

    /// Runs the program to its end, with `input` on its stdin.
    pub(crate) fn start_with(&self, arguments: &[&str], input: &str) -> Ended {
        let output = assert_cmd::Command::from_std(self.command(arguments))
            .write_stdin(input)
            .timeout(PATIENCE)
            .output()
            .unwrap();
        Ended::new(self, output)
    }

    /// Runs a scenario to its end.
    pub(crate) fn run(&self, scenario: &Value, arguments: &[&str]) -> Ended {
        self.write("scenario.yaml", &scenario.to_string());
        self.start(&[&["run", "scenario.yaml"], arguments].concat())
    }
}

/// The program once it has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    folder: Rc<TempDir>,
}

impl Ended {
    pub(crate) fn new(sandbox: &Sandbox, output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            folder: Rc::clone(&sandbox.folder),
        }
    }

    /// The same, once its exit code is the expected one and nothing has panicked.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        self.with_code_of(&[code])
    }

    /// The same, where several codes will do.
    #[track_caller]
    pub(crate) fn with_code_of(self, codes: &[i32]) -> Self {
        let expected = self.code.is_some_and(|code| codes.contains(&code));
        // Graver than these is only that the run is not to be trusted.
        let lighter = codes.iter().any(|code| [0, 5, 6, 7].contains(code));
        let busy = || self.code == Some(4) && lighter && self.blames_the_machine_alone();
        assert!(expected || busy(), "{:?}\n{}\n{}", self.code, self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Whether nothing but a machine that is too busy for the client keeps the run from being
    /// trusted. On a shared machine that happens, and says nothing about what is tested.
    fn blames_the_machine_alone(&self) -> bool {
        let Some(folder) = self.folders().pop() else { return false };
        let text = fs::read_to_string(folder.join("result.json")).unwrap_or_default();
        let Ok(result) = RunResult::from_json(&text) else { return false };
        let of_cells = result.cells.iter().flat_map(|cell| &cell.findings);
        let mut grave = of_cells.chain(&result.findings).filter(|f| f.severity == "untrusted");
        grave.all(|finding| OF_THE_MACHINE.contains(&finding.key.as_str()))
    }

    /// The folders of runs, of which there may be none.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("results")) else {
            return Vec::new();
        };
        let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders
    }

    /// The folder of the one run.
    #[track_caller]
    pub(crate) fn folder(&self) -> PathBuf {
        let mut folders = self.folders();
        assert_eq!(folders.len(), 1, "{folders:?}\n{}", self.stderr);
        folders.remove(0)
    }

    /// A file of the run.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap()
    }

    /// The stored result of the run.
    pub(crate) fn result(&self) -> RunResult {
        RunResult::from_json(&self.file("result.json")).unwrap()
    }

    /// The rows of `requests.csv`.
    pub(crate) fn requests(&self) -> Vec<Row> {
        rows(&self.file("requests.csv"))
    }

    /// The rows of `summary.csv`.
    pub(crate) fn summary(&self) -> Vec<Row> {
        rows(&self.file("summary.csv"))
    }
}

/// The rows of a CSV text with one header line.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

/// A number in a row; `None` where the field is empty.
pub(crate) fn number(row: &Row, column: &str) -> Option<f64> {
    let field = &row[column];
    (!field.is_empty()).then(|| field.parse().unwrap())
}
