//! Everything written keeps to the schema that Jenkins checks, `junit-10.xsd`.

use super::{junit, junit_of};
use crate::compare::{Comparison, FailOn, Rules, Subject, compare_backends, compare_runs};
use crate::metric::Gate;
use crate::result::{FindingEntry, GateEntry, RunResult, sample};

/// An element of the schema: its name, the attributes it must have, those it may have, and its
/// children. Where the schema leaves their order open, they stand in the order in which older
/// schemas want them.
struct Element {
    name: &'static str,
    must: &'static [&'static str],
    may: &'static [&'static str],
    children: &'static [&'static str],
}

const ELEMENTS: [Element; 8] = [
    Element {
        name: "testsuites",
        must: &[],
        may: &["name", "time", "tests", "failures", "errors"],
        children: &["testsuite"],
    },
    Element {
        name: "testsuite",
        must: &["name", "tests", "failures", "errors"],
        may: &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "url"],
        children: &["properties", "testcase", "system-out", "system-err"],
    },
    Element { name: "properties", must: &[], may: &[], children: &["property"] },
    Element { name: "property", must: &["name", "value"], may: &[], children: &[] },
    Element {
        name: "testcase",
        must: &["name"],
        may: &["time", "classname", "group"],
        children: &["skipped", "error", "failure", "system-out", "system-err"],
    },
    Element { name: "failure", must: &[], may: &["type", "message"], children: &[] },
    Element { name: "skipped", must: &[], may: &["type", "message"], children: &[] },
    Element { name: "system-out", must: &[], may: &[], children: &[] },
];

/// An element that is open: which, the place of its last child, and what it says of its cases.
struct Open<'t> {
    element: &'static Element,
    last_child: usize,
    claimed: [Option<&'t str>; 3],
    counted: [usize; 3],
}

/// Checks `text` against the schema, and that every suite counts its cases right.
fn check(text: &str) {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut cases = 0;
    for tag in text.split('<').skip(1).filter(|tag| !tag.starts_with('?')) {
        let tag = tag.split('>').next().unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            close(&open.pop().unwrap(), closed);
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        let element = ELEMENTS.iter().find(|element| element.name == name);
        let element = element.unwrap_or_else(|| panic!("the schema has no {name}"));
        let attributes = attributes(tag);
        for must in element.must {
            assert!(attributes.iter().any(|(name, _)| name == must), "{name} lacks {must}: {tag}");
        }
        for (attribute, _) in &attributes {
            let known = element.must.iter().chain(element.may).any(|known| known == attribute);
            assert!(known, "{name} has no {attribute}");
        }
        if let Some(parent) = open.last_mut() {
            let mut children = parent.element.children.iter();
            let place = children.position(|child| *child == name);
            let place = place.unwrap_or_else(|| panic!("{} has no {name}", parent.element.name));
            assert!(
                place >= parent.last_child,
                "{name} stands too late in {}",
                parent.element.name
            );
            parent.last_child = place;
        }
        let counted = ["testcase", "failure", "skipped"].iter().position(|one| *one == name);
        if let Some(counted) = counted {
            for open in &mut open {
                open.counted[counted] += 1;
            }
        }
        cases += usize::from(name == "testcase");
        let claim = |wanted| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, n)| *n);
        let claimed = ["tests", "failures", "skipped"].map(claim);
        let opened = Open { element, last_child: 0, claimed, counted: [0; 3] };
        if tag.ends_with('/') { close(&opened, name) } else { open.push(opened) }
    }
    assert!(open.is_empty() && cases > 3, "{cases} cases: {text}");
}

fn close(open: &Open<'_>, name: &str) {
    assert_eq!(open.element.name, name);
    for (claimed, counted) in open.claimed.iter().zip(open.counted) {
        assert!(claimed.is_none_or(|claimed| claimed == counted.to_string()), "{name}: {counted}");
    }
}

/// The attributes of a tag. Values hold no quotation mark, so every second piece is a value.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let pieces: Vec<_> = tag.split('"').collect();
    let pairs = pieces.chunks_exact(2);
    pairs.map(|pair| (pair[0].trim_end_matches('=').rsplit(' ').next().unwrap(), pair[1])).collect()
}

fn gated(texts: &[&str]) -> RunResult {
    let mut result = sample::result(3);
    let entry = |text: &&str| GateEntry::from(&text.parse::<Gate>().unwrap());
    result.gates = texts.iter().map(entry).collect();
    result
}

fn subject(result: &RunResult) -> Subject<'_> {
    Subject { result, values: None }
}

