//! Stored runs, read back.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::folder::RESULT_FILE;
use crate::result::RunResult;

/// The result of the run at `path`: its folder, or a `result.json` of any name.
///
/// # Errors
///
/// [`StoreError`] if there is no run, it cannot be read, or a newer pacemark wrote it.
pub fn load(path: &Path) -> Result<RunResult, StoreError> {
    let file = result_file(path)?;
    let text = read(&file)?;
    RunResult::from_json(&text).map_err(|source| StoreError::Result { path: file, source })
}

/// The runs at `paths`: each is one, or a folder that holds several, or files of results.
///
/// # Errors
///
/// [`StoreError::NoRun`] if there is none at a path.
pub fn runs_at(paths: &[PathBuf]) -> Result<Vec<PathBuf>, StoreError> {
    let mut runs = Vec::new();
    for path in paths {
        match result_file(path) {
            Ok(_) => runs.push(path.clone()),
            Err(refusal) => {
                let several = runs_below(path);
                if several.is_empty() {
                    return Err(refusal);
                }
                runs.extend(several);
            }
        }
    }
    Ok(runs)
}

/// The runs right below `folder`, by name: their folders, and files `*.json`.
fn runs_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_run = |path: &PathBuf| {
        path.join(RESULT_FILE).is_file()
            || path.is_file() && path.extension().is_some_and(|ending| ending == "json")
    };
    let mut runs: Vec<_> = paths.filter(is_run).collect();
    runs.sort();
    runs
}

/// The file that holds the result of the run at `path`.
pub(super) fn result_file(path: &Path) -> Result<PathBuf, StoreError> {
    let no_run = |found: String| StoreError::NoRun { path: path.to_owned(), found };
    if path.is_file() {
        return Ok(path.to_owned());
    }
    if !path.is_dir() {
        return Err(no_run("nothing is there".to_owned()));
    }
    let file = path.join(RESULT_FILE);
    if file.is_file() {
        return Ok(file);
    }
    Err(no_run(match latest_run(path) {
        Some(latest) => format!("it holds several runs, the latest is `{latest}`"),
        None => format!("the folder has no `{RESULT_FILE}`"),
    }))
}

/// The name of the latest run in `folder`; names begin with the time, so it is the last one.
fn latest_run(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?;
    let runs = entries.flatten().filter(|entry| entry.path().join(RESULT_FILE).is_file());
    runs.map(|entry| entry.file_name().to_string_lossy().into_owned()).max()
}

#[expect(clippy::disallowed_methods, reason = "`store` reads stored runs")]
fn read(file: &Path) -> Result<String, StoreError> {
    fs::read_to_string(file).map_err(|source| match source.kind() {
        ErrorKind::InvalidData => {
            StoreError::NoRun { path: file.to_owned(), found: "the file is not text".to_owned() }
        }
        _ => StoreError::Read { path: file.to_owned(), source },
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests write files")]
mod tests {
    use std::fs;

    use super::load;

    fn refusal(path: &std::path::Path, root: &std::path::Path) -> String {
        let error = load(path).unwrap_err().to_string();
        error.replace(&root.display().to_string(), "ROOT")
    }

    #[test]
    fn what_is_no_run_is_refused_with_a_hint() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let hint = "; name the folder of a run, or its `result.json`";
        assert_eq!(
            refusal(&root.join("x"), root),
            format!("no run at `ROOT/x`: nothing is there{hint}")
        );
        assert_eq!(
            refusal(root, root),
            format!("no run at `ROOT`: the folder has no `result.json`{hint}")
        );
        for name in ["20260101T000000Z-a", "20270101T000000Z-b"] {
            fs::create_dir(root.join(name)).unwrap();
            fs::write(root.join(name).join("result.json"), "{}").unwrap();
        }
        assert_eq!(
            refusal(root, root),
            format!(
                "no run at `ROOT`: it holds several runs, the latest is `20270101T000000Z-b`{hint}"
            )
        );
    }

    #[test]
    fn a_damaged_result_is_named_with_its_place() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::write(root.join("result.json"), "{\"schema_version\": 1,").unwrap();
        let error = refusal(root, root);
        assert!(error.starts_with("`ROOT/result.json`: not a pacemark result: "), "{error}");
        assert!(error.contains("line 1 column 21"), "{error}");
        fs::write(root.join("result.json"), [0xff, 0xfe]).unwrap();
        assert!(refusal(root, root).contains("the file is not text"));
    }
}
