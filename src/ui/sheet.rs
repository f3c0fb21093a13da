//! The question that is open: what is chosen in it, and which answer a key gives.
//! It draws nothing; `sheet_lines` does.

use super::composer::Composer;
use super::keymap::{DiffVerb, SheetVerb};
use crate::protocol::{Answer, Ask, AskId, Change, HunkRef, Question};
use std::collections::BTreeSet;

/// A question that has just come takes no key: what was typed ahead was meant for something else.
pub(crate) const DEAF_MS: u64 = 400;
/// Decisions that can be undone.
const UNDO_MAX: usize = 200;

pub(crate) struct Sheet {
    pub(crate) ask: AskId,
    /// Keys count from then on; milliseconds since 1970.
    pub(crate) ready_at: u64,
    pub(crate) chosen: BTreeSet<HunkRef>,
    /// Rises with each change of `chosen`.
    pub(crate) revision: u64,
    undo: Vec<BTreeSet<HunkRef>>,
    /// The comment (or free answer) that is being written.
    pub(crate) comment: Option<Composer>,
    pub(crate) scroll: usize,
}

/// What a key came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    Answer(Answer),
    ToDiff,
    Leave,
    /// Something the user should know.
    Say(&'static str),
    Nothing,
}

impl Sheet {
    pub(crate) fn new(ask: &Ask, now: u64) -> Self {
        Self {
            ask: ask.id,
            ready_at: now + DEAF_MS,
            chosen: hunks(changes(ask)),
            revision: 0,
            undo: Vec::new(),
            comment: None,
            scroll: 0,
        }
    }

    pub(crate) const fn is_deaf(&self, now: u64) -> bool {
        now < self.ready_at
    }

    pub(crate) fn verb(&mut self, ask: &Ask, verb: SheetVerb) -> Reply {
        match verb {
            SheetVerb::Leave => Reply::Leave,
            SheetVerb::ScrollUp => {
                self.scroll = self.scroll.saturating_sub(1);
                Reply::Nothing
            }
            SheetVerb::ScrollDown => {
                self.scroll += 1;
                Reply::Nothing
            }
            SheetVerb::Comment => {
                self.comment = Some(Composer::default());
                Reply::Nothing
            }
            SheetVerb::Yes
            | SheetVerb::All
            | SheetVerb::No
            | SheetVerb::Always
            | SheetVerb::ToDiff => self.decide(ask, verb),
        }
    }

    fn decide(&self, ask: &Ask, verb: SheetVerb) -> Reply {
        match (&ask.question, verb) {
            (Question::Choose { .. }, _) => Reply::Nothing,
            (_, SheetVerb::No) => Reply::Answer(Answer::No { comment: None }),
            (Question::Run { .. }, SheetVerb::Yes) | (Question::Apply { .. }, SheetVerb::All) => {
                Reply::Answer(Answer::Yes)
            }
            (Question::Run { rule: Some(_), .. }, SheetVerb::Always) => {
                Reply::Answer(Answer::Always)
            }
            (Question::Apply { changes, .. }, SheetVerb::Yes) => self.apply(changes),
            (Question::Apply { .. }, SheetVerb::ToDiff) => Reply::ToDiff,
            _ => Reply::Nothing,
        }
    }

    fn apply(&self, changes: &[Change]) -> Reply {
        let all = hunks(changes);
        if self.chosen == all {
            return Reply::Answer(Answer::Yes);
        }
        if self.chosen.is_empty() {
            return Reply::Say("no hunk is selected: n rejects all of it");
        }
        let accepted = self.chosen.iter().copied().collect();
        Reply::Answer(Answer::Hunks { accepted, comment: None })
    }

    /// The option of a `Choose` that a digit names.
    pub(crate) fn option(ask: &Ask, digit: char) -> Option<Answer> {
        let Question::Choose { options, .. } = &ask.question else { return None };
        let index = usize::try_from(digit.to_digit(10)?).ok()?.checked_sub(1)?;
        options.get(index).map(|option| Answer::Text(option.clone()))
    }

    /// What Enter sends while a comment is written; None while it is empty.
    pub(crate) fn commented(&self, ask: &Ask) -> Option<Answer> {
        let text = self.comment.as_ref()?.text().trim();
        if text.is_empty() {
            return None;
        }
        Some(match ask.question {
            Question::Choose { .. } => Answer::Text(text.to_string()),
            Question::Run { .. }
            | Question::Apply { .. }
            | Question::Review { .. }
            | Question::Plan { .. }
            | Question::Gates { .. } => Answer::No { comment: Some(text.to_string()) },
        })
    }

    /// Selects hunks, or takes them out. Returns whether the cursor should go to the next hunk.
    pub(crate) fn choose(&mut self, ask: &Ask, here: Option<HunkRef>, verb: DiffVerb) -> bool {
        let before = self.chosen.clone();
        let of_file =
            |file: usize| hunks(changes(ask)).into_iter().filter(move |at| at.change == file);
        match (verb, here) {
            (DiffVerb::Undo, _) => {
                if let Some(before) = self.undo.pop() {
                    self.chosen = before;
                    self.revision += 1;
                }
                return false;
            }
            (DiffVerb::Toggle, Some(here)) => {
                if !self.chosen.remove(&here) {
                    self.chosen.insert(here);
                }
            }
            (DiffVerb::Accept, Some(here)) => {
                self.chosen.insert(here);
            }
            (DiffVerb::Reject, Some(here)) => {
                self.chosen.remove(&here);
            }
            (DiffVerb::AcceptFile, Some(here)) => self.chosen.extend(of_file(here.change)),
            (DiffVerb::RejectFile, Some(here)) => {
                self.chosen.retain(|at| at.change != here.change);
            }
            _ => return false,
        }
        if self.chosen != before {
            self.undo.push(before);
            self.revision += 1;
            if self.undo.len() > UNDO_MAX {
                self.undo.remove(0);
            }
        }
        matches!(verb, DiffVerb::Accept | DiffVerb::Reject)
    }
}

/// What an ask would write; empty unless it is an `Apply`.
pub(crate) fn changes(ask: &Ask) -> &[Change] {
    match &ask.question {
        Question::Apply { changes, .. } => changes,
        Question::Run { .. }
        | Question::Review { .. }
        | Question::Plan { .. }
        | Question::Gates { .. }
        | Question::Choose { .. } => &[],
    }
}

/// All hunks of some changes.
pub(crate) fn hunks(changes: &[Change]) -> BTreeSet<HunkRef> {
    let of = |(change, it): (usize, &Change)| {
        (0..it.hunks.len()).map(move |hunk| HunkRef { change, hunk })
    };
    changes.iter().enumerate().flat_map(of).collect()
}
