//! `pacemark capacity`

use serde_json::{Value, json};

use super::arguments::CapacityArguments;
use super::exit::{CommandError, ExitCode};
use super::output::{Terminal, print, say};
use super::report::stored;
use super::reports::internal;
use crate::capacity::{Curve, CurvePoint, Demand, Sustained, capacity};
use crate::metric::Threshold;
use crate::report::{CapacityQuestion, TableOptions, capacity_csv, capacity_text};
use crate::result::RunResult;
use crate::store::save_text;

/// Says how much the servers of a stored run can take.
pub(super) fn capacity_of(arguments: &CapacityArguments) -> Result<ExitCode, CommandError> {
    let result = stored(arguments.run.as_deref())?;
    let limits = limits(&result, &arguments.limit)?;
    let curves =
        capacity(&result, &limits).map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    if curves.is_empty() {
        return Err(CommandError::usage(format!(
            "`{}` has no workload that was measured at two loads or more; use stages such as \
             `concurrency: [1, 2, 4, 8, 16]`",
            result.id
        )));
    }
    if let Some(file) = &arguments.csv {
        let points = capacity_csv(&curves, &limits).map_err(internal)?;
        if file.as_os_str() == "-" {
            print(&points)?;
            return Ok(ExitCode::Done);
        }
        save_text(file, &points).map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    }
    let demand = arguments.users.map(|users| Demand { users, think: arguments.think });
    let think = Some(arguments.think).filter(|think| demand.is_none() && !think.is_zero());
    let question = CapacityQuestion { demand, think, per_hour: arguments.per_hour };
    let text = if arguments.json {
        let curves: Vec<_> =
            curves.iter().map(|curve| curve_as_json(curve, &limits, demand)).collect();
        format!("{:#}\n", json!({ "run": result.id, "curves": curves }))
    } else {
        let terminal = Terminal::of_stdout();
        let options = TableOptions {
            width: terminal.width.into(),
            color: terminal.color,
            ..TableOptions::default()
        };
        capacity_text(&curves, &limits, question, options)
    };
    print(&text)?;
    if result.confidence() == crate::audit::Confidence::NotToBeTrusted {
        say("the run is not to be trusted; `pacemark report` tells why");
    }
    Ok(ExitCode::Done)
}

/// The limits of the command line; without any those of the run's search, or of its SLO, at 99 % of
/// its requests.
fn limits(result: &RunResult, typed: &[String]) -> Result<Vec<Threshold>, CommandError> {
    let read = |text: &String| {
        text.parse().map_err(|error| CommandError::usage(format!("--limit '{text}': {error}")))
    };
    if let (true, Some(search)) = (typed.is_empty(), result.searches.first()) {
        return search.limits.iter().map(read).collect();
    }
    if typed.is_empty() && !result.slo.is_empty() {
        return Ok(vec![read(&"slo_attainment >= 99%".to_owned())?]);
    }
    typed.iter().map(read).collect()
}

fn curve_as_json(curve: &Curve, limits: &[Threshold], demand: Option<Demand>) -> Value {
    let point = |point: &CurvePoint| {
        let figures = limits.iter().zip(&point.figures);
        let figures = figures.map(|(limit, value)| (limit.figure.to_string(), json!(value)));
        json!({
            "stage": point.stage,
            "load": point.load,
            "throughput_rps": point.throughput_rps,
            "response_s": point.response_s,
            "output_tok_s": point.output_tok_s,
            "figures": figures.collect::<serde_json::Map<_, _>>(),
        })
    };
    let sustained = match &curve.sustained {
        Sustained::Unlimited => json!({"holds": "no limits"}),
        Sustained::None { broken } => json!({
            "holds": "none",
            "broken": broken.map(|(place, _)| limits[place].to_string()),
        }),
        Sustained::All { load } => json!({"holds": "all", "load": load}),
        Sustained::Searched(found) => json!({
            "holds": "searched",
            "load": found.load,
            "low": found.held,
            "high": found.broke,
            "interval": found.interval.map(|(low, high)| [low, high]),
            "throughput_rps": curve.at(found.load, |point| Some(point.throughput_rps)),
            "broken": found.broken.map(|broken| limits[broken].to_string()),
        }),
        Sustained::Between(held) => json!({
            "holds": "between",
            "load": held.load,
            "low": held.low,
            "high": held.high,
            "interval": held.interval.map(|interval| [interval.low, interval.high]),
            "throughput_rps": curve.at(held.load, |point| Some(point.throughput_rps)),
            "broken": limits[held.broken].to_string(),
        }),
    };
    let provision = demand.and_then(|demand| curve.provision(demand).ok()).map(|need| {
        json!({
            "users_each": need.users_each,
            "replicas": need.replicas,
            "rps_each": need.rps_each,
            "load_each": need.load_each,
            "response_s": need.response_s,
            "utilisation": need.utilisation,
        })
    });
    json!({
        "backend": curve.backend,
        "workload": curve.workload,
        "axis": curve.axis.key(),
        "limits": limits.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "points": curve.points.iter().map(point).collect::<Vec<_>>(),
        "knee": curve.knee,
        "saturated_at": curve.saturated_at,
        "usl": curve.usl.map(|law| {
            json!({
                "lambda": law.lambda,
                "sigma": law.sigma,
                "kappa": law.kappa,
                "r_squared": law.r_squared,
                "peak": law.peak(),
                "largest": law.largest,
            })
        }),
        "littles_law_violations": curve.imbalances.iter().map(|it| &it.stage).collect::<Vec<_>>(),
        "sustained": sustained,
        "provision": provision,
    })
}
