//! A run that goes on, as server-sent events.
//!
//! `seconds` carries rows as they are written, `over` says that there will be no more.
//!
//! # Source
//!
//! HTML Standard, 9.2: server-sent events.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::metric::Metric;
use crate::report::SecondRow;
use crate::store::{SecondsTail, StoreError, is_running, load};

/// How often the run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Events that may wait for a slow reader.
const WAITING: usize = 4;
/// Most rows of the past that a new reader gets.
const MOST_PAST: usize = 900;

/// The events of the run in `folder`, from now on until it is over or nobody reads them.
pub(super) fn follow(folder: PathBuf) -> Channel<Bytes, Infallible> {
    let (sender, body) = Channel::new(WAITING);
    tokio::spawn(tell(folder, sender));
    body
}

async fn tell(folder: PathBuf, mut sender: Sender<Bytes, Infallible>) {
    let mut tail = SecondsTail::new(&folder);
    loop {
        let look = folder.clone();
        let looked = spawn_blocking(move || {
            let rows = tail.more();
            let is_quiet = rows.as_ref().is_ok_and(Vec::is_empty);
            // Only a run that writes nothing may be over; reading its result each time costs.
            let over = is_quiet && over(&look).unwrap_or(true);
            (tail, rows, over)
        });
        let Ok((back, rows, over)) = looked.await else { return };
        tail = back;
        let event = match (rows, over) {
            (Err(error), _) => ending(&error.to_string()),
            (Ok(_), true) => ending("the run is over"),
            // A comment: it keeps the connection open, and shows whether anybody still reads.
            (Ok(rows), false) if rows.is_empty() => ":\n\n".to_owned(),
            (Ok(rows), false) => seconds(&rows),
        };
        let is_last = event.starts_with("event: over");
        if sender.send_data(Bytes::from(event)).await.is_err() || is_last {
            return;
        }
        sleep(LOOK_EVERY).await;
    }
}

fn over(folder: &std::path::Path) -> Result<bool, StoreError> {
    Ok(!is_running(folder, &load(folder)?))
}

/// A second, as the page that follows a run reads it.
#[derive(Serialize)]
struct Row<'a> {
    backend: &'a str,
    /// `chat, concurrency 4, round 2`
    r#where: String,
    phase: &'static str,
    start: f64,
    length: f64,
    due: f64,
    sent: f64,
    finished: f64,
    failed: f64,
    in_flight: f64,
    output_tokens: f64,
    ttft_p50: Option<f64>,
    ttft_p99: Option<f64>,
    e2e_p50: Option<f64>,
}

impl<'a> From<&'a SecondRow> for Row<'a> {
    fn from(row: &'a SecondRow) -> Self {
        let place = &row.place;
        Self {
            backend: &place.backend,
            r#where: format!("{}, {}, round {}", place.workload, place.stage, place.round + 1),
            phase: row.phase.key(),
            start: row.start_s,
            length: row.length_s,
            due: row.due,
            sent: row.sent,
            finished: row.finished,
            failed: row.failed,
            in_flight: row.in_flight,
            output_tokens: row.output_tokens,
            ttft_p50: row.latency(Metric::Ttft, 50.0),
            ttft_p99: row.latency(Metric::Ttft, 99.0),
            e2e_p50: row.latency(Metric::E2e, 50.0),
        }
    }
}

fn seconds(rows: &[SecondRow]) -> String {
    let past = rows.len().saturating_sub(MOST_PAST);
    let rows: Vec<_> = rows[past..].iter().map(Row::from).collect();
    event("seconds", &rows)
}

fn ending(text: &str) -> String {
    event("over", &serde_json::json!({ "text": text, "report": "./" }))
}

/// JSON has no line breaks, so one line of data is enough.
fn event(name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::{ending, event};

    #[test]
    fn an_event_is_one_line_of_data_whatever_it_holds() {
        assert_eq!(event("seconds", &["a\nb\r\n"]), "event: seconds\ndata: [\"a\\nb\\r\\n\"]\n\n");
        assert!(ending("x").starts_with("event: over\ndata: {"));
    }
}
