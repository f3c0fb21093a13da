//! One path of a draft against its tree and its base: what is pending of it, and by whose doing.

use super::WorkspaceError;
use super::base::{Base, Content};
use super::compare::{Difference, Side, side};
use super::copy::Stamp;
use super::draft::{Draft, Inner};
use super::git::run;
use super::layer::Seen;
use super::merge::{Verdict, judge};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::time::Duration;

const BLOB_TIME_MAX: Duration = Duration::from_secs(2);

/// What a path's three sides came to.
pub(super) struct Compared {
    pub(super) tree: Side,
    pub(super) draft: Side,
    pub(super) verdict: Verdict,
    /// What is pending of the draft's.
    pub(super) difference: Option<Difference>,
}

impl Draft {
    /// How a path differs, and by whose doing. The base is brought up to date on the way.
    pub(super) fn compare(
        &self,
        inner: &mut Inner,
        path: &Path,
        seen: Seen,
    ) -> Result<Compared, WorkspaceError> {
        let stamp = Stamp::at(&self.tree.join(path));
        let old = side(&self.tree, path)?;
        let draft = match self.layer.side(&self.tree, path, seen)? {
            // A folder in place of a file: the file is gone.
            Side::Other => Side::Absent,
            draft => draft,
        };
        let mut base = match inner.bases.get(path) {
            Some(base) => base.clone(),
            None => self.first(inner, path, seen, (&old, stamp)),
        };
        let verdict = if old == Side::Other && draft == Side::Absent {
            Verdict::Same
        } else {
            judge(&base, &inner.bases, &old, &draft)
        };
        let settles = match &verdict {
            Verdict::Same | Verdict::Ours => true,
            // What the tree has is in the draft already.
            Verdict::Merged(merged) => *merged == draft,
            Verdict::Theirs | Verdict::Conflict => false,
        };
        if settles {
            base.content = Content::of(&old);
            base.tree = stamp;
            if let (Side::File { bytes, .. }, Seen::There(_)) = (&old, seen) {
                inner.bases.keep(bytes).map_err(|error| self.failed(error))?;
            }
        }
        if verdict == Verdict::Same {
            base.by.clear();
        }
        inner.bases.insert(path, base);
        let is_conflict = verdict == Verdict::Conflict;
        let new = match &verdict {
            Verdict::Same | Verdict::Theirs => None,
            Verdict::Ours | Verdict::Conflict => Some(draft.clone()),
            Verdict::Merged(merged) => Some(merged.clone()),
        };
        let path = path.to_owned();
        let difference =
            new.map(|new| Difference { path, from: None, old: old.clone(), new, is_conflict });
        Ok(Compared { tree: old, draft, verdict, difference })
    }

    /// The base of a path that nobody looked at before: what the tree has, if that was not touched
    /// since the draft's view was known to be fresh; else what git has.
    fn first(
        &self,
        inner: &mut Inner,
        path: &Path,
        seen: Seen,
        old: (&Side, Option<Stamp>),
    ) -> Base {
        let (side, stamp) = old;
        let synced = inner.bases.synced();
        // Of what is not there only its folder can tell.
        let nearest = || path.ancestors().skip(1).find_map(|it| Stamp::at(&self.tree.join(it)));
        let touched = stamp.or_else(nearest).is_some_and(|stamp| stamp.changed() > synced);
        let content = if !touched {
            Content::of(side)
        } else if let Some((bytes, executable)) = self.blob(inner, path) {
            // Without it there is a conflict where a merge would do.
            let _ = inner.bases.keep(&bytes);
            Content::of(&Side::File { bytes, executable })
        } else if *side == Side::Absent || seen == (Seen::Gone { above: true }) {
            // A new file of the user's, in a folder that the draft removed: it never had it.
            Content::Absent
        } else {
            Content::Unknown
        };
        Base { content, tree: stamp, draft: None, is_attributed: false, by: Vec::new() }
    }

    /// What git's index has at a path.
    fn blob(&self, inner: &mut Inner, path: &Path) -> Option<(Vec<u8>, bool)> {
        if !inner.rules.is_tracked(self.sides(), path) {
            return None;
        }
        let top = &self.repository.as_ref()?.top;
        let list = ["--literal-pathspecs", "ls-files", "-s", "-z", "--"].map(OsString::from);
        let listed = run(top, &[&list[..], &[path.into()]].concat(), BLOB_TIME_MAX)?;
        let is_executable = listed.starts_with(b"100755 ");
        if !is_executable && !listed.starts_with(b"100644 ") {
            return None;
        }
        let name = [b":0:", path.as_os_str().as_bytes()].concat();
        let args = ["cat-file".into(), "blob".into(), OsString::from_vec(name)];
        Some((run(top, &args, BLOB_TIME_MAX)?, is_executable))
    }
}
