//! The scenario as it was typed: the same keys, each value of the right type, and where it was
//! written. Which values fit together is [`super::check`]'s matter.
//!
//! One declaration per mapping (see [`mapping`]) is the reader of that mapping, its part of the
//! JSON Schema, and its documentation; so none of them can know a key that another does not.

mod backend;
mod choice;
mod decode;
mod distribution;
mod field;
mod file;
mod gate;
mod list;
mod load;
mod mapping;
mod mix;
mod mock;
mod probing;
mod prompt_file;
mod quantity;
mod synthetic;
mod text;
mod trace_file;
mod workload;

pub(in crate::scenario) use backend::{BackendFile, OWN_METRICS, PriceFile, TimeoutsFile, TlsFile};
pub(in crate::scenario) use decode::Decode;
pub(in crate::scenario) use distribution::{DistributionFile, Items, Seconds, Tokens};
pub(in crate::scenario) use field::{Field, Given};
pub(in crate::scenario) use file::{CompareFile, ScenarioFile, SloFile};
pub(in crate::scenario) use gate::{GateFile, ScopeFile};
pub(in crate::scenario) use list::{List, NamedItem, OneOrMany};
pub(in crate::scenario) use load::{
    ArrivalChoice, HooksFile, LoadFile, MOST_STAGES, OrRamp, Slots, StageFile, StepFile, StopFile,
    WarmupFile,
};
pub(in crate::scenario) use mix::{AnyWorkloadFile, MixFile};
pub(in crate::scenario) use mock::{MockFile, MockProfile, MockSettings};
pub(in crate::scenario) use probing::{LimitFile, Scale, SearchFile, SweepFile};
pub(in crate::scenario) use prompt_file::{ColumnsFile, PromptFileSource};
pub(in crate::scenario) use quantity::{PositiveSpan, Whole};
pub(in crate::scenario) use synthetic::{MixturePart, SharedPrefixFile, SyntheticFile};
pub(in crate::scenario) use text::{FilePath, JsonObject, Name};
pub(in crate::scenario) use trace_file::{TraceFileSource, TraceSource};
pub(in crate::scenario) use workload::{DocumentsFile, ImagesFile, PromptsFile, WorkloadFile};
