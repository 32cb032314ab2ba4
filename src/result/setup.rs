//! What was measured, as set up: backends, workloads, stages, load, SLO.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lengths::LengthsEntry;
use super::price::PriceEntry;
use super::simulated::simulated;
use crate::openai::Endpoint;
use crate::scenario::{
    Backend, Connections, Course, HttpVersion, Load, LoadProfile, Mix, PromptFile, PromptOrder,
    PromptSource, Replay, Scenario, SharedPrefix, Slo, Stage, Step, StopRule, Synthetic, Target,
    Warmup, Workload,
};
use crate::units::{Rate, count, float, millis, seconds};

/// One server that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BackendEntry {
    /// The name tables show.
    pub name: String,
    /// Which server it is, as `ollama`.
    pub kind: String,
    /// The API's root, without user or query; `null` for the simulated server.
    pub url: Option<String>,
    /// HTTP version spoken: `1` or `2`.
    pub http: String,
    /// `reuse`, `fresh` for a connection per request, or `session` for one per session.
    pub connections: String,
    /// Version the server gives itself; `null` where it does not tell.
    pub server_version: Option<String>,
    /// The models asked for.
    pub models: Vec<ModelEntry>,
    /// Settings of the simulated server, as `ttft` and `20ms`; left out for real ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub simulated: BTreeMap<String, String>,
    /// What its tokens cost; left out where the scenario does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceEntry>,
    /// What an hour of the server costs, in US dollars, as the scenario says; left out where it does
    /// not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<f64>,
}

/// A model of a backend; what the server does not tell is `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelEntry {
    /// Its alias in the scenario; the name itself where it has none.
    pub alias: String,
    /// The server's own name of it.
    pub name: String,
    /// Digest of its weights.
    pub digest: Option<String>,
    /// How its weights are quantised, as `Q4_K_M`.
    pub quantization: Option<String>,
    /// How its weights are stored, as `gguf`.
    pub format: Option<String>,
    /// Number of its parameters, as the server writes it.
    pub parameters: Option<String>,
    /// Tokens of its context.
    pub context_length: Option<u64>,
    /// How many copies of it run; left out where nobody tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
    /// Whether it was in memory before the run asked for it; left out where nobody tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_loaded: Option<bool>,
    /// Bytes of memory that it takes; left out where nobody tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Of these: bytes in the memory of graphics processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_vram_bytes: Option<u64>,
}

impl BackendEntry {
    /// What is known of `backend`, which is asked for `models` (aliases, or names sent as they
    /// are) besides its aliases; what only the server knows is left open.
    pub fn new<'a>(backend: &'a Backend, models: impl IntoIterator<Item = &'a str>) -> Self {
        let aliases: BTreeSet<_> =
            backend.models.keys().map(String::as_str).chain(models).collect();
        let models = aliases.into_iter().map(|alias| ModelEntry {
            alias: alias.to_owned(),
            name: backend.model_name(alias).to_owned(),
            ..ModelEntry::default()
        });
        Self {
            name: backend.name.clone(),
            kind: backend.kind.key().to_owned(),
            url: match &backend.target {
                Target::Url(url) => Some(url.to_string()),
                Target::Mock(_) => None,
            },
            http: match backend.http {
                HttpVersion::One => "1",
                HttpVersion::Two => "2",
            }
            .to_owned(),
            connections: match backend.connections {
                Connections::Reuse => "reuse",
                Connections::Fresh => "fresh",
                Connections::Session => "session",
            }
            .to_owned(),
            server_version: None,
            models: models.collect(),
            simulated: match &backend.target {
                Target::Url(_) => BTreeMap::new(),
                Target::Mock(spec) => simulated(spec),
            },
            price: backend.price.map(PriceEntry::from),
            per_hour: backend.per_hour,
        }
    }

    /// The server's own name of `model`: what the alias stands for, or `model` itself.
    pub fn model_name<'a>(&'a self, model: &'a str) -> &'a str {
        let entry = self.models.iter().find(|entry| entry.alias == model);
        entry.map_or(model, |entry| &entry.name)
    }
}

