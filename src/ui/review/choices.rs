//! What the user has chosen of a list of changes: whole hunks, or single lines of them. Every step
//! can be undone. It knows no keys and draws nothing.

use crate::protocol::{Hunk, HunkRef, LineKind};
use std::collections::{BTreeMap, HashMap};

/// Steps that can be undone.
const UNDO_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Accepted,
    Rejected,
    /// It stays where it is.
    Pending,
    /// Some of its lines so, others so.
    Mixed,
}

/// What is chosen of one hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    whole: Choice,
    /// Lines that are chosen otherwise than the whole, by their index in the hunk.
    lines: BTreeMap<usize, Choice>,
}

impl Mark {
    pub(crate) const fn of(whole: Choice) -> Self {
        Self { whole, lines: BTreeMap::new() }
    }

    pub(crate) fn line(&self, line: usize) -> Choice {
        self.lines.get(&line).copied().unwrap_or(self.whole)
    }

    /// What is chosen of some lines together.
    pub(crate) fn over(&self, lines: impl IntoIterator<Item = usize>) -> Choice {
        if self.lines.is_empty() {
            return self.whole;
        }
        let mut choices = lines.into_iter().map(|line| self.line(line));
        let Some(first) = choices.next() else { return self.whole };
        if choices.all(|choice| choice == first) { first } else { Choice::Mixed }
    }

    /// What is chosen of a hunk that is not cut in parts.
    pub(crate) fn hunk(&self, hunk: Option<&Hunk>) -> Choice {
        if self.lines.is_empty() {
            self.whole
        } else {
            self.over(hunk.into_iter().flat_map(changed))
        }
    }

    /// The same with these lines chosen so.
    pub(crate) fn with(mut self, hunk: &Hunk, lines: &[usize], choice: Choice) -> Self {
        self.lines.extend(lines.iter().map(|line| (*line, choice)));
        match self.over(changed(hunk)) {
            Choice::Mixed => self,
            whole => Self::of(whole),
        }
    }

    pub(crate) fn has(&self, choice: Choice) -> bool {
        self.whole == choice || self.lines.values().any(|of| *of == choice)
    }
}

/// The indices of the lines that a hunk changes.
pub(crate) fn changed(hunk: &Hunk) -> impl Iterator<Item = usize> {
    let lines = hunk.lines.iter().enumerate();
    lines.filter(|(_, line)| line.kind != LineKind::Same).map(|(index, _)| index)
}

/// What it was before; None: not chosen by the user.
type Step = Vec<(HunkRef, Option<Mark>)>;

#[derive(Default)]
pub(crate) struct Choices {
    /// What the user chose, as opposed to what holds without that.
    marks: HashMap<HunkRef, Mark>,
    undo: Vec<Step>,
    redo: Vec<Step>,
}

impl Choices {
    pub(crate) fn new(marks: HashMap<HunkRef, Mark>) -> Self {
        Self { marks, undo: Vec::new(), redo: Vec::new() }
    }

    pub(crate) fn get(&self, at: HunkRef) -> Option<&Mark> {
        self.marks.get(&at)
    }

    pub(crate) fn marks(&self) -> impl Iterator<Item = (&HunkRef, &Mark)> {
        self.marks.iter()
    }

    /// One step of the user's. Returns whether it changed anything.
    pub(crate) fn put(&mut self, marks: Vec<(HunkRef, Mark)>) -> bool {
        let is_new = |(at, mark): &(HunkRef, Mark)| self.marks.get(at) != Some(mark);
        let step: Vec<_> =
            marks.into_iter().filter(is_new).map(|(at, new)| (at, Some(new))).collect();
        if step.is_empty() {
            return false;
        }
        let before = self.swap(step);
        self.undo.push(before);
        self.redo.clear();
        if self.undo.len() > UNDO_MAX {
            self.undo.remove(0);
        }
        true
    }

    /// Whether there was something to undo.
    pub(crate) fn undo(&mut self) -> bool {
        let Some(step) = self.undo.pop() else { return false };
        let step = self.swap(step);
        self.redo.push(step);
        true
    }

    pub(crate) fn redo(&mut self) -> bool {
        let Some(step) = self.redo.pop() else { return false };
        let step = self.swap(step);
        self.undo.push(step);
        true
    }

    /// Puts a step in force; returns the one that takes it back.
    fn swap(&mut self, step: Step) -> Step {
        let swap = |(at, mark)| match mark {
            Some(mark) => (at, self.marks.insert(at, mark)),
            None => (at, self.marks.remove(&at)),
        };
        step.into_iter().map(swap).collect()
    }
}
