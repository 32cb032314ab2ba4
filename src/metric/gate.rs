//! Gates: a threshold, and the cells it is meant for.

use std::fmt;
use std::str::FromStr;

use super::spelling::closest;
use super::syntax::{Part, SyntaxError, listed};
use super::threshold::Threshold;

/// A limit that a run must keep to.
///
/// Written `ttft.p99 < 800ms`, or with the cells it is meant for:
/// `ttft.p99 < 800ms where backend=ollama and stage="concurrency 4"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// The figure and its limit.
    pub threshold: Threshold,
    /// The cells it is meant for.
    pub scope: Scope,
    /// What becomes of a percentile that rests on too few values.
    pub unsupported: Unsupported,
}

/// Which cells are meant; what is `None` is left open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Name of the backend.
    pub backend: Option<String>,
    /// Name of the workload.
    pub workload: Option<String>,
    /// Label of the stage, or its beginning up to the end of a word: `concurrency 4`, `20/s`.
    pub stage: Option<String>,
}

/// What becomes of a percentile that rests on fewer values than it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsupported {
    /// The gate fails: nobody can know whether the limit is kept.
    #[default]
    Fail,
    /// It is held against the limit all the same.
    Allow,
}

impl Unsupported {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fail, Self::Allow];

    /// Its name in scenarios, flags and results.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Allow => "allow",
        }
    }

    /// The one of that name, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unsupported| unsupported.key() == key)
    }
}

impl Scope {
    /// The names of what can be chosen.
    pub const KEYS: [&str; 3] = ["backend", "workload", "stage"];

    /// Whether the stage of that label is meant.
    pub fn means_stage(&self, label: &str) -> bool {
        self.stage.as_deref().is_none_or(|stage| begins_with(label, stage))
    }

    /// Whether the cell of that backend, workload and stage label is meant.
    pub fn means(&self, backend: &str, workload: &str, stage: &str) -> bool {
        self.backend.as_deref().is_none_or(|name| name == backend)
            && self.workload.as_deref().is_none_or(|name| name == workload)
            && self.means_stage(stage)
    }

    /// What is chosen: key and value, in order.
    fn chosen(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = [&self.backend, &self.workload, &self.stage];
        let chosen = Self::KEYS.into_iter().zip(values);
        chosen.filter_map(|(key, value)| Some((key, value.as_deref()?)))
    }
}

/// Whether `label` is `start`, or goes on behind it with another word.
fn begins_with(label: &str, start: &str) -> bool {
    let rest = label.strip_prefix(start.trim());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']))
}

impl FromStr for Gate {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let whole = Part::whole(text);
        let (threshold, scope) = match text.find(" where ") {
            Some(at) => {
                let (threshold, rest) = whole.split_at(at);
                (threshold, read_scope(rest.skip(" where ".len()))?)
            }
            None => (whole, Scope::default()),
        };
        let threshold = Threshold::read(threshold)?;
        Ok(Self { threshold, scope, unsupported: Unsupported::Fail })
    }
}

/// What stands between two choices.
const AND: &str = " and ";

fn read_scope(part: Part<'_>) -> Result<Scope, SyntaxError> {
    let mut scope = Scope::default();
    let mut rest = part.trimmed();
    loop {
        let Some(equals) = rest.text.find('=') else {
            let hint = "write for example `where backend=ollama and workload=chat`";
            return Err(rest.error("no choice of cells", hint));
        };
        let (key, after) = rest.split_at(equals);
        let (key, value) = (key.trimmed(), after.skip(1).trimmed());
        let (value, behind) = read_value(value)?;
        let place = match key.text {
            "backend" => &mut scope.backend,
            "workload" => &mut scope.workload,
            "stage" => &mut scope.stage,
            other => {
                let hint = match closest(other, Scope::KEYS) {
                    Some(key) => format!("did you mean `{key}`?"),
                    None => format!("there are {}", listed(Scope::KEYS)),
                };
                return Err(key.error(format!("cells cannot be chosen by `{other}`"), hint));
            }
        };
        if place.replace(value.to_owned()).is_some() {
            return Err(key.error(format!("`{}` is chosen twice", key.text), "leave one out"));
        }
        match behind {
            Some(next) => rest = next.trimmed(),
            None => return Ok(scope),
        }
    }
}

