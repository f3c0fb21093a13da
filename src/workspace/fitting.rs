//! A patch held against the tree: what each path would have if chosen parts of it landed there.

use super::apply_plan::check_name;
use super::base::hash;
use super::compare::{Difference, SHOWN_BYTES_MAX, Side, side};
use super::git_patch::{Body, Data, End, FilePatch, Kind, place};
use super::patch::patch;
use super::proposal::is_binary;
use super::{ApplyError, Contents, GitPatch, Selected, Workspace, WorkspaceError};
use crate::protocol::Change;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Digits of an object's name that tell it from any other of its file.
const OBJECT_DIGITS_MIN: usize = 7;
const OBJECT_DIGITS: usize = 40;

/// A patch that fits, or the chosen parts of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fitted {
    pub files: Vec<FittedFile>,
    /// What would land; empty: the tree has it all.
    pub selected: Vec<Selected>,
    /// What takes it back, as a patch.
    pub undo: Vec<u8>,
}

/// What chosen parts of a patch do to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FittedFile {
    /// The tree's file against what it would become; without hunks if the tree has it already.
    pub change: Change,
    pub contents: Contents,
    /// Numbers of all its parts, from 1.
    pub parts: Range<usize>,
    /// Those of them that were chosen, and are in the tree already.
    pub already: BTreeSet<usize>,
}

/// A part that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    pub path: String,
    /// Its number, from 1.
    pub part: usize,
    /// A clause.
    pub why: String,
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}, hunk {}: {}", self.path, self.part, self.why)
    }
}

/// Why a patch does not go into the tree. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    #[error("the patch does not fit:\n{}", lines(.0))]
    Unfit(Vec<Unfit>),
    #[error("there is no hunk {part}: the patch has {parts}")]
    Part { part: usize, parts: usize },
    #[error(transparent)]
    Name(ApplyError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

fn lines(unfit: &[Unfit]) -> String {
    unfit.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n")
}

impl Workspace {
    /// Holds the parts of a patch with these numbers, or all, against the tree. Parts that the
    /// tree has already are left out. All that does not fit is told at once.
    pub fn fit(
        &self,
        patch: &GitPatch,
        chosen: Option<&BTreeSet<usize>>,
    ) -> Result<Fitted, FitError> {
        let parts = patch.parts();
        if let Some(part) = chosen.into_iter().flatten().find(|part| !(1..=parts).contains(*part)) {
            return Err(FitError::Part { part: *part, parts });
        }
        let mut fitting = Fitting {
            root: self.root(),
            paths: BTreeMap::new(),
            files: Vec::new(),
            unfit: Vec::new(),
            bytes_left: SHOWN_BYTES_MAX,
        };
        let is_chosen = |part: usize| chosen.is_none_or(|chosen| chosen.contains(&part));
        let mut files = patch.files.as_slice();
        while let [file, rest @ ..] = files {
            let made =
                rest.first().filter(|made| made.first == file.first && is_chosen(file.first));
            if let Some(made) = made
                && fitting.is_made(made)?
            {
                files = &rest[1..];
                continue;
            }
            fitting.file(file, &is_chosen)?;
            files = rest;
        }
        if !fitting.unfit.is_empty() {
            return Err(FitError::Unfit(fitting.unfit));
        }
        Ok(fitting.done())
    }
}

struct Fitting<'a> {
    root: &'a Path,
    /// What the tree has, and what it would have after the files so far.
    paths: BTreeMap<PathBuf, (Side, Side)>,
    files: Vec<FittedFile>,
    unfit: Vec<Unfit>,
    bytes_left: u64,
}

/// What a file was and becomes.
struct Turn {
    old: Side,
    new: Side,
    already: BTreeSet<usize>,
    /// The file goes from where it was.
    leaves: bool,
}

impl Turn {
    const fn new(old: Side, new: Side, already: BTreeSet<usize>) -> Turn {
        Turn { old, new, already, leaves: false }
    }
}

