//! Searches on simulated queues, whose capacity theory gives.

use super::queue::{Queue, Service};
use super::{
    Aim, Answer, End, Evidence, Goal, Judgement, Method, Overload, Probe, Sample, Span, Step,
    next_step,
};
use crate::units::{count, ratio};

/// A server as the search meets it at one probe.
#[derive(Clone, Copy)]
struct Server {
    queue: Queue,
    /// Requests per second above which it refuses.
    refuses_above: f64,
}

const fn server(service: Service) -> Server {
    Server { queue: Queue { servers: 4, service }, refuses_above: f64::INFINITY }
}

/// A search among rates, with probes of 100 seconds; `server` is the server at each probe.
fn search(goal: &Goal, seed: u64, server: impl Fn(usize) -> Server) -> (Answer, Vec<Probe>) {
    let mut probes = Vec::new();
    loop {
        match next_step(goal, &probes, false) {
            Step::Over(answer) => return (answer, probes),
            Step::Probe { load, aim } => {
                let seed = seed * 1_000 + count(probes.len());
                let judgement = probe(goal, server(probes.len()), (load, aim), seed);
                probes.push(Probe { load, aim, judgement });
            }
        }
    }
}

/// One probe, looked at twenty times.
fn probe(goal: &Goal, server: Server, (rate, aim): (f64, Aim), seed: u64) -> Judgement {
    let run = server.queue.serve(rate, 100.0, seed);
    let mut evidence = Evidence::default();
    let (mut looked, mut taken) = (1, 0.0);
    for (place, wait) in run.waits.iter().enumerate() {
        taken += (server.refuses_above / rate).min(1.0);
        let failed = taken < 1.0;
        taken -= if failed { 0.0 } else { 1.0 };
        let latency = Some(wait * 1e3).filter(|_| !failed);
        let values = vec![latency; goal.limits.len()].into();
        evidence.add(Sample { index: count(place), failed, good: !failed, latency, values });
        let part = 20 * (place + 1) / run.waits.len();
        if part > looked {
            looked = part;
            let is_clear = Judgement::early(&evidence, &goal.limits).is_some();
            if part >= 5 && !aim.is_fresh() && is_clear {
                return Judgement::of(&evidence, &goal.limits, None, &|_| None);
            }
        }
    }
    let latencies: Vec<_> = run.waits.iter().map(|wait| wait * 1e3).collect();
    let overload = Overload::of(&run.in_flight, &latencies, count(latencies.len()));
    Judgement::of(&evidence, &goal.limits, overload, &|_| None)
}

fn goal(limits: &[&str]) -> Goal {
    Goal {
        span: Span { from: 5.0, to: 200.0, whole: false },
        limits: limits.iter().map(|limit| limit.parse().unwrap()).collect(),
        confirm: 3,
        precision: 0.05,
        probes: 60,
    }
}

/// The largest error of ten searches, and how many of their intervals cover `truth`.
fn ten(limit: &str, service: Service, truth: f64) -> (f64, usize) {
    let (mut worst, mut covered) = (0.0_f64, 0);
    for seed in 0..10 {
        let (answer, _) = search(&goal(&[limit]), seed, |_| server(service));
        let (load, (low, high)) = (answer.load.unwrap(), answer.interval.unwrap());
        assert_eq!((answer.end, answer.method), (End::Found, Method::Curve));
        worst = worst.max((load / truth - 1.0).abs());
        covered += usize::from((low..=high).contains(&truth));
    }
    (worst, covered)
}

/// The waits of M/M/4 with 0.1 s each: `P(W > t) = C(4, λ/10) exp(−(40 − λ) t)` with Erlang's C; its
/// published value C(4, 3) is 0.5094 (L. Kleinrock, Queueing Systems 1, 1975).
fn waits_longer(rate: f64, time: f64) -> f64 {
    let offered = rate * 0.1;
    let blocked = (1..=4).fold(1.0, |blocked, servers| {
        let servers = f64::from(servers);
        offered * blocked / (servers + offered * blocked)
    });
    let waits = blocked / (1.0 - offered / 4.0 * (1.0 - blocked));
    waits * (-(40.0 - rate) * time).exp()
}

/// The rate at which so many of the requests wait for longer than `time` seconds.
fn rate_where(share: f64, time: f64) -> f64 {
    let (mut low, mut high) = (1.0, 39.999);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if waits_longer(middle, time) < share { low = middle } else { high = middle }
    }
    low
}

#[test]
fn erlangs_formula_is_the_published_one() {
    assert!((waits_longer(30.0, 0.0) - 0.509_4).abs() < 1e-4);
}