/// A value, in quotes or up to the next `and`; and what stands behind that.
fn read_value(part: Part<'_>) -> Result<(&str, Option<Part<'_>>), SyntaxError> {
    let unclosed = || part.error("the quotation does not end", "add a `\"` at its end");
    let (value, behind) = if let Some(quoted) = part.text.strip_prefix('"') {
        let end = quoted.find('"').ok_or_else(unclosed)?;
        (&quoted[..end], part.skip(end + 2))
    } else {
        let end = part.text.find(AND).unwrap_or(part.text.len());
        let (value, behind) = part.split_at(end);
        (value.trimmed().text, behind)
    };
    if value.is_empty() {
        return Err(part.error("no name stands here", "write for example `backend=ollama`"));
    }
    match behind.text.strip_prefix(AND) {
        Some(_) => Ok((value, Some(behind.skip(AND.len())))),
        None if behind.text.trim().is_empty() => Ok((value, None)),
        None => {
            let what = behind.trimmed();
            Err(what.error(format!("`{}` stands behind a choice", what.text), "join them by `and`"))
        }
    }
}

/// As it is written.
impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.threshold)?;
        for (index, (key, value)) in self.scope.chosen().enumerate() {
            let joint = if index == 0 { "where" } else { "and" };
            if value.contains(['"', ' ']) {
                write!(f, " {joint} {key}=\"{value}\"")?;
            } else {
                write!(f, " {joint} {key}={value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, Scope};

    fn read(text: &str) -> Gate {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refusal(text: &str) -> String {
        text.parse::<Gate>().unwrap_err().to_string()
    }

    #[test]
    fn cells_are_chosen_by_what_they_are() {
        let text = "ttft.p99 < 800ms where backend=星河 and stage=\"concurrency 4, 30s\"";
        let gate = read(text);
        assert_eq!(gate.scope.backend.as_deref(), Some("星河"));
        assert_eq!(gate.scope.stage.as_deref(), Some("concurrency 4, 30s"));
        assert_eq!(gate.scope.workload, None);
        assert_eq!(gate.to_string(), text);
        let loose = read("error_rate < 1% where  workload = short chat and backend=a ");
        assert_eq!(loose.scope.workload.as_deref(), Some("short chat"));
        assert_eq!(read(&loose.to_string()), loose);
    }

    #[test]
    fn a_stage_is_meant_by_the_beginning_of_its_label() {
        let means = |stage: &str, label: &str| {
            Scope { stage: Some(stage.to_owned()), ..Scope::default() }.means_stage(label)
        };
        assert!(means("concurrency 1", "concurrency 1, 30s"));
        assert!(!means("concurrency 1", "concurrency 16, 30s"));
        assert!(means("20/s", "20/s poisson max 64, 30s"));
        assert!(means("concurrency 4, 30s", "concurrency 4, 30s"));
        assert!(!means("30s", "concurrency 4, 30s"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column_and_a_hint() {
        let said = [
            "ttft.p99 < 800ms where",
            "ttft.p99 < 800ms where ollama",
            "ttft.p99 < 800ms where bakend=ollama",
            "ttft.p99 < 800ms where backend=a and backend=b",
            "ttft.p99 < 800ms where stage=\"concurrency 4",
            "ttft.p99 < 800ms where stage=\"a\" b",
            "ttft.p99 < 800ms where stage=",
            "ttft.p9x < 800ms where backend=a",
        ]
        .map(refusal);
        insta::assert_snapshot!(said.join("\n"), @r#"
        column 12: the limit of `ttft.p99` is `800ms where`; write a time with its unit, as `800ms` or `1.5s`
        column 24: no choice of cells; write for example `where backend=ollama and workload=chat`
        column 24: cells cannot be chosen by `bakend`; did you mean `backend`?
        column 38: `backend` is chosen twice; leave one out
        column 30: the quotation does not end; add a `"` at its end
        column 34: `b` stands behind a choice; join them by `and`
        column 30: no name stands here; write for example `backend=ollama`
        column 6: there is no statistic `p9x`; did you mean `p90`?
        "#);
    }
}
