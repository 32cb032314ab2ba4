//! Reports as flags ask for them: which, drawn how, and into which files.

use super::arguments::{ComparisonOutput, OutputFormat, ReportFile};
use super::exit::{CommandError, ExitCode};
use super::output::Terminal;
use crate::report::{ComparisonFormat, ReportError, ReportFormat, ReportOptions, TableOptions};
use crate::store::save_text;

/// Writes the reports that flags ask for, each into a file of its own, as `render` makes them.
///
/// # Errors
///
/// That one cannot be made or written, for exit code 1.
pub(super) fn write_reports<F: Copy>(
    reports: &[ReportFile<F>],
    render: impl Fn(F) -> Result<String, ReportError>,
) -> Result<(), CommandError> {
    for ReportFile { format, file } in reports {
        let text = render(*format).map_err(internal)?;
        save_text(file, &text).map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    }
    Ok(())
}

/// A report that cannot be made, for exit code 1.
pub(super) fn internal(error: ReportError) -> CommandError {
    CommandError::new(ExitCode::Internal, error)
}

/// The report format that a flag names.
pub(super) const fn format(format: OutputFormat) -> ReportFormat {
    match format {
        OutputFormat::Table => ReportFormat::Table,
        OutputFormat::Wide => ReportFormat::Wide,
        OutputFormat::Csv => ReportFormat::Csv,
        OutputFormat::Json => ReportFormat::Json,
        OutputFormat::Markdown => ReportFormat::Markdown,
        OutputFormat::Comment => ReportFormat::Comment,
        OutputFormat::Junit => ReportFormat::Junit,
        OutputFormat::Bencher => ReportFormat::Bencher,
        OutputFormat::Flat => ReportFormat::Flat,
        OutputFormat::Html => ReportFormat::Html,
        OutputFormat::Openmetrics => ReportFormat::OpenMetrics,
    }
}

/// The format of comparisons that a flag names.
pub(super) const fn comparison_format(format: ComparisonOutput) -> ComparisonFormat {
    match format {
        ComparisonOutput::Table => ComparisonFormat::Table,
        ComparisonOutput::Json => ComparisonFormat::Json,
        ComparisonOutput::Markdown => ComparisonFormat::Markdown,
        ComparisonOutput::Csv => ComparisonFormat::Csv,
        ComparisonOutput::Comment => ComparisonFormat::Comment,
        ComparisonOutput::Junit => ComparisonFormat::Junit,
    }
}

/// How tables are drawn on this terminal.
pub(super) fn table_options(wide: bool) -> TableOptions {
    let terminal = Terminal::of_stdout();
    TableOptions {
        width: terminal.width.into(),
        color: terminal.color,
        wide,
        blocks: terminal.blocks,
    }
}

/// How reports are drawn on this terminal.
pub(super) fn report_options(wide: bool, rounds_apart: bool) -> ReportOptions<'static> {
    ReportOptions { table: table_options(wide), rounds_apart, ..ReportOptions::default() }
}
