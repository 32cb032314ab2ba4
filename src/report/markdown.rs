//! `summary.md`: the run for people, with everything that explains its figures.

use super::blocks::{Block, blocks};
use super::columns::{Column, UNSUPPORTED, columns_of};
use super::contrast::{modesty, who_was_ahead};
use super::numbers::counted;
use super::remarks::{failures, finding, remarks};
use super::wrap::printable;
use crate::result::{BackendEntry, ResultError, RunResult};

/// The summary of `result` as Markdown; rounds are merged unless `rounds_apart`.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged.
pub fn markdown(result: &RunResult, rounds_apart: bool) -> Result<String, ResultError> {
    let blocks = blocks(result, rounds_apart)?;
    let mut page = head(result);
    page.extend(backends(result));
    for block in &blocks {
        page.extend(section(block));
    }
    page.extend(foot(result, &blocks));
    Ok(page.join("\n") + "\n")
}

fn head(result: &RunResult) -> Vec<String> {
    let mut page = vec![format!("# {}", escaped(&result.name)), String::new()];
    if let Some(description) = &result.description {
        page.extend([escaped(description), String::new()]);
    }
    if result.partial {
        page.extend([
            "**Partial:** the run was stopped, or still goes on.".to_owned(),
            String::new(),
        ]);
    }
    let origin = &result.provenance;
    let host = &origin.host;
    let commit = origin.commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default();
    let memory = host.memory_bytes.map(|bytes| format!("{} MiB", bytes / 1_048_576));
    let cpus = host.cpu_count.map(|cpus| counted(cpus.into(), "CPU"));
    let machine = [host.hostname.clone(), Some(host.os.clone()), host.kernel.clone()];
    let machine = machine.into_iter().chain([host.cpu_model.clone(), cpus, memory]);
    let finished = result.finished_at.as_deref().unwrap_or("not finished");
    let facts = [
        ("Run", result.id.clone()),
        ("Time", format!("{} to {finished}", result.started_at)),
        ("Load", format!("{}, seed {}", counted(result.load.rounds.into(), "round"), result.seed)),
        ("Machine", machine.flatten().collect::<Vec<_>>().join(", ")),
        ("pacemark", format!("{}{commit}", origin.pacemark_version)),
        ("Command", origin.command_line.join(" ")),
        ("Scenario", format!("sha256 {}", origin.scenario_sha256)),
    ];
    page.extend(facts.map(|(name, fact)| format!("- {name}: {}", escaped(&fact))));
    page
}

fn backends(result: &RunResult) -> Vec<String> {
    let mut page = heading(2, "Backends");
    page.extend(table_head(&["backend", "kind", "version", "address", "models"], 5));
    for backend in &result.backends {
        let BackendEntry { name, kind, url, server_version, .. } = backend;
        let or_dash = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
        let models: Vec<_> = backend.models.iter().map(super::table::model).collect();
        let cells =
            [name.clone(), kind.clone(), or_dash(server_version), or_dash(url), models.join(", ")];
        page.push(table_row(&cells));
    }
    page.push(String::new());
    for note in &result.notes {
        let about = note.backend.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        page.push(format!("- {}", escaped(&format!("{about}{}", note.text))));
    }
    page
}

fn section(block: &Block<'_>) -> Vec<String> {
    let columns = columns_of(block);
    let mut page = heading(2, &block.title());
    let mut titles = vec!["backend".to_owned()];
    titles.extend(columns.iter().map(Column::title));
    page.extend(table_head(&titles, 1));
    for row in &block.rows {
        let mut cells = vec![row.label.clone()];
        cells.extend(columns.iter().map(|column| column.shown(row).text));
        page.push(table_row(&cells));
    }
    page.push(String::new());
    for row in &block.rows {
        let lines = failures(row);
        let indented = |(index, line): (usize, &String)| {
            format!("{}- {}", if index == 0 { "" } else { "  " }, escaped(line))
        };
        page.extend(lines.iter().enumerate().map(indented));
    }
    page.extend(remarks(block).iter().map(|line| format!("- {}", escaped(line))));
    for row in &block.rows {
        let findings = row.cell.findings.iter();
        page.extend(
            findings.map(|entry| {
                format!("- {}", escaped(&format!("{}: {}", row.label, finding(entry))))
            }),
        );
    }
    if let Some(ahead) = who_was_ahead(block) {
        page.push(format!("- Ahead: {}", escaped(&ahead)));
    }
    page
}

fn foot(result: &RunResult, blocks: &[Block<'_>]) -> Vec<String> {
    let mut page = heading(2, "How to read this");
    for entry in &result.findings {
        page.push(format!("- {}", escaped(&finding(entry))));
    }
    if blocks.iter().any(Block::compares) {
        let rounds = blocks.iter().map(Block::rounds).min().unwrap_or(0);
        page.push(format!("- {}", modesty(rounds)));
    }
    if let Some(records) = &result.records {
        let rule = escaped(&records.rule);
        page.push(format!("- requests.csv: {rule}; {} of {} rows", records.kept, records.finished));
    }
    page.push(format!(
        "- `{UNSUPPORTED}` marks a percentile that rests on too few values (fewer than \
         10 / min(q, 1 - q)); `-` is a value that does not exist."
    ));
    page.push("- Latencies rest on completed requests only.".to_owned());
    page.push(format!(
        "- What each metric means stands in `docs/metrics.md` of pacemark {}; these are its \
         definitions of version {}.",
        result.provenance.pacemark_version, result.provenance.definitions_version
    ));
    page
}

fn heading(level: usize, text: &str) -> Vec<String> {
    vec![String::new(), format!("{} {}", "#".repeat(level), escaped(text)), String::new()]
}

/// The head of a table whose columns after the first `texts` are numbers.
fn table_head(titles: &[impl AsRef<str>], texts: usize) -> [String; 2] {
    let rule = (0..titles.len()).map(|index| if index < texts { "---" } else { "---:" });
    let rule = rule.collect::<Vec<_>>().join(" | ");
    [table_row(titles), format!("| {rule} |")]
}

fn table_row(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| escaped(cell.as_ref())).collect();
    format!("| {} |", cells.join(" | "))
}

/// `text` as Markdown that shows just that: nothing in it is markup, a link or a table.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            other => safe.push(other),
        }
    }
    safe
}
