//! `pacemark init`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};

use super::arguments::InitArguments;
use super::exit::{CommandError, ExitCode};
use super::output::{print, say};
use crate::scenario::starter;

/// Writes a commented starter scenario.
pub(super) fn init(arguments: &InitArguments) -> Result<ExitCode, CommandError> {
    let text = starter(arguments.kind);
    if arguments.file.as_os_str() == "-" {
        print(&text)?;
        return Ok(ExitCode::Done);
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if arguments.force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let name = arguments.file.display();
    let mut file = options.open(&arguments.file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            CommandError::usage(format!("`{name}` is there already; --force replaces it"))
        }
        _ => CommandError::usage(format!("cannot write `{name}`: {error}")),
    })?;
    file.write_all(text.as_bytes())?;
    say(&format!("wrote {name}; next: pacemark plan {name}, then pacemark run {name}"));
    Ok(ExitCode::Done)
}
