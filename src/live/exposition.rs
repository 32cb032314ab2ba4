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
/// Bounds of token counts.
const TOKENS: [f64; 18] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 2_048.0, 4_096.0, 8_192.0,
    16_384.0, 32_768.0, 65_536.0, 131_072.0,
];
/// Bounds of everything else, which are rates.
const RATES: [f64; 25] = [
    1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0, 150.0, 200.0, 300.0,
    500.0, 700.0, 1_000.0, 1_500.0, 2_000.0, 3_000.0, 5_000.0, 7_000.0, 10_000.0,
];

/// A format that Prometheus reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpositionFormat {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    Prometheus,
}

impl ExpositionFormat {
    /// The best that a client takes, by its `Accept` header: OpenMetrics only where it is named.
    pub fn accepted_by(header: &str) -> Self {
        let names = header.split(',').filter_map(|part| part.split(';').next());
        let is_named = names.map(str::trim).any(|name| name == "application/openmetrics-text");
        if is_named { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// Its `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

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
        gauge("stopping", "1 once the run was asked to stop", u64::from(run.is_stopping())),
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

/// How many values lie at or below each bound and above the one before, and beyond the last. A
/// value is where the middle of its step of the histogram is, at most 0.1 % off.
fn buckets(values: &Histogram<u64>, bounds: &[f64], recorded_per_base: f64) -> Vec<(f64, u64)> {
    let all = bounds.iter().copied().chain([f64::INFINITY]);
    let mut buckets: Vec<_> = all.map(|bound| (bound, 0)).collect();
    for step in values.iter_recorded() {
        let value = float(values.median_equivalent(step.value_iterated_to())) / recorded_per_base;
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
        Exposition, ExpositionFormat, Family, Sample, TIMES, buckets, distribution, of_run,
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
    fn both_formats_tell_the_same_samples() {
        let samples = |format| -> BTreeSet<String> {
            let text = text(format);
            let samples = text.lines().filter(|line| !line.starts_with('#'));
            // The order of labels is the library's.
            samples
                .map(|line| {
                    let mut parts: Vec<_> = line.split(['{', ',', '}']).collect();
                    parts.sort_unstable();
                    parts.join("|")
                })
                .collect()
        };
        let told = samples(ExpositionFormat::Prometheus);
        assert!(told.len() > 300);
        assert_eq!(told.len(), samples(ExpositionFormat::OpenMetrics).len());
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

    #[test]
    fn the_document_lists_what_is_told() {
        let run = run();
        let full = |family: &Family| match family.unit {
            Some(unit) => format!("pacemark_{}_{unit}", family.name),
            None => format!("pacemark_{}", family.name),
        };
        let told = of_run(&run, "1").into_iter().chain(of_series(&run));
        let told = told.chain(Metric::distributions().map(|metric| distribution(&run, metric)));
        let told: Vec<_> = told
            .map(|family| format!("| `{}` | {} |", full(&family), family.kind.as_str()))
            .collect();
        let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `pacemark_"));
        let listed: Vec<_> =
            rows.map(|row| row.split('|').take(3).collect::<Vec<_>>().join("|") + "|").collect();
        assert_eq!(listed, told);
    }

    #[test]
    fn names_are_those_of_a_run_that_is_over() {
        let over = crate::report::openmetrics(&crate::result::sample::result(1)).unwrap();
        let goes_on = text(ExpositionFormat::OpenMetrics);
        for name in ["pacemark_ttft_seconds", "pacemark_output_tokens", "pacemark_itl_seconds"] {
            let help = |text: &str| lines(text, &format!("# HELP {name} "));
            assert_eq!(help(&over), help(&goes_on));
        }
    }

    #[test]
    fn openmetrics_is_for_those_who_name_it() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.2";
        assert_eq!(ExpositionFormat::accepted_by(prometheus), ExpositionFormat::OpenMetrics);
        for header in ["", "*/*", "text/html"] {
            assert_eq!(ExpositionFormat::accepted_by(header), ExpositionFormat::Prometheus);
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
                let below = |factor: f64| {
                    let seconds = |value: &u64| crate::units::float(*value) / 1e9;
                    crate::units::count(values.iter().filter(|value| seconds(value) <= bound * factor).count())
                };
                prop_assert!(below(0.999) <= cumulative && cumulative <= below(1.001));
            }
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
