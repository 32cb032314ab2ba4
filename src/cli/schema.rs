//! `pacemark schema`

use super::arguments::{Document, SchemaArguments};
use super::exit::{CommandError, ExitCode};
use super::output::print;
use crate::store::{RowsFile, table_schema};

/// Prints the schema of a document or a file of rows.
pub(super) fn schema(arguments: &SchemaArguments) -> Result<ExitCode, CommandError> {
    // All in the order of their types: the committed documents are compared byte for byte.
    let text = match arguments.document {
        Document::Scenario => serde_json::to_string_pretty(&crate::scenario::schema()),
        Document::Result => serde_json::to_string_pretty(&crate::result::schema()),
        Document::Comparison => serde_json::to_string_pretty(&crate::compare::comparison_schema()),
        Document::Summary => rows(RowsFile::Summary),
        Document::Requests => rows(RowsFile::Requests),
        Document::Timeseries => rows(RowsFile::Timeseries),
    };
    let text = text.map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    print(&format!("{text}\n"))?;
    Ok(ExitCode::Done)
}

fn rows(file: RowsFile) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&table_schema(file))
}
