//! No secret is shown, stored or told.

use super::harness::{LOAD, WORKLOAD, problems, read, read_with, scenario};
use crate::scenario::{ApiKey, KeySource, Overrides, Scenario};

fn with_backend(backend: &str) -> Scenario {
    read(&scenario(backend, WORKLOAD, LOAD)).unwrap()
}

fn key(backend: &str) -> ApiKey {
    with_backend(backend).backends.remove(0).api_key
}

#[test]
fn a_key_is_found_where_the_scenario_says() {
    let found = |backend: &str| {
        let ApiKey { source, value } = key(backend);
        (source, value.map(|value| value.reveal().to_owned()))
    };
    let canary = || Some("sk-canary".to_owned());
    assert_eq!(found("kind: ollama"), (KeySource::Nowhere, None));
    assert_eq!(found("kind: litellm"), (KeySource::Preset("LITELLM_API_KEY".to_owned()), None));
    assert_eq!(found("kind: vllm, api_key_env: KEY"), (KeySource::Env("KEY".to_owned()), canary()));
    assert_eq!(
        found("kind: vllm, api_key_file: key.txt"),
        (KeySource::File("/srv/key.txt".into()), Some("sk-canary-file".to_owned()))
    );
    assert_eq!(found("kind: vllm, api_key: '${KEY}'"), (KeySource::Inline, canary()));
    assert_eq!(found("kind: vllm, api_key: sk-canary"), (KeySource::Inline, canary()));
}

#[test]
fn what_is_stored_tells_where_a_secret_comes_from_and_not_what_it_is() {
    let scenario = with_backend(
        "kind: vllm, api_key: '${KEY}', \
         headers: {x-a: sk-canary, x-b: 'Bearer ${KEY}', x-c: 'pre-${KEY}', \
         x-d: '${NONE:-sk-canary}'}, \
         body: {user: '${MY_TOKEN:-sk-canary}', tag: '${TAG:-plain}'}, tls: {verify: false}, \
         url: https://x",
    );
    assert!(!scenario.stored_text.contains("canary"), "{}", scenario.stored_text);
    insta::assert_snapshot!(scenario.stored_text, @r#"
    pacemark: 1
    name: bench
    seed: 42
    backends:
      b:
        kind: vllm
        api_key: ${KEY}
        headers:
          x-a: "***"
          x-b: Bearer ${KEY}
          x-c: "***${KEY}"
          x-d: ${NONE:-***}
        body:
          user: ${MY_TOKEN:-***}
          tag: ${TAG:-plain}
        tls:
          verify: false
        url: https://x
    workloads:
      w:
        endpoint: chat
        model: m
        prompts:
          - hi
    load:
      stages:
        - concurrency: 1
          requests: 1
    "#);
}

#[test]
fn a_scenario_that_was_stored_without_its_secret_says_so() {
    let stored = with_backend(
        "kind: vllm, api_key: sk-canary, headers: {x: '${NONE:-sk-canary}'}, \
         body: {metadata: {secret: sk-canary}}",
    )
    .stored_text;
    insta::assert_snapshot!(problems(&stored), @r"
    bench.yaml:7:14: `backends.b.api_key` was hidden when this scenario was stored (write the value again, or take it from the environment: `${NAME}`)
    bench.yaml:9:10: the default of `${NONE}` was hidden when this scenario was stored (set the environment variable `NONE`)
    bench.yaml:12:17: `backends.b.body.metadata.secret` was hidden when this scenario was stored (write the value again, or take it from the environment: `${NAME}`)
    ");
}

#[test]
fn the_redactor_knows_keys_headers_and_what_they_are_made_of() {
    let redactor = with_backend(
        "kind: vllm, api_key_file: key.txt, headers: {x-token: 'Bearer ${KEY}', x-user: alice}",
    )
    .redactor();
    assert_eq!(
        redactor.redact("key sk-canary-file, token sk-canary, user alice"),
        "key ***, token ***, user ***"
    );
    assert!(!format!("{redactor:?}").contains("canary"));
}

#[test]
fn debug_output_of_a_scenario_has_no_secret() {
    let scenario =
        with_backend("kind: vllm, api_key: sk-canary, headers: {x-token: 'Bearer ${KEY}'}");
    assert!(!format!("{scenario:?}").contains("canary"));
}

/// Each of these is wrong in its own way, and each holds a canary where a secret belongs.
const LEAKS: &[&str] = &[
    "backends: {b: {kind: vllm, api_key: sk-canary, api_key: sk-canary}}",
    "backends: {b: {kind: vllm, api-key: sk-canary}}",
    "backends: {b: {kind: vllm, apikey: sk-canary, nonsense: 1}}",
    "backends: {b: {kind: vllm, api_key: [sk-canary, {a: sk-canary}]}}",
    "backends:\n  b:\n    kind: vllm\n    api_key: >\n      sk-canary\n      sk-canary\n",
    "backends:\n  b:\n    kind: vllm\n    headers:\n      x-a: sk-canary\n      x-b: 名 sk-canary\n",
    "backends:\n  b:\n    headers:\n      x-a: sk-canary\n      y: *nobody\n",
    "backends:\n  b:\n    api_key: sk-canary: x\n",
    "backends:\n  b:\n    api_key: |\n      sk-canary\n     x\n",
    "backends:\n  b: {kind: vllm, api_key: sk-canary\n",
    "backends:\n  b: {kind: vllm, api_key_env: [KEY, api_key: sk-canary\n",
    "backends: {b: {kind: vllm, url: 'http://me:sk-canary@x'}}",
    "backends: {b: {kind: vllm, url: 'http://x?key=sk-canary'}}",
    "backends: {b: {kind: vllm, url: 'http://me:sk-canary@x', \n",
    "backends: {b: {kind: vllm, headers: {authorization: '${KEY} 名'}}}",
    "backends: {b: {kind: vllm, headers: {authorization: '${KEY}', host: '${KEY}'}}}",
    "backends: {b: {kind: vllm, url: '${KEY}', api_key: '${KEY}'}}",
];

#[test]
fn nothing_is_told_of_a_file_that_is_no_scenario() {
    for text in ["sk-canary", "sk-canary: x: y", "[sk-canary", "- sk-canary\n- b: ["] {
        let errors = read(text).unwrap_err();
        let shown = format!("{errors}\n{}\n{errors:?}", errors.fancy(100, false));
        assert!(!shown.contains("canary"), "{text}\n{shown}");
    }
}

#[test]
fn no_message_and_no_shown_line_holds_a_secret() {
    let versioned = LEAKS.iter().map(|text| format!("pacemark: 1\n{text}"));
    for text in LEAKS.iter().map(|&text| text.to_owned()).chain(versioned) {
        let errors = read(&text).unwrap_err();
        let shown = format!("{errors}\n{}\n{errors:?}", errors.fancy(100, false));
        assert!(!shown.contains("canary"), "{text}\n{shown}");
    }
}

#[test]
fn a_secret_in_a_flag_is_not_told() {
    let base = scenario("kind: vllm", WORKLOAD, LOAD);
    for set in [
        "backends.b.api_key=[sk-canary]",
        "backends.b.url=http://me:sk-canary@x",
        "backends.b.headers.x=[sk-canary",
        "backends.b.api_key.sub=sk-canary",
        "sk-canary",
    ] {
        let overrides = Overrides { set: vec![set.to_owned()], ..Overrides::default() };
        let errors = read_with(&base, &overrides).unwrap_err();
        let shown = format!("{errors}\n{}\n{errors:?}", errors.fancy(100, false));
        assert!(!shown.contains("canary"), "{set}\n{shown}");
    }
}
