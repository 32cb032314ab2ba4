//! Bencher's own JSON, for continuous benchmarking: benchmarks, measures, values.
//!
//! # Source
//!
//! Bencher Metric Format, <https://bencher.dev/docs/reference/bencher-metric-format/>.

use serde_json::{Map, Value, json};

use super::figures::{KEY_FIGURES, shown_figures};
use super::format::ReportError;
use crate::result::{PooledCell, ResultError, RunResult};
use crate::units::index;

/// The figures that matter, each backend, workload and stage a benchmark with its rounds merged.
/// Percentiles of too few values are left out, since a chart cannot say so.
///
/// # Errors
///
/// [`ReportError`] if the rounds cannot be merged.
pub fn bencher(result: &RunResult) -> Result<String, ReportError> {
    let mut benchmarks = Map::new();
    for cell in result.pooled()? {
        let mut measures = Map::new();
        for figure in shown_figures(&cell, &KEY_FIGURES).filter(|figure| figure.supported) {
            measures.insert(figure.slug(), json!({"value": figure.value}));
        }
        if !measures.is_empty() {
            benchmarks.insert(name(result, &cell), Value::Object(measures));
        }
    }
    let text = serde_json::to_string_pretty(&benchmarks).map_err(ResultError::from)?;
    Ok(text + "\n")
}

/// `ci-smoke / chat / concurrency 2, 20 requests / server`
fn name(result: &RunResult, cell: &PooledCell) -> String {
    let parts = [
        result.name.as_str(),
        &result.workloads[index(cell.workload.into())].name,
        &result.stages[index(cell.stage.into())].label,
        &result.backends[index(cell.backend.into())].name,
    ];
    parts.join(" / ")
}

#[cfg(test)]
mod tests {
    use super::bencher;
    use crate::result::sample;

    #[test]
    fn each_backend_under_each_load_is_a_benchmark() {
        let mut result = sample::result(1);
        result.cells.drain(..5);
        insta::assert_snapshot!(bencher(&result).unwrap(), @r#"
        {
          "两台服务器 / 向量 / concurrency 4, 30s / 星河推理": {
            "e2e-p50-ms": {
              "value": 1884.291071
            },
            "response-p50-ms": {
              "value": 1973.420031
            },
            "request-throughput-rps": {
              "value": 6.266666666666667
            },
            "embedding-throughput-items-s": {
              "value": 100.26666666666667
            },
            "error-rate-share": {
              "value": 0.06
            }
          }
        }
        "#);
    }
}
