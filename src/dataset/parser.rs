//! From the bytes of a row to its prompt, by the format of the file.

use super::csv_rows::Columns;
use super::fit::Purpose;
use super::found::{Fault, excerpt};
use super::split::{BOM, Framing};
use super::{fit, jsonl, openai_batch, sharegpt};
use crate::scenario::{PromptFile, PromptFormat};
use crate::workload::{Prompt, PromptRow};

/// Reads the rows of one file for one purpose.
#[derive(Clone, Debug)]
pub(super) struct Parser {
    format: RowFormat,
    framing: Framing,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
enum RowFormat {
    Lines,
    Csv(Columns),
    Jsonl,
    ShareGpt,
    OpenAiBatch,
}

impl Parser {
    /// The parser of `file`, whose first rows are `head`, with what stands in front of its rows.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the header of a CSV file lacks a column.
    pub(super) fn new(file: &PromptFile, head: &[u8], purpose: Purpose) -> Result<Self, Fault> {
        let format = match file.format {
            PromptFormat::Lines => RowFormat::Lines,
            PromptFormat::Jsonl => RowFormat::Jsonl,
            PromptFormat::ShareGpt => RowFormat::ShareGpt,
            PromptFormat::OpenAiBatch => RowFormat::OpenAiBatch,
            PromptFormat::Csv => RowFormat::Csv(Columns::of(text_of(head)?, &file.columns)?),
        };
        Ok(Self { format, framing: framing(file.format, head), purpose })
    }

    /// How its rows are told apart.
    pub(super) const fn framing(&self) -> Framing {
        self.framing
    }

    /// Rows in front of the first prompt.
    pub(super) const fn header_rows(&self) -> u64 {
        match self.format {
            RowFormat::Csv(_) => 1,
            RowFormat::Lines | RowFormat::Jsonl | RowFormat::ShareGpt | RowFormat::OpenAiBatch => 0,
        }
    }

    /// The prompt in a row.
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub(super) fn parse(&self, row: &[u8]) -> Result<PromptRow, Fault> {
        let text = text_of(row)?;
        let row = match &self.format {
            RowFormat::Lines => Prompt::Text(text.to_owned()).into(),
            RowFormat::Csv(columns) => columns.parse(text)?,
            RowFormat::Jsonl => jsonl::parse(text)?,
            RowFormat::ShareGpt => sharegpt::parse(text, self.purpose.endpoint())?,
            RowFormat::OpenAiBatch => openai_batch::parse(text, self.purpose.endpoint())?,
        };
        fit::check(&row.prompt, self.purpose)?;
        Ok(row)
    }
}

/// How the rows of a file are told apart; `head` is how it begins.
pub(super) fn framing(format: PromptFormat, head: &[u8]) -> Framing {
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace() && !BOM.contains(byte));
    match format {
        PromptFormat::Csv => Framing::Csv,
        // Both are in use: one array, or an object a line.
        PromptFormat::ShareGpt if first == Some(&b'[') => Framing::JsonArray,
        PromptFormat::Lines
        | PromptFormat::Jsonl
        | PromptFormat::ShareGpt
        | PromptFormat::OpenAiBatch => Framing::Lines,
    }
}

/// A row as text, without line end and byte order mark.
pub(super) fn text_of(row: &[u8]) -> Result<&str, Fault> {
    let row = row.strip_prefix(&BOM).unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    str::from_utf8(row).map_err(|error| {
        let readable = row.get(..error.valid_up_to()).unwrap_or_default();
        let before = excerpt(str::from_utf8(readable).unwrap_or_default());
        Fault::new(format!("text that is not UTF-8, after `{before}`"), "UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::{Parser, framing};
    use crate::dataset::fit::Purpose;
    use crate::dataset::split::Framing;
    use crate::openai::Endpoint;
    use crate::scenario::{PromptFile, PromptFormat};
    use crate::workload::Prompt;

    fn parser(format: PromptFormat) -> Parser {
        let file = PromptFile::new("prompts".into(), format);
        Parser::new(&file, b"prompt\n", Purpose::Prompts(Endpoint::Chat)).unwrap()
    }

    #[test]
    fn a_line_is_taken_as_it_stands() {
        let row =
            parser(PromptFormat::Lines).parse("\u{feff}解释 {\"a\": 1} \r".as_bytes()).unwrap();
        assert_eq!(row.prompt, Prompt::Text("解释 {\"a\": 1} ".to_owned()));
    }

    #[test]
    fn text_in_another_encoding_is_refused() {
        let fault = parser(PromptFormat::Jsonl).parse(b"{\"prompt\": \"caf\xe9\"}").unwrap_err();
        assert_eq!(fault.found, "text that is not UTF-8, after `{\"prompt\": \"caf`");
    }

    #[test]
    fn sharegpt_is_an_array_or_an_object_a_line() {
        let framing = |head: &[u8]| framing(PromptFormat::ShareGpt, head);
        assert_eq!(framing(b"\xef\xbb\xbf \n[{"), Framing::JsonArray);
        assert_eq!(framing(b"{\"id\": 1}\n"), Framing::Lines);
    }
}
