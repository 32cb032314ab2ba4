//! `report.html`: runs as one page that needs nothing else, neither network nor files.
//!
//! The page is made from results and from rows of their folders. Everything that users or servers
//! wrote is escaped by the template engine, the data of charts stand in a JSON block that is never
//! run, and a content security policy allows the page's own script and style alone.

mod capacity;
mod forest;
mod frame;
mod lines;
mod page;
#[cfg(test)]
mod page_tests;
mod plots;
mod rows;
mod section;
mod shapes;
mod shelf;
mod short;
mod side_tables;
mod thin;
mod timeline;
mod views;

pub use page::{PageRun, html};
pub use rows::{InputPoint, InputSample, RowPlace, RunRows, SecondRow};
pub use shelf::{Shelved, list_page, live_page};
