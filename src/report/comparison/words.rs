//! What a difference means, in a sentence: `xinference answers its first token 1.8 times
//! (1.6–2.1) sooner`.

use crate::compare::{
    ComparedCell, Comparison, Effect, Estimate, Interval, Outlook, Scale, Verdict,
};
use crate::metric::{Metric, Statistic};
use crate::report::numbers::counted;

/// From this factor on differences are told as `1.8 times`, below as `12%`.
const TIMES: f64 = 1.5;

/// An estimate as a sentence, with its interval; `None` where there is nothing to tell: no
/// effect, or nothing changed.
pub fn sentence(cell: &ComparedCell, estimate: &Estimate) -> Option<String> {
    let effect = estimate.effect.as_ref().ok()?;
    let subject = if cell.base_backend == cell.new_backend {
        format!("{} now", cell.new_backend)
    } else {
        cell.new_backend.clone()
    };
    let told = format!("{subject} {}", difference(estimate, effect));
    match estimate.verdict {
        Some(Verdict::Unchanged) => None,
        Some(Verdict::Inconclusive) => {
            let settle = match effect.outlook {
                Some(Outlook::MoreRounds(rounds)) => {
                    format!("; about {} would settle it", counted(rounds.into(), "more round"))
                }
                Some(Outlook::NotByRounds) => {
                    "; more rounds alone would hardly settle it".to_owned()
                }
                None => String::new(),
            };
            Some(format!("open: {told}{settle}"))
        }
        Some(Verdict::Regressed | Verdict::Improved) => Some(told),
        None => Some(format!("indicative: {told}")),
    }
}

/// What decides in a cell, in sentences; none where the figures are not to be trusted.
pub(in crate::report) fn sentences(comparison: &Comparison, cell: &ComparedCell) -> Vec<String> {
    if !comparison.doubts().is_empty() {
        return Vec::new();
    }
    let deciding = cell.estimates.iter().filter(|estimate| estimate.decides);
    deciding.filter_map(|estimate| sentence(cell, estimate)).collect()
}

/// `answers its first token 1.8 times (1.6–2.1) sooner`
fn difference(estimate: &Estimate, effect: &Effect) -> String {
    let metric = estimate.measure.metric();
    let Phrase { verb, less, more } = phrase(metric);
    let at = match estimate.measure.statistic() {
        None | Some(Statistic::Percentile(50.0)) => String::new(),
        Some(statistic) => format!(", at {statistic}"),
    };
    let grew = match effect.scale {
        Scale::Ratio => effect.size >= 1.0,
        Scale::Difference => effect.size >= 0.0,
    };
    let word = if grew { more } else { less };
    let size = match effect.scale {
        Scale::Difference => points(effect, grew),
        Scale::Ratio => factor(effect, grew),
    };
    format!("{verb} {size} {word}{at}")
}

/// How a metric is spoken of.
pub(in crate::report) struct Phrase {
    /// What a backend does, as `writes`.
    pub(in crate::report) verb: &'static str,
    /// What a smaller value of the metric means.
    pub(in crate::report) less: &'static str,
    /// What a larger value means.
    pub(in crate::report) more: &'static str,
}

/// How `metric` is spoken of.
pub(in crate::report) fn phrase(metric: Metric) -> Phrase {
    let (verb, less, more) = match metric {
        Metric::Ttft => ("answers its first token", "sooner", "later"),
        Metric::TtftDue => ("answers its first token from when it was due", "sooner", "later"),
        Metric::Ttfa => ("begins its answer", "sooner", "later"),
        Metric::Itl => ("lets the next token follow", "sooner", "later"),
        Metric::Icl => ("lets the next chunk follow", "sooner", "later"),
        Metric::Tpot => ("writes each further token", "faster", "slower"),
        Metric::E2e => ("finishes its answer", "sooner", "later"),
        Metric::Response => ("finishes its answer, from when it was due,", "sooner", "later"),
        Metric::RequestThroughput => ("answers", "fewer requests", "more requests"),
        Metric::OutputTokenThroughput => ("writes", "fewer tokens", "more tokens"),
        Metric::EmbeddingThroughput => ("embeds", "fewer inputs", "more inputs"),
        Metric::DocumentThroughput => ("ranks", "fewer documents", "more documents"),
        Metric::Goodput => {
            ("serves", "fewer requests within the SLO", "more requests within the SLO")
        }
        Metric::ErrorRate => ("fails", "less often", "more often"),
        Metric::SloAttainment => ("meets the SLO", "less often", "more often"),
        other => return Phrase { verb: other.info().name, less: "less", more: "more" },
    };
    Phrase { verb, less, more }
}

/// A ratio as a factor where it is far from 1, `1.8 times`, else by how much it grew or shrank,
/// `12%`.
pub(in crate::report) fn amount(ratio: f64) -> String {
    let factor = ratio.max(1.0 / ratio);
    if factor >= TIMES { format!("{} times", times(factor, 1)) } else { share((ratio - 1.0).abs()) }
}

/// The ends of the interval of a ratio, told as [`amount`] tells it: `1.6 and 2.1 times`, `9% and
/// 15%`.
pub(in crate::report) fn bounds(ratio: f64, interval: Interval) -> String {
    let grew = ratio >= 1.0;
    if ratio.max(1.0 / ratio) < TIMES {
        let part = |end: f64| if grew { end - 1.0 } else { 1.0 - end };
        let [low, high] = ordered(interval, part);
        return format!("{} and {}", share(low), share(high));
    }
    let [low, high] = ordered(interval, |end| if grew { end } else { 1.0 / end });
    // One more digit where the ends would look the same.
    let decimals = if times(low, 1) == times(high, 1) { 2 } else { 1 };
    format!("{} and {} times", times(low, decimals), times(high, decimals))
}

