//! What the tokens of a cell cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counts::TokenEntry;
use crate::scenario::Price;
use crate::units::float;

/// The price of the tokens of a backend, in US dollars, as the scenario gives it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceEntry {
    /// For a million input tokens.
    pub input_per_million: f64,
    /// For a million input tokens from the server's cache; `null`: as the others.
    pub cached_per_million: Option<f64>,
    /// For a million output tokens.
    pub output_per_million: f64,
}

impl PriceEntry {
    /// What these tokens cost, in US dollars; `None` where none were counted.
    pub fn cost(&self, tokens: &TokenEntry) -> Option<f64> {
        if tokens.input.is_none() && tokens.output.is_none() {
            return None;
        }
        let input = tokens.input.unwrap_or(0);
        let cached = tokens.cached.unwrap_or(0).min(input);
        let cached_price = self.cached_per_million.unwrap_or(self.input_per_million);
        let cost = float(input - cached) * self.input_per_million
            + float(cached) * cached_price
            + float(tokens.output.unwrap_or(0)) * self.output_per_million;
        Some(cost / 1e6)
    }
}

impl From<Price> for PriceEntry {
    fn from(price: Price) -> Self {
        let Price { input_per_million, cached_per_million, output_per_million } = price;
        Self { input_per_million, cached_per_million, output_per_million }
    }
}

#[cfg(test)]
mod tests {
    use super::PriceEntry;
    use crate::result::TokenEntry;

    const PRICE: PriceEntry = PriceEntry {
        input_per_million: 0.15,
        cached_per_million: Some(0.05),
        output_per_million: 0.6,
    };

    fn cost(
        price: PriceEntry,
        input: Option<u64>,
        output: Option<u64>,
        cached: Option<u64>,
    ) -> Option<f64> {
        price.cost(&TokenEntry { input, output, cached, ..TokenEntry::default() })
    }

    #[test]
    fn tokens_cost_what_a_million_of_them_costs() {
        let near = |cost: Option<f64>, expected: f64| (cost.unwrap() - expected).abs() < 1e-12;
        assert!(near(cost(PRICE, Some(2_000_000), Some(500_000), None), 0.3 + 0.3));
        assert!(near(cost(PRICE, Some(2_000_000), None, Some(1_000_000)), 0.15 + 0.05));
        let plain = PriceEntry { cached_per_million: None, ..PRICE };
        assert!(near(cost(plain, Some(2_000_000), None, Some(1_000_000)), 0.3));
    }

    #[test]
    fn what_was_not_counted_has_no_cost() {
        assert_eq!(cost(PRICE, None, None, None), None);
    }
}
