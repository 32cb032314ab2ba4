//! A scenario from flags alone: written as YAML, then read like any other.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::backend::BaseUrl;
use super::kind::BackendKind;
use super::tree::write_yaml;
use super::workload::SloLimit;
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::units::{Rate, UnitError, format_span, parse_span};

/// How long a run takes where neither a number of requests nor a duration is given.
const DEFAULT_DURATION: Duration = Duration::from_secs(30);

/// The flags that describe a run without a file.
#[derive(Clone, Debug)]
pub struct ScenarioFlags {
    /// `--url`; the kind's own where absent.
    pub url: Option<String>,
    /// `--kind`; guessed from the address where absent, [`BackendKind::Generic`] in doubt.
    pub kind: Option<BackendKind>,
    /// `--model`
    pub model: String,
    /// `--endpoint`
    pub endpoint: Endpoint,
    /// `--concurrency`, one stage for each; 1 where no rate is given either.
    pub concurrency: Vec<u32>,
    /// `--request-rate`, one stage for each.
    pub request_rate: Vec<Rate>,
    /// `--arrival`: `constant`, `poisson` or `gamma`.
    pub arrival: Option<String>,
    /// `--burstiness`; means `--arrival gamma`.
    pub burstiness: Option<f64>,
    /// `--sweep`, instead of one load.
    pub sweep: Option<LoadSpan>,
    /// `--search`, instead of one load.
    pub search: Option<LoadSpan>,
    /// `--limit`, for a search.
    pub limits: Vec<String>,
    /// `--requests`
    pub requests: Option<u64>,
    /// `--duration`
    pub duration: Option<Duration>,
    /// `--warmup-requests`
    pub warmup_requests: Option<u64>,
    /// `--prompt`, any number of times; a few of pacemark's own where there is none.
    pub prompts: Vec<String>,
    /// `--prompts FILE`; instead of `prompts`.
    pub prompt_file: Option<PathBuf>,
    /// `--max-tokens`
    pub max_tokens: Option<u32>,
    /// `--stream` or `--no-stream`; the endpoint's usual where absent.
    pub stream: Option<bool>,
    /// `--header NAME: VALUE`
    pub headers: Vec<(String, String)>,
    /// `--api-key-env`
    pub api_key_env: Option<String>,
    /// `--goodput`, read by [`parse_goodput`].
    pub slo: Vec<SloLimit>,
}

/// Loads from one to another: `1..64` requests in flight, or `1..50/s`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadSpan {
    from: Value,
    to: Value,
    is_rate: bool,
}

impl LoadSpan {
    const fn key(&self) -> &'static str {
        if self.is_rate { "rate" } else { "concurrency" }
    }
}

impl FromStr for LoadSpan {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let expected = "loads from one to another, as `1..64` in flight or `1..50/s`";
        let refused = || UnitError { found: text.to_owned(), expected };
        let (from, to) = text.split_once("..").ok_or_else(refused)?;
        let (from, to) = (from.trim(), to.trim());
        if let Some((_, unit)) = to.split_once('/') {
            let with_unit =
                if from.contains('/') { from.to_owned() } else { format!("{from}/{unit}") };
            let rates = (with_unit.parse::<Rate>(), to.parse::<Rate>());
            let (Ok(from), Ok(to)) = rates else { return Err(refused()) };
            return Ok(Self {
                from: json!(from.to_string()),
                to: json!(to.to_string()),
                is_rate: true,
            });
        }
        match (from.parse::<u32>(), to.parse::<u32>()) {
            (Ok(from), Ok(to)) => Ok(Self { from: json!(from), to: json!(to), is_rate: false }),
            _ => Err(refused()),
        }
    }
}

impl ScenarioFlags {
    /// Flags that name a model and an endpoint and leave all else open.
    pub fn new(model: impl Into<String>, endpoint: Endpoint) -> Self {
        Self {
            url: None,
            kind: None,
            model: model.into(),
            endpoint,
            concurrency: Vec::new(),
            request_rate: Vec::new(),
            arrival: None,
            burstiness: None,
            sweep: None,
            search: None,
            limits: Vec::new(),
            requests: None,
            duration: None,
            warmup_requests: None,
            prompts: Vec::new(),
            prompt_file: None,
            max_tokens: None,
            stream: None,
            headers: Vec::new(),
            api_key_env: None,
            slo: Vec::new(),
        }
    }

