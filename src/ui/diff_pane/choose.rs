//! What of the diff the keys choose, and what comes of it.

use super::DiffPane;
use crate::protocol::{Change, HunkRef, LineKind};
use crate::ui::diff::{RowKind, Spot, parts, splits};
use crate::ui::keymap::DiffVerb;
use crate::ui::review::{Choice, Mark, Source, changed, units};
use std::collections::BTreeMap;

/// A hunk, or some of its lines.
type Target = (HunkRef, Option<Vec<usize>>);

/// A hunk as it can be written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HunkText {
    pub(crate) at: HunkRef,
    pub(crate) path: String,
    /// Its same and added lines, each ended.
    pub(crate) text: String,
}

impl DiffPane {
    fn change(&self, index: usize) -> Option<&Change> {
        self.review.changes.get(index)
    }

    /// Chooses what the cursor, or the range, is on. Returns what is to be said of it.
    pub(crate) fn choose(&mut self, verb: DiffVerb) -> Option<String> {
        let is_file = matches!(verb, DiffVerb::AcceptFile | DiffVerb::RejectFile);
        let targets = if is_file { self.file_targets() } else { self.targets() };
        if targets.is_empty() {
            return Some("nothing to choose in this row".to_owned());
        }
        let is_asked = matches!(self.review.source, Source::Ask(_));
        if is_asked && targets.iter().any(|(_, lines)| lines.is_some()) {
            return Some("in place a hunk is written whole or not at all".to_owned());
        }
        let choice = match verb {
            DiffVerb::Accept | DiffVerb::AcceptFile => Choice::Accepted,
            DiffVerb::Reject | DiffVerb::RejectFile => Choice::Rejected,
            _ if !self.is_accepted(&targets) => Choice::Accepted,
            _ if is_asked => Choice::Rejected,
            _ => Choice::Pending,
        };
        let in_conflict = |(at, _): &Target| self.change(at.change).is_some_and(|it| it.conflict);
        if choice == Choice::Accepted && targets.iter().any(in_conflict) {
            return Some("a conflict: D keeps the draft's side, T the tree's".to_owned());
        }
        let mark = |(at, lines): Target| {
            let hunk = self.change(at.change).and_then(|change| change.hunks.get(at.hunk));
            let mark = match (hunk, lines) {
                (Some(hunk), Some(lines)) => self.review.mark(at).with(hunk, &lines, choice),
                _ => Mark::of(choice),
            };
            (at, mark)
        };
        let marks = targets.into_iter().map(mark).collect();
        self.review.choose(marks);
        self.anchor = None;
        self.go_on(verb)
    }

    /// To what is decided next.
    fn go_on(&mut self, verb: DiffVerb) -> Option<String> {
        if !matches!(verb, DiffVerb::Accept | DiffVerb::Reject) {
            return None;
        }
        let is_next = if self.by_line {
            let rows = self.cursor + 1..self.view.len();
            let is_line =
                |spot: &Spot| spot.kind == RowKind::Line && !self.changed_lines(spot).is_empty();
            let next = self.view.find(rows, is_line);
            self.cursor = next.unwrap_or(self.cursor);
            next.is_some()
        } else {
            self.go(DiffVerb::NextHunk)
        };
        (!is_next).then(|| "that was the last one: Enter asks for the answer".to_owned())
    }

    fn is_accepted(&self, targets: &[Target]) -> bool {
        targets.iter().all(|(at, lines)| match lines {
            Some(lines) => self.review.mark(*at).over(lines.iter().copied()) == Choice::Accepted,
            None => self.review.choice(*at) == Choice::Accepted,
        })
    }

    fn file_targets(&self) -> Vec<Target> {
        let Some(spot) = self.spot() else { return Vec::new() };
        let units = self.change(spot.change).map_or(0, units);
        (0..units).map(|hunk| (HunkRef { change: spot.change, hunk }, None)).collect()
    }

    fn targets(&self) -> Vec<Target> {
        let Some(here) = self.spot() else { return Vec::new() };
        if self.anchor.is_some() || (self.by_line && here.kind == RowKind::Line) {
            let mut lines: BTreeMap<HunkRef, Vec<usize>> = BTreeMap::new();
            for spot in self.range().filter_map(|row| self.view.spot(row)) {
                if let Some(at) = spot.at() {
                    lines.entry(at).or_default().extend(self.changed_lines(&spot));
                }
            }
            lines.retain(|_, lines| !lines.is_empty());
            return lines.into_iter().map(|(at, lines)| (at, Some(lines))).collect();
        }
        match here.at() {
            Some(at) => vec![(at, self.part_lines(at, here.part))],
            None => self.file_targets(),
        }
    }

    /// The changed lines that a row shows.
    fn changed_lines(&self, spot: &Spot) -> Vec<usize> {
        let hunk =
            self.change(spot.change).zip(spot.hunk).and_then(|(it, hunk)| it.hunks.get(hunk));
        let is_changed =
            |line: &usize| hunk.is_some_and(|hunk| hunk.lines[*line].kind != LineKind::Same);
        let mut lines: Vec<_> = spot.lines().filter(is_changed).collect();
        lines.dedup();
        lines
    }

    /// The changed lines of a part; None: it is all of the hunk.
    fn part_lines(&self, at: HunkRef, part: usize) -> Option<Vec<usize>> {
        let splits = self.arrangement.splits.get(&at)?;
        let hunk = self.change(at.change)?.hunks.get(at.hunk)?;
        let range = parts(hunk, Some(splits)).get(part)?.clone();
        Some(changed(hunk).filter(|line| range.contains(line)).collect())
    }

    /// Splits the hunk under the cursor, or makes it whole again.
    pub(crate) fn split(&mut self) -> Option<String> {
        if self.review.source != Source::Draft {
            return Some("in place a hunk is written whole or not at all".to_owned());
        }
        let at = self.spot().and_then(|spot| spot.at());
        let Some((at, hunk)) =
            at.and_then(|at| Some((at, self.change(at.change)?.hunks.get(at.hunk)?)))
        else {
            return Some("no hunk is here".to_owned());
        };
        let splits = splits(hunk);
        if splits.is_empty() {
            return Some("nothing in it stays the same: a chooses single lines".to_owned());
        }
        if self.arrangement.splits.remove(&at).is_none() {
            self.arrangement.splits.insert(at, splits);
        }
        self.rearrange();
        None
    }

    /// The hunk under the cursor, to be written anew.
    pub(crate) fn hunk_text(&self) -> Option<HunkText> {
        let at = self.spot()?.at()?;
        let change = self.change(at.change)?;
        let lines = change.hunks.get(at.hunk)?.lines.iter();
        let new = lines.filter(|line| line.kind != LineKind::Removed);
        let text = new.map(|line| format!("{}\n", line.text)).collect();
        Some(HunkText { at, path: change.path.clone(), text })
    }
}
