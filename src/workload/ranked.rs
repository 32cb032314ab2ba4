//! Queries, with the documents to rank for them.

use std::sync::Arc;

use super::rows::{AskedLengths, LeftOut, PromptRow, PromptRows, RequestPlace, RowError};
use super::synthetic::LengthMethod;

/// Queries from one source, documents from another.
#[derive(Clone, Debug)]
pub struct RankedRows {
    /// The queries.
    pub queries: Arc<dyn PromptRows>,
    /// The documents.
    pub documents: Arc<dyn PromptRows>,
}

impl PromptRows for RankedRows {
    fn count(&self) -> Option<u64> {
        self.queries.count()
    }

    fn row(&self, at: u64) -> Result<Option<PromptRow>, RowError> {
        self.queries.row(at)
    }

    fn lengths(&self, at: u64) -> Result<Option<AskedLengths>, RowError> {
        self.queries.lengths(at)
    }

    fn length_method(&self) -> Option<LengthMethod> {
        self.queries.length_method()
    }

    fn distinct(&self) -> Option<u64> {
        self.queries.distinct()
    }

    fn left_out(&self) -> LeftOut {
        let (queries, documents) = (self.queries.left_out(), self.documents.left_out());
        LeftOut { count: queries.count + documents.count, first: queries.first.or(documents.first) }
    }

    fn after(&self, at: u64) -> Option<u64> {
        self.queries.after(at)
    }

    fn part(&self, first: usize, requests: usize) -> Option<Arc<dyn PromptRows>> {
        let queries = self.queries.part(first, requests)?;
        Some(Arc::new(Self { queries, documents: Arc::clone(&self.documents) }))
    }

    fn documents(&self) -> Option<&dyn PromptRows> {
        Some(&*self.documents)
    }

    fn number(&self, place: &RequestPlace) -> u64 {
        self.queries.number(place)
    }
}
