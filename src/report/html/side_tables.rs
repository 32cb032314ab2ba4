//! What stands beside the cells, as the page shows it: what a gateway costs, what searches found.

use serde::Serialize;

use super::section::{CellView, HeadView, RowView, TableView};
use crate::report::gateway_cost::cost_tables;
use crate::report::search::search_tables;
use crate::report::side_table::SideTable;
use crate::result::RunResult;

/// A table, and what must be said beside it.
#[derive(Serialize)]
pub(super) struct SideView {
    table: TableView,
    remarks: Vec<String>,
}

/// What a gateway adds: a table for each workload of a run that went both ways.
pub(super) fn costs(result: &RunResult) -> Vec<SideView> {
    cost_tables(result).into_iter().map(SideView::from).collect()
}

/// What the searches of a run found.
pub(super) fn searches(result: &RunResult) -> Vec<SideView> {
    search_tables(result).into_iter().map(SideView::from).collect()
}

impl From<SideTable> for SideView {
    fn from(table: SideTable) -> Self {
        let head = |(head, unit): &(String, String)| HeadView {
            title: format!("{head} {unit}").trim_end().to_owned(),
            metric: None,
            definition: String::new(),
        };
        let row = |row: Vec<String>| {
            let mut cells = row.into_iter();
            RowView {
                line: None,
                label: cells.next().unwrap_or_default(),
                cells: cells.map(|text| CellView { text, value: None }).collect(),
            }
        };
        Self {
            table: TableView {
                caption: table.title,
                heads: table.heads.iter().map(head).collect(),
                rows: table.rows.into_iter().map(row).collect(),
            },
            remarks: table.remarks,
        }
    }
}
