//! Tables stay tables with names and prompts in any script, and within the width there is.

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::program::{Ended, Sandbox};

/// Names as people choose them: wide characters, accents, a joined emoji, right to left.
fn scenario() -> Value {
    let mock = json!({"mock": {"ttft": "2ms", "gap": "1ms", "output_tokens": 6}});
    let slow = json!({"mock": {"ttft": "9ms", "gap": "2ms", "output_tokens": 6, "errors": "30%"}});
    json!({
        "pacemark": 1,
        "name": "中文基准测试",
        "description": "比较两个后端：本地与远程",
        "backends": {"星河推理": mock, "ollama": slow, "Größe-é": mock},
        "workloads": {
            "短对话": {
                "endpoint": "chat",
                "model": "通义千问",
                "system": "你是位人工智能专家。",
                "prompts": ["解释人工智能", "什么是机器学习？", "👩‍💻 مرحبا"],
            },
            "向量": {"endpoint": "embeddings", "model": "嵌入", "prompts": ["一段短文。", "另一段。"]},
        },
        "load": {"warmup": {"requests": 2}, "stages": [{"concurrency": 2, "requests": 12}]},
        "slo": {"ttft": "1s", "e2e": "2s"},
    })
}

/// The run of the scenario, shown with 80 columns.
fn run(sandbox: &Sandbox) -> Ended {
    sandbox.run(&scenario(), &[]).with_code(0)
}

fn sandbox(columns: &str) -> Sandbox {
    Sandbox::new().with_variable("COLUMNS", columns)
}

/// Asserts that below every rule, the values end where the columns of the rule's header end.
#[track_caller]
fn assert_aligned(text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| !line.is_empty() && line.chars().all(|c| c == '-');
    let rules: Vec<usize> = (0..lines.len()).filter(|&at| is_rule(lines[at])).collect();
    assert_eq!(rules.len(), 2, "a table for each workload:\n{text}");
    for rule in rules {
        let width = lines[rule].width();
        let rows = &lines[rule + 1..rule + 4];
        for line in rows.iter().chain([&lines[rule - 1]]) {
            assert_eq!(line.width(), width, "`{line}` in:\n{text}");
        }
        let names: Vec<_> = rows.iter().filter_map(|row| row.split_whitespace().next()).collect();
        assert_eq!(names, ["星河推理", "ollama", "Größe-é"]);
        let ends = rows.iter().map(|row| column_ends(row));
        let ends: Vec<Vec<usize>> = ends.collect();
        assert!(ends.iter().all(|row| row[1..] == ends[0][1..]), "{ends:?}\n{text}");
    }
}

/// Where the words of a line end, in columns.
fn column_ends(line: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    for word in line.split(' ') {
        at += word.width();
        if !word.is_empty() {
            ends.push(at);
        }
        at += 1;
    }
    ends
}

#[test]
fn columns_are_aligned_whatever_the_script() {
    let narrow = sandbox("80");
    let ended = run(&narrow);
    assert!(!ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'));
    assert_aligned(&ended.stdout);
    let folder = ended.folder();
    let path = folder.to_str().unwrap();
    for columns in ["80", "100", "120", "200"] {
        let shown = sandbox(columns).start(&["report", path]).with_code(0).stdout;
        assert_aligned(&shown);
        let limit: usize = columns.parse().unwrap();
        for line in shown.lines() {
            assert!(line.width() <= limit, "{} columns: {line}", line.width());
        }
    }
    let wide = narrow.start(&["report", path, "--wide"]).with_code(0).stdout;
    assert_aligned(&wide);
}

#[test]
fn names_in_any_script_are_kept_in_every_file() {
    let ended = run(&sandbox("80"));
    let folder = ended.folder();
    let name = folder.file_name().unwrap().to_str().unwrap();
    assert!(name.ends_with("-中文基准测试"), "{name}");
    for file in ["result.json", "summary.csv", "summary.md", "scenario.yaml"] {
        let text = ended.file(file);
        assert!(text.contains("星河推理") && text.contains("短对话"), "{file}");
        assert!(text.contains("通义千问"), "{file}");
    }
    let backends: Vec<_> = ended.summary().iter().map(|row| row["backend"].clone()).collect();
    assert_eq!(backends.iter().filter(|name| *name == "星河推理").count(), 2);
}

#[test]
fn a_plan_is_aligned_whatever_the_script() {
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", &scenario().to_string());
    let plan = sandbox.start(&["plan", "scenario.yaml"]).with_code(0);
    let rows: Vec<&str> = plan.stdout.lines().skip(2).collect();
    assert_eq!(rows.len(), 1 + 6, "{}", plan.stdout);
    let start_of = |row: &str, word: &str| row.find(word).map(|at| row[..at].width());
    let starts: Vec<_> = rows[1..].iter().map(|row| start_of(row, "  concurrency 2")).collect();
    assert!(starts.iter().all(|start| *start == start_of(rows[0], "  load ")), "{}", plan.stdout);
}
