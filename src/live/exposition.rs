//! A run while it goes on, as text for Prometheus.
//!
//! Counters are of everything so far, warm-up included, and never go down; distributions are of
//! measured requests, as histograms of fixed bounds. Names and units are those of
//! [`crate::report::openmetrics`], which tells the figures of a run that is over.
//!
//! # Source
//!
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/> and
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::exposition_format::ExpositionFormat;
use super::run::LiveRun;
use super::series::Series;
use crate::measure::CellPhase;
use crate::metric::{Metric, MetricInfo};
use crate::units::{float, seconds};

/// Bounds of times, in seconds: finer from a millisecond to a hundred seconds, where most lie.
const TIMES: [f64; 35] = [
    0.000_1, 0.000_3, 0.001, 0.001_5, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05,
    0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0,
    50.0, 70.0, 100.0, 300.0, 600.0,
];
/// Bounds of token counts, to the longest contexts there are.
const TOKENS: [f64; 21] = [
    1.0,
    2.0,
    4.0,
    8.0,
    16.0,
    32.0,
    64.0,
    128.0,
    256.0,
    512.0,
    1_024.0,
    2_048.0,
    4_096.0,
    8_192.0,
    16_384.0,
    32_768.0,
    65_536.0,
    131_072.0,
    262_144.0,
    524_288.0,
    1_048_576.0,
];
/// Bounds of everything else, which are rates. Those of long prompts that a server has cached are
/// far beyond those of any decoding.
const RATES: [f64; 33] = [
    1.0,
    1.5,
    2.0,
    3.0,
    5.0,
    7.0,
    10.0,
    15.0,
    20.0,
    30.0,
    50.0,
    70.0,
    100.0,
    150.0,
    200.0,
    300.0,
    500.0,
    700.0,
    1_000.0,
    1_500.0,
    2_000.0,
    3_000.0,
    5_000.0,
    7_000.0,
    10_000.0,
    15_000.0,
    20_000.0,
    30_000.0,
    50_000.0,
    70_000.0,
    100_000.0,
    300_000.0,
    1_000_000.0,
];

/// Tells a run that goes on to Prometheus.
#[derive(Debug)]
pub struct Exposition {
    registry: Registry,
}

impl Exposition {
    /// Of this run, as told by this version of the program.
    pub fn new(run: &Arc<Mutex<LiveRun>>, version: &'static str) -> Self {
        let mut registry = Registry::with_prefix("pacemark");
        registry.register_collector(Box::new(Collected { run: Arc::clone(run), version }));
        Self { registry }
    }

    /// Where the run stands now.
    ///
    /// # Errors
    ///
    /// None that is known: the library tells what keeps it from writing into memory.
    pub fn text(&self, format: ExpositionFormat) -> Result<String, fmt::Error> {
        let mut written = String::new();
        match format {
            ExpositionFormat::OpenMetrics => text::encode(&mut written, &self.registry)?,
            ExpositionFormat::Prometheus => prometheus_text::encode(&mut written, &self.registry)?,
        }
        Ok(written)
    }
}

#[derive(Debug)]
struct Collected {
    run: Arc<Mutex<LiveRun>>,
    version: &'static str,
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Numbers are taken over while nobody else may look, text is made after.
        let families = {
            let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            if !run.has_begun() {
                // Its folder may yet get another name, and samples of the first would be another's.
                return Ok(());
            }
            let mut families = of_run(&run, self.version);
            families.extend(of_series(&run));
            families.extend(Metric::distributions().map(|metric| distribution(&run, metric)));
            families
        };
        families.iter().filter(|family| !family.samples.is_empty()).try_for_each(|family| {
            let unit = family.unit.map(|unit| Unit::Other(unit.to_owned()));
            let kind = family.kind;
            let descriptor =
                encoder.encode_descriptor(&family.name, &family.help, unit.as_ref(), kind)?;
            family.encode(descriptor)
        })
    }
}