    fn kind(&self) -> BackendKind {
        let guessed = || self.url.as_deref().and_then(kind_at);
        self.kind.or_else(guessed).unwrap_or(BackendKind::Generic)
    }
}

/// The scenario that the flags describe, as YAML. It still holds what the flags hold: to show
/// it, take `stored_text` of the parsed scenario, which has no secrets.
pub fn scenario_text(flags: &ScenarioFlags) -> String {
    let kind = flags.kind();
    let name = if kind == BackendKind::Generic { "server" } else { kind.key() };
    let mut slo = Map::new();
    for SloLimit { metric, at_most } in &flags.slo {
        slo.insert(metric.key().to_owned(), json!(format_span(*at_most)));
    }
    let file = without_nothing(json!({
        "pacemark": 1,
        "name": format!("{name}-{}", flags.endpoint),
        "backends": {name: backend(flags, kind)},
        "workloads": {flags.endpoint.key(): workload(flags)},
        "load": {
            "warmup": flags.warmup_requests.map(|requests| json!({"requests": requests})),
            "stages": [stage(flags)],
        },
        "slo": if slo.is_empty() { Value::Null } else { Value::Object(slo) },
    }));
    // Texts, numbers, lists and mappings can all be written.
    write_yaml(&file).unwrap_or_default()
}

fn backend(flags: &ScenarioFlags, kind: BackendKind) -> Value {
    let headers: Map<String, Value> =
        flags.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "kind": kind.key(),
        "url": flags.url,
        "api_key_env": flags.api_key_env,
        "headers": if headers.is_empty() { Value::Null } else { Value::Object(headers) },
    })
}

fn workload(flags: &ScenarioFlags) -> Value {
    let prompts = match (&flags.prompt_file, flags.prompts.as_slice()) {
        (Some(file), _) => json!({"file": file}),
        (None, []) => json!(default_prompts(flags.endpoint)),
        (None, prompts) => json!(prompts),
    };
    let ranks = flags.endpoint == Endpoint::Rerank && flags.prompt_file.is_none();
    json!({
        "endpoint": flags.endpoint.key(),
        "model": flags.model,
        "stream": flags.stream,
        "prompts": prompts,
        "documents": ranks.then_some(DEFAULT_DOCUMENTS),
        "batch": ranks.then_some(DEFAULT_DOCUMENTS.len()),
        "max_tokens": flags.max_tokens,
    })
}

fn stage(flags: &ScenarioFlags) -> Value {
    let gamma = flags.burstiness.map(|_| "gamma".to_owned());
    let arrival = flags.arrival.clone().or(gamma);
    if let Some(span) = &flags.search {
        let duration = flags.duration.map(format_span);
        let mut search = json!({span.key(): {"from": span.from, "to": span.to}});
        (search["limits"], search["probe"]) = (json!(flags.limits), json!(duration));
        (search["arrival"], search["burstiness"]) = (json!(arrival), json!(flags.burstiness));
        return json!({"search": search});
    }
    if let Some(span) = &flags.sweep {
        let duration = flags.duration.unwrap_or(DEFAULT_DURATION);
        let duration = flags.requests.is_none().then(|| format_span(duration));
        let mut sweep = json!({span.key(): {"from": span.from, "to": span.to}});
        (sweep["requests"], sweep["duration"]) = (json!(flags.requests), json!(duration));
        (sweep["arrival"], sweep["burstiness"]) = (json!(arrival), json!(flags.burstiness));
        return json!({"sweep": sweep});
    }
    let concurrency = match (flags.concurrency.as_slice(), flags.request_rate.is_empty()) {
        ([], true) => json!(1),
        ([], false) => Value::Null,
        ([one], _) => json!(one),
        (many, _) => json!(many),
    };
    let rates: Vec<String> = flags.request_rate.iter().map(ToString::to_string).collect();
    let duration = match (flags.duration, flags.requests) {
        (None, None) => Some(DEFAULT_DURATION),
        (duration, _) => duration,
    };
    json!({
        "concurrency": concurrency,
        "rate": match rates.as_slice() {
            [] => Value::Null,
            [one] => json!(one),
            many => json!(many),
        },
        "arrival": arrival,
        "burstiness": flags.burstiness,
        "requests": flags.requests,
        "duration": duration.map(format_span),
    })
}

