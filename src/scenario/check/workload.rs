//! One workload.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::body::check_body;
use super::images::check_images;
use super::prompt_file::{check_against_bodies, check_prompt_file};
use super::synthetic::{check_output_tokens, check_synthetic};
use super::trace_file::check_trace_file;
use crate::openai::Endpoint;
use crate::scenario::batch::Batch;
use crate::scenario::distribution::Distribution;
use crate::scenario::kind::BackendKind;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems, listed, suggestion};
use crate::scenario::typed::{
    BackendFile, DocumentsFile, Field, Given, NamedItem, PromptsFile, WorkloadFile,
};
use crate::scenario::workload::{ConversationShape, MOST_TURNS, PromptSource, Workload};
use crate::units::float;

/// The backends of a scenario, as far as workloads need to know them.
pub(super) struct Crew {
    members: Vec<Member>,
}

struct Member {
    name: String,
    /// Which server it is; `None` where that is wrong.
    kind: Option<BackendKind>,
    /// Its aliases; `None` where they are wrong.
    aliases: Option<Vec<String>>,
    place: Place,
}

impl Crew {
    /// The backends as they were typed.
    pub(super) fn of(backends: &[NamedItem<BackendFile>]) -> Self {
        let member = |item: &NamedItem<BackendFile>| Member {
            name: item.name.clone(),
            kind: item.value.as_ref().and_then(|it| it.kind.value().copied()),
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
    let fields = check_fields(&file, problems);
    let conversation = check_conversation(&file, problems);
    let backends = check_backends(&file, crew, problems);
    if let (Some(endpoint), Some(backends)) = (file.endpoint.given(), &backends) {
        check_home(endpoint.value, endpoint.place, (crew, backends), problems);
    }
    if let (Some(model), Some(backends)) = (file.model.given(), &backends) {
        check_alias(&model.value.0, model.place, (crew, backends), problems);
    }
    if file.endpoint.value() == Some(&Endpoint::Rerank) {
        check_documents(&file, problems);
    }
    let output_tokens = check_output_tokens(&file, problems);
    let prompts = match &file.prompts {
        Field::Given(Given { value: PromptsFile::Synthetic(prompts), place }) => {
            let about = (file.endpoint.value().copied(), file.output_tokens.place());
            let synthetic = prompts.synthetic.value();
            let synthetic = synthetic.map(|file| check_synthetic(file, *place, about, problems));
            synthetic.flatten().map(PromptSource::Synthetic)
        }
        Field::Given(prompts) => check_prompts(&prompts.value, folder, problems),
        Field::Absent | Field::Wrong(_) => None,
    };
    if let Some(PromptSource::File(prompts)) = &prompts {
        check_against_bodies(prompts, &file, problems);
    }
    let documents = check_own_documents(&file, folder, problems)?;
    let images = match file.images {
        Field::Absent => None,
        Field::Wrong(_) => return None,
        Field::Given(it) => Some(check_images(&it.value, it.place, folder, problems)?),
    };
    let endpoint = file.endpoint.into_value()?;
    let mut body = file.body.into_value().map(|body| body.0).unwrap_or_default();
    body.extend(fields);
    Some(Workload {
        name: name.to_owned(),
        endpoint,
        model: file.model.into_value()?.0,
        stream: file.stream.into_value().unwrap_or(endpoint.generates()),
        system: file.system.into_value(),
        conversation,
        prompts: prompts?,
        documents,
        images,
        max_tokens: file.max_tokens.into_value().map(|limit| crate::units::to_u32(limit.0)),
        output_tokens,
        tokenizer: file.tokenizer.into_value().map(|path| folder.join(path.0)),
        body,
        // Whether a mix takes it in is settled when all workloads are known.
        alone: true,
        backends: backends?,
        batch: file.batch.into_value().map_or(Batch::ONE, |batch| Batch::drawn(batch.shape)),
    })
}

/// The documents of a ranking that stand apart from its queries; `None` where they are wrong.
#[expect(clippy::option_option, reason = "they may be absent, and they may be wrong")]
fn check_own_documents(
    file: &WorkloadFile,
    folder: &Path,
    problems: &mut Problems,
) -> Option<Option<PromptSource>> {
    match &file.documents {
        Field::Absent => Some(None),
        Field::Wrong(_) => None,
        Field::Given(Given { value: DocumentsFile(PromptsFile::Synthetic(_)), place }) => {
            let message = "synthetic documents are not part of this version yet";
            problems.report(Problem::new(*place, message).hint("list them, or name a file"));
            None
        }
        Field::Given(Given { value, .. }) => problems
            .within("documents", |problems| check_prompts(&value.0, folder, problems))
            .map(Some),
    }
}

/// Keys that only some endpoints know.
fn check_endpoint(endpoint: Endpoint, file: &WorkloadFile, problems: &mut Problems) {
    let mut refuse = |place: Option<Place>, what: &str, hint: &str| {
        if let Some(place) = place {
            problems.report(Problem::new(place, what).hint(hint));
        }
    };
    let noun = match endpoint {
        Endpoint::Rerank => "rankings",
        Endpoint::Chat
        | Endpoint::Completions
        | Endpoint::Responses
        | Endpoint::Embeddings
        | Endpoint::OllamaChat
        | Endpoint::OllamaGenerate => endpoint.key(),
    };
    if !endpoint.has_template() {
        let hint = "leave it out, or use `endpoint: chat`";
        refuse(file.system.place(), &format!("{noun} take no system message"), hint);
    }
    if endpoint.generates() {
        let hint = "leave it out, or use `endpoint: embeddings`";
        refuse(file.batch.place(), "`batch` is for embeddings and rerank only", hint);
    } else {
        let streams = file.stream.given().filter(|stream| stream.value);
        let hint = "leave it out";
        let message = format!("{noun} cannot be streamed");
        refuse(streams.map(|stream| stream.place), &message, hint);
        let message = format!("{noun} have no output tokens to limit");
        refuse(file.max_tokens.place(), &message, hint);
    }
    let of_one_endpoint = [
        ("images", file.images.place(), Endpoint::Chat),
        ("documents", file.documents.place(), Endpoint::Rerank),
        ("top_n", file.top_n.place(), Endpoint::Rerank),
        ("return_documents", file.return_documents.place(), Endpoint::Rerank),
        ("dimensions", file.dimensions.place(), Endpoint::Embeddings),
        ("encoding_format", file.encoding_format.place(), Endpoint::Embeddings),
    ];
    for (key, place, only) in of_one_endpoint {
        if endpoint != only {
            let hint = format!("leave it out, or use `endpoint: {only}`");
            refuse(place, &format!("`{key}` is for {only} only"), &hint);
        }
    }
}

/// What a ranking ranks: texts alone are queries without documents.
fn check_documents(file: &WorkloadFile, problems: &mut Problems) {
    match (&file.documents, &file.prompts) {
        (Field::Absent, Field::Given(Given { value: PromptsFile::Inline(_), place })) => problems
            .report(Problem::new(*place, "these queries have no documents to rank").hint(
                "add `documents`, or take prompts from a file of rows with `query` and `documents`",
            )),
        (Field::Given(documents), _) if file.batch.is_absent() => problems.report(
            Problem::new(documents.place, "how many of them go with a query is not said")
                .hint("add `batch`, as `batch: 16` or `batch: {uniform: [8, 32]}`"),
        ),
        _ => {}
    }
}

/// The fields of the body that have keys of their own.
fn check_fields(file: &WorkloadFile, problems: &mut Problems) -> Map<String, Value> {
    let given = [
        ("top_n", file.top_n.given().map(|top_n| (top_n.value.0.into(), top_n.place))),
        (
            "return_documents",
            file.return_documents.given().map(|wanted| (wanted.value.into(), wanted.place)),
        ),
        (
            "dimensions",
            file.dimensions.given().map(|dimensions| (dimensions.value.0.into(), dimensions.place)),
        ),
        (
            "encoding_format",
            file.encoding_format.given().map(|format| (format.value.key().into(), format.place)),
        ),
    ];
    let mut fields = Map::new();
    for (key, given) in given {
        let Some((value, place)) = given else { continue };
        if let Some(body) = file.body.given().filter(|body| body.value.0.contains_key(key)) {
            problems.report(
                Problem::new(place, format!("`{key}` is given here and in `body`"))
                    .hint("keep it here")
                    .also(body.place, "and here"),
            );
        }
        fields.insert(key.to_owned(), value);
    }
    fields
}

/// How its conversations go; `None` where it has none, or where they are wrong, which is then
/// among the problems.
fn check_conversation(file: &WorkloadFile, problems: &mut Problems) -> Option<ConversationShape> {
    let think_time = file.think_time.given();
    let Some(turns) = file.turns.given() else {
        if let (Some(think_time), true) = (think_time, file.turns.is_absent()) {
            problems.report(
                Problem::new(think_time.place, "`think_time` of a workload is for conversations")
                    .hint(
                        "add `turns: 5`, or write it into a stage of `load` with a `concurrency`",
                    ),
            );
        }
        return None;
    };
    if file.endpoint.value().is_some_and(|endpoint| !endpoint.has_conversations()) {
        problems.report(
            Problem::new(turns.place, "`turns` are for chat and ollama_chat only")
                .hint("leave it out, or use `endpoint: chat`"),
        );
    }
    if let Some(images) = file.images.place() {
        problems.report(
            Problem::new(images, "`images` do not go with `turns`")
                .hint("leave one of the two out: pictures go with requests that stand alone"),
        );
    }
    let shape = turns.value.shape;
    let most = float(MOST_TURNS.into());
    if let Distribution::Constant(turns_typed) = shape
        && !(1.0..=most).contains(&turns_typed)
    {
        let message = format!("a conversation has 1 to {MOST_TURNS} turns");
        problems.report(Problem::new(turns.place, message).hint("write `turns: 5`"));
    }
    let think_time = think_time.map(|think_time| think_time.value.shape);
    let think_time = think_time.filter(|think_time| !think_time.is_zero());
    Some(ConversationShape { turns: shape, think_time })
}

fn check_limit(file: &WorkloadFile, problems: &mut Problems) {
    let (Some(limit), Some(body)) = (file.max_tokens.place(), file.body.given()) else { return };
    let fields = &body.value.0;
    let of_ollama = fields.get("options").is_some_and(|it| it.get("num_predict").is_some());
    let limits = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    if of_ollama || limits.iter().any(|key| fields.contains_key(*key)) {
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

/// Addresses of Ollama's own are not asked for where another server is known to be.
fn check_home(
    endpoint: Endpoint,
    place: Place,
    (crew, backends): (&Crew, &[usize]),
    problems: &mut Problems,
) {
    let has = |member: &&Member| match member.kind {
        None | Some(BackendKind::Ollama | BackendKind::Generic | BackendKind::Mock) => true,
        Some(_) => !endpoint.is_of_ollama(),
    };
    let lacking = backends.iter().filter_map(|&index| crew.members.get(index));
    let lacking: Vec<&Member> = lacking.filter(|member| !has(member)).collect();
    if lacking.is_empty() {
        return;
    }
    let names: Vec<_> = lacking.iter().map(|member| member.name.as_str()).collect();
    let message = format!(
        "`endpoint: {endpoint}` is Ollama's own, and other servers do not have it: {}",
        listed(&names)
    );
    let hint = "list under `backends` only those of `kind: ollama`, or use `endpoint: chat`";
    let problem = Problem::new(place, message).hint(hint);
    problems.report(
        lacking.iter().fold(problem, |problem, member| problem.also(member.place, "lacks it")),
    );
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
    prompts: &PromptsFile,
    folder: &Path,
    problems: &mut Problems,
) -> Option<PromptSource> {
    match prompts {
        PromptsFile::Inline(list) => {
            let texts = list.0.iter().map(|item| item.value.clone());
            Some(PromptSource::Inline(texts.collect()))
        }
        PromptsFile::File(source) => {
            check_prompt_file(source, folder, problems).map(PromptSource::File)
        }
        // They are checked where their lengths are known to fit.
        PromptsFile::Synthetic(_) => None,
        PromptsFile::Trace(source) => {
            check_trace_file(source, folder, problems).map(PromptSource::Trace)
        }
    }
}
