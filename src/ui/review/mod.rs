//! What is reviewed: the changes that are shown, what guards say of them, what the user has chosen,
//! and the decision that comes of it. It knows no keys and draws nothing.

mod choices;
mod shown;

#[cfg(test)]
mod tests;

pub(crate) use choices::{Choice, Mark, changed};
pub(crate) use shown::Source;

use crate::protocol::{Change, Decision, Guarded, HunkPick, HunkRef, LineComment, Pick};
use crate::session::State;
use choices::Choices;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Which part of a review is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Selected,
    /// All that can be applied.
    All,
}

/// Hunks; a change without any counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) hunks: usize,
    /// Those that are in no conflict, and the files that have any.
    pub(crate) clean: usize,
    pub(crate) files_clean: usize,
    /// Whole or in part.
    pub(crate) accepted: usize,
    pub(crate) rejected: usize,
    /// Files of which something is accepted.
    pub(crate) files_accepted: usize,
    pub(crate) added: usize,
    pub(crate) removed: usize,
}

pub(crate) struct Review {
    pub(crate) source: Source,
    pub(crate) changes: Arc<Vec<Change>>,
    /// Rises with whatever may change what is shown.
    pub(crate) revision: u64,
    /// Rises with each other list of changes.
    pub(crate) generation: u64,
    pub(crate) summary: Summary,
    pub(crate) guards: Vec<Guarded>,
    /// Said of lines, and not sent yet.
    pub(crate) comments: Vec<LineComment>,
    /// What the user has chosen, as a decision.
    selected: Decision,
    /// Guards that say something of what is selected, and of all.
    guarded: (Vec<Guarded>, Vec<Guarded>),
    choices: Choices,
    /// What holds where the user chose nothing, if that is not `Accepted`.
    held: HashSet<HunkRef>,
    /// What became of past edits, by change.
    states: Vec<Choice>,
    /// The newest event that was taken in; of past edits.
    seq: u64,
}

impl Review {
    pub(crate) fn new() -> Self {
        Self {
            source: Source::Nothing,
            changes: Arc::default(),
            revision: 0,
            generation: 0,
            summary: Summary::default(),
            guards: Vec::new(),
            comments: Vec::new(),
            selected: Decision::default(),
            guarded: (Vec::new(), Vec::new()),
            choices: Choices::default(),
            held: HashSet::new(),
            states: Vec::new(),
            seq: 0,
        }
    }

    /// Takes in what there is to review now. It costs next to nothing if that is what there was.
    pub(crate) fn sync(&mut self, state: &State, draft: &Arc<Vec<Change>>) {
        let source = shown::source(state);
        let is_same = source == self.source
            && match source {
                Source::Draft => Arc::ptr_eq(&self.changes, draft),
                Source::Past => self.seq == state.seq,
                Source::Ask(_) | Source::Nothing => true,
            };
        self.seq = state.seq;
        if is_same && (source != Source::Draft || !shown::has_new_guards(state, &self.guards)) {
            return;
        }
        let (changes, states) = if is_same {
            (Arc::clone(draft), Vec::new())
        } else {
            shown::changes(state, draft, source)
        };
        let guards = match source {
            Source::Draft => shown::guards(state, &self.guards, &changes),
            _ => Vec::new(),
        };
        let is_kept = source == self.source && *changes == *self.changes;
        if is_kept && guards == self.guards && states == self.states {
            self.changes = changes;
            return;
        }
        if !is_kept {
            self.choices = Choices::new(self.carried(source, &changes));
            self.generation += 1;
        }
        (self.source, self.changes, self.states, self.guards) = (source, changes, states, guards);
        self.held = self.held();
        self.count();
    }

