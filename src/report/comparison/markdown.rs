//! A comparison as Markdown, for a pull request or a document.

use super::rows::fields;
use super::table::{foot, head, sides, title};
use super::verdict::verdict_line;
use super::words::sentences;
use crate::compare::{ComparedCell, Comparison};
use crate::report::definitions::{list, of_comparison};
use crate::report::markdown::{escaped, heading, table_head, table_row};

/// `comparisons` as Markdown, ending with a line break.
pub(super) fn markdown(comparisons: &[Comparison]) -> String {
    let mut page = Vec::new();
    for comparison in comparisons {
        page.extend(section(comparison));
    }
    page.join("\n").trim_start().to_owned() + "\n"
}

fn section(comparison: &Comparison) -> Vec<String> {
    let mut page = heading(2, &head(comparison));
    page.push(format!("**Verdict:** {}", escaped(&verdict_line(comparison))));
    for caveat in &comparison.caveats {
        if page.last().is_some_and(|line| !line.starts_with("- ")) {
            page.push(String::new());
        }
        page.push(format!("- {}", escaped(&caveat.text)));
    }
    page.extend(tables(comparison));
    page
}

/// A table for each cell, and what must be known to read them.
pub(super) fn tables(comparison: &Comparison) -> Vec<String> {
    let mut page: Vec<_> =
        comparison.cells.iter().flat_map(|cell| table(comparison, cell)).collect();
    page.push(String::new());
    page.extend(foot(comparison).iter().map(|line| format!("- {}", escaped(line))));
    page.extend(list(&of_comparison(comparison)));
    page
}

fn table(comparison: &Comparison, cell: &ComparedCell) -> Vec<String> {
    let mut page = heading(3, &title(cell));
    let [base, new] = sides(cell);
    page.extend(table_head(&["", "metric", "verdict", base, new, "ratio", "interval"], 3));
    for estimate in &cell.estimates {
        let mark = if estimate.decides { ">" } else { "" }.to_owned();
        let [name, base, new, size, interval, verdict] = fields(estimate);
        page.push(table_row(&[mark, name, verdict, base, new, size, interval]));
    }
    page.push(String::new());
    page.extend(cell.caveats.iter().map(|caveat| format!("- {}", escaped(&caveat.text))));
    let sentences = sentences(comparison, cell);
    page.extend(sentences.iter().map(|sentence| format!("- {}", escaped(sentence))));
    page
}

#[cfg(test)]
mod tests {
    use super::markdown;
    use crate::compare::{Rules, Subject, compare_backends};
    use crate::result::sample;

    #[test]
    fn every_row_has_as_many_cells_as_its_head() {
        let mut result = sample::result(3);
        result.backends[1].name = "a | b".to_owned();
        let rules = Rules::default();
        let comparisons =
            compare_backends(Subject { result: &result, values: None }, None, &rules).unwrap();
        let text = markdown(&comparisons);
        assert!(text.starts_with("## a \\| b against ollama: 3 paired rounds\n"), "{text}");
        assert!(text.contains("**Verdict:** a \\| b against ollama: regressed ("), "{text}");
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 20, "{text}");
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        assert!(rows.iter().all(|row| cells(row) == cells(rows[0])), "{text}");
    }
}
