//! How much a Gemini model is told to think.

use crate::model::Request;
use crate::protocol::{Effort, Thinking};
use serde_json::{Value, json};

/// Tokens of thought by effort. All models of the 2.5 series take these.
const BUDGET_LOW: u64 = 1024;
const BUDGET_MEDIUM: u64 = 8192;
const BUDGET_HIGH: u64 = 24_576;
/// No model that thinks by a budget takes a smaller one: 2.5 Flash-Lite has this limit.
const BUDGET_MIN: u64 = 512;
/// What 2.5 Pro, which cannot stop thinking, takes at least.
const BUDGET_MIN_PRO: u64 = 128;
/// Does not think.
const BUDGET_OFF: u64 = 0;
/// The model decides by itself.
const BUDGET_AUTO: i64 = -1;

/// The `thinkingConfig`: a level or a budget, never both. None: the model is told nothing, and the
/// service refuses to be asked for thoughts that are none.
pub(super) fn config(request: &Request<'_>) -> Option<Value> {
    match request.model.thinking {
        Thinking::Level => {
            let mut config = json!({ "includeThoughts": true });
            if let Some(effort) = request.effort {
                config["thinkingLevel"] = level(effort).into();
            }
            Some(config)
        }
        Thinking::Budget => Some(match request.effort.map(|effort| budget(request, effort)) {
            Some(BUDGET_OFF) => json!({ "thinkingBudget": BUDGET_OFF }),
            Some(tokens) => json!({ "includeThoughts": true, "thinkingBudget": tokens }),
            None => json!({ "includeThoughts": true, "thinkingBudget": BUDGET_AUTO }),
        }),
        Thinking::Effort | Thinking::Adaptive => None,
    }
}

fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal | Effort::Low | Effort::Medium => effort.name(),
        Effort::High | Effort::Xhigh | Effort::Max => Effort::High.name(),
    }
}

/// Thoughts are a part of the output: half of it is left for the answer.
fn budget(request: &Request<'_>, effort: Effort) -> u64 {
    let wish = match effort {
        Effort::Minimal if request.model.id.contains("pro") => return BUDGET_MIN_PRO,
        Effort::Minimal => return BUDGET_OFF,
        Effort::Low => BUDGET_LOW,
        Effort::Medium => BUDGET_MEDIUM,
        Effort::High | Effort::Xhigh | Effort::Max => BUDGET_HIGH,
    };
    wish.min(request.output_tokens_max / 2).max(BUDGET_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{MODEL, request};
    use crate::protocol::ModelSpec;

    fn told(id: &str, thinking: Thinking, effort: Option<Effort>, output: u64) -> String {
        let model = ModelSpec { id: id.into(), thinking, ..MODEL.clone() };
        let request = Request { model: &model, effort, output_tokens_max: output, ..request(&[]) };
        config(&request).map_or_else(String::new, |config| config.to_string())
    }

    #[test]
    fn a_level_is_the_effort_and_the_highest_is_high() {
        let level = |effort| told("gemini-3-pro", Thinking::Level, effort, 65_536);
        assert_eq!(
            level(Some(Effort::Minimal)),
            "{\"includeThoughts\":true,\"thinkingLevel\":\"minimal\"}"
        );
        assert!(level(Some(Effort::Medium)).contains("\"medium\""));
        assert!(level(Some(Effort::Max)).contains("\"high\""));
        assert_eq!(level(None), "{\"includeThoughts\":true}");
    }

    #[test]
    fn a_budget_is_one_that_the_model_takes() {
        let budget = |id, effort, output| told(id, Thinking::Budget, effort, output);
        let with = |tokens| format!("{{\"includeThoughts\":true,\"thinkingBudget\":{tokens}}}");
        assert_eq!(budget("gemini-2.5-flash", Some(Effort::Low), 65_536), with(1024));
        assert_eq!(budget("gemini-2.5-flash", Some(Effort::Max), 65_536), with(24_576));
        assert_eq!(budget("gemini-2.5-flash", Some(Effort::High), 8192), with(4096));
        assert_eq!(budget("gemini-2.5-flash", Some(Effort::High), 100), with(512));
        assert_eq!(budget("gemini-2.5-pro", Some(Effort::Minimal), 65_536), with(128));
        assert_eq!(budget("gemini-2.5-pro", None, 65_536), with(-1));
        let off = budget("gemini-2.5-flash", Some(Effort::Minimal), 65_536);
        assert_eq!(off, "{\"thinkingBudget\":0}");
    }

    #[test]
    fn a_model_that_does_not_think_is_told_nothing() {
        for thinking in [Thinking::Effort, Thinking::Adaptive] {
            assert_eq!(told("gemini-2.0-flash", thinking, Some(Effort::High), 8192), "");
        }
    }
}
