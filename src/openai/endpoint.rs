//! The endpoints of the API that carry load.
//!
//! What sets an endpoint apart stands in a file of its own, as a [`Description`]; here is the
//! list of them. A new endpoint is one such file and one line below.

use std::fmt;

use super::answer::Answer;
use super::{chat, completions, embeddings, ollama_chat, ollama_generate, rerank, responses};
use crate::record::Failure;

/// Where the API of OpenAI usually has its root.
const API_ROOT: &str = "/v1";

/// What sets an endpoint apart.
pub(super) struct Description {
    /// Its name in scenarios and files.
    pub(super) key: &'static str,
    /// Its path below the root of the API it belongs to.
    pub(super) path: &'static str,
    /// Which API that is.
    pub(super) api: Api,
    /// What its answers are.
    pub(super) output: Output,
}

/// The API an endpoint belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// That of OpenAI, whose root ends in a version (`…/v1`).
    Openai,
    /// Ollama's own, which lies beside it.
    Ollama,
}

/// What the answers of an endpoint are.
#[derive(Clone, Copy)]
pub(super) enum Output {
    /// Generated text, whole or as a stream.
    Text(TextForm),
    /// Something for each of the items that were sent, always whole.
    Items {
        /// Reads an answer.
        decode: fn(&[u8]) -> Result<Answer, Failure>,
    },
}

/// The form that generated text comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextForm {
    /// Choices with a message or a text each; in streams, events with the differences of these.
    Choices,
    /// A response of several items; in streams, events named by what they tell.
    Response,
    /// Ollama's own: an object with a message or a text; in streams, one such object a line.
    Lines,
}

macro_rules! endpoints {
    ($($(#[doc = $doc:literal])+ $name:ident => $module:ident;)+) => {
        /// An endpoint that requests are sent to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Endpoint {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Endpoint {
            /// Every endpoint.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];

            const fn description(self) -> &'static Description {
                match self {
                    $(Self::$name => &$module::ENDPOINT,)+
                }
            }
        }
    };
}

endpoints! {
    /// `/v1/chat/completions`
    Chat => chat;
    /// `/v1/completions`
    Completions => completions;
    /// `/v1/responses`
    Responses => responses;
    /// `/v1/embeddings`
    Embeddings => embeddings;
    /// `/v1/rerank`
    Rerank => rerank;
    /// Ollama's `/api/chat`
    OllamaChat => ollama_chat;
    /// Ollama's `/api/generate`
    OllamaGenerate => ollama_generate;
}

impl Endpoint {
    /// Its name in scenarios and files.
    pub const fn key(self) -> &'static str {
        self.description().key
    }

    /// Its path below the root of its API: `/chat/completions`, `/api/chat`.
    pub const fn path(self) -> &'static str {
        self.description().path
    }

    /// Its path at a server whose API of OpenAI has its root at `root`: `/v1/chat/completions`;
    /// what is Ollama's own lies beside that root, not below it.
    pub fn path_at(self, root: &str) -> String {
        let root = match self.description().api {
            Api::Openai => root,
            Api::Ollama => root.strip_suffix(API_ROOT).unwrap_or(root),
        };
        format!("{root}{}", self.path())
    }

    /// Its path as people know it: `/v1/chat/completions`, `/api/chat`.
    pub fn usual_path(self) -> String {
        self.path_at(API_ROOT)
    }

    /// Whether it is Ollama's own, so that other servers do not have it.
    pub const fn is_of_ollama(self) -> bool {
        matches!(self.description().api, Api::Ollama)
    }

    /// Whether servers put what is sent into a chat template, which adds tokens of its own.
    pub const fn has_template(self) -> bool {
        matches!(self, Self::Chat | Self::Responses | Self::OllamaChat | Self::OllamaGenerate)
    }

    /// Whether it takes the messages of a conversation and answers the last one, keeping nothing.
    pub const fn has_conversations(self) -> bool {
        matches!(self, Self::Chat | Self::OllamaChat)
    }

    /// Whether its answers are generated text, and so can be streamed.
    pub const fn generates(self) -> bool {
        matches!(self.output(), Output::Text(_))
    }

    /// The form of its streams; that of chats where there are none.
    pub(super) const fn text_form(self) -> TextForm {
        match self.output() {
            Output::Text(form) => form,
            Output::Items { .. } => TextForm::Choices,
        }
    }

    /// What its answers are.
    pub(super) const fn output(self) -> Output {
        self.description().output
    }

    /// The endpoint of that name, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.key() == key)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn what_is_of_ollama_lies_beside_the_root_of_the_api() {
        assert_eq!(Endpoint::Chat.path_at("/proxy/v1"), "/proxy/v1/chat/completions");
        assert_eq!(Endpoint::OllamaChat.path_at("/proxy/v1"), "/proxy/api/chat");
        assert_eq!(Endpoint::OllamaGenerate.usual_path(), "/api/generate");
        assert_eq!(Endpoint::Embeddings.usual_path(), "/v1/embeddings");
    }
}
