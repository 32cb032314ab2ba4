//! How much servers can take, for people.

use std::time::Duration;

use comfy_table::Cell;

use super::numbers::{counted, dollars, number, percent};
use super::page::{self, Page};
use super::table::TableOptions;
use crate::capacity::{Axis, Curve, Demand, Held, Provision, Sustained, UnknownDemand};
use crate::metric::Threshold;
use crate::units::{format_span, span_from_seconds};

const SECONDS_PER_HOUR: f64 = 3_600.0;

/// What is asked besides the limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct CapacityQuestion {
    /// Users to be served.
    pub demand: Option<Demand>,
    /// How long users think, where it is asked how many there may be.
    pub think: Option<Duration>,
    /// What one copy of a server costs by the hour, in US dollars, whatever the scenario says.
    pub per_hour: Option<f64>,
}

/// The curves with what they say of limits, users and cost, as tables and sentences.
pub fn capacity_text(
    curves: &[Curve],
    limits: &[Threshold],
    question: CapacityQuestion,
    options: TableOptions,
) -> String {
    let mut page = Page::new(options);
    for curve in curves {
        if !page.text.is_empty() {
            page.line("");
        }
        page.heading(&format!("{}, {}", curve.backend, curve.workload));
        let grid = page::grid(heads(curve, limits), rows(curve, limits), false, options.color);
        page.text.push_str(&grid.to_string());
        page.text.push('\n');
        for line in sentences(curve, limits, question) {
            page.say(&format!("- {line}"), 2);
        }
    }
    for line in between_backends(curves) {
        page.line("");
        page.say(&line, 2);
    }
    page.text
}

/// `at a time`, `req/s offered`, and the figures of the limits.
fn heads(curve: &Curve, limits: &[Threshold]) -> Vec<String> {
    let load = match curve.axis {
        Axis::Concurrency => "at a time",
        Axis::Rate => "offered\nreq/s",
    };
    let own = [load, "answered\nreq/s", "response\nmean ms", "output\ntok/s"].map(str::to_owned);
    own.into_iter().chain(limits.iter().map(|limit| limit.figure.to_string())).collect()
}

fn rows(curve: &Curve, limits: &[Threshold]) -> Vec<Vec<Cell>> {
    let row = |point: &crate::capacity::CurvePoint| {
        let mut mark = String::new();
        if curve.knee == Some(point.load) {
            mark.push_str(" knee");
        }
        if curve.saturated_at == Some(point.load) {
            mark.push_str(" full");
        }
        let own = [
            load_of(point.load) + &mark,
            number(point.throughput_rps),
            number(point.response_s * 1e3),
            point.output_tok_s.map_or_else(|| "-".to_owned(), number),
        ];
        let figures = limits.iter().zip(&point.figures).map(|(limit, value)| match value {
            Some(value) if limit.holds(*value) => limit.shown(*value),
            Some(value) => format!("{} !", limit.shown(*value)),
            None => "- !".to_owned(),
        });
        own.into_iter().chain(figures).map(Cell::new).collect()
    };
    curve.points.iter().map(row).collect()
}

fn sentences(curve: &Curve, limits: &[Threshold], question: CapacityQuestion) -> Vec<String> {
    let mut said = vec![holds(curve, limits)];
    said.extend(law(curve));
    said.extend(curve.imbalances.iter().map(|imbalance| {
        format!(
            "{}: {} requests in flight, but throughput times response time is {}: Little's law does not \
             hold, so the load was not steady, or something is not counted",
            imbalance.stage,
            number(imbalance.in_flight),
            number(imbalance.expected)
        )
    }));
    if let Some(demand) = question.demand {
        said.push(needs(demand, curve.provision(demand)));
    } else if let Some(think) = question.think {
        said.extend(users(curve, think));
    }
    said.extend(costs(curve, question.per_hour));
    said
}

/// A load; concurrencies are whole.
fn load_of(load: f64) -> String {
    if load.fract() == 0.0 { format!("{load:.0}") } else { number(load) }
}

