//! How a Claude model is told to think.

use super::request::{assistant, is_thinking};
use crate::model::Request;
use crate::model::conversation::{self, Group};
use crate::protocol::{Effort, Thinking};
use serde_json::{Value, json};

/// What lets a model that thinks by a budget think between its calls, too.
pub(super) const INTERLEAVED: &str = "interleaved-thinking-2025-05-14";
/// Tokens of thought that the service takes at least.
const BUDGET_MIN: u64 = 1024;
const BUDGET_LOW: u64 = 4096;
const BUDGET_MEDIUM: u64 = 10_000;
const BUDGET_HIGH: u64 = 16_000;
const BUDGET_XHIGH: u64 = 24_000;
const BUDGET_MAX: u64 = 32_000;

/// Adds to the body what makes the model think; nothing where no effort is asked for, or where the
/// service would refuse it.
pub(super) fn tell(request: &Request<'_>, body: &mut Value) {
    let Some(effort) = request.effort else { return };
    match request.model.thinking {
        Thinking::Adaptive => {
            // Without `display` newer models think and show nothing of it.
            body["thinking"] = json!({ "type": "adaptive", "display": "summarized" });
            body["output_config"] = json!({ "effort": effort_name(request, effort) });
        }
        Thinking::Budget => {
            let tokens = budget(request, effort).filter(|_| began_with_a_thought(request));
            if let Some(tokens) = tokens {
                body["thinking"] = json!({ "type": "enabled", "budget_tokens": tokens });
            }
        }
        Thinking::Effort | Thinking::Level => {}
    }
}

/// The service knows no `minimal`, and only some models know what is beyond `high`.
fn effort_name(request: &Request<'_>, effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal => Effort::Low.name(),
        Effort::Xhigh | Effort::Max if !request.model.efforts.contains(&effort) => {
            Effort::High.name()
        }
        Effort::Low | Effort::Medium | Effort::High | Effort::Xhigh | Effort::Max => effort.name(),
    }
}

/// At most half of the output, so that there is an answer, too. None: there is no room for it.
fn budget(request: &Request<'_>, effort: Effort) -> Option<u64> {
    let wish = match effort {
        Effort::Minimal => BUDGET_MIN,
        Effort::Low => BUDGET_LOW,
        Effort::Medium => BUDGET_MEDIUM,
        Effort::High => BUDGET_HIGH,
        Effort::Xhigh => BUDGET_XHIGH,
        Effort::Max => BUDGET_MAX,
    };
    Some(wish.min(request.output_tokens_max / 2)).filter(|tokens| *tokens >= BUDGET_MIN)
}

/// Whether the turn that still runs began with a thought, as a model with a budget must: one that
/// another model began did not. A turn goes on behind the results of its calls.
fn began_with_a_thought(request: &Request<'_>) -> bool {
    let mut first = None;
    let mut answered = false;
    for group in conversation::groups(request.items) {
        match group {
            Group::User(_) if !answered => first = None,
            Group::User(_) => {}
            Group::Results(_) => answered = true,
            Group::Assistant { items, .. } => {
                let blocks = assistant(&items, &request.model.id);
                first = first.or_else(|| blocks.first().map(is_thinking));
                answered = false;
            }
        }
    }
    first.unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::body;
    use crate::model::sample::{MODEL, assistant, call, prompt, request, result, service};
    use crate::protocol::{Api, Item, ModelSpec, Opaque};

    fn told(
        thinking: Thinking,
        effort: Option<Effort>,
        output_tokens_max: u64,
        items: &[Item],
    ) -> (Value, Value) {
        let efforts = vec![Effort::Low, Effort::High, Effort::Max];
        let model = ModelSpec { thinking, efforts, ..MODEL.clone() };
        let request = Request { model: &model, effort, output_tokens_max, ..request(items) };
        let mut body = body(&service(Api::Anthropic, ""), &request);
        assert_eq!(body.get("tool_choice"), None, "with thinking the model alone may choose");
        (body["thinking"].take(), body["output_config"]["effort"].take())
    }

    #[test]
    fn adaptive_models_get_an_effort_that_they_have_and_show_their_thoughts() {
        let effort = |effort| told(Thinking::Adaptive, Some(effort), 9, &[]);
        let adaptive = json!({ "type": "adaptive", "display": "summarized" });
        assert_eq!(effort(Effort::Minimal), (adaptive.clone(), json!("low")));
        assert_eq!(effort(Effort::Medium).1, "medium");
        assert_eq!(effort(Effort::Xhigh).1, "high", "this one has none");
        assert_eq!(effort(Effort::Max).1, "max");
    }

    #[test]
    fn a_budget_fits_into_the_output_or_is_none() {
        let budget = |effort, output| told(Thinking::Budget, Some(effort), output, &[]);
        let enabled = |tokens| json!({ "type": "enabled", "budget_tokens": tokens });
        assert_eq!(budget(Effort::Low, 64_000), (enabled(4096), Value::Null));
        assert_eq!(budget(Effort::Max, 64_000).0, enabled(32_000));
        assert_eq!(budget(Effort::Max, 8192).0, enabled(4096));
        assert_eq!(budget(Effort::Minimal, 2048).0, enabled(1024));
        assert_eq!(budget(Effort::Max, 2047).0, Value::Null);
    }

    #[test]
    fn without_effort_or_way_nothing_is_said() {
        for thinking in Thinking::ALL {
            assert_eq!(told(thinking, None, 64_000, &[]).0, Value::Null, "{thinking:?}");
        }
        for thinking in [Thinking::Effort, Thinking::Level] {
            let told = told(thinking, Some(Effort::High), 64_000, &[]);
            assert_eq!(told, (Value::Null, Value::Null), "{thinking:?}");
        }
    }

    #[test]
    fn a_turn_that_another_model_began_goes_on_without_a_budget() {
        let value = json!({ "type": "thinking", "thinking": "hm", "signature": "s" });
        let opaque =
            Opaque { service: None, dialect: "anthropic".into(), model: "tiny".into(), value };
        let thought = Item::Thought { text: "hm".into(), opaque: Some(opaque) };
        let thinks =
            |items: &[Item]| !told(Thinking::Budget, Some(Effort::Low), 64_000, items).0.is_null();
        let foreign = [prompt("p"), call("a", "{}"), result("a", "r")];
        assert!(!thinks(&foreign));
        let mut own = vec![prompt("p"), thought, call("a", "{}"), result("a", "r")];
        own.extend([call("b", "{}"), result("b", "r")]);
        assert!(thinks(&own), "the turn began with a thought");
        let mut next = foreign.to_vec();
        next.extend([assistant("a"), prompt("q")]);
        assert!(thinks(&next), "the next turn may");
    }
}
