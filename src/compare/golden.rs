//! Reference values for tests, from `tests/fixtures/statistics/golden.py` and its `scipy`.

use serde_json::Value;

/// The golden values.
pub(super) fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/statistics/golden.json")).unwrap()
}

/// A number of the golden values.
pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// A list of numbers of the golden values.
pub(super) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// Asserts that `own` is `wanted` up to `error`, relative to what is above 1.
#[track_caller]
pub(super) fn assert_near(own: f64, wanted: f64, error: f64) {
    assert!((own - wanted).abs() <= error * wanted.abs().max(1.0), "{own} is not {wanted}");
}
