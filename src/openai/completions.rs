//! Completions: a text that is gone on with.

use super::endpoint::{Description, Output, TextForm};

/// `/v1/completions`
pub(super) const ENDPOINT: Description = Description {
    key: "completions",
    path: "/completions",
    output: Output::Text(TextForm::Choices),
};
