//! The items of a reply while they come: several may be open at once, and each event must find its
//! own, however the server names it.

use super::DIALECT;
use super::item::{Kind, PARAGRAPH, parts, returnable, thought, word};
use crate::model::Progress;
use crate::model::decoder::{On, count};
use crate::protocol::{CallId, Item, Opaque};
use serde_json::{Value, json};

/// What an event says of the item that it is about.
pub(super) struct Place<'a> {
    pub kind: Kind,
    pub index: Option<u64>,
    pub id: &'a str,
    pub call: &'a str,
}

impl<'a> Place<'a> {
    /// Of an event that brings a piece of an item.
    pub(super) fn of_piece(event: &'a Value, kind: Kind) -> Self {
        let index = count(event.get("output_index"));
        Self { kind, index, id: word(event, "item_id"), call: "" }
    }

    pub(super) fn of_item(item: &'a Value, index: Option<u64>) -> Self {
        Self { kind: Kind::of(item), index, id: word(item, "id"), call: word(item, "call_id") }
    }
}

pub(super) struct Open {
    kind: Kind,
    index: Option<u64>,
    id: String,
    call: String,
    /// Of the tool.
    pub name: String,
    /// A message's text, a call's arguments, or a custom call's input.
    pub text: String,
    pub refusal: String,
    /// What is shown of a reasoning.
    pub thought: String,
    /// As it was when the server had done with it. What came before may be incomplete.
    done: Option<Value>,
}

impl Open {
    fn new(place: &Place<'_>) -> Self {
        Self {
            kind: place.kind,
            index: place.index,
            id: place.id.to_owned(),
            call: place.call.to_owned(),
            name: String::new(),
            text: String::new(),
            refusal: String::new(),
            thought: String::new(),
            done: None,
        }
    }

    pub(super) fn say(&mut self, text: &str, on: &mut On<'_>) {
        if !text.is_empty() {
            self.text.push_str(text);
            on(Progress::Text(text));
        }
    }

    pub(super) fn think(&mut self, text: &str, on: &mut On<'_>) {
        if !text.is_empty() {
            self.thought.push_str(text);
            on(Progress::Thought(text));
        }
    }

    /// Another part of the thought begins.
    pub(super) fn paragraph(&mut self, on: &mut On<'_>) {
        if !self.thought.is_empty() {
            self.think(PARAGRAPH, on);
        }
    }

    pub(super) fn arguments(&self, on: &mut On<'_>) {
        on(Progress::Arguments { tool: &self.name, bytes: self.text.len() as u64 });
    }

    /// What the item says of itself at its begin.
    pub(super) fn begin(&mut self, item: &Value) {
        if self.name.is_empty() {
            word(item, "name").clone_into(&mut self.name);
        }
        if self.call.is_empty() {
            word(item, "call_id").clone_into(&mut self.call);
        }
    }

    /// The item as it is at its end, and where nothing of it was said yet, that.
    fn finish(&mut self, item: &Value, on: &mut On<'_>) {
        self.begin(item);
        match self.kind {
            Kind::Message => {
                let text = parts(item, "content", "output_text", "text", "");
                if self.text.is_empty() {
                    self.say(&text, on);
                } else if !text.is_empty() {
                    self.text = text;
                }
                let refusal = parts(item, "content", "refusal", "refusal", "");
                if !refusal.is_empty() {
                    self.refusal = refusal;
                }
            }
            Kind::Reasoning if self.thought.is_empty() => self.think(&thought(item), on),
            Kind::Reasoning => {
                let text = thought(item);
                if !text.is_empty() {
                    self.thought = text;
                }
            }
            Kind::Call => match item.get("arguments") {
                Some(Value::String(arguments)) if !arguments.is_empty() => {
                    self.text.clone_from(arguments);
                }
                Some(arguments @ Value::Object(_)) => self.text = arguments.to_string(),
                _ => {}
            },
            Kind::Custom if item.get("input").is_some() => {
                word(item, "input").clone_into(&mut self.text);
            }
            Kind::Custom | Kind::Other => {}
        }
        self.done = Some(item.clone());
    }

    /// What becomes of it in the conversation: nothing of an empty one, or of a call that broke off.
    fn item(self, model: &str) -> Option<Item> {
        let status = self.done.as_ref().map_or("", |item| word(item, "status"));
        let opaque = |value: Value| Opaque {
            service: None,
            dialect: DIALECT.into(),
            model: model.into(),
            value,
        };
        let call = CallId(if self.call.is_empty() { self.id } else { self.call });
        match self.kind {
            Kind::Message if self.text.is_empty() => None,
            Kind::Message => {
                let phase = self.done.as_ref().and_then(|item| item.get("phase"));
                let phase = phase.filter(|phase| !phase.is_null());
                let opaque = phase.map(|phase| opaque(json!({ "phase": phase })));
                Some(Item::Assistant { text: self.text, opaque })
            }
            Kind::Reasoning | Kind::Other => {
                let opaque = self.done.filter(|item| returnable(item, false).is_some()).map(opaque);
                let empty = self.thought.is_empty() && opaque.is_none();
                (!empty).then_some(Item::Thought { text: self.thought, opaque })
            }
            Kind::Call | Kind::Custom if self.name.is_empty() || status == "incomplete" => None,
            Kind::Call => {
                Some(Item::Call { call, tool: self.name, arguments: self.text, opaque: None })
            }
            Kind::Custom => {
                let arguments = json!({ "input": self.text }).to_string();
                let opaque = self.done.map(opaque);
                Some(Item::Call { call, tool: self.name, arguments, opaque })
            }
        }
    }
}

