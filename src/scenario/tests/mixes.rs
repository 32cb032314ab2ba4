//! Mixes of workloads: what they take, which cells they leave, and what flags make of them.

use super::harness::{problems, read, read_with};
use crate::scenario::{Overrides, Scenario};

/// A scenario of two backends with a chat, embeddings, a conversation, and `more` below them.
fn text(more: &str) -> String {
    format!(
        "pacemark: 1\nbackends: {{a: {{kind: vllm}}, b: {{kind: vllm}}}}\nworkloads:\n  \
         chat: {{endpoint: chat, model: m, prompts: [hi]}}\n  \
         embed: {{endpoint: embeddings, model: m, prompts: [hi], backends: [b]}}\n  \
         talk: {{endpoint: chat, model: m, turns: 2, prompts: [hi]}}\n  \
         {more}\nload: {{stages: [{{concurrency: 1, requests: 1}}]}}\n"
    )
}

/// All that is wrong with a mix, named `site`.
fn of(mix: &str) -> String {
    problems(&text(&format!("site: {{{mix}}}")))
}

/// What has cells, in their order.
fn names(scenario: &Scenario) -> Vec<&str> {
    scenario.cell_workloads().map(|(_, workload)| workload.name()).collect()
}

fn flags(backends: &[&str], workloads: &[&str]) -> Overrides {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Overrides { backends: owned(backends), workloads: owned(workloads), ..Overrides::default() }
}

