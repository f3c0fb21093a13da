//! Tokens and what they cost.

use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign};

/// Tokens of one request, or of many summed up. The parts do not overlap, but for `reasoning`,
/// which is a part of `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input that was neither read from a cache nor written to one.
    pub input: u64,
    /// Input read from the provider's cache.
    pub cached: u64,
    /// Input written to the provider's cache.
    pub cache_write: u64,
    /// Everything generated, reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning, where the provider says so.
    pub reasoning: u64,
    /// True where brisk counted, not the provider. Shown with `~`.
    #[serde(default)]
    pub estimated: bool,
}

impl Usage {
    /// What counts against a budget: the new tokens.
    pub const fn spent(&self) -> u64 {
        self.input + self.cache_write + self.output
    }

    /// Everything that was sent.
    pub const fn prompt(&self) -> u64 {
        self.input + self.cached + self.cache_write
    }
}

impl Add for Usage {
    type Output = Usage;

    fn add(self, other: Usage) -> Usage {
        Usage {
            input: self.input + other.input,
            cached: self.cached + other.cached,
            cache_write: self.cache_write + other.cache_write,
            output: self.output + other.output,
            reasoning: self.reasoning + other.reasoning,
            estimated: self.estimated || other.estimated,
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        *self = *self + other;
    }
}

/// Dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub input: f64,
    pub cached: f64,
    pub cache_write: f64,
    pub output: f64,
}

impl Price {
    /// Dollars.
    pub fn cost(&self, usage: &Usage) -> f64 {
        let dollars = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        dollars(usage.input, self.input)
            + dollars(usage.cached, self.cached)
            + dollars(usage.cache_write, self.cache_write)
            + dollars(usage.output, self.output)
    }
}
