//! What a run writes into its files of rows is of the types that their schemas name.

use serde_json::{Value, json};

use crate::program::{Sandbox, rows};

/// Streams, embeddings and failures, so that most columns have values.
fn scenario() -> Value {
    let spec = json!({"ttft": "2ms", "gap": "1ms", "output_tokens": 4, "errors": "20%"});
    json!({
        "pacemark": 1,
        "name": "columns",
        "backends": {"mock": {"mock": spec}},
        "workloads": {
            "chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]},
            "embed": {"endpoint": "embeddings", "model": "m", "prompts": ["a"]},
        },
        "load": {"stages": [{"concurrency": 2, "requests": 12}, {"rate": "50/s", "requests": 12}]},
        "slo": {"ttft": "1s"},
    })
}

fn is_of(kind: &str, field: &str) -> bool {
    match kind {
        "string" => true,
        "integer" => field.parse::<u64>().is_ok(),
        "number" => field.parse::<f64>().is_ok_and(f64::is_finite),
        "boolean" => ["true", "false"].contains(&field),
        other => panic!("no such type: {other}"),
    }
}

#[test]
fn every_field_is_of_the_type_that_the_schema_names() {
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&scenario(), &[]);
    for file in ["summary", "requests", "timeseries"] {
        let schema = sandbox.start(&["schema", file]).with_code(0).stdout;
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let text = ended.file(&format!("{file}.csv"));
        let names: Vec<_> = text.lines().next().unwrap().split(',').collect();
        let fields = schema["fields"].as_array().unwrap();
        let listed: Vec<_> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(names, listed);
        let rows = rows(&text);
        assert!(rows.len() >= 4, "{file}");
        for row in &rows {
            for field in fields {
                let [name, kind] = ["name", "type"].map(|key| field[key].as_str().unwrap());
                let value = &row[name];
                assert!(value.is_empty() || is_of(kind, value), "{file}, {name}: `{value}`");
            }
        }
    }
}