/// Up to where the limits hold, and which breaks first.
fn holds(curve: &Curve, limits: &[Threshold]) -> String {
    let all = limits.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let unit = match curve.axis {
        Axis::Concurrency => "requests at a time",
        Axis::Rate => "req/s",
    };
    match &curve.sustained {
        Sustained::Unlimited => format!(
            "at most {} req/s were answered; give limits to see which load keeps to them",
            number(curve.most_rps())
        ),
        Sustained::None { broken } => {
            let why = broken.map(|(place, value)| {
                format!(": {} is {}", limits[place].figure, limits[place].shown(value))
            });
            format!("does not hold {all} even at the least load{}", why.unwrap_or_default())
        }
        Sustained::All { load } => format!(
            "holds {all} at every load that was measured, up to {} {unit}; measure higher ones to see \
             the end",
            load_of(*load)
        ),
        Sustained::Searched(found) => {
            let known = found.interval.map(|(low, high)| {
                format!(" ({} to {})", load_of(round(low)), load_of(round(high)))
            });
            let broken = found
                .broken
                .map(|broken| format!("; beyond that {} breaks first", limits[broken].figure));
            let rps = curve.at(found.load, |point| Some(point.throughput_rps));
            let rps = rps.filter(|_| curve.axis == Axis::Concurrency);
            let rps = rps.map(|rps| format!(", {} req/s", number(rps)));
            format!(
                "holds {all} up to {} {unit}{}{}, by a search{}",
                load_of(round(found.load)),
                known.unwrap_or_default(),
                rps.unwrap_or_default(),
                broken.unwrap_or_default()
            )
        }
        Sustained::Between(held) => {
            let Held { low, high, load, interval, broken, value } = held;
            let limit = &limits[*broken];
            let known = match interval {
                Some(interval) => format!(
                    " ({} to {} over {})",
                    number(interval.low),
                    number(interval.high),
                    counted(interval.rounds, "round")
                ),
                None => String::new(),
            };
            let rps = curve.at(*load, |point| Some(point.throughput_rps));
            let rps = rps.map(|rps| format!(", {} req/s", number(rps)));
            let value = value.map_or_else(|| "missing".to_owned(), |value| limit.shown(value));
            format!(
                "holds {all} up to {} {unit}{known}{}, by a line between {} that holds and {} that does \
                 not; beyond that {} breaks first ({value} at {})",
                load_of(*load),
                if curve.axis == Axis::Concurrency {
                    rps.unwrap_or_default()
                } else {
                    String::new()
                },
                load_of(*low),
                load_of(*high),
                limit.figure,
                load_of(*high)
            )
        }
    }
}

/// A load with as many digits as mean something.
fn round(load: f64) -> f64 {
    (load * 100.0).round() / 100.0
}

/// The law of the throughput, and how far it reaches.
fn law(curve: &Curve) -> Option<String> {
    let law = curve.usl?;
    let peak = match law.peak() {
        Some(peak) if peak <= 2.0 * law.largest => {
            format!(", greatest at {} requests at a time", number(peak))
        }
        _ => String::new(),
    };
    let reach = law.throughput(2.0 * law.largest).map(|rps| {
        format!(
            "; {} req/s at {}, twice what was measured",
            number(rps),
            load_of(2.0 * law.largest)
        )
    });
    Some(format!(
        "throughput follows the Universal Scalability Law with contention {} and coherency {:.2e}{peak} \
         (it explains {} of the variance){}",
        percent(law.sigma),
        law.kappa,
        percent(law.r_squared.clamp(0.0, 1.0)),
        reach.unwrap_or_default()
    ))
}

/// How many users the load that holds stands for; `None` where none does.
fn users(curve: &Curve, think: Duration) -> Option<String> {
    let users = curve.provision(Demand { users: 1, think }).ok()?.users_each;
    Some(format!(
        "that is about {} users with {} between an answer and the next request",
        load_of(users.floor()),
        format_span(think)
    ))
}

/// What users need.
fn needs(demand: Demand, provision: Result<Provision, UnknownDemand>) -> String {
    let users = counted(demand.users, "user");
    let think = format_span(demand.think);
    match provision {
        Err(error) => format!("what {users} need cannot be said: {error}"),
        Ok(Provision { users_each, replicas, rps_each, load_each, response_s, utilisation }) => {
            let response = span_from_seconds((response_s * 1e3).round() / 1e3).unwrap_or_default();
            let copies =
                if replicas == 1 { "1 copy".to_owned() } else { format!("{replicas} copies") };
            format!(
                "{users} who think for {think} between an answer and the next request need {copies} of this \
                 server: one serves {} within the limits; each then has {} req/s (a load of {}), answers in {} \
                 on average and works at {} of its greatest throughput. This takes users to be spread \
                 evenly, and requests to be like those that were measured",
                number(users_each.floor()),
                number(rps_each),
                number(load_each),
                format_span(response),
                percent(utilisation.clamp(0.0, 1.0))
            )
        }
    }
}

