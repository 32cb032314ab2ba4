//! A record of CSV as a prompt, by the names of its columns.

use super::found::{Fault, excerpt};
use crate::scenario::CsvColumns;
use crate::workload::{Prompt, PromptRow};

/// The columns that hold a prompt where the scenario names none.
const PROMPT_NAMES: [&str; 2] = ["prompt", "input"];
/// The column that holds an output length where the scenario names none.
const OUTPUT_NAME: &str = "output_tokens";
/// Most names of columns that an error repeats.
const NAMES_SHOWN: usize = 12;

/// Where in a record the parts of a prompt stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    prompt: (usize, String),
    output_tokens: Option<(usize, String)>,
    count: usize,
}

impl Columns {
    /// The columns in the header of a file, the first of its records.
    ///
    /// # Errors
    ///
    /// [`Fault`] if a column is missing.
    pub(super) fn of(header: &str, told: &CsvColumns) -> Result<Self, Fault> {
        let names: Vec<_> =
            record(header)?.into_iter().map(|name| name.trim().to_owned()).collect();
        let find = |wanted: &str| {
            let at = names.iter().position(|name| name == wanted)?;
            Some((at, wanted.to_owned()))
        };
        let lacks = |wanted: &str| {
            let shown: Vec<_> =
                names.iter().take(NAMES_SHOWN).map(|name| format!("`{}`", excerpt(name))).collect();
            Fault::new(
                format!("a header without the column {wanted}: {}", shown.join(", ")),
                "a header line with the names of the columns, `prompt` (or `input`) among them; \
                 other names are told with `columns: {prompt: …, output_tokens: …}`",
            )
        };
        let prompt = match &told.prompt {
            Some(name) => find(name).ok_or_else(|| lacks(&format!("`{name}`")))?,
            None => PROMPT_NAMES.into_iter().find_map(find).ok_or_else(|| lacks("`prompt`"))?,
        };
        let output_tokens = match &told.output_tokens {
            Some(name) => Some(find(name).ok_or_else(|| lacks(&format!("`{name}`")))?),
            None => find(OUTPUT_NAME),
        };
        Ok(Self { prompt, output_tokens, count: names.len() })
    }

    /// The prompt in a record.
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub(super) fn parse(&self, text: &str) -> Result<PromptRow, Fault> {
        let fields = record(text)?;
        self.prompt_row(&fields).map_err(|found| {
            Fault::new(
                found,
                format!(
                    "a record of {} fields as in the header, with a text under `{}`; a text with \
                     commas, quotes or line breaks stands in double quotes",
                    self.count, self.prompt.1
                ),
            )
        })
    }

    fn prompt_row(&self, fields: &[String]) -> Result<PromptRow, String> {
        if fields.len() != self.count {
            return Err(format!("{} fields", fields.len()));
        }
        let (at, name) = &self.prompt;
        let prompt = match fields.get(*at) {
            Some(text) if !text.is_empty() => Prompt::Text(text.clone()),
            _ => return Err(format!("an empty `{name}`")),
        };
        let mut row = PromptRow::from(prompt);
        if let Some((at, name)) = &self.output_tokens {
            let typed = fields.get(*at).map_or("", |field| field.trim());
            row.output_tokens = match typed.parse().ok().filter(|tokens| *tokens > 0) {
                _ if typed.is_empty() => None,
                None => return Err(format!("`{}` under `{name}`", excerpt(typed))),
                tokens => tokens,
            };
        }
        Ok(row)
    }
}

/// The fields of one record.
pub(super) fn record(text: &str) -> Result<Vec<String>, Fault> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(text.len().max(1))
        .from_reader(text.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(str::to_owned).collect()),
        Some(Err(error)) => Err(Fault::new(error.to_string(), "a record of CSV")),
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;
    use crate::scenario::CsvColumns;
    use crate::workload::{Prompt, PromptRow};

    fn columns(header: &str) -> Columns {
        Columns::of(header, &CsvColumns::default()).unwrap()
    }

    #[test]
    fn columns_are_found_by_name() {
        let row = columns("id, prompt ,output_tokens").parse("7,\"a \"\"b\"\",\nc\",32").unwrap();
        let prompt = Prompt::Text("a \"b\",\nc".to_owned());
        assert_eq!(row, PromptRow { output_tokens: Some(32), ..PromptRow::from(prompt) });
        let row = columns("output_tokens,input").parse(",hello").unwrap();
        assert_eq!(row, PromptRow::from(Prompt::Text("hello".to_owned())));
    }

    #[test]
    fn the_scenario_may_name_them() {
        let named = CsvColumns {
            prompt: Some("question".to_owned()),
            output_tokens: Some("length".to_owned()),
        };
        let row = Columns::of("length,question", &named).unwrap().parse("5,why?").unwrap();
        assert_eq!((row.prompt, row.output_tokens), (Prompt::Text("why?".to_owned()), Some(5)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let named = CsvColumns { prompt: Some("question".to_owned()), output_tokens: None };
        let found = |row| columns("prompt,output_tokens").parse(row).unwrap_err().found;
        let all = [
            Columns::of("question,answer", &CsvColumns::default()).unwrap_err().found,
            Columns::of("prompt,answer", &named).unwrap_err().found,
            found("a"),
            found("a,1,2"),
            found(",1"),
            found("a,-1"),
            found("a,many"),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        a header without the column `prompt`: `question`, `answer`
        a header without the column `question`: `prompt`, `answer`
        1 fields
        3 fields
        an empty `prompt`
        `-1` under `output_tokens`
        `many` under `output_tokens`
        ");
    }
}
