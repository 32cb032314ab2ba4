//! Comparisons between runs.

use super::comparison::{Basis, CaveatKind, Comparison, Indication, IntervalSource};
use super::rows::RequestValues;
use super::rules::Rules;
use super::sample::{TTFT, grave, run, slow_down};
use super::{Subject, Verdict, compare_runs};
use crate::metric::Metric;
use crate::result::RunResult;

fn named(id: &str, factor: f64) -> RunResult {
    let mut run = run(2);
    run.id = id.to_owned();
    for backend in [0, 1] {
        slow_down(&mut run, backend, &[factor]);
    }
    run
}

fn compared(base: &[RunResult], new: &RunResult) -> Comparison {
    let base: Vec<_> = base.iter().map(|result| Subject { result, values: None }).collect();
    compare_runs(&base, Subject { result: new, values: None }, &Rules::default()).unwrap()
}

/// Five runs that differ by 1 %.
fn stored() -> Vec<RunResult> {
    [1.0, 1.01, 0.99, 1.005, 0.995]
        .iter()
        .enumerate()
        .map(|(at, factor)| named(&format!("stored-{at}"), *factor))
        .collect()
}

fn ttft(comparison: &Comparison) -> &super::Estimate {
    comparison.cells[0].estimates.iter().find(|one| one.measure == TTFT).unwrap()
}

#[test]
fn a_single_stored_run_is_only_indicative_however_far_apart() {
    let comparison = compared(&[named("a", 1.0)], &named("b", 3.0));
    assert_eq!(comparison.basis, Basis::Indicative(Indication::SingleRun));
    assert_eq!((comparison.verdict, ttft(&comparison).verdict), (None, None));
    assert!((ttft(&comparison).effect.as_ref().unwrap().size - 3.0).abs() < 1e-9);
    assert_eq!(comparison.cells.len(), 2);
}

#[test]
fn a_single_run_gets_an_interval_from_its_requests() {
    let (base, new) = (named("a", 1.0), named("b", 1.2));
    let values = |factor: f64| {
        let mut values = RequestValues::default();
        for cell in 0..4 {
            for at in 0..60_u32 {
                values.push(cell, Metric::Ttft, factor * (55.0 + f64::from(at * 7 % 11)));
            }
        }
        values
    };
    let (of_base, of_new) = (values(1.0), values(1.2));
    let base = Subject { result: &base, values: Some(&of_base) };
    let new = Subject { result: &new, values: Some(&of_new) };
    let comparison = compare_runs(&[base], new, &Rules::default()).unwrap();
    let effect = ttft(&comparison).effect.as_ref().unwrap();
    assert_eq!(effect.source, IntervalSource::Requests);
    let interval = effect.interval.unwrap();
    assert!(interval.low > 1.1 && interval.high < 1.3, "{interval:?}");
    assert_eq!(comparison.verdict, None);
}

#[test]
fn against_five_stored_runs_the_spread_between_them_decides() {
    let slower = compared(&stored(), &named("new", 1.2));
    assert_eq!((&slower.basis, slower.verdict), (&Basis::Baseline(5), Some(Verdict::Regressed)));
    let effect = ttft(&slower).effect.as_ref().unwrap();
    assert_eq!((effect.source, effect.replicates.len()), (IntervalSource::Runs, 5));
    let same = compared(&stored(), &named("new", 1.0));
    assert_eq!(same.verdict, Some(Verdict::Unchanged));
    let faster = compared(&stored(), &named("new", 0.8));
    assert_eq!(faster.verdict, Some(Verdict::Improved));
}

#[test]
fn fewer_stored_runs_allow_no_verdict() {
    let comparison = compared(&stored()[..4], &named("new", 1.5));
    assert_eq!(comparison.basis, Basis::Indicative(Indication::FewRuns(4)));
    assert_eq!(comparison.verdict, None);
    assert!(ttft(&comparison).effect.as_ref().unwrap().interval.is_some());
}

#[test]
fn stored_runs_of_another_environment_are_left_out_and_counted() {
    let mut base = stored();
    let mut other = named("other", 2.0);
    other.provenance.host.kernel = Some("5.4".to_owned());
    base.insert(0, other);
    let comparison = compared(&base, &named("new", 1.0));
    assert_eq!(comparison.basis, Basis::Baseline(5));
    let texts: Vec<_> = comparison.caveats.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["1 of 6 stored runs is left out: of another environment"]);
}

