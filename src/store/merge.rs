//! The folder of a run that was merged from others.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::folder::{make_folder, save_page, save_reports};
use super::load::result_file;
use super::replace::replace;
use super::server_metrics::SERVER_METRICS_FILE;
use super::text_file::read_text;
use crate::result::{CellLabels, RunResult};

/// Files of rows: those with a cell in each row, by their names.
const ROWS: [&str; 3] = ["requests.csv", "timeseries.csv", SERVER_METRICS_FILE];
const HISTOGRAMS: &str = "histograms.hlog";

/// A run that goes into a merged one.
#[derive(Clone, Copy, Debug)]
pub struct MergedFolder<'a> {
    /// Its folder, or its `result.json`.
    pub path: &'a Path,
    /// Its cells.
    pub run: &'a RunResult,
}

/// Writes the folder of `result`, whose cells are those of `parts` in their order: the files of
/// rows are joined, each row under the number its cell has now. Moments stay those of the run
/// that a cell came from. A file that a part lacks adds nothing.
///
/// # Errors
///
/// [`StoreError`] if a file cannot be read or written.
pub fn save_merged(
    results_dir: &Path,
    result: &mut RunResult,
    parts: &[MergedFolder<'_>],
) -> Result<PathBuf, StoreError> {
    std::fs::create_dir_all(results_dir).map_err(StoreError::write(results_dir))?;
    let (folder, id) = make_folder(results_dir, &result.id)?;
    result.id = id;
    let folders: Vec<_> =
        parts.iter().map(|part| folder_of(part.path)).collect::<Result<_, _>>()?;
    let mut numbered = Vec::new();
    let mut first = 0;
    for (part, from) in parts.iter().zip(&folders) {
        let cells = &result.cells[first..first + part.run.cells.len()];
        numbered.push(Part { from, old: part.run, new: cells.iter().map(|c| &c.labels).collect() });
        first += part.run.cells.len();
    }
    for name in ROWS {
        join(&folder.join(name), name, &numbered, join_rows)?;
    }
    join(&folder.join(HISTOGRAMS), HISTOGRAMS, &numbered, join_histograms)?;
    if let Some(text) = folders.first().map(|first| read_text(&first.join("scenario.yaml"))) {
        text?.map_or(Ok(()), |text| replace(&folder, "scenario.yaml", &text))?;
    }
    save_reports(&folder, result)?;
    save_page(&folder, result, None)?;
    Ok(folder)
}

/// The folder of a part, and what its cells are called now.
struct Part<'a> {
    from: &'a Path,
    old: &'a RunResult,
    new: Vec<&'a CellLabels>,
}

impl Part<'_> {
    /// The labels that the cell of that number has now.
    fn labels(&self, cell: u32) -> Option<&CellLabels> {
        let at = self.old.cells.iter().position(|known| known.labels.id == cell)?;
        self.new.get(at).copied()
    }
}

fn folder_of(path: &Path) -> Result<PathBuf, StoreError> {
    let file = result_file(path)?;
    Ok(file.parent().unwrap_or(Path::new(".")).to_owned())
}

/// How the lines of one part are added to a file.
type Join = fn(BufReader<File>, &Part<'_>, bool, &mut BufWriter<File>) -> std::io::Result<()>;

/// Joins the files called `name` of all parts that have one; makes none where no part has one.
fn join(path: &Path, name: &str, parts: &[Part<'_>], join: Join) -> Result<(), StoreError> {
    let mut out: Option<BufWriter<File>> = None;
    for part in parts {
        let from = part.from.join(name);
        let Ok(file) = File::open(&from) else { continue };
        let is_first = out.is_none();
        if is_first {
            out = Some(BufWriter::new(File::create_new(path).map_err(StoreError::write(path))?));
        }
        let Some(out) = &mut out else { continue };
        let joined = join(BufReader::new(file), part, is_first, out);
        joined.map_err(|source| StoreError::Read { path: from, source })?;
    }
    let Some(mut out) = out else { return Ok(()) };
    let flushed = out.flush().and_then(|()| out.get_ref().sync_all());
    flushed.map_err(StoreError::write(path))
}

/// Copies rows of CSV, with `cell` and `round` as they are now; the header once.
fn join_rows(
    from: BufReader<File>,
    part: &Part<'_>,
    is_first: bool,
    out: &mut BufWriter<File>,
) -> std::io::Result<()> {
    let mut reader = csv::Reader::from_reader(from);
    let mut writer = csv::Writer::from_writer(out);
    let header = reader.headers()?.clone();
    let place = |name: &str| header.iter().position(|column| column == name);
    let (cell, round) = (place("cell"), place("round"));
    if is_first {
        writer.write_record(&header)?;
    }
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row)? {
        let number = cell.and_then(|at| row.get(at)).and_then(|text| text.parse().ok());
        let labels = number.and_then(|number| part.labels(number));
        let field = |(at, text): (usize, &str)| match labels {
            Some(labels) if Some(at) == cell => labels.id.to_string(),
            Some(labels) if Some(at) == round => labels.round.to_string(),
            _ => text.to_owned(),
        };
        writer.write_record(row.iter().enumerate().map(field))?;
    }
    writer.flush()
}

/// Copies lines of an interval log, with tags as they are now; its header once.
fn join_histograms(
    from: BufReader<File>,
    part: &Part<'_>,
    is_first: bool,
    out: &mut BufWriter<File>,
) -> std::io::Result<()> {
    for line in from.lines() {
        let line = line?;
        if let Some(line) = renumbered(&line, part) {
            writeln!(out, "{line}")?;
        } else if is_first && !line.starts_with("#[c") {
            writeln!(out, "{line}")?;
        } else if !is_first && line.starts_with("#[StartTime") {
            writeln!(out, "#[{} begins; its own start times count from here]", part.old.id)?;
            writeln!(out, "{line}")?;
        } else if !is_first && line.starts_with("#[BaseTime") {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// A line of a cell under its new number; `None` for lines of no cell.
fn renumbered(line: &str, part: &Part<'_>) -> Option<String> {
    let (before, rest) = match line.strip_prefix("#[c") {
        Some(rest) => ("#[c", rest),
        None => ("Tag=c", line.strip_prefix("Tag=c")?),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let labels = part.labels(rest[..end].parse().ok()?)?;
    let behind = &rest[end..];
    if before == "#[c" {
        let CellLabels { id, backend, workload, stage, round, .. } = labels;
        let text = format!("#[c{id:03}: {backend} / {workload} / {stage} / round {round}]");
        return Some(text.replace(char::is_control, " "));
    }
    Some(format!("{before}{:03}{behind}", labels.id))
}
