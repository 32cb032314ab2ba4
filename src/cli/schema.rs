//! `pacemark schema`

use super::arguments::{Document, SchemaArguments};
use super::exit::{CommandError, ExitCode};
use super::output::print;

/// Prints a JSON Schema.
pub(super) fn schema(arguments: &SchemaArguments) -> Result<ExitCode, CommandError> {
    // Both in the order of their types: the committed document is compared byte for byte.
    let text = match arguments.document {
        Document::Scenario => serde_json::to_string_pretty(&crate::scenario::schema()),
        Document::Result => serde_json::to_string_pretty(&crate::result::schema()),
    };
    let text = text.map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    print(&format!("{text}\n"))?;
    Ok(ExitCode::Done)
}
