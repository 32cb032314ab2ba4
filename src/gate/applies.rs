//! Which figures a cell can have at all, and why it lacks one that it could have.

use crate::metric::{FigureKey, Metric};
use crate::openai::Endpoint;
use crate::result::{Measured, RunResult, WorkloadEntry};

/// Why cells of `workload` never have `metric`; `None` where they can.
pub(super) fn never(
    metric: Metric,
    workload: &WorkloadEntry,
    result: &RunResult,
) -> Option<&'static str> {
    let reasons = workload.kinds().into_iter().map(|kind| never_of(metric, kind, result));
    // What some requests of a mix have, its cells have.
    reasons.reduce(Option::and).flatten()
}

/// Why requests to an endpoint, streamed or not, never have `metric`; `None` where they can.
fn never_of(
    metric: Metric,
    (endpoint, stream): (Option<Endpoint>, bool),
    result: &RunResult,
) -> Option<&'static str> {
    let is_not = |other| endpoint.is_some_and(|endpoint| endpoint != other);
    let generates = endpoint.is_none_or(Endpoint::generates);
    let ranks = endpoint == Some(Endpoint::Rerank);
    match metric {
        _ if metric.needs_stream() && ranks => Some("rankings have no first token"),
        _ if metric.needs_stream() && !generates => Some("embeddings have no first token"),
        _ if metric.needs_stream() && !stream => Some("its answers are not streamed"),
        Metric::OutputTokens | Metric::OutputTokenThroughput if !generates => Some(if ranks {
            "rankings have no output tokens"
        } else {
            "embeddings have no output tokens"
        }),
        Metric::EmbeddingThroughput if is_not(Endpoint::Embeddings) => {
            Some("only embeddings have it")
        }
        Metric::DocumentThroughput if is_not(Endpoint::Rerank) => Some("only rankings have it"),
        Metric::Goodput | Metric::SloAttainment if result.slo.is_empty() => {
            Some("the scenario has no `slo`")
        }
        _ => None,
    }
}

/// Why a cell that could have `figure` lacks it.
pub(super) fn lacking(figure: FigureKey, measured: &Measured) -> String {
    let outcomes = &measured.outcomes;
    let metric = figure.metric();
    if outcomes.arrivals == 0 {
        return "no request was due".to_owned();
    }
    if outcomes.completed == 0 && metric != Metric::Connect {
        return format!("none of {} requests succeeded", outcomes.arrivals);
    }
    if measured.distribution(metric).is_some() {
        return "its histogram was left out of the result".to_owned();
    }
    match metric {
        Metric::Connect => "no request opened a connection of its own",
        Metric::Itl | Metric::Tpot | Metric::DecodeRate => {
            "the server does not tell how many tokens its answers have"
        }
        Metric::InputTokens
        | Metric::InputTokenThroughput
        | Metric::TotalTokenThroughput
        | Metric::PrefillRate => "the server does not tell how many tokens its input has",
        Metric::Resolve => "no request opened a connection to a host by its name",
        Metric::Tls => "no request opened a connection with TLS",
        Metric::ServerLoad
        | Metric::ServerPrefill
        | Metric::ServerPrefillRate
        | Metric::ServerDecodeRate => {
            "the server does not tell its own times; Ollama does at `endpoint: ollama_chat`"
        }
        Metric::OutputTokens => "no output token was counted",
        _ => "no request of the cell has it",
    }
    .to_owned()
}
