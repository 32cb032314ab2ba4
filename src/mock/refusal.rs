//! Answers that are errors, in the API's own shape.

use serde_json::json;

/// An error answer: a status and what the body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: u16,
    /// The error's type, as the API names it.
    pub(super) kind: &'static str,
    /// The error's code; `None`: null.
    pub(super) code: Option<&'static str>,
    /// What is wrong, and what would be accepted.
    pub(super) message: String,
}

impl Refusal {
    /// 400: the request is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        let kind = "invalid_request_error";
        Self { status: 400, kind, code: None, message: message.into() }
    }

    /// 401: no key, or another one. Never repeats the key that was sent.
    pub(super) fn key() -> Self {
        let message = "Incorrect API key provided.".to_owned();
        Self { status: 401, kind: "invalid_request_error", code: Some("invalid_api_key"), message }
    }

    /// 404: a model that is not served.
    pub(super) fn model(model: &str) -> Self {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        Self { status: 404, kind: "invalid_request_error", code: Some("model_not_found"), message }
    }

    /// 404: nothing lives at this path.
    pub(super) fn path(method: &str, path: &str) -> Self {
        let message = format!("Invalid URL ({method} {path})");
        Self { status: 404, kind: "invalid_request_error", code: Some("unknown_url"), message }
    }

    /// 405: the path knows another method only.
    pub(super) fn method(method: &str, path: &str) -> Self {
        let message = format!("Not allowed to {method} on {path}.");
        Self {
            status: 405,
            kind: "invalid_request_error",
            code: Some("method_not_supported"),
            message,
        }
    }

    /// 413: the body is larger than the server reads.
    pub(super) fn too_large() -> Self {
        let message = "The request body is too large, or ended early.".to_owned();
        Self { status: 413, kind: "invalid_request_error", code: None, message }
    }

    /// 503: the queue is full, in Ollama's words.
    pub(super) fn busy() -> Self {
        let message = "server busy, please try again.  maximum pending requests exceeded";
        Self { status: 503, kind: "server_error", code: None, message: message.to_owned() }
    }

    /// 500: an error that the spec asked for.
    pub(super) fn injected() -> Self {
        let message = "the simulated server was told to fail this request".to_owned();
        Self { status: 500, kind: "server_error", code: Some("injected_error"), message }
    }

    /// The body: `{"error": {…}}`.
    pub(super) fn body(&self) -> String {
        let Self { kind, code, message, .. } = self;
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn errors_have_the_shape_of_the_api() {
        insta::assert_snapshot!(
            Refusal::model("x\"y").body(),
            @r#"{"error":{"message":"The model `x\"y` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#
        );
    }
}
