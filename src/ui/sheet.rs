//! The question that is open: which answer a key gives. What is chosen of hunks is the review's; how
//! it looks is `sheet_lines`' to know.

use super::composer::Composer;
use super::keymap::SheetVerb;
use super::review::{Review, Scope};
use crate::protocol::{Answer, Ask, AskId, Change, Decision, Question};

/// A question that has just come takes no key: what was typed ahead was meant for something else.
pub(crate) const DEAF_MS: u64 = 400;
/// The question that the user asks: what of the draft to apply, while the session asks nothing.
pub(crate) const OWN: AskId = AskId(0);
/// What must be typed for what a guard speaks of.
const YES: &str = "yes";

pub(crate) struct Sheet {
    pub(crate) ask: AskId,
    /// Keys count from then on; milliseconds since 1970.
    pub(crate) ready_at: u64,
    pub(crate) input: Option<Input>,
    pub(crate) scroll: usize,
}

/// What is being typed into the question.
pub(crate) struct Input {
    pub(crate) what: InputFor,
    pub(crate) text: Composer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputFor {
    /// A comment, or a free answer.
    Comment,
    /// The word that guarded changes need.
    Yes(Scope),
}

/// What a key came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    Answer(Answer),
    ToDiff,
    Leave,
    /// The hunk under the diff's cursor is to be written anew.
    Edit,
    /// The gates are to run on what is selected.
    Gate,
    Help,
    /// Something the user should know.
    Say(&'static str),
    Nothing,
}

impl Sheet {
    pub(crate) fn new(ask: &Ask, now: u64) -> Self {
        Self { ask: ask.id, ready_at: now + DEAF_MS, input: None, scroll: 0 }
    }

    pub(crate) const fn is_deaf(&self, now: u64) -> bool {
        now < self.ready_at
    }

    pub(crate) fn verb(&mut self, ask: &Ask, review: &Review, verb: SheetVerb) -> Reply {
        let is_review = matches!(ask.question, Question::Review { .. });
        match verb {
            SheetVerb::Leave if is_review => Reply::Answer(Answer::Later),
            SheetVerb::Leave => Reply::Leave,
            SheetVerb::ScrollUp => {
                self.scroll = self.scroll.saturating_sub(1);
                Reply::Nothing
            }
            SheetVerb::ScrollDown => {
                self.scroll += 1;
                Reply::Nothing
            }
            SheetVerb::Comment => self.type_in(InputFor::Comment),
            SheetVerb::Help => Reply::Help,
            SheetVerb::Edit if is_review => Reply::Edit,
            SheetVerb::Gates if is_review => Reply::Gate,
            SheetVerb::Edit | SheetVerb::Gates => Reply::Nothing,
            SheetVerb::Yes if is_review => self.decide(review, Scope::Selected),
            SheetVerb::All if is_review => self.decide(review, Scope::All),
            SheetVerb::Yes
            | SheetVerb::All
            | SheetVerb::No
            | SheetVerb::Always
            | SheetVerb::ToDiff => answer(ask, review, verb),
        }
    }

    fn type_in(&mut self, what: InputFor) -> Reply {
        self.input = Some(Input { what, text: Composer::default() });
        Reply::Nothing
    }

    fn decide(&mut self, review: &Review, scope: Scope) -> Reply {
        let decision = review.decision(scope);
        if decision.accept.is_empty() && decision.reject.is_empty() {
            return Reply::Say(
                "nothing is selected: Space in the diff selects, n rejects all of it",
            );
        }
        if !review.guarded(scope).is_empty() {
            return self.type_in(InputFor::Yes(scope));
        }
        Reply::Answer(Answer::Decision(decision))
    }

    /// The option of a `Choose` that a digit names.
    pub(crate) fn option(ask: &Ask, digit: char) -> Option<Answer> {
        let Question::Choose { options, .. } = &ask.question else { return None };
        let index = usize::try_from(digit.to_digit(10)?).ok()?.checked_sub(1)?;
        options.get(index).map(|option| Answer::Text(option.clone()))
    }

    /// What Enter sends while something is typed.
    pub(crate) fn typed(&self, ask: &Ask, review: &Review) -> Reply {
        let Some(Input { what, text }) = &self.input else { return Reply::Nothing };
        let text = text.text().trim();
        match (what, &ask.question) {
            (InputFor::Yes(scope), _) if text == YES => {
                let decision = Decision { typed: true, ..review.decision(*scope) };
                Reply::Answer(Answer::Decision(decision))
            }
            (InputFor::Yes(_), _) => {
                Reply::Say("only the whole word yes applies it; Esc goes back")
            }
            (InputFor::Comment, _) if text.is_empty() => {
                Reply::Say("write what the agent should know, or Esc")
            }
            (InputFor::Comment, Question::Choose { .. }) => {
                Reply::Answer(Answer::Text(text.to_string()))
            }
            // It goes to the agent, and the draft stays as it is.
            (InputFor::Comment, Question::Review { .. }) => {
                let comment = Some(text.to_string());
                Reply::Answer(Answer::Decision(Decision { comment, ..Decision::default() }))
            }
            (
                InputFor::Comment,
                Question::Run { .. }
                | Question::Apply { .. }
                | Question::Plan { .. }
                | Question::Gates { .. },
            ) => Reply::Answer(Answer::No { comment: Some(text.to_string()) }),
        }
    }
}

/// The answer of a key that gives one by itself.
fn answer(ask: &Ask, review: &Review, verb: SheetVerb) -> Reply {
    match (&ask.question, verb) {
        (Question::Choose { .. }, _) => Reply::Nothing,
        (_, SheetVerb::No) => Reply::Answer(Answer::No { comment: None }),
        (Question::Run { .. } | Question::Plan { .. } | Question::Gates { .. }, SheetVerb::Yes)
        | (Question::Apply { .. }, SheetVerb::All) => Reply::Answer(Answer::Yes),
        (Question::Run { rule: Some(_), .. }, SheetVerb::Always) => Reply::Answer(Answer::Always),
        (Question::Apply { changes, .. }, SheetVerb::Yes) => apply(changes, review),
        (Question::Apply { .. } | Question::Review { .. }, SheetVerb::ToDiff) => Reply::ToDiff,
        _ => Reply::Nothing,
    }
}

fn apply(changes: &[Change], review: &Review) -> Reply {
    let accepted = review.accepted();
    if accepted.len() == changes.iter().map(|change| change.hunks.len()).sum::<usize>() {
        return Reply::Answer(Answer::Yes);
    }
    if accepted.is_empty() {
        return Reply::Say("no hunk is selected: n rejects all of it");
    }
    Reply::Answer(Answer::Hunks { accepted, comment: None })
}

/// Whether a question is about changes that the diff shows.
pub(crate) const fn is_about_changes(question: &Question) -> bool {
    matches!(question, Question::Apply { .. } | Question::Review { .. })
}