    /// What the user chose of changes that are still there. Of a change that became another one, what
    /// was kept out stays out; nothing of it is taken in unseen.
    fn carried(&self, source: Source, changes: &[Change]) -> HashMap<HunkRef, Mark> {
        if source != Source::Draft || self.source != Source::Draft {
            return HashMap::new();
        }
        let carry = |(at, mark): (&HunkRef, &Mark)| {
            let old = self.changes.get(at.change)?;
            if let Some(change) = changes.iter().position(|new| new.id == old.id) {
                return Some((HunkRef { change, ..*at }, mark.clone()));
            }
            let change = changes.iter().position(|new| new.path == old.path)?;
            let lines = &old.hunks.get(at.hunk)?.lines;
            let hunk = changes[change].hunks.iter().position(|new| new.lines == *lines)?;
            let is_out = !mark.has(Choice::Accepted);
            is_out.then(|| (HunkRef { change, hunk }, mark.clone()))
        };
        self.choices.marks().filter_map(carry).collect()
    }

    /// What needs a word of the user's own before it is selected.
    fn held(&self) -> HashSet<HunkRef> {
        let mut held = HashSet::new();
        for (index, change) in self.changes.iter().enumerate().filter(|(_, change)| change.conflict)
        {
            held.extend((0..units(change)).map(|hunk| HunkRef { change: index, hunk }));
        }
        for (_, hunks) in self.guards_with_hunks() {
            held.extend(hunks);
        }
        held
    }

    /// Each guard whose change is here and can be applied, with the hunks that it is about.
    fn guards_with_hunks(&self) -> impl Iterator<Item = (&Guarded, Vec<HunkRef>)> {
        let changes = self.changes.iter().enumerate();
        let places: HashMap<_, _> = changes.map(|(index, change)| (&change.id, index)).collect();
        self.guards.iter().filter_map(move |guard| {
            let change = *places.get(&guard.id)?;
            let units = units(&self.changes[change]);
            let hunks = guard.hunk.map_or(0..units, |hunk| hunk..hunk + 1);
            let hunks = hunks.map(|hunk| HunkRef { change, hunk }).collect();
            (!self.changes[change].conflict).then_some((guard, hunks))
        })
    }

    /// What is chosen of a hunk; of a change without hunks, its hunk 0.
    pub(crate) fn mark(&self, at: HunkRef) -> Mark {
        let or = || match (self.states.get(at.change), self.held.contains(&at)) {
            (Some(state), _) => Mark::of(*state),
            (None, true) => Mark::of(Choice::Pending),
            (None, false) => Mark::of(Choice::Accepted),
        };
        self.choices.get(at).cloned().unwrap_or_else(or)
    }

    pub(crate) fn choice(&self, at: HunkRef) -> Choice {
        let hunk = self.changes.get(at.change).and_then(|change| change.hunks.get(at.hunk));
        self.mark(at).hunk(hunk)
    }