type Labels = Vec<(&'static str, String)>;

/// Samples of one name.
struct Family {
    /// Without prefix and unit.
    name: String,
    unit: Option<&'static str>,
    help: String,
    kind: MetricType,
    samples: Vec<(Labels, Sample)>,
}

enum Sample {
    Count(u64),
    Value(f64),
    /// That it exists; all there is to know are its labels.
    Info,
    Histogram {
        sum: f64,
        count: u64,
        /// Upper bounds, with what lies between each and the one before.
        buckets: Vec<(f64, u64)>,
    },
}

impl Family {
    fn new(name: &str, unit: Option<&'static str>, help: &str, kind: MetricType) -> Self {
        let (name, help) = (name.to_owned(), help.to_owned());
        Self { name, unit, help, kind, samples: Vec::new() }
    }

    fn with(mut self, labels: Labels, sample: Sample) -> Self {
        self.samples.push((labels, sample));
        self
    }

    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.samples.iter().try_for_each(|(labels, sample)| match sample {
            Sample::Info => encoder.encode_info(labels),
            Sample::Count(value) if matches!(self.kind, MetricType::Counter) => {
                encoder.encode_family(labels)?.encode_counter::<NoLabelSet, u64, f64>(value, None)
            }
            Sample::Count(value) => encoder.encode_family(labels)?.encode_gauge(&float(*value)),
            Sample::Value(value) => encoder.encode_family(labels)?.encode_gauge(value),
            Sample::Histogram { sum, count, buckets } => encoder
                .encode_family(labels)?
                .encode_histogram::<NoLabelSet>(*sum, *count, buckets, None),
        })
    }
}

/// What is told of the run as a whole.
fn of_run(run: &LiveRun, version: &str) -> Vec<Family> {
    let own = || vec![("run", run.run().to_owned())];
    let gauge = |name, help: &str, value| {
        Family::new(name, None, help, MetricType::Gauge).with(own(), Sample::Count(value))
    };
    let about = vec![
        ("run", run.run().to_owned()),
        ("scenario", run.scenario().to_owned()),
        ("version", version.to_owned()),
    ];
    vec![
        Family::new("run", None, "the run that all samples are of", MetricType::Info)
            .with(about, Sample::Info),
        gauge("cells_planned", "cells of the plan", u64::from(run.cells())),
        gauge("cells_finished", "cells that are over", u64::from(run.cells_finished())),
    ]
}

/// What is told of each backend under each workload at each stage, all rounds together.
fn of_series(run: &LiveRun) -> Vec<Family> {
    let counter = |name, unit, help: &str, of: fn(&Series) -> u64| {
        let family = Family::new(name, unit, help, MetricType::Counter);
        run.series().iter().fold(family, |family, series| {
            family.with(labels(run, series), Sample::Count(of(series)))
        })
    };
    let mut families = vec![
        counter("requests_due", None, "requests that were due, sent or not", |series| {
            series.whole.due
        }),
        counter("requests_sent", None, "requests handed out to be sent", |series| {
            series.whole.activity.sent
        }),
        counter("requests_finished", None, "requests sent that ended, failures too", |series| {
            series.whole.activity.finished
        }),
    ];
    families.push(failures(run));
    families.push(tokens(run));
    families.extend(at_present(run));
    families
}

fn failures(run: &LiveRun) -> Family {
    let help = "failed requests, by kind of failure";
    let mut family = Family::new("requests_failed", None, help, MetricType::Counter);
    for series in run.series() {
        for (kind, failed) in &series.failures {
            let mut labels = labels(run, series);
            labels.push(("kind", kind.clone()));
            family = family.with(labels, Sample::Count(*failed));
        }
    }
    family
}

fn tokens(run: &LiveRun) -> Family {
    let help = "output tokens that arrived, and input tokens of requests that ended";
    let mut family = Family::new("tokens", None, help, MetricType::Counter);
    for series in run.series() {
        let output = series.whole.output_tokens;
        let input = series.whole.activity.input_tokens;
        for (direction, tokens) in [("output", output), ("input", input)] {
            let mut labels = labels(run, series);
            labels.push(("direction", direction.to_owned()));
            family = family.with(labels, Sample::Count(tokens));
        }
    }
    family
}

