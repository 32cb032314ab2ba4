//! A recording, played again: when requests come, how long they are, and what they begin with.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::faulty::{Asked, FaultyServer, good, say};
use crate::lateness::with_lateness;
use crate::program::{Ended, OPEN_LOOP, Sandbox, number};

/// A Mooncake trace: a request every 20 ms on average, none evenly. Every third one is a talk
/// that goes on, so that its blocks are those of the one before and one more.
fn mooncake(requests: u64) -> String {
    (0..requests).fold(String::new(), |mut text, request| {
        let at = request * 20 + request % 3 * 7;
        let (input, hashes) = match request % 3 {
            0 => (700, json!([1, 1_000 + request])),
            1 => (1_100, json!([1, 2, 1_000 + request])),
            _ => (1_300, json!([1, 2, 3])),
        };
        let output = 2 + request % 5;
        writeln!(
            text,
            "{}",
            json!({"timestamp": at, "input_length": input, "output_length": output,
                "hash_ids": hashes})
        )
        .unwrap();
        text
    })
}

fn scenario(url: &str, trace: &Value, stage: &Value) -> Value {
    json!({
        "pacemark": 1,
        "backends": {"server": {"kind": "generic", "url": url}},
        "workloads": {"recorded": {"endpoint": "chat", "model": "m", "prompts": {"trace": trace}}},
        "load": {"stages": [stage]},
    })
}

fn run(sandbox: &Sandbox, trace: &Value, stage: &Value) -> (Ended, Vec<Asked>) {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let scenario = scenario(&server.url(), trace, stage);
    let ended = sandbox.run(&scenario, &["--no-preflight"]).with_code_of(OPEN_LOOP);
    (ended, server.asked())
}

/// When the measured requests were due and sent, in milliseconds from the first that was due.
fn moments(ended: &Ended) -> Vec<(f64, f64)> {
    let mut rows: Vec<_> = ended
        .requests()
        .iter()
        .map(|row| (number(row, "due_at_ms").unwrap(), number(row, "sent_at_ms").unwrap()))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let first = rows[0].0;
    rows.iter().map(|(due, sent)| (due - first, sent - first)).collect()
}

fn prompt(asked: &Asked) -> &str {
    asked.body["messages"][0]["content"].as_str().unwrap()
}

/// How many characters two texts begin with alike.
fn alike(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

#[test]
fn arrivals_come_when_they_were_recorded_over_the_speed() {
    let sandbox = Sandbox::new();
    sandbox.write("mooncake.jsonl", &mooncake(60));
    let trace = json!({"file": "mooncake.jsonl"});
    let ((ended, _), late) =
        with_lateness(|| run(&sandbox, &trace, &json!({"replay": {"speed": 0.5}})));
    let moments = moments(&ended);
    assert_eq!(moments.len(), 60);
    let mut delays = Vec::new();
    for (request, (due, sent)) in (0_u32..).zip(moments) {
        let recorded = f64::from(request * 20 + request % 3 * 7) * 2.0;
        assert!((due - recorded).abs() < 0.001, "{request}: {due} for {recorded}");
        delays.push(sent - due);
    }
    delays.sort_by(f64::total_cmp);
    // A machine that wakes others late wakes this client late.
    let allowed = 2.0 + late.as_secs_f64() * 1e3;
    assert!(delays[45] < allowed, "{delays:?} at {late:?}");
}

#[test]
fn prompts_begin_alike_where_the_recorded_blocks_are_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("mooncake.jsonl", &mooncake(12));
    let trace = json!({"file": "mooncake.jsonl"});
    let (_, mut asked) = run(&sandbox, &trace, &json!({"replay": {"speed": 2}}));
    asked.sort_by_key(|asked| prompt(asked).len());
    let limits: Vec<_> = asked.iter().map(|asked| asked.body["max_tokens"].as_u64()).collect();
    assert!(limits.iter().all(|limit| limit.is_some_and(|limit| (2..7).contains(&limit))));
    let shortest = prompt(&asked[0]).len();
    let longest = prompt(&asked[11]).len();
    // Tokens of English words have about the same length everywhere.
    assert!((160..220).contains(&(100 * longest / shortest)), "{shortest} {longest}");
    let block = longest * 512 / 1_300;
    // The four longest have all blocks in common.
    for pair in asked[8..].windows(2) {
        assert_eq!(prompt(&pair[0]), prompt(&pair[1]));
    }
    // The four shortest have the first, and then go on differently.
    for pair in asked[..4].windows(2) {
        let alike = alike(prompt(&pair[0]), prompt(&pair[1]));
        assert!((block * 9 / 10..block * 11 / 10).contains(&alike), "{alike} of {block}");
    }
}

