//! `pacemark probe`

use serde_json::json;
use tokio::runtime;

use super::arguments::ProbeArguments;
use super::exit::{CommandError, ExitCode};
use super::models::{ServerFlags, asked};
use super::output::{print, say};
use crate::clock::Clock;
use crate::probe::{AskedModels, Check, ProbeError};

/// Asks a server everything once, and prints what it supports.
pub(super) fn probe(arguments: &ProbeArguments, quiet: bool) -> Result<ExitCode, CommandError> {
    let asked = asked(ServerFlags {
        url: arguments.url.as_ref(),
        kind: arguments.kind,
        header: &arguments.header,
        api_key_env: arguments.api_key_env.as_ref(),
    })?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let given = AskedModels {
        chat: arguments.model.clone(),
        embed: arguments.embed_model.clone(),
        rerank: arguments.rerank_model.clone(),
    };
    // A server without a list can be asked for a model that was named.
    let listed = match runtime.block_on(asked.probe.models()) {
        Ok(models) => models,
        Err(ProbeError::Refused { status, .. })
            if !matches!(status, 401 | 403) && (given.chat.is_some() || given.embed.is_some()) =>
        {
            Vec::new()
        }
        Err(error) => return Err(asked.unusable(&error)),
    };
    let names: Vec<_> = listed.iter().map(|model| model.id.as_str()).collect();
    let models = given.or_listed(&names);
    let mut checks = Vec::new();
    let mut told = |check: Check| {
        if !quiet {
            say(&format!("{}: {}", check.question, check.verdict.key()));
        }
        checks.push(check);
    };
    runtime.block_on(asked.probe.conformance(&models, &Clock::start(), &mut told));
    let text = if arguments.json {
        let checks = checks.iter().map(|check| {
            json!({
                "check": check.key,
                "question": check.question,
                "verdict": check.verdict.key(),
                "found": check.found,
            })
        });
        let document = json!({
            "url": asked.base.to_string(),
            "kind": asked.scenario.backends.first().map(|backend| backend.kind.key()),
            "models": {"chat": models.chat, "embed": models.embed, "rerank": models.rerank},
            "checks": checks.collect::<Vec<_>>(),
        });
        format!("{document:#}\n")
    } else {
        table(&asked.base.to_string(), &models, &checks)
    };
    print(&asked.scenario.redactor().redact(&text))?;
    Ok(ExitCode::Done)
}

fn table(url: &str, models: &AskedModels, checks: &[Check]) -> String {
    let wide = checks.iter().map(|check| check.question.len()).max().unwrap_or_default();
    let lines = checks.iter().map(|Check { question, verdict, found, .. }| {
        format!("{question:wide$}  {:7}  {found}", verdict.key())
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    let name = |model: &Option<String>| model.clone().unwrap_or_else(|| "-".to_owned());
    let asked = [&models.chat, &models.embed, &models.rerank].map(name);
    format!(
        "{url}, asked for {} (generates), {} (embeds), {} (ranks)\n\n{lines}\n\n\
         differs: it works, but not as the API of OpenAI has it; pacemark knows of all of these\n",
        asked[0], asked[1], asked[2]
    )
}
