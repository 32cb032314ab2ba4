//! Inputs that a server cut off without a word.

/// Completed requests of whose input the server took in clearly less than was sent, by its own
/// count: it dropped the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutInputs {
    /// Requests whose input was counted here or made to a length, and counted by the server.
    pub known: u64,
    /// Of these: cut.
    pub requests: u64,
    /// Tokens sent by those that were cut.
    pub sent: u64,
    /// Tokens of them that the server took in.
    pub taken: u64,
    /// Most tokens that it took in of one of them.
    pub taken_most: u64,
}

impl CutInputs {
    /// Below this share of what was sent a count cannot be another tokenizer's: those of related
    /// models are within a tenth of each other on most texts.
    pub const SHARE_LEFT: f64 = 0.75;
    /// Inputs shorter than this are cut by no server, and are counted less exactly.
    pub const FEWEST_TOKENS: u32 = 256;

    /// Adds a request of so many tokens, if the server counted them too; a server's 0 is none.
    pub(super) fn add(&mut self, server: Option<u32>, sent: Option<u32>) {
        let (Some(server @ 1..), Some(sent @ Self::FEWEST_TOKENS..)) = (server, sent) else {
            return;
        };
        self.known += 1;
        if f64::from(server) < f64::from(sent) * Self::SHARE_LEFT {
            let (server, sent) = (u64::from(server), u64::from(sent));
            self.requests += 1;
            self.sent += sent;
            self.taken += server;
            self.taken_most = self.taken_most.max(server);
        }
    }

    /// Adds other requests.
    pub fn merge(&mut self, other: &Self) {
        self.known += other.known;
        self.requests += other.requests;
        self.sent += other.sent;
        self.taken += other.taken;
        self.taken_most = self.taken_most.max(other.taken_most);
    }
}

#[cfg(test)]
mod tests {
    use super::CutInputs;

    #[test]
    fn only_a_clear_loss_is_a_cut() {
        let mut cut = CutInputs::default();
        for (server, sent) in [(9_019, 9_019), (8_200, 9_019), (2_051, 9_019), (2_060, 6_000)] {
            cut.add(Some(server), Some(sent));
        }
        cut.add(None, Some(9_019));
        cut.add(Some(0), Some(9_019));
        cut.add(Some(20), Some(100));
        cut.add(Some(2_051), None);
        let expected =
            CutInputs { known: 4, requests: 2, sent: 15_019, taken: 4_111, taken_most: 2_060 };
        assert_eq!(cut, expected);
        let mut twice = expected;
        twice.merge(&expected);
        assert_eq!((twice.requests, twice.taken_most), (4, 2_060));
    }
}
