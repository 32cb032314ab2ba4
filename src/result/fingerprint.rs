//! The environment of a run, to know whether two runs are of the same.

use std::fmt;

use super::provenance::scenario_hash;
use super::run::RunResult;

/// Digits of the digest: enough to tell the environments of one team apart.
const DIGITS: usize = 12;
const GIBIBYTE: u64 = 1 << 30;

/// What a run depended on besides its scenario: the machine, pacemark, and the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    parts: Vec<Part>,
}

/// One fact of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// Its place: what is compared with what.
    key: String,
    /// Its name for people.
    label: String,
    /// What it is; `unknown` where nothing tells.
    value: String,
    /// Whether it belongs to the machine's hardware.
    of_machine: bool,
}

/// A fact in which two environments differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name for people.
    pub label: String,
    /// What it was in the first, `unknown` where nothing tells, or `none`.
    pub left: String,
    /// What it was in the second.
    pub right: String,
    /// Whether it belongs to the machine's hardware.
    pub of_machine: bool,
}

impl RunResult {
    /// The environment of the run: processor, memory and kernel of the machine, version of
    /// pacemark, and for each backend its kind, version and models with their weights.
    pub fn fingerprint(&self) -> Fingerprint {
        let host = &self.provenance.host;
        let memory = host.memory_bytes.map(|bytes| {
            // Kernels keep a little back, each another amount.
            let gibibytes = (bytes + GIBIBYTE / 2) / GIBIBYTE;
            format!("{gibibytes} GiB")
        });
        let mut parts = Vec::new();
        let mut add = |label: &str, value: Option<String>, of_machine| {
            let value = value.unwrap_or_else(|| "unknown".to_owned());
            parts.push(Part { key: label.to_owned(), label: label.to_owned(), value, of_machine });
        };
        add("processor", host.cpu_model.clone(), true);
        add("processors", host.cpu_count.map(|count| count.to_string()), true);
        add("memory", memory, true);
        add("kernel", host.kernel.clone(), false);
        add("pacemark", Some(self.provenance.pacemark_version.clone()), false);
        for (number, backend) in self.backends.iter().enumerate() {
            let name = &backend.name;
            let mut add = |key: String, label: String, value: Option<String>| {
                let value = value.unwrap_or_else(|| "unknown".to_owned());
                parts.push(Part { key, label, value, of_machine: false });
            };
            let key = |what: &str| format!("backend {number} {what}");
            add(key("kind"), format!("kind of {name}"), Some(backend.kind.clone()));
            add(key("version"), format!("version of {name}"), backend.server_version.clone());
            for model in &backend.models {
                let weights = model.digest.as_ref().or(model.quantization.as_ref());
                let weights = weights.map(|weights| format!(" ({weights})")).unwrap_or_default();
                let value = format!("{}{weights}", model.name);
                let label = format!("model {} of {name}", model.alias);
                add(key(&format!("model {}", model.alias)), label, Some(value));
            }
        }
        Fingerprint { parts }
    }
}

impl Fingerprint {
    /// Twelve hexadecimal digits that are the same for the same environment.
    pub fn digest(&self) -> String {
        let facts: Vec<_> =
            self.parts.iter().map(|part| format!("{}={}\n", part.key, part.value)).collect();
        let mut digest = scenario_hash(&facts.concat());
        digest.truncate(DIGITS);
        digest
    }

    /// The facts in which `other` differs, in order.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let find = |all: &[Part], key: &str| all.iter().find(|part| part.key == key).cloned();
        let keys = self
            .parts
            .iter()
            .chain(other.parts.iter().filter(|part| find(&self.parts, &part.key).is_none()));
        let difference = |part: &Part| {
            let [left, right] = [self, other].map(|side| find(&side.parts, &part.key));
            let value = |part: Option<Part>| part.map_or("none".to_owned(), |part| part.value);
            let (left, right) = (value(left), value(right));
            let Part { label, of_machine, .. } = part.clone();
            (left != right).then_some(Difference { label, left, right, of_machine })
        };
        keys.filter_map(difference).collect()
    }
}

/// Every fact, a line each: `kernel: 6.8.0`.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| writeln!(f, "{}: {}", part.label, part.value))
    }
}

/// `kernel 6.8.0 against 6.9.1`
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} against {}", self.label, self.left, self.right)
    }
}

#[cfg(test)]
mod tests {
    use crate::result::sample;

    #[test]
    fn the_same_environment_has_the_same_digest_whatever_the_rounds() {
        let digest = |rounds| sample::result(rounds).fingerprint().digest();
        assert_eq!((digest(1), digest(1).len()), (digest(3), 12));
    }

    #[test]
    fn what_differs_is_told() {
        let (base, mut new) = (sample::result(1), sample::result(1));
        new.provenance.host.memory_bytes = Some(34_359_000_000);
        assert_eq!(base.fingerprint(), new.fingerprint());
        new.provenance.host.cpu_count = Some(4);
        new.backends[0].server_version = Some("0.9.7".to_owned());
        new.backends.truncate(1);
        let differences = base.fingerprint().differences(&new.fingerprint());
        let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        processors: 8 against 4
        version of ollama: 0.9.6 against 0.9.7
        kind of 星河推理: xinference against none
        version of 星河推理: unknown against none
        model chat of 星河推理: qwen3:4b against none
        model embed of 星河推理: bge-m3 against none
        ");
        assert_ne!(base.fingerprint().digest(), new.fingerprint().digest());
        let machine: Vec<_> = differences.iter().map(|part| part.of_machine).collect();
        assert_eq!(machine[..2], [true, false]);
    }
}
