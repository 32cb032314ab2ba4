//! Values that must never be seen.

use std::borrow::Cow;
use std::fmt;

const HIDDEN: &str = "***";
/// Shorter values are not searched for: they would match by accident and hide half of a text.
const SHORTEST: usize = 4;

/// A key, or the value of a header: can be sent, cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Removes known secrets from texts of others, such as a server's error message.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// A redactor that knows `secrets`; longer ones are removed first.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<_> =
            secrets.into_iter().filter(|secret| secret.0.len() >= SHORTEST).collect();
        secrets.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        secrets.dedup();
        Self { secrets }
    }

    /// `text` with every known secret replaced by `***`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.secrets
            .iter()
            .filter(|secret| text.contains(&secret.0))
            .fold(Cow::Borrowed(text), |text, secret| Cow::Owned(text.replace(&secret.0, HIDDEN)))
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
}
