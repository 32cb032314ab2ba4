//! Every scenario that is shipped with pacemark parses and plans.
#![expect(clippy::disallowed_methods, reason = "the shipped files are what is tested")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use pacemark::plan::RunPlan;
use pacemark::scenario::{
    BackendKind, Environment, Origin, Overrides, Scenario, quickstart, starter,
};

fn parsed(name: &str, text: &str) -> Result<Scenario, String> {
    let origin = Origin { name: name.to_owned(), folder: "scenarios".into() };
    let environment = Environment { var: &|_| None, read: &|path| fs::read_to_string(path) };
    Scenario::parse(text, &origin, &environment, &Overrides::default())
        .map_err(|errors| errors.to_string())
}

#[test]
fn every_shipped_scenario_parses_and_plans() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let scenario = parsed(path.to_str().unwrap(), &fs::read_to_string(&path).unwrap()).unwrap();
        assert!(!RunPlan::new(Arc::new(scenario)).cells().is_empty(), "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_quickstart_loads_for_less_than_half_a_minute() {
    let scenario = parsed("quickstart.yaml", quickstart()).unwrap();
    let plan = RunPlan::new(Arc::new(scenario));
    let time = plan.load_time();
    assert!((14..25).contains(&time.least.as_secs()), "{time:?}");
    assert_eq!(time.most, Some(time.least));
}

#[test]
fn every_starter_parses() {
    for &kind in BackendKind::ALL {
        let scenario = parsed("starter.yaml", &starter(kind)).unwrap();
        assert_eq!(scenario.backends[0].kind, kind);
    }
}
