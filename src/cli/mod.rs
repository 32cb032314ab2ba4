//! The command line: flags as typed → commands → exit code.
//!
//! The only place that reads the environment, writes to the terminal and knows about exit
//! codes. stdout carries data; progress, warnings and hints go to stderr.

mod against;
mod arguments;
mod baseline;
mod calibrate;
mod capacity;
mod check;
mod command_line;
mod compare;
mod display;
mod entry;
mod exit;
mod following;
mod github;
mod init;
mod interrupt;
mod merge;
mod mock;
mod models;
mod output;
mod plan;
mod preview;
mod probe;
mod progress;
mod report;
mod reports;
mod resume;
mod run;
mod scenario;
mod schema;
mod screen;
mod serve;
mod told;

pub use entry::main;
pub use exit::ExitCode;
