//! What must be said beside the figures, in plain words.

use std::cmp::Reverse;

use super::blocks::{Block, Row};
use super::contrast::tokens_compare;
use super::numbers::{bytes, counted, dollars, number, percent};
use crate::metric::{Metric, ServerMeter, Statistic};
use crate::result::{FailureEntry, Measured, MeterEntry, SessionEntry};
use crate::units::{float, ratio};

/// Most messages shown for one backend; the rest is counted.
const MESSAGES_SHOWN: usize = 5;

/// Tokens per chunk are told apart from 1 from here on.
const BUNDLED: f64 = 0.01;

/// The failures of `row`, most frequent first: a line that sums up, then one for each kind and
/// message. Empty if nothing failed.
pub(super) fn failures(row: &Row) -> Vec<String> {
    let outcomes = &row.cell.measured.outcomes;
    let failed = outcomes.failures();
    if failed == 0 {
        return Vec::new();
    }
    let share = ratio(failed, outcomes.arrivals).map(percent).unwrap_or_default();
    let mut lines = vec![format!(
        "{}: {failed} of {} failed ({share})",
        row.label,
        requests(outcomes.arrivals)
    )];
    let kinds = told_kinds(&row.cell.measured);
    let hidden = kinds.len().saturating_sub(MESSAGES_SHOWN);
    lines.extend(kinds.iter().take(MESSAGES_SHOWN).map(|(count, kind, message)| {
        let words = words_for(kind);
        let said = message.map(|message| format!(": {message}")).unwrap_or_default();
        format!("{count} x {kind} ({words}){said}")
    }));
    if hidden > 0 {
        lines.push(format!("and {}", counted(crate::units::count(hidden), "other message")));
    }
    lines
}

/// Count, kind and message of the failures; what no sample tells stands without a message.
pub(super) fn told_kinds(measured: &Measured) -> Vec<(u64, &str, Option<&str>)> {
    let samples = measured.failures.iter();
    let mut kinds: Vec<_> = samples
        .map(|FailureEntry { kind, count, message }| (*count, &**kind, Some(&**message)))
        .collect();
    for (kind, all) in &measured.outcomes.failed {
        let told: u64 =
            kinds.iter().filter(|(_, told, _)| told == kind).map(|(count, _, _)| count).sum();
        if *all > told {
            kinds.push((all - told, kind, None));
        }
    }
    kinds.sort_by_key(|(count, ..)| Reverse(*count));
    kinds
}

/// A kind of failure in plain words.
pub(super) fn words_for(kind: &str) -> &'static str {
    match kind.split('(').next().unwrap_or(kind) {
        "resolve" => "the host name could not be resolved",
        "connect" => "no connection: refused or broken off",
        "tls" => "the TLS handshake failed",
        "connect_timeout" => "no connection in time",
        "first_token_timeout" => "no first token in time",
        "stall_timeout" => "the stream fell silent",
        "request_timeout" => "the answer took too long",
        "drain_timeout" => "not finished when the stage ended",
        "disconnected" => "the connection closed before the answer",
        "overloaded" => "the server refused for want of room",
        "http_status" => "the server answered with an error",
        "api_error" => "an error inside a 200 answer",
        "truncated" => "the answer broke off",
        "malformed" => "the answer does not follow the protocol",
        "empty" => "an answer without text",
        "too_large" => "the answer ran past the size bound",
        _ => "unknown to this version",
    }
}

/// What else must be known to read the figures of `block`, backend by backend.
pub(super) fn remarks(block: &Block<'_>) -> Vec<String> {
    let generates = block.workload.generates();
    let mut lines = Vec::new();
    let mut say = |row: &Row, said: Vec<String>| {
        lines.extend(said.into_iter().map(|line| format!("{}: {line}", row.label)));
    };
    // What tokens are counted by differs between the workloads of a mix.
    let parts = if block.members.is_empty() { None } else { block.parts() };
    for row in parts.iter().flat_map(|parts| &parts.rows) {
        say(row, of_tokens(&row.cell.measured));
    }
    for row in &block.rows {
        let mut said = Vec::new();
        if generates && parts.is_none() {
            said.extend(of_tokens(&row.cell.measured));
        }
        said.extend(token_shares(&row.cell.measured));
        said.extend(by_the_server(&row.cell.measured));
        said.extend(of_the_server(&row.cell.measured));
        said.extend(costs(row));
        said.extend(sessions(&row.cell.measured));
        said.extend(unusual_ends(row));
        say(row, said);
    }
    let members = block.members.iter().map(|member| member.prompts_left_out);
    if let left_out @ 1.. = members.sum::<u64>() + block.workload.prompts_left_out {
        let rows = counted(left_out, "row");
        lines.push(format!("{rows} of the prompt file left out as invalid"));
    }
    if generates && !tokens_compare(block) {
        lines.push(
            "output tokens are not counted alike: TPOT and tok/s do not compare between these"
                .to_owned(),
        );
    }
    lines
}

