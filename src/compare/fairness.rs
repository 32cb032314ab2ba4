//! What makes a comparison unfair, named beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{Counterparts, Rounds, Subject};
use super::comparison::{Caveat, CaveatKind, Effect, Estimate};
use super::measure::Scale;
use crate::result::{
    BackendEntry, CellResult, FindingEntry, Measured, RunResult, TokenEntry, TokenSourceEntry,
    WorkloadEntry,
};
use crate::units::ratio;

/// Mean answers that differ by more are not the same work.
const LENGTH_TOLERANCE: f64 = 0.05;
/// Shares of cached input that differ by more are not the same work.
const CACHE_TOLERANCE: f64 = 0.05;

/// The severity of findings that make a measurement one not to be trusted.
const UNTRUSTED: &str = "untrusted";
/// The finding that no request succeeded.
const NOTHING_SUCCEEDED: &str = "nothing_succeeded";

/// What holds for one cell; `names` are those of its sides.
pub(super) fn of_cell(cell: &Counterparts<'_>, names: [&str; 2]) -> Vec<Caveat> {
    let sides = [totals(&cell.base), totals(std::slice::from_ref(&cell.new))];
    let mut caveats = Vec::new();
    let mut name = |kind, text: Option<String>| {
        caveats.extend(text.map(|text| Caveat { kind, text }));
    };
    name(CaveatKind::TokenSource, token_sources(&sides, names));
    let members = member_names(cell);
    if members.is_empty() {
        name(CaveatKind::OutputLength, output_lengths(&sides, names));
    }
    // Of a mix, the mean of all answers depends on how many each workload has.
    for member in members {
        let of = |rounds: &[Rounds<'_>]| totals_of(rounds, |it| part(it, member));
        let sides = [of(&cell.base), of(std::slice::from_ref(&cell.new))];
        let text = output_lengths(&sides, names);
        name(CaveatKind::OutputLength, text.map(|text| format!("{member}: {text}")));
    }
    name(CaveatKind::CacheShare, cache_shares(&sides, names));
    for (rounds, of) in
        [(cell.base.as_slice(), names[0]), (std::slice::from_ref(&cell.new), names[1])]
    {
        name(CaveatKind::CutShort, cut_short(rounds, of));
        name(CaveatKind::Untrusted, untrusted(rounds, of));
        name(CaveatKind::NothingMeasured, nothing_measured(rounds, of));
    }
    caveats
}

/// What holds for a run as a whole.
pub(super) fn of_run(run: &RunResult) -> Vec<Caveat> {
    let partial = run.partial.then(|| Caveat {
        kind: CaveatKind::CutShort,
        text: format!("{} is partial: it was stopped, or still goes on", run.id),
    });
    let keys: BTreeSet<_> = doubtful_keys(&run.findings).collect();
    let untrusted =
        not_to_be_trusted(&keys, &run.id).map(|text| Caveat { kind: CaveatKind::Untrusted, text });
    partial.into_iter().chain(untrusted).collect()
}

/// Whether anything of a run is not to be trusted.
pub(super) fn is_doubtful(run: &RunResult) -> bool {
    let of_cells = run.cells.iter().flat_map(|cell| &cell.findings);
    doubtful_keys(run.findings.iter().chain(of_cells)).next().is_some()
}

/// What differs between the base runs, which share an environment, and the new one.
pub(super) fn between_runs(base: &[Subject<'_>], new: &RunResult) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    let mut say = |kind, text: String| caveats.push(Caveat { kind, text });
    if let Some(first) = base.first() {
        let differences = first.result.fingerprint().differences(&new.fingerprint());
        for (kind, of_machine) in
            [(CaveatKind::OtherMachine, true), (CaveatKind::OtherEnvironment, false)]
        {
            let parts = differences.iter().filter(|part| part.of_machine == of_machine);
            let parts: Vec<_> = parts.map(ToString::to_string).collect();
            if !parts.is_empty() {
                say(kind, parts.join("; "));
            }
        }
    }
    let mut told = BTreeSet::new();
    for run in base {
        for (kind, text) in unlike(run.result, new) {
            if told.insert(text.clone()) {
                say(kind, text);
            }
        }
    }
    caveats
}

/// What of the scenario differs between two runs.
fn unlike(base: &RunResult, new: &RunResult) -> Vec<(CaveatKind, String)> {
    let mut found = Vec::new();
    found.extend(settings(base, new).map(|text| (CaveatKind::OtherSettings, text)));
    if base.seed != new.seed {
        let text = format!("the seeds differ: {} and {}", base.seed, new.seed);
        found.push((CaveatKind::OtherRequests, text));
    }
    for entry in &new.workloads {
        let same_name = |other: &&WorkloadEntry| other.name == entry.name;
        if let Some(other) = base.workloads.iter().find(same_name)
            && (WorkloadEntry { model: entry.model.clone(), ..other.clone() }) != *entry
        {
            let text = format!("the requests of {} differ", entry.name);
            found.push((CaveatKind::OtherRequests, text));
        }
    }
    let [left, right] = [base, new].map(|run| run.provenance.definitions_version);
    if left != right {
        let text = format!("the metrics are of definitions {left} and {right}");
        found.push((CaveatKind::OtherDefinitions, text));
    }
    let load = crate::result::LoadEntry { rounds: new.load.rounds, ..base.load.clone() };
    if load != new.load {
        let text = "warm-up, pauses, drain or stop rule differ".to_owned();
        found.push((CaveatKind::OtherLoad, text));
    }
    if base.slo != new.slo {
        let text = "the SLOs differ: goodput does not compare".to_owned();
        found.push((CaveatKind::OtherLoad, text));
    }
    found
}

/// In what the simulated servers of two runs are set differently, each in a line. Such a difference
/// is named and no obstacle: it may be the very thing that is compared.
fn settings<'a>(base: &'a RunResult, new: &'a RunResult) -> impl Iterator<Item = String> + 'a {
    let alone = base.backends.len() == 1 && new.backends.len() == 1;
    new.backends.iter().filter_map(move |entry| {
        let mut others = base.backends.iter();
        let other = others.find(|other| alone || other.name == entry.name)?;
        // Runs of an older pacemark do not tell.
        if entry.simulated.is_empty() || other.simulated.is_empty() {
            return None;
        }
        let names: BTreeSet<_> = other.simulated.keys().chain(entry.simulated.keys()).collect();
        let difference = |name: &String| {
            let of = |side: &'a BackendEntry| side.simulated.get(name).map_or("none", |text| text);
            let [left, right] = [of(other), of(entry)];
            (left != right).then(|| format!("{name} {left} against {right}"))
        };
        let differences: Vec<_> = names.into_iter().filter_map(difference).collect();
        let told = || format!("{} is simulated otherwise: {}", entry.name, differences.join(", "));
        (!differences.is_empty()).then(told)
    })
}

/// Whether the output tokens of both sides were counted alike.
pub(super) fn tokens_compare(base: &[Rounds<'_>], new: &Rounds<'_>) -> bool {
    let label = |rounds: &[Rounds<'_>]| totals(rounds).sources.label();
    match (label(base), label(std::slice::from_ref(new))) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

/// Names the round that makes a check contradict an interval that decides.
pub(super) fn out_of_line(estimates: &[Estimate]) -> Vec<Caveat> {
    let deciding = estimates.iter().filter(|estimate| estimate.decides);
    let text = |estimate: &Estimate| {
        let effect = estimate.effect.as_ref().ok()?;
        let check = effect.check.as_ref()?;
        let at = check.out_of_line?;
        let (round, value) = (effect.replicates.get(at)?, effect.by_replicate.get(at)?);
        let typical = check.hodges_lehmann;
        Some(format!(
            "{}: round {} is out of line, {} where the rounds together say {}",
            estimate.measure,
            round + 1,
            shown(effect, *value),
            shown(effect, typical),
        ))
    };
    let texts = deciding.filter_map(text);
    texts.map(|text| Caveat { kind: CaveatKind::OutOfLine, text }).collect()
}

fn shown(effect: &Effect, value: f64) -> String {
    match effect.scale {
        Scale::Ratio => format!("{value:.3}"),
        Scale::Difference => format!("{:+.2} percentage points", value * 100.0),
    }
}

/// What a side's requests came to.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    sources: TokenSourceEntry,
    tokens: TokenEntry,
}

fn totals(rounds: &[Rounds<'_>]) -> Totals {
    totals_of(rounds, |cell| Some(&cell.measured))
}

/// What a part of each cell's requests came to, where there is one.
fn totals_of<'a>(
    rounds: &[Rounds<'a>],
    part: impl Fn(&'a CellResult) -> Option<&'a Measured>,
) -> Totals {
    let mut sum = Totals::default();
    let cells = rounds.iter().flat_map(|rounds| rounds.cells.iter().copied());
    for measured in cells.filter_map(part) {
        sum.sources.add(&measured.token_sources);
        sum.tokens.add(&measured.tokens);
    }
    sum
}

/// The workloads of a mix by their names; none where there is no mix.
fn member_names<'a>(cell: &Counterparts<'a>) -> BTreeSet<&'a str> {
    let members = cell.new.cells.iter().flat_map(|cell| cell.measured.members());
    members.map(|member| member.part.as_str()).collect()
}

/// What was measured of one workload of a mix.
fn part<'a>(cell: &'a CellResult, member: &str) -> Option<&'a Measured> {
    let mut members = cell.measured.members().iter();
    members.find(|it| it.part == member).map(|it| &it.measured)
}

fn token_sources(sides: &[Totals; 2], names: [&str; 2]) -> Option<String> {
    let [left, right] = sides.map(|side| side.sources.label());
    let (left, right) = (left?, right?);
    (left != right).then(|| {
        format!(
            "output tokens are counted differently ({}: {left}, {}: {right}): TPOT, ITL and \
             tok/s do not compare",
            names[0], names[1]
        )
    })
}

fn output_lengths(sides: &[Totals; 2], names: [&str; 2]) -> Option<String> {
    let mean = |side: &Totals| {
        let counted = side.sources.usage + side.sources.tokenizer + side.sources.chunks;
        ratio(side.tokens.output?, counted).filter(|mean| *mean > 0.0)
    };
    let [left, right] = [mean(&sides[0])?, mean(&sides[1])?];
    ((right / left).ln().abs() > LENGTH_TOLERANCE.ln_1p()).then(|| {
        format!(
            "answers differ in length: {left:.1} tokens ({}), {right:.1} ({})",
            names[0], names[1]
        )
    })
}

fn cache_shares(sides: &[Totals; 2], names: [&str; 2]) -> Option<String> {
    let share = |side: &Totals| {
        ratio(side.tokens.cached.unwrap_or(0), side.tokens.input.unwrap_or(0)).unwrap_or(0.0)
    };
    let [left, right] = [share(&sides[0]), share(&sides[1])];
    ((left - right).abs() > CACHE_TOLERANCE).then(|| {
        format!(
            "input from a cache: {:.0}% ({}), {:.0}% ({})",
            left * 100.0,
            names[0],
            right * 100.0,
            names[1]
        )
    })
}

/// `a: round 2 was cut short (given up: …)`
fn cut_short(rounds: &[Rounds<'_>], name: &str) -> Option<String> {
    let cells = rounds.iter().flat_map(|rounds| &rounds.cells);
    let short: Vec<_> = cells.filter(|cell| cell.ended_early.is_some()).collect();
    let reasons: BTreeSet<_> =
        short.iter().filter_map(|cell| cell.ended_early.as_deref()).collect();
    let reasons: Vec<_> = reasons.into_iter().collect();
    (!short.is_empty()).then(|| {
        format!(
            "{name}: {} of the cells ended early ({}) and count{} for failures only",
            short.len(),
            reasons.join("; "),
            if short.len() == 1 { "s" } else { "" },
        )
    })
}

/// Leaves the rounds out in which one of two sides is not to be trusted, as far as enough for a
/// verdict remain; else all stay, and the verdict will be withheld. A round is left out on both
/// sides, so what remains is as paired as before.
pub(super) fn leave_out_doubtful(sides: &mut [Rounds<'_>; 2], names: [&str; 2]) -> Option<Caveat> {
    let mut doubtful: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for (side, name) in sides.iter().zip(names) {
        for cell in &side.cells {
            let keys: BTreeSet<_> = doubtful_keys(&cell.findings).collect();
            if let Some(text) = not_to_be_trusted(&keys, name) {
                doubtful.entry(cell.labels.round).or_default().insert(text);
            }
        }
    }
    let [base, new] = &*sides;
    let both = base.cells.iter().map(|cell| cell.labels.round);
    let both = both.filter(|round| new.cells.iter().any(|cell| cell.labels.round == *round));
    let sound = both.filter(|round| !doubtful.contains_key(round)).count();
    if doubtful.is_empty() || sound < super::FEWEST_ROUNDS {
        return None;
    }
    for side in sides.iter_mut() {
        side.leave_out(|round| doubtful.contains_key(&round));
    }
    let rounds: Vec<_> = doubtful.keys().map(|round| (round + 1).to_string()).collect();
    let reasons: BTreeSet<_> = doubtful.into_values().flatten().collect();
    let reasons: Vec<_> = reasons.into_iter().collect();
    let (s, is) = if rounds.len() == 1 { ("", "is") } else { ("s", "are") };
    let text = format!("round{s} {} {is} left out: {}", rounds.join(", "), reasons.join("; "));
    Some(Caveat { kind: CaveatKind::RoundsLeftOut, text })
}

fn untrusted(rounds: &[Rounds<'_>], name: &str) -> Option<String> {
    let cells = rounds.iter().flat_map(|rounds| &rounds.cells);
    not_to_be_trusted(&cells.flat_map(|cell| doubtful_keys(&cell.findings)).collect(), name)
}

fn not_to_be_trusted(keys: &BTreeSet<&str>, name: &str) -> Option<String> {
    let keys: Vec<_> = keys.iter().copied().collect();
    (!keys.is_empty()).then(|| format!("{name} is not to be trusted: {}", keys.join(", ")))
}

/// The findings that make a measurement one not to be trusted. That nothing succeeded is none of
/// them: it leaves no latencies, but the failures are as true as any.
fn doubtful_keys<'a>(
    findings: impl IntoIterator<Item = &'a FindingEntry>,
) -> impl Iterator<Item = &'a str> {
    let grave = findings.into_iter().filter(|finding| finding.severity == UNTRUSTED);
    grave.map(|finding| finding.key.as_str()).filter(|key| *key != NOTHING_SUCCEEDED)
}

/// `a: nothing succeeded in 2 of its cells`
fn nothing_measured(rounds: &[Rounds<'_>], name: &str) -> Option<String> {
    let cells = rounds.iter().flat_map(|rounds| &rounds.cells);
    let is_so = |finding: &FindingEntry| finding.key == NOTHING_SUCCEEDED;
    let so = cells.filter(|cell| cell.findings.iter().any(is_so)).count();
    let s = if so == 1 { "" } else { "s" };
    (so > 0).then(|| format!("{name}: nothing succeeded in {so} cell{s}, failures alone compare"))
}
