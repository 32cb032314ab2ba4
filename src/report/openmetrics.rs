//! The figures of a run that is over as OpenMetrics text, for Prometheus and what reads its format.
//!
//! Each metric of the catalogue is a family `pacemark_<key>_<unit>` in base units: a summary with
//! quantiles where it is a distribution, else a gauge. Every sample carries the labels `run`,
//! `backend`, `workload` and `stage`; rounds are merged. There are no timestamps: who collects the
//! text gives it one, and some collectors refuse any other. A sum is the mean times the count, as
//! exact as the histogram is.
//!
//! Written here and not by the client library of Prometheus, which has summaries without
//! quantiles at most, and wants a registry of live values; the text itself is a few lines.
//!
//! # Source
//!
//! The OpenMetrics specification 1.0: <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use crate::metric::{Exposed, Kind, Metric, MetricInfo, Statistic};
use crate::result::{Figures, PooledCell, ResultError, RunResult};
use crate::units::{float, index};

/// `result` as OpenMetrics text, with `# EOF` at its end.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged.
pub fn openmetrics(result: &RunResult) -> Result<String, ResultError> {
    let cells = result.pooled()?;
    let cells: Vec<_> = cells.iter().map(|cell| (labels(result, cell), cell)).collect();
    let mut text = String::new();
    push(&mut text, &about(result));
    for family in counts(&cells) {
        push(&mut text, &family);
    }
    for &metric in Metric::ALL {
        push(&mut text, &family(metric, &cells));
    }
    text.push_str("# EOF\n");
    Ok(text)
}

/// A label and its value.
type Label<'a> = (&'static str, &'a str);

/// A cell with its labels.
type Labelled<'a> = (Vec<Label<'a>>, &'a PooledCell);

/// One family of samples.
struct Family {
    name: String,
    kind: &'static str,
    /// The unit its name ends with; empty for what has none.
    unit: &'static str,
    help: String,
    /// What follows the name, and the value.
    samples: Vec<(String, f64)>,
}

/// Adds a family, unless it has no samples.
fn push(text: &mut String, family: &Family) {
    let Family { name, kind, unit, help, samples } = family;
    if samples.is_empty() {
        return;
    }
    text.extend([format!("# TYPE {name} {kind}\n")]);
    if !unit.is_empty() {
        text.extend([format!("# UNIT {name} {unit}\n")]);
    }
    text.extend([format!("# HELP {name} {}\n", escaped(help))]);
    text.extend(samples.iter().map(|(rest, value)| format!("{name}{rest} {value}\n")));
}

/// Which run it is, and whether it is to be believed.
fn about(result: &RunResult) -> Family {
    let confidence = result.confidence().to_string();
    let partial = result.partial.to_string();
    let labels = [
        ("run", result.id.as_str()),
        ("scenario", &result.name),
        ("version", &result.provenance.pacemark_version),
        ("confidence", &confidence),
        ("partial", &partial),
    ];
    Family {
        name: "pacemark_run".to_owned(),
        kind: "info",
        unit: "",
        help: "the run that all samples are of, and whether it is to be believed".to_owned(),
        samples: vec![(format!("_info{}", braces(&labels)), 1.0)],
    }
}

fn labels<'a>(result: &'a RunResult, cell: &PooledCell) -> Vec<Label<'a>> {
    vec![
        ("run", &result.id),
        ("backend", &result.backends[index(cell.backend.into())].name),
        ("workload", &result.workloads[index(cell.workload.into())].name),
        ("stage", &result.stages[index(cell.stage.into())].label),
    ]
}