/// One kind of request that was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadEntry {
    /// The name tables show.
    pub name: String,
    /// `chat`, `completions`, `responses`, `embeddings` or `rerank`; `mix` for a mix of others.
    pub endpoint: String,
    /// An alias of the backends, or a model name sent as it is; empty for a mix, whose workloads
    /// have their own.
    pub model: String,
    /// Whether answers were asked for as streams; of a mix, those of any of its workloads.
    pub stream: bool,
    /// The workloads of a mix, in the order of the parts of its cells; left out for all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mix: Vec<MixEntry>,
    /// Most output tokens asked for; `null` without a limit.
    pub max_tokens: Option<u32>,
    /// Tokens each answer was to have, as `128` or `128 ± 16`; `null`: the model decided.
    pub output_tokens: Option<String>,
    /// The tokenizer's file, without its folder; `null` without one.
    pub tokenizer: Option<String>,
    /// Where the prompts come from: `inline`, the file and its format, or `synthetic text` with
    /// its language and lengths; of a mix, the shares of its workloads.
    pub prompts: String,
    /// How many prompts there are; `null` while a file is not read, and for synthetic text.
    pub prompt_count: Option<u64>,
    /// Rows of the file that are no prompts and were left out, as far as they were come upon.
    #[serde(default)]
    pub prompts_left_out: u64,
    /// How the lengths of synthetic prompts came about; `null` for other prompts.
    pub input_lengths: Option<LengthsEntry>,
    /// Texts per request for embeddings, documents per ranking, 1 for all else; where it is
    /// drawn for each request, the mean, rounded up.
    pub batch: u32,
    /// Pictures of each request, as `1 of 512x512`; `null` where there are none.
    #[serde(default)]
    pub images: Option<String>,
    /// Turns of its conversations, as `5` or `2 to 9`; left out where requests stand alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<String>,
    /// Pause between an answer and the next turn, as `1s to 3s`; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think_time: Option<String>,
}

/// A workload of a mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MixEntry {
    /// Its name; its own entry tells the rest.
    pub workload: String,
    /// The endpoint its requests go to.
    pub endpoint: String,
    /// Whether its answers were asked for as streams.
    pub stream: bool,
    /// Its weight, as it was written.
    pub weight: f64,
    /// Its share of the requests, from 0 to 1.
    pub share: f64,
}

/// As tables show it: `70% short-chat`.
impl fmt::Display for MixEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workload, share, .. } = self;
        write!(f, "{}% {workload}", (share * 1_000.0).round() / 10.0)
    }
}

impl WorkloadEntry {
    /// What its requests are: the endpoint of each kind of them, and whether it is streamed. Of
    /// a mix there are several; an endpoint of a later version is not known.
    pub fn kinds(&self) -> Vec<(Option<Endpoint>, bool)> {
        let kind = |endpoint: &str, stream| (Endpoint::from_key(endpoint), stream);
        if self.mix.is_empty() {
            return vec![kind(&self.endpoint, self.stream)];
        }
        self.mix.iter().map(|part| kind(&part.endpoint, part.stream)).collect()
    }

    /// Whether any of its answers are generated text; taken for so where the endpoint is not
    /// known.
    pub fn generates(&self) -> bool {
        self.kinds().iter().any(|(endpoint, _)| endpoint.is_none_or(Endpoint::generates))
    }

    /// What `scenario` says of everything it sends: its workloads, then its mixes, as cells
    /// count them.
    pub fn all(scenario: &Scenario) -> Vec<Self> {
        let first_mix = scenario.workloads.len();
        let mixes = scenario.mixes.iter().enumerate();
        let mixes = mixes.map(|(number, mix)| Self::of_mix(scenario, (first_mix + number, mix)));
        scenario.workloads.iter().map(Self::new).chain(mixes).collect()
    }

