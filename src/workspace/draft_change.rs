//! What the user does to a draft's changes: parts taken back, a hunk written anew, a conflict
//! settled. All of it is written into the draft; the tree is not touched.

use super::base::Content;
use super::compare::{Difference, Side};
use super::copy::Stamp;
use super::draft::{Draft, Fixed, Inner};
use super::draft_decide::{Selected, merged};
use super::draft_select::{Half, select};
use super::draft_write::Fresh;
use super::ending::ending;
use super::layer::Seen;
use super::{CONTEXT_LINES, PickError};
use crate::protocol::{Author, ChangeId, Hunk, Keep, LineKind, Pick};
use crate::text;
use std::path::{Path, PathBuf};

/// A path that is to be written in the draft.
struct Step {
    path: PathBuf,
    /// What the draft has; None where it cannot be read.
    draft: Option<Side>,
    wanted: To,
    /// Whether the draft is based on the tree as it is, from then on.
    settles: bool,
}

enum To {
    Tree,
    Side(Side),
}

impl Draft {
    pub(super) fn reject(&self, picks: &[Pick]) -> Result<Vec<String>, PickError> {
        let mut inner = self.lock();
        let mut steps = Vec::new();
        for pick in merged(picks) {
            self.back(&mut inner, &pick, &mut steps)?;
        }
        self.take(&mut inner, steps)
    }

    /// The steps that take the parts of one change back.
    fn back(&self, inner: &mut Inner, pick: &Pick, steps: &mut Vec<Step>) -> Result<(), PickError> {
        if let (Some(entry), None) = (self.entry(inner, &pick.id)?, &pick.hunks)
            && matches!(entry.fixed, Some(Fixed::Large | Fixed::Unreadable))
        {
            let path = entry.path;
            steps.push(Step { path, draft: None, wanted: To::Tree, settles: true });
            return Ok(());
        }
        let difference = self.picked(inner, &pick.id)?;
        let rest = select(&difference, pick, Half::Rest)?;
        if rest == difference.new && pick.hunks.is_some() {
            return Ok(());
        }
        let is_renamed = difference.from.is_some();
        let is_whole = pick.hunks.is_none() || (rest == difference.old && !is_renamed);
        let wanted = |side: Side| if is_whole { To::Tree } else { To::Side(side) };
        let settles = is_whole || !difference.is_conflict;
        let paths = [Some(difference.path), difference.from.filter(|_| pick.hunks.is_none())];
        for path in paths.into_iter().flatten() {
            let draft = Some(self.draft_side(inner, &path)?);
            // What remains of a renamed file stays under its new name.
            steps.push(Step { path, draft, wanted: wanted(rest.clone()), settles });
        }
        Ok(())
    }

    pub(super) fn amend(&self, id: &ChangeId, hunk: usize, text: &str) -> Result<(), PickError> {
        let mut inner = self.lock();
        let difference = self.picked(&mut inner, id)?;
        let path = difference.path.to_string_lossy().into_owned();
        let Side::File { bytes: new, executable } = &difference.new else {
            return Err(PickError::Whole { path });
        };
        if !difference.has_lines() {
            return Err(PickError::Whole { path });
        }
        let hunks = text::hunks(difference.old.bytes(), new, CONTEXT_LINES);
        let meant = hunks.get(hunk).ok_or(PickError::Hunk { path, hunk })?;
        let side = Side::File { bytes: rewritten(new, meant, text), executable: *executable };
        let draft = Some(self.draft_side(&mut inner, &difference.path)?);
        let settles = !difference.is_conflict;
        let path = difference.path.clone();
        self.take(&mut inner, vec![Step { path, draft, wanted: To::Side(side), settles }])?;
        inner.add_author(&difference.path, Author::User);
        Ok(inner.bases.save().map_err(|error| self.failed(error))?)
    }

    pub(super) fn rewrite(&self, id: &ChangeId, text: &str) -> Result<(), PickError> {
        let mut inner = self.lock();
        let Difference { path, old, new, is_conflict, .. } = self.picked(&mut inner, id)?;
        let Some(executable) = new.executable().or_else(|| old.executable()) else {
            return Err(PickError::Whole { path: path.to_string_lossy().into_owned() });
        };
        let side = Side::File { bytes: text.as_bytes().to_vec(), executable };
        let draft = Some(self.draft_side(&mut inner, &path)?);
        let step =
            Step { path: path.clone(), draft, wanted: To::Side(side), settles: !is_conflict };
        self.take(&mut inner, vec![step])?;
        inner.add_author(&path, Author::User);
        Ok(inner.bases.save().map_err(|error| self.failed(error))?)
    }

    pub(super) fn resolve(&self, id: &ChangeId, keep: Keep) -> Result<(), PickError> {
        let mut inner = self.lock();
        let Difference { path, old, is_conflict, .. } = self.picked(&mut inner, id)?;
        match keep {
            Keep::Tree => {
                let draft = Some(self.draft_side(&mut inner, &path)?);
                let step = Step { path, draft, wanted: To::Tree, settles: true };
                self.take(&mut inner, vec![step])?;
            }
            Keep::Draft if is_conflict => {
                let stamp = Stamp::at(&self.tree.join(&path));
                self.settle(&mut inner, &path, &old, stamp)?;
            }
            Keep::Draft => {}
        }
        Ok(inner.bases.save().map_err(|error| self.failed(error))?)
    }

