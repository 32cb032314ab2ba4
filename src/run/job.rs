//! What the workers are told of a cell.

use std::sync::Arc;

use super::ahead::Ahead;
use super::cell::{CellOrder, CellState};
use super::counting::Counting;
use super::error::RunError;
use super::execute::Run;
use super::worker::CellJob;
use crate::load::{Purpose, Recording, Stream, Thinking};
use crate::measure::{MixMember, Recorded, Recorder, RecordingRules};
use crate::plan::Cell;
use crate::scenario::{CellWorkload, LoadProfile, Member, Warmup};
use crate::workload::CellRequests;

impl Run<'_> {
    /// The job of `cell`.
    pub(super) fn job(&self, cell: &Cell) -> Result<CellJob, RunError> {
        let scenario = self.plan.scenario();
        let target = &self.targets[&cell.backend];
        let members = self.plan.members(cell);
        let (all, recording) = self.requests(cell, &members);
        let (conversations, mix) = match &all {
            CellRequests::Alone(factory) => (talks(&members).then(|| Arc::clone(factory)), None),
            CellRequests::Mixed { order, .. } => (None, Some(Arc::clone(order))),
        };
        let order = CellOrder {
            id: cell.id,
            stage: self.plan.stage(cell).clone(),
            warmup: scenario.load.warmup,
            stop: scenario.load.stop,
            has_sessions: conversations.is_some(),
            mix,
        };
        // What is said next in a conversation depends on the answers.
        let ends = if order.has_sessions {
            (0, 0)
        } else {
            (most_warmup(order.warmup), order.stage.bound.requests.unwrap_or(u64::MAX))
        };
        let requests = Ahead::begin(Arc::new(all), ends).map_err(RunError::Start)?;
        let counters = members.iter().map(|member| self.prompts[member.index].counter.clone());
        let counting = Counting::start(counters.collect()).map_err(RunError::Start)?;
        Ok(CellJob {
            state: Arc::new(CellState::new(order, self.clock.now())),
            parts: target.parts.clone(),
            conversations,
            requests: Arc::new(requests),
            recording,
            counting,
            recorder: Recorder::new(RecordingRules {
                slo: scenario.slo.clone(),
                of: recorded(&members),
            }),
            thinking: self.thinking(cell, Purpose::ThinkTimes),
            turn_thinking: self.thinking(cell, Purpose::TurnThinkTimes),
            server: target.place(),
        })
    }

    /// What makes the requests of a cell, and when they are due where that comes with them.
    fn requests(&self, cell: &Cell, members: &[Member<'_>]) -> (CellRequests, Option<Recording>) {
        let backend = self.plan.backend(cell);
        let mut recording = None;
        let profile = &self.plan.stage(cell).profile;
        let with_prompts = members.iter().map(|member| {
            let played = self.prompts[member.index].played(profile);
            recording = played.recording;
            (*member, played.rows)
        });
        let with_prompts: Vec<_> = with_prompts.collect();
        let start = self.plan.prompt_start(cell);
        let place = (start, cell.workload);
        let include_usage = self.include_usage(cell.backend);
        (CellRequests::new(&with_prompts, backend, place, include_usage), recording)
    }

    /// How users think: the slots of a closed loop between two requests, or anybody between
    /// the turns of a conversation.
    fn thinking(&self, cell: &Cell, purpose: Purpose) -> Option<Thinking> {
        let distribution = match (purpose, &self.plan.stage(cell).profile) {
            (Purpose::TurnThinkTimes, _) => match self.plan.workload(cell) {
                CellWorkload::Alone(workload) => workload.conversation?.think_time?,
                CellWorkload::Mixed(_) => return None,
            },
            (_, LoadProfile::Closed { think_time, .. }) => (*think_time)?,
            (_, LoadProfile::Open { .. } | LoadProfile::Replay { .. }) => return None,
        };
        let Cell { round, stage, workload, .. } = *cell;
        let stream = Stream { purpose, round, stage, workload };
        Some(Thinking { distribution, stream, seed: self.plan.scenario().seed })
    }
}

/// Whether conversations are sent.
fn talks(members: &[Member<'_>]) -> bool {
    members.iter().any(|member| member.workload.conversation.is_some())
}

/// What the recorder of a cell is told about its requests.
fn recorded(members: &[Member<'_>]) -> Recorded {
    match members {
        [one] if talks(members) => Recorded::Conversations(one.workload.endpoint),
        [one] => Recorded::Requests(one.workload.endpoint),
        several => {
            let member = |Member { workload, .. }: &Member<'_>| MixMember {
                name: workload.name.as_str().into(),
                endpoint: workload.endpoint,
            };
            Recorded::Mix(several.iter().map(member).collect())
        }
    }
}

/// How many requests a warm-up has at most.
const fn most_warmup(warmup: Option<Warmup>) -> u64 {
    match warmup {
        None => 0,
        Some(Warmup::Requests(requests)) => requests,
        Some(Warmup::Duration(_)) => u64::MAX,
    }
}
