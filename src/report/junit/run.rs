//! A run as JUnit XML: whether it is to be trusted, its gates, and what came of its baseline.

use quick_junit::{Property, Report, TestCase, TestSuite};

use super::cases::{class, failed, passed, skipped, written};
use super::comparison::compared;
use crate::audit::Severity;
use crate::compare::Comparison;
use crate::gate::{GateResult, GateTest, Outcome, test_gates};
use crate::report::ReportError;
use crate::result::{FindingEntry, RunResult};

/// The gates of `result`, whether it is to be trusted, and what came of a comparison with a
/// baseline, as JUnit XML.
///
/// # Errors
///
/// [`ReportError`] if the gates cannot be tested.
pub fn junit(result: &RunResult, comparison: Option<&Comparison>) -> Result<String, ReportError> {
    let mut report = Report::new(result.name.as_str());
    report.add_test_suite(trust(result));
    let gates = test_gates(result)?;
    if !gates.is_empty() {
        let mut suite = suite(result, "gates");
        suite.add_test_cases(gates.iter().flat_map(|gate| cases(result, gate)));
        report.add_test_suite(suite);
    }
    report.add_test_suites(comparison.map(compared));
    written(&report)
}

fn suite(result: &RunResult, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(format!("{}.{name}", result.name));
    let facts = [
        ("run", result.id.clone()),
        ("started_at", result.started_at.clone()),
        ("seed", result.seed.to_string()),
        ("pacemark", result.provenance.pacemark_version.clone()),
        ("confidence", result.confidence().to_string()),
    ];
    suite.add_properties(facts.map(|(name, value)| Property::new(name, value)));
    suite
}

/// Whether the run is to be trusted: one case, which stands in every report, so that none is
/// empty.
fn trust(result: &RunResult) -> TestSuite {
    let grave = |finding: &&FindingEntry| finding.grade() == Severity::Untrusted;
    let grave: Vec<_> = result.all_findings().filter(grave).collect();
    let status = match grave.first() {
        None => passed(),
        Some(first) => {
            let texts = grave.iter().map(|finding| format!("{}: {}", finding.key, finding.text));
            let texts = texts.collect::<Vec<_>>().join("\n");
            failed("untrusted", &format!("{}: {}", first.key, first.text), &texts)
        }
    };
    let mut case = TestCase::new("the run is to be trusted", status);
    case.set_classname(class(&result.name, &["run"]));
    let mut suite = suite(result, "run");
    suite.add_test_case(case);
    suite
}

fn cases(result: &RunResult, gate: &GateResult) -> Vec<TestCase> {
    let limit = &gate.entry.gate;
    let mut cases: Vec<_> = gate.tests.iter().map(|test| case(result, gate, test)).collect();
    if let Some(reason) = gate.vacuous() {
        let status = failed("vacuous", &format!("{}: {reason}", gate.gate), "");
        let mut case = TestCase::new(format!("{limit} [any cell]"), status);
        case.set_classname(class(&result.name, &["gates"]));
        cases.push(case);
    }
    cases
}

fn case(result: &RunResult, gate: &GateResult, test: &GateTest) -> TestCase {
    let words = gate.words(test);
    let status = match &test.outcome {
        Outcome::Held => passed(),
        Outcome::DoesNotApply(reason) => skipped(reason),
        Outcome::Broken | Outcome::Unsupported | Outcome::Missing(_) => failed(
            test.outcome.key(),
            &format!("{}: {words}", gate.entry.gate),
            &format!("{} in {}: {words}", gate.gate, test.place()),
        ),
    };
    let GateTest { backend, workload, stage, .. } = test;
    let mut case = TestCase::new(format!("{} [{backend}, {stage}]", gate.entry.gate), status);
    case.set_classname(class(&result.name, &["gates", workload, backend]));
    if test.outcome == Outcome::Held {
        case.set_system_out(format!("{}: {words}", test.place()));
    }
    case
}

#[cfg(test)]
mod tests {
    use super::junit;
    use crate::metric::Gate;
    use crate::result::{FindingEntry, GateEntry, RunResult, sample};

