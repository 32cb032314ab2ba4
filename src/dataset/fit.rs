//! Whether an endpoint can carry a set of prompts.

use crate::openai::Endpoint;
use crate::workload::{Prompt, PromptSet};

/// A prompt that its endpoint cannot carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "prompt {number} is {found}, which /v1{} does not take; write {accepted}, \
     or send the workload to {hint}",
    endpoint.path()
)]
pub struct Misfit {
    /// Which prompt, counted from 1 in the order of the source (empty lines not counted).
    pub number: usize,
    /// What kind of prompt it is.
    pub found: &'static str,
    /// The endpoint of the workload.
    pub endpoint: Endpoint,
    /// The kinds of prompt that endpoint takes.
    pub accepted: &'static str,
    /// The endpoint that takes what was found.
    pub hint: Endpoint,
}

/// Checks that `endpoint` takes every prompt of `prompts`.
///
/// A text fits everywhere; a conversation a chat or a response; a list of inputs only
/// embeddings; token ids completions and embeddings; a query with documents only a ranking.
///
/// # Errors
///
/// [`Misfit`] for the first prompt that does not fit.
pub fn check_against(prompts: &PromptSet, endpoint: Endpoint) -> Result<(), Misfit> {
    for (index, prompt) in prompts.prompts().iter().enumerate() {
        let (found, fitting) = shape(prompt);
        if !fitting.contains(&endpoint) {
            let hint = fitting[0];
            let accepted = accepted_by(endpoint);
            return Err(Misfit { number: index + 1, found, endpoint, accepted, hint });
        }
    }
    Ok(())
}

/// Checks that every one of the documents of rankings is a text.
///
/// # Errors
///
/// [`Misfit`] for the first that is not.
pub fn check_documents(documents: &PromptSet) -> Result<(), Misfit> {
    for (index, document) in documents.prompts().iter().enumerate() {
        if !matches!(document, Prompt::Text(_)) {
            let (found, fitting) = shape(document);
            let (endpoint, accepted) = (Endpoint::Rerank, "documents as texts (`prompt`)");
            return Err(Misfit { number: index + 1, found, endpoint, accepted, hint: fitting[0] });
        }
    }
    Ok(())
}

/// What a prompt is, and the endpoints that take it.
fn shape(prompt: &Prompt) -> (&'static str, &'static [Endpoint]) {
    match prompt {
        Prompt::Text(_) => ("a text", &Endpoint::ALL),
        Prompt::Messages(_) => {
            ("a conversation (`messages`)", &[Endpoint::Chat, Endpoint::Responses])
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
        Endpoint::Chat | Endpoint::Responses => "a text (`prompt`) or a conversation (`messages`)",
        Endpoint::Embeddings => "a text (`prompt`) or inputs (`input`)",
        Endpoint::Rerank => "a text (`prompt`), or a `query` with `documents`",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check_against;
    use crate::openai::Endpoint;
    use crate::workload::{Prompt, PromptSet};

    fn set(second: Prompt) -> PromptSet {
        PromptSet::new(vec![Prompt::Text("first".to_owned()), second]).unwrap()
    }

    #[test]
    fn a_text_fits_every_endpoint() {
        let texts = set(Prompt::Text("second".to_owned()));
        for endpoint in Endpoint::ALL {
            assert_eq!(check_against(&texts, endpoint), Ok(()));
        }
    }

    #[test]
    fn a_conversation_fits_a_chat_only() {
        let talks = set(Prompt::Messages(json!([{"role": "user", "content": "hi"}])));
        assert_eq!(check_against(&talks, Endpoint::Chat), Ok(()));
        let misfit = check_against(&talks, Endpoint::Embeddings).unwrap_err();
        insta::assert_snapshot!(
            misfit,
            @"prompt 2 is a conversation (`messages`), which /v1/embeddings does not take; write a text (`prompt`) or inputs (`input`), or send the workload to chat"
        );
    }

    #[test]
    fn a_list_of_inputs_fits_embeddings_only() {
        let inputs = set(Prompt::Inputs(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(check_against(&inputs, Endpoint::Embeddings), Ok(()));
        assert_eq!(check_against(&inputs, Endpoint::Chat).unwrap_err().number, 2);
        assert_eq!(check_against(&inputs, Endpoint::Completions).unwrap_err().number, 2);
    }
}