/// How the output tokens of an answer came about.
fn of_tokens(measured: &Measured) -> Vec<String> {
    let mut said = token_source(measured);
    said.extend(tokens_per_event(measured));
    said.extend(hidden_reasoning(measured));
    said.extend(tool_calls(measured));
    said
}

/// How the conversations that began in the window ended.
fn sessions(measured: &Measured) -> Option<String> {
    let SessionEntry { completed, failed, cut_short } = measured.sessions?;
    let begun = counted(completed + failed + cut_short, "session");
    let mut ends = vec![format!("{completed} went to their end")];
    ends.extend((failed > 0).then(|| format!("{failed} ended with a turn that failed")));
    ends.extend(
        (cut_short > 0).then(|| format!("{cut_short} were cut short by the end of the load")),
    );
    Some(format!("{begun} began: {}", ends.join(", ")))
}

fn token_source(measured: &Measured) -> Vec<String> {
    let sources = measured.token_sources;
    let all = measured.outcomes.completed;
    [
        (sources.tokenizer, "counted by a local tokenizer", ""),
        (sources.chunks, "estimated", ": one per chunk, as the server told no count"),
        (sources.none, "not known", ""),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, how, why)| {
        let share = if count == all { String::new() } else { format!(" for {count} of {all}") };
        format!("output tokens are {how}{share}{why}")
    })
    .collect()
}

fn tokens_per_event(measured: &Measured) -> Option<String> {
    let tokens = measured.tokens_per_event()?;
    ((tokens - 1.0).abs() >= BUNDLED).then(|| format!("{} tokens per chunk", number(tokens)))
}

fn hidden_reasoning(measured: &Measured) -> Option<String> {
    let hidden = measured.hidden_reasoning;
    let have = if hidden == 1 { "has" } else { "have" };
    let words = format!("reasoned without sending it, and {have} no TPOT and ITL");
    (hidden > 0).then(|| format!("{} {words}", requests(hidden)))
}

fn tool_calls(measured: &Measured) -> Option<String> {
    let calls = measured.tool_calls;
    let answers = counted(measured.outcomes.completed, "answer");
    (calls > 0).then(|| format!("{} in {answers}", counted(calls, "tool call")))
}

fn token_shares(measured: &Measured) -> Vec<String> {
    let tokens = measured.tokens;
    let share = |part: Option<u64>, all: Option<u64>, words: &str| {
        let share = ratio(part?, all?).filter(|share| *share > 0.0)?;
        Some(format!("{} {words}", percent(share)))
    };
    let parts = [
        share(tokens.reasoning, tokens.output, "of the output tokens are reasoning"),
        share(tokens.cached, tokens.input, "of the input tokens came from a cache"),
    ];
    parts.into_iter().flatten().collect()
}

