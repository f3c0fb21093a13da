//! What an interrupted turn leaves behind, made whole: the next request must be a valid one.

use super::{EntryBody, State};
use crate::protocol::{CallId, Detail, End, Item, Outcome};

/// What makes the conversation whole again: the words that had come, a result for every call, and
/// why it stopped.
pub(super) fn repairs(state: &State, end: &End) -> Vec<Item> {
    let mut items = Vec::new();
    if *end == End::Interrupted && !state.live.text.trim().is_empty() {
        items.push(Item::Assistant { text: state.live.text.clone(), opaque: None });
    }
    let all = state.entries.iter().filter_map(|entry| match &entry.body {
        EntryBody::Item(item) => Some(item),
        EntryBody::Notice(_)
        | EntryBody::Draft(_)
        | EntryBody::Compacted(_)
        | EntryBody::Ended { .. } => None,
    });
    let mut open: Vec<CallId> = Vec::new();
    for item in all {
        match item {
            Item::Call { call, .. } => open.push(call.clone()),
            Item::Result { call, .. } => open.retain(|other| other != call),
            _ => {}
        }
    }
    items.extend(open.into_iter().map(|call| Item::Result {
        call,
        outcome: Outcome::Interrupted,
        text: "interrupted before it was done; what it started may still run".to_owned(),
        detail: Detail::None,
    }));
    if *end == End::Interrupted {
        items.push(Item::Note { text: "The user interrupted this turn.".to_owned() });
    }
    items
}
