//! One number from another, spread over all there are.

/// Another number for every number: a bijection, in which every bit of the result depends on
/// every bit of `value`. 0 stays 0.
///
/// # Source
///
/// The finalizer of `SplitMix64`: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014.
pub const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::mixed;

    #[test]
    fn neighbours_become_strangers() {
        let all: BTreeSet<_> = (0..1_000).map(mixed).collect();
        assert_eq!(all.len(), 1_000);
        let differing: u32 = (1..1_000).map(|at| (mixed(at) ^ mixed(at + 1)).count_ones()).sum();
        assert!((28_000..36_000).contains(&differing), "{differing} bits of 64,000");
    }
}