#[test]
fn a_mix_names_at_least_two_other_workloads_by_their_weights() {
    assert_eq!(of("mix: {chat: 70, embed: 0.5}"), "nothing");
    insta::assert_snapshot!(of("mix: {chat: 70}"), @"bench.yaml:7:15: a mix has at least two workloads (add another, or run that one by itself)");
    insta::assert_snapshot!(of("mix: {}"), @"bench.yaml:7:15: `workloads.site.mix` must be a mapping with at least one name, not an empty mapping");
    insta::assert_snapshot!(of("mix: {chat: 0, embed: -1}"), @"
    bench.yaml:7:22: `workloads.site.mix.chat` must be a number above 0, not the number 0
    bench.yaml:7:32: `workloads.site.mix.embed` must be a number above 0, not the number -1
    ");
    insta::assert_snapshot!(of("mix: {chta: 1, embed: 1}"), @"bench.yaml:7:16: there is no workload `chta` (did you mean `chat`?)");
    insta::assert_snapshot!(of("mix: {chat: 1, site: 1}"), @"bench.yaml:7:25: the mix `site` names itself (name other workloads of this file)");
    insta::assert_snapshot!(problems(&text("one: {mix: {chat: 1, embed: 1}}\n  two: {mix: {one: 1, chat: 1}}")), @"bench.yaml:8:15: `one` is a mix itself (name the workloads that it is made of, each with its weight)");
}

#[test]
fn a_mix_has_nothing_of_its_own() {
    insta::assert_snapshot!(of("mix: {chat: 1, embed: 1}, model: m, no_such: 1"), @"
    bench.yaml:7:36: `model` does not go with `mix` (leave it out: every workload of a mix brings its own)
    bench.yaml:7:46: `no_such` does not go with `mix` (leave it out: every workload of a mix brings its own)
    ");
}

#[test]
fn conversations_and_traces_are_not_mixed() {
    insta::assert_snapshot!(of("mix: {chat: 1, talk: 1}"), @"bench.yaml:7:25: `talk` has conversations (`turns`), which cannot be mixed yet (leave it out, or give it a scenario of its own)");
    let trace = "played: {endpoint: chat, model: m, prompts: {trace: {file: t, format: azure}}}";
    insta::assert_snapshot!(problems(&text(&format!("{trace}\n  site: {{mix: {{chat: 1, played: 1}}}}"))), @"bench.yaml:8:25: `played` replays a trace, which cannot be mixed yet (leave it out, or give it a scenario of its own)");
}

#[test]
fn a_mix_runs_where_all_of_its_workloads_do() {
    let scenario = read(&text("site: {mix: {embed: 30, chat: 70}}")).unwrap();
    let mix = &scenario.mixes[0];
    assert_eq!(mix.backends, [1]);
    let members = scenario.members(3);
    let members: Vec<_> =
        members.iter().map(|member| (member.workload.name.as_str(), member.share)).collect();
    assert_eq!(members, [("chat", 0.7), ("embed", 0.3)]);
    let only_a = "other: {endpoint: chat, model: m, prompts: [hi], backends: [a]}";
    insta::assert_snapshot!(problems(&text(&format!("{only_a}\n  site: {{mix: {{embed: 1, other: 1}}}}"))), @"bench.yaml:8:15: no backend runs all workloads of this mix (add one to the `backends` of each of them)");
}

#[test]
fn a_workload_of_a_mix_has_cells_of_its_own_where_it_says_so() {
    let mixed = text("site: {mix: {chat: 1, embed: 1}}");
    assert_eq!(names(&read(&mixed).unwrap()), ["talk", "site"]);
    let both = mixed.replacen("prompts: [hi]}", "prompts: [hi], alone: true}", 1);
    assert_eq!(names(&read(&both).unwrap()), ["chat", "talk", "site"]);
    insta::assert_snapshot!(problems(&text("more: {endpoint: chat, model: m, prompts: [hi], alone: false}")), @"bench.yaml:7:58: no mix takes `more` in, so nothing would send it (leave `alone` out)");
}

#[test]
fn a_gate_names_a_mix_or_a_workload_of_it() {
    let gated = |workload: &str| {
        let gate = format!("gates: ['e2e.p50 < 1s where workload={workload}']\n");
        problems(&(text("site: {mix: {chat: 1, embed: 1}}") + &gate))
    };
    assert_eq!(gated("site"), "nothing");
    assert_eq!(gated("chat"), "nothing");
    insta::assert_snapshot!(gated("chats"), @"bench.yaml:9:9: there is no workload `chats` (did you mean `chat`?)");
}

#[test]
fn a_replay_has_no_mix() {
    let text = text("site: {mix: {chat: 1, embed: 1}}")
        .replace("concurrency: 1, requests: 1", "replay: {}")
        .replace("turns: 2, prompts: [hi]", "prompts: {trace: {file: t, format: azure}}");
    insta::assert_snapshot!(problems(&text), @"bench.yaml:8:7: load point 0 is a replay, but `site` is a mix, which has no trace (give it a scenario of its own)");
}

#[test]
fn only_the_named_ones_have_cells() {
    let text = text("site: {mix: {chat: 1, embed: 1}}")
        .replace("hi], backends", "hi], alone: true, backends");
    let left = |names: &[&str]| read_with(&text, &flags(&[], names)).unwrap();
    assert_eq!(names(&left(&["site"])), ["site"]);
    assert_eq!(names(&left(&["chat"])), ["chat"]);
    assert_eq!(names(&left(&["site", "chat"])), ["chat", "site"]);
    assert_eq!(left(&["site", "chat"]).workloads.len(), 2);
    // What is stored is what was run.
    let again = read(&left(&["site", "chat"]).stored_text).unwrap();
    assert_eq!(names(&again), ["chat", "site"]);
}

#[test]
fn a_mix_goes_with_the_last_backend_that_runs_it_all() {
    let text = text("site: {mix: {chat: 1, embed: 1}}");
    let left = |backend: &str| read_with(&text, &flags(&[backend], &[])).unwrap();
    assert_eq!(names(&left("a")), ["talk"], "the chat was only there for the mix");
    assert_eq!(names(&left("b")), ["talk", "site"]);
    let both = text.replacen("prompts: [hi]}", "prompts: [hi], alone: true}", 1);
    assert_eq!(names(&read_with(&both, &flags(&["a"], &[])).unwrap()), ["chat", "talk"]);
}

#[test]
fn limits_of_streams_go_with_the_last_workload_that_streams() {
    let text = text(
        "plain: {endpoint: rerank, model: m, prompts: [q], documents: [d], batch: 1}\n  \
                     site: {mix: {plain: 1, embed: 1}}",
    ) + "slo: {ttft: 1s, e2e: 2s}\n";
    let limits = |name| read_with(&text, &flags(&[], &[name])).unwrap().slo.limits.len();
    assert_eq!((limits("site"), limits("talk")), (1, 2));
}
