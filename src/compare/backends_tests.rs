//! Comparisons of backends within one run.

use proptest::prelude::*;

use super::comparison::{Basis, CaveatKind, Comparison, Estimate, Indication, NoEffect, Outlook};
use super::measure::Measure;
use super::rules::Rules;
use super::sample::{TTFT, grave, run, set, slow_down};
use super::{Subject, Verdict, compare_backends};
use crate::metric::Metric;
use crate::result::{Measured, PartEntry, RunResult};

fn compared(run: &RunResult, rules: &Rules) -> Comparison {
    let subject = Subject { result: run, values: None };
    compare_backends(subject, None, rules).unwrap().remove(0)
}

fn slowed(factors: &[f64]) -> Comparison {
    let mut run = run(u32::try_from(factors.len()).unwrap());
    slow_down(&mut run, 1, factors);
    compared(&run, &Rules::default())
}

fn find(comparison: &Comparison, measure: Measure) -> &Estimate {
    comparison.cells[0].estimates.iter().find(|one| one.measure == measure).unwrap()
}

#[test]
fn a_server_that_is_slower_in_every_round_has_regressed() {
    let comparison = slowed(&[1.10, 1.12, 1.09, 1.11, 1.08, 1.10]);
    assert_eq!(comparison.basis, Basis::Rounds(6));
    assert_eq!(comparison.verdict, Some(Verdict::Regressed));
    let ttft = find(&comparison, TTFT);
    assert_eq!((ttft.decides, ttft.verdict), (true, Some(Verdict::Regressed)));
    let effect = ttft.effect.as_ref().unwrap();
    let interval = effect.interval.unwrap();
    assert!((effect.size - 1.1).abs() < 0.001, "{}", effect.size);
    assert!((ttft.new.unwrap() / ttft.base.unwrap() - effect.size).abs() < 1e-9);
    assert!(interval.low > 1.08 && interval.high < 1.12, "{interval:?}");
    let throughput = find(&comparison, Measure::window(Metric::OutputTokenThroughput));
    assert_eq!(throughput.verdict, Some(Verdict::Regressed));
    assert!(throughput.effect.as_ref().unwrap().size < 0.92);
    let errors = find(&comparison, Measure::window(Metric::ErrorRate));
    assert_eq!(errors.verdict, Some(Verdict::Unchanged));
}

#[test]
fn a_significant_difference_within_the_tolerance_is_no_regression() {
    let comparison = slowed(&[1.030, 1.031, 1.029, 1.030, 1.032, 1.028]);
    assert_eq!(find(&comparison, TTFT).verdict, Some(Verdict::Unchanged));
    assert_eq!(comparison.verdict, Some(Verdict::Unchanged));
}

#[test]
fn strict_asks_for_the_whole_interval_beyond_the_tolerance() {
    let mut run = run(6);
    slow_down(&mut run, 1, &[1.02, 1.09, 1.08, 1.03, 1.10, 1.07]);
    let verdict = |strict| {
        let rules = Rules { strict, ..Rules::default() };
        find(&compared(&run, &rules), TTFT).verdict.unwrap()
    };
    assert_eq!([verdict(false), verdict(true)], [Verdict::Regressed, Verdict::Inconclusive]);
}

#[test]
fn noise_is_inconclusive_and_says_how_many_rounds_would_settle_it() {
    let comparison = slowed(&[1.2, 0.95, 1.18, 1.02]);
    let ttft = find(&comparison, TTFT);
    assert_eq!(ttft.verdict, Some(Verdict::Inconclusive));
    let outlook = ttft.effect.as_ref().unwrap().outlook;
    assert!(matches!(outlook, Some(Outlook::MoreRounds(2..40))), "{outlook:?}");
    assert_eq!(comparison.verdict, Some(Verdict::Inconclusive));
}

#[test]
fn two_rounds_are_only_indicative() {
    let comparison = slowed(&[1.5, 1.5]);
    assert_eq!(comparison.basis, Basis::Indicative(Indication::FewRounds(2)));
    assert_eq!(comparison.verdict, None);
    let ttft = find(&comparison, TTFT);
    assert_eq!(ttft.verdict, None);
    assert!((ttft.effect.as_ref().unwrap().size - 1.5).abs() < 1e-9);
    assert_eq!(ttft.effect.as_ref().unwrap().interval, None);
}

