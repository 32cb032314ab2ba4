//! The endpoints of the API that carry load.
//!
//! What sets an endpoint apart stands in a file of its own, as a [`Description`]; here is the
//! list of them. A new endpoint is one such file and one line below.

use std::fmt;

use super::answer::Answer;
use super::{chat, completions, embeddings, rerank, responses};
use crate::record::Failure;

/// What sets an endpoint apart.
pub(super) struct Description {
    /// Its name in scenarios and files.
    pub(super) key: &'static str,
    /// Its path below the API's root (`…/v1`).
    pub(super) path: &'static str,
    /// What its answers are.
    pub(super) output: Output,
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
}

impl Endpoint {
    /// Its name in scenarios and files.
    pub const fn key(self) -> &'static str {
        self.description().key
    }

    /// Its path below the API's root (`…/v1`).
    pub const fn path(self) -> &'static str {
        self.description().path
    }

    /// Whether servers put what is sent into a chat template, which adds tokens of its own.
    pub const fn has_template(self) -> bool {
        matches!(self, Self::Chat | Self::Responses)
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
