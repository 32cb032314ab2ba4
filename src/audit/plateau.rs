//! What holds a backend back where more load brings no more answers: a limit on the requests that
//! it serves at a time, or the hardware that all of them share.
//!
//! By Little's law a backend that answers `X` requests per second, each of which it works on for
//! `S` seconds, works on `X · S` of them at a time. `S` is the latency without the wait: E2E − TTFT,
//! and a TTFT without queue. Where a queue is the limit, that number stays the same however many
//! requests are in flight, streams are as fast as before, and TTFT takes all of the further wait.
//! Where the hardware is, every request in flight is worked on, and each one more slows all.
//!
//! # Source
//!
//! J. D. C. Little, A Proof for the Queuing Formula L = λW, Operations Research 9 (1961).

use super::catalogue::FindingKind;
use super::finding::{Finding, Severity};

/// Throughputs this close are the same: two windows of half a minute differ by as much.
pub(super) const SAME_THROUGHPUT: f64 = 0.1;
/// How much more must be in flight at the end of a plateau than at its begin, and than is served:
/// with less, chance decides.
pub(super) const MORE_IN_FLIGHT: f64 = 1.5;
/// Numbers served at a time this close are the same.
const SAME_SERVED: f64 = 0.15;
/// Speeds of streams this close are the same.
pub(super) const SAME_SPEED: f64 = 0.25;
/// The share of the further latency that lies before the first token where a queue is the limit.
pub(super) const WAITED: f64 = 0.8;

/// A backend under one workload at one concurrency, all rounds together; of streams only, since
/// without a first token nobody can tell waiting from work.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadPoint {
    /// Name of the backend.
    pub backend: String,
    /// Name of the workload.
    pub workload: String,
    /// Requests kept in flight.
    pub concurrency: u32,
    /// Answers per second.
    pub throughput_rps: f64,
    /// Mean time to the first token, in ms.
    pub ttft_ms: f64,
    /// The shortest time to a first token, in ms.
    pub ttft_min_ms: f64,
    /// Mean end-to-end latency, in ms.
    pub e2e_ms: f64,
    /// Mean time per output token, in ms; `None` where answers have one.
    pub tpot_ms: Option<f64>,
}

/// What holds each backend back under each workload, where the points tell.
pub(super) fn held_back(points: &[LoadPoint]) -> Vec<Finding> {
    let mut loads: Vec<(&str, &str)> = Vec::new();
    for point in points {
        let load = (point.backend.as_str(), point.workload.as_str());
        if !loads.contains(&load) {
            loads.push(load);
        }
    }
    let of = |(backend, workload)| {
        let own = |point: &&LoadPoint| point.backend == backend && point.workload == workload;
        let mut own: Vec<_> = points.iter().filter(own).collect();
        own.sort_by_key(|point| point.concurrency);
        own.dedup_by_key(|point| point.concurrency);
        own
    };
    loads.into_iter().map(of).filter_map(|own| limit(&own)).collect()
}

/// What holds one backend back; `points` ascend.
fn limit(points: &[&LoadPoint]) -> Option<Finding> {
    let quickest = points.iter().map(|point| point.ttft_min_ms).reduce(f64::min)?;
    let plateau = plateau(points)?;
    let [first, .., last] = plateau else { return None };
    let slower = last.e2e_ms - first.e2e_ms;
    let waited = (last.ttft_ms - first.ttft_ms) / slower;
    let speeds = first.tpot_ms.zip(last.tpot_ms);
    let is_as_fast = speeds.is_none_or(|(before, after)| same(before, after, SAME_SPEED));
    let served = plateau.iter().map(|point| served(point, quickest));
    let served: Vec<_> = served.collect();
    let mean = served.iter().sum::<f64>() / f64::from(u32::try_from(served.len()).ok()?);
    let is_limited = served.iter().all(|one| same(*one, mean, SAME_SERVED))
        && mean * MORE_IN_FLIGHT <= f64::from(last.concurrency);
    if waited >= WAITED && is_as_fast && is_limited {
        return Some(limited(first, last, mean));
    }
    let (before, after) = speeds?;
    let is_slower = after > before * (1.0 + SAME_SPEED) && waited < 1.0 - WAITED;
    is_slower.then(|| saturated(first, last, [before, after]))
}

/// The longest end of the points that has one throughput, if the load grows enough in it.
fn plateau<'a, 'b>(points: &'a [&'b LoadPoint]) -> Option<&'a [&'b LoadPoint]> {
    let last = points.last()?;
    let flat =
        |point: &&&LoadPoint| same(point.throughput_rps, last.throughput_rps, SAME_THROUGHPUT);
    let length = points.iter().rev().take_while(flat).count();
    let plateau = &points[points.len() - length..];
    let growth = f64::from(last.concurrency) / f64::from(plateau.first()?.concurrency);
    (growth >= MORE_IN_FLIGHT && last.throughput_rps > 0.0).then_some(plateau)
}

/// How many requests are worked on at a time.
fn served(point: &LoadPoint, quickest_ms: f64) -> f64 {
    point.throughput_rps * (point.e2e_ms - point.ttft_ms + quickest_ms) / 1e3
}

fn same(left: f64, right: f64, apart: f64) -> bool {
    (left - right).abs() <= apart * left.max(right)
}

