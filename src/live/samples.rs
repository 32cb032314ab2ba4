//! Runs to test with.

use crate::live::{CellAim, LiveRun};
use crate::measure::samples::{at, chat_rules, refused, stream, with_output};
use crate::measure::{Interval, Recorder, Timeline, Window};
use crate::result::CellLabels;

/// The labels of a cell of `backend`.
pub(crate) fn labels(id: u32, backend: &str, round: u32) -> CellLabels {
    CellLabels {
        id,
        backend: backend.to_owned(),
        workload: "short-chat".to_owned(),
        stage: "concurrency 4, 30s".to_owned(),
        round,
        backend_index: 0,
        workload_index: 0,
        stage_index: 0,
    }
}

/// So many seconds, each of four answers with a first token after `ttft` ms, and one failure.
fn seconds(ttft: u64, count: usize) -> Vec<Interval> {
    let window = Window { opened_at: at(0), closed_at: at(3_600_000) };
    let mut timeline = Timeline::new(at(0));
    let mut second = || {
        let mut recorder = Recorder::new(chat_rules());
        for _ in 0..5 {
            recorder.note_sent();
        }
        recorder.note_text_events(8);
        for _ in 0..4 {
            // `stream` is sent at 100 ms.
            let record = stream(&[100 + ttft, 110 + ttft]);
            recorder.record(&with_output(record, 2), &window);
        }
        recorder.record(&refused(stream(&[])), &window);
        timeline.close(recorder, 5, timeline.ends_at(), &window)
    };
    (0..count).map(|_| second()).collect()
}

/// Lets so many such seconds pass.
pub(crate) fn pass(run: &mut LiveRun, ttft: u64, count: usize) {
    for second in seconds(ttft, count) {
        run.second(&second);
    }
}

/// A run of two backends: `ollama` is done, `本地推理 🚀` goes on in its twelfth second.
pub(crate) fn run() -> LiveRun {
    let mut run = LiveRun::new("20261122T130750Z-两台服务器", "两台服务器", 4, 2);
    let span = Some(std::time::Duration::from_secs(30));
    run.cell_started(&labels(0, "ollama", 0), CellAim { span, requests: None });
    pass(&mut run, 60, 30);
    run.cell_finished();
    run.cell_started(&labels(1, "本地推理 🚀", 0), CellAim { span, requests: None });
    pass(&mut run, 40, 12);
    run.progress(std::time::Duration::from_millis(12_300), true, 4);
    run.note("ollama: the model was loaded in 3.2 s");
    run
}
