//! Tests of the page as a whole; what a browser makes of it is tested in `tests/browser`.

use std::sync::Arc;

use super::{InputPoint, PageRun, RowPlace, RunRows, SecondRow, html};
use crate::measure::CellPhase;
use crate::metric::{Gate, Metric, ServerMeter};
use crate::report::within;
use crate::result::{FailureEntry, GateEntry, RunResult, sample};
use crate::units::float;

const EVIL: &str = "<script>alert('&\"')</script>\u{2028}</title><img src=x onerror=alert(1)>";

fn page(result: &RunResult, rows: Option<&RunRows>) -> String {
    html(&[PageRun { result, rows }], &within(result)).unwrap()
}

/// Sixty seconds of every cell of `result`.
fn rows(result: &RunResult) -> RunRows {
    let mut rows = RunRows::default();
    for cell in &result.cells {
        let place = Arc::new(RowPlace {
            backend: cell.labels.backend.clone(),
            workload: cell.labels.workload.clone(),
            stage: cell.labels.stage.clone(),
            round: cell.labels.round,
        });
        for second in 0..60_u64 {
            rows.seconds.push(SecondRow {
                cell: cell.labels.id,
                place: Arc::clone(&place),
                start_s: float(u64::from(cell.labels.id) * 60 + second),
                length_s: 1.0,
                phase: if second < 5 { CellPhase::Warmup } else { CellPhase::Measure },
                due: 10.0,
                sent: 10.0,
                finished: 9.0,
                failed: 1.0,
                in_flight: 4.0,
                output_tokens: 900.0,
                server: [(ServerMeter::RequestsWaiting, 3.0)].into(),
                latencies: [Some(20.0 + float(second)); SecondRow::LATENCIES.len()],
            });
            let point = InputPoint { input_tokens: float(second), ttft_ms: 30.0 };
            rows.inputs.push(cell.labels.id, point);
        }
    }
    rows
}

/// The data block of a page, read back.
fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn whatever_names_and_messages_hold_stays_text() {
    let mut result = sample::result(1);
    EVIL.clone_into(&mut result.name);
    result.description = Some(EVIL.to_owned());
    EVIL.clone_into(&mut result.backends[0].name);
    EVIL.clone_into(&mut result.backends[0].models[0].name);
    EVIL.clone_into(&mut result.workloads[0].name);
    EVIL.clone_into(&mut result.stages[0].label);
    result.cells[0].measured.failures.push(FailureEntry {
        kind: EVIL.to_owned(),
        count: 1,
        message: EVIL.to_owned(),
    });
    let page = page(&result, Some(&rows(&result)));
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "markup came through");
    assert_eq!(page.matches("<script").count(), 2, "the data and the page's own script");
    assert_eq!(page.matches("</title>").count(), 1);
    assert_eq!(data(&page)["lines"][0]["name"], EVIL);
}

#[test]
fn the_page_asks_for_nothing_and_allows_nothing_but_itself() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let page = page(&sample::result(1), None);
    for loads in [" src=", "<link", "url(", "@import", "fetch(", "XMLHttpRequest", "import("] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(!page.contains(" style=\"") && !page.contains(" onclick"), "forbidden by the policy");
    let between = |from: &str, to: &str| {
        page.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned()
    };
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    let policy = policy.replace("&#x27;", "'").replace("&#x2f;", "/");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for (directive, text) in [
        ("script-src", between("<script>", "</script>")),
        ("style-src", between("<style>", "</style>")),
    ] {
        let digest = sha2::Sha256::digest(text.as_bytes());
        let digest = base64::engine::general_purpose::STANDARD.encode(digest);
        assert!(policy.contains(&format!("{directive} 'sha256-{digest}';")), "{policy}");
    }
}

#[test]
fn every_metric_of_the_page_leads_to_its_definition() {
    let result = sample::result(1);
    let page = page(&result, None);
    let keys = Metric::ALL.iter().filter(|metric| {
        let of = &result.cells[0].measured;
        of.distribution(**metric).is_some() || of.window(**metric).is_some()
    });
    for metric in keys {
        assert!(page.contains(&format!("id=\"def-{}\"", metric.key())), "{}", metric.key());
    }
    for link in page.split("href=\"#def-").skip(1) {
        let key = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"def-{key}\"")), "{key}");
    }
}

#[test]
fn the_table_of_percentiles_holds_the_values_of_the_result() {
    let result = sample::result(1);
    let page = page(&result, None);
    for cell in &result.cells {
        for figures in cell.measured.distributions.values() {
            for name in ["p50", "p99", "p99.9"] {
                let value = figures.percentiles[name];
                assert!(page.contains(&format!("data-value=\"{value:?}\"")), "{name} {value:?}");
            }
        }
    }
}

#[test]
fn charts_over_time_are_cut_where_a_cell_ends_and_shade_the_warm_up() {
    let result = sample::result(1);
    let data = data(&page(&result, Some(&rows(&result))));
    let timeline = &data["timeline"];
    assert_eq!(timeline["bands"].as_array().unwrap().len(), result.cells.len());
    assert_eq!(timeline["bands"][0], serde_json::json!([0.0, 5.0, "warmup"]));
    assert_eq!(timeline["cells"][1][2], "星河推理, short-chat, concurrency 4, 30s");
    let rate = &timeline["charts"][0]["series"][0];
    let gaps = rate["y"].as_array().unwrap().iter().filter(|y| y.is_null()).count();
    assert_eq!(gaps, 2, "three cells of one backend");
    assert_eq!(data["lengths"].as_array().unwrap().len(), 3);
}

#[test]
fn pages_of_several_runs_have_a_line_for_each_backend_of_each() {
    let first = sample::result(1);
    let mut second = first.clone();
    "2026-11-23T08:00:00Z".clone_into(&mut second.started_at);
    second.id = "other".to_owned();
    let runs = [&first, &second].map(|result| PageRun { result, rows: None });
    let data = data(&html(&runs, &[]).unwrap());
    assert_eq!(data["lines"].as_array().unwrap().len(), 4);
    assert_eq!(data["sections"][0][0]["lines"].as_array().unwrap().len(), 4);
    let history = &data["history"][0];
    assert_eq!(history["names"].as_array().unwrap().len(), 2);
    assert_eq!(history["lines"].as_array().unwrap().len(), 2);
}

#[test]
fn verdicts_stand_in_the_banner() {
    let mut result = sample::result(3);
    let gate: Gate = "error_rate < 1%".parse().unwrap();
    result.gates = vec![GateEntry::from(&gate)];
    result.partial = true;
    let page = page(&result, None);
    let banner = page.split_once("class=\"banner\"").unwrap().1.split_once("</section>").unwrap().0;
    for part in ["trusted: nothing", "partial: ", "class=\"bad\">gates: ", "against ollama: "] {
        assert!(banner.contains(part), "{part}: {banner}");
    }
}

#[test]
fn a_run_without_cells_still_makes_a_page() {
    let mut result = sample::result(1);
    result.cells.clear();
    assert!(page(&result, None).contains("No cell was measured"));
}

#[test]
fn a_long_run_stays_small() {
    let result = sample::result(1);
    let mut long = rows(&result);
    let first = long.seconds[0].clone();
    for second in 0..30_000_u64 {
        let start_s = float(10_000 + second);
        let in_flight = float(second % 97);
        long.seconds.push(SecondRow { start_s, in_flight, ..first.clone() });
        long.inputs.push(0, InputPoint { input_tokens: in_flight, ttft_ms: start_s });
    }
    let size = page(&result, Some(&long)).len();
    assert!(size < 1_000_000, "{size} bytes");
}
