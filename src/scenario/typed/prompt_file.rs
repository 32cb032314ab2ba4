//! Files that prompts come from.

use super::choice::{Choice, choices};
use super::mapping::mapping;
use super::text::{FilePath, Name};
use crate::scenario::prompt_file::{AtEnd, PromptFormat, PromptOrder};

mapping! {
    /// A file of prompts.
    PromptFileSource {
        /// The file, relative to the scenario's folder.
        required file: FilePath,
        /// How it is read: `lines` (a prompt per line), `csv` (columns by name), `jsonl` (an
        /// object per line), `sharegpt` (conversations) or `openai-batch` (whole requests).
        optional format: PromptFormat = "by the name: lines for .txt, csv for .csv, jsonl for .jsonl and .ndjson, sharegpt for a .json or .jsonl whose name says so",
        /// The names of the columns of a CSV file.
        optional columns: ColumnsFile,
        /// In which order rows are taken: `sequential`, `shuffled` (by the seed, each once) or
        /// `random` (each drawn by itself).
        optional order: PromptOrder = "sequential",
        /// What follows the last row: `repeat` the file, or `stop` the stage.
        optional at_end: AtEnd = "repeat",
        /// Whether rows that are no prompts are left out and counted, instead of refused.
        optional skip_invalid: bool = "false",
    }
    later {}
    instead {
        "synthetic": "making synthetic prompts",
    }
}

mapping! {
    /// The columns of a CSV file, by their names in its header.
    ColumnsFile {
        /// Where the prompt stands.
        optional prompt: Name = "prompt, or input",
        /// Where the output length stands.
        optional output_tokens: Name = "output_tokens, if there is one",
    }
    later {}
}

choices!(PromptFormat, PromptOrder, AtEnd);

impl Choice for PromptFormat {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|format| (format.key(), *format)).collect()
    }
}

impl Choice for PromptOrder {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|order| (order.key(), *order)).collect()
    }
}

impl Choice for AtEnd {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("repeat", Self::Repeat), ("stop", Self::Stop)]
    }
}