#[test]
fn the_simulated_queue_is_that_of_theory() {
    let queue = Queue { servers: 4, service: Service::Exponential(0.1) };
    for rate in [20.0, 26.57, 30.0] {
        let waits = queue.serve(rate, 20_000.0, 7).waits;
        let longer = waits.iter().filter(|wait| **wait > 0.15).count();
        let share = ratio(count(longer), count(waits.len())).unwrap();
        assert!((share / waits_longer(rate, 0.15) - 1.0).abs() < 0.1, "{rate}: {share}");
    }
}

#[test]
fn the_capacity_of_exponential_servers_is_found() {
    let truth = rate_where(0.05, 0.15);
    let (worst, covered) = ten("ttft.p95 < 150ms", Service::Exponential(0.1), truth);
    assert!(worst < 0.05, "{worst}");
    assert!(covered >= 9, "{covered}");
}

/// The mean wait of M/M/4 is `C(4, λ/10) / (40 − λ)`: 90 ms at 32.93 requests per second.
#[test]
fn a_limit_on_the_mean_is_found_too() {
    let truth = 32.93;
    assert!((waits_longer(truth, 0.0) / (40.0 - truth) - 0.09).abs() < 0.001);
    let (worst, covered) = ten("ttft.mean < 90ms", Service::Exponential(0.1), truth);
    assert!(worst < 0.05, "{worst}");
    assert!(covered >= 9, "{covered}");
}

/// M/D/4 with 0.1 s: 5 % wait for longer than 60 ms at 24.1914 requests per second, by the formula of
/// G. J. Franx, "A simple solution for the M/D/c waiting time distribution", Oper. Res. Lett. 29
/// (2001), with the queue lengths from the embedded chain of 401 states (numpy 1.26).
#[test]
fn the_capacity_of_servers_that_always_take_as_long_is_found() {
    let (worst, covered) = ten("ttft.p95 < 60ms", Service::Fixed(0.1), 24.191_4);
    assert!(worst < 0.05, "{worst}");
    assert!(covered >= 9, "{covered}");
}

#[test]
fn a_server_that_refuses_is_held_back_by_its_failures() {
    let limits = ["ttft.p95 < 150ms", "error_rate < 1%"];
    let refusing = Server { refuses_above: 20.0, ..server(Service::Exponential(0.1)) };
    let (answer, _) = search(&goal(&limits), 1, |_| refusing);
    assert_eq!((answer.end, answer.broken), (End::Found, Some(1)));
    let load = answer.load.unwrap();
    assert!((19.0..=21.0).contains(&load), "{answer:?}");
}

#[test]
fn a_server_that_slows_down_is_measured_as_it_is_then() {
    let goal = goal(&["ttft.p95 < 150ms"]);
    let slower = |probe| server(Service::Exponential(if probe < 6 { 0.1 } else { 0.2 }));
    let (answer, probes) = search(&goal, 2, slower);
    assert!(answer.changed_at.is_some_and(|at| at >= 6), "{answer:?}");
    // Half as fast, and the wait half as long in its own measure.
    let load = answer.load.unwrap();
    let held = probes[answer.changed_at.unwrap()..].iter().filter(|it| it.judgement.held);
    assert!(held.count() >= 3 && (8.0..14.0).contains(&load), "{load}");
}

#[test]
fn a_server_that_breaks_down_holds_nothing_any_more() {
    let goal = goal(&["ttft.p95 < 150ms", "error_rate < 1%"]);
    let broken = |probe| {
        let refuses_above = if probe < 6 { f64::INFINITY } else { 0.0 };
        Server { refuses_above, ..server(Service::Exponential(0.1)) }
    };
    let (answer, probes) = search(&goal, 3, broken);
    assert_eq!((answer.end, answer.load), (End::NoneHeld, None));
    assert!(answer.changed_at.is_some() && probes.len() < 20, "{}", probes.len());
}

#[test]
fn ends_of_the_span_are_answers_too() {
    let within =
        Goal { span: Span { from: 2.0, to: 10.0, whole: false }, ..goal(&["ttft.p95 < 150ms"]) };
    let (answer, _) = search(&within, 4, |_| server(Service::Exponential(0.1)));
    assert_eq!((answer.end, answer.load, answer.interval), (End::AllHeld, Some(10.0), None));
    let above = Goal { span: Span { from: 35.0, to: 99.0, whole: false }, ..within };
    let (answer, probes) = search(&above, 4, |_| server(Service::Exponential(0.1)));
    assert_eq!((answer.end, answer.load, probes.len()), (End::NoneHeld, None, 2));
    assert_eq!(answer.broken, Some(0));
}

#[test]
fn a_budget_ends_a_search_with_what_is_known() {
    let short = Goal { probes: 5, ..goal(&["ttft.p95 < 150ms"]) };
    let (answer, probes) = search(&short, 4, |_| server(Service::Exponential(0.1)));
    assert_eq!((answer.end, probes.len()), (End::Budget, 5));
    let (low, high) = answer.interval.unwrap();
    assert!(low < high && answer.held.unwrap().load <= low, "{answer:?}");
}
