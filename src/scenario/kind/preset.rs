//! What a kind takes for granted.

/// What a kind takes for granted, unless the scenario says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name in scenarios.
    pub key: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Default URL; `None` where the scenario must give one.
    pub url: Option<&'static str>,
    /// Environment variable that usually holds its key.
    pub key_env: Option<&'static str>,
    /// The field that limits output tokens of a chat.
    pub token_limit: TokenLimitField,
    /// The fields that make an answer no shorter than its limit; empty where the server has none.
    pub length_fields: &'static [LengthField],
    /// Whether `stream_options.include_usage` may be sent.
    pub include_usage: bool,
    /// A model as its users would name it, for examples: one that chats; `None` where none does.
    pub example_chat: Option<&'static str>,
    /// And one that embeds; `None` where few of these servers have one.
    pub example_embed: Option<&'static str>,
}

/// The field of a chat request that limits output tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLimitField {
    /// `max_tokens`
    MaxTokens,
    /// `max_completion_tokens`
    MaxCompletionTokens,
}

/// A field that makes an answer no shorter than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthField {
    /// `ignore_eos: true`: the model's end mark does not end the answer.
    IgnoreEos,
    /// `min_tokens`: the model's end mark is not chosen before so many tokens.
    MinTokens,
}

impl LengthField {
    /// Its name in a request body.
    pub const fn key(self) -> &'static str {
        match self {
            Self::IgnoreEos => "ignore_eos",
            Self::MinTokens => "min_tokens",
        }
    }
}