/// What the server says of its own time, beside what the client saw.
fn by_the_server(measured: &Measured) -> Option<String> {
    let figure = |metric, statistic| measured.distribution(metric)?.get(statistic);
    let median = |metric| figure(metric, Statistic::Percentile(50.0));
    let shown = |value: Option<f64>, words: &str| value.map(|it| format!("{} {words}", number(it)));
    let rate = |own: Metric, seen: Metric, words: &str| {
        let seen = shown(median(seen), "as the client saw it");
        let seen = seen.map(|seen| format!(" ({seen})")).unwrap_or_default();
        shown(median(own), &format!("tok/s {words}")).map(|own| own + &seen)
    };
    let parts = [
        shown(median(Metric::ServerPrefill), "ms for the input"),
        rate(Metric::ServerPrefillRate, Metric::PrefillRate, "input"),
        rate(Metric::ServerDecodeRate, Metric::DecodeRate, "output"),
        shown(figure(Metric::ServerLoad, Statistic::Max), "ms at most for loading the model"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("by the server's own clock, at p50: {}", parts.join(", ")))
}

/// What the server told of itself while it was measured.
fn of_the_server(measured: &Measured) -> Option<String> {
    let server = measured.server.as_ref()?;
    let state = |meter: ServerMeter, show: fn(f64) -> String| {
        let MeterEntry { mean, max, .. } = server.meter(meter)?;
        let (mean, max) = (show((*mean)?), show((*max)?));
        let most = if mean == max { String::new() } else { format!(" (at most {max})") };
        Some(format!("{} {mean}{most}", meter.name()))
    };
    let rate = |meter: ServerMeter, words: &str| {
        let rate = server.meter(meter)?.per_second.filter(|rate| *rate > 0.0)?;
        Some(format!("{} {words}", number(rate)))
    };
    let preemptions = server.meter(ServerMeter::Preemptions).and_then(|meter| meter.increase);
    let watts = |power: f64| format!("{} W", number(power));
    let parts = [
        state(ServerMeter::RequestsRunning, number),
        state(ServerMeter::RequestsWaiting, number),
        state(ServerMeter::KvCacheUse, percent),
        server.prefix_cache_hits.map(|share| format!("{} prefix cache hits", percent(share))),
        preemptions.filter(|it| *it > 0.0).map(|it| format!("{} preemptions", number(it))),
        rate(ServerMeter::OutputTokens, "output tok/s by its own count"),
        state(ServerMeter::GpuUse, percent),
        state(ServerMeter::GpuMemory, bytes),
        state(ServerMeter::GpuPower, watts),
        server.tokens_per_joule.map(|tokens| format!("{} output tokens per joule", number(tokens))),
        rate(ServerMeter::CpuBusy, "processors busy on the machine"),
        rate(ServerMeter::ProcessCpu, "processors busy with the server"),
        state(ServerMeter::ProcessMemory, bytes),
    ];
    let mut parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        parts.push("nothing that is known".to_owned());
    }
    if let (1.., Some(error)) = (server.failed, &server.error) {
        let of = counted(server.readings, "reading");
        parts.push(format!("{} of {of} failed: {error}", server.failed));
    }
    Some(format!("the server's own metrics: {}", parts.join(", ")))
}

/// What the measured requests cost, by the price in the scenario and by a gateway's own words.
fn costs(row: &Row) -> Vec<String> {
    let measured = &row.cell.measured;
    let completed = measured.outcomes.completed;
    let by_price = row.price.and_then(|price| price.cost(&measured.tokens)).map(|cost| {
        let thousand = dollars(cost / float(completed.max(1)) * 1e3);
        format!("{} for {} at its price, {thousand} a thousand", dollars(cost), requests(completed))
    });
    let by_gateway = measured.gateway.as_ref().and_then(|gateway| gateway.cost_usd);
    let by_gateway = by_gateway.filter(|cost| *cost > 0.0);
    let by_gateway = by_gateway.map(|cost| format!("{} by the gateway's own words", dollars(cost)));
    by_price.into_iter().chain(by_gateway).collect()
}

