//! `summary.csv`: one header line, one row per cell.
//!
//! The columns are the same in every file, whatever was measured: what is missing is an empty
//! cell. Values of metrics are in the units their columns end with, to six decimals.

use std::borrow::Cow;

use super::format::ReportError;
use super::wrap::printable;
use crate::metric::{Metric, Statistic};
use crate::result::{CellResult, FindingEntry, OutcomeEntry, RunResult};
use crate::units::index;

/// Columns before the metrics.
const LEADING: [&str; 36] = [
    "run_id",
    "scenario",
    "cell",
    "backend",
    "kind",
    "server_version",
    "workload",
    "endpoint",
    "model",
    "stream",
    "stage",
    "round",
    "load_mode",
    "load_concurrency",
    "load_rate_rps",
    "load_arrival",
    "load_max_in_flight",
    "load_requests",
    "load_duration_s",
    "window_s",
    "arrivals",
    "completed",
    "capped",
    "failed",
    "cancelled",
    "unsent",
    "failures_by_kind",
    "warmup_arrivals",
    "token_source",
    "input_tokens_total",
    "output_tokens_total",
    "reasoning_tokens_total",
    "cached_tokens_total",
    "text_events_total",
    "connections_opened",
    "stale_reconnects",
];

/// Columns after the metrics.
const TRAILING: [&str; 3] = ["cost_usd", "ended_early", "findings"];

/// The names of all columns, in order.
pub fn summary_columns() -> Vec<String> {
    let leading = LEADING.iter().map(|name| (*name).to_owned());
    let figures = Metric::distributions().flat_map(|metric| {
        statistics().map(move |statistic| {
            // A point in a name would not do as a variable in pandas or R.
            let name = statistic.to_string().replace('.', "_");
            match statistic {
                Statistic::Count => format!("{}_{name}", metric.key()),
                _ => format!("{}_{name}_{}", metric.key(), metric.unit().suffix()),
            }
        })
    });
    let windows =
        Metric::windows().map(|metric| format!("{}_{}", metric.key(), metric.unit().suffix()));
    let trailing = TRAILING.iter().map(|name| (*name).to_owned());
    leading.chain(windows).chain(figures).chain(trailing).collect()
}

fn statistics() -> impl Iterator<Item = Statistic> {
    let percentiles = Statistic::PERCENTILES.into_iter().map(Statistic::Percentile);
    [Statistic::Count, Statistic::Mean, Statistic::Stddev, Statistic::Min, Statistic::Max]
        .into_iter()
        .chain(percentiles)
}