    fn draft_side(&self, inner: &mut Inner, path: &Path) -> Result<Side, PickError> {
        let seen = self.layer.look(path).map_err(|error| self.failed(error))?;
        Ok(self.compare(inner, path, seen)?.draft)
    }

    /// What goes makes room for what comes: a file for a folder, a folder for a file.
    fn take(&self, inner: &mut Inner, mut steps: Vec<Step>) -> Result<Vec<String>, PickError> {
        let goes = |step: &Step| match &step.wanted {
            To::Tree => {
                Stamp::at(&self.tree.join(&step.path)).is_none_or(|stamp| stamp.is_folder())
            }
            To::Side(side) => *side == Side::Absent,
        };
        steps.sort_by_key(|step| (!goes(step), step.path.clone()));
        let mut written = Vec::new();
        for step in steps {
            let stamp = Stamp::at(&self.tree.join(&step.path));
            let fresh = match &step.wanted {
                To::Tree => Fresh::Tree,
                To::Side(side) => Fresh::Side(side),
            };
            self.put(&step.path, step.draft.as_ref(), fresh)?;
            if step.settles && step.draft.is_some() {
                let tree = super::compare::side(&self.tree, &step.path)?;
                self.settle(inner, &step.path, &tree, stamp)?;
            } else {
                inner.wrote(&step.path, self.layer.stamp(&step.path));
            }
            written.push(step.path.to_string_lossy().into_owned());
        }
        inner.bases.save().map_err(|error| self.failed(error))?;
        written.sort();
        Ok(written)
    }

    pub(super) fn landed(&self, parts: &[Selected]) -> Result<(), PickError> {
        let mut inner = self.lock();
        for Selected { path, old, new } in parts {
            let (old, new) = (Side::from(old), Side::from(new));
            // The user's changes that the draft has not seen so far are still to be merged into it.
            if inner.bases.get(path).is_some_and(|base| base.content == Content::of(&old)) {
                self.settle(&mut inner, path, &new, Stamp::at(&self.tree.join(path)))?;
            }
        }
        Ok(inner.bases.save().map_err(|error| self.failed(error))?)
    }

    /// From now on the draft's file is held against the tree's as it is; what stands in the draft
    /// is nobody's news.
    pub(super) fn settle(
        &self,
        inner: &mut Inner,
        path: &Path,
        tree: &Side,
        stamp: Option<Stamp>,
    ) -> Result<(), super::WorkspaceError> {
        let seen = self.layer.look(path).map_err(|error| self.failed(error))?;
        inner.settle(path, (tree, stamp), seen).map_err(|error| self.failed(error))
    }
}

/// `new` with a text in place of one hunk's new side. Lines that stay keep their own bytes, new
/// ones get the ends of those around them, and the file ends as it did: with a newline or without.
fn rewritten(new: &[u8], hunk: &Hunk, text: &str) -> Vec<u8> {
    let lines: Vec<&[u8]> = new.split_inclusive(|byte| *byte == b'\n').collect();
    let from = hunk.new_start.saturating_sub(u32::from(hunk.new_lines > 0)) as usize;
    let (from, to) = (from.min(lines.len()), (from + hunk.new_lines as usize).min(lines.len()));
    let region = &lines[from..to];
    let shown = hunk.lines.iter().filter(|line| line.kind != LineKind::Removed);
    let shown: String = shown.map(|line| format!("{}\n", line.text)).collect();
    let text: String = text.lines().map(|line| format!("{line}\n")).collect();
    let end = ending(&region.concat(), new);
    let body = |line: &[u8]| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line).to_vec()
    };
    let mut fresh = Vec::new();
    for (kept, line) in text::kept_lines(shown.as_bytes(), text.as_bytes()).iter().zip(text.lines())
    {
        match kept.and_then(|kept| region.get(kept)) {
            Some(raw) if raw.ends_with(b"\n") => fresh.extend_from_slice(raw),
            Some(raw) => fresh.extend([body(raw).as_slice(), end].concat()),
            None => fresh.extend([line.as_bytes(), end].concat()),
        }
    }
    let mut whole = [lines[..from].concat(), fresh, lines[to..].concat()].concat();
    let was_ended = new.is_empty() || new.ends_with(b"\n");
    if !was_ended && to == lines.len() {
        whole = match whole.strip_suffix(b"\n") {
            Some(cut) => cut.strip_suffix(b"\r").unwrap_or(cut).to_vec(),
            None => whole,
        };
    }
    whole
}

impl Inner {
    pub(super) fn settle(
        &mut self,
        path: &Path,
        (tree, stamp): (&Side, Option<Stamp>),
        seen: Seen,
    ) -> std::io::Result<()> {
        if let (Side::File { bytes, .. }, Seen::There(_)) = (tree, seen) {
            self.bases.keep(bytes)?;
        }
        self.bases.settle(path, tree, stamp, seen.stamp());
        Ok(())
    }
}
