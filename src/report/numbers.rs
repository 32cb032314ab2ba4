//! Numbers as people read them.

/// `value` with three significant digits or more: `0.042`, `8.03`, `41.3`, `1203`.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size >= 1_000.0 || size == 0.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// A share from 0 to 1 as `12%`, `1.2%` or `0.01%`: never 0% or 100% unless it is just that.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let decimals = match percent.min(100.0 - percent) {
        rest if rest <= 0.0 || rest >= 10.0 => 0,
        rest if rest >= 0.1 => 1,
        _ => 3,
    };
    format!("{percent:.decimals$}%")
}

/// Bytes in the unit that suits them: `512.0 MB`, `18.3 GB`.
pub(super) fn bytes(amount: f64) -> String {
    let (size, unit) = if amount < 1e9 { (1e6, "MB") } else { (1e9, "GB") };
    format!("{} {unit}", number(amount / size))
}

/// An amount of money with three digits, however small it is: `$12.50`, `$0.0901`, `$0.000183`.
pub(super) fn dollars(amount: f64) -> String {
    let mut decimals = 2;
    let mut step = 1.0;
    // Smaller amounts than these buy nothing.
    while amount > 0.0 && amount < step && decimals < 9 {
        (decimals, step) = (decimals + 1, step / 10.0);
    }
    format!("${amount:.decimals$}")
}

/// `count` of `noun`, which takes an `s` unless there is one: `1 round`, `3 rounds`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::{counted, dollars, number, percent};

    #[test]
    fn numbers_keep_three_digits() {
        let numbers = [0.0, 0.0421, 8.034, 41.26, 999.94, 1_203.4, 123_456.0].map(number);
        assert_eq!(numbers, ["0", "0.042", "8.03", "41.3", "999.9", "1203", "123456"]);
    }

    #[test]
    fn a_share_is_rounded_neither_to_nothing_nor_to_all() {
        let shares = [0.0, 1.0, 0.06, 0.5, 0.994, 0.9999, 0.0001].map(percent);
        assert_eq!(shares, ["0%", "100%", "6.0%", "50%", "99.4%", "99.990%", "0.010%"]);
    }

    #[test]
    fn small_amounts_keep_their_digits() {
        let amounts = [0.0, 12.5, 1.0, 0.999, 0.090_12, 0.000_183_4].map(dollars);
        assert_eq!(amounts, ["$0.00", "$12.50", "$1.00", "$0.999", "$0.0901", "$0.000183"]);
    }

    #[test]
    fn one_has_no_plural() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "round")), ["0 rounds", "1 round", "2 rounds"]);
    }
}