    /// Hunks can be chosen.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.source, Source::Ask(_) | Source::Draft)
    }

    pub(crate) fn choose(&mut self, marks: Vec<(HunkRef, Mark)>) {
        if self.choices.put(marks) {
            self.count();
        }
    }

    /// Whether there was a choice to take back.
    pub(crate) fn undo(&mut self) -> bool {
        let undone = self.is_open() && self.choices.undo();
        if undone {
            self.count();
        }
        undone
    }

    pub(crate) fn redo(&mut self) -> bool {
        let redone = self.is_open() && self.choices.redo();
        if redone {
            self.count();
        }
        redone
    }

    fn count(&mut self) {
        let mut summary = Summary::default();
        for (index, change) in self.changes.iter().enumerate() {
            let before = summary.accepted;
            for hunk in 0..units(change) {
                let mark = self.mark(HunkRef { change: index, hunk });
                let choice = mark.hunk(change.hunks.get(hunk));
                let has_some = choice == Choice::Mixed && mark.has(Choice::Accepted);
                summary.hunks += 1;
                summary.accepted += usize::from(choice == Choice::Accepted || has_some);
                summary.rejected += usize::from(choice == Choice::Rejected);
            }
            if !change.conflict {
                summary.clean += units(change);
                summary.files_clean += 1;
            }
            summary.files_accepted += usize::from(summary.accepted > before);
            let (added, removed) = change.counts();
            summary.added += added;
            summary.removed += removed;
        }
        self.summary = summary;
        self.selected = self.decide();
        let guards: Vec<_> = self.guards_with_hunks().collect();
        let is_selected =
            |hunks: &[HunkRef]| hunks.iter().any(|at| self.mark(*at).has(Choice::Accepted));
        let of = |guard: &(&Guarded, Vec<HunkRef>)| guard.0.clone();
        self.guarded = (
            guards.iter().filter(|(_, hunks)| is_selected(hunks)).map(of).collect(),
            guards.iter().map(of).collect(),
        );
        self.revision += 1;
    }

    /// What a yes would decide; nothing of a conflict is accepted.
    pub(crate) fn decision(&self, scope: Scope) -> Decision {
        let whole = |change: &Change| Pick { id: change.id.clone(), hunks: None };
        match scope {
            Scope::Selected => self.selected.clone(),
            Scope::All => Decision {
                accept: self.changes.iter().filter(|change| !change.conflict).map(whole).collect(),
                ..Decision::default()
            },
        }
    }

    fn decide(&self) -> Decision {
        let mut decision = Decision::default();
        for (index, change) in self.changes.iter().enumerate() {
            if !change.conflict {
                decision.accept.extend(self.pick(index, change, Choice::Accepted));
            }
            decision.reject.extend(self.pick(index, change, Choice::Rejected));
        }
        decision
    }

    /// What of a change is chosen so.
    fn pick(&self, index: usize, change: &Change, choice: Choice) -> Option<Pick> {
        let pick = |hunk: usize| {
            let mark = self.mark(HunkRef { change: index, hunk });
            let lines = change.hunks.get(hunk);
            match mark.hunk(lines) {
                all if all == choice => Some(HunkPick { hunk, lines: None }),
                Choice::Mixed => {
                    let of = lines.into_iter().flat_map(changed);
                    let lines: Vec<_> = of.filter(|line| mark.line(*line) == choice).collect();
                    (!lines.is_empty()).then_some(HunkPick { hunk, lines: Some(lines) })
                }
                _ => None,
            }
        };
        let picks: Vec<_> = (0..units(change)).filter_map(pick).collect();
        let is_all = picks.len() == units(change) && picks.iter().all(|pick| pick.lines.is_none());
        let hunks = (!is_all).then_some(picks);
        hunks
            .as_ref()
            .is_none_or(|picks| !picks.is_empty())
            .then(|| Pick { id: change.id.clone(), hunks })
    }

    /// All of it is taken back in the draft.
    pub(crate) fn reject_all(&self) -> Decision {
        let pick = |change: &Change| Pick { id: change.id.clone(), hunks: None };
        Decision { reject: self.changes.iter().map(pick).collect(), ..Decision::default() }
    }

    /// What gates are to run on; empty: on the whole draft. None: nothing is selected.
    pub(crate) fn gate_picks(&self) -> Option<&[Pick]> {
        let accept = self.selected.accept.as_slice();
        let is_all =
            accept.len() == self.changes.len() && accept.iter().all(|pick| pick.hunks.is_none());
        match accept {
            [] => None,
            _ if is_all => Some(&[]),
            some => Some(some),
        }
    }

    /// The guards that the decision needs a typed yes for.
    pub(crate) fn guarded(&self, scope: Scope) -> &[Guarded] {
        match scope {
            Scope::Selected => &self.guarded.0,
            Scope::All => &self.guarded.1,
        }
    }

    /// Hunks that are accepted whole: what an `Apply` can be answered with.
    pub(crate) fn accepted(&self) -> Vec<HunkRef> {
        let changes = self.changes.iter().enumerate();
        let hunks = changes
            .flat_map(|(change, it)| (0..it.hunks.len()).map(move |hunk| HunkRef { change, hunk }));
        hunks.filter(|at| self.choice(*at) == Choice::Accepted).collect()
    }
}

/// What of a change can be chosen for itself.
pub(crate) fn units(change: &Change) -> usize {
    change.hunks.len().max(1)
}
