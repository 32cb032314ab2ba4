//! However a body is cut, its events are the same.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::capture::{Capture, all};
use super::reading::Reading;

static STREAMS: LazyLock<Vec<Capture>> =
    LazyLock::new(|| all().into_iter().filter(|capture| capture.status == 200).collect());

#[test]
fn captures_read_byte_by_byte_are_the_same() {
    for capture in &*STREAMS {
        let form = capture.form();
        let whole = Reading::of(form, [&*capture.body]);
        assert_eq!(Reading::of(form, capture.body.chunks(1)), whole, "{}", capture.name);
        let reads = capture.reads.iter().map(Vec::as_slice);
        assert_eq!(Reading::of(form, reads), whole, "{}", capture.name);
    }
}

proptest! {
    #[test]
    fn captures_cut_at_random_are_the_same(
        capture in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let capture = capture.get(&STREAMS);
        let mut cuts: Vec<_> =
            cuts.iter().map(|cut| cut.index(capture.body.len().max(1))).collect();
        cuts.sort_unstable();
        let mut from = 0;
        let mut pieces = Vec::new();
        for cut in cuts {
            pieces.push(&capture.body[from..cut]);
            from = cut;
        }
        pieces.push(&capture.body[from..]);
        let form = capture.form();
        let whole = Reading::of(form, [&*capture.body]);
        prop_assert_eq!(Reading::of(form, pieces), whole, "{}", capture.name);
    }
}
