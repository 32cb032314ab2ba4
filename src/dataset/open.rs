//! From a prompt source to the prompts.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use super::blocks::Blocks;
use super::error::DatasetError;
use super::file_rows::{Faults, FileRows, Rows};
use super::fit::Purpose;
use super::parser::{Parser, framing};
use super::split::{Span, Splitter};
use crate::scenario::{PromptFile, PromptFormat};
use crate::units::{count, index};
use crate::workload::{PromptRow, PromptRows};

/// Files up to this size are read and checked whole before any load, and held in memory.
pub const HELD_BYTES: u64 = 32 * 1024 * 1024;

/// The beginning of a larger file, which is checked before any load.
const HEAD_BYTES: u64 = 1024 * 1024;

/// Opens the prompts of `file` for `purpose`, in an order that `generator` decides.
///
/// A file of up to [`HELD_BYTES`] is read whole, and every row of it checked. Of a larger one the
/// first mebibyte is checked; its other rows are looked at when they are asked for, and one that
/// is no prompt has another one sent in its place, and is counted.
///
/// # Errors
///
/// [`DatasetError`] if the file cannot be read, holds no prompt, or, unless it is to skip them,
/// for the first row that is none.
pub(super) fn open_file(
    file: &PromptFile,
    purpose: Purpose,
    generator: ChaCha8Rng,
) -> Result<Arc<dyn PromptRows>, DatasetError> {
    let path = &file.path;
    let opened = File::open(path).map_err(|source| open_error(path, source))?;
    let about = opened.metadata().map_err(|source| open_error(path, source))?;
    let is_large = about.is_file() && about.len() > HELD_BYTES;
    let limit = if is_large { HEAD_BYTES } else { HELD_BYTES + 1 };
    let mut bytes = Vec::new();
    opened
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|source| DatasetError::Read { path: path.clone(), source: source.into() })?;
    if !is_large && count(bytes.len()) > HELD_BYTES {
        return Err(DatasetError::NotAFile { path: path.clone() });
    }
    let Head { parser, rows, faults } = read_head(file, &bytes, purpose, is_large)?;
    let rows = if is_large {
        let blocks = Blocks::open(path, parser.framing(), parser.header_rows())?;
        Rows::Streamed { blocks, parser, head: count(rows.len()) }
    } else {
        Rows::Held(rows)
    };
    let how = (file.order, file.at_end);
    Ok(Arc::new(FileRows::new(path.clone(), rows, how, generator, faults)))
}

/// What the beginning of a file, or all of it, says.
struct Head {
    parser: Parser,
    rows: Vec<PromptRow>,
    faults: Faults,
}

fn read_head(
    file: &PromptFile,
    bytes: &[u8],
    purpose: Purpose,
    is_cut: bool,
) -> Result<Head, DatasetError> {
    let path = &file.path;
    let mut spans = rows_of(path, file.format, bytes, is_cut)?;
    let text_of = |span: &Span| bytes.get(index(span.start)..index(span.end)).unwrap_or_default();
    let refuse = |line: u64, fault| DatasetError::row(path, line, fault);
    let header = match (file.format, spans.first().copied()) {
        (PromptFormat::Csv, Some(header)) => Some(header),
        _ => None,
    };
    let beginning = header.as_ref().map_or(bytes, text_of);
    let line = header.map_or(1, |header| header.line);
    let parser = Parser::new(file, beginning, purpose).map_err(|fault| refuse(line, fault))?;
    spans.drain(..spans.len().min(index(parser.header_rows())));
    let (mut rows, mut faults) = (Vec::with_capacity(spans.len()), Faults::default());
    for (number, span) in (0..).zip(&spans) {
        match parser.parse(text_of(span)) {
            Ok(row) => rows.push(row),
            Err(fault) => {
                let error = refuse(span.line, fault);
                if !file.skip_invalid {
                    return Err(error);
                }
                faults.note(path, number, &error)?;
            }
        }
    }
    if rows.is_empty() {
        return Err(DatasetError::Empty { path: path.clone(), what: "prompt" });
    }
    Ok(Head { parser, rows, faults })
}

/// The rows of `bytes`; where they are cut, without the last one, which may be cut as well.
fn rows_of(
    path: &Path,
    format: PromptFormat,
    bytes: &[u8],
    is_cut: bool,
) -> Result<Vec<Span>, DatasetError> {
    let mut splitter = Splitter::new(framing(format, bytes));
    let mut spans = Vec::new();
    splitter.feed(bytes, &mut spans).map_err(|too_long| DatasetError::RowTooLong {
        path: path.to_owned(),
        line: too_long.line,
    })?;
    if !is_cut {
        splitter.finish(&mut spans);
    }
    Ok(spans)
}

