//! A mix of workloads.

use crate::scenario::mix::{Mix, MixPart};
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems, suggestion};
use crate::scenario::typed::{AnyWorkloadFile, Field, Given, MixFile, NamedItem};
use crate::scenario::workload::{PromptSource, Workload};

/// Fewer are no mix.
const FEWEST_MEMBERS: usize = 2;

/// The workloads of a scenario, as far as mixes need to know them.
pub(super) struct Known {
    /// The names of those with requests of their own, in file order.
    pub(super) own: Vec<String>,
    /// The names of the mixes.
    pub(super) mixes: Vec<String>,
}

impl Known {
    /// The workloads as they were typed.
    pub(super) fn of(items: &[NamedItem<AnyWorkloadFile>]) -> Self {
        let is_mix = |item: &&NamedItem<_>| matches!(item.value, Some(AnyWorkloadFile::Mix(_)));
        let (mixes, own): (Vec<_>, Vec<_>) = items.iter().partition(is_mix);
        let names = |items: Vec<&NamedItem<_>>| items.iter().map(|it| it.name.clone()).collect();
        Self { own: names(own), mixes: names(mixes) }
    }
}

/// Checks the mix `name`; `None` where something is wrong, which is then among `problems`.
/// `workloads` are those that `known` names as having requests of their own.
pub(super) fn check_mix(
    name: &str,
    file: MixFile,
    (known, workloads): (&Known, &[Option<Workload>]),
    problems: &mut Problems,
) -> Option<Mix> {
    let Field::Given(Given { value: parts, place }) = file.mix else { return None };
    if parts.0.len() < FEWEST_MEMBERS {
        problems.report(
            Problem::new(place, "a mix has at least two workloads")
                .hint("add another, or run that one by itself"),
        );
    }
    let mut is_whole = true;
    let mut found = Vec::new();
    for part in &parts.0 {
        let workload = find((name, part), known, problems);
        let checked = workload.and_then(|index| workloads.get(index)?.as_ref());
        if let Some(workload) = checked {
            check_member(workload, part.place, problems);
        }
        match (workload, checked, &part.value) {
            (Some(workload), Some(_), Some(weight)) => {
                found.push(MixPart { workload, weight: weight.0 });
            }
            _ => is_whole = false,
        }
    }
    if !is_whole {
        return None;
    }
    // File order, whatever order they are listed in: rows then mean the same everywhere.
    found.sort_by_key(|part| part.workload);
    let runs = |part: &MixPart| workloads.get(part.workload)?.as_ref().map(|it| &it.backends);
    let mut all = found.iter().filter_map(runs);
    let mut backends = all.next()?.clone();
    all.for_each(|others| backends.retain(|backend| others.contains(backend)));
    if backends.is_empty() {
        problems.report(
            Problem::new(place, "no backend runs all workloads of this mix")
                .hint("add one to the `backends` of each of them"),
        );
        return None;
    }
    Some(Mix { name: name.to_owned(), parts: found, backends })
}

/// The index of the workload that a part of the mix `name` names.
fn find<T>(
    (name, part): (&str, &NamedItem<T>),
    known: &Known,
    problems: &mut Problems,
) -> Option<usize> {
    if let Some(index) = known.own.iter().position(|own| *own == part.name) {
        return Some(index);
    }
    let own: Vec<&str> = known.own.iter().map(String::as_str).collect();
    let problem = if part.name == name {
        Problem::new(part.place, format!("the mix `{name}` names itself"))
            .hint("name other workloads of this file")
    } else if known.mixes.contains(&part.name) {
        Problem::new(part.place, format!("`{}` is a mix itself", part.name))
            .hint("name the workloads that it is made of, each with its weight")
    } else {
        Problem::new(part.place, format!("there is no workload `{}`", part.name))
            .hint(suggestion(&part.name, &own))
    };
    problems.report(problem);
    None
}

/// What cannot be mixed: requests that follow from others, and those with moments of their own.
fn check_member(workload: &Workload, place: Place, problems: &mut Problems) {
    let name = &workload.name;
    if workload.conversation.is_some() {
        let message = format!("`{name}` has conversations (`turns`), which cannot be mixed yet");
        problems.report(
            Problem::new(place, message).hint("leave it out, or give it a scenario of its own"),
        );
    }
    if matches!(workload.prompts, PromptSource::Trace(_)) {
        let message = format!("`{name}` replays a trace, which cannot be mixed yet");
        problems.report(
            Problem::new(place, message).hint("leave it out, or give it a scenario of its own"),
        );
    }
}

/// Decides which workloads have cells of their own: those that say so, and else those that no
/// mix takes in. `asked` is what each says.
pub(super) fn settle_alone(
    workloads: &mut [Workload],
    asked: &[Option<Given<bool>>],
    mixes: &[Mix],
    problems: &mut Problems,
) {
    for (index, (workload, asked)) in workloads.iter_mut().zip(asked).enumerate() {
        let mut parts = mixes.iter().flat_map(|mix| &mix.parts);
        let is_mixed = parts.any(|part| part.workload == index);
        workload.alone = asked.as_ref().map_or(!is_mixed, |asked| asked.value);
        if let (Some(asked), false, false) = (asked, workload.alone, is_mixed) {
            let message = format!("no mix takes `{}` in, so nothing would send it", workload.name);
            problems.report(Problem::new(asked.place, message).hint("leave `alone` out"));
        }
    }
}
