//! Rankings: scores that depend on query and document alone.

use std::cmp::Reverse;

use rand::RngExt;
use serde_json::{Value, json};

use super::draw::numbers_of;

/// A scale that scores are compared on as whole numbers.
const STEPS: u32 = 1_000_000;

/// The results of a ranking, the best first: at most `most` of them.
pub(super) fn ranking(
    query: &str,
    documents: &[String],
    most: usize,
    with_documents: bool,
) -> Vec<Value> {
    let mut scored: Vec<(u32, usize)> = documents
        .iter()
        .enumerate()
        .map(|(index, document)| (score(query, document), index))
        .collect();
    scored.sort_by_key(|(score, index)| (Reverse(*score), *index));
    let result = |(score, index): (u32, usize)| {
        let score = f64::from(score) / f64::from(STEPS);
        let mut result = json!({"index": index, "relevance_score": score});
        if with_documents {
            result["document"] = json!({"text": documents[index]});
        }
        result
    };
    scored.into_iter().take(most).map(result).collect()
}

/// How well `document` answers `query`: the same each time.
fn score(query: &str, document: &str) -> u32 {
    // The sign between them is in no text that matters.
    numbers_of(&format!("{query}\u{0}{document}")).random_range(0..=STEPS)
}

#[cfg(test)]
mod tests {
    use super::ranking;

    #[test]
    fn documents_come_back_the_best_first_and_no_more_than_asked_for() {
        let documents = ["a", "b", "c"].map(str::to_owned);
        let all = ranking("q", &documents, 3, true);
        let scores: Vec<_> =
            all.iter().map(|result| result["relevance_score"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
        for result in &all {
            let index = usize::try_from(result["index"].as_u64().unwrap()).unwrap();
            assert_eq!(result["document"]["text"], documents[index].as_str());
        }
        let two = ranking("q", &documents, 2, false);
        assert_eq!(two.len(), 2);
        assert_eq!(two[0]["index"], all[0]["index"]);
        assert!(two[0].get("document").is_none());
    }
}
