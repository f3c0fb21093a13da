//! The figures of a reply, gathered from its chunks.

use crate::model::decoder::count;
use crate::protocol::Usage;
use serde_json::Value;

/// Each chunk has the figures so far, and may leave some out.
#[derive(Default)]
pub(super) struct Counts {
    /// What was read from the cache is a part of it.
    prompt: Option<u64>,
    cached: Option<u64>,
    /// What the service's own tools brought into the prompt.
    tools: Option<u64>,
    /// Without the thoughts.
    candidates: Option<u64>,
    thoughts: Option<u64>,
}

impl Counts {
    pub(super) fn add(&mut self, usage: Option<&Value>) {
        let Some(usage) = usage else { return };
        let take = |old: &mut Option<u64>, name: &str| {
            *old = count(usage.get(name)).or(*old);
        };
        take(&mut self.prompt, "promptTokenCount");
        take(&mut self.cached, "cachedContentTokenCount");
        take(&mut self.tools, "toolUsePromptTokenCount");
        take(&mut self.candidates, "candidatesTokenCount");
        take(&mut self.thoughts, "thoughtsTokenCount");
    }

    pub(super) fn total(&self) -> Option<Usage> {
        let prompt = self.prompt?;
        let cached = self.cached.unwrap_or(0).min(prompt);
        let reasoning = self.thoughts.unwrap_or(0);
        Some(Usage {
            input: (prompt - cached).saturating_add(self.tools.unwrap_or(0)),
            cached,
            cache_write: 0,
            output: self.candidates.unwrap_or(0).saturating_add(reasoning),
            reasoning,
            estimated: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_do_not_overlap_and_the_last_ones_count() {
        let mut counts = Counts::default();
        counts.add(Some(&json!({ "promptTokenCount": 100, "thoughtsTokenCount": 9 })));
        counts.add(None);
        counts.add(Some(&json!({ "promptTokenCount": 110, "cachedContentTokenCount": 64,
            "toolUsePromptTokenCount": 5, "candidatesTokenCount": 20, "thoughtsTokenCount": 29,
            "totalTokenCount": 164 })));
        counts.add(Some(&json!({ "promptTokenCount": 110, "candidatesTokenCount": 21 })));
        let expected = Usage {
            input: 51,
            cached: 64,
            cache_write: 0,
            output: 50,
            reasoning: 29,
            estimated: false,
        };
        assert_eq!(counts.total(), Some(expected));
        assert_eq!(Counts::default().total(), None);
    }
}
