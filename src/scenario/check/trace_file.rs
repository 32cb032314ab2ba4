//! Recorded traffic that prompts are made by.

use std::path::Path;

use crate::scenario::problem::{Problem, Problems};
use crate::scenario::trace_file::{TraceFile, TraceFormat};
use crate::scenario::typed::{Field, TraceFileSource, TraceSource};
use crate::units::to_u32;

/// Checks a recording; `None` where something is wrong, which is then among `problems`.
pub(super) fn check_trace_file(
    source: &TraceSource,
    folder: &Path,
    problems: &mut Problems,
) -> Option<TraceFile> {
    let TraceFileSource { file, format, cell, skip_invalid } = source.trace.value()?;
    let (file, place) = (file.value()?, file.place()?);
    let format = match format {
        Field::Given(format) => format.value,
        Field::Wrong(_) => return None,
        Field::Absent => {
            let name = file.0.file_name().map(|name| name.to_string_lossy());
            let told = name.and_then(|name| TraceFormat::of_name(&name));
            if told.is_none() {
                let words: Vec<_> =
                    TraceFormat::ALL.iter().map(|format| format!("`{}`", format.key())).collect();
                problems.report(
                    Problem::new(place, "the name of this file does not tell its format")
                        .hint(format!("add `format: …`, one of {}", words.join(", "))),
                );
            }
            told?
        }
    };
    if let (Some(cell), true) = (cell.place(), format != TraceFormat::Pacemark) {
        let message = format!("`cell` is one of a `requests.csv`; this one is {}", format.key());
        let hint = "leave it out, or add `format: pacemark`";
        problems.report(Problem::new(cell, message).hint(hint));
    }
    Some(TraceFile {
        path: folder.join(&file.0),
        format,
        cell: cell.value().map(|cell| to_u32(cell.0)),
        skip_invalid: skip_invalid.value().copied().unwrap_or(false),
    })
}
