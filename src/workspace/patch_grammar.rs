//! The apply-patch grammar: the text of a patch becomes operations on files. Pure; where hunks
//! are in a file is for `patch_hunks`.
//!
//! ```text
//! *** Begin Patch
//! *** Add File: PATH        lines, each with a + before it
//! *** Delete File: PATH
//! *** Update File: PATH     *** Move to: PATH, then hunks
//! @@ a line of the file before the hunk
//!  a line that stays
//! -a line that goes
//! +a line that comes
//! *** End of File           the hunk's last line is the file's
//! *** End Patch
//! ```

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const ADD: &str = "*** Add File: ";
const DELETE: &str = "*** Delete File: ";
const UPDATE: &str = "*** Update File: ";
const MOVE: &str = "*** Move to: ";
const END_OF_FILE: &str = "*** End of File";
const ANCHOR: &str = "@@";

/// What a patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub path: String,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Each line ends with a newline.
    Add {
        content: String,
    },
    Delete,
    /// At least one hunk, or a place to move to.
    Update {
        hunks: Vec<PatchHunk>,
        to: Option<String>,
    },
}

/// Lines that stay, go and come, at a place that they tell themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchHunk {
    /// Lines before the hunk, each after the one before.
    pub anchors: Vec<String>,
    pub lines: Vec<(Mark, String)>,
    /// Its last line is the file's last.
    pub is_at_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Same,
    Removed,
    Added,
}

impl PatchHunk {
    /// The lines that the file must have.
    pub(super) fn old(&self) -> impl Iterator<Item = &str> {
        let old = self.lines.iter().filter(|(mark, _)| *mark != Mark::Added);
        old.map(|(_, text)| text.as_str())
    }
}

/// Why a text is no patch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the patch is not usable: line {line}: {why}")]
pub struct PatchError {
    /// Of the patch, from 1.
    pub line: usize,
    pub why: String,
}

/// Reads a patch. Blanks around it and around the lines that begin with `***` are nothing.
pub fn parse_patch(patch: &str) -> Result<Vec<Operation>, PatchError> {
    let lines = patch.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut lines: Vec<(usize, &str)> = (1..).zip(lines).collect();
    let is_blank = |(_, text): &(usize, &str)| text.trim().is_empty();
    while lines.pop_if(|line| is_blank(line)).is_some() {}
    let start = lines.iter().take_while(|line| is_blank(line)).count();
    let (first, last) = (lines.get(start).copied(), lines.last().copied());
    if first.is_none_or(|(_, text)| text.trim() != BEGIN) {
        return Err(error(first.map_or(1, |(line, _)| line), &format!("it must be `{BEGIN}`")));
    }
    if last.is_none_or(|(_, text)| text.trim() != END) {
        return Err(error(last.map_or(1, |(line, _)| line), &format!("the last must be `{END}`")));
    }
    let operations = Reader { lines: &lines[start + 1..lines.len() - 1] }.operations()?;
    if operations.is_empty() {
        return Err(error(last.map_or(1, |(line, _)| line), "it changes no file"));
    }
    Ok(operations)
}

fn error(line: usize, why: &str) -> PatchError {
    PatchError { line, why: why.to_owned() }
}

struct Reader<'a> {
    /// With their numbers.
    lines: &'a [(usize, &'a str)],
}

impl<'a> Reader<'a> {
    fn operations(mut self) -> Result<Vec<Operation>, PatchError> {
        let mut operations = Vec::new();
        while let Some((number, text)) = self.next() {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let (path, action) = if let Some(path) = text.strip_prefix(ADD) {
                (path, Action::Add { content: self.content() })
            } else if let Some(path) = text.strip_prefix(DELETE) {
                (path, Action::Delete)
            } else if let Some(path) = text.strip_prefix(UPDATE) {
                (path, self.update(number)?)
            } else {
                let why = format!(
                    "`{text}` is none of `{ADD}PATH`, `{DELETE}PATH`, `{UPDATE}PATH`{}",
                    if text.starts_with(['+', '-', '@']) {
                        ", which must come before it"
                    } else {
                        ""
                    }
                );
                return Err(error(number, &why));
            };
            operations.push(Operation { path: path.trim().to_owned(), action });
        }
        Ok(operations)
    }

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let (first, rest) = self.lines.split_first()?;
        self.lines = rest;
        Some(*first)
    }

    fn next_if<T>(&mut self, wanted: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        let found = self.lines.first().and_then(|(_, text)| wanted(text))?;
        self.lines = &self.lines[1..];
        Some(found)
    }

    fn content(&mut self) -> String {
        let mut content = String::new();
        while let Some(line) = self.next_if(|text| text.strip_prefix('+')) {
            content.push_str(line);
            content.push('\n');
        }
        content
    }

    fn update(&mut self, number: usize) -> Result<Action, PatchError> {
        let to = self.next_if(|text| text.trim().strip_prefix(MOVE));
        let to = to.map(|path| path.trim().to_owned());
        let mut hunks = Vec::new();
        while let Some(hunk) = self.hunk(hunks.is_empty())? {
            hunks.push(hunk);
        }
        if hunks.is_empty() && to.is_none() {
            return Err(error(number, "nothing is to be updated: it has no hunk"));
        }
        Ok(Action::Update { hunks, to })
    }

    /// Only the first hunk may come without an anchor line.
    fn hunk(&mut self, is_first: bool) -> Result<Option<PatchHunk>, PatchError> {
        let begin = self.lines.first().map_or(0, |(number, _)| *number);
        let mut hunk = PatchHunk::default();
        let mut has_anchor = false;
        while let Some(anchor) = self.next_if(anchor) {
            has_anchor = true;
            hunk.anchors.extend((!anchor.is_empty()).then(|| anchor.to_owned()));
        }
        if !has_anchor && !is_first {
            return Ok(None);
        }
        let mut blanks = 0;
        while let Some((text, line)) = self.next_if(|text| Some((text, marked(text)?))) {
            blanks = if text.is_empty() { blanks + 1 } else { 0 };
            hunk.lines.push(line);
        }
        hunk.is_at_end =
            self.next_if(|text| (text.trim_end() == END_OF_FILE).then_some(())).is_some();
        // Empty lines after a hunk are none of it, unless they are all that says where it is.
        let rest = hunk.lines.len() - blanks;
        if !hunk.is_at_end && hunk.lines[..rest].iter().any(|(mark, _)| *mark != Mark::Added) {
            hunk.lines.truncate(rest);
        }
        if hunk.lines.is_empty() && (has_anchor || hunk.is_at_end) {
            return Err(error(begin, "the hunk has no lines"));
        }
        let next = self.lines.first().filter(|(_, text)| !text.starts_with("***"));
        if let Some((number, text)) = next.filter(|(_, text)| anchor(text).is_none()) {
            let why = format!("`{text}`: a line of a hunk begins with a blank, `-` or `+`");
            return Err(error(*number, &why));
        }
        Ok((!hunk.lines.is_empty()).then_some(hunk))
    }
}

fn anchor(text: &str) -> Option<&str> {
    match text.trim_end().strip_prefix(ANCHOR)? {
        "" => Some(""),
        rest => rest.strip_prefix(' '),
    }
}

fn marked(text: &str) -> Option<(Mark, String)> {
    let mark = match text.chars().next() {
        // Editors and models drop the blank of an empty line.
        None => return Some((Mark::Same, String::new())),
        Some(' ') => Mark::Same,
        Some('-') => Mark::Removed,
        Some('+') => Mark::Added,
        Some(_) => return None,
    };
    Some((mark, text[1..].to_owned()))
}
