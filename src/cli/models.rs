//! `pacemark models`

use std::sync::Arc;

use tokio::runtime;

use super::arguments::ModelsArguments;
use super::exit::{CommandError, ExitCode};
use super::output::print;
use super::scenario;
use crate::openai::Endpoint;
use crate::probe::Probe;
use crate::scenario::{
    BackendKind, BaseUrl, Origin, Overrides, Scenario, ScenarioFlags, Target, scenario_text,
};

/// The server that flags name.
#[derive(Clone, Copy)]
pub(super) struct ServerFlags<'a> {
    pub(super) url: Option<&'a String>,
    pub(super) kind: Option<BackendKind>,
    pub(super) header: &'a [String],
    pub(super) api_key_env: Option<&'a String>,
}

/// A server that can be asked.
pub(super) struct Asked {
    pub(super) scenario: Arc<Scenario>,
    pub(super) probe: Probe,
    pub(super) base: BaseUrl,
}

impl Asked {
    /// The error of a server that cannot be used, without secrets.
    pub(super) fn unusable(&self, error: &impl ToString) -> CommandError {
        unusable(&self.scenario, error)
    }
}

fn unusable(scenario: &Scenario, error: &impl ToString) -> CommandError {
    let clean = scenario.redactor().redact(&error.to_string()).into_owned();
    CommandError::new(ExitCode::Unusable, anyhow::anyhow!("{clean}"))
}

/// Makes ready to ask the server that `flags` name.
pub(super) fn asked(flags: ServerFlags<'_>) -> Result<Asked, CommandError> {
    if flags.url.is_none() && flags.kind.is_none() {
        return Err(CommandError::usage(
            "which server? Give --url http://localhost:11434, or --kind ollama for its usual one",
        ));
    }
    let flags = ScenarioFlags {
        url: flags.url.cloned(),
        kind: flags.kind,
        headers: scenario::headers(flags.header)?,
        api_key_env: flags.api_key_env.cloned(),
        ..ScenarioFlags::new("any", Endpoint::Chat)
    };
    let text = scenario_text(&flags);
    let origin = Origin { name: "the flags".to_owned(), folder: scenario::working_folder() };
    let scenario = scenario::parse(&text, &origin, &Overrides::default())?;
    let Some(backend) = scenario.backends.first() else {
        return Err(CommandError::usage("the flags name no server"));
    };
    let Target::Url(base) = &backend.target else {
        return Err(CommandError::usage("the simulated server takes any model"));
    };
    let (base, probe) = (base.clone(), Probe::new(backend, base));
    let probe = probe.map_err(|error| unusable(&scenario, &error))?;
    Ok(Asked { scenario, probe, base })
}

/// Prints what a server offers.
pub(super) fn models(arguments: &ModelsArguments) -> Result<ExitCode, CommandError> {
    let asked = asked(ServerFlags {
        url: arguments.url.as_ref(),
        kind: arguments.kind,
        header: &arguments.header,
        api_key_env: arguments.api_key_env.as_ref(),
    })?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let models = runtime.block_on(asked.probe.models()).map_err(|error| asked.unusable(&error))?;
    let names = models.iter().map(|model| model.id.as_str());
    let text = if arguments.json {
        let names: Vec<_> = names.collect();
        let document = serde_json::json!({ "url": asked.base.to_string(), "models": names });
        format!("{document:#}\n")
    } else {
        names.fold(String::new(), |text, name| text + name + "\n")
    };
    print(&text)?;
    Ok(ExitCode::Done)
}
