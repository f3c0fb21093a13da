//! Which changes there are to review: those that a question is about, else the draft's, else what the
//! last turn has edited.

use super::Choice;
use crate::protocol::{AskId, Change, EditState, Guarded, Item, Question};
use crate::session::{EntryBody, State};
use std::collections::HashSet;
use std::sync::Arc;

/// Files of past edits that are shown while nothing waits.
const PAST_FILES_MAX: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A question about edits in place.
    Ask(AskId),
    /// What the draft holds and the tree does not.
    Draft,
    /// The edits of the last turn.
    Past,
    Nothing,
}

pub(super) fn source(state: &State) -> Source {
    match state.asks.first() {
        Some(ask) if matches!(ask.question, Question::Apply { .. }) => Source::Ask(ask.id),
        _ if !state.draft.files.is_empty() => Source::Draft,
        _ if last_edits(state).next().is_some() => Source::Past,
        _ => Source::Nothing,
    }
}

/// Changes, and what became of each where that is known.
pub(super) fn changes(
    state: &State,
    draft: &Arc<Vec<Change>>,
    source: Source,
) -> (Arc<Vec<Change>>, Vec<Choice>) {
    match source {
        Source::Ask(_) => match state.asks.first().map(|ask| &ask.question) {
            Some(Question::Apply { changes, .. }) => (Arc::new(changes.clone()), Vec::new()),
            _ => Default::default(),
        },
        Source::Draft => (Arc::clone(draft), Vec::new()),
        Source::Past => {
            let mut edits: Vec<_> = last_edits(state).take(PAST_FILES_MAX).collect();
            edits.reverse();
            let (changes, states): (Vec<_>, Vec<_>) = edits
                .into_iter()
                .map(|edit| (edit.0.clone(), became(edit, &state.applied)))
                .unzip();
            (Arc::new(changes), states)
        }
        Source::Nothing => Default::default(),
    }
}

/// Of an edit that is not pending any more.
fn became((change, state): (&Change, EditState), applied: &[String]) -> Choice {
    match state {
        EditState::Pending if applied.contains(&change.path) => Choice::Accepted,
        state => choice(state),
    }
}

const fn choice(state: EditState) -> Choice {
    match state {
        EditState::Written => Choice::Accepted,
        EditState::Rejected => Choice::Rejected,
        EditState::Proposed | EditState::Partly | EditState::Pending => Choice::Pending,
    }
}

/// What guards say of the draft: those that the question came with, and those that came since.
fn all_guards(state: &State) -> impl Iterator<Item = &Guarded> {
    let asked = state.asks.iter().find_map(|ask| match &ask.question {
        Question::Review { guards, .. } => Some(guards.as_slice()),
        _ => None,
    });
    let asked = asked.unwrap_or_default();
    let more = state.draft.guards.iter().filter(|guard| !asked.contains(guard));
    asked.iter().chain(more)
}

/// What is said now, and what was said before of changes that are still the same: an id is of the
/// content, so a guard that has once spoken of it is right for as long as it is there.
pub(super) fn guards(state: &State, known: &[Guarded], changes: &[Change]) -> Vec<Guarded> {
    let mut guards: Vec<Guarded> = Vec::new();
    let ids: HashSet<_> = changes.iter().map(|change| &change.id).collect();
    for guard in all_guards(state).chain(known.iter().filter(|guard| ids.contains(&guard.id))) {
        if !guards.contains(guard) {
            guards.push(guard.clone());
        }
    }
    guards
}

pub(super) fn has_new_guards(state: &State, known: &[Guarded]) -> bool {
    all_guards(state).any(|guard| !known.contains(guard))
}

/// The edits of the newest turn that has any, newest first; of each file of a call the
/// last word on it.
fn last_edits(state: &State) -> impl Iterator<Item = (&Change, EditState)> {
    let mut turn = None;
    let mut seen = Vec::new();
    state
        .entries
        .iter()
        .rev()
        .filter_map(|entry| match &entry.body {
            EntryBody::Item(Item::Edit { call, change, state }) => {
                Some((entry.turn, call, change, *state))
            }
            _ => None,
        })
        .take_while(move |(of, ..)| *turn.get_or_insert(*of) == *of)
        .filter_map(move |(_, call, change, state)| {
            if seen.contains(&(call, &change.path)) {
                return None;
            }
            seen.push((call, &change.path));
            Some((change, state))
        })
}