/// What is so at this moment: nothing of it where no cell runs, but zeros where one ran.
fn at_present(run: &LiveRun) -> [Family; 5] {
    let current = run.current();
    let gauge = |name, unit, help: &str| Family::new(name, unit, help, MetricType::Gauge);
    let [mut running, mut measuring, mut rounds, mut in_flight, mut elapsed] = [
        gauge("running", None, "1 while a cell of it runs"),
        gauge("measuring", None, "1 while the measured window of such a cell is open"),
        gauge("rounds_begun", None, "rounds that began"),
        gauge("in_flight", Some("requests"), "requests in flight"),
        gauge("cell_elapsed", Some("seconds"), "since the cell that runs began"),
    ];
    for series in run.series() {
        let cell = current.filter(|(of, _)| of.labels == series.labels).map(|(_, cell)| cell);
        let own = || labels(run, series);
        let is_measuring = cell.is_some_and(|cell| cell.phase == CellPhase::Measure);
        running = running.with(own(), Sample::Count(u64::from(cell.is_some())));
        measuring = measuring.with(own(), Sample::Count(u64::from(is_measuring)));
        rounds = rounds.with(own(), Sample::Count(u64::from(series.rounds)));
        in_flight = in_flight.with(own(), Sample::Count(cell.map_or(0, |cell| cell.in_flight)));
        if let Some(cell) = cell {
            elapsed = elapsed.with(own(), Sample::Value(seconds(cell.elapsed)));
        }
    }
    [running, measuring, rounds, in_flight, elapsed]
}

fn distribution(run: &LiveRun, metric: Metric) -> Family {
    let MetricInfo { name, formula, exists_for, .. } = metric.info();
    let exposed = metric.exposed();
    let help = format!("{name}: {formula}; of {exists_for}");
    // The library puts the unit behind the name.
    let stem = exposed.name.strip_suffix(&format!("_{}", exposed.unit)).unwrap_or_default();
    let mut family = Family::new(stem, Some(exposed.unit), &help, MetricType::Histogram);
    let recorded_per_base = metric.unit().recorded_per_shown() * exposed.shown_per_base;
    for series in run.series() {
        let Some(values) = series.whole.distribution(metric) else { continue };
        let sample = Sample::Histogram {
            sum: values.mean() * float(values.len()) / recorded_per_base,
            count: values.len(),
            buckets: buckets(values, bounds(exposed.unit), recorded_per_base),
        };
        family = family.with(labels(run, series), sample);
    }
    family
}

fn bounds(unit: &str) -> &'static [f64] {
    match unit {
        "seconds" => &TIMES,
        "tokens" => &TOKENS,
        _ => &RATES,
    }
}

/// How many values lie at or below each bound and above the one before, and beyond the last.
///
/// A value is where its step of the histogram begins, at most 0.1 % too low. In its middle, as
/// means and percentiles have it, 2,048 tokens would be 2,049 and beyond their own bound.
fn buckets(values: &Histogram<u64>, bounds: &[f64], recorded_per_base: f64) -> Vec<(f64, u64)> {
    let all = bounds.iter().copied().chain([f64::INFINITY]);
    let mut buckets: Vec<_> = all.map(|bound| (bound, 0)).collect();
    for step in values.iter_recorded() {
        let value = float(values.lowest_equivalent(step.value_iterated_to())) / recorded_per_base;
        let place = bounds.partition_point(|bound| *bound < value);
        buckets[place].1 += step.count_since_last_iteration();
    }
    buckets
}

