//! `pacemark schema`

use super::arguments::{Document, SchemaArguments};
use super::exit::{CommandError, ExitCode};
use super::output::print;

/// Prints a JSON Schema.
pub(super) fn schema(arguments: &SchemaArguments) -> Result<ExitCode, CommandError> {
    let schema = match arguments.document {
        Document::Scenario => crate::scenario::schema(),
        Document::Result => crate::result::schema().to_value(),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    print(&format!("{text}\n"))?;
    Ok(ExitCode::Done)
}
