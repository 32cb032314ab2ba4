//! One workload.

use std::collections::BTreeSet;
use std::path::Path;

use super::body::check_body;
use crate::openai::Endpoint;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems, listed, suggestion};
use crate::scenario::typed::{
    BackendFile, Field, Given, NamedItem, PromptFileSource, PromptsFile, WorkloadFile,
};
use crate::scenario::workload::{PromptFormat, PromptSource, Workload};

/// The backends of a scenario, as far as workloads need to know them.
pub(super) struct Crew {
    members: Vec<Member>,
}

struct Member {
    name: String,
    /// Its aliases; `None` where they are wrong.
    aliases: Option<Vec<String>>,
    place: Place,
}

impl Crew {
    /// The backends as they were typed.
    pub(super) fn of(backends: &[NamedItem<BackendFile>]) -> Self {
        let member = |item: &NamedItem<BackendFile>| Member {
            name: item.name.clone(),
            place: item.place,
            aliases: item.value.as_ref().and_then(|backend| match &backend.models {
                Field::Absent => Some(Vec::new()),
                Field::Wrong(_) => None,
                Field::Given(models) => {
                    Some(models.value.0.iter().map(|model| model.name.clone()).collect())
                }
            }),
        };
        Self { members: backends.iter().map(member).collect() }
    }

    fn names(&self) -> Vec<&str> {
        self.members.iter().map(|member| member.name.as_str()).collect()
    }
}

/// Checks one workload; `None` where something is wrong, which is then among `problems`.
pub(super) fn check_workload(
    name: &str,
    file: WorkloadFile,
    (crew, folder): (&Crew, &Path),
    problems: &mut Problems,
) -> Option<Workload> {
    if let Some(endpoint) = file.endpoint.value() {
        check_endpoint(*endpoint, &file, problems);
    }
    check_body(&file.body, problems);
    check_limit(&file, problems);
    let backends = check_backends(&file, crew, problems);
    if let (Some(model), Some(backends)) = (file.model.given(), &backends) {
        check_alias(&model.value.0, model.place, (crew, backends), problems);
    }
    let prompts = file.prompts.into_value();
    let prompts = prompts.and_then(|prompts| check_prompts(prompts, folder, problems));
    let endpoint = file.endpoint.into_value()?;
    Some(Workload {
        name: name.to_owned(),
        endpoint,
        model: file.model.into_value()?.0,
        stream: file.stream.into_value().unwrap_or(endpoint.generates()),
        system: file.system.into_value(),
        prompts: prompts?,
        max_tokens: file.max_tokens.into_value().map(|limit| crate::units::to_u32(limit.0)),
        body: file.body.into_value().map(|body| body.0).unwrap_or_default(),
        backends: backends?,
        batch: file.batch.into_value().map_or(1, |batch| crate::units::to_u32(batch.0)),
    })
}

/// Keys that only some endpoints know.
fn check_endpoint(endpoint: Endpoint, file: &WorkloadFile, problems: &mut Problems) {
    let mut refuse = |place: Option<Place>, what: &str, hint: &str| {
        if let Some(place) = place {
            problems.report(Problem::new(place, what).hint(hint));
        }
    };
    if endpoint != Endpoint::Chat {
        let hint = "leave it out, or use `endpoint: chat`";
        refuse(file.system.place(), &format!("{endpoint} take no system message"), hint);
    }
    if endpoint.generates() {
        let hint = "leave it out, or use `endpoint: embeddings`";
        refuse(file.batch.place(), "`batch` is for embeddings only", hint);
    } else {
        let streams = file.stream.given().filter(|stream| stream.value);
        let hint = "leave it out";
        refuse(streams.map(|stream| stream.place), "embeddings cannot be streamed", hint);
        refuse(file.max_tokens.place(), "embeddings have no output tokens to limit", hint);
    }
}

fn check_limit(file: &WorkloadFile, problems: &mut Problems) {
    let (Some(limit), Some(body)) = (file.max_tokens.place(), file.body.given()) else { return };
    if ["max_tokens", "max_completion_tokens"].iter().any(|key| body.value.0.contains_key(*key)) {
        problems.report(
            Problem::new(limit, "`max_tokens` is given here and in `body`")
                .hint("keep it here")
                .also(body.place, "and here"),
        );
    }
}

/// The indices of the backends that run the workload.
fn check_backends(file: &WorkloadFile, crew: &Crew, problems: &mut Problems) -> Option<Vec<usize>> {
    let typed = match &file.backends {
        Field::Absent => return Some((0..crew.members.len()).collect()),
        Field::Wrong(_) => return None,
        Field::Given(list) => &list.value.0,
    };
    let mut found = BTreeSet::new();
    for Given { value: name, place } in typed {
        let position = crew.members.iter().position(|member| member.name == name.0);
        match position {
            Some(position) if found.insert(position) => {}
            Some(_) => {
                problems.report(Problem::new(*place, format!("`{}` is listed twice", name.0)));
            }
            None => problems.report(
                Problem::new(*place, format!("there is no backend `{}`", name.0))
                    .hint(suggestion(&name.0, &crew.names())),
            ),
        }
    }
    // File order, whatever order they are listed in: columns then mean the same everywhere.
    Some(found.into_iter().collect())
}

/// A name that one backend takes for an alias must be one for all that run the workload:
/// otherwise the others would be asked for a model of that very name.
fn check_alias(
    model: &str,
    place: Place,
    (crew, backends): (&Crew, &[usize]),
    problems: &mut Problems,
) {
    let knows = |member: &Member| {
        member.aliases.as_ref().is_none_or(|aliases| aliases.iter().any(|alias| alias == model))
    };
    if !crew.members.iter().any(|member| member.aliases.is_some() && knows(member)) {
        return;
    }
    let lacking = backends.iter().filter_map(|&index| crew.members.get(index));
    let lacking: Vec<&Member> = lacking.filter(|member| !knows(member)).collect();
    if lacking.is_empty() {
        return;
    }
    let names: Vec<_> = lacking.iter().map(|member| member.name.as_str()).collect();
    let message = format!("the alias `{model}` is missing in the backends {}", listed(&names));
    let problem = Problem::new(place, message).hint(format!(
        "add `{model}` to their `models`, or list under `backends` only those that have it"
    ));
    problems.report(
        lacking.iter().fold(problem, |problem, member| problem.also(member.place, "lacks it")),
    );
}

fn check_prompts(
    prompts: PromptsFile,
    folder: &Path,
    problems: &mut Problems,
) -> Option<PromptSource> {
    let PromptFileSource { file, format } = match prompts {
        PromptsFile::Inline(list) => {
            return Some(PromptSource::Inline(list.0.into_iter().map(|item| item.value).collect()));
        }
        PromptsFile::File(source) => source,
    };
    let (file, place) = (file.value()?, file.place()?);
    let format = match format {
        Field::Given(format) => format.value,
        Field::Wrong(_) => return None,
        Field::Absent => {
            let ending = file.0.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            match ending.as_deref() {
                Some("jsonl" | "ndjson") => PromptFormat::Jsonl,
                Some("txt") => PromptFormat::Lines,
                _ => {
                    problems.report(
                        Problem::new(place, "the name of this file does not tell its format")
                            .hint("add `format: lines` or `format: jsonl`"),
                    );
                    return None;
                }
            }
        }
    };
    Some(PromptSource::File { path: folder.join(&file.0), format })
}
