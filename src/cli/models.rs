//! `pacemark models`

use tokio::runtime;

use super::arguments::ModelsArguments;
use super::exit::{CommandError, ExitCode};
use super::output::print;
use super::scenario;
use crate::openai::Endpoint;
use crate::probe::Probe;
use crate::scenario::{Origin, Overrides, ScenarioFlags, Target, scenario_text};

/// Prints what a server offers.
pub(super) fn models(arguments: &ModelsArguments) -> Result<ExitCode, CommandError> {
    if arguments.url.is_none() && arguments.kind.is_none() {
        return Err(CommandError::usage(
            "which server? Give --url http://localhost:11434, or --kind ollama for its usual one",
        ));
    }
    let flags = ScenarioFlags {
        url: arguments.url.clone(),
        kind: arguments.kind,
        headers: scenario::headers(&arguments.header)?,
        api_key_env: arguments.api_key_env.clone(),
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
    let unusable = |error: String| {
        let clean = scenario.redactor().redact(&error).into_owned();
        CommandError::new(ExitCode::Unusable, anyhow::anyhow!("{clean}"))
    };
    let probe = Probe::new(backend, base).map_err(|error| unusable(error.to_string()))?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let models = runtime.block_on(probe.models()).map_err(|error| unusable(error.to_string()))?;
    let names = models.iter().map(|model| model.id.as_str());
    let text = if arguments.json {
        let names: Vec<_> = names.collect();
        let document = serde_json::json!({ "url": base.to_string(), "models": names });
        format!("{document:#}\n")
    } else {
        names.fold(String::new(), |text, name| text + name + "\n")
    };
    print(&text)?;
    Ok(ExitCode::Done)
}
