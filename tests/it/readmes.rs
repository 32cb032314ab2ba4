//! What the READMEs and the documents promise is there: commands, flags, scenarios, files.

#![expect(clippy::disallowed_methods, reason = "this test reads the documents")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pacemark::cli::ExitCode;
use pacemark::scenario::BackendKind;

use crate::markdown::{code_blocks, code_spans, headings, links};

const ENGLISH: &str = include_str!("../../README.md");
const CHINESE: &str = include_str!("../../README.zh-CN.md");
const READMES: [(&str, &str); 2] = [("README.md", ENGLISH), ("README.zh-CN.md", CHINESE)];

/// What `pacemark help` and these words print.
fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pacemark"));
    let output = command.arg("help").args(words).output().unwrap();
    assert!(output.status.success(), "pacemark help {words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands of the program, each with its help.
fn commands() -> BTreeMap<String, String> {
    let overview = help(&[]);
    let listed = overview.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(|name| (name.to_owned(), help(&[name]))).collect()
}

/// The words that calls of the program in a text are made of, from the command on: those of the
/// code blocks, and those in the text itself.
fn calls(text: &str) -> Vec<Vec<String>> {
    let lines = code_blocks(text).into_iter().filter(|(language, _)| *language == "sh");
    let lines = lines.flat_map(|(_, block)| block.lines().map(str::to_owned).collect::<Vec<_>>());
    let words = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    lines
        .chain(code_spans(text))
        .map(words)
        .filter_map(|words| {
            let own = ["cargo", "run", "--release", "--"];
            let rest = words.strip_prefix(&own.map(str::to_owned)[..]);
            rest.or_else(|| words.strip_prefix(&["pacemark".to_owned()])).map(<[String]>::to_vec)
        })
        .filter(|words| !words.is_empty())
        .collect()
}

/// Whether a help text names a flag, short or long.
fn names_flag(help: &str, flag: &str) -> bool {
    help.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == flag)
}

/// Flags as they stand in a line of words, without their values.
fn flags<'a>(words: impl IntoIterator<Item = &'a String>) -> impl Iterator<Item = &'a str> {
    let words = words.into_iter().filter(|word| word.starts_with('-') && word.len() > 1);
    words.map(|word| word.split('=').next().unwrap_or(word))
}

#[test]
fn both_readmes_show_the_same_code() {
    let blocks = code_blocks(ENGLISH);
    assert!(blocks.len() >= 4, "only {} code blocks", blocks.len());
    assert_eq!(code_blocks(CHINESE), blocks);
}

#[test]
fn both_readmes_lead_to_each_other_and_to_the_same_files() {
    let targets = |text, other| {
        let mut targets: BTreeSet<String> = links(text).into_iter().collect();
        assert!(targets.remove(other), "no link to {other}");
        targets
    };
    assert_eq!(targets(ENGLISH, "README.zh-CN.md"), targets(CHINESE, "README.md"));
}

#[test]
fn every_command_and_flag_in_the_readmes_exists() {
    let commands = commands();
    for (name, text) in READMES {
        let calls = calls(text);
        assert!(calls.len() > 10, "only {} calls in {name}", calls.len());
        for call in calls {
            let (command, rest) = match call.split_first().unwrap() {
                (help, rest) if help == "help" => rest.split_first().unwrap(),
                call => call,
            };
            let Some(help) = commands.get(command) else { panic!("{name}: no command {command}") };
            for flag in flags(rest) {
                assert!(names_flag(help, flag), "{name}: `{command}` has no flag {flag}");
            }
        }
        let spans: Vec<_> = code_spans(text).iter().flat_map(|span| words(span)).collect();
        for flag in flags(&spans) {
            let known = commands.values().any(|help| names_flag(help, flag));
            assert!(known, "{name}: there is no flag {flag}");
        }
    }
}

fn words(span: &str) -> Vec<String> {
    span.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn the_readmes_list_every_command() {
    let commands: BTreeSet<_> = commands().into_keys().collect();
    for (name, text) in READMES {
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `pacemark "));
        let listed: BTreeSet<_> =
            rows.filter_map(|row| row.split(['`', ' ']).next()).map(str::to_owned).collect();
        assert_eq!(listed, commands, "{name}");
    }
}

#[test]
fn the_readmes_list_every_shipped_scenario_and_kind_of_server() {
    let shipped = files(Path::new("scenarios"), "yaml");
    assert!(!shipped.is_empty());
    for (name, text) in READMES {
        let links = links(text);
        for path in &shipped {
            let path = path.to_str().unwrap().replace('\\', "/");
            assert!(links.contains(&path), "{name} does not link to {path}");
        }
        let spans = code_spans(text);
        for kind in BackendKind::ALL {
            assert!(spans.iter().any(|span| span == kind.key()), "{name}: {}", kind.key());
        }
    }
}

#[test]
fn the_readmes_name_every_exit_code() {
    for (name, text) in READMES {
        let line = text.split("docs/exit-codes.md)").nth(1).unwrap();
        let line = line.split("\n\n").next().unwrap();
        let numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
        let shown: BTreeSet<u8> = numbers.collect();
        assert_eq!(shown, ExitCode::BY_GRAVITY.map(ExitCode::code).into(), "{name}");
    }
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let mut seen = 0;
    for path in documents() {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap_or(Path::new("")).join(file),
            };
            let place = format!("{}: {link}", path.display());
            assert!(root().join(&target).exists(), "{place} leads nowhere");
            if !anchor.is_empty() {
                let text = fs::read_to_string(root().join(&target)).unwrap();
                assert!(headings(&text).contains(&anchor.to_owned()), "{place}: no such heading");
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links found");
}

/// Every page for people, by its path from the root.
fn documents() -> Vec<PathBuf> {
    let folders = ["", "docs", "results"];
    folders.iter().flat_map(|folder| files(Path::new(folder), "md")).collect()
}

/// The files of a folder with that ending, by their paths from the root, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let wanted = entries.filter(|path| path.extension().is_some_and(|found| found == ending));
    let mut files: Vec<_> =
        wanted.map(|path| folder.join(path.file_name().unwrap_or_default())).collect();
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
