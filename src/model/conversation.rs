//! Who speaks when. The items of a session, put into the groups that every wire format knows:
//! what the user says, what the model says, what its calls came to.
//!
//! Whatever the items are, each call has exactly one result, directly behind the reply that it
//! belongs to, and no result is without its call.

use crate::protocol::{CallId, Item, Opaque, Outcome, UserKind};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

const INTERRUPTED: &str = "interrupted: this call was not carried out";

#[derive(Debug, PartialEq)]
pub(super) enum Group<'a> {
    /// One or more texts, none of them blank.
    User(Vec<Cow<'a, str>>),
    /// `Assistant`, `Thought` and `Call` items of one reply.
    Assistant { items: Vec<&'a Item>, loops: Loop },
    /// One for each call of the reply before, in the calls' order.
    Results(Vec<Answered<'a>>),
}

/// Whether a reply belongs to the turn that still runs: some providers want its reasoning back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loop {
    Current,
    Past,
}

#[derive(Debug, PartialEq)]
pub(super) struct Answered<'a> {
    pub call: &'a CallId,
    pub text: &'a str,
    pub outcome: Outcome,
}

pub(super) fn groups(items: &[Item]) -> Vec<Group<'_>> {
    let mut grouping = Grouping::of(items);
    for (at, item) in items.iter().enumerate() {
        match item {
            Item::Context { text, .. } | Item::User { text, .. } | Item::Note { text } => {
                grouping.text(Cow::Borrowed(text));
            }
            Item::Assistant { .. } | Item::Thought { .. } | Item::Call { .. } => {
                grouping.said(at, item);
            }
            Item::Result { call, text, .. } => grouping.result(call, text),
            Item::Edit { .. } | Item::Plan { .. } => {}
        }
    }
    grouping.flush();
    grouping.groups
}

struct Grouping<'a> {
    groups: Vec<Group<'a>>,
    reply: Vec<&'a Item>,
    /// The open reply has got a result: what the model says next is another reply.
    answered: bool,
    loops: Loop,
    /// Said after the reply, and sent after its results.
    texts: Vec<Cow<'a, str>>,
    calls: HashSet<&'a CallId>,
    results: HashMap<&'a CallId, (&'a str, Outcome)>,
    /// Where the last prompt is.
    prompt: usize,
}

impl<'a> Grouping<'a> {
    fn of(items: &'a [Item]) -> Self {
        let mut calls = HashSet::new();
        let mut results = HashMap::new();
        let mut prompt = 0;
        for (at, item) in items.iter().enumerate() {
            match item {
                Item::Call { call, .. } => _ = calls.insert(call),
                Item::Result { call, text, outcome, .. } => {
                    results.insert(call, (text.as_str(), *outcome));
                }
                Item::User { kind: UserKind::Prompt, .. } => prompt = at,
                _ => {}
            }
        }
        Self {
            groups: Vec::new(),
            reply: Vec::new(),
            answered: false,
            loops: Loop::Past,
            texts: Vec::new(),
            calls,
            results,
            prompt,
        }
    }

    fn text(&mut self, text: Cow<'a, str>) {
        if !text.trim().is_empty() {
            self.texts.push(text);
        }
    }

    fn said(&mut self, at: usize, item: &'a Item) {
        if self.reply.is_empty() || self.answered || !self.texts.is_empty() {
            self.flush();
            self.loops = if at > self.prompt { Loop::Current } else { Loop::Past };
        }
        self.reply.push(item);
    }

    fn result(&mut self, call: &CallId, text: &str) {
        if self.calls.contains(call) {
            self.answered = true;
        } else {
            // Its call was cut away: what it says may still matter, but only as text.
            self.text(Cow::Owned(format!("Result of an earlier call:\n{text}")));
        }
    }

    fn flush(&mut self) {
        let items = std::mem::take(&mut self.reply);
        let results: Vec<_> = items.iter().filter_map(|item| self.answer(item)).collect();
        if !items.is_empty() {
            self.groups.push(Group::Assistant { items, loops: self.loops });
        }
        if !results.is_empty() {
            self.groups.push(Group::Results(results));
        }
        if !self.texts.is_empty() {
            self.groups.push(Group::User(std::mem::take(&mut self.texts)));
        }
        self.answered = false;
    }