/// `value` without the keys that hold `null`, at any depth.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(entries) => entries
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nothing(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_nothing).collect(),
        other => other,
    }
}

/// The kind whose usual address this is.
fn kind_at(url: &str) -> Option<BackendKind> {
    let local = |mut url: BaseUrl| {
        if url.host == "127.0.0.1" || url.host == "::1" {
            "localhost".clone_into(&mut url.host);
        }
        url
    };
    let url = local(BaseUrl::parse(url).ok()?);
    BackendKind::ALL.iter().copied().find(|kind| {
        let usual = kind.preset().url.and_then(|usual| BaseUrl::parse(usual).ok());
        usual.is_some_and(|usual| usual == url)
    })
}

/// Documents for a first look at a ranking.
const DEFAULT_DOCUMENTS: [&str; 8] = [
    "A fox is a small animal of the dog family, quick and shy.",
    "机器学习让计算机从数据中学习，而不需要为每个任务编写规则。",
    "Whoever repeats a measurement learns how far it can be trusted.",
    "杭州的西湖以风景优美著称。",
    "Rivers carry more water in spring than in late summer.",
    "数据库索引可以加快查询速度，但会占用额外的存储空间。",
    "The meeting has been moved to Thursday afternoon.",
    "公园里有很多人在散步、跑步和放风筝。",
];

/// Prompts for a first look; whoever compares servers brings their own.
fn default_prompts(endpoint: Endpoint) -> [&'static str; 4] {
    match endpoint {
        Endpoint::Chat | Endpoint::Responses | Endpoint::OllamaChat | Endpoint::OllamaGenerate => [
            "Explain in three sentences why the sky is blue.",
            "解释一下什么是机器学习。",
            "Write a short poem about a lighthouse in winter.",
            "给我三个学习外语的建议。",
        ],
        Endpoint::Completions => [
            "The three most important inventions of the last century are",
            "Once upon a time, in a village by the sea,",
            "春天来了，",
            "A good benchmark is one that",
        ],
        Endpoint::Embeddings | Endpoint::Rerank => [
            "The quick brown fox jumps over the lazy dog.",
            "机器学习是人工智能的一个分支。",
            "A benchmark should be repeatable, and honest about its errors.",
            "今天的天气很好，我们去公园散步吧。",
        ],
    }
}

/// Reads `ttft:500 tpot:50`: limits of single requests, in milliseconds or with a unit.
///
/// # Errors
///
/// [`UnitError`] if a part is no limit of that form, or its metric none that a request has.
pub fn parse_goodput(text: &str) -> Result<Vec<SloLimit>, UnitError> {
    const LIMITED: [Metric; 6] =
        [Metric::Ttft, Metric::Ttfa, Metric::Tpot, Metric::Stall, Metric::E2e, Metric::Response];
    let limit = |part: &str| {
        let (key, value) = part.split_once(':')?;
        let metric = LIMITED.into_iter().find(|metric| metric.key() == key)?;
        let is_bare = value.chars().all(|c| c.is_ascii_digit() || c == '.');
        let value = if is_bare { format!("{value}ms") } else { value.to_owned() };
        let at_most = parse_span(&value).ok().filter(|span| !span.is_zero())?;
        Some(SloLimit { metric, at_most })
    };
    text.split([' ', ','])
        .filter(|part| !part.is_empty())
        .map(|part| {
            limit(part).ok_or_else(|| UnitError {
                found: part.to_owned(),
                expected: "a limit such as `ttft:500` (in ms) or `e2e:10s`; it limits ttft, ttfa, \
                           tpot, stall, e2e or response",
            })
        })
        .collect()
}
