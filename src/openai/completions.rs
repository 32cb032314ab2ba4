//! Completions: a text that is gone on with.

use super::endpoint::{Api, Description, Output, TextForm};

/// `/v1/completions`
pub(super) const ENDPOINT: Description = Description {
    key: "completions",
    path: "/completions",
    api: Api::Openai,
    output: Output::Text(TextForm::Choices),
};
