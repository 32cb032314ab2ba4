//! What a search found: a sentence, and a table of the loads that were tried.

use super::numbers::{counted, number};
use super::side_table::SideTable;
use crate::metric::Threshold;
use crate::result::{AnswerEntry, HeldEntry, ProbeEntry, RunResult, SearchEntry};
use crate::units::{count, index};

/// A table for each search.
pub(super) fn search_tables(result: &RunResult) -> Vec<SideTable> {
    let last = result.searches.len().checked_sub(1);
    let table = |(place, search)| {
        let mut table = search_table(result, search);
        if Some(place) == last {
            table.remarks.extend(between_backends(result));
        }
        table
    };
    result.searches.iter().enumerate().map(table).collect()
}

fn search_table(result: &RunResult, search: &SearchEntry) -> SideTable {
    let limits = search.thresholds();
    let own = [("load", unit(search)), ("for", ""), ("verdict", ""), ("requests", "")];
    let mut heads: Vec<_> = own.map(|(name, unit)| (name.to_owned(), unit.to_owned())).into();
    heads.extend(limits.iter().map(|limit| (limit.figure.to_string(), String::new())));
    SideTable {
        title: format!("search: {}, {}", name(result, search), counted_probes(search)),
        heads,
        rows: search.probes.iter().map(|probe| row(probe, &limits)).collect(),
        remarks: remarks(result, search),
    }
}

fn counted_probes(search: &SearchEntry) -> String {
    counted(count(search.probes.len()), "probe")
}

/// `gateway/short-chat`
fn name(result: &RunResult, search: &SearchEntry) -> String {
    let backend = &result.backends[index(search.backend.into())].name;
    let workload = &result.workloads[index(search.workload.into())].name;
    format!("{backend}/{workload}")
}

/// `req/s`, or what stands there for closed loops.
fn unit(search: &SearchEntry) -> &'static str {
    if is_rate(search) { "req/s" } else { "at a time" }
}

fn is_rate(search: &SearchEntry) -> bool {
    search.axis == "rate"
}

fn row(probe: &ProbeEntry, limits: &[Threshold]) -> Vec<String> {
    let verdict = match (probe.held, probe.piled_up) {
        (_, Some(_)) => "too much",
        (true, None) => "holds",
        (false, None) => "breaks",
    };
    let mut doubts: Vec<_> = [
        (!probe.clear, "?"),
        (!probe.steady, "not steady"),
        (probe.doubt.is_some(), "client too slow"),
    ]
    .into_iter()
    .filter_map(|(applies, doubt)| applies.then_some(doubt))
    .collect();
    doubts.insert(0, verdict);
    let own = [load(probe.load), probe.aim.clone(), doubts.join(" "), probe.requests.to_string()];
    let figures = limits.iter().zip(&probe.limits).map(|(limit, judged)| {
        let value = judged.value.map_or_else(|| "-".to_owned(), |value| limit.shown(value));
        if judged.held { value } else { format!("{value} !") }
    });
    own.into_iter().chain(figures).collect()
}

/// A load; those of closed loops are whole.
fn load(load: f64) -> String {
    if load.fract() == 0.0 { format!("{load:.0}") } else { number(load) }
}

fn remarks(result: &RunResult, search: &SearchEntry) -> Vec<String> {
    let mut said = vec![sentence(result, search)];
    if let Some(AnswerEntry { held: Some(HeldEntry { load: at, held, of }), .. }) = &search.answer {
        said.push(format!(
            "{} {} held in {held} of {}",
            load(*at),
            unit(search),
            counted(u64::from(*of), "probe")
        ));
    }
    if let Some(at) = search.answer.as_ref().and_then(|answer| answer.changed_at) {
        said.push(format!(
            "the server changed during the search: probe {} contradicts earlier ones, so only what \
             came after counts; look what happened to it before you rely on the answer",
            at + 1
        ));
    }
    let untrusted = search.probes.iter().filter(|probe| probe.doubt.is_some()).count();
    if untrusted > 0 {
        said.push(format!(
            "in {} of {} the client itself could not keep up: what broke there may be its limit, not \
             the server's",
            untrusted,
            counted_probes(search)
        ));
    }
    said.extend(why_failed(search));
    if search.probes.iter().any(|probe| !probe.clear) {
        let meaning = "?: not clear: with as few requests it may as well be the other way round";
        said.push(meaning.to_owned());
    }
    said
}

