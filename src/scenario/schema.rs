//! The JSON Schema of the scenario, for editors and for `pacemark schema`.

use serde_json::{Value, json};

use super::typed::{Decode, DistributionFile, Items, OrRamp, ScenarioFile, Seconds, Slots, Tokens};
use crate::units::Rate;

/// The JSON Schema of the scenario; made of the same declarations that read it.
pub fn schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pacemark scenario",
    });
    if let (Value::Object(schema), Value::Object(file)) = (&mut schema, ScenarioFile::schema()) {
        schema.extend(file);
    }
    let definitions = [
        DistributionFile::<Seconds>::definition(),
        DistributionFile::<Tokens>::definition(),
        DistributionFile::<Items>::definition(),
        OrRamp::<Slots>::definition(),
        OrRamp::<Rate>::definition(),
    ];
    for (name, definition) in definitions {
        schema["$defs"][name] = definition;
    }
    schema
}
