//! What a gateway costs, as the page shows it.

use serde::Serialize;

use super::section::{CellView, HeadView, RowView, TableView};
use crate::report::gateway_cost::{HEADS, UNIT, cost_tables};
use crate::result::RunResult;

/// A table of what a gateway adds, and what must be said beside it.
#[derive(Serialize)]
pub(super) struct CostView {
    table: TableView,
    remarks: Vec<String>,
}

/// A table for each workload of a run that went both ways.
pub(super) fn costs(result: &RunResult) -> Vec<CostView> {
    let head = |(place, title): (usize, &&str)| HeadView {
        title: if place == 0 { (*title).to_owned() } else { format!("{title} {UNIT}") },
        metric: None,
        definition: String::new(),
    };
    let views = cost_tables(result).into_iter().map(|cost| CostView {
        table: TableView {
            caption: cost.title,
            heads: HEADS.iter().enumerate().map(head).collect(),
            rows: cost
                .rows
                .into_iter()
                .map(|row| {
                    let mut cells = row.into_iter();
                    RowView {
                        line: None,
                        label: cells.next().unwrap_or_default(),
                        cells: cells.map(|text| CellView { text, value: None }).collect(),
                    }
                })
                .collect(),
        },
        remarks: cost.remarks,
    });
    views.collect()
}