#[derive(Default)]
pub(super) struct OpenItems(Vec<Open>);

impl OpenItems {
    /// An item begins.
    pub(super) fn begin(&mut self, place: &Place<'_>, item: &Value) {
        let again = self.0.iter().rposition(|open| {
            let same_id = !place.id.is_empty() && open.id == place.id;
            let same_call = !place.call.is_empty() && open.call == place.call;
            open.done.is_none()
                && open.kind == place.kind
                && open.index == place.index
                && (same_id || same_call)
        });
        let at = again.unwrap_or_else(|| self.push(place));
        self.0[at].begin(item);
    }

    /// The item that a piece belongs to; a new one where none has begun.
    pub(super) fn piece(&mut self, place: &Place<'_>) -> &mut Open {
        let nameless = place.index.is_none() && place.id.is_empty();
        let last = |open: &Open| nameless && open.done.is_none() && open.kind == place.kind;
        let found = self.find(place).or_else(|| self.0.iter().rposition(last));
        let at = found.unwrap_or_else(|| self.push(place));
        &mut self.0[at]
    }

    /// An item is done. Where nothing tells which one, it is the first that was open.
    pub(super) fn end(&mut self, place: &Place<'_>, item: &Value, on: &mut On<'_>) {
        let first = |open: &Open| {
            let other_call = !open.call.is_empty() && !place.call.is_empty();
            place.index.is_none() && open.done.is_none() && open.kind == place.kind && !other_call
        };
        let found = self.find(place).or_else(|| self.0.iter().position(first));
        let at = found.unwrap_or_else(|| self.push(place));
        self.0[at].finish(item, on);
    }

    /// The whole list, at the end of the reply: it fills in what was left open, and stands for
    /// everything where no item was ever done.
    pub(super) fn fill(&mut self, list: &[Value], on: &mut On<'_>) {
        if self.0.iter().all(|open| open.done.is_none()) && !list.is_empty() {
            let said = std::mem::take(&mut self.0);
            let silent: &mut On<'_> = &mut |_| {};
            let said = said.iter().any(|open| !open.text.is_empty() || !open.thought.is_empty());
            for (at, item) in list.iter().enumerate() {
                let at = self.push(&Place::of_item(item, Some(at as u64)));
                self.0[at].finish(item, if said { &mut *silent } else { &mut *on });
            }
            return;
        }
        let numbered = self.0.iter().all(|open| open.index.is_some());
        for (at, item) in list.iter().enumerate() {
            let place = Place::of_item(item, numbered.then_some(at as u64));
            let found = self.find(&place).filter(|at| self.0[*at].done.is_none());
            if let Some(at) = found {
                self.0[at].finish(item, on);
            }
        }
    }

    /// Whether there are items, and the server has done with all of them.
    pub(super) fn are_done(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|open| open.done.is_some())
    }

    pub(super) fn refusal(&self) -> String {
        self.0.iter().map(|open| open.refusal.as_str()).collect()
    }

    /// In the service's order. A call that broke off is left out; whether there was one is said.
    pub(super) fn items(mut self, model: &str) -> (Vec<Item>, bool) {
        if self.0.iter().all(|open| open.index.is_some()) {
            self.0.sort_by_key(|open| open.index);
        }
        let is_call = |open: &&Open| matches!(open.kind, Kind::Call | Kind::Custom);
        let incomplete = |open: &Open| {
            open.done.as_ref().is_some_and(|item| word(item, "status") == "incomplete")
        };
        let broken = self.0.iter().filter(is_call).any(incomplete);
        (self.0.into_iter().filter_map(|open| open.item(model)).collect(), broken)
    }

    fn push(&mut self, place: &Place<'_>) -> usize {
        self.0.push(Open::new(place));
        self.0.len() - 1
    }

    /// By number and id, else by number, else by id, else by the call's id: some servers give no
    /// numbers, some one number to all, some change the ids on the way.
    fn find(&self, place: &Place<'_>) -> Option<usize> {
        let fits = |open: &Open| {
            let other = !place.call.is_empty() && !open.call.is_empty() && place.call != open.call;
            open.kind == place.kind && !other
        };
        let number = |open: &Open| place.index.is_some() && open.index == place.index;
        let id = |open: &Open| !place.id.is_empty() && open.id == place.id;
        let call = |open: &Open| !place.call.is_empty() && open.call == place.call;
        let search =
            |is: &dyn Fn(&Open) -> bool| self.0.iter().rposition(|open| fits(open) && is(open));
        search(&|open| number(open) && id(open))
            .or_else(|| search(&number))
            .or_else(|| search(&id))
            .or_else(|| search(&call))
    }
}