    /// What the scenario says of a mix, which cells name by `number`.
    fn of_mix(scenario: &Scenario, (number, mix): (usize, &Mix)) -> Self {
        let members = scenario.members(number);
        let parts = members.iter().zip(&mix.parts).map(|(member, part)| MixEntry {
            workload: member.workload.name.clone(),
            endpoint: member.workload.endpoint.key().to_owned(),
            stream: member.workload.stream,
            weight: part.weight,
            share: member.share,
        });
        let parts: Vec<_> = parts.collect();
        let in_words: Vec<_> = parts.iter().map(ToString::to_string).collect();
        Self {
            name: mix.name.clone(),
            endpoint: "mix".to_owned(),
            model: String::new(),
            stream: parts.iter().any(|part| part.stream),
            mix: parts,
            max_tokens: None,
            output_tokens: None,
            tokenizer: None,
            prompts: in_words.join(", "),
            prompt_count: None,
            prompts_left_out: 0,
            input_lengths: None,
            batch: 1,
            images: None,
            turns: None,
            think_time: None,
        }
    }

    /// What the scenario says of `workload`.
    pub fn new(workload: &Workload) -> Self {
        let (prompts, prompt_count) = match &workload.prompts {
            PromptSource::Inline(prompts) => ("inline".to_owned(), Some(count(prompts.len()))),
            PromptSource::File(file) => (described(file), None),
            PromptSource::Synthetic(synthetic) => (in_words(synthetic), None),
            PromptSource::Trace(file) => {
                let name = file.path.file_name().unwrap_or(file.path.as_os_str());
                (format!("{} ({} trace)", name.to_string_lossy(), file.format.key()), None)
            }
        };
        let file_name = |path: &PathBuf| {
            path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
        };
        Self {
            name: workload.name.clone(),
            endpoint: workload.endpoint.key().to_owned(),
            model: workload.model.clone(),
            stream: workload.stream,
            mix: Vec::new(),
            max_tokens: workload.max_tokens,
            output_tokens: workload.output_tokens.map(|output| output.of_numbers().to_string()),
            tokenizer: workload.tokenizer.as_ref().map(file_name),
            prompts,
            prompt_count,
            prompts_left_out: 0,
            input_lengths: None,
            batch: workload.batch.typical(),
            images: workload.images.as_ref().map(ToString::to_string),
            turns: workload.conversation.map(|it| it.turns.of_numbers().to_string()),
            think_time: workload
                .conversation
                .and_then(|it| Some(it.think_time?.of_times().to_string())),
        }
    }
}

/// The name of a file, and how it is read.
fn described(file: &PromptFile) -> String {
    // The folder is of no use on another machine, and says more than it should.
    let name = file.path.file_name().unwrap_or(file.path.as_os_str());
    let order = match file.order {
        PromptOrder::Sequential => String::new(),
        order => format!(", {}", order.key()),
    };
    format!("{} ({}{order})", name.to_string_lossy(), file.format.key())
}

/// Synthetic prompts by language, lengths and what they share.
fn in_words(synthetic: &Synthetic) -> String {
    let lengths: Vec<_> = synthetic
        .lengths
        .iter()
        .map(|pair| match pair.output_tokens {
            None => format!("{} tokens", pair.input_tokens.of_numbers()),
            Some(output) => {
                format!("{} tokens for {}", pair.input_tokens.of_numbers(), output.of_numbers())
            }
        })
        .collect();
    let shared = synthetic.shared_prefix.map(|SharedPrefix { tokens, groups }| match groups {
        1 => format!("; the first {tokens} shared"),
        groups => format!("; the first {tokens} shared in {groups} groups"),
    });
    let language = synthetic.language.key();
    format!("synthetic text ({language}, {}{})", lengths.join(" or "), shared.unwrap_or_default())
}

