//! The lines before a file's hunks: names, modes, renames, objects.

use super::{End, FilePatch, Kind};
use crate::workspace::quote::unquote;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// What the lines said so far.
#[derive(Default)]
pub(super) struct Header {
    /// Of `diff --git`: both, if it is clear where the first one ends.
    names: Option<(PathBuf, PathBuf)>,
    moved: (Option<PathBuf>, Option<PathBuf>),
    /// Of `---` and `+++`; inner None: there is nothing.
    sides: (Option<Option<PathBuf>>, Option<Option<PathBuf>>),
    modes: (Option<Kind>, Option<Kind>),
    is_new: bool,
    is_deleted: bool,
    is_copy: bool,
    pub(super) objects: Option<(String, String)>,
}

impl Header {
    /// Of a line `diff --git `.
    pub(super) fn git(names: &[u8]) -> Header {
        Header { names: both(names), ..Header::default() }
    }

    /// Takes one of git's own lines; false: it is another one. Err: a clause.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<bool, String> {
        let after = |what: &str| line.strip_prefix(what.as_bytes());
        if let Some(mode) = after("old mode ") {
            self.modes.0 = Some(kind(mode)?);
        } else if let Some(mode) = after("new mode ") {
            self.modes.1 = Some(kind(mode)?);
        } else if let Some(mode) = after("new file mode ") {
            (self.is_new, self.modes.1) = (true, Some(kind(mode)?));
        } else if let Some(mode) = after("deleted file mode ") {
            (self.is_deleted, self.modes.0) = (true, Some(kind(mode)?));
        } else if let Some(name) = after("rename from ") {
            self.moved.0 = Some(whole(name)?);
        } else if let Some(name) = after("rename to ") {
            self.moved.1 = Some(whole(name)?);
        } else if let Some(name) = after("copy from ") {
            (self.is_copy, self.moved.0) = (true, Some(whole(name)?));
        } else if let Some(name) = after("copy to ") {
            self.moved.1 = Some(whole(name)?);
        } else if let Some(objects) = after("index ") {
            self.index(&String::from_utf8_lossy(objects))?;
        } else {
            return Ok(["similarity index ", "dissimilarity index "]
                .iter()
                .any(|it| after(it).is_some()));
        }
        Ok(true)
    }

    fn index(&mut self, said: &str) -> Result<(), String> {
        let (objects, mode) = said.split_once(' ').unwrap_or((said, ""));
        if let Some((old, new)) = objects.split_once("..") {
            self.objects = Some((old.to_owned(), new.to_owned()));
        }
        if !mode.is_empty() {
            let kind = kind(mode.as_bytes())?;
            self.modes = (Some(kind), Some(kind));
        }
        Ok(())
    }

    /// Of `--- `.
    pub(super) fn before(&mut self, name: &[u8]) -> Result<(), String> {
        self.sides.0 = Some(side(name)?);
        Ok(())
    }

    /// Of `+++ `.
    pub(super) fn after(&mut self, name: &[u8]) -> Result<(), String> {
        self.sides.1 = Some(side(name)?);
        Ok(())
    }

    /// Err: a clause.
    pub(super) fn finish(self) -> Result<FilePatch, String> {
        let is_new = self.is_new || self.sides.0 == Some(None);
        let is_deleted = self.is_deleted || self.sides.1 == Some(None);
        let (old_name, new_name) = self.names.unzip();
        let old = self.moved.0.or(self.sides.0.flatten()).or(old_name);
        let new = self.moved.1.or(self.sides.1.flatten()).or(new_name);
        let end = |path: Option<PathBuf>, kind| {
            let path = path.ok_or("it does not say which file it is about")?;
            Ok::<_, String>(Some(End { path, kind }))
        };
        let old = if is_new { None } else { end(old, self.modes.0)? };
        let new = if is_deleted { None } else { end(new, self.modes.1)? };
        if old.is_none() && new.is_none() {
            return Err("it does not say which file it is about".to_owned());
        }
        let (objects, is_copy) = (self.objects, self.is_copy);
        let body = super::Body::Same;
        Ok(FilePatch { old, new, is_copy, objects, body, first: 0 })
    }
}

fn kind(mode: &[u8]) -> Result<Kind, String> {
    match mode {
        b"100644" | b"100664" => Ok(Kind::File { executable: false }),
        b"100755" => Ok(Kind::File { executable: true }),
        b"120000" => Ok(Kind::Link),
        b"160000" => Err("it moves a submodule: do that with git".to_owned()),
        other => Err(format!("`{}` is no mode of a file", String::from_utf8_lossy(other))),
    }
}

fn path(name: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(name))
}

/// A name, quoted or as it is, and what comes after it.
fn name(text: &[u8]) -> Result<(Vec<u8>, &[u8]), String> {
    if text.starts_with(b"\"") {
        return unquote(text).ok_or_else(|| "a quoted name does not end".to_owned());
    }
    Ok((text.to_vec(), &[]))
}

fn whole(text: &[u8]) -> Result<PathBuf, String> {
    Ok(path(name(text)?.0))
}

/// None: there is nothing on this side.
fn side(text: &[u8]) -> Result<Option<PathBuf>, String> {
    // What follows a tab is a date; a name with a tab is quoted.
    let text = match text.iter().position(|byte| *byte == b'\t') {
        Some(tab) if !text.starts_with(b"\"") => &text[..tab],
        _ => text,
    };
    let (name, _) = name(text)?;
    if name == b"/dev/null" {
        return Ok(None);
    }
    stripped(&name).map(Some).ok_or_else(|| {
        let name = String::from_utf8_lossy(&name);
        format!("`{name}` has no first folder to leave out, as in a/{name}")
    })
}

/// Without its first folder.
fn stripped(name: &[u8]) -> Option<PathBuf> {
    let slash = name.iter().position(|byte| *byte == b'/')?;
    (slash + 1 < name.len()).then(|| path(name[slash + 1..].to_vec()))
}

/// The names of `a/x b/x`, where blanks may be in them.
fn both(text: &[u8]) -> Option<(PathBuf, PathBuf)> {
    let pair = |old: &[u8], new: &[u8]| Some((stripped(old)?, stripped(new)?));
    if text.starts_with(b"\"") {
        let (old, rest) = unquote(text)?;
        let (new, _) = name(rest.strip_prefix(b" ")?).ok()?;
        return pair(&old, &new);
    }
    if text.ends_with(b"\"") {
        let blank = text.windows(2).position(|it| it == b" \"")?;
        return pair(&text[..blank], &unquote(&text[blank + 1..])?.0);
    }
    let blanks = (0..text.len()).filter(|at| text[*at] == b' ');
    let mut pairs = blanks.filter_map(|at| pair(&text[..at], &text[at + 1..]));
    pairs.find(|(old, new)| old == new)
}