    fn answer(&self, item: &'a Item) -> Option<Answered<'a>> {
        let Item::Call { call, .. } = item else { return None };
        let (text, outcome) =
            self.results.get(call).copied().unwrap_or((INTERRUPTED, Outcome::Interrupted));
        Some(Answered { call, text, outcome })
    }
}

/// The items without what another service wants back: the same model may be served by several, and
/// none takes what another one sealed.
pub(super) fn of_service<'a>(items: &'a [Item], service: &str) -> Cow<'a, [Item]> {
    let is_foreign = |opaque: &Option<Opaque>| {
        opaque.as_ref().and_then(|opaque| opaque.service.as_deref()).is_some_and(|of| of != service)
    };
    let sealed = |item: &Item| match item {
        Item::Assistant { opaque, .. }
        | Item::Thought { opaque, .. }
        | Item::Call { opaque, .. } => is_foreign(opaque),
        _ => false,
    };
    if !items.iter().any(sealed) {
        return Cow::Borrowed(items);
    }
    let mut items = items.to_vec();
    for item in &mut items {
        if let Some(opaque) = opaque_of(item)
            && is_foreign(opaque)
        {
            *opaque = None;
        }
    }
    Cow::Owned(items)
}

/// The place of what a provider wants back.
pub(super) fn opaque_of(item: &mut Item) -> Option<&mut Option<Opaque>> {
    match item {
        Item::Assistant { opaque, .. }
        | Item::Thought { opaque, .. }
        | Item::Call { opaque, .. } => Some(opaque),
        _ => None,
    }
}

/// What a provider gave to be given back, if it was this dialect and this model.
pub(super) fn kept<'a>(
    opaque: &'a Option<Opaque>,
    dialect: &str,
    model: &str,
) -> Option<&'a Value> {
    let opaque = opaque.as_ref()?;
    (opaque.dialect == dialect && opaque.model == model).then_some(&opaque.value)
}

/// A call's arguments as an object, whatever the model sent.
pub(super) fn arguments(text: &str) -> Map<String, Value> {
    if text.trim().is_empty() {
        return Map::new();
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => match json!({ "_raw": text }) {
            Value::Object(object) => object,
            _ => Map::new(),
        },
    }
}

