//! Files that prompts come from.

use std::path::PathBuf;

/// A file of prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptFile {
    /// The file, resolved against the scenario's folder.
    pub path: PathBuf,
    /// How it is read.
    pub format: PromptFormat,
    /// The columns of a CSV file.
    pub columns: CsvColumns,
    /// In which order its rows are taken.
    pub order: PromptOrder,
    /// What follows the last row.
    pub at_end: AtEnd,
    /// Whether rows that are no prompts are left out and counted, instead of refused.
    pub skip_invalid: bool,
}

impl PromptFile {
    /// The file at `path`, read as `format`, with all else as it usually is.
    pub fn new(path: PathBuf, format: PromptFormat) -> Self {
        Self {
            path,
            format,
            columns: CsvColumns::default(),
            order: PromptOrder::Sequential,
            at_end: AtEnd::Repeat,
            skip_invalid: false,
        }
    }
}

/// How a file of prompts is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptFormat {
    /// A prompt per line of text; empty lines are left out.
    Lines,
    /// A record per prompt, under a header with the names of the columns.
    Csv,
    /// A JSON object per line, with `prompt`, `messages` or `input`.
    Jsonl,
    /// Conversations, as one JSON array or an object per line.
    ShareGpt,
    /// A JSON object per line, whose `body` is a whole request.
    OpenAiBatch,
}

impl PromptFormat {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Lines, Self::Csv, Self::Jsonl, Self::ShareGpt, Self::OpenAiBatch];

    /// Its name in scenarios and results.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::ShareGpt => "sharegpt",
            Self::OpenAiBatch => "openai-batch",
        }
    }

    /// The format that the name of a file tells, where it does.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let (stem, ending) = name.rsplit_once('.')?;
        match ending {
            "json" | "jsonl" | "ndjson" if stem.contains("sharegpt") => Some(Self::ShareGpt),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "txt" => Some(Self::Lines),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// The columns of a CSV file, by their names in its header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsvColumns {
    /// Where the prompt stands; `None`: under `prompt` or `input`.
    pub prompt: Option<String>,
    /// Where the output length stands; `None`: under `output_tokens`, if there is such a column.
    pub output_tokens: Option<String>,
}

/// In which order the rows of a file are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptOrder {
    /// As they stand.
    Sequential,
    /// In an order that the seed decides; each row once before any comes again.
    Shuffled,
    /// Each one drawn by itself; rows may come again at any time.
    Random,
}

impl PromptOrder {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sequential, Self::Shuffled, Self::Random];

    /// Its name in scenarios and results.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Shuffled => "shuffled",
            Self::Random => "random",
        }
    }
}

/// What follows the last row of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtEnd {
    /// The first one again.
    Repeat,
    /// The stage ends.
    Stop,
}

#[cfg(test)]
mod tests {
    use super::PromptFormat;

    #[test]
    fn a_name_tells_the_format_only_where_it_is_clear() {
        let of = PromptFormat::of_name;
        assert_eq!(of("ShareGPT_V3_unfiltered.json"), Some(PromptFormat::ShareGpt));
        assert_eq!(of("sharegpt.jsonl"), Some(PromptFormat::ShareGpt));
        assert_eq!(of("a.b.JSONL"), Some(PromptFormat::Jsonl));
        assert_eq!(of("a.csv"), Some(PromptFormat::Csv));
        assert_eq!(of("a.txt"), Some(PromptFormat::Lines));
        assert_eq!([of("a.json"), of("jsonl"), of("a.parquet")], [None; 3]);
    }
}
