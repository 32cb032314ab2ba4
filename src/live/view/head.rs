//! The head of the view: which run it is, what runs now, and how far it is.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::figures::latency;
use super::look::Look;
use crate::live::{CellNow, LiveRun, Series};
use crate::measure::CellPhase;
use crate::metric::Metric;
use crate::report::number;
use crate::units::{count, float, index, ratio, seconds, whole};

/// Most columns of the progress bar.
const BAR_COLUMNS: usize = 40;

/// `pacemark: two servers` at the left, `cell 2/4, round 1/2, 01:23` at the right.
pub(super) fn title(run: &LiveRun, elapsed: Duration, area: Rect) -> Line<'static> {
    let left = format!(" pacemark: {}", run.scenario());
    let place = match run.current() {
        Some((_, now)) => {
            let round = match run.rounds() {
                rounds if 1 < rounds && now.round < rounds => {
                    format!(", round {}/{rounds}", now.round + 1)
                }
                _ => String::new(),
            };
            format!("cell {}/{}{round}, ", now.number + 1, run.cells())
        }
        None => String::new(),
    };
    let right = format!("{place}{} ", clock_time(elapsed));
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let left = fitted(&left, room);
    let gap = usize::from(area.width).saturating_sub(left.width() + right.width());
    Line::from(format!("{left}{}{right}", " ".repeat(gap))).style(Look::inverse())
}

/// What runs now: `xinference, short-chat, concurrency 4, 30s`.
pub(super) fn load(run: &LiveRun) -> Line<'static> {
    match run.current() {
        Some((series, _)) => {
            let labels = &series.labels;
            let load = format!(", {}, {}", labels.workload, labels.stage);
            Line::from(vec![
                Span::styled(format!(" {}", labels.backend), Look::strong()),
                Span::raw(load),
            ])
        }
        None if run.is_stopping() => Line::from(" stopping"),
        None if run.series().is_empty() => Line::from(" making ready"),
        None => Line::from(" between two cells"),
    }
}

/// How far the cell is: `measuring  [#####.....]  12 of 30 s`.
pub(super) fn progress(run: &LiveRun, look: Look, area: Rect) -> Line<'static> {
    let Some((_, now)) = run.current() else { return Line::default() };
    let phase = match now.phase {
        _ if run.is_stopping() => "stopping",
        CellPhase::Warmup => "warming up",
        CellPhase::Measure => "measuring",
        CellPhase::Drain => "waiting for the last answers",
    };
    let (share, words) = way(now);
    let mut spans = vec![Span::raw(format!(" {phase}  "))];
    if let Some(share) = share.filter(|_| now.phase != CellPhase::Drain) {
        let taken = phase.width() + words.width() + 8;
        let columns = usize::from(area.width).saturating_sub(taken).min(BAR_COLUMNS);
        let full = index(whole(float(count(columns)) * share.min(1.0))).min(columns);
        let [on, off] = look.steps();
        spans.push(Span::styled(on.repeat(full), look.good()));
        spans.push(Span::styled(off.repeat(columns - full), Look::faint()));
        spans.push(Span::raw("  "));
    }
    spans.push(Span::raw(words));
    Line::from(spans)
}

/// What the cell has done.
pub(super) fn counts(run: &LiveRun, look: Look) -> Line<'static> {
    let Some((series, now)) = run.current() else { return Line::default() };
    let done = format!(" {} in flight, {} done; ", now.in_flight, now.finished);
    Line::from(vec![Span::raw(done), failed(series, look)])
}

/// How the load of the last seconds was kept to: what was due and sent, and how late.
pub(super) fn sending(run: &LiveRun) -> Line<'static> {
    let Some((series, _)) = run.current() else { return Line::default() };
    let recent = series.recent(&[Metric::ScheduleDelay]);
    if recent.length.is_zero() {
        return Line::default();
    }
    let rate = |count: u64| number(float(count) / seconds(recent.length));
    let [p50, p99] = [50.0, 99.0].map(|at| latency(&recent, Metric::ScheduleDelay, at));
    Line::from(format!(
        " due {}/s, sent {}/s, ended {}/s; sent late by {p50} ms p50, {p99} ms p99",
        rate(recent.due),
        rate(recent.activity.sent),
        rate(recent.activity.finished),
    ))
}

fn failed(series: &Series, look: Look) -> Span<'static> {
    let activity = &series.whole.activity;
    let share = ratio(activity.failed, activity.finished).unwrap_or(0.0) * 100.0;
    match activity.failed {
        0 => Span::raw("no failures"),
        failed => Span::styled(format!("{failed} failed ({share:.1}%)"), look.bad()),
    }
}

/// Which share of its way the cell has gone, if that is known, and how far that is in words.
fn way(now: &CellNow) -> (Option<f64>, String) {
    let at = seconds(now.elapsed);
    if let Some(span) = now.aim.span {
        let all = seconds(span);
        (Some(at / all), format!("{:.0} of {all:.0} s", at.min(all)))
    } else if let Some(requests) = now.aim.requests {
        let share = ratio(now.finished, requests);
        (share, format!("{} of {requests} requests, {at:.0} s", now.finished.min(requests)))
    } else {
        (None, format!("{at:.0} s"))
    }
}

/// `01:23`, and with hours `1:01:23`.
fn clock_time(span: Duration) -> String {
    let all = span.as_secs();
    let (hours, minutes, seconds) = (all / 3_600, all / 60 % 60, all % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// `text`, cut off where it is wider than `room` columns.
pub(super) fn fitted(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for sign in text.chars() {
        if short.width() + sign.to_string().width() + 2 > room {
            break;
        }
        short.push(sign);
    }
    short.push_str("..");
    short
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{clock_time, fitted, way};
    use crate::live::{CellAim, CellNow};
    use crate::measure::CellPhase;

    #[test]
    fn times_are_those_of_a_clock() {
        let times = [0, 83, 3_599, 3_683].map(|at| clock_time(Duration::from_secs(at)));
        assert_eq!(times, ["00:00", "01:23", "59:59", "1:01:23"]);
    }

    #[test]
    fn a_text_is_cut_at_its_columns() {
        assert_eq!(fitted("两台服务器", 10), "两台服务器");
        assert_eq!(fitted("两台服务器", 9), "两台服..");
        assert_eq!(fitted("two servers", 8), "two se..");
    }

    #[test]
    fn the_way_is_told_as_far_as_it_is_known() {
        let now = |aim| CellNow {
            number: 0,
            round: 0,
            phase: CellPhase::Measure,
            elapsed: Duration::from_secs(12),
            in_flight: 4,
            finished: 60,
            aim,
        };
        let span = Some(Duration::from_secs(48));
        let told = way(&now(CellAim { span, requests: Some(99) }));
        assert_eq!(told, (Some(0.25), "12 of 48 s".to_owned()));
        let told = way(&now(CellAim { span: None, requests: Some(240) }));
        assert_eq!(told, (Some(0.25), "60 of 240 requests, 12 s".to_owned()));
        assert_eq!(way(&now(CellAim::default())), (None, "12 s".to_owned()));
    }
}
