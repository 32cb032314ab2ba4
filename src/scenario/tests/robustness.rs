//! Whatever the text is, reading it ends, and ends well.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;

use super::harness::{problems, read, read_with};
use crate::scenario::problem::Problems;
use crate::scenario::tree::{expand, read_tree};
use crate::scenario::{BackendKind, LONGEST_TEXT, Overrides, quickstart, starter};

/// Things that break scenarios in interesting ways.
const SPLINTERS: &[&str] = &[
    "",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\n",
    "\n  ",
    "\t",
    "#",
    "&a ",
    "*a",
    "!x ",
    "|",
    ">",
    "---\n",
    "? ",
    "<<: ",
    "${",
    "${KEY}",
    "$${",
    "null",
    "~",
    ".nan",
    "1e999",
    "-1",
    "0x7f",
    "99999999999999999999",
    "你",
    "\u{0}",
    "\u{feff}",
    "\u{85}",
    "\r\n",
    "🙂",
    "true",
    "5%",
    "1/s",
];

fn base(which: usize) -> String {
    if which == 0 { quickstart().to_owned() } else { starter(BackendKind::ALL[which - 1]) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_mutation_makes_it_panic(
        which in 0..=BackendKind::ALL.len(),
        cuts in prop::collection::vec(
            (any::<Index>(), 0_usize..12, prop::sample::select(SPLINTERS)),
            1..5,
        ),
    ) {
        let mut text: Vec<char> = base(which).chars().collect();
        for (at, length, splinter) in cuts {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, splinter.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(errors) = read(&text) {
            prop_assert!(errors.count() > 0);
            prop_assert!(!errors.fancy(60, true).is_empty());
        }
    }

    #[test]
    fn no_flag_makes_it_panic(path in "[a-z.0-9]{0,20}", value in "\\PC{0,20}") {
        for path in [path.clone(), format!("load.{path}"), format!("backends.ollama-like.{path}")] {
            let overrides =
                Overrides { set: vec![format!("{path}={value}")], ..Overrides::default() };
            if let Err(errors) = read_with(quickstart(), &overrides) {
                prop_assert!(!errors.fancy(60, false).is_empty());
            }
        }
    }

    #[test]
    fn what_is_stored_reads_as_itself(prompt in "\\PC{1,40}", name in "[a-z0-9 .:#&*!-]{1,20}") {
        let mut text = quickstart().replace("name: quickstart", "name: q");
        let quote = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let prompt = prompt.replace("${", "");
        text = text.replace("- 请用一句话介绍一下杭州。", &format!("- {}", quote(&format!("p{prompt}"))));
        text = text.replace("model: simulated", &format!("model: {}", quote(&format!("m{name}m"))));
        let first = read(&text).map_err(|errors| TestCaseError::fail(errors.to_string()))?;
        let again = read(&first.stored_text)
            .map_err(|errors| TestCaseError::fail(errors.to_string()))?;
        prop_assert_eq!(&again.workloads, &first.workloads);
        prop_assert_eq!(again.stored_text, first.stored_text);
    }
}

#[test]
fn depth_is_bounded() {
    let brackets = |depth| problems(&format!("a: {}{}", "[".repeat(depth), "]".repeat(depth)));
    assert!(brackets(100).contains("nested more than 64 deep"));
    assert!(brackets(100_000).contains("recursion limit exceeded"));
    let mut text = String::new();
    for depth in 0..200 {
        text.push_str(&" ".repeat(depth));
        text.push_str("a:\n");
    }
    assert!(problems(&text).contains("nested more than 64 deep"));
}

#[test]
fn aliases_cannot_grow_without_end() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        writeln!(text, "a{level}: &a{level} [{}]", vec![below; 10].join(", ")).unwrap();
    }
    assert!(problems(&text).contains("with its aliases copied out the scenario exceeds 16 MiB"));
    let long = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 1000].join(", "));
    assert!(problems(&long).contains("exceeds 16 MiB"));
}

#[test]
fn the_environment_cannot_fill_the_memory() {
    let huge = "x".repeat(1 << 20);
    let text = format!("a: [{}]", vec!["\"${HUGE}\""; 1000].join(", "));
    let mut root = read_tree(&text, &mut Problems::default()).unwrap();
    let mut found = Problems::default();
    expand(&mut root, &|_| Some(huge.clone()), &mut found);
    assert!(!found.is_empty());
}

#[test]
fn a_long_text_is_refused_unread() {
    let text = "#".repeat(LONGEST_TEXT + 1);
    assert!(problems(&text).contains("a scenario has at most 1024 KiB"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_problem() {
    let text = format!("\u{feff}{}", quickstart().replace('\n', "\r\n"));
    assert_eq!(read(&text).unwrap().workloads, read(quickstart()).unwrap().workloads);
}