#[test]
fn a_part_is_played_over_and_over_with_new_texts() {
    let sandbox = Sandbox::new();
    sandbox.write("mooncake.jsonl", &mooncake(30));
    let trace = json!({"file": "mooncake.jsonl"});
    let replay = json!({"start": "60ms", "limit": "120ms", "loop": true});
    let (ended, asked) = run(&sandbox, &trace, &json!({"replay": replay, "requests": 14}));
    let due: Vec<_> = moments(&ended).iter().map(|(due, _)| due.round()).collect();
    // Six requests are in the part, and a lap takes its 120 ms.
    assert_eq!(due[..7], [0.0, 27.0, 54.0, 60.0, 87.0, 114.0, 120.0]);
    assert_eq!(due[13..], [267.0]);
    let mut texts: Vec<_> = asked.iter().map(prompt).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 12, "within a lap two prompts have all their blocks in common");
}

#[test]
fn what_was_measured_can_be_replayed() {
    let sandbox = Sandbox::new();
    let requests = "cell,phase,request,due_at_ms,input_tokens,output_tokens\n\
        0,warmup,0,1,5,5\n\
        0,measure,1,130.25,40,7\n\
        0,measure,0,100,20,9\n\
        0,measure,2,180,,\n";
    sandbox.write("requests.csv", requests);
    let (ended, asked) = run(&sandbox, &json!({"file": "requests.csv"}), &json!({"replay": {}}));
    // Differences of milliseconds with fractions, so not exact to the last bit.
    let due: Vec<_> = moments(&ended).iter().map(|(due, _)| (due * 1e3).round()).collect();
    assert_eq!(due, [0.0, 30_250.0]);
    let limits: Vec<_> = asked.iter().map(|asked| asked.body["max_tokens"].as_u64()).collect();
    assert_eq!(limits, [Some(9), Some(7)]);
    let notes = ended.result().notes;
    assert!(notes.iter().any(|note| note.text.contains("are left out: 1")), "{notes:?}");
}

#[test]
fn a_warm_up_with_a_duration_is_the_beginning_of_the_recording() {
    let sandbox = Sandbox::new();
    sandbox.write("mooncake.jsonl", &mooncake(30));
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let trace = json!({"file": "mooncake.jsonl"});
    let mut scenario = scenario(&server.url(), &trace, &json!({"replay": {}}));
    scenario["load"]["warmup"] = json!({"duration": "200ms"});
    let ended = sandbox.run(&scenario, &["--no-preflight"]).with_code_of(OPEN_LOOP);
    let outcomes = ended.result().cells[0].measured.outcomes.clone();
    // Ten of thirty come within the first 200 ms.
    assert_eq!(outcomes.arrivals, 20);
    let requests = ended.requests();
    let limit = |row: &crate::program::Row| number(row, "max_tokens");
    let first = requests.iter().find(|row| row["phase"] == "measure" && row["request"] == "0");
    assert_eq!(limit(first.unwrap()), Some(2.0), "that of recorded request number 10");
}

#[test]
fn a_replay_needs_a_recording_and_a_part_of_it() {
    let sandbox = Sandbox::new();
    sandbox.write("mooncake.jsonl", &mooncake(3));
    let mut scenario = scenario(
        "http://127.0.0.1:9",
        &json!({"file": "mooncake.jsonl"}),
        &json!({
            "replay": {"start": "1h"},
        }),
    );
    let ended = sandbox.run(&scenario, &["--no-preflight"]).with_code(2);
    assert!(ended.stderr.contains("holds no request between"), "{}", ended.stderr);
    scenario["workloads"]["recorded"]["prompts"] = json!(["Hello"]);
    let ended = sandbox.run(&scenario, &["--no-preflight"]).with_code(2);
    assert!(ended.stderr.contains("the workload `recorded` has no trace"), "{}", ended.stderr);
}
