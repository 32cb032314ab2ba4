//! Several workloads in one cell, and what a cell sends.

use super::Scenario;
use super::workload::Workload;

/// Most workloads of a mix. Each has a recorder of its own in every thread, of up to 8 MiB; and
/// more of them are no longer told apart in a table.
pub const MOST_MEMBERS: usize = 16;

/// No fewer than the members, and a power of two.
const SCALE: f64 = 16.0;

/// Several workloads that are sent together: each request is one of theirs, drawn by weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The name tables show.
    pub name: String,
    /// The workloads it is made of, in file order; 2 to [`MOST_MEMBERS`], each once.
    pub parts: Vec<MixPart>,
    /// The backends that run all of them, as indices into [`Scenario::backends`]; never empty.
    pub backends: Vec<usize>,
}

/// One workload of a mix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixPart {
    /// The workload, as an index into [`Scenario::workloads`].
    pub workload: usize,
    /// How often its turn comes, against the others; above 0.
    pub weight: f64,
}

impl Mix {
    /// The share of the requests that each part has, in their order; they add up to 1.
    pub fn shares(&self) -> Vec<f64> {
        // Divided by a power of two, which is exact: the sum of the largest numbers there are
        // would be none.
        let weights: Vec<f64> = self.parts.iter().map(|part| part.weight / SCALE).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }
}

/// What a cell sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellWorkload<'a> {
    /// The requests of one workload.
    Alone(&'a Workload),
    /// Those of several.
    Mixed(&'a Mix),
}

impl<'a> CellWorkload<'a> {
    /// The name tables show.
    pub fn name(self) -> &'a str {
        match self {
            Self::Alone(workload) => &workload.name,
            Self::Mixed(mix) => &mix.name,
        }
    }

    /// The backends that run it, as indices into [`Scenario::backends`]; never empty.
    pub fn backends(self) -> &'a [usize] {
        match self {
            Self::Alone(workload) => &workload.backends,
            Self::Mixed(mix) => &mix.backends,
        }
    }
}

/// A workload that a cell sends, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member<'a> {
    /// Its index in [`Scenario::workloads`].
    pub index: usize,
    /// The workload.
    pub workload: &'a Workload,
    /// Its share of the requests; 1 where it is alone.
    pub share: f64,
}

impl Scenario {
    /// What the cells of number `index` send. Numbers count the workloads first, then the mixes.
    pub fn cell_workload(&self, index: usize) -> CellWorkload<'_> {
        match self.workloads.get(index) {
            Some(workload) => CellWorkload::Alone(workload),
            None => CellWorkload::Mixed(&self.mixes[index - self.workloads.len()]),
        }
    }

    /// Everything that cells send, in the order it runs, with the number that cells name it by.
    pub fn cell_workloads(&self) -> impl Iterator<Item = (usize, CellWorkload<'_>)> {
        let workloads = self.workloads.iter().enumerate().filter(|(_, workload)| workload.alone);
        let mixes = self.mixes.iter().enumerate();
        let first_mix = self.workloads.len();
        let alone = workloads.map(|(index, workload)| (index, CellWorkload::Alone(workload)));
        alone.chain(mixes.map(move |(index, mix)| (first_mix + index, CellWorkload::Mixed(mix))))
    }

    /// The workloads whose requests the cells of number `index` send: one, or those of the mix.
    pub fn members(&self, index: usize) -> Vec<Member<'_>> {
        match self.cell_workload(index) {
            CellWorkload::Alone(workload) => vec![Member { index, workload, share: 1.0 }],
            CellWorkload::Mixed(mix) => {
                let parts = mix.parts.iter().zip(mix.shares());
                let member = |(part, share): (&MixPart, f64)| Member {
                    index: part.workload,
                    workload: &self.workloads[part.workload],
                    share,
                };
                parts.map(member).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mix, MixPart};

    #[test]
    fn shares_are_weights_over_their_sum() {
        let shares = |weights: &[f64]| {
            let part = |&weight: &f64| MixPart { workload: 0, weight };
            let parts = weights.iter().map(part).collect();
            Mix { name: "m".to_owned(), parts, backends: vec![0] }.shares()
        };
        assert_eq!(shares(&[70.0, 20.0, 10.0]), [0.7, 0.2, 0.1]);
        assert_eq!(shares(&[f64::MAX, f64::MAX]), [0.5, 0.5]);
        assert_eq!(shares(&[1e-300, 3e-300]), [0.25, 0.75]);
    }
}
