//! Prompts, with the pictures to send beside them.

use std::sync::Arc;

use super::pictures::Pictures;
use super::rows::{LeftOut, PromptRow, PromptRows, RequestPlace, RowError};

/// Prompts from one source, pictures from another.
#[derive(Clone, Debug)]
pub struct IllustratedRows {
    /// The prompts.
    pub prompts: Arc<dyn PromptRows>,
    /// The pictures.
    pub pictures: Pictures,
}

impl PromptRows for IllustratedRows {
    fn count(&self) -> Option<u64> {
        self.prompts.count()
    }

    fn row(&self, at: u64) -> Result<Option<PromptRow>, RowError> {
        self.prompts.row(at)
    }

    fn distinct(&self) -> Option<u64> {
        // With another picture each time, no two requests are alike.
        if self.pictures.are_painted() { None } else { self.prompts.distinct() }
    }

    fn left_out(&self) -> LeftOut {
        self.prompts.left_out()
    }

    fn after(&self, at: u64) -> Option<u64> {
        self.prompts.after(at)
    }

    fn part(&self, first: usize, requests: usize) -> Option<Arc<dyn PromptRows>> {
        let prompts = self.prompts.part(first, requests)?;
        Some(Arc::new(Self { prompts, pictures: self.pictures.clone() }))
    }

    fn pictures(&self) -> Option<&Pictures> {
        Some(&self.pictures)
    }

    fn number(&self, place: &RequestPlace) -> u64 {
        self.prompts.number(place)
    }
}