#[test]
fn rounds_that_agree_exactly_are_unchanged() {
    let comparison = slowed(&[1.0; 3]);
    assert_eq!(comparison.verdict, Some(Verdict::Unchanged));
    assert!(
        comparison.cells[0].estimates.iter().all(|one| one.verdict == Some(Verdict::Unchanged))
    );
}

#[test]
fn one_round_out_of_line_is_named_and_decides_nothing() {
    let comparison = slowed(&[1.01, 1.009, 1.012, 1.6, 1.011, 1.008]);
    assert_eq!(find(&comparison, TTFT).verdict, Some(Verdict::Inconclusive));
    let caveats = &comparison.cells[0].caveats;
    let named = caveats.iter().find(|caveat| caveat.kind == CaveatKind::OutOfLine).unwrap();
    assert_eq!(
        named.text,
        "ttft.p50: round 4 is out of line, 1.600 where the rounds together say 1.010"
    );
}

#[test]
fn failures_are_compared_by_their_difference() {
    let mut run = run(6);
    let error_rate = Measure::window(Metric::ErrorRate);
    for (at, cell) in run.cells.iter_mut().enumerate() {
        let worse = cell.labels.backend_index == 1;
        set(
            cell,
            error_rate,
            if worse && at % 4 > 1 {
                0.05
            } else if worse {
                0.03
            } else {
                0.0
            },
        );
    }
    let comparison = compared(&run, &Rules::default());
    let errors = find(&comparison, error_rate);
    assert_eq!(errors.verdict, Some(Verdict::Regressed));
    assert!((errors.effect.as_ref().unwrap().size - 0.04).abs() < 1e-9);
}

#[test]
fn a_value_of_zero_has_no_ratio_and_settles_nothing() {
    let mut run = run(3);
    let throughput = Measure::window(Metric::OutputTokenThroughput);
    set(&mut run.cells[3], throughput, 0.0);
    let comparison = compared(&run, &Rules::default());
    let estimate = find(&comparison, throughput);
    assert_eq!(estimate.effect, Err(NoEffect::Zero(vec![1])));
    assert_eq!(estimate.verdict, Some(Verdict::Inconclusive));
    assert_eq!(comparison.verdict, Some(Verdict::Inconclusive));
}

#[test]
fn a_metric_that_one_side_lacks_is_inconclusive_and_says_why() {
    let mut run = run(3);
    for cell in run.cells.iter_mut().filter(|cell| cell.labels.backend_index == 1) {
        cell.measured.distributions.remove("ttft");
    }
    let ttft = compared(&run, &Rules::default());
    let ttft = find(&ttft, TTFT);
    assert_eq!(ttft.effect, Err(NoEffect::MissingInNew));
    assert_eq!(ttft.verdict, Some(Verdict::Inconclusive));
    assert!(ttft.base.is_some() && ttft.new.is_none());
}

#[test]
fn a_cell_that_was_given_up_counts_for_its_failures_only() {
    let mut run = run(4);
    let error_rate = Measure::window(Metric::ErrorRate);
    for cell in run.cells.iter_mut().filter(|cell| cell.labels.backend_index == 1) {
        cell.ended_early = Some("given up: too many failures".to_owned());
        set(cell, error_rate, 1.0);
    }
    let comparison = compared(&run, &Rules::default());
    assert_eq!(comparison.verdict, Some(Verdict::Regressed));
    assert_eq!(find(&comparison, TTFT).effect, Err(NoEffect::MissingInNew));
    assert_eq!(find(&comparison, error_rate).verdict, Some(Verdict::Regressed));
    assert!(comparison.cells[0].caveats.iter().any(|one| one.kind == CaveatKind::CutShort));
}

#[test]
fn a_round_that_is_missing_on_one_side_is_left_out_of_both() {
    let mut run = run(4);
    slow_down(&mut run, 1, &[1.2, 1.2, 1.2, 1.2]);
    run.cells[7].window.length_s = None;
    set(&mut run.cells[6], TTFT, 1e6);
    let comparison = compared(&run, &Rules::default());
    let ttft = find(&comparison, TTFT);
    let effect = ttft.effect.as_ref().unwrap();
    assert_eq!(effect.replicates, [0, 1, 2]);
    assert!((effect.size - 1.2).abs() < 1e-6, "{}", effect.size);
}

