//! Numbers for pictures.

/// `value` with five significant digits, which is finer than a screen can show.
pub(super) fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    // Written and read again, so that it prints as short as it is.
    format!("{value:.4e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn five_digits_stay() {
        let numbers =
            [0.0, 123_456.0, 0.001_234_567, 60.0, 1e9].map(|value| short(value).to_string());
        assert_eq!(numbers, ["0", "123460", "0.0012346", "60", "1000000000"]);
    }
}
