//! A model's tokenizer, from its file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::error::DatasetError;
use crate::units::count;
use crate::workload::TokenCounter;

/// Most bytes of a tokenizer; those of the largest vocabularies (260,000 tokens) have 35 MB.
const MAX_BYTES: u64 = 256 << 20;

/// Reads the tokenizer in `path`.
///
/// # Errors
///
/// [`DatasetError`] if it cannot be read or is no tokenizer.
pub(super) fn load_tokenizer(path: &Path) -> Result<TokenCounter, DatasetError> {
    let failed = |source| DatasetError::Open { path: path.to_owned(), source: Arc::new(source) };
    let mut json = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut json).map_err(failed)?;
    if count(json.len()) > MAX_BYTES {
        return Err(DatasetError::TokenizerTooLarge { path: path.to_owned(), limit: MAX_BYTES });
    }
    TokenCounter::from_json(&json).map_err(|source| DatasetError::Tokenizer {
        path: path.to_owned(),
        source: Arc::new(source),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use tempfile::NamedTempFile;

    use super::load_tokenizer;

    #[test]
    fn what_is_no_tokenizer_is_named() {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(b"{\"model\": 5}").unwrap();
        let error = load_tokenizer(file.path()).unwrap_err().to_string();
        let named = format!("{}: not a tokenizer in Hugging Face's format", file.path().display());
        assert!(error.starts_with(&named), "{error}");
    }

    #[test]
    fn a_tokenizer_that_is_not_there_is_named() {
        let error = load_tokenizer(Path::new("no/such/tokenizer.json")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/tokenizer.json: cannot be opened: "), "{error}");
    }
}
