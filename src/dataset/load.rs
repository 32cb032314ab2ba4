//! From a prompt source to the prompts.

use std::io;
use std::path::{Path, PathBuf};

use super::jsonl::{self, parse_row};
use super::lines::{Lines, MAX_FILE_BYTES, MAX_LINE_BYTES};
use crate::scenario::{PromptFormat, PromptSource};
use crate::workload::{Prompt, PromptSet};

/// Most prompts of a file; bounds memory, and no run needs more.
pub const MAX_PROMPTS: usize = 1_000_000;

/// Why prompts cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file is missing or may not be read.
    #[error("{}: cannot be opened: {source}; paths are taken from the scenario's folder", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed.
    #[error("{}:{line}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The line that was being read.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The text is in another encoding.
    #[error("{}:{line}: not UTF-8; save the file as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },
    /// A line exceeds [`MAX_LINE_BYTES`].
    #[error(
        "{}:{line}: longer than {MAX_LINE_BYTES} bytes; a file has a prompt per line, \
         JSONL an object per line",
        path.display()
    )]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },
    /// The file exceeds [`MAX_FILE_BYTES`].
    #[error("{}: larger than {MAX_FILE_BYTES} bytes; split the file", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file holds more than [`MAX_PROMPTS`].
    #[error("{}: more than {MAX_PROMPTS} prompts; split the file", path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
    },
    /// A row of a JSONL file is no prompt.
    #[error("{}:{line}: found {found}; accepted is {}", path.display(), jsonl::EXPECTED)]
    Row {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What stands there instead.
        found: String,
    },
    /// There is no prompt in the file.
    #[error("{}: holds no prompt; write one per line", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// There is no prompt in the scenario.
    #[error("`prompts` is empty; write at least one text")]
    NoneInline,
}

/// Reads every prompt of `source`, in order.
///
/// Text lines are taken as they stand, without their line ends; lines of white space alone are
/// left out, as is a byte order mark. A JSONL row carries one of `prompt`, `messages`, `input` or `query`;
/// its other keys are not looked at.
///
/// # Errors
///
/// [`DatasetError`] at the first line that cannot be read, or if there is no prompt at all.
pub fn load_prompts(source: &PromptSource) -> Result<PromptSet, DatasetError> {
    match source {
        PromptSource::Inline(texts) => {
            PromptSet::new(texts.iter().cloned().map(Prompt::Text).collect())
                .ok_or(DatasetError::NoneInline)
        }
        PromptSource::File { path, format } => load_file(path, *format),
    }
}

fn load_file(path: &Path, format: PromptFormat) -> Result<PromptSet, DatasetError> {
    let mut lines = Lines::open(path)?;
    let mut prompts = Vec::new();
    while let Some((line, text)) = lines.next_line()? {
        if prompts.len() == MAX_PROMPTS {
            return Err(DatasetError::TooMany { path: path.to_owned() });
        }
        prompts.push(match format {
            PromptFormat::Lines => Prompt::Text(text.to_owned()),
            PromptFormat::Jsonl => parse_row(text).map_err(|found| DatasetError::Row {
                path: path.to_owned(),
                line,
                found,
            })?,
        });
    }
    PromptSet::new(prompts).ok_or_else(|| DatasetError::Empty { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::NamedTempFile;

    use super::{DatasetError, load_prompts};
    use crate::scenario::{PromptFormat, PromptSource};
    use crate::workload::{Prompt, PromptSet};

    fn load(text: &str, format: PromptFormat) -> Result<PromptSet, DatasetError> {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        load_prompts(&PromptSource::File { path: file.path().to_owned(), format })
    }

    #[test]
    fn inline_prompts_stay_in_order() {
        let source = PromptSource::Inline(vec!["b".to_owned(), "a".to_owned()]);
        let set = load_prompts(&source).unwrap();
        assert_eq!(set.prompts(), [Prompt::Text("b".to_owned()), Prompt::Text("a".to_owned())]);
        let none = load_prompts(&PromptSource::Inline(Vec::new())).unwrap_err();
        assert!(matches!(none, DatasetError::NoneInline), "{none}");
    }

    #[test]
    fn a_text_file_gives_a_prompt_per_line() {
        let set = load("解释人工智能\r\n\r\n{\"prompt\": 1}\n", PromptFormat::Lines).unwrap();
        let texts = ["解释人工智能", "{\"prompt\": 1}"].map(|text| Prompt::Text(text.to_owned()));
        assert_eq!(set.prompts(), texts);
    }

    #[test]
    fn a_wrong_row_is_named_with_its_line() {
        let error =
            load("{\"prompt\": \"a\"}\n\n{\"text\": 1}\n", PromptFormat::Jsonl).unwrap_err();
        let text = error.to_string();
        let (_, after_path) = text.split_once(":3: ").unwrap();
        insta::assert_snapshot!(after_path, @"found none of these keys; the row's keys are: `text`; accepted is one JSON object a line with exactly one of `prompt` (a text, or token ids), `messages` (an array of objects with `role`), `input` (a text or token ids, or an array of either) or `query` (a text, with `documents`, an array of texts)");
    }

    #[test]
    fn a_file_without_prompts_is_refused() {
        let error = load("\u{feff}\n \n", PromptFormat::Lines).unwrap_err();
        assert!(matches!(error, DatasetError::Empty { .. }), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let path = "no/such/prompts.txt".into();
        let source = PromptSource::File { path, format: PromptFormat::Lines };
        let error = load_prompts(&source).unwrap_err();
        assert!(error.to_string().starts_with("no/such/prompts.txt: cannot be opened: "));
    }
}