/// What became of the requests, and how long they were counted.
fn counts(cells: &[Labelled<'_>]) -> [Family; 3] {
    let mut requests = Vec::new();
    let mut failures = Vec::new();
    let mut windows = Vec::new();
    for (labels, cell) in cells {
        let outcomes = &cell.measured.outcomes;
        for (outcome, count) in [
            ("completed", outcomes.completed),
            ("failed", outcomes.failures()),
            ("cancelled", outcomes.cancelled),
            ("unsent", outcomes.unsent),
        ] {
            requests.push((braces(&with(labels, ("outcome", outcome))), float(count)));
        }
        failures.extend(
            outcomes
                .failed
                .iter()
                .map(|(kind, count)| (braces(&with(labels, ("kind", kind))), float(*count))),
        );
        windows.push((braces(labels), cell.length_s));
    }
    let gauge = |name: &str, unit, help: &str, samples| {
        let (name, help) = (name.to_owned(), help.to_owned());
        Family { name, kind: "gauge", unit, help, samples }
    };
    [
        gauge(
            "pacemark_requests",
            "requests",
            "requests due in the measured window, by what became of them",
            requests,
        ),
        gauge(
            "pacemark_failures_requests",
            "requests",
            "failed requests of the measured window, by kind of failure",
            failures,
        ),
        gauge(
            "pacemark_window_seconds",
            "seconds",
            "how long the measured window was open, over all rounds",
            windows,
        ),
    ]
}

/// The samples of one metric over all cells.
fn family(metric: Metric, cells: &[Labelled<'_>]) -> Family {
    let MetricInfo { name, formula, exists_for, kind, .. } = metric.info();
    let exposed = metric.exposed();
    let samples = cells.iter().flat_map(|(labels, cell)| match kind {
        Kind::Distribution => {
            let figures = cell.measured.distribution(metric);
            figures.map(|figures| summary(labels, figures, &exposed)).unwrap_or_default()
        }
        Kind::Window => {
            let value = cell.measured.window(metric);
            value.map(|value| (braces(labels), exposed.in_base(value))).into_iter().collect()
        }
    });
    Family {
        name: format!("pacemark_{}", exposed.name),
        kind: if kind == Kind::Distribution { "summary" } else { "gauge" },
        unit: exposed.unit,
        help: format!("{name}: {formula}; of {exists_for}"),
        samples: samples.collect(),
    }
}

/// The quantiles of a distribution, its ends as quantiles 0 and 1, its sum and count.
fn summary(labels: &[Label<'_>], figures: &Figures, exposed: &Exposed) -> Vec<(String, f64)> {
    let inner = Statistic::PERCENTILES.map(|at| (at / 100.0, Statistic::Percentile(at)));
    let quantiles = [(0.0, Statistic::Min)].into_iter().chain(inner).chain([(1.0, Statistic::Max)]);
    let mut samples: Vec<_> = quantiles
        .filter_map(|(quantile, statistic)| {
            // A chart could not mark what rests on too few values.
            let value = figures.get(statistic).filter(|_| figures.supports(statistic))?;
            // 99.9 / 100 is 0.9990000000000001.
            let quantile = ((quantile * 1e6).round() / 1e6).to_string();
            let labels = with(labels, ("quantile", &quantile));
            Some((braces(&labels), exposed.in_base(value)))
        })
        .collect();
    let sum = exposed.in_base(figures.mean * float(figures.count));
    samples.push((format!("_sum{}", braces(labels)), sum));
    samples.push((format!("_count{}", braces(labels)), float(figures.count)));
    samples
}

fn with<'a>(labels: &[Label<'a>], label: Label<'a>) -> Vec<Label<'a>> {
    labels.iter().copied().chain([label]).collect()
}

/// `{run="…",backend="…"}`
fn braces(labels: &[Label<'_>]) -> String {
    let labels = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    format!("{{{}}}", labels.collect::<Vec<_>>().join(","))
}

/// A text as it stands in labels and helps.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::openmetrics;
    use crate::result::sample;

    /// The lines of the sample's first cell that begin with `start`.
    fn lines(text: &str, start: &str) -> String {
        let own = text.lines().filter(|line| line.starts_with(start)).map(|line| {
            line.replace("run=\"20261122T130750Z-两台服务器\",", "")
                .replace(",workload=\"short-chat\",stage=\"concurrency 4, 30s\"", "")
        });
        own.filter(|line| !line.contains("workload")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_distribution_is_a_summary_in_seconds_and_a_rate_a_gauge() {
        let mut result = sample::result(1);
        result.cells.truncate(1);
        let text = openmetrics(&result).unwrap();
        insta::assert_snapshot!(lines(&text, "pacemark_ttft_seconds"), @r#"
        pacemark_ttft_seconds{backend="ollama",quantile="0"} 0.03997696
        pacemark_ttft_seconds{backend="ollama",quantile="0.01"} 0.040370175
        pacemark_ttft_seconds{backend="ollama",quantile="0.05"} 0.041975807
        pacemark_ttft_seconds{backend="ollama",quantile="0.1"} 0.043974655
        pacemark_ttft_seconds{backend="ollama",quantile="0.25"} 0.049971199
        pacemark_ttft_seconds{backend="ollama",quantile="0.5"} 0.059965439
        pacemark_ttft_seconds{backend="ollama",quantile="0.75"} 0.069992447
        pacemark_ttft_seconds{backend="ollama",quantile="0.9"} 0.076021759
        pacemark_ttft_seconds{backend="ollama",quantile="0.95"} 0.077987839
        pacemark_ttft_seconds{backend="ollama",quantile="0.99"} 0.079560703
        pacemark_ttft_seconds{backend="ollama",quantile="1"} 0.080019455
        pacemark_ttft_seconds_sum{backend="ollama"} 59.980087
        pacemark_ttft_seconds_count{backend="ollama"} 1000
        "#);
        insta::assert_snapshot!(lines(&text, "# TYPE pacemark_o"), @"
        # TYPE pacemark_output_tokens summary
        # TYPE pacemark_output_token_throughput_tokens_per_second gauge
        ");
        insta::assert_snapshot!(lines(&text, "pacemark_requests"), @r#"
        pacemark_requests{backend="ollama",outcome="completed"} 1000
        pacemark_requests{backend="ollama",outcome="failed"} 0
        pacemark_requests{backend="ollama",outcome="cancelled"} 0
        pacemark_requests{backend="ollama",outcome="unsent"} 0
        "#);
        let [run, ttft] = ["pacemark_run", "# HELP pacemark_ttft_seconds"];
        insta::assert_snapshot!(lines(&text, run), @r#"pacemark_run_info{scenario="两台服务器",version="0.1.0",confidence="trusted",partial="false"} 1"#);
        insta::assert_snapshot!(lines(&text, ttft), @"# HELP pacemark_ttft_seconds time to first token: first_token_at - sent_at; of streams with text");
        assert!(text.ends_with("\n# EOF\n"));
    }

    #[test]
    fn names_may_hold_anything() {
        let mut result = sample::result(1);
        result.backends[0].name = "say \"你好\" \\ and\nmore".to_owned();
        let text = openmetrics(&result).unwrap();
        assert!(text.contains(r#"backend="say \"你好\" \\ and\nmore","#), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("more")));
    }

    #[test]
    fn every_family_stands_once_and_every_sample_below_its_own() {
        let text = openmetrics(&sample::result(2)).unwrap();
        let mut seen = BTreeSet::new();
        let mut family = "";
        let mut samples = BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap();
                assert!(seen.insert(family), "{family} twice");
            } else if !line.starts_with('#') {
                assert!(line.starts_with(family), "{line} below {family}");
                let (sample, value) = line.rsplit_once(' ').unwrap();
                assert!(samples.insert(sample), "{sample} twice");
                assert!(value.parse::<f64>().unwrap().is_finite());
            }
        }
        assert!(seen.len() > 15, "{seen:?}");
    }
}
