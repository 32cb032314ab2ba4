//! A row of a Mooncake trace.

use serde::Deserialize;

use super::recorded::Recorded;
use crate::dataset::found::{Fault, excerpt};
use crate::units::whole;

/// Tokens of a block that a hash stands for.
pub(super) const BLOCK_TOKENS: u32 = 512;

/// What a row may be.
///
/// # Source
///
/// The traces beside Qin et al., "Mooncake: Trading More Storage for Less Computation", FAST 2025,
/// <https://github.com/kvcache-ai/Mooncake>.
const EXPECTED: &str = "an object a line with `timestamp` (milliseconds), `input_length` and \
     `output_length` (tokens), and `hash_ids` (one number for each block of 512 tokens)";

#[derive(Deserialize)]
struct Row {
    timestamp: f64,
    input_length: u32,
    output_length: u32,
    #[serde(default)]
    hash_ids: Vec<u64>,
}

/// The request in a row, with its blocks; `None` where it has no input or no answer.
///
/// # Errors
///
/// What was found instead.
pub(super) fn parse(text: &str) -> Result<Option<(Recorded, Vec<u64>)>, Fault> {
    let fault = |found| Fault::new(found, EXPECTED);
    let row: Row =
        serde_json::from_str(text).map_err(|error| fault(format!("{error}: {}", excerpt(text))))?;
    if row.timestamp.is_nan() || row.timestamp < 0.0 {
        return Err(fault(format!("`timestamp` is {}", row.timestamp)));
    }
    let recorded = Recorded::new(
        whole(row.timestamp * 1e6).into(),
        Some(row.input_length),
        Some(row.output_length),
    );
    Ok(recorded.map(|recorded| (recorded, row.hash_ids)))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::dataset::trace::recorded::Recorded;

    #[test]
    fn a_row_has_its_time_in_milliseconds_and_a_hash_for_each_block() {
        let row = r#"{"timestamp": 27482, "input_length": 1200, "output_length": 52, "hash_ids": [46, 47, 9]}"#;
        let (recorded, blocks) = parse(row).unwrap().unwrap();
        let expected = Recorded { at: 27_482_000_000, input: 1_200, output: Some(52) };
        assert_eq!((recorded, blocks), (expected, vec![46, 47, 9]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let found = |row| parse(row).unwrap_err().found;
        let all = [
            found(r#"{"timestamp": 5, "input_length": 7}"#),
            found(r#"{"timestamp": -5, "input_length": 7, "output_length": 1}"#),
            found(r#"{"timestamp": "now", "input_length": 7, "output_length": 1}"#),
            found(r#"{"timestamp": 5, "input_length": -7, "output_length": 1}"#),
            found("[]"),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        missing field `output_length` at line 1 column 35: {"timestamp": 5, "input_length": 7}
        `timestamp` is -5
        invalid type: string "now", expected f64 at line 1 column 19: {"timestamp": "now", "input_length": 7, "output_length": 1}
        invalid value: integer `-7`, expected u32 at line 1 column 35: {"timestamp": 5, "input_length": -7, "output_length": 1}
        invalid length 0, expected struct Row with 4 elements at line 1 column 2: []
        "#);
    }
}
