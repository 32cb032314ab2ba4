//! A model's tokenizer, to count tokens without asking the server.

use std::error::Error;
use std::fmt;

use tokenizers::Tokenizer;

use crate::units::count;

/// Counts tokens as a model does.
pub struct TokenCounter {
    tokenizer: Tokenizer,
}

/// Why tokens cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file is no tokenizer.
    #[error("not a tokenizer in Hugging Face's format (`tokenizer.json`): {0}")]
    Format(Box<dyn Error + Send + Sync>),
    /// A text could not be taken apart.
    #[error("the tokenizer cannot read a text: {0}")]
    Text(Box<dyn Error + Send + Sync>),
}

impl TokenCounter {
    /// The tokenizer in the content of a `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Format`] if it is something else.
    pub fn from_json(json: &[u8]) -> Result<Self, TokenizerError> {
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(TokenizerError::Format)?;
        // Files of embedding models cut and fill texts to a length; counted is the whole text.
        tokenizer.with_truncation(None).map_err(TokenizerError::Format)?;
        tokenizer.with_padding(None);
        Ok(Self { tokenizer })
    }

    /// The tokens of `text`, without those that mark its begin and end.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Text`] if the tokenizer cannot read it (a vocabulary without a token
    /// for what is unknown).
    pub fn tokens(&self, text: &str) -> Result<u64, TokenizerError> {
        let encoding = self.tokenizer.encode_fast(text, false).map_err(TokenizerError::Text)?;
        Ok(count(encoding.len()))
    }
}

impl fmt::Debug for TokenCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.tokenizer.get_vocab_size(true);
        f.debug_struct("TokenCounter").field("vocabulary", &size).finish_non_exhaustive()
    }
}