fn limited(first: &LoadPoint, last: &LoadPoint, served: f64) -> Finding {
    let about = served.round().max(1.0);
    let text = format!(
        "{} serves about {about} {} at a time ({}): from concurrency {} to {} it answers {} \
         requests/s all the same, TTFT grows from {:.0} to {:.0} ms, and tokens come as fast as \
         before; the rest wait in a queue",
        last.backend,
        if about > 1.0 { "requests" } else { "request" },
        last.workload,
        first.concurrency,
        last.concurrency,
        Digits(last.throughput_rps),
        first.ttft_ms,
        last.ttft_ms,
    );
    Finding::new(FindingKind::LimitedSlots, Severity::Note, text)
        .measured(served, f64::from(last.concurrency))
}

fn saturated(first: &LoadPoint, last: &LoadPoint, [before, after]: [f64; 2]) -> Finding {
    let text = format!(
        "{} is saturated ({}): from concurrency {} to {} it answers {} requests/s all the same, \
         while each stream slows down, TPOT from {before:.1} to {after:.1} ms",
        last.backend,
        last.workload,
        first.concurrency,
        last.concurrency,
        Digits(last.throughput_rps),
    );
    Finding::new(FindingKind::Saturated, Severity::Note, text)
        .measured(after / before, 1.0 + SAME_SPEED)
}

/// A rate with as many significant digits as its precision says.
struct Digits(f64);

impl std::fmt::Display for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = match self.0 {
            rate if rate >= 100.0 => 0,
            rate if rate >= 10.0 => 1,
            _ => 2,
        };
        write!(f, "{:.decimals$}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LoadPoint, held_back};
    use crate::audit::Finding;

    /// A server with so many slots, whose answers take 20 ms to the first token and a second in
    /// all, under a closed loop: exact by Little's law.
    fn with_slots(slots: u32, concurrency: u32) -> LoadPoint {
        let served = concurrency.min(slots);
        let throughput_rps = f64::from(served);
        let e2e_ms = f64::from(concurrency) / throughput_rps * 1e3;
        LoadPoint {
            backend: "ollama".to_owned(),
            workload: "chat".to_owned(),
            concurrency,
            throughput_rps,
            ttft_ms: e2e_ms - 980.0,
            ttft_min_ms: 20.0,
            e2e_ms,
            tpot_ms: Some(10.0),
        }
    }

    /// A server that works on all requests at once, and answers so many a second at most.
    fn shared(most_rps: f64, concurrency: u32) -> LoadPoint {
        let throughput_rps = f64::from(concurrency).min(most_rps);
        let e2e_ms = f64::from(concurrency) / throughput_rps * 1e3;
        LoadPoint {
            backend: "vllm".to_owned(),
            throughput_rps,
            ttft_ms: 20.0,
            e2e_ms,
            tpot_ms: Some((e2e_ms - 20.0) / 98.0),
            ..with_slots(1, concurrency)
        }
    }

    fn keys(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.key.as_str()).collect()
    }

    #[test]
    fn a_queue_is_told_with_the_number_that_is_served() {
        let points: Vec<_> = [1, 2, 4, 8, 16].map(|c| with_slots(4, c)).to_vec();
        let findings = held_back(&points);
        insta::assert_snapshot!(findings[0].text, @"ollama serves about 4 requests at a time (chat): from concurrency 4 to 16 it answers 4.00 requests/s all the same, TTFT grows from 20 to 3020 ms, and tokens come as fast as before; the rest wait in a queue");
    }

    #[test]
    fn shared_hardware_is_told_apart_from_a_queue() {
        let points: Vec<_> = [1, 4, 8, 16, 32].map(|c| shared(8.0, c)).to_vec();
        let findings = held_back(&points);
        insta::assert_snapshot!(findings[0].text, @"vllm is saturated (chat): from concurrency 8 to 32 it answers 8.00 requests/s all the same, while each stream slows down, TPOT from 10.0 to 40.6 ms");
    }

    #[test]
    fn nothing_is_said_of_a_server_that_still_answers_more() {
        for points in [vec![1, 2, 4], vec![8], vec![]] {
            let points: Vec<_> = points.into_iter().map(|c| with_slots(8, c)).collect();
            assert_eq!(held_back(&points), []);
        }
    }

    #[test]
    fn backends_and_workloads_are_told_one_by_one() {
        let mut points: Vec<_> = [1, 4, 16].map(|c| with_slots(2, c)).to_vec();
        points.extend([1, 8, 32].map(|c| shared(4.0, c)));
        assert_eq!(keys(&held_back(&points)), ["limited_slots", "saturated"]);
    }

    proptest! {
        #[test]
        fn the_number_of_slots_is_found_within_noise(
            slots in 1_u32..12,
            noise in prop::collection::vec(0.97_f64..1.03, 6),
        ) {
            let points: Vec<_> = [slots, slots * 2, slots * 4]
                .into_iter()
                .zip(noise.chunks(2))
                .map(|(concurrency, noise)| {
                    let mut point = with_slots(slots, concurrency);
                    point.throughput_rps *= noise[0];
                    point.e2e_ms *= noise[1];
                    point.ttft_ms = (point.e2e_ms - 980.0).max(20.0);
                    point
                })
                .collect();
            let findings = held_back(&points);
            prop_assert_eq!(keys(&findings), ["limited_slots"]);
            let found = findings[0].figure.unwrap();
            prop_assert!((found - f64::from(slots)).abs() <= 0.08 * f64::from(slots), "{}", found);
        }
    }
}
