//! Tables of the documents, read back.

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

mod tests {
    use super::table;

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