fn open_error(path: &Path, source: io::Error) -> DatasetError {
    DatasetError::Open { path: path.to_owned(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use tempfile::{Builder, NamedTempFile};

    use super::{DatasetError, open_file};
    use crate::dataset::fit::Purpose;
    use crate::load::{Purpose as Numbers, Stream};
    use crate::openai::Endpoint;
    use crate::scenario::{PromptFile, PromptFormat};
    use crate::workload::{Prompt, PromptRows};

    fn file(text: &str) -> NamedTempFile {
        let mut file = Builder::new().prefix("prompts").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn open_as(about: &PromptFile) -> Result<Arc<dyn PromptRows>, DatasetError> {
        let stream = Stream { purpose: Numbers::Prompts, round: 0, stage: 0, workload: 0 };
        open_file(about, Purpose::Prompts(Endpoint::Chat), stream.generator(42))
    }

    fn open(text: &str, format: PromptFormat) -> Result<Arc<dyn PromptRows>, DatasetError> {
        open_as(&PromptFile::new(file(text).path().to_owned(), format))
    }

    fn texts(rows: &dyn PromptRows) -> Vec<String> {
        let row = |at| match rows.row(at).unwrap()?.prompt {
            Prompt::Text(text) => Some(text),
            other => panic!("{other:?}"),
        };
        (0..).map_while(row).collect()
    }

    /// What an error says behind the path.
    fn said(error: &DatasetError) -> String {
        let text = error.to_string();
        text.split_once("prompts").unwrap().1.split_once(':').unwrap().1.to_owned()
    }

    #[test]
    fn a_text_file_gives_a_prompt_per_line() {
        let rows = open("解释人工智能\r\n\r\n{\"prompt\": 1}\n", PromptFormat::Lines).unwrap();
        assert_eq!(texts(&*rows), ["解释人工智能", "{\"prompt\": 1}"]);
        assert_eq!(rows.count(), Some(2));
    }

    #[test]
    fn a_csv_file_gives_a_prompt_per_record() {
        let rows = open("\u{feff}id,prompt\n1,\"a,\nb\"\n2,c\n", PromptFormat::Csv).unwrap();
        assert_eq!(texts(&*rows), ["a,\nb", "c"]);
    }

    #[test]
    fn a_wrong_row_is_named_with_its_line() {
        let text = "{\"prompt\": \"a\"}\n\n{\"text\": 1}\n";
        let error = open(text, PromptFormat::Jsonl).unwrap_err();
        insta::assert_snapshot!(said(&error), @"3: found none of these keys; the row's keys are: `text`; accepted is one JSON object a line with exactly one of `prompt` (a text, or token ids), `messages` (an array of objects with `role`), `input` (a text or token ids, or an array of either) or `query` (a text, with `documents`, an array of texts), and where wanted `output_tokens` (a whole number above 0)");
        let error = open("id,text\n1,a\n", PromptFormat::Csv).unwrap_err();
        insta::assert_snapshot!(said(&error), @"1: found a header without the column `prompt`: `id`, `text`; accepted is a header line with the names of the columns, `prompt` (or `input`) among them; other names are told with `columns: {prompt: …, output_tokens: …}`");
        let error = open("[\n{\"conversations\": []}]", PromptFormat::ShareGpt).unwrap_err();
        insta::assert_snapshot!(said(&error), @"2: found `conversations` is an empty array; accepted is an object with `conversations`: an array of turns with `from` (`human`, `gpt`, `system`) and `value` (a text), one of them by a human");
        let text =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n{\"input\": [\"a\"]}\n";
        let error = open(text, PromptFormat::Jsonl).unwrap_err();
        insta::assert_snapshot!(said(&error), @"2: found a list of inputs (`input: […]`), which /v1/chat/completions does not take; accepted is a text (`prompt`) or a conversation (`messages`); or send the workload to embeddings");
    }

    #[test]
    fn broken_rows_are_left_out_and_counted_where_that_is_asked_for() {
        let broken = file(
            "[{\"conversations\": [{\"from\": \"human\", \"value\": \"a\"}]}, 7,\n{\"id\": 1},\n{\"conversations\": [{\"from\": \"human\", \"value\": \"b\"}]}, {\"conv",
        );
        let mut about = PromptFile::new(broken.path().to_owned(), PromptFormat::ShareGpt);
        about.skip_invalid = true;
        let rows = open_as(&about).unwrap();
        assert_eq!(texts(&*rows), ["a", "b"]);
        let left_out = rows.left_out();
        assert_eq!(left_out.count, 3);
        assert!(left_out.first.unwrap().contains(":1: found a number instead of an object"));
    }

    #[test]
    fn a_file_without_prompts_is_refused() {
        let error = open("\u{feff}\n \n", PromptFormat::Lines).unwrap_err();
        assert!(matches!(error, DatasetError::Empty { .. }), "{error}");
        assert!(open("prompt\n", PromptFormat::Csv).is_err());
        assert!(open("[]", PromptFormat::ShareGpt).is_err());
    }

    #[test]
    fn a_missing_file_is_named() {
        let about = PromptFile::new("no/such/prompts.txt".into(), PromptFormat::Lines);
        let error = open_as(&about).unwrap_err();
        assert!(error.to_string().starts_with("no/such/prompts.txt: cannot be opened: "));
    }
}
