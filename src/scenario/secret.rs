//! Values that must never be seen.

use std::borrow::Cow;
use std::fmt;

const HIDDEN: &str = "***";
/// First words of a header's value that are no secret; what follows is one on its own.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];
/// Shorter values are not searched for: they would match by accident and hide half of a text.
const SHORTEST: usize = 4;

/// A key, or the value of a header: can be sent, cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    /// Parts of the value that are secret on their own, such as the key after `Bearer `.
    parts: Vec<String>,
}

impl Secret {
    /// Hides `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), parts: Vec::new() }
    }

    /// Hides `value` and those of its `parts` that are secret on their own.
    pub fn with_parts(value: impl Into<String>, parts: impl IntoIterator<Item = String>) -> Self {
        Self { value: value.into(), parts: parts.into_iter().collect() }
    }

    /// The value itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Removes known secrets from texts of others, such as a server's error message.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// A redactor that knows `secrets` and their parts; longer ones are removed first.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<_> = secrets
            .into_iter()
            .flat_map(|secret| {
                let credentials = credentials(&secret.value).map(str::to_owned);
                secret.parts.into_iter().chain(credentials).chain([secret.value])
            })
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self { secrets }
    }

    /// `text` with every known secret replaced by `***`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.secrets
            .iter()
            .filter(|secret| text.contains(secret.as_str()))
            .fold(Cow::Borrowed(text), |text, secret| Cow::Owned(text.replace(secret, HIDDEN)))
    }
}

/// What follows the scheme in a value like that of `authorization`.
fn credentials(value: &str) -> Option<&str> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()).then(|| rest.trim())
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Redactor, Secret};

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("sk-canary")), "***");
    }

    #[test]
    fn every_known_secret_is_removed() {
        let redactor = Redactor::new(["sk-1", "sk-1234", ""].map(Secret::new));
        assert_eq!(redactor.redact("key sk-1234 and sk-1"), "key *** and ***");
        assert_eq!(redactor.redact("nothing here"), "nothing here");
    }

    #[test]
    fn a_key_is_removed_without_the_scheme_it_was_sent_with() {
        let redactor = Redactor::new(["Bearer sk-1234", "plain words"].map(Secret::new));
        assert_eq!(redactor.redact("Bearer sk-1234, sk-1234, Bearer"), "***, ***, Bearer");
        assert_eq!(redactor.redact("other words"), "other words");
    }
}
