//! A server that cuts long prompts off without a word is found out.

use pacemark::result::RunResult;
use serde_json::{Value, json};

use crate::program::Sandbox;

/// What is found after prompts of so many tokens were sent to a server with this context.
fn found(input_tokens: u32, context: &Value) -> Vec<String> {
    let work = Sandbox::new();
    let scenario = json!({
        "pacemark": 1,
        "name": "truncation",
        "backends": {"sim": {"kind": "mock",
            "mock": {"ttft": "1ms", "gap": "0ms", "output_tokens": 2, "context": context}}},
        "workloads": {"long": {"endpoint": "chat", "model": "m",
            "prompts": {"synthetic": {"input_tokens": input_tokens}}}},
        "load": {"stages": [{"concurrency": 2, "requests": 20}]},
    });
    work.write("s.yaml", &scenario.to_string());
    let ended = work.command(&["run", "s.yaml", "--format", "json", "--quiet"]).output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    let result = RunResult::from_json(&String::from_utf8(ended.stdout).unwrap()).expect(&told);
    let findings = result.cells.into_iter().flat_map(|cell| cell.findings);
    findings.filter(|finding| finding.key == "inputs_cut").map(|finding| finding.text).collect()
}

#[test]
fn prompts_that_do_not_fit_are_told_with_what_is_left_of_them() {
    let [text] = found(2_000, &json!(1_024)).try_into().unwrap();
    assert!(text.contains("of 20 of 20 requests it took in 512 of 2000 tokens"), "{text}");
}

#[test]
fn prompts_that_fit_are_not() {
    assert_eq!(found(700, &json!(1_024)), [""; 0]);
}