fn labels(run: &LiveRun, series: &Series) -> Labels {
    let of = &series.labels;
    vec![
        ("run", run.run().to_owned()),
        ("backend", of.backend.clone()),
        ("workload", of.workload.clone()),
        ("stage", of.stage.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    use super::{
        Exposition, ExpositionFormat, Family, Sample, TIMES, TOKENS, buckets, distribution, of_run,
        of_series,
    };
    use crate::live::samples::run;
    use crate::metric::Metric;

    const DOCUMENT: &str = include_str!("../../docs/prometheus.md");

    fn text(format: ExpositionFormat) -> String {
        Exposition::new(&Arc::new(Mutex::new(run())), "1.2.3").text(format).unwrap()
    }

    /// The lines of one name, without the labels of the run and the load.
    fn lines(text: &str, start: &str) -> String {
        let own = text.lines().filter(|line| line.starts_with(start)).map(|line| {
            line.replace("run=\"20261122T130750Z-两台服务器\",", "")
                .replace("workload=\"short-chat\",stage=\"concurrency 4, 30s\"", "…")
        });
        own.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn counters_and_gauges_tell_where_the_run_stands() {
        let text = text(ExpositionFormat::OpenMetrics);
        insta::assert_snapshot!(lines(&text, "pacemark_req"), @r#"
        pacemark_requests_due_total{backend="ollama",…} 150
        pacemark_requests_due_total{backend="本地推理 🚀",…} 60
        pacemark_requests_sent_total{backend="ollama",…} 150
        pacemark_requests_sent_total{backend="本地推理 🚀",…} 60
        pacemark_requests_finished_total{backend="ollama",…} 150
        pacemark_requests_finished_total{backend="本地推理 🚀",…} 60
        pacemark_requests_failed_total{backend="ollama",…,kind="api_error"} 30
        pacemark_requests_failed_total{backend="本地推理 🚀",…,kind="api_error"} 12
        "#);
        insta::assert_snapshot!(lines(&text, "pacemark_tokens"), @r#"
        pacemark_tokens_total{backend="ollama",…,direction="output"} 240
        pacemark_tokens_total{backend="ollama",…,direction="input"} 0
        pacemark_tokens_total{backend="本地推理 🚀",…,direction="output"} 96
        pacemark_tokens_total{backend="本地推理 🚀",…,direction="input"} 0
        "#);
        insta::assert_snapshot!(lines(&text, "pacemark_in_flight"), @r#"
        pacemark_in_flight_requests{backend="ollama",…} 0.0
        pacemark_in_flight_requests{backend="本地推理 🚀",…} 4.0
        "#);
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn before_the_first_cell_there_are_no_samples() {
        let run = crate::live::LiveRun::new("run", "scenario", 1, 1);
        let exposition = Exposition::new(&Arc::new(Mutex::new(run)), "1.2.3");
        assert_eq!(exposition.text(ExpositionFormat::OpenMetrics).unwrap(), "# EOF\n");
        assert_eq!(exposition.text(ExpositionFormat::Prometheus).unwrap(), "");
    }

    #[test]
    fn both_formats_tell_the_same_samples() {
        // One says 1.0 where the other says 1.
        let number = |text: &str| text.parse::<f64>().unwrap().to_string();
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            // The order of labels is the library's.
            let mut parts: Vec<_> = name
                .split(['{', ',', '}'])
                .map(|part| match part.strip_prefix("le=") {
                    Some(bound) => number(bound.trim_matches('"')),
                    None => part.to_owned(),
                })
                .collect();
            parts.sort_unstable();
            format!("{} {}", parts.join("|"), number(value))
        };
        let samples = |format| -> BTreeSet<String> {
            text(format).lines().filter(|line| !line.starts_with('#')).map(sample).collect()
        };
        let told = samples(ExpositionFormat::Prometheus);
        assert!(told.len() > 300);
        assert_eq!(told, samples(ExpositionFormat::OpenMetrics));
    }

    #[test]
    fn a_name_may_hold_anything() {
        let mut run = run();
        run.note("x");
        let mut cell = crate::live::samples::labels(2, "say \"你好\" \\ and\nmore", 0);
        cell.workload = "<b>".to_owned();
        run.cell_started(&cell, crate::live::CellAim::default());
        let exposition = Exposition::new(&Arc::new(Mutex::new(run)), "1.2.3");
        for format in [ExpositionFormat::OpenMetrics, ExpositionFormat::Prometheus] {
            let text = exposition.text(format).unwrap();
            assert!(text.contains(r#"backend="say \"你好\" \\ and\nmore""#), "{text}");
            assert!(!text.lines().any(|line| line.starts_with("more")));
        }
    }

    /// The name of a family as its descriptor has it.
    fn full(family: &Family) -> String {
        match family.unit {
            Some(unit) => format!("pacemark_{}_{unit}", family.name),
            None => format!("pacemark_{}", family.name),
        }
    }

    /// The labels of a family as the document has them.
    fn labelled(family: &Family) -> String {
        let Some((labels, _)) = family.samples.first() else { return "load".to_owned() };
        let names: Vec<_> = labels.iter().map(|label| label.0).collect();
        let (load, others) = match names.as_slice() {
            ["run", "backend", "workload", "stage", others @ ..] => {
                (Some("load".to_owned()), others)
            }
            ["run", others @ ..] => (None, others),
            _ => panic!("{names:?}"),
        };
        let others = others.iter().map(|name| format!("`{name}`"));
        load.into_iter().chain(others).collect::<Vec<_>>().join(", ")
    }

    /// A cell of the document without the targets of its links.
    fn unlinked(cell: &str) -> String {
        let parts = cell.split('[').map(|part| match part.split_once("](") {
            Some((text, rest)) => text.to_owned() + rest.split_once(')').map_or("", |rest| rest.1),
            None => part.to_owned(),
        });
        parts.collect::<String>().trim().to_owned()
    }

    #[test]
    fn the_document_lists_what_is_told() {
        let run = run();
        let row = |family: &Family, meaning: &str| {
            [&full(family), family.kind.as_str(), &labelled(family), meaning].join(" | ")
        };
        let others = of_run(&run, "1").into_iter().chain(of_series(&run));
        let told = others.map(|family| row(&family, &family.help));
        let told = told.chain(
            Metric::distributions()
                .map(|metric| row(&distribution(&run, metric), &format!("`{}`", metric.key()))),
        );
        let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `pacemark_"));
        let listed = rows.map(|row| {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(unlinked).collect();
            [cells[0].trim_matches('`'), &cells[1], &cells[2], &cells[3]].join(" | ")
        });
        assert_eq!(listed.collect::<Vec<_>>(), told.collect::<Vec<_>>());
    }

    #[test]
    fn names_are_those_of_a_run_that_is_over() {
        let own = run();
        for metric in Metric::distributions() {
            let name = format!("pacemark_{}", metric.exposed().name);
            assert_eq!(full(&distribution(&own, metric)), name);
        }
        // What a family is called, means, and is counted in is told alike.
        let heads = |text: &str| -> BTreeSet<String> {
            let heads = text.lines().filter(|line| {
                line.starts_with("# HELP pacemark_") || line.starts_with("# UNIT pacemark_")
            });
            heads.map(str::to_owned).collect()
        };
        let over = crate::report::openmetrics(&crate::result::sample::result(1)).unwrap();
        let (over, goes_on) = (heads(&over), heads(&text(ExpositionFormat::OpenMetrics)));
        for metric in [Metric::Ttft, Metric::E2e, Metric::OutputTokens] {
            let name = format!("pacemark_{} ", metric.exposed().name);
            let both = over.intersection(&goes_on).filter(|line| line.contains(&name));
            assert_eq!(both.count(), 2, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_value_is_in_the_bucket_it_belongs_to(
            values in prop::collection::vec(1_u64..2_000_000_000_000, 1..200),
        ) {
            let mut histogram = Histogram::<u64>::new(3).unwrap();
            for value in &values {
                histogram.record(*value).unwrap();
            }
            let told = buckets(&histogram, &TIMES, 1e9);
            prop_assert_eq!(told.len(), TIMES.len() + 1);
            prop_assert_eq!(told.iter().map(|bucket| bucket.1).sum::<u64>(), histogram.len());
            let mut cumulative = 0;
            for (bound, here) in told {
                cumulative += here;
                let below = |bound: f64| {
                    let seconds = |value: &&u64| crate::units::float(**value) / 1e9 <= bound;
                    crate::units::count(values.iter().filter(seconds).count())
                };
                prop_assert!(below(bound) <= cumulative && cumulative <= below(bound * 1.001));
            }
        }
    }

    #[test]
    fn a_value_on_a_bound_counts_at_that_bound() {
        for tokens in [1, 1_024, 2_048, 4_096, 32_768, 131_072] {
            let mut histogram = Histogram::<u64>::new(3).unwrap();
            histogram.record(tokens).unwrap();
            let told = buckets(&histogram, &TOKENS, 1.0);
            let own = told.iter().find(|bucket| bucket.1 == 1).unwrap();
            assert!((own.0 - crate::units::float(tokens)).abs() < 0.5, "{tokens} in {}", own.0);
        }
    }

    #[test]
    fn a_sum_is_in_base_units() {
        let family = distribution(&run(), Metric::Ttft);
        let Sample::Histogram { sum, count, .. } = &family.samples[0].1 else { panic!("none") };
        assert_eq!(*count, 120);
        assert!((sum - 7.2).abs() < 0.01, "{sum}");
    }
}
