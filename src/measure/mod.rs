//! From records to figures: every formula of `docs/metrics.md`, once.
//!
//! Records go into a mergeable [`Recorder`] per thread; the merged recorder gives a
//! [`CellSummary`]. Times come in as moments and go out as nanoseconds inside histograms;
//! [`Figures`] shows them in their unit, and an [`Interval`] is one second of a cell. What one request came to is [`RequestMetrics`], and
//! [`RequestRow`] is its line of `requests.csv`.

mod activity;
mod answer_shapes;
mod counted_twice;
mod cut_inputs;
mod distributions;
mod failure_log;
mod figures;
mod gateway_counts;
mod histogram_codec;
mod interval;
mod live;
mod minutes;
mod paired;
mod pooling;
mod recorder;
mod request_metrics;
mod request_row;
mod server_samples;
mod sessions;
mod slo;
mod stream_shape;
mod summary;
mod time_series;
mod waits;
mod window_counts;

#[cfg(test)]
mod formula_tests;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod mix_tests;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod window_tests;

pub use activity::Activity;
pub use answer_shapes::AnswerShapes;
pub use counted_twice::{CountedTwice, TwoCounts};
pub use cut_inputs::CutInputs;
pub use figures::{Figures, figure, supported};
pub use gateway_counts::GatewayCounts;
pub use histogram_codec::{
    HistogramError, MAX_HISTOGRAM_BYTES, histogram_from_v2, histogram_to_v2,
};
pub use interval::{CellPhase, INTERVAL, Interval, Timeline};
pub use live::{LiveSnapshot, LiveTtft};
pub use minutes::MinuteMedians;
pub use paired::{Added, AddedTime, PairSide, RequestPair};
pub use recorder::{MixMember, Recorded, Recorder, RecordingRules};
pub use request_metrics::RequestMetrics;
pub use request_row::{Column, Field, RequestRow};
pub use server_samples::{MeterSummary, ServerSample, summarise_server};
pub use sessions::{SessionCounts, SessionEnd};
pub use summary::{
    CellSummary, CountedStreams, FailureSample, OutcomeCounts, TokenSource, TokenSources,
    TokenTotals, Window,
};
pub use time_series::TimeSeries;
pub use waits::Waits;
pub use window_counts::WindowCounts;