#[test]
fn tokens_counted_in_two_ways_give_no_ratio() {
    let mut run = run(3);
    for cell in run.cells.iter_mut().filter(|cell| cell.labels.backend_index == 1) {
        let sources = &mut cell.measured.token_sources;
        (sources.chunks, sources.usage) = (sources.usage, 0);
    }
    let comparison = compared(&run, &Rules::default());
    let throughput = find(&comparison, Measure::window(Metric::OutputTokenThroughput));
    assert_eq!(throughput.effect, Err(NoEffect::CountedDifferently));
    assert!(find(&comparison, TTFT).effect.is_ok());
    assert!(comparison.cells[0].caveats.iter().any(|one| one.kind == CaveatKind::TokenSource));
}

#[test]
fn answers_of_another_length_and_cached_input_are_named() {
    let mut run = run(3);
    for cell in run.cells.iter_mut().filter(|cell| cell.labels.backend_index == 1) {
        let tokens = &mut cell.measured.tokens;
        tokens.output = tokens.output.map(|output| output * 107 / 100);
        tokens.cached = tokens.input.map(|input| input / 2);
    }
    let comparison = compared(&run, &Rules::default());
    let texts: Vec<_> = comparison.cells[0].caveats.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "answers differ in length: 100.0 tokens (ollama), 107.0 (星河推理)",
            "input from a cache: 0% (ollama), 50% (星河推理)",
        ]
    );
}

#[test]
fn answers_of_a_mix_are_compared_workload_by_workload() {
    let mut run = run(3);
    for cell in &mut run.cells {
        let mut part = |part: &str, tokens: u64| {
            let mut measured = Measured { parts: Vec::new(), ..cell.measured.clone() };
            measured.tokens.output = Some(measured.token_sources.usage * tokens);
            cell.measured.parts.push(PartEntry { part: part.to_owned(), measured });
        };
        let longer = u64::from(cell.labels.backend_index) * 10;
        part("chat", 100);
        part("code", 40 + longer);
        // Each sent another number of them, so the mean of all differs as well.
        cell.measured.tokens.output = cell.measured.tokens.output.map(|all| all * (1 + longer));
    }
    let comparison = compared(&run, &Rules::default());
    let texts: Vec<_> = comparison.cells[0].caveats.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["code: answers differ in length: 40.0 tokens (ollama), 50.0 (星河推理)"]);
}

#[test]
fn each_side_is_described_by_the_percentiles_of_its_requests() {
    let run = crate::result::sample::result(2);
    let comparison = compared(&run, &Rules::default());
    let ttft = find(&comparison, TTFT);
    for (within, value) in [(ttft.base_within, ttft.base), (ttft.new_within, ttft.new)] {
        let (within, value) = (within.unwrap(), value.unwrap());
        assert!(within.low < value && value < within.high, "{within:?} {value}");
        assert!(within.high / within.low < 1.1, "{within:?}");
    }
    let errors = find(&comparison, Measure::window(Metric::ErrorRate));
    assert_eq!(errors.base_within, None);
}

#[test]
fn the_chosen_measures_decide_instead_of_the_usual() {
    let mut run = run(4);
    slow_down(&mut run, 1, &[1.3, 1.31, 1.29, 1.3]);
    for cell in &mut run.cells {
        set(cell, Measure::percentile(Metric::E2e, 99.0), 500.0);
    }
    let chosen = vec![Measure::percentile(Metric::E2e, 99.0)];
    let rules = Rules { deciding: Some(chosen.clone()), ..Rules::default() };
    let comparison = compared(&run, &rules);
    let deciding: Vec<_> = comparison.deciding().map(|(_, one)| one.measure).collect();
    assert_eq!((deciding, comparison.verdict), (chosen, Some(Verdict::Unchanged)));
    assert_eq!(find(&comparison, TTFT).verdict, Some(Verdict::Regressed));
}