/// One load point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageEntry {
    /// As tables show it, as `concurrency 4, 30s`.
    pub label: String,
    /// `closed`: an answer's end starts the next request; `open`: requests start when due.
    pub mode: String,
    /// Requests in flight of a closed loop; `null` where it goes through steps.
    pub concurrency: Option<u32>,
    /// Mean arrival rate of an open loop, in requests per second; `null` where it goes through
    /// steps.
    pub rate_rps: Option<f64>,
    /// How arrivals of an open loop are spread: `constant`, `poisson`, `gamma`, or `trace` where
    /// they come as they were recorded.
    pub arrival: Option<String>,
    /// Shape of a gamma distribution of arrivals.
    pub burstiness: Option<f64>,
    /// How a recording is played; `null` where none is.
    #[serde(default)]
    pub replay: Option<ReplayEntry>,
    /// Most requests in flight of an open loop; `null` without a bound.
    pub max_in_flight: Option<u32>,
    /// The steps the load goes through, in order; empty where it is the same all the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepEntry>,
    /// Pause between an answer and the next request of its slot in a closed loop, as
    /// `1s to 3s`; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think_time: Option<String>,
    /// Measured requests after which it ends; `null` if only time ends it.
    pub requests: Option<u64>,
    /// Seconds after which it ends; `null` if only requests end it.
    pub duration_s: Option<f64>,
}

/// A step of a load that changes: it goes evenly from one level to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepEntry {
    /// Level at its begin: requests in flight of a closed loop, requests per second of an open
    /// one; 0 in a pause.
    pub from: f64,
    /// Level at its end.
    pub to: f64,
    /// How long it takes, in seconds.
    pub duration_s: f64,
}

impl StepEntry {
    /// The steps of `course`, whose levels are shown as numbers.
    fn all<T: Copy>(course: &Course<T>, number: impl Fn(T) -> f64) -> Vec<Self> {
        let steps = match course {
            Course::Steady(_) => &[],
            Course::Steps(steps) => steps.list(),
        };
        let entry = |step: &Step<T>| {
            let duration_s = seconds(step.span());
            match step {
                Step::Level { from, to, .. } => {
                    Self { from: number(*from), to: number(*to), duration_s }
                }
                Step::Pause { .. } => Self { from: 0.0, to: 0.0, duration_s },
            }
        };
        steps.iter().map(entry).collect()
    }
}

impl StageEntry {
    /// What the scenario says of `stage`.
    pub fn new(stage: &Stage) -> Self {
        use crate::scenario::ArrivalProcess::Gamma;
        let entry = Self {
            label: stage.to_string(),
            mode: "closed".to_owned(),
            concurrency: None,
            rate_rps: None,
            arrival: None,
            burstiness: None,
            replay: None,
            max_in_flight: None,
            steps: Vec::new(),
            think_time: None,
            requests: stage.bound.requests,
            duration_s: stage.bound.duration.map(seconds),
        };
        match &stage.profile {
            LoadProfile::Closed { concurrency, think_time } => Self {
                concurrency: concurrency.steady(),
                steps: StepEntry::all(concurrency, |slots| float(slots.into())),
                think_time: think_time.map(|think_time| think_time.of_times().to_string()),
                ..entry
            },
            LoadProfile::Open { rate, arrival, max_in_flight } => Self {
                mode: "open".to_owned(),
                rate_rps: rate.steady().map(Rate::as_per_second),
                steps: StepEntry::all(rate, Rate::as_per_second),
                arrival: Some(arrival.key().to_owned()),
                burstiness: if let Gamma { burstiness } = arrival {
                    Some(*burstiness)
                } else {
                    None
                },
                max_in_flight: *max_in_flight,
                ..entry
            },
            LoadProfile::Replay { replay, max_in_flight } => Self {
                mode: "open".to_owned(),
                arrival: Some("trace".to_owned()),
                replay: Some((*replay).into()),
                max_in_flight: *max_in_flight,
                ..entry
            },
        }
    }

