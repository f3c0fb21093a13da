//! What a request takes, in tokens, and which of them a cache would have had.

use super::count::count_tokens;
use super::given::{Asked, Cache};
use super::script::Scripted;
use crate::protocol::Usage;
use std::collections::VecDeque;

/// Prompts that a later one is compared with.
const PROMPTS_MAX: usize = 64;

/// The prompts that were answered: the keys of their parts.
#[derive(Default)]
pub(super) struct Prompts {
    answered: VecDeque<Vec<String>>,
}

impl Prompts {
    /// The tokens of the prompt, wherever they come from.
    pub(super) fn tokens(asked: &Asked) -> u64 {
        counts(asked).iter().sum()
    }

    /// Counts, and remembers the prompt as one that is cached from now on.
    pub(super) fn usage(&mut self, asked: &Asked, reply: &Scripted) -> Usage {
        let counts = counts(asked);
        let cached = match asked.cache {
            Cache::Used => self.shared(asked),
            Cache::NotAsked => 0,
        };
        let reasoning = count_tokens(&reply.thought);
        let calls: u64 = reply
            .calls
            .iter()
            .map(|call| count_tokens(&call.tool) + count_tokens(&call.arguments()))
            .sum();
        Usage {
            input: counts[cached..].iter().sum(),
            cached: counts[..cached].iter().sum(),
            cache_write: 0,
            output: count_tokens(&reply.text) + reasoning + calls,
            reasoning,
            estimated: false,
        }
    }

    /// How many parts this prompt has in common with an earlier one, from the start.
    fn shared(&mut self, asked: &Asked) -> usize {
        let keys: Vec<String> = asked.parts.iter().map(|part| part.key.clone()).collect();
        let common = |prompt: &Vec<String>| {
            prompt.iter().zip(&keys).take_while(|(old, new)| old == new).count()
        };
        let most = self.answered.iter().map(common).max().unwrap_or(0);
        self.answered.push_back(keys);
        if self.answered.len() > PROMPTS_MAX {
            self.answered.pop_front();
        }
        most
    }
}

/// Tokens of each part.
fn counts(asked: &Asked) -> Vec<u64> {
    let parts = asked.parts.iter();
    parts.map(|part| part.texts.iter().map(|text| count_tokens(text)).sum()).collect()
}