#[test]
fn another_base_is_chosen_by_its_name() {
    let run = run(3);
    let subject = Subject { result: &run, values: None };
    let rules = Rules::default();
    let comparison = compare_backends(subject, Some("星河推理"), &rules).unwrap().remove(0);
    assert_eq!((&*comparison.base.label, &*comparison.new.label), ("星河推理", "ollama"));
    let error = compare_backends(subject, Some("vllm"), &rules).unwrap_err();
    assert!(
        error.to_string().ends_with("no backend `vllm`; there are ollama, 星河推理"),
        "{error}"
    );
    let mut alone = run.clone();
    alone.backends.truncate(1);
    let error = compare_backends(Subject { result: &alone, values: None }, None, &rules);
    assert!(error.unwrap_err().to_string().contains("has one backend, `ollama`"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changing_the_sides_mirrors_the_comparison(
        factors in prop::collection::vec(0.7_f64..1.5, 1..8),
        strict in any::<bool>(),
    ) {
        let mut run = run(u32::try_from(factors.len()).unwrap());
        slow_down(&mut run, 1, &factors);
        let subject = Subject { result: &run, values: None };
        let rules = Rules { strict, ..Rules::default() };
        let there = compare_backends(subject, None, &rules).unwrap().remove(0);
        let back = compare_backends(subject, Some("星河推理"), &rules).unwrap().remove(0);
        prop_assert_eq!(&there.basis, &back.basis);
        for (one, other) in there.cells[0].estimates.iter().zip(&back.cells[0].estimates) {
            prop_assert_eq!(one.verdict, other.verdict.map(Verdict::mirrored));
            prop_assert_eq!((one.base, one.new), (other.new, other.base));
            let (one, other) = (one.effect.as_ref().unwrap(), other.effect.as_ref().unwrap());
            if one.scale == super::Scale::Ratio {
                prop_assert!((one.size * other.size - 1.0).abs() < 1e-9);
            }
            if let (Some(one), Some(other)) = (one.interval, other.interval)
                && one.low > 0.0
            {
                prop_assert!((one.low * other.high - 1.0).abs() < 1e-9);
            }
            prop_assert_eq!(one.p_regressed.is_some(), other.p_improved.is_some());
            if let (Some(one), Some(other)) = (one.p_regressed, other.p_improved) {
                prop_assert!((one - other).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn a_side_that_is_not_to_be_trusted_has_the_verdict_withheld() {
    let mut run = run(3);
    slow_down(&mut run, 1, &[1.5]);
    run.cells[3].findings.push(grave("client_starved"));
    let comparison = compared(&run, &Rules::default());
    assert_eq!(comparison.verdict, Some(Verdict::Inconclusive));
    let doubts: Vec<_> = comparison.doubts().into_iter().collect();
    assert_eq!(doubts, ["星河推理 is not to be trusted: client_starved"]);
    let ttft = find(&comparison, TTFT);
    assert_eq!(ttft.verdict, Some(Verdict::Inconclusive));
    let effect = ttft.effect.as_ref().unwrap();
    assert_eq!((effect.outlook, effect.interval.is_some()), (None, true));
}

#[test]
fn a_round_that_is_not_to_be_trusted_is_left_out_where_enough_remain() {
    let mut run = run(6);
    slow_down(&mut run, 1, &[1.5]);
    // What a round measured that is left out does not matter, whichever side it was.
    let doubtful = run.cells.iter_mut().filter(|cell| [1, 4].contains(&cell.labels.round));
    for cell in doubtful.filter(|cell| cell.labels.backend_index == cell.labels.round % 2) {
        set(cell, TTFT, 9_000.0);
        cell.findings.push(grave("client_starved"));
    }
    let comparison = compared(&run, &Rules::default());
    assert_eq!(
        (comparison.basis.clone(), comparison.verdict),
        (Basis::Rounds(4), Some(Verdict::Regressed))
    );
    let ttft = find(&comparison, TTFT).effect.as_ref().unwrap();
    assert_eq!(ttft.replicates.len(), 4);
    assert!((ttft.size - 1.5).abs() < 1e-9, "{}", ttft.size);
    assert!(comparison.doubts().is_empty());
    let caveat = &comparison.cells[0].caveats[0];
    assert_eq!(caveat.kind, CaveatKind::RoundsLeftOut);
    insta::assert_snapshot!(caveat.text, @"rounds 2, 5 are left out: ollama is not to be trusted: client_starved; 星河推理 is not to be trusted: client_starved");
}

#[test]
fn a_server_that_answers_nothing_has_regressed_all_the_same() {
    let mut run = run(6);
    let error_rate = Measure::window(Metric::ErrorRate);
    for cell in run.cells.iter_mut().filter(|cell| cell.labels.backend_index == 1) {
        cell.measured.distributions.clear();
        cell.measured.windows.clear();
        set(cell, error_rate, 1.0);
        cell.findings.push(grave("nothing_succeeded"));
    }
    let comparison = compared(&run, &Rules::default());
    assert_eq!(comparison.verdict, Some(Verdict::Regressed));
    assert_eq!(find(&comparison, error_rate).verdict, Some(Verdict::Regressed));
    assert!(comparison.doubts().is_empty());
    let caveats: Vec<_> = comparison.all_caveats().map(|caveat| caveat.text.as_str()).collect();
    let told = "星河推理: nothing succeeded in 6 cells, failures alone compare";
    assert!(caveats.contains(&told), "{caveats:?}");
}
