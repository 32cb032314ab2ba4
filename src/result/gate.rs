//! The gates of a run, as they stand in the document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric::{Gate, Scope, SyntaxError, Threshold, Unsupported};

/// A limit that the run must keep to. Whether it does is found out from the result itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateEntry {
    /// The figure and its limit, as `ttft.p99 < 800ms`.
    pub gate: String,
    /// The one backend it is meant for; `null`: all.
    pub backend: Option<String>,
    /// The one workload it is meant for; `null`: all.
    pub workload: Option<String>,
    /// The stages it is meant for, by the beginning of their labels; `null`: all.
    pub stage: Option<String>,
    /// What becomes of a percentile that rests on too few values: `fail` or `allow`.
    pub unsupported: String,
}

impl From<&Gate> for GateEntry {
    fn from(gate: &Gate) -> Self {
        let Scope { backend, workload, stage } = gate.scope.clone();
        Self {
            gate: gate.threshold.to_string(),
            backend,
            workload,
            stage,
            unsupported: gate.unsupported.key().to_owned(),
        }
    }
}

impl GateEntry {
    /// The gate that is meant. A word for `unsupported` of a later version counts as `fail`.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] if this version cannot read it.
    pub fn read(&self) -> Result<Gate, SyntaxError> {
        let threshold: Threshold = self.gate.parse()?;
        let (backend, workload) = (self.backend.clone(), self.workload.clone());
        let scope = Scope { backend, workload, stage: self.stage.clone() };
        let unsupported = Unsupported::from_key(&self.unsupported).unwrap_or_default();
        Ok(Gate { threshold, scope, unsupported })
    }
}

#[cfg(test)]
mod tests {
    use super::GateEntry;
    use crate::metric::Gate;

    #[test]
    fn a_gate_comes_back_as_it_was_stored() {
        let gate: Gate = "ttft.p99 < 1500ms where stage=\"concurrency 4\"".parse().unwrap();
        let entry = GateEntry::from(&gate);
        assert_eq!((entry.gate.as_str(), entry.backend.as_deref()), ("ttft.p99 < 1.5s", None));
        assert_eq!(entry.read().unwrap(), gate);
    }
}
