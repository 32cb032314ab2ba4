//! What a gateway costs: the same requests through it and past it.

use super::Scenario;
use super::workload::Workload;

/// Paired requests through a gateway and to the server behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayPairs {
    /// Index of the backend that is the gateway.
    pub gateway: usize,
    /// Index of the backend behind it.
    pub direct: usize,
    /// Pairs for each workload that both run; even.
    pub pairs: u32,
    /// Pairs under way at a time.
    pub concurrency: u32,
}

impl Scenario {
    /// The workloads that go both ways, each with its index: those of both backends, without
    /// conversations, whose turns depend on the answers.
    pub fn paired_workloads(
        &self,
        pairs: &GatewayPairs,
    ) -> impl Iterator<Item = (usize, &Workload)> {
        let GatewayPairs { gateway, direct, .. } = *pairs;
        self.workloads.iter().enumerate().filter(move |(_, workload)| {
            let runs = |backend| workload.backends.contains(&backend);
            runs(gateway) && runs(direct) && workload.conversation.is_none()
        })
    }
}
