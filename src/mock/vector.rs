//! Embeddings: vectors that depend on their text alone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::RngExt;
use serde_json::{Value, json};

use super::draw::numbers_of;

/// The vector of `text`: `dimensions` numbers, of length 1, the same each time.
pub(super) fn vector(text: &str, dimensions: u32) -> Vec<f32> {
    let mut numbers = numbers_of(text);
    let raw: Vec<f32> = (0..dimensions).map(|_| numbers.random_range(-1.0..1.0)).collect();
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 { raw.iter().map(|number| number / length).collect() } else { raw }
}

/// A vector as it stands in a response: an array, or its bytes (little-endian) in base64.
pub(super) fn as_json(vector: &[f32], base64: bool) -> Value {
    if base64 {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        Value::String(BASE64_STANDARD.encode(bytes))
    } else {
        json!(vector)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::{as_json, vector};

    #[test]
    fn a_text_has_one_vector_of_length_1() {
        let one = vector("你好", 64);
        assert_eq!(one.len(), 64);
        assert_eq!(one, vector("你好", 64));
        assert_ne!(one, vector("您好", 64));
        let length = one.iter().map(|number| number * number).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }

    #[test]
    fn base64_holds_the_same_numbers() {
        let one = vector("a", 2);
        let text = as_json(&one, true);
        let bytes = BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap();
        let numbers: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
            .collect();
        assert_eq!(numbers, one);
    }
}
