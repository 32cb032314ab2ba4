//! Fields that the user adds to request bodies.

use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{Field, JsonObject};

/// Fields of the body that a workload decides, each with the key that does.
const DECIDED: [(&str, &str); 7] = [
    ("model", "model"),
    ("stream", "stream"),
    ("messages", "prompts"),
    ("prompt", "prompts"),
    ("input", "prompts"),
    ("query", "prompts"),
    ("documents", "documents"),
];

/// Refuses fields that a workload decides.
pub(super) fn check_body(body: &Field<JsonObject>, problems: &mut Problems) {
    let Some(body) = body.given() else { return };
    for (field, key) in DECIDED {
        if body.value.0.contains_key(field) {
            let subject = problems.within("body", |problems| problems.subject());
            problems.report(
                Problem::new(body.place, format!("{subject} must not hold `{field}`"))
                    .hint(format!("leave it out: the workload's `{key}` decides it")),
            );
        }
    }
}
