//! What git leaves out of a draft: the ignore rules that hold in it, but for what git tracks all
//! the same. Rules are the draft's own; of a folder that it does not have any more, the tree's.

use super::Layer;
use super::copy::Stamp;
use super::folder::{Entry, Folder};
use super::git::{Repository, run};
use super::layer::Seen;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a file with rules; of a larger one none hold.
const RULES_BYTES_MAX: u64 = 1024 * 1024;
const LISTING_TIME_MAX: Duration = Duration::from_secs(5);
const NAME: &str = ".gitignore";

/// Kept between looks at the same draft.
#[derive(Debug, Default)]
pub(super) struct Rules {
    folders: BTreeMap<PathBuf, Known>,
    /// Of the whole repository, and of the user.
    outer: Option<[Arc<Gitignore>; 2]>,
    tracked: Option<(Option<Stamp>, Tracked)>,
}

#[derive(Debug)]
struct Known {
    /// Where its file is, and what it was.
    seen: Option<(PathBuf, Stamp)>,
    rules: Arc<Gitignore>,
    is_fresh: bool,
}

/// What git tracks, as it lists it: sorted by bytes, a NUL after each path.
#[derive(Debug, Default)]
struct Tracked {
    list: Vec<u8>,
    /// Where each path begins.
    starts: Vec<usize>,
}

/// The sides that rules are read from.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) tree: &'a Path,
    pub(super) layer: &'a Layer,
    pub(super) repository: Option<&'a Repository>,
}

impl Rules {
    /// A new look begins: files with rules may have changed.
    pub(super) fn refresh(&mut self) {
        self.outer = None;
        for known in self.folders.values_mut() {
            known.is_fresh = false;
        }
    }

    /// Whether a rule leaves `path` itself out; what is above it is not asked.
    pub(super) fn leaves_out(&mut self, sides: Sides<'_>, path: &Path, is_folder: bool) -> bool {
        for folder in path.ancestors().skip(1) {
            let rules = self.of(sides, folder);
            let inside = path.strip_prefix(folder).unwrap_or(path);
            match rules.matched(inside, is_folder) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        let outer = self.outer.get_or_insert_with(|| outer(sides.repository));
        let verdict = outer.iter().find_map(|rules| match rules.matched(path, is_folder) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        });
        verdict.unwrap_or(false)
    }

    fn of(&mut self, sides: Sides<'_>, folder: &Path) -> Arc<Gitignore> {
        if let Some(known) = self.folders.get(folder).filter(|known| known.is_fresh) {
            return Arc::clone(&known.rules);
        }
        let seen = place(sides, folder);
        let rules = match self.folders.get(folder).filter(|known| known.seen == seen) {
            Some(known) => Arc::clone(&known.rules),
            None => Arc::new(seen.as_ref().map_or_else(Gitignore::empty, |(path, _)| read(path))),
        };
        let known = Known { seen, rules: Arc::clone(&rules), is_fresh: true };
        self.folders.insert(folder.to_owned(), known);
        rules
    }

    pub(super) fn is_tracked(&mut self, sides: Sides<'_>, path: &Path) -> bool {
        let tracked = self.tracked(sides.repository);
        let wanted = path.as_os_str().as_bytes();
        tracked.starts.binary_search_by(|start| tracked.at(*start).cmp(wanted)).is_ok()
    }

    /// What git tracks in a folder and below.
    pub(super) fn tracked_below(&mut self, sides: Sides<'_>, folder: &Path) -> Vec<PathBuf> {
        let tracked = self.tracked(sides.repository);
        let lead = [folder.as_os_str().as_bytes(), b"/"].concat();
        let from = tracked.starts.partition_point(|start| tracked.at(*start) < lead.as_slice());
        let below = tracked.starts[from..].iter().map(|start| tracked.at(*start));
        let below = below.take_while(|path| path.starts_with(&lead));
        below.map(|path| PathBuf::from(OsStr::from_bytes(path))).collect()
    }

    /// Listed again only when the tree's index has changed.
    fn tracked(&mut self, repository: Option<&Repository>) -> &Tracked {
        let stamp = repository.and_then(|repository| Stamp::at(&repository.git.join("index")));
        if self.tracked.as_ref().is_none_or(|(known, _)| *known != stamp) {
            let tracked = repository.map(Tracked::list).unwrap_or_default();
            self.tracked = Some((stamp, tracked));
        }
        match &self.tracked {
            Some((_, tracked)) => tracked,
            None => unreachable!("it was filled above"),
        }
    }
}

impl Tracked {
    fn list(repository: &Repository) -> Tracked {
        let list = |args: &[&str]| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            run(&repository.top, &args, LISTING_TIME_MAX)
        };
        let all = list(&["ls-files", "-z", "--cached"]);
        // A list that is too long: then at least what the tree's own rules would leave out.
        let few = || list(&["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"]);
        let list = all.or_else(few).unwrap_or_default();
        let mut starts = Vec::new();
        let mut next = 0;
        for (at, _) in list.iter().enumerate().filter(|(_, byte)| **byte == 0) {
            starts.push(next);
            next = at + 1;
        }
        Tracked { list, starts }
    }

    fn at(&self, start: usize) -> &[u8] {
        self.list[start..].split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// The file whose rules hold in a folder.
fn place(sides: Sides<'_>, folder: &Path) -> Option<(PathBuf, Stamp)> {
    let path = folder.join(NAME);
    let in_tree =
        || Stamp::at(&sides.tree.join(&path)).map(|stamp| (sides.tree.join(&path), stamp));
    match sides.layer.look(&path).ok()? {
        Seen::Through => in_tree(),
        Seen::There(stamp) => Some((sides.layer.upper.join(&path), stamp)),
        Seen::Folder => None,
        Seen::Gone { .. } => match sides.layer.look(folder).ok()? {
            Seen::Gone { .. } | Seen::There(_) => in_tree(),
            Seen::Through | Seen::Folder => None,
        },
    }
}

fn read(path: &Path) -> Gitignore {
    let folder = Folder::open(path.parent().unwrap_or(Path::new("")), Path::new(""));
    let entry = folder.and_then(|folder| folder.read(NAME.as_ref(), RULES_BYTES_MAX));
    let Ok(Entry::File(content)) = entry else { return Gitignore::empty() };
    rules(&content.bytes)
}

fn rules(text: &[u8]) -> Gitignore {
    // Paths are given as they are from the rules' folder.
    let mut builder = GitignoreBuilder::new(".");
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    for line in String::from_utf8_lossy(text).lines() {
        // A line that is no rule is passed over, as git does.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

fn outer(repository: Option<&Repository>) -> [Arc<Gitignore>; 2] {
    let own = repository.and_then(|repository| {
        let folder = Folder::open(&repository.common, Path::new("info")).ok()?;
        match folder.read("exclude".as_ref(), RULES_BYTES_MAX).ok()? {
            Entry::File(content) => Some(rules(&content.bytes)),
            Entry::Absent | Entry::Other => None,
        }
    });
    let (users, _) = GitignoreBuilder::new(".").build_global();
    [Arc::new(own.unwrap_or_else(Gitignore::empty)), Arc::new(users)]
}
