//! A file that prompts come from.

use std::path::Path;

use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::prompt_file::{AtEnd, CsvColumns, PromptFile, PromptFormat, PromptOrder};
use crate::scenario::typed::{ColumnsFile, Field, PromptFileSource, WorkloadFile};

/// Checks a file of prompts; `None` where something is wrong, which is then among `problems`.
pub(super) fn check_prompt_file(
    source: &PromptFileSource,
    folder: &Path,
    problems: &mut Problems,
) -> Option<PromptFile> {
    let PromptFileSource { file, format, columns, order, at_end, skip_invalid } = source;
    let (file, place) = (file.value()?, file.place()?);
    let format = match format {
        Field::Given(format) => format.value,
        Field::Wrong(_) => return None,
        Field::Absent => {
            let name = file.0.file_name().map(|name| name.to_string_lossy());
            let told = name.and_then(|name| PromptFormat::of_name(&name));
            told.or_else(|| untold(place, problems))?
        }
    };
    if let (Some(columns), true) = (columns.place(), format != PromptFormat::Csv) {
        let message = format!("`columns` are those of a CSV file; this one is {}", format.key());
        problems.report(Problem::new(columns, message).hint("leave it out, or add `format: csv`"));
    }
    Some(PromptFile {
        path: folder.join(&file.0),
        format,
        columns: columns.value().map(names).unwrap_or_default(),
        order: order.value().copied().unwrap_or(PromptOrder::Sequential),
        at_end: at_end.value().copied().unwrap_or(AtEnd::Repeat),
        skip_invalid: skip_invalid.value().copied().unwrap_or(false),
    })
}

/// Checks that a workload says nothing that whole request bodies say already.
pub(super) fn check_against_bodies(
    prompts: &PromptFile,
    file: &WorkloadFile,
    problems: &mut Problems,
) {
    if prompts.format != PromptFormat::OpenAiBatch {
        return;
    }
    let mut refuse = |place: Option<Place>, what: &str| {
        if let Some(place) = place {
            let message = format!("{what} does not go with `format: openai-batch`");
            let hint = "leave it out: each row of the file is a whole request";
            problems.report(Problem::new(place, message).hint(hint));
        }
    };
    refuse(file.system.place(), "`system`");
    refuse(file.turns.place(), "`turns`");
    if file.endpoint.value().is_some_and(|endpoint| !endpoint.generates()) {
        refuse(file.batch.place(), "`batch`");
    }
}

fn untold(place: Place, problems: &mut Problems) -> Option<PromptFormat> {
    let words: Vec<_> =
        PromptFormat::ALL.iter().map(|format| format!("`{}`", format.key())).collect();
    problems.report(
        Problem::new(place, "the name of this file does not tell its format")
            .hint(format!("add `format: …`, one of {}", words.join(", "))),
    );
    None
}

fn names(columns: &ColumnsFile) -> CsvColumns {
    CsvColumns {
        prompt: columns.prompt.value().map(|name| name.0.clone()),
        output_tokens: columns.output_tokens.value().map(|name| name.0.clone()),
    }
}