/// What requests failed of, where failures broke the limit on them.
fn why_failed(search: &SearchEntry) -> Option<String> {
    let limits = search.thresholds();
    let errors = limits.iter().position(|limit| limit.figure.to_string() == "error_rate")?;
    let broken = |probe: &&ProbeEntry| probe.limits.get(errors).is_some_and(|it| !it.held);
    let least =
        search.probes.iter().filter(broken).min_by(|one, other| one.load.total_cmp(&other.load))?;
    let failure = least.failure.as_ref()?;
    let value = least.limits[errors].value.map(|value| limits[errors].shown(value));
    Some(format!(
        "requests failed from {} {} on ({} of them there), most of them as `{failure}`",
        load(least.load),
        unit(search),
        value.unwrap_or_default()
    ))
}

/// What a search found, in one sentence.
pub(super) fn sentence(result: &RunResult, search: &SearchEntry) -> String {
    let name = name(result, search);
    let limits = search.limits.join(" and ");
    let unit = unit(search);
    let Some(answer) = &search.answer else {
        let held = search.probes.iter().filter(|probe| probe.held).map(|probe| probe.load);
        let most = held.max_by(f64::total_cmp);
        let so_far = most.map(|most| format!(": {} {unit} held so far", load(most)));
        return format!(
            "{name}: the search for {limits} was stopped before its end{}",
            so_far.unwrap_or_default()
        );
    };
    let broken = answer.broken.as_deref().map(|broken| {
        let figure = broken.split([' ', '<', '>']).next().unwrap_or(broken);
        format!("; beyond that {figure} breaks first")
    });
    let broken = broken.unwrap_or_default();
    match (answer.end.as_str(), answer.load) {
        ("none_held", _) => {
            let broken = answer.broken.as_deref().unwrap_or(&limits);
            format!(
                "{name} does not hold {broken} even at {} {unit}, the least load of the search",
                load(search.from)
            )
        }
        ("all_held", Some(most)) => format!(
            "{name} holds {limits} at every load of the search, up to {} {unit}; search higher to see \
             the end",
            load(most)
        ),
        (end, Some(most)) => {
            let most = if is_rate(search) { number(most) } else { load(most) };
            let unfinished = match end {
                "budget" => " as far as the budget went",
                _ => "",
            };
            format!(
                "{name} holds {limits} up to {most} {unit}{}{unfinished}{broken}",
                known(search, answer)
            )
        }
        (_, None) => format!("{name}: the budget ended before any load was seen to hold {limits}"),
    }
}

/// ` (17.9–19.1)`, with where that is from.
fn known(search: &SearchEntry, answer: &AnswerEntry) -> String {
    let (Some(low), Some(high)) = (answer.low, answer.high) else { return String::new() };
    let shown = |value: f64| if is_rate(search) { number(value) } else { load(value) };
    match answer.method.as_str() {
        "curve" => format!(" ({}–{})", shown(low), shown(high)),
        _ if low >= high => String::new(),
        _ => format!(" (between {} and {}, by single probes)", shown(low), shown(high)),
    }
}

/// By how much one backend sustains more than another, for each pair in the same search.
pub(super) fn between_backends(result: &RunResult) -> Vec<String> {
    let mut said = Vec::new();
    let searches = &result.searches;
    for (place, one) in searches.iter().enumerate() {
        for other in &searches[place + 1..] {
            if (one.number, one.workload) == (other.number, other.workload) {
                said.extend(between(result, one, other));
            }
        }
    }
    said
}

fn between(result: &RunResult, one: &SearchEntry, other: &SearchEntry) -> Option<String> {
    let of = |search: &SearchEntry| {
        let answer = search.answer.as_ref()?;
        let load = answer.load.filter(|load| *load > 0.0)?;
        Some((load, answer.low.unwrap_or(load), answer.high.unwrap_or(load), answer.end.clone()))
    };
    let (first, second) = (of(one)?, of(other)?);
    let (more, most, less, least) =
        if first.0 >= second.0 { (one, first, other, second) } else { (other, second, one, first) };
    let backend = |search: &SearchEntry| &result.backends[index(search.backend.into())].name;
    let (unit, workload) = (unit(one), &result.workloads[index(one.workload.into())].name);
    let loads = format!("{} against {} {unit}", number(most.0), number(least.0));
    if most.1 <= least.2 {
        return Some(format!(
            "{workload}: {} and {} sustain about the same load at the same limits ({loads}; their \
             intervals overlap)",
            backend(more),
            backend(less)
        ));
    }
    let at_least = if most.3 == "all_held" { "at least " } else { "" };
    Some(format!(
        "{workload}: {} sustains {at_least}{} times the load of {} at the same limits ({loads})",
        backend(more),
        number(most.0 / least.0),
        backend(less)
    ))
}
