//! The documents, read back: their tables, code, headings and links.

/// The cells of each row of the table with that header, without backticks. Panics where there
/// is not exactly one such table.
pub(crate) fn table(text: &str, header: &[&str]) -> Vec<Vec<String>> {
    let mut tables = tables(text);
    tables.retain(|table| table[0] == header);
    assert_eq!(tables.len(), 1, "tables headed {header:?}");
    tables.remove(0).split_off(1)
}

/// Every table of the text: header first, then the rows.
fn tables(text: &str) -> Vec<Vec<Vec<String>>> {
    let mut tables = Vec::new();
    let mut open: Vec<Vec<String>> = Vec::new();
    for line in text.lines().chain([""]) {
        match line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) {
            // The rule between header and rows.
            Some(line) if line.chars().all(|c| "-: |".contains(c)) => {}
            Some(line) => open.push(cells(line)),
            None if open.is_empty() => {}
            None => tables.push(std::mem::take(&mut open)),
        }
    }
    tables
}

fn cells(line: &str) -> Vec<String> {
    line.split('|').map(|cell| cell.replace('`', "").trim().to_owned()).collect()
}

/// The fenced blocks of code: the language of each, and its text.
pub(crate) fn code_blocks(text: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, block))) => block.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of code without an end");
    blocks
}

/// The lines outside of blocks of code.
fn prose(text: &str) -> String {
    let mut inside = false;
    let outside = |line: &&str| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    };
    text.lines().filter(outside).collect::<Vec<_>>().join("\n")
}

/// The words in backticks.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    prose(text).split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

/// The targets of the links, in order.
pub(crate) fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let behind = prose.split("](").skip(1);
    behind.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// The anchors of the headings, as GitHub makes them.
pub(crate) fn headings(text: &str) -> Vec<String> {
    let prose = prose(text);
    let titles = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |title: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        title.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>()
    };
    titles.map(|title| anchor(title).replace(' ', "-")).collect()
}

mod tests {
    use super::{code_blocks, code_spans, headings, links, table};

    const PAGE: &str = "# One: `two`\nsee [it](a.md#b), `x\ny`\n```sh\n# no [l](i)nk `c`\n```\n";

    #[test]
    fn code_is_told_from_text() {
        assert_eq!(code_blocks(PAGE), [("sh", "# no [l](i)nk `c`\n".to_owned())]);
        assert_eq!(code_spans(PAGE), ["two", "x y"]);
    }

    #[test]
    fn links_and_headings_are_those_of_the_text() {
        assert_eq!(links(PAGE), ["a.md#b"]);
        assert_eq!(headings(PAGE), ["one-two"]);
    }

    #[test]
    fn a_table_is_found_by_its_header() {
        let text =
            "| x |\n| --- |\n| 1 |\n\ntext\n| a | b |\n| --- | ---: |\n| `c` | d e |\n| | f |";
        assert_eq!(table(text, &["a", "b"]), [["c", "d e"], ["", "f"]]);
    }

    #[test]
    #[should_panic(expected = "tables headed")]
    fn a_table_that_is_not_there_is_an_error() {
        table("| a |\n| --- |", &["b"]);
    }
}
