//! `pacemark serve`

use std::thread;
use std::time::Duration;

use super::arguments::ServeArguments;
use super::exit::{CommandError, ExitCode};
use super::interrupt;
use super::output::say;
use crate::run::Interrupt;
use crate::serve::ReportServer;

/// How often the wait looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Serves the runs of a folder until it is stopped.
pub(super) fn serve(arguments: &ServeArguments) -> Result<ExitCode, CommandError> {
    let interrupt = Interrupt::default();
    interrupt::listen(interrupt.clone(), || say("stopping"))?;
    let server =
        ReportServer::start(&arguments.results, arguments.listen).map_err(CommandError::usage)?;
    if !server.addr().ip().is_loopback() {
        say("warning: everybody who reaches this address can read the runs; there is no password");
    }
    let results = arguments.results.display();
    say(&format!("`{results}` at http://{}/ (Ctrl-C to stop)", server.addr()));
    while !interrupt.is_asked() {
        thread::sleep(LOOK_EVERY);
    }
    Ok(ExitCode::Done)
}
