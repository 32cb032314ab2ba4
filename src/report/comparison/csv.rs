//! A comparison as CSV: a row for each measure of each cell.

use crate::compare::{ComparisonDocument, EstimateEntry};
use crate::report::ReportError;
use crate::report::csv::guarded;

const COLUMNS: [&str; 24] = [
    "base",
    "new",
    "basis",
    "workload",
    "endpoint",
    "stage",
    "base_backend",
    "new_backend",
    "measure",
    "unit",
    "better",
    "decides",
    "base_value",
    "new_value",
    "scale",
    "size",
    "low",
    "high",
    "interval_from",
    "p_regressed",
    "p_improved",
    "sign_flip_p",
    "verdict",
    "why_not",
];

/// The document as CSV.
///
/// # Errors
///
/// [`ReportError::Csv`] if it cannot be written.
pub(super) fn csv(document: &ComparisonDocument) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for comparison in &document.comparisons {
        for cell in &comparison.cells {
            let places = [
                &comparison.base.label,
                &comparison.new.label,
                &comparison.basis,
                &cell.workload,
                &cell.endpoint,
                &cell.stage,
                &cell.base_backend,
                &cell.new_backend,
            ];
            for estimate in &cell.estimates {
                let places = places.iter().map(|text| guarded(text).into_owned());
                writer.write_record(places.chain(fields(estimate)))?;
            }
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn fields(estimate: &EstimateEntry) -> [String; 16] {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        estimate.measure.clone(),
        estimate.unit.clone(),
        estimate.better.clone(),
        estimate.decides.to_string(),
        number(estimate.base),
        number(estimate.new),
        estimate.scale.clone(),
        number(estimate.size),
        number(estimate.low),
        number(estimate.high),
        text(&estimate.interval_from),
        number(estimate.p_regressed),
        number(estimate.p_improved),
        number(estimate.sign_flip_p),
        text(&estimate.verdict),
        text(&estimate.why_not),
    ]
}