impl Fitting<'_> {
    fn now(&mut self, path: &Path) -> Result<Side, FitError> {
        check_name(path).map_err(FitError::Name)?;
        if let Some((_, now)) = self.paths.get(path) {
            return Ok(now.clone());
        }
        let found = side(self.root, path)?;
        self.paths.insert(path.to_owned(), (found.clone(), found.clone()));
        Ok(found)
    }

    fn set(&mut self, path: &Path, side: &Side) {
        if let Some((_, now)) = self.paths.get_mut(path) {
            now.clone_from(side);
        }
    }

    /// Whether a file that is removed and made anew as something else is that already.
    fn is_made(&mut self, made: &FilePatch) -> Result<bool, FitError> {
        let path = made.path().cloned().unwrap_or_default();
        let there = self.now(&path)?;
        let Ok(turn) = created(made, there) else { return Ok(false) };
        let is_made = !turn.already.is_empty();
        if is_made {
            let Turn { old, new, already, .. } = turn;
            let same = Difference { path, from: None, old, new, is_conflict: false };
            self.show(&same, made.first..made.first + made.parts(), already);
        }
        Ok(is_made)
    }

    fn file(&mut self, file: &FilePatch, chosen: &dyn Fn(usize) -> bool) -> Result<(), FitError> {
        let parts = file.first..file.first + file.parts();
        if !parts.clone().any(chosen) {
            // Its names are checked all the same: a patch that leads out is none.
            for end in [&file.old, &file.new].into_iter().flatten() {
                check_name(&end.path).map_err(FitError::Name)?;
            }
            return Ok(());
        }
        let ends = [&file.old, &file.new].map(|end| end.as_ref().map(|end| end.path.clone()));
        let [source, target] = ends;
        let mut old = source.as_deref().map(|path| self.now(path)).transpose()?;
        if let Some(source) = source.as_ref().filter(|_| file.is_copy) {
            // Of what there was, whatever else the patch does to it.
            old = self.paths.get(source).map(|(was, _)| was.clone());
        }
        let there = target.as_deref().map(|path| self.now(path)).transpose()?;
        let path = file.path().cloned().unwrap_or_default();
        let turned = match (old, there) {
            (Some(old), Some(there)) if source != target => moved(file, old, there, chosen),
            (Some(old), Some(_)) => changed(file, old, chosen),
            (Some(old), None) => deleted(file, old, chosen),
            (None, there) => created(file, there.unwrap_or(Side::Absent)),
        };
        let turn = match turned {
            Ok(turn) => turn,
            Err(whys) => {
                let shown = path.to_string_lossy().into_owned();
                let one = |(part, why)| Unfit { path: shown.clone(), part: file.first + part, why };
                self.unfit.extend(whys.into_iter().map(one));
                return Ok(());
            }
        };
        let from = source.filter(|_| turn.leaves);
        if let Some(source) = &from {
            self.set(source, &Side::Absent);
        }
        self.set(&path, &turn.new);
        let Turn { old, new, already, .. } = turn;
        let difference = Difference { path, from, old, new, is_conflict: false };
        self.show(&difference, parts, already);
        Ok(())
    }

    fn show(&mut self, difference: &Difference, parts: Range<usize>, already: BTreeSet<usize>) {
        let content = |side: &Side| match side {
            Side::File { bytes, .. } | Side::Link(bytes) => Some(bytes.clone()),
            Side::Absent | Side::Other => None,
        };
        let contents = (content(&difference.old), content(&difference.new));
        let change = difference.change(&mut self.bytes_left);
        self.files.push(FittedFile { change, contents, parts, already });
    }

    fn done(self) -> Fitted {
        let mut selected = Vec::new();
        let mut undo = Vec::new();
        for (path, (old, new)) in self.paths {
            let old = if old == Side::Other { Side::Absent } else { old };
            if old == new {
                continue;
            }
            let (is_conflict, from) = (false, None);
            let back = Difference { path, from, old: new, new: old, is_conflict };
            undo.extend(patch(&back));
            let Difference { path, old: new, new: old, .. } = back;
            selected.push(Selected { path, old: old.into(), new: new.into() });
        }
        Fitted { files: self.files, selected, undo }
    }
}