fn comparisons(result: &RunResult, fail_on: FailOn) -> Vec<Comparison> {
    let rules = Rules { fail_on, ..Rules::default() };
    compare_backends(subject(result), None, &rules).unwrap()
}

#[test]
fn runs_keep_to_the_schema_of_jenkins_with_gates_and_a_baseline() {
    let result = gated(&["ttft.p99 < 90ms", "goodput < 1/s where backend=x", "e2e.p50 < 9s"]);
    check(&junit(&result, None).unwrap());
    let mut stored = vec![result.clone(); 5];
    stored
        .iter_mut()
        .zip(["a", "b", "c", "d", "e"])
        .for_each(|(run, id)| id.clone_into(&mut run.id));
    let base: Vec<_> = stored.iter().map(subject).collect();
    let comparison = compare_runs(&base, subject(&result), &Rules::default()).unwrap();
    check(&junit(&result, Some(&comparison)).unwrap());
    let single = compare_runs(&base[..1], subject(&result), &Rules::default()).unwrap();
    check(&junit(&result, Some(&single)).unwrap());
}

#[test]
fn comparisons_keep_to_the_schema_of_jenkins_whatever_they_come_to() {
    let mut doubtful = sample::result(3);
    doubtful.findings.push(FindingEntry {
        key: "suspended".to_owned(),
        severity: "untrusted".to_owned(),
        text: "<asleep> & \"away\"".to_owned(),
        figure: None,
        limit: None,
        remedy: None,
    });
    for result in [sample::result(1), sample::result(3), doubtful] {
        for fail_on in [FailOn::Regression, FailOn::Inconclusive, FailOn::Never] {
            check(&junit_of(&comparisons(&result, fail_on)).unwrap());
        }
    }
}

#[test]
fn a_case_fails_where_the_exit_code_does() {
    let mut result = sample::result(4);
    result.cells.retain(|cell| cell.labels.workload_index == 0 && cell.labels.stage_index == 0);
    insta::assert_snapshot!(junit_of(&comparisons(&result, FailOn::Regression)).unwrap(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="两台服务器" tests="6" failures="3" errors="0">
        <testsuite name="两台服务器.星河推理 against ollama" tests="6" skipped="2" errors="0" failures="3">
            <properties>
                <property name="base" value="ollama"/>
                <property name="base_runs" value="20261122T130750Z-两台服务器"/>
                <property name="new" value="星河推理"/>
                <property name="new_runs" value="20261122T130750Z-两台服务器"/>
                <property name="verdict" value="regressed"/>
                <property name="pacemark" value="0.1.0"/>
            </properties>
            <testcase name="what is compared is to be trusted" classname="pacemark.两台服务器.星河推理 against ollama"/>
            <testcase name="ttft.p50 [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.星河推理 against ollama.short-chat.星河推理">
                <failure message="91.9 ms against 62.2 ms, 1.478 times (1.454 to 1.503)" type="regressed">ttft.p50 of 星河推理, short-chat, concurrency 4, 30s</failure>
            </testcase>
            <testcase name="tpot.p50 [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.星河推理 against ollama.short-chat.星河推理">
                <skipped message="inconclusive: 18.4 ms against 12.4 ms, tokens are not counted alike"/>
            </testcase>
            <testcase name="e2e.p95 [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.星河推理 against ollama.short-chat.星河推理">
                <failure message="2515 ms against 1699 ms, 1.481 times (1.457 to 1.504)" type="regressed">e2e.p95 of 星河推理, short-chat, concurrency 4, 30s</failure>
            </testcase>
            <testcase name="output_token_throughput [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.星河推理 against ollama.short-chat.星河推理">
                <skipped message="inconclusive: 626.7 tok/s against 3333 tok/s, tokens are not counted alike"/>
            </testcase>
            <testcase name="error_rate [星河推理, concurrency 4, 30s]" classname="pacemark.两台服务器.星河推理 against ollama.short-chat.星河推理">
                <failure message="6.0% against 0%, +6.00 percentage points (+6.00 to +6.00)" type="regressed">error_rate of 星河推理, short-chat, concurrency 4, 30s</failure>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
    let failures = |result: &RunResult, fail_on| {
        let text = junit_of(&comparisons(result, fail_on)).unwrap();
        text.matches("<failure").count()
    };
    let all = [FailOn::Regression, FailOn::Inconclusive, FailOn::Never];
    assert_eq!(all.map(|fail_on| failures(&result, fail_on)), [3, 5, 0]);
    // One round has no verdict.
    result.cells.truncate(2);
    assert_eq!(all.map(|fail_on| failures(&result, fail_on)), [0, 5, 0]);
}
