//! An entry of `workloads`: requests of its own, or a mix of other workloads.

use serde_json::{Value as Json, json};

use super::decode::Decode;
use super::list::Named;
use super::mapping::mapping;
use super::quantity::Positive;
use super::workload::WorkloadFile;
use crate::scenario::mix::MOST_MEMBERS;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::tree::{Node, Value};

/// The key that makes a workload a mix.
const MIX: &str = "mix";

/// One entry of `workloads`.
#[derive(Clone, Debug)]
pub(in crate::scenario) enum AnyWorkloadFile {
    /// Requests of its own.
    Own(Box<WorkloadFile>),
    /// Those of other workloads.
    Mix(MixFile),
}

mapping! {
    /// Several workloads sent together: each request is one of theirs, drawn by weight.
    MixFile {
        /// The workloads, by their names in this file, each with its weight. Alone in its mapping.
        required mix: Named<Positive, MOST_MEMBERS>,
    }
    later {}
}

impl Decode for AnyWorkloadFile {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Some(entries) = node.entries().filter(|_| node.get(MIX).is_some()) else {
            return WorkloadFile::decode(node, problems).map(Box::new).map(Self::Own);
        };
        let (mix, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key == MIX);
        for other in others {
            let message = format!("`{}` does not go with `{MIX}`", other.key);
            problems.report(
                Problem::new(other.key_place, message)
                    .hint("leave it out: every workload of a mix brings its own"),
            );
        }
        let alone = Value::Map(mix.into_iter().cloned().collect());
        MixFile::decode(&Node::new(node.place, alone), problems).map(Self::Mix)
    }

    fn schema() -> Json {
        json!({"anyOf": [WorkloadFile::schema(), MixFile::schema()]})
    }
}