/// The summary of `result` as CSV, rounds apart, with a line break at its end.
///
/// # Errors
///
/// [`ReportError::Csv`] if a row cannot be written.
pub fn summary_csv(result: &RunResult) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(summary_columns())?;
    for cell in &result.cells {
        writer.write_record(row(result, cell).iter().map(|field| guarded(field).into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `field` as it may stand in a file that people open in a spreadsheet. A text that one would
/// take for a formula (it begins with `=`, `+`, `-` or `@` and is no number) gets a `'` in
/// front, and line breaks and other control characters become spaces: a row is a line.
pub fn guarded(field: &str) -> Cow<'_, str> {
    let field = if field.contains(char::is_control) {
        Cow::Owned(printable(field))
    } else {
        Cow::Borrowed(field)
    };
    if field.starts_with(['=', '+', '-', '@']) && field.parse::<f64>().is_err() {
        Cow::Owned(format!("'{field}"))
    } else {
        field
    }
}

fn row(result: &RunResult, cell: &CellResult) -> Vec<String> {
    let mut fields = place(result, cell);
    fields.extend(counts(cell));
    let measured = &cell.measured;
    fields.extend(Metric::windows().map(|metric| decimal(measured.window(metric))));
    for metric in Metric::distributions() {
        fields.extend(statistics().map(|statistic| match statistic {
            Statistic::Count => text(measured.distribution(metric).map(|figures| figures.count)),
            _ => decimal(measured.figure(metric, statistic)),
        }));
    }
    let backend = &result.backends[index(cell.labels.backend_index.into())];
    fields.push(text(backend.price.and_then(|price| price.cost(&measured.tokens))));
    fields.push(text(cell.ended_early.as_ref()));
    fields.push(joined(cell.findings.iter().map(|FindingEntry { key, .. }| key.clone())));
    fields
}

/// Which cell it is: the columns up to the window.
fn place(result: &RunResult, cell: &CellResult) -> Vec<String> {
    let labels = &cell.labels;
    let backend = &result.backends[index(labels.backend_index.into())];
    let workload = &result.workloads[index(labels.workload_index.into())];
    let stage = &result.stages[index(labels.stage_index.into())];
    vec![
        result.id.clone(),
        result.name.clone(),
        labels.id.to_string(),
        labels.backend.clone(),
        backend.kind.clone(),
        text(backend.server_version.as_ref()),
        labels.workload.clone(),
        workload.endpoint.clone(),
        backend.model_name(&workload.model).to_owned(),
        workload.stream.to_string(),
        labels.stage.clone(),
        labels.round.to_string(),
        stage.mode.clone(),
        text(stage.concurrency),
        decimal(stage.rate_rps),
        text(stage.arrival.as_ref()),
        text(stage.max_in_flight),
        text(stage.requests),
        decimal(stage.duration_s),
        decimal(cell.window.length_s),
    ]
}

/// Outcomes, tokens and connections: the columns from the window to the metrics.
fn counts(cell: &CellResult) -> Vec<String> {
    let measured = &cell.measured;
    let OutcomeEntry { arrivals, completed, capped, failed, cancelled, unsent } =
        &measured.outcomes;
    let tokens = measured.tokens;
    vec![
        arrivals.to_string(),
        completed.to_string(),
        capped.to_string(),
        measured.outcomes.failures().to_string(),
        cancelled.to_string(),
        unsent.to_string(),
        joined(failed.iter().map(|(kind, count)| format!("{kind}={count}"))),
        measured.warmup.arrivals.to_string(),
        text(measured.token_sources.label()),
        text(tokens.input),
        text(tokens.output),
        text(tokens.reasoning),
        text(tokens.cached),
        measured.text_events.to_string(),
        measured.connections_opened.to_string(),
        measured.stale_reconnects.to_string(),
    ]
}

/// Empty where the value is missing.
fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// To six decimals, without needless zeros; empty where the value is missing.
fn decimal(value: Option<f64>) -> String {
    text(value.map(|value| (value * 1e6).round() / 1e6))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{guarded, summary_columns, summary_csv};
    use crate::result::sample;

    fn rows(text: &str) -> Vec<csv::StringRecord> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(Result::unwrap).collect()
    }

    fn field<'a>(rows: &'a [csv::StringRecord], row: usize, name: &str) -> &'a str {
        let place = rows[0].iter().position(|column| column == name).unwrap();
        &rows[row][place]
    }

    #[test]
    fn there_is_one_header_and_every_row_has_its_length() {
        let text = summary_csv(&sample::result(2)).unwrap();
        let rows = rows(&text);
        assert_eq!(rows.len(), 1 + 12);
        assert_eq!(text.lines().count(), rows.len());
        assert!(rows.iter().all(|row| row.len() == rows[0].len()));
        assert_eq!(rows[0].iter().collect::<BTreeSet<_>>().len(), rows[0].len());
    }

    #[test]
    fn the_page_on_results_explains_every_column_that_is_no_metric() {
        let page = include_str!("../../docs/results.md");
        for name in super::LEADING.iter().chain(&super::TRAILING) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn columns_name_unit_and_statistic() {
        let columns = summary_columns();
        for name in [
            "ttft_p99_ms",
            "ttft_p99_9_ms",
            "ttft_count",
            "tpot_mean_ms",
            "output_tokens_p50_tokens",
            "output_token_throughput_tok_s",
            "request_throughput_rps",
            "error_rate_share",
        ] {
            assert!(columns.iter().any(|column| column == name), "{name}");
        }
    }

    #[test]
    fn values_stand_under_their_names() {
        let rows = rows(&summary_csv(&sample::result(1)).unwrap());
        assert_eq!(field(&rows, 2, "backend"), "星河推理");
        assert_eq!(field(&rows, 2, "model"), "qwen3:4b");
        assert_eq!(field(&rows, 2, "failed"), "12");
        assert_eq!(field(&rows, 2, "failures_by_kind"), "http_status(500)=10;stall_timeout=2");
        assert_eq!(field(&rows, 2, "error_rate_share"), "0.06");
        assert_eq!(field(&rows, 2, "token_source"), "chunks");
        assert_eq!(field(&rows, 2, "window_s"), "30");
        assert_eq!(field(&rows, 3, "load_rate_rps"), "20");
        assert_eq!(field(&rows, 1, "ttft_count"), "1000");
    }

    #[test]
    fn what_is_missing_is_an_empty_cell() {
        let rows = rows(&summary_csv(&sample::result(1)).unwrap());
        assert_eq!(field(&rows, 5, "endpoint"), "embeddings");
        for name in ["ttft_p99_ms", "ttft_count", "output_tokens_total", "goodput_rps"] {
            assert_eq!(field(&rows, 5, name), "", "{name}");
        }
    }

    #[test]
    fn a_formula_is_disarmed_and_a_number_is_not() {
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(guarded("-x"), "'-x");
        assert_eq!(guarded("-1.5"), "-1.5");
        assert_eq!(guarded("解释\n人工"), "解释 人工");
    }
}
