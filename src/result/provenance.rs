//! Where a result comes from.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What made the result, and out of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Version of pacemark.
    pub pacemark_version: String,
    /// Commit pacemark was built from; `null` where it was built outside a repository.
    pub commit: Option<String>,
    /// Version of the definitions of the metrics (`docs/metrics.md`).
    pub definitions_version: u32,
    /// The command line, word by word, with secrets removed.
    pub command_line: Vec<String>,
    /// SHA-256 of `scenario.yaml` as stored beside the result, in hexadecimal digits.
    pub scenario_sha256: String,
    /// The machine pacemark ran on.
    pub host: Host,
}

/// A machine; what it does not tell is `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Its name.
    pub hostname: Option<String>,
    /// Operating system, as `linux`.
    pub os: String,
    /// Version of the kernel.
    pub kernel: Option<String>,
    /// Model of its processor.
    pub cpu_model: Option<String>,
    /// Processors pacemark may use.
    pub cpu_count: Option<u32>,
    /// Size of its memory in bytes.
    pub memory_bytes: Option<u64>,
}

/// SHA-256 of a scenario's text, in hexadecimal digits.
pub fn scenario_hash(text: &str) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String does not fail.
        if write!(digits, "{byte:02x}").is_err() {
            break;
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::scenario_hash;

    #[test]
    fn the_hash_is_that_of_sha256sum() {
        assert_eq!(
            scenario_hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