/// A call's arguments as the text of an object: as the model sent them, if they are one. Many
/// servers' templates parse them.
pub(super) fn arguments_text(text: &str) -> String {
    match serde_json::from_str(text) {
        Ok(Value::Object(_)) => text.to_owned(),
        Ok(_) | Err(_) => Value::Object(arguments(text)).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Detail;

    fn prompt(text: &str) -> Item {
        Item::User { text: text.into(), kind: UserKind::Prompt }
    }

    fn steer(text: &str) -> Item {
        Item::User { text: text.into(), kind: UserKind::Steer }
    }

    fn call(id: &str) -> Item {
        Item::Call {
            call: CallId(id.into()),
            tool: "run".into(),
            arguments: "{}".into(),
            opaque: None,
        }
    }

    fn result(id: &str) -> Item {
        Item::Result {
            call: CallId(id.into()),
            outcome: Outcome::Done,
            text: format!("result of {id}"),
            detail: Detail::None,
        }
    }

    /// The groups in short: `u:a+b` texts, `a:2` items of a reply, `r:x+y` results.
    fn shape(items: &[Item]) -> String {
        let short = |group: &Group<'_>| match group {
            Group::User(texts) => format!("u:{}", texts.join("+")),
            Group::Assistant { items, loops } => format!("a:{}:{loops:?}", items.len()),
            Group::Results(results) => {
                let all: Vec<_> = results.iter().map(|one| one.call.0.as_str()).collect();
                format!("r:{}", all.join("+"))
            }
        };
        groups(items).iter().map(short).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_one_service_sealed_goes_to_no_other() {
        let thought = |service: Option<&str>| Item::Thought {
            text: "hm".into(),
            opaque: Some(Opaque {
                service: service.map(str::to_owned),
                dialect: "d".into(),
                model: "m".into(),
                value: Value::Null,
            }),
        };
        let items = [prompt("p"), thought(Some("openai")), thought(Some("copilot")), thought(None)];
        let kept = |service: &str| -> Vec<bool> {
            let mut items = of_service(&items, service).into_owned();
            let opaque = items.iter_mut().filter_map(opaque_of);
            opaque.map(|opaque| opaque.is_some()).collect()
        };
        assert_eq!(kept("openai"), [true, false, true]);
        assert_eq!(kept("copilot"), [false, true, true]);
        assert!(matches!(of_service(&items[..2], "openai"), Cow::Borrowed(_)));
    }

    #[test]
    fn consecutive_texts_are_one_group_and_blank_ones_none() {
        let items = [
            Item::Context { name: "surroundings".into(), text: "c".into() },
            prompt(" \n"),
            prompt("p"),
            Item::Note { text: "n".into() },
        ];
        assert_eq!(shape(&items), "u:c+p+n");
    }

    #[test]
    fn what_is_said_while_calls_run_comes_after_their_results() {
        let items = [prompt("p"), call("x"), call("y"), steer("s"), result("y"), result("x")];
        assert_eq!(shape(&items), "u:p a:2:Current r:x+y u:s");
    }

    #[test]
    fn a_reply_ends_at_its_first_result() {
        let items = [prompt("p"), call("x"), result("x"), call("y"), result("y"), prompt("q")];
        assert_eq!(shape(&items), "u:p a:1:Past r:x a:1:Past r:y u:q");
    }

    #[test]
    fn a_steer_does_not_end_the_loop() {
        let items = [prompt("p"), call("x"), result("x"), steer("s"), call("y"), result("y")];
        assert_eq!(shape(&items), "u:p a:1:Current r:x u:s a:1:Current r:y");
    }

    #[test]
    fn a_call_without_a_result_gets_one_that_says_so() {
        let items = [prompt("p"), call("x"), prompt("q")];
        assert_eq!(shape(&items), "u:p a:1:Past r:x u:q");
        let groups = groups(&items);
        let Group::Results(results) = &groups[2] else { panic!("no results: {groups:?}") };
        assert_eq!((results[0].text, results[0].outcome), (INTERRUPTED, Outcome::Interrupted));
    }

    #[test]
    fn a_result_without_its_call_is_text() {
        assert_eq!(
            shape(&[result("gone"), prompt("p")]),
            "u:Result of an earlier call:\nresult of gone+p"
        );
    }

    #[test]
    fn arguments_are_an_object_whatever_came() {
        assert_eq!(arguments(""), Map::new());
        assert_eq!(Value::from(arguments("{\"b\":1,\"a\":2}")).to_string(), "{\"b\":1,\"a\":2}");
        assert_eq!(Value::from(arguments("{\"b\":")), json!({ "_raw": "{\"b\":" }));
        assert_eq!(Value::from(arguments("[1]")), json!({ "_raw": "[1]" }));
    }

    proptest::proptest! {
        #[test]
        fn every_call_has_one_result_right_behind_it(picks in proptest::collection::vec(0u8..6, 0..30)) {
            let mut items = vec![prompt("p")];
            for (at, pick) in picks.iter().enumerate() {
                items.push(match pick {
                    0 => prompt("q"),
                    1 => steer("s"),
                    2 | 3 => call(&format!("c{at}")),
                    4 => result(&format!("c{}", at.saturating_sub(2))),
                    _ => Item::Assistant { text: "a".into(), opaque: None },
                });
            }
            let groups = groups(&items);
            for (at, group) in groups.iter().enumerate() {
                let calls: Vec<_> = match group {
                    Group::Assistant { items, .. } => items
                        .iter()
                        .filter_map(|item| match item {
                            Item::Call { call, .. } => Some(call),
                            _ => None,
                        })
                        .collect(),
                    _ => continue,
                };
                let answered: Vec<_> = match groups.get(at + 1) {
                    Some(Group::Results(results)) => results.iter().map(|one| one.call).collect(),
                    _ => Vec::new(),
                };
                proptest::prop_assert_eq!(calls, answered);
            }
        }
    }
}
