//! Load testing and latency benchmarks for servers that speak the OpenAI API.
//!
//! The way of the data, one way and no way back:
//!
//! ```text
//! scenario.yaml ─▶ Scenario ─▶ RunPlan ─▶ run { Arrival ─▶ client ─▶ RequestRecord ─▶ Recorder }
//!                                               │
//! results/<run>/ ◀─ store ◀─ RunResult ◀─ Summary
//!       │
//!       └─▶ report (table, CSV, JSON, Markdown, JUnit)
//! ```
//!
//! `docs/architecture.md` lists which module may use which; a test keeps it so.

pub mod audit;
pub mod calibrate;
pub mod capacity;
pub mod cli;
pub mod client;
pub mod clock;
pub mod compare;
pub mod dataset;
pub mod gate;
pub mod live;
pub mod load;
pub mod measure;
pub mod metric;
pub mod mock;
pub mod openai;
pub mod plan;
pub mod probe;
pub mod record;
pub mod report;
pub mod result;
pub mod run;
pub mod scenario;
pub mod search;
pub mod serve;
pub mod store;
pub mod tls;
pub mod units;
pub mod workload;
