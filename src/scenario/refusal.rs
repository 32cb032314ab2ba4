//! All that is wrong with a scenario, for people to read.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

use super::place::Place;
use super::problem::{Problem, Problems};

/// All that is wrong with a scenario. No secret is in it: they are overwritten in the text
/// that is kept for showing.
///
/// `Display` is plain: a line for each problem, `file:line:column: message (hint)`.
#[derive(Clone, Debug)]
pub struct ScenarioErrors {
    name: String,
    source: String,
    flags: Vec<String>,
    problems: Vec<Problem>,
    left_out: usize,
}

impl ScenarioErrors {
    /// The problems of the scenario `name`, whose text without secrets is `source`.
    pub(super) fn new(name: &str, source: String, flags: Vec<String>, problems: Problems) -> Self {
        let (problems, left_out) = problems.into_sorted();
        Self { name: name.to_owned(), source, flags, problems, left_out }
    }

    /// How many problems there are.
    pub fn count(&self) -> usize {
        self.problems.len() + self.left_out
    }

    /// The problems with the lines they are in, for terminals `width` columns wide.
    pub fn fancy(&self, width: usize, color: bool) -> String {
        let theme =
            if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width);
        let mut text = String::new();
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            let shown = Shown { errors: self, problem };
            if handler.render_report(&mut text, &shown).is_err() {
                // A writer that cannot fail; should it ever, the plain form says the same.
                return self.to_string();
            }
        }
        text + &self.tail()
    }

    fn tail(&self) -> String {
        match self.left_out {
            0 => String::new(),
            more => format!("and {more} more problems\n"),
        }
    }

    fn position(&self, place: Place) -> String {
        match place {
            Place::Text(at) => format!("{}:{}:{}", self.name, at.line, at.column),
            Place::Flag(index) => self.flags.get(index).cloned().unwrap_or_default(),
        }
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::with_capacity(self.problems.len());
        for problem in &self.problems {
            let Problem { place, message, hint, also: _ } = problem;
            let hint = hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            lines.push(format!("{}: {message}{hint}", self.position(*place)));
        }
        f.write_str(&lines.join("\n"))?;
        if self.left_out > 0 {
            write!(f, "\nand {} more problems", self.left_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for ScenarioErrors {}

/// The text without secrets; columns count characters, as in the plain form.
impl SourceCode for ScenarioErrors {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.source.read_span(span, lines_before, lines_after)?;
        let start = contents.span().offset();
        let line = self.source.get(..start).and_then(|before| before.rsplit('\n').next());
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            line.map_or(0, |line| line.chars().count()),
            contents.line_count(),
        )))
    }
}

/// One problem as miette shows it.
struct Shown<'e> {
    errors: &'e ScenarioErrors,
    problem: &'e Problem,
}

impl Shown<'_> {
    fn label(&self, place: Place, text: Option<String>, is_main: bool) -> Option<LabeledSpan> {
        let Place::Text(at) = place else { return None };
        let start = byte_at(&self.errors.source, at.start);
        let end = byte_at(&self.errors.source, at.end);
        let span = (start, end.saturating_sub(start));
        Some(if is_main {
            LabeledSpan::new_primary_with_span(text, span)
        } else {
            LabeledSpan::new_with_span(text, span)
        })
    }

    fn is_in_text(&self) -> bool {
        matches!(self.problem.place, Place::Text(_))
    }
}

/// The byte at which the `index`-th character begins.
fn byte_at(text: &str, index: usize) -> usize {
    text.char_indices().nth(index).map_or(text.len(), |(byte, _)| byte)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_in_text() {
            return f.write_str(&self.problem.message);
        }
        write!(f, "{}: {}", self.errors.position(self.problem.place), self.problem.message)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.problem, f)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.is_in_text().then_some(self.errors as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let main = self.label(self.problem.place, None, true);
        let also = self.problem.also.iter();
        let also = also.filter_map(|(place, part)| self.label(*place, Some(part.clone()), false));
        if !self.is_in_text() {
            return None;
        }
        Some(Box::new(main.into_iter().chain(also)))
    }
}
