//! The figures of a reply, gathered from where they come.

use crate::model::decoder::count;
use crate::protocol::Usage;
use serde_json::Value;

/// Figures come at the start and, cumulative, at the end; either may leave some out.
#[derive(Default)]
pub(super) struct Counts {
    input: Option<u64>,
    cached: Option<u64>,
    cache_write: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
}

impl Counts {
    pub(super) fn add(&mut self, usage: Option<&Value>) {
        let Some(usage) = usage else { return };
        let take = |old: &mut Option<u64>, path: &str, least: u64| {
            if let Some(new) = count(usage.pointer(path)).filter(|new| *new >= least) {
                *old = Some(new);
            }
        };
        // Some proxies say 0 at the end of what they counted at the start.
        let least = u64::from(self.input.is_some());
        take(&mut self.input, "/input_tokens", least);
        take(&mut self.cached, "/cache_read_input_tokens", 1);
        take(&mut self.cache_write, "/cache_creation_input_tokens", 1);
        take(&mut self.output, "/output_tokens", 0);
        take(&mut self.reasoning, "/output_tokens_details/thinking_tokens", 0);
    }

    pub(super) fn total(&self) -> Option<Usage> {
        let output = self.output.unwrap_or(0);
        self.input.map(|input| Usage {
            input,
            cached: self.cached.unwrap_or(0),
            cache_write: self.cache_write.unwrap_or(0),
            output,
            reasoning: self.reasoning.unwrap_or(0).min(output),
            estimated: false,
        })
    }
}