#[test]
fn a_new_version_of_the_server_is_compared_and_named() {
    let mut new = named("new", 1.2);
    new.backends[0].server_version = Some("0.10".to_owned());
    let comparison = compared(&stored(), &new);
    assert_eq!(comparison.verdict, Some(Verdict::Regressed));
    let caveat = &comparison.caveats[0];
    assert_eq!(caveat.kind, CaveatKind::OtherEnvironment);
    assert_eq!(caveat.text, "version of ollama: 0.9.6 against 0.10");
}

#[test]
fn another_machine_other_prompts_or_another_seed_allow_no_verdict() {
    let changes: [fn(&mut RunResult); 3] = [
        |run| run.provenance.host.cpu_model = Some("Another".to_owned()),
        |run| run.workloads[0].prompt_count = Some(3),
        |run| run.seed = 43,
    ];
    for change in changes {
        let mut new = named("new", 2.0);
        change(&mut new);
        let comparison = compared(&stored(), &new);
        assert_eq!(comparison.basis, Basis::Indicative(Indication::Unlike));
        assert_eq!(comparison.verdict, None);
        assert!(comparison.caveats.iter().any(|one| one.kind.forbids_verdict()));
    }
}

#[test]
fn what_only_the_new_run_has_is_named() {
    let mut base = named("a", 1.0);
    base.backends[1].name = "vllm".to_owned();
    let comparison = compared(&[base], &named("b", 1.0));
    assert_eq!(comparison.cells.len(), 1);
    let one_sided = comparison.caveats.iter().find(|one| one.kind == CaveatKind::OneSided);
    assert_eq!(
        one_sided.unwrap().text,
        "the base has no 星河推理 under short-chat at concurrency 4, 30s: not compared"
    );
}

#[test]
fn runs_with_nothing_in_common_say_so() {
    let mut base = named("a", 1.0);
    base.workloads[0].name = "other".to_owned();
    let comparison = compared(&[base], &named("b", 1.0));
    assert_eq!(comparison.basis, Basis::Indicative(Indication::NothingInCommon));
    assert!(comparison.cells.is_empty());
}

#[test]
fn without_a_base_there_is_no_comparison() {
    let new = named("b", 1.0);
    let error = compare_runs(&[], Subject { result: &new, values: None }, &Rules::default());
    assert_eq!(error.unwrap_err().to_string(), "there is no run to compare `b` with");
}

#[test]
fn a_stored_run_that_is_not_to_be_trusted_is_left_out_and_counted() {
    let mut base = stored();
    let mut doubtful = named("doubtful", 2.0);
    doubtful.cells[0].findings.push(grave("suspended"));
    base.push(doubtful);
    let comparison = compared(&base, &named("new", 1.0));
    assert_eq!(comparison.basis, Basis::Baseline(5));
    assert_eq!(comparison.verdict, Some(Verdict::Unchanged));
    let texts: Vec<_> = comparison.caveats.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["1 of 6 stored runs is left out: not to be trusted"]);
}

#[test]
fn a_run_that_is_not_to_be_trusted_has_the_verdict_withheld() {
    let mut new = named("new", 1.5);
    new.findings.push(grave("suspended"));
    let comparison = compared(&stored(), &new);
    assert_eq!(comparison.verdict, Some(Verdict::Inconclusive));
    let doubts: Vec<_> = comparison.doubts().into_iter().collect();
    assert_eq!(doubts, ["new is not to be trusted: suspended"]);
    let mut base = named("a", 1.0);
    base.cells[0].findings.push(grave("client_starved"));
    let single = compared(&[base], &named("b", 1.5));
    assert_eq!(single.verdict, None);
    assert!(single.doubts().contains("the base is not to be trusted: client_starved"));
}

#[test]
fn a_simulated_server_that_is_set_otherwise_is_compared_and_named() {
    let set = |mut run: RunResult, ttft: &str| {
        let settings = [("ttft", ttft), ("gap", "2ms")];
        run.backends[0].simulated =
            settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        run
    };
    let base: Vec<_> = stored().into_iter().map(|run| set(run, "20ms")).collect();
    let comparison = compared(&base, &set(named("new", 1.5), "60ms"));
    assert_eq!(comparison.verdict, Some(Verdict::Regressed));
    let caveats: Vec<_> =
        comparison.caveats.iter().map(|one| (one.kind, one.text.as_str())).collect();
    let told = "ollama is simulated otherwise: ttft 20ms against 60ms";
    assert_eq!(caveats, [(CaveatKind::OtherSettings, told)]);
    // Runs of an older pacemark do not tell.
    assert!(compared(&base, &named("new", 1.5)).caveats.is_empty());
}