/// What output tokens cost at the load that holds, by the hour or by their own price.
fn costs(curve: &Curve, per_hour: Option<f64>) -> Option<String> {
    let load = curve.sustained.load()?;
    let tokens = curve.at(load, |point| point.output_tok_s).filter(|tokens| *tokens > 0.0)?;
    if let Some(per_hour) = per_hour.or(curve.per_hour) {
        let million = per_hour / (tokens * SECONDS_PER_HOUR) * 1e6;
        return Some(format!(
            "at {} an hour a million output tokens cost {} at that load ({} tok/s)",
            dollars(per_hour),
            dollars(million),
            number(tokens)
        ));
    }
    let million = curve.at(load, |point| point.cost_per_million)?;
    Some(format!(
        "a million output tokens cost {} there, with the input they take, and an hour at that load {}",
        dollars(million),
        dollars(million * tokens * SECONDS_PER_HOUR / 1e6)
    ))
}

/// By how much one backend sustains more than another, for each workload.
fn between_backends(curves: &[Curve]) -> Vec<String> {
    let mut said = Vec::new();
    for (place, one) in curves.iter().enumerate() {
        for other in &curves[place + 1..] {
            if (&one.workload, one.axis) != (&other.workload, other.axis) {
                continue;
            }
            let rps = |curve: &Curve| {
                curve.at(curve.sustained.load()?, |point| Some(point.throughput_rps))
            };
            let (Some(first), Some(second)) = (rps(one), rps(other)) else { continue };
            let ((more, most), (less, least)) = if first >= second {
                ((one, first), (other, second))
            } else {
                ((other, second), (one, first))
            };
            if least > 0.0 {
                let open = |curve: &Curve| matches!(curve.sustained, Sustained::All { .. });
                let at_least = if open(more) { "at least " } else { "" };
                said.push(format!(
                    "{}: {} sustains {at_least}{} times the requests of {} at the same limits ({} against {} \
                     req/s)",
                    one.workload,
                    more.backend,
                    number(most / least),
                    less.backend,
                    number(most),
                    number(least)
                ));
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CapacityQuestion, capacity_text};
    use crate::capacity::{Axis, Curve, CurvePoint, Demand, Sustained, Usl};
    use crate::metric::Threshold;
    use crate::report::TableOptions;

    /// A server with four slots of half a second each.
    fn curve(limits: &[Threshold]) -> Curve {
        let point = |load: f64, response_s: f64, ttft: f64| CurvePoint {
            stage: format!("concurrency {load}"),
            load,
            throughput_rps: load.min(4.0) / 0.5,
            response_s,
            output_tok_s: Some(load.min(4.0) * 100.0),
            cost_per_million: None,
            figures: limits.iter().map(|_| Some(ttft)).collect(),
            rounds: Vec::new(),
        };
        let points = vec![
            point(1.0, 0.5, 50.0),
            point(2.0, 0.5, 50.0),
            point(4.0, 0.5, 60.0),
            point(8.0, 1.0, 560.0),
        ];
        let of_law: Vec<_> = points.iter().map(|it| (it.load, it.throughput_rps)).collect();
        Curve {
            backend: "ollama".to_owned(),
            workload: "chat".to_owned(),
            axis: Axis::Concurrency,
            knee: Some(4.0),
            saturated_at: Some(4.0),
            usl: Usl::fit(&of_law),
            imbalances: Vec::new(),
            sustained: Sustained::of(&points, limits),
            per_hour: None,
            points,
        }
    }

    #[test]
    fn the_answer_is_a_table_and_sentences() {
        let limits = ["ttft.p99 < 200ms".parse().unwrap()];
        let demand = Demand { users: 100, think: Duration::from_secs(10) };
        let question = CapacityQuestion { demand: Some(demand), think: None, per_hour: Some(2.0) };
        let options = TableOptions { width: 100, ..TableOptions::default() };
        insta::assert_snapshot!(capacity_text(&[curve(&limits)], &limits, question, options), @r"
        ollama, chat
        at a time    answered  response  output  ttft.p99
                        req/s   mean ms   tok/s          
        -------------------------------------------------
        1                2.00     500.0   100.0      50ms
        2                4.00     500.0   200.0      50ms
        4 knee full      8.00     500.0   400.0      60ms
        8                8.00      1000   400.0   560ms !
        - holds ttft.p99 < 200ms up to 6.16 requests at a time, 8.00 req/s, by a line between 4 that holds
          and 8 that does not; beyond that ttft.p99 breaks first (560ms at 8)
        - throughput follows the Universal Scalability Law with contention 0% and coherency 1.85e-2,
          greatest at 7.36 requests at a time (it explains 95.7% of the variance); 6.34 req/s at 16, twice
          what was measured
        - 100 users who think for 10s between an answer and the next request need 2 copies of this server:
          one serves 86.0 within the limits; each then has 4.76 req/s (a load of 2.38), answers in 500ms on
          average and works at 60% of its greatest throughput. This takes users to be spread evenly, and
          requests to be like those that were measured
        - at $2.00 an hour a million output tokens cost $1.39 at that load (400.0 tok/s)
        ");
    }
}
