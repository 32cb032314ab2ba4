//! `pacemark mock`

use std::thread;
use std::time::Duration;

use super::arguments::MockArguments;
use super::exit::{CommandError, ExitCode};
use super::output::say;
use super::{interrupt, scenario};
use crate::mock::MockServer;
use crate::run::Interrupt;
use crate::scenario::{MockSpec, Origin, Overrides, Target};

/// How often the wait looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Serves the simulated server until it is stopped.
pub(super) fn mock(arguments: &MockArguments) -> Result<ExitCode, CommandError> {
    let spec = spec(arguments)?;
    let interrupt = Interrupt::default();
    interrupt::listen(interrupt.clone(), || say("stopping"))?;
    let server = MockServer::start(spec, arguments.listen).map_err(CommandError::usage)?;
    say(&format!("simulated server at http://{}/v1 (Ctrl-C to stop)", server.addr()));
    while !interrupt.is_asked() {
        thread::sleep(LOOK_EVERY);
    }
    server.stop();
    Ok(ExitCode::Done)
}

/// The options as they would stand in a scenario, read by the scenario's own reader, so that
/// both take the same words and give the same errors.
fn spec(arguments: &MockArguments) -> Result<MockSpec, CommandError> {
    let text = "pacemark: 1\n\
        backends: {mock: {kind: mock, mock: {}}}\n\
        workloads: {chat: {endpoint: chat, model: any, prompts: [Hello]}}\n\
        load: {stages: [{concurrency: 1, requests: 1}]}\n";
    let named = [
        ("profile", arguments.profile.clone()),
        ("ttft", arguments.ttft.clone()),
        ("gap", arguments.gap.clone()),
        ("output_tokens", arguments.output_tokens.map(|tokens| tokens.to_string())),
        ("slots", arguments.slots.map(|slots| slots.to_string())),
        ("errors", arguments.errors.clone()),
    ];
    let named = named.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
    let set = named
        .chain(arguments.set.iter().cloned())
        .map(|setting| format!("backends.mock.mock.{setting}"))
        .collect();
    let origin = Origin { name: "the flags".to_owned(), folder: scenario::working_folder() };
    let scenario = scenario::parse(text, &origin, &Overrides { set, ..Overrides::default() })?;
    match scenario.backends.first().map(|backend| &backend.target) {
        Some(Target::Mock(spec)) => Ok(spec.clone()),
        _ => Err(CommandError::usage("the simulated server has no settings")),
    }
}