    fn result(texts: &[&str]) -> RunResult {
        let mut result = sample::result(3);
        let kept = |cell: &crate::result::CellResult| cell.labels.stage_index == 0;
        result.cells.retain(kept);
        let entry = |text: &&str| GateEntry::from(&text.parse::<Gate>().unwrap());
        result.gates = texts.iter().map(entry).collect();
        result
    }

    #[test]
    fn every_gate_has_a_case_in_every_cell() {
        let result =
            result(&["ttft.p99 < 90ms", "error_rate < 7%", "e2e.p50 < 9s where backend=x"]);
        insta::assert_snapshot!(junit(&result, None).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="两台服务器" tests="10" failures="2" errors="0">
            <testsuite name="两台服务器.run" tests="1" skipped="0" errors="0" failures="0">
                <properties>
                    <property name="run" value="20261122T130750Z-两台服务器"/>
                    <property name="started_at" value="2026-11-22T13:07:50Z"/>
                    <property name="seed" value="42"/>
                    <property name="pacemark" value="0.1.0"/>
                    <property name="confidence" value="trusted"/>
                </properties>
                <testcase name="the run is to be trusted" classname="pacemark.两台服务器.run"/>
            </testsuite>
            <testsuite name="两台服务器.gates" tests="9" skipped="2" errors="0" failures="2">
                <properties>
                    <property name="run" value="20261122T130750Z-两台服务器"/>
                    <property name="started_at" value="2026-11-22T13:07:50Z"/>
                    <property name="seed" value="42"/>
                    <property name="pacemark" value="0.1.0"/>
                    <property name="confidence" value="trusted"/>
                </properties>
                <testcase name="ttft.p99 &lt; 90ms [ollama, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.short-chat.ollama">
                    <system-out>ollama, short-chat, concurrency 4, 30s: 82.706ms</system-out>
                </testcase>
                <testcase name="ttft.p99 &lt; 90ms [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.short-chat.星河推理">
                    <failure message="ttft.p99 &lt; 90ms: unsupported: 122ms, but it rests on 564 values and needs 1000" type="unsupported">ttft.p99 &lt; 90ms in 星河推理, short-chat, concurrency 4, 30s: unsupported: 122ms, but it rests on 564 values and needs 1000</failure>
                </testcase>
                <testcase name="ttft.p99 &lt; 90ms [ollama, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.向量.ollama">
                    <skipped message="embeddings have no first token"/>
                </testcase>
                <testcase name="ttft.p99 &lt; 90ms [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.向量.星河推理">
                    <skipped message="embeddings have no first token"/>
                </testcase>
                <testcase name="error_rate &lt; 7% [ollama, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.short-chat.ollama">
                    <system-out>ollama, short-chat, concurrency 4, 30s: 0%</system-out>
                </testcase>
                <testcase name="error_rate &lt; 7% [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.short-chat.星河推理">
                    <system-out>星河推理, short-chat, concurrency 4, 30s: 6%</system-out>
                </testcase>
                <testcase name="error_rate &lt; 7% [ollama, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.向量.ollama">
                    <system-out>ollama, 向量, concurrency 4, 30s: 0%</system-out>
                </testcase>
                <testcase name="error_rate &lt; 7% [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.gates.向量.星河推理">
                    <system-out>星河推理, 向量, concurrency 4, 30s: 6%</system-out>
                </testcase>
                <testcase name="e2e.p50 &lt; 9s [any cell]" classname="pacemark.两台服务器.gates">
                    <failure message="e2e.p50 &lt; 9s where backend=x: no cell of the run is meant by it" type="vacuous"/>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_run_that_is_not_to_be_trusted_has_a_failure_and_nothing_breaks_the_xml() {
        let mut result = result(&[]);
        result.findings.push(FindingEntry {
            key: "load_not_sent".to_owned(),
            severity: "untrusted".to_owned(),
            text: "<half> & \"less\" \u{1b}[31m skipped=\"0\"".to_owned(),
            figure: None,
            limit: None,
            remedy: None,
        });
        let text = junit(&result, None).unwrap();
        assert!(text.contains("&lt;half&gt; &amp; &quot;less&quot;"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("failures=\"1\""), "{text}");
    }
}