    /// Whether requests started when they were due, whatever the server did.
    pub fn is_open(&self) -> bool {
        self.mode == "open"
    }
}

/// How a recording is played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayEntry {
    /// How many times as fast as recorded.
    pub speed: f64,
    /// What of the recording is skipped at its beginning, in seconds of its own time.
    pub start_s: f64,
    /// How much of it is played, in seconds of its own time; `null`: all that is left.
    pub limit_s: Option<f64>,
    /// Whether it begins anew at its end.
    pub repeats: bool,
}

impl From<Replay> for ReplayEntry {
    fn from(Replay { speed, start, limit, repeats }: Replay) -> Self {
        Self {
            speed: speed.as_factor(),
            start_s: seconds(start),
            limit_s: limit.map(seconds),
            repeats,
        }
    }
}

/// One limit of the SLO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SloEntry {
    /// Key of the metric.
    pub metric: String,
    /// The longest that is good, in milliseconds.
    pub at_most_ms: f64,
}

impl SloEntry {
    /// The limits of `slo`, in order.
    pub fn all(slo: &Slo) -> Vec<Self> {
        let limits = slo.limits.iter();
        limits
            .map(|limit| Self {
                metric: limit.metric.key().to_owned(),
                at_most_ms: millis(limit.at_most),
            })
            .collect()
    }
}

/// How the cells were run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadEntry {
    /// What was sent before each measured window; `null`: nothing.
    pub warmup: Option<WarmupEntry>,
    /// How often the whole matrix is run.
    pub rounds: u32,
    /// Pause between two cells, in seconds.
    pub cooldown_s: f64,
    /// How long answers in flight may still finish, in seconds.
    pub drain_s: f64,
    /// When a cell is given up early; `null`: never.
    pub stop: Option<StopEntry>,
}

/// What was sent before each measured window; one of the two is set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WarmupEntry {
    /// So many requests.
    pub requests: Option<u64>,
    /// For so many seconds.
    pub duration_s: Option<f64>,
}

/// When a cell is given up early.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StopEntry {
    /// Share of failures, from 0 to 1.
    pub error_rate: f64,
    /// Finished requests before the rule applies.
    pub after: u64,
}

impl From<&Load> for LoadEntry {
    fn from(load: &Load) -> Self {
        let warmup = load.warmup.map(|warmup| match warmup {
            Warmup::Requests(requests) => {
                WarmupEntry { requests: Some(requests), duration_s: None }
            }
            Warmup::Duration(span) => {
                WarmupEntry { requests: None, duration_s: Some(seconds(span)) }
            }
        });
        let stop = load.stop.map(|StopRule { error_rate, after }| StopEntry {
            error_rate: error_rate.get(),
            after,
        });
        Self {
            warmup,
            rounds: load.rounds,
            cooldown_s: seconds(load.cooldown),
            drain_s: seconds(load.drain),
            stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BackendEntry, StageEntry};
    use crate::result::sample;

    #[test]
    fn a_model_sent_by_its_own_name_is_listed_too() {
        let scenario = sample::scenario(1);
        let entry = BackendEntry::new(&scenario.backends[0], ["chat", "llama3"]);
        let names: Vec<_> = entry.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["qwen3:4b", "bge-m3", "llama3"]);
        assert_eq!(entry.model_name("embed"), "bge-m3");
        assert_eq!(entry.url.as_deref(), Some("http://localhost:11434/v1"));
    }

    #[test]
    fn a_stage_is_labelled_by_its_load_and_its_end() {
        let scenario = sample::scenario(1);
        let [closed, open] = [0, 1].map(|stage| StageEntry::new(&scenario.load.stages[stage]));
        assert_eq!(closed.label, "concurrency 4, 30s");
        assert_eq!(open.label, "20/s poisson max 64, 30s");
        assert_eq!((closed.is_open(), open.is_open()), (false, true));
        assert_eq!((closed.rate_rps, open.rate_rps), (None, Some(20.0)));
    }
}
