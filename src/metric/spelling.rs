//! What a name was probably meant to be.

/// The one of `known` that `found` was probably meant to be; `None` where none is near.
pub fn closest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let normal = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let found = normal(found);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&found, &normal(name)), name))
        .filter(|(distance, name)| match name.chars().count() {
            0..=2 => *distance == 0,
            length => *distance <= (length / 3).max(1),
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_another_word_is_not() {
        let known = ["ttft", "tpot", "error_rate"];
        assert_eq!(closest("tttf", known), Some("ttft"));
        assert_eq!(closest("Error-Rate", known), Some("error_rate"));
        assert_eq!(closest("latency", known), None);
    }
}