/// Parts from 0 of a file, each with why it does not fit.
type Whys = Vec<(usize, String)>;

fn whole(why: impl Into<String>) -> Whys {
    vec![(0, why.into())]
}

fn created(file: &FilePatch, there: Side) -> Result<Turn, Whys> {
    let kind = file.new.as_ref().and_then(|end| end.kind);
    let (bytes, _) = content(file, &Side::Absent, &|_| true)?;
    let new = of_kind(kind.unwrap_or(Kind::File { executable: false }), bytes);
    let already = if there == new { all(file) } else { BTreeSet::new() };
    match there {
        Side::Absent | Side::Other => Ok(Turn::new(Side::Absent, new, already)),
        there if there == new => Ok(Turn::new(there, new, already)),
        _ => Err(whole("it is to be created, and exists with another content")),
    }
}

fn deleted(file: &FilePatch, old: Side, chosen: &dyn Fn(usize) -> bool) -> Result<Turn, Whys> {
    if matches!(old, Side::Absent | Side::Other) {
        return Ok(Turn::new(Side::Absent, Side::Absent, all(file)));
    }
    check_kind(file.old.as_ref(), &old)?;
    let is_all = (file.first..file.first + file.parts()).all(chosen);
    match content(file, &old, chosen)? {
        (bytes, already) if bytes.is_empty() && already.is_empty() => {
            Ok(Turn::new(old, Side::Absent, already))
        }
        _ if is_all => {
            Err(whole("it is to be deleted, and has more in it than the patch knows of"))
        }
        (bytes, already) => {
            let new = like(&old, bytes);
            Ok(Turn::new(old, new, already))
        }
    }
}

fn changed(file: &FilePatch, old: Side, chosen: &dyn Fn(usize) -> bool) -> Result<Turn, Whys> {
    if matches!(old, Side::Absent | Side::Other) {
        return Err(whole("there is no such file"));
    }
    check_kind(file.old.as_ref(), &old)?;
    let (bytes, mut already) = content(file, &old, chosen)?;
    let mut new = like(&old, bytes);
    let is_all = (file.first..file.first + file.parts()).all(chosen);
    // A mode goes only with the whole.
    if let (Side::File { executable, .. }, Some(wanted), true) =
        (&mut new, wanted_mode(file), is_all)
    {
        *executable = wanted;
    }
    if new == old && file.body == Body::Same {
        already = all(file);
    }
    Ok(Turn::new(old, new, already))
}

/// None: the mode is not to change.
fn wanted_mode(file: &FilePatch) -> Option<bool> {
    let kind = |end: &Option<End>| end.as_ref().and_then(|end| end.kind);
    match (kind(&file.old), kind(&file.new)) {
        (old, Some(Kind::File { executable })) if old != kind(&file.new) => Some(executable),
        _ => None,
    }
}

/// Renamed or copied.
fn moved(
    file: &FilePatch,
    old: Side,
    there: Side,
    chosen: &dyn Fn(usize) -> bool,
) -> Result<Turn, Whys> {
    let is_there = matches!(there, Side::File { .. } | Side::Link(_));
    if is_there && (file.is_copy || old == Side::Absent) {
        // Where every chosen part is in it, it has come before.
        let turn = changed(file, there, chosen)?;
        let is_same = turn.old == turn.new;
        return match is_same {
            true => Ok(Turn { already: all(file), ..turn }),
            false => Err(whole("it is to be moved here, and exists with another content")),
        };
    }
    if is_there {
        return Err(whole("it is to be moved here, and both the old and the new file exist"));
    }
    if old == Side::Absent {
        let from = file.from().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        return Err(whole(format!("it comes from {from}, which does not exist")));
    }
    let mut turn = changed(file, old, chosen)?;
    if file.body == Body::Same {
        turn.already.clear();
    }
    Ok(Turn { leaves: !file.is_copy, ..turn })
}

