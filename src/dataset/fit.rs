//! Whether what is read can be carried where it is sent.

use super::found::Fault;
use crate::openai::Endpoint;
use crate::workload::Prompt;

/// What rows are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be sent to an endpoint.
    Prompts(Endpoint),
    /// To be ranked by the queries of a ranking.
    Documents,
}

impl Purpose {
    /// The endpoint they are sent to.
    pub(super) const fn endpoint(self) -> Endpoint {
        match self {
            Self::Prompts(endpoint) => endpoint,
            Self::Documents => Endpoint::Rerank,
        }
    }
}

/// Checks that `prompt` can be carried.
///
/// A text fits everywhere; a conversation a chat or a response; a list of inputs only embeddings;
/// token ids completions and embeddings; a query with documents only a ranking. The body of a
/// batch file has said itself where it belongs. Documents are texts.
///
/// # Errors
///
/// [`Fault`] if it does not fit.
pub(super) fn check(prompt: &Prompt, purpose: Purpose) -> Result<(), Fault> {
    let (found, fitting) = shape(prompt);
    match purpose {
        Purpose::Documents if matches!(prompt, Prompt::Text(_)) => Ok(()),
        Purpose::Documents => Err(Fault::new(
            format!("{found}, which cannot be ranked"),
            "documents as texts (`prompt`)",
        )),
        Purpose::Prompts(endpoint) if fitting.contains(&endpoint) => Ok(()),
        Purpose::Prompts(endpoint) => {
            let homes: Vec<_> = fitting.iter().map(|endpoint| endpoint.key()).collect();
            let accepted = accepted_by(endpoint);
            Err(Fault::new(
                format!("{found}, which {} does not take", endpoint.usual_path()),
                format!("{accepted}; or send the workload to {}", homes.join(" or ")),
            ))
        }
    }
}

/// What a prompt is, and the endpoints that take it.
const fn shape(prompt: &Prompt) -> (&'static str, &'static [Endpoint]) {
    match prompt {
        Prompt::Text(_) => ("a text", &Endpoint::ALL),
        Prompt::Body(_) => ("a whole request", &Endpoint::ALL),
        Prompt::Messages(_) => {
            let homes = &[Endpoint::Chat, Endpoint::Responses, Endpoint::OllamaChat];
            ("a conversation (`messages`)", homes)
        }
        Prompt::Inputs(_) => ("a list of inputs (`input: […]`)", &[Endpoint::Embeddings]),
        Prompt::Tokens(_) => {
            ("a list of token ids", &[Endpoint::Completions, Endpoint::Embeddings])
        }
        Prompt::TokenInputs(_) => ("several lists of token ids", &[Endpoint::Embeddings]),
        Prompt::Ranking { .. } => ("a query with `documents`", &[Endpoint::Rerank]),
    }
}

const fn accepted_by(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Completions => "a text or token ids (`prompt`)",
        Endpoint::OllamaGenerate => "a text (`prompt`)",
        Endpoint::Chat | Endpoint::Responses | Endpoint::OllamaChat => {
            "a text (`prompt`) or a conversation (`messages`)"
        }
        Endpoint::Embeddings => "a text (`prompt`) or inputs (`input`)",
        Endpoint::Rerank => "a text (`prompt`), or a `query` with `documents`",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Purpose, check};
    use crate::openai::Endpoint;
    use crate::workload::Prompt;

    /// The endpoints that take a prompt.
    fn homes(prompt: &Prompt) -> Vec<Endpoint> {
        let takes = |endpoint: &Endpoint| check(prompt, Purpose::Prompts(*endpoint)).is_ok();
        Endpoint::ALL.into_iter().filter(takes).collect()
    }

    #[test]
    fn a_text_fits_every_endpoint() {
        assert_eq!(homes(&Prompt::Text("hi".to_owned())), Endpoint::ALL);
    }

    #[test]
    fn a_conversation_fits_a_chat_or_a_response() {
        let talk = Prompt::Messages(json!([{"role": "user", "content": "hi"}]));
        assert_eq!(homes(&talk), [Endpoint::Chat, Endpoint::Responses, Endpoint::OllamaChat]);
        let fault = check(&talk, Purpose::Prompts(Endpoint::Embeddings)).unwrap_err();
        insta::assert_snapshot!(
            format!("found {}; accepted is {}", fault.found, fault.accepted),
            @"found a conversation (`messages`), which /v1/embeddings does not take; accepted is a text (`prompt`) or inputs (`input`); or send the workload to chat or responses or ollama_chat"
        );
    }

    #[test]
    fn inputs_token_ids_and_rankings_have_homes_of_their_own() {
        let text = || "a".to_owned();
        assert_eq!(homes(&Prompt::Inputs(vec![text()])), [Endpoint::Embeddings]);
        assert_eq!(homes(&Prompt::TokenInputs(vec![vec![1]])), [Endpoint::Embeddings]);
        let homes_of_ids = homes(&Prompt::Tokens(vec![1]));
        assert_eq!(homes_of_ids, [Endpoint::Completions, Endpoint::Embeddings]);
        let ranking = Prompt::Ranking { query: text(), documents: vec![text()] };
        assert_eq!(homes(&ranking), [Endpoint::Rerank]);
    }

    #[test]
    fn documents_are_texts() {
        assert_eq!(check(&Prompt::Text("a".to_owned()), Purpose::Documents), Ok(()));
        assert!(check(&Prompt::Inputs(vec!["a".to_owned()]), Purpose::Documents).is_err());
    }
}
