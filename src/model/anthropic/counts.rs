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
        if count(usage.get("cache_creation_input_tokens")).is_none() {
            self.cache_write = written_by_age(usage).or(self.cache_write);
        }
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

/// What was written to the cache, where it is told only by how long it stays there.
fn written_by_age(usage: &Value) -> Option<u64> {
    let ages = usage.get("cache_creation")?.as_object()?.values();
    Some(ages.filter_map(|tokens| count(Some(tokens))).fold(0, u64::saturating_add))
        .filter(|tokens| *tokens > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn total(all: &[Value]) -> Option<Usage> {
        let mut counts = Counts::default();
        all.iter().for_each(|usage| counts.add(Some(usage)));
        counts.total()
    }

    #[test]
    fn figures_that_come_only_at_the_end_count() {
        let end = json!({ "input_tokens": 12, "cache_read_input_tokens": 4096, "output_tokens": 9,
            "cache_creation": { "ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 5 } });
        let expected =
            Usage { input: 12, cached: 4096, cache_write: 35, output: 9, ..Usage::default() };
        assert_eq!(total(&[json!({ "output_tokens": 1 }), end]), Some(expected));
        assert_eq!(total(&[json!({ "output_tokens": 1 })]), None);
    }

    #[test]
    fn what_was_written_is_not_counted_twice() {
        let usage = json!({ "input_tokens": 1, "cache_creation_input_tokens": 30,
            "cache_creation": { "ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0 } });
        let later =
            json!({ "input_tokens": 0, "cache_creation_input_tokens": 0, "output_tokens": 5 });
        assert_eq!(
            total(&[usage, later]).map(|usage| (usage.input, usage.cache_write)),
            Some((1, 30))
        );
    }
}
