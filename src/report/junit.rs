//! JUnit XML, as CI servers read it: a case for each gate in each cell, and for each figure that
//! decides a comparison.
//!
//! # Source
//!
//! The schema that Jenkins checks reports against: `junit-10.xsd` of its plugin `xunit`,
//! <https://github.com/jenkinsci/xunit-plugin>.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::format::ReportError;
use super::verdicts::{headline, place, words};
use crate::audit::Severity;
use crate::compare::{ComparedCell, Comparison, Estimate, Verdict};
use crate::gate::{GateResult, GateTest, Outcome, test_gates};
use crate::result::{FindingEntry, RunResult};

/// The gates of `result`, and whether it is to be trusted, as JUnit XML.
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
    if let Some(comparison) = comparison {
        let mut suite = suite(result, "baseline");
        suite.add_test_cases(verdicts(result, comparison));
        report.add_test_suite(suite);
    }
    let skipped: usize = report.test_suites.iter().map(|suite| suite.skipped).sum();
    // The schema knows no such count at the root, only at each suite. It stands there first, and
    // within values a quotation mark is written otherwise.
    Ok(report.to_string()?.replacen(&format!(" skipped=\"{skipped}\""), "", 1))
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
    let mut status = TestCaseStatus::success();
    if let Some(first) = grave.first() {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("untrusted").set_message(format!("{}: {}", first.key, first.text));
        let texts = grave.iter().map(|finding| format!("{}: {}", finding.key, finding.text));
        status.set_description(texts.collect::<Vec<_>>().join("\n"));
    }
    let mut case = TestCase::new("the run is to be trusted", status);
    case.set_classname(class(result, &["run"]));
    let mut suite = suite(result, "run");
    suite.add_test_case(case);
    suite
}

fn cases(result: &RunResult, gate: &GateResult) -> Vec<TestCase> {
    let limit = &gate.entry.gate;
    let vacuous = gate.vacuous();
    let mut cases: Vec<_> = gate.tests.iter().map(|test| case(result, gate, test)).collect();
    if let Some(reason) = vacuous {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("vacuous").set_message(format!("{}: {reason}", gate.gate));
        let mut case = TestCase::new(format!("{limit} [any cell]"), status);
        case.set_classname(class(result, &["gates"]));
        cases.push(case);
    }
    cases
}

fn case(result: &RunResult, gate: &GateResult, test: &GateTest) -> TestCase {
    let words = gate.words(test);
    let status = match &test.outcome {
        Outcome::Held => TestCaseStatus::success(),
        Outcome::DoesNotApply(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(*reason);
            status
        }
        Outcome::Broken | Outcome::Unsupported | Outcome::Missing(_) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(test.outcome.key());
            status.set_message(format!("{}: {words}", gate.entry.gate));
            status.set_description(format!("{} in {}: {words}", gate.gate, test.place()));
            status
        }
    };
    let GateTest { backend, workload, stage, .. } = test;
    let mut case = TestCase::new(format!("{} [{backend}, {stage}]", gate.entry.gate), status);
    case.set_classname(class(result, &["gates", workload, backend]));
    if test.outcome == Outcome::Held {
        case.set_system_out(format!("{}: {words}", test.place()));
    }
    case
}

/// A case for each figure that decides; one that is skipped where nothing does.
fn verdicts(result: &RunResult, comparison: &Comparison) -> Vec<TestCase> {
    let skipped = |message: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(message);
        status
    };
    let case = |(cell, estimate): (&ComparedCell, &Estimate)| {
        let words = words(estimate);
        let status = match estimate.verdict {
            Some(Verdict::Improved | Verdict::Unchanged) => TestCaseStatus::success(),
            Some(Verdict::Inconclusive) => skipped(words),
            None => skipped(format!("{}: {words}", headline(comparison))),
            Some(Verdict::Regressed) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type("regressed").set_message(words);
                status.set_description(place(cell, estimate));
                status
            }
        };
        let ComparedCell { workload, stage, new_backend, .. } = cell;
        let name = format!("{} [{new_backend}, {stage}]", estimate.measure);
        let mut case = TestCase::new(name, status);
        case.set_classname(class(result, &["baseline", workload, new_backend]));
        case
    };
    let mut cases: Vec<_> = comparison.deciding().map(case).collect();
    if cases.is_empty() {
        let mut case = TestCase::new("comparison", skipped(headline(comparison)));
        case.set_classname(class(result, &["baseline"]));
        cases.push(case);
    }
    cases
}

/// `pacemark.ci-smoke.gates.chat.server`; a dot inside a name would begin another package.
fn class(result: &RunResult, parts: &[&str]) -> String {
    let parts = [&["pacemark", result.name.as_str()], parts].concat();
    parts.iter().map(|part| part.replace('.', "_")).collect::<Vec<_>>().join(".")
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

    /// What `junit-10.xsd` allows: the attributes and children of each element.
    const ALLOWED: [(&str, &[&str], &[&str]); 8] = [
        ("testsuites", &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
        (
            "testsuite",
            &["name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp"],
            &["testsuite", "properties", "testcase", "system-out", "system-err"],
        ),
        ("properties", &[], &["property"]),
        ("property", &["name", "value"], &[]),
        (
            "testcase",
            &["name", "time", "classname", "group"],
            &["skipped", "error", "failure", "system-out", "system-err"],
        ),
        ("failure", &["type", "message"], &[]),
        ("skipped", &["type", "message"], &[]),
        ("system-out", &[], &[]),
    ];

    #[test]
    fn nothing_stands_in_it_that_the_schema_of_jenkins_does_not_know() {
        let text =
            junit(&result(&["ttft.p99 < 90ms", "goodput < 1/s where backend=x"]), None).unwrap();
        let mut open: Vec<String> = Vec::new();
        let mut seen = 0;
        for tag in text.split('<').skip(1).filter(|tag| !tag.starts_with('?')) {
            let tag = tag.split('>').next().unwrap();
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(closed));
                continue;
            }
            let name = tag.split([' ', '/']).next().unwrap();
            let (_, attributes, _) = ALLOWED.iter().find(|row| row.0 == name).unwrap();
            // Values hold no quotation mark, so every second piece is a value.
            for piece in tag.split('"').step_by(2).filter_map(|piece| piece.strip_suffix('=')) {
                let attribute = piece.split(' ').next_back().unwrap();
                assert!(attributes.contains(&attribute), "{name} has no {attribute}");
            }
            if let Some(parent) = open.last() {
                let (_, _, children) = ALLOWED.iter().find(|row| row.0 == parent).unwrap();
                assert!(children.contains(&name), "{parent} has no {name}");
            }
            if !tag.ends_with('/') {
                open.push(name.to_owned());
            }
            seen += 1;
        }
        assert!(open.is_empty() && seen > 10, "{open:?}, {seen}");
    }
}