fn check_kind(end: Option<&End>, found: &Side) -> Result<(), Whys> {
    match (end.and_then(|end| end.kind), found) {
        (Some(Kind::Link), Side::File { .. }) => {
            Err(whole("it is a file, and the patch means a link"))
        }
        (Some(Kind::File { .. }), Side::Link(_)) => {
            Err(whole("it is a link, and the patch means a file"))
        }
        _ => Ok(()),
    }
}

fn all(file: &FilePatch) -> BTreeSet<usize> {
    (file.first..file.first + file.parts()).collect()
}

fn like(side: &Side, bytes: Vec<u8>) -> Side {
    match side {
        Side::Link(_) => Side::Link(bytes),
        side => Side::File { bytes, executable: side.executable().unwrap_or_default() },
    }
}

fn of_kind(kind: Kind, bytes: Vec<u8>) -> Side {
    match kind {
        Kind::Link => Side::Link(bytes),
        Kind::File { executable } => Side::File { bytes, executable },
    }
}

/// The content with the chosen parts, and the numbers of those that it has already.
fn content(
    file: &FilePatch,
    old: &Side,
    chosen: &dyn Fn(usize) -> bool,
) -> Result<(Vec<u8>, BTreeSet<usize>), Whys> {
    let before = old.content();
    match &file.body {
        Body::Same => Ok((before.to_vec(), BTreeSet::new())),
        Body::Binary { forward, back } => {
            binary(file, before, forward, back.as_ref()).map(|(bytes, is_already)| {
                (bytes, if is_already { all(file) } else { BTreeSet::new() })
            })
        }
        Body::Text(hunks) => {
            if is_binary(before) && file.objects.is_none() {
                return Err(whole("it is a binary file, and the patch means a text"));
            }
            let is_chosen = |hunk: usize| chosen(file.first + hunk);
            let is_base =
                |text: &[u8]| is_object(file.objects.as_ref().map(|it| it.0.as_str()), text);
            let placed = place(before, hunks, &is_chosen, &is_base);
            let placed = placed.map_err(|misses| {
                misses.into_iter().map(|miss| (miss.hunk, miss.to_string())).collect::<Whys>()
            })?;
            let already = placed.already.into_iter().map(|hunk| file.first + hunk).collect();
            Ok((placed.text, already))
        }
    }
}

/// Whether git gives this name to a content; None: it cannot be told.
fn is_object(name: Option<&str>, content: &[u8]) -> Option<bool> {
    let name = name.filter(|name| (OBJECT_DIGITS_MIN..=OBJECT_DIGITS).contains(&name.len()))?;
    // Of what does not exist.
    if name.bytes().all(|digit| digit == b'0') {
        return Some(content.is_empty());
    }
    Some(hash(content).starts_with(name))
}

/// The new content, and whether it is there already.
fn binary(
    file: &FilePatch,
    before: &[u8],
    forward: &Data,
    back: Option<&Data>,
) -> Result<(Vec<u8>, bool), Whys> {
    let is = |name: fn(&(String, String)) -> &String, content: &[u8]| {
        is_object(file.objects.as_ref().map(|it| name(it).as_str()), content)
    };
    let leads_back =
        |new: &[u8], old: &[u8]| back.and_then(|it| it.applied(new)).map(|it| it == old);
    if let Some(new) = forward.applied(before) {
        let is_base = is(|it| &it.0, before).unwrap_or(true);
        if is_base && leads_back(&new, before).or(is(|it| &it.1, &new)) == Some(true) {
            return Ok((new, false));
        }
    }
    let old = back.and_then(|back| back.applied(before));
    let old = old.filter(|old| forward.applied(old).is_some_and(|new| new == before));
    match old {
        Some(_) => Ok((before.to_vec(), true)),
        None => {
            Err(whole("its content is neither what the patch was made from nor what it leads to"))
        }
    }
}
