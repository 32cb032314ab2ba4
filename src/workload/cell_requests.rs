//! The requests of a cell: of one workload, or of several in a mix.

use std::sync::Arc;

use super::factory::RequestFactory;
use super::mix_order::{MemberTurn, MixOrder};
use super::rows::{AskedLengths, PromptRows, PromptStart, RowError};
use super::spec::RequestSpec;
use crate::openai::Endpoint;
use crate::record::Phase;
use crate::scenario::{Backend, Member};
use crate::units::{count, index};

/// Makes the requests of a cell.
#[derive(Clone, Debug)]
pub enum CellRequests {
    /// Those of one workload.
    Alone(Arc<RequestFactory>),
    /// Those of several: each member makes its own as it would alone.
    Mixed {
        /// Whose turn it is.
        order: Arc<MixOrder>,
        /// The members, by their places in that order.
        members: Vec<RequestFactory>,
    },
}

impl CellRequests {
    /// The requests of a cell that sends `members`, each with its prompts, to `backend`. Where
    /// in its prompts it begins is `start`, and `number` is what its cell names the mix by.
    /// `include_usage` says for which endpoints streams are asked for token counts.
    pub fn new(
        members: &[(Member<'_>, Arc<dyn PromptRows>)],
        backend: &Backend,
        (start, number): (PromptStart, usize),
        include_usage: impl Fn(Endpoint) -> bool,
    ) -> Self {
        let factory = |(member, rows): &(Member<'_>, Arc<dyn PromptRows>)| {
            let include_usage = include_usage(member.workload.endpoint);
            RequestFactory::new(member.workload, backend, Arc::clone(rows), start, include_usage)
        };
        if let [alone] = members {
            return Self::Alone(Arc::new(factory(alone)));
        }
        let shares: Vec<_> = members.iter().map(|(member, _)| member.share).collect();
        let order = MixOrder::new(&shares, (start.seed, count(number), start.place));
        Self::Mixed { order: Arc::new(order), members: members.iter().map(factory).collect() }
    }

    /// Whose request number `index` of a phase is, by its place among the members.
    pub fn member(&self, index: u64) -> u32 {
        match self {
            Self::Alone(_) => 0,
            Self::Mixed { order, .. } => order.turn(index).member,
        }
    }

    /// Request number `index` of `phase`: the same for every backend. `None` once the prompts
    /// of the workload whose turn it is have ended.
    ///
    /// # Errors
    ///
    /// [`RowError`] if its prompt cannot be had.
    pub fn request(&self, phase: Phase, index: u64) -> Result<Option<RequestSpec>, RowError> {
        let (factory, index) = self.whose(index);
        factory.request(phase, index)
    }

    /// The lengths that request number `index` of `phase` asks for; as
    /// [`RequestFactory::lengths`].
    ///
    /// # Errors
    ///
    /// [`RowError`] if its prompt cannot be had.
    pub fn lengths(&self, phase: Phase, index: u64) -> Result<Option<AskedLengths>, RowError> {
        let (factory, index) = self.whose(index);
        factory.lengths(phase, index)
    }

    /// Whether requests are made when they are asked for, rather than before the cell starts.
    pub fn makes_as_it_goes(&self) -> bool {
        match self {
            Self::Alone(factory) => factory.makes_as_it_goes(),
            Self::Mixed { members, .. } => members.iter().any(RequestFactory::makes_as_it_goes),
        }
    }

    /// Whose request number `at` is, and which of its own.
    fn whose(&self, at: u64) -> (&RequestFactory, u64) {
        match self {
            Self::Alone(factory) => (factory, at),
            Self::Mixed { order, members } => {
                let MemberTurn { member, index: own } = order.turn(at);
                (&members[index(member.into())], own)
            }
        }
    }
}