/// A ratio as a factor where it is large, `1.8 times (1.6–2.1)`, else by how much it grew or
/// shrank, `12% (9% to 15%)`.
fn factor(effect: &Effect, grew: bool) -> String {
    let turned = |ratio: f64| if grew { ratio } else { 1.0 / ratio };
    let part = |ratio: f64| if grew { ratio - 1.0 } else { 1.0 - ratio };
    let size = turned(effect.size);
    if size >= TIMES {
        let Some([low, high]) = effect.interval.map(|interval| ordered(interval, turned)) else {
            return format!("{} times", times(size, 1));
        };
        // One more digit where the ends would look the same.
        let decimals = if times(low, 1) == times(high, 1) { 2 } else { 1 };
        let [size, low, high] = [size, low, high].map(|factor| times(factor, decimals));
        return format!("{size} times ({low}–{high})");
    }
    let within = effect.interval.map(|interval| {
        let [low, high] = ordered(interval, part);
        format!(" ({} to {})", share(low), share(high))
    });
    format!("{}{}", share(part(effect.size)), within.unwrap_or_default())
}

/// `4.0 percentage points (3.1 to 4.9)`
fn points(effect: &Effect, grew: bool) -> String {
    let turned = |value: f64| if grew { value } else { -value };
    let within = effect.interval.map(|interval| {
        let [low, high] = ordered(interval, turned);
        format!(" ({:.1} to {:.1})", low * 100.0, high * 100.0)
    });
    format!("{:.1} percentage points{}", turned(effect.size) * 100.0, within.unwrap_or_default())
}

/// Both ends as told, the smaller first.
fn ordered(interval: Interval, told: impl Fn(f64) -> f64) -> [f64; 2] {
    let [low, high] = [told(interval.low), told(interval.high)];
    if low <= high { [low, high] } else { [high, low] }
}

fn times(factor: f64, decimals: usize) -> String {
    if factor >= 10.0 { format!("{factor:.0}") } else { format!("{factor:.decimals$}") }
}

/// `12%`, `-3%`, `1.4%`; never `-0%`.
fn share(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() >= 10.0 {
        return format!("{percent:.0}%");
    }
    let text = format!("{percent:.1}%");
    if text == "-0.0%" { "0.0%".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use crate::compare::{
        ComparedCell, Effect, Estimate, Interval, IntervalSource, Measure, Outlook, Verdict,
    };

    fn told(key: &str, [size, low, high]: [f64; 3], verdict: Option<Verdict>) -> Option<String> {
        let measure = Measure::from_key(key).unwrap();
        let effect = Effect {
            scale: measure.scale(),
            size,
            interval: Some(Interval { low, high }),
            source: IntervalSource::Rounds,
            replicates: vec![0, 1, 2],
            by_replicate: vec![size; 3],
            p_regressed: Some(0.001),
            p_improved: Some(1.0),
            check: None,
            outlook: Some(Outlook::MoreRounds(4)),
        };
        let estimate = Estimate {
            measure,
            decides: true,
            base: Some(1.0),
            new: Some(size),
            base_within: None,
            new_within: None,
            supported: true,
            effect: Ok(effect),
            verdict,
        };
        let cell = ComparedCell {
            workload: "chat".to_owned(),
            endpoint: "chat".to_owned(),
            stage: "concurrency 4, 30s".to_owned(),
            base_backend: "Ollama".to_owned(),
            new_backend: "XInference".to_owned(),
            estimates: Vec::new(),
            caveats: Vec::new(),
        };
        sentence(&cell, &estimate)
    }

    #[test]
    fn differences_are_told_in_plain_words() {
        let better = Some(Verdict::Improved);
        let worse = Some(Verdict::Regressed);
        let sentences = [
            told("ttft.p50", [0.55, 0.48, 0.62], better),
            told("tpot.p50", [1.102, 1.08, 1.124], worse),
            told("itl.p50", [1.501, 1.498, 1.503], worse),
            told("e2e.p95", [0.8, 0.78, 0.83], better),
            told("output_token_throughput", [0.5, 0.4, 0.6], worse),
            told("request_throughput", [1.2, 1.15, 1.25], better),
            told("error_rate", [0.04, 0.031, 0.049], worse),
            told("ttft.p50", [1.08, 0.98, 1.19], Some(Verdict::Inconclusive)),
            told("ttft.p50", [1.3, 1.2, 1.4], None),
        ];
        let sentences: Vec<_> = sentences.into_iter().map(Option::unwrap).collect();
        insta::assert_snapshot!(sentences.join("\n"), @r"
        XInference answers its first token 1.8 times (1.6–2.1) sooner
        XInference writes each further token 10% (8.0% to 12%) slower
        XInference lets the next token follow 1.50 times (1.50–1.50) later
        XInference finishes its answer 20% (17% to 22%) sooner, at p95
        XInference writes 2.0 times (1.7–2.5) fewer tokens
        XInference answers 20% (15% to 25%) more requests
        XInference fails 4.0 percentage points (3.1 to 4.9) more often
        open: XInference answers its first token 8.0% (-2.0% to 19%) later; about 4 more rounds would settle it
        indicative: XInference answers its first token 30% (20% to 40%) later
        ");
        assert_eq!(told("ttft.p50", [1.0, 0.99, 1.01], Some(Verdict::Unchanged)), None);
    }
}