fn unusual_ends(row: &Row) -> Vec<String> {
    let measured = &row.cell.measured;
    let outcomes = &measured.outcomes;
    let mut lines: Vec<_> = [
        (outcomes.capped, "cut off by the client past the token limit"),
        (outcomes.cancelled, "in flight when the run was stopped"),
        (outcomes.unsent, "due, but still held back when the stage closed"),
        (measured.stale_reconnects, "sent again because a reused connection had been closed"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{} {words}", requests(count)))
    .collect();
    lines.extend(row.cell.ended_early.iter().map(|reason| format!("ended early: {reason}")));
    lines
}

fn requests(count: u64) -> String {
    counted(count, "request")
}

#[cfg(test)]
mod tests {
    use super::{failures, remarks};
    use crate::report::blocks::blocks;
    use crate::result::{GatewayEntry, Measured, PriceEntry, sample};

    /// What is said beside the figures of one backend, after `change`.
    fn said(change: impl Fn(&mut Measured)) -> Vec<String> {
        let mut result = sample::result(1);
        result.cells.truncate(1);
        change(&mut result.cells[0].measured);
        let blocks = blocks(&result, false).unwrap();
        let mut lines = failures(&blocks[0].rows[0]);
        lines.extend(remarks(&blocks[0]));
        lines
    }

    #[test]
    fn a_price_makes_a_cost() {
        let mut result = sample::result(1);
        result.cells.truncate(1);
        let price = PriceEntry {
            input_per_million: 0.15,
            cached_per_million: None,
            output_per_million: 0.6,
        };
        result.backends[0].price = Some(price);
        let measured = &mut result.cells[0].measured;
        (measured.tokens.input, measured.tokens.output) = (Some(200_000), Some(100_000));
        measured.gateway = Some(GatewayEntry { cost_usd: Some(0.1), ..GatewayEntry::default() });
        let lines = remarks(&blocks(&result, false).unwrap()[0]);
        let costs: Vec<_> = lines.iter().filter(|line| line.contains('$')).collect();
        insta::assert_snapshot!(costs[0], @"ollama: $0.0900 for 1000 requests at its price, $0.0900 a thousand");
        insta::assert_snapshot!(costs[1], @"ollama: $0.100 by the gateway's own words");
    }

    #[test]
    fn what_servers_count_and_send_is_named() {
        let lines = said(|measured| {
            measured.tokens.reasoning = Some(40_000);
            measured.tokens.cached = Some(3_000);
            measured.hidden_reasoning = 1;
            measured.tool_calls = 3;
        });
        assert_eq!(
            lines,
            [
                "ollama: 2.00 tokens per chunk",
                "ollama: 1 request reasoned without sending it, and has no TPOT and ITL",
                "ollama: 3 tool calls in 1000 answers",
                "ollama: 40% of the output tokens are reasoning",
                "ollama: 25% of the input tokens came from a cache",
            ]
        );
    }

    #[test]
    fn token_counts_from_elsewhere_say_for_how_many() {
        let lines = said(|measured| {
            measured.token_sources.usage = 900;
            measured.token_sources.chunks = 99;
            measured.token_sources.none = 1;
            measured.counted_streams.text_events = measured.counted_streams.tokens;
        });
        assert_eq!(
            lines,
            [
                "ollama: output tokens are estimated for 99 of 1000: one per chunk, as the server \
                 told no count",
                "ollama: output tokens are not known for 1 of 1000",
            ]
        );
    }

    #[test]
    fn every_end_but_the_usual_one_is_counted() {
        let lines = said(|measured| {
            measured.counted_streams = crate::result::CountedStreamsEntry::default();
            measured.outcomes.capped = 2;
            measured.outcomes.cancelled = 1;
            measured.outcomes.unsent = 3;
            measured.stale_reconnects = 4;
        });
        assert_eq!(
            lines,
            [
                "ollama: 2 requests cut off by the client past the token limit",
                "ollama: 1 request in flight when the run was stopped",
                "ollama: 3 requests due, but still held back when the stage closed",
                "ollama: 4 requests sent again because a reused connection had been closed",
            ]
        );
    }

    #[test]
    fn failures_without_a_sample_are_counted_all_the_same() {
        let lines = said(|measured| {
            measured.counted_streams = crate::result::CountedStreamsEntry::default();
            measured.outcomes.failed =
                [("connect".to_owned(), 7), ("http_status(404)".to_owned(), 2)].into();
        });
        assert_eq!(
            lines,
            [
                "ollama: 9 of 1000 requests failed (0.9%)",
                "7 x connect (no connection: refused or broken off)",
                "2 x http_status(404) (the server answered with an error)",
            ]
        );
    }

    #[test]
    fn every_kind_of_failure_has_plain_words() {
        use crate::record::FailureKind as Kind;
        let kinds = [
            Kind::Resolve,
            Kind::Connect,
            Kind::Tls,
            Kind::ConnectTimeout,
            Kind::FirstTokenTimeout,
            Kind::StallTimeout,
            Kind::RequestTimeout,
            Kind::DrainTimeout,
            Kind::Disconnected,
            Kind::Overloaded,
            Kind::HttpStatus(500),
            Kind::ApiError,
            Kind::Truncated,
            Kind::Malformed,
            Kind::Empty,
            Kind::TooLarge,
        ];
        for kind in kinds {
            assert_ne!(super::words_for(&kind.to_string()), super::words_for("?"), "{kind}");
        }
    }
}
