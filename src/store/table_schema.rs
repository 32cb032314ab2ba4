//! What the columns of `summary.csv`, `requests.csv` and `timeseries.csv` hold, for machines: a
//! Table Schema of the Data Package standard, with a unit beside each type.
//!
//! # Source
//!
//! <https://datapackage.org/standard/table-schema/>; `unit` is ours, as the standard allows.

use serde_json::{Map, Value, json};

use super::column_meanings::{Meaning, REQUESTS, SUMMARY, TIMESERIES};
use super::timeseries;
use crate::measure::RequestRow;
use crate::metric::{Metric, MetricInfo};
use crate::report::summary_columns;

/// A file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsFile {
    /// `summary.csv`
    Summary,
    /// `requests.csv`
    Requests,
    /// `timeseries.csv`
    Timeseries,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word or a message.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
}

impl Kind {
    /// Its name in the standard.
    const fn key(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Whole => "integer",
            Self::Number => "number",
            Self::Flag => "boolean",
        }
    }
}

/// The schema of a file: its columns in order, each with type, unit and description.
pub fn table_schema(file: RowsFile) -> Value {
    let (names, meanings, key) = match file {
        RowsFile::Summary => (summary_columns(), SUMMARY, vec!["cell"]),
        RowsFile::Requests => {
            let names = RequestRow::COLUMNS.iter().map(|column| column.name.to_owned()).collect();
            (names, REQUESTS, vec!["cell", "phase", "request"])
        }
        RowsFile::Timeseries => {
            let names = timeseries::column_names().map(str::to_owned).collect();
            (names, TIMESERIES, vec!["cell", "second"])
        }
    };
    let fields: Vec<_> = names.iter().map(|name| field(name, meanings, file)).collect();
    json!({
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": fields,
        "missingValues": [""],
        "primaryKey": key,
    })
}

fn field(name: &str, meanings: &[Meaning], file: RowsFile) -> Value {
    let told = meanings.iter().find(|(known, ..)| *known == name);
    let (kind, unit, about) = match told {
        Some((_, kind, unit, about)) => (*kind, *unit, (*about).to_owned()),
        None => of_metric(name, file).unwrap_or((Kind::Text, "", String::new())),
    };
    let mut field = Map::new();
    field.insert("name".to_owned(), name.into());
    field.insert("type".to_owned(), kind.key().into());
    if !unit.is_empty() {
        field.insert("unit".to_owned(), unit.into());
    }
    field.insert("description".to_owned(), about.into());
    field.into()
}

/// A column that is named after a metric: `ttft_ms`, `ttft_p99_9_ms`, `ttft_count`,
/// `error_rate_share`; `None` for any other.
fn of_metric(name: &str, file: RowsFile) -> Option<(Kind, &'static str, String)> {
    // The longest key that fits: `ttft_due_p50_ms` is none of `ttft`.
    let fitting = Metric::ALL.iter().filter(|metric| name.starts_with(metric.key()));
    let metric = *fitting.max_by_key(|metric| metric.key().len())?;
    let MetricInfo { key, name: spelled, formula, unit, .. } = metric.info();
    let rest = name.strip_prefix(key)?.trim_start_matches('_');
    let of = if file == RowsFile::Timeseries {
        " of the measured requests that ended in the second"
    } else {
        ""
    };
    let about = format!("{spelled}: {formula}");
    if rest == "count" {
        return Some((Kind::Whole, "", format!("number of values of {about}")));
    }
    let statistic = rest.strip_suffix(unit.suffix())?.trim_end_matches('_').replace('_', ".");
    let about = match statistic.as_str() {
        "" => about,
        statistic => format!("{statistic} of {about}{of}"),
    };
    Some((Kind::Number, unit.label(), about))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{RowsFile, table_schema};
    use crate::store::column_meanings::{REQUESTS, SUMMARY, TIMESERIES};

    const FILES: [RowsFile; 3] = [RowsFile::Summary, RowsFile::Requests, RowsFile::Timeseries];

    fn fields(file: RowsFile) -> Vec<Value> {
        table_schema(file)["fields"].as_array().unwrap().clone()
    }

    fn one(file: RowsFile, name: &str) -> String {
        fields(file).iter().find(|field| field["name"] == name).unwrap().to_string()
    }

    #[test]
    fn every_column_is_described_and_every_description_has_its_column() {
        for (file, meanings) in FILES.into_iter().zip([SUMMARY, REQUESTS, TIMESERIES]) {
            let fields = fields(file);
            for field in &fields {
                assert_ne!(field["description"], "", "{field}");
                let name = field["name"].as_str().unwrap();
                assert!(field["type"] != "number" || field["unit"].is_string(), "{name}");
            }
            let names: BTreeSet<_> =
                fields.iter().filter_map(|field| field["name"].as_str()).collect();
            for (name, ..) in meanings {
                assert!(names.contains(name), "{name} is no column of {file:?}");
            }
        }
    }

    #[test]
    fn columns_of_metrics_are_told_by_the_catalogue() {
        insta::assert_snapshot!(one(RowsFile::Summary, "ttft_due_p99_9_ms"), @r#"{"name":"ttft_due_p99_9_ms","type":"number","unit":"ms","description":"p99.9 of first token from due time: first_token_at - due_at"}"#);
        insta::assert_snapshot!(one(RowsFile::Summary, "output_tokens_count"), @r#"{"name":"output_tokens_count","type":"integer","description":"number of values of output tokens: O"}"#);
        insta::assert_snapshot!(one(RowsFile::Summary, "error_rate_share"), @r#"{"name":"error_rate_share","type":"number","unit":"share","description":"error rate: failures / all requests of the window"}"#);
        insta::assert_snapshot!(one(RowsFile::Requests, "output_tokens"), @r#"{"name":"output_tokens","type":"integer","unit":"tokens","description":"output tokens of its answer"}"#);
        insta::assert_snapshot!(one(RowsFile::Timeseries, "itl_p50_ms"), @r#"{"name":"itl_p50_ms","type":"number","unit":"ms","description":"p50 of inter-token latency: as icl, but a gap before an event of k tokens counts as k samples of gap / k of the measured requests that ended in the second"}"#);
    }

    #[test]
    fn the_committed_schemas_are_those_of_the_files() {
        let committed = [
            include_str!("../../docs/summary.schema.json"),
            include_str!("../../docs/requests.schema.json"),
            include_str!("../../docs/timeseries.schema.json"),
        ];
        for (file, committed) in FILES.into_iter().zip(committed) {
            let made = serde_json::to_string_pretty(&table_schema(file)).unwrap() + "\n";
            assert!(
                made == committed,
                "`pacemark schema` prints what should be committed: {file:?}"
            );
        }
    }
}
