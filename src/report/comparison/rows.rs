//! The cells of a comparison's table, for every format that has one.

use crate::compare::{Effect, Estimate, IntervalSource, Scale};
use crate::metric::{Kind, Metric, Unit};
use crate::report::columns::UNSUPPORTED;
use crate::report::numbers::{number, percent};

/// What stands where there is no value.
const MISSING: &str = "-";

/// The fields of one estimate: measure, base, new, ratio, interval, verdict.
pub(in crate::report) fn fields(estimate: &Estimate) -> [String; 6] {
    let verdict = match (&estimate.effect, estimate.verdict) {
        (Err(why), _) => why.to_string(),
        (Ok(_), None) => "indicative".to_owned(),
        (Ok(_), Some(verdict)) if estimate.decides => verdict.to_string(),
        (Ok(_), Some(verdict)) => format!("({verdict})"),
    };
    let effect = estimate.effect.as_ref().ok();
    [
        name(estimate),
        value(estimate, estimate.base),
        value(estimate, estimate.new),
        effect.map_or_else(|| MISSING.to_owned(), size),
        effect.and_then(interval).unwrap_or_else(|| MISSING.to_owned()),
        verdict,
    ]
}

/// `TTFT p50 ms`, `output tok/s`, `error rate`.
fn name(estimate: &Estimate) -> String {
    let measure = estimate.measure;
    let (name, unit) = named(measure.metric());
    let statistic = measure.statistic().map(|one| format!(" {one}")).unwrap_or_default();
    format!("{name}{statistic}{unit}")
}

/// `TTFT`, `output tok/s`, `error rate`: what a metric is called in tables.
pub(in crate::report) fn metric_name(metric: Metric) -> String {
    match named(metric) {
        (name, unit) if metric.info().kind == Kind::Window => format!("{name}{unit}"),
        (name, _) => name.to_owned(),
    }
}

/// A short name, and the unit as it stands behind it.
fn named(metric: Metric) -> (&'static str, String) {
    let name = match metric {
        Metric::Ttft => "TTFT",
        Metric::TtftDue => "TTFT due",
        Metric::Ttfb => "TTFB",
        Metric::Ttfa => "TTFA",
        Metric::Ttst => "TTST",
        Metric::Itl => "ITL",
        Metric::Icl => "ICL",
        Metric::Tpot => "TPOT",
        Metric::E2e => "E2E",
        Metric::Response => "response",
        Metric::DecodeRate => "decode",
        Metric::PrefillRate => "prefill",
        Metric::Tls => "TLS",
        Metric::ServerLoad => "load (server)",
        Metric::ServerPrefill => "prefill (server)",
        Metric::ServerPrefillRate => "prefill speed (server)",
        Metric::ServerDecodeRate => "decode (server)",
        Metric::RequestThroughput => return ("requests/s", String::new()),
        Metric::OutputTokenThroughput => "output",
        Metric::InputTokenThroughput | Metric::EmbeddingThroughput => "input",
        Metric::TotalTokenThroughput => "total",
        Metric::DocumentThroughput => "ranked",
        other => other.info().name,
    };
    match metric.unit() {
        Unit::Share => (name, String::new()),
        unit => (name, format!(" {}", unit.label())),
    }
}

fn value(estimate: &Estimate, value: Option<f64>) -> String {
    let Some(value) = value else { return MISSING.to_owned() };
    if estimate.measure.metric().unit() == Unit::Share {
        return percent(value);
    }
    let mark = if estimate.supported { "" } else { UNSUPPORTED };
    format!("{mark}{}", number(value))
}

fn size(effect: &Effect) -> String {
    match effect.scale {
        Scale::Ratio => ratio(effect.size),
        Scale::Difference => points(effect.size),
    }
}

fn interval(effect: &Effect) -> Option<String> {
    let interval = effect.interval?;
    let within = if effect.source == IntervalSource::Requests { " *" } else { "" };
    Some(match effect.scale {
        Scale::Ratio => format!("{} to {}{within}", ratio(interval.low), ratio(interval.high)),
        Scale::Difference => {
            let low = interval.low * 100.0;
            format!("{low:+.1} to {}{within}", points(interval.high))
        }
    })
}

/// `0.551`, `1.02`, `12.4`
fn ratio(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.1}") } else { format!("{ratio:.3}") }
}

/// `+1.2 pp`
fn points(difference: f64) -> String {
    format!("{:+.1} pp", difference * 100.0)
}
