//! From a patch's lines to what it does.

use super::binary::{self, Data};
use super::header::Header;
use super::{Body, FilePatch, GIT_PATCH_BYTES_MAX, GitPatch, GitPatchError, Mark, TextHunk};

impl GitPatch {
    /// Reads a patch, with or without a message around it.
    pub fn parse(text: &[u8]) -> Result<GitPatch, GitPatchError> {
        let mut reader =
            Reader { lines: text.split_inclusive(|byte| *byte == b'\n').collect(), at: 0 };
        if text.len() as u64 > GIT_PATCH_BYTES_MAX {
            return Err(reader.error(format!("it has more than {GIT_PATCH_BYTES_MAX} bytes")));
        }
        let mut files = Vec::new();
        while let Some(line) = reader.line() {
            if let Some(names) = line.strip_prefix(b"diff --git ") {
                reader.at += 1;
                files.push(reader.git(Header::git(names))?);
            } else if line.starts_with(b"--- ")
                && reader.peek(1).is_some_and(|it| it.starts_with(b"+++ "))
            {
                files.push(reader.text(Header::default())?);
            } else if line.starts_with(b"diff --cc ") || line.starts_with(b"diff --combined ") {
                return Err(reader.error("it is the diff of a merge, which cannot be applied"));
            } else if line.starts_with(b"@@ -") {
                return Err(reader.error("a hunk stands there without a file"));
            } else {
                reader.at += 1;
            }
        }
        if files.is_empty() {
            return Err(GitPatchError { line: 1, what: "there is no patch in it".to_owned() });
        }
        Ok(GitPatch { files: numbered(files) })
    }
}

/// A file that is removed and made anew as something else is one part.
fn numbered(mut files: Vec<FilePatch>) -> Vec<FilePatch> {
    let mut next = 1;
    for index in 0..files.len() {
        let is_second = index > 0 && {
            let (gone, come) = (&files[index - 1], &files[index]);
            gone.new.is_none() && come.old.is_none() && gone.path() == come.path()
        };
        let first = if is_second { files[index - 1].first } else { next };
        files[index].first = first;
        next = first + files[index].parts();
    }
    files
}

struct Reader<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Without its end.
    fn line(&self) -> Option<&'a [u8]> {
        self.peek(0)
    }

    fn peek(&self, ahead: usize) -> Option<&'a [u8]> {
        let line = self.lines.get(self.at + ahead)?;
        Some(line.strip_suffix(b"\n").unwrap_or(line))
    }

    fn error(&self, what: impl Into<String>) -> GitPatchError {
        GitPatchError { line: self.at + 1, what: what.into() }
    }

    /// After the line `diff --git`.
    fn git(&mut self, mut header: Header) -> Result<FilePatch, GitPatchError> {
        while let Some(line) = self.line() {
            if line.starts_with(b"--- ") {
                return self.text(header);
            }
            if line == b"GIT binary patch" {
                self.at += 1;
                return self.binary(header);
            }
            if line.starts_with(b"Binary files ") {
                return Err(self.error(
                    "the content of a binary file is not in it; make it with git diff --binary",
                ));
            }
            if !header.take(line).map_err(|what| self.error(what))? {
                break;
            }
            self.at += 1;
        }
        self.finish(header)
    }

    fn finish(&self, header: Header) -> Result<FilePatch, GitPatchError> {
        header.finish().map_err(|what| self.error(what))
    }

    /// From the line `---` on.
    fn text(&mut self, mut header: Header) -> Result<FilePatch, GitPatchError> {
        for (mark, is_old) in [("--- ", true), ("+++ ", false)] {
            let line = self.line().and_then(|line| line.strip_prefix(mark.as_bytes()));
            let name = line.ok_or_else(|| self.error(format!("`{}` is missing", mark.trim())))?;
            let taken = if is_old { header.before(name) } else { header.after(name) };
            taken.map_err(|what| self.error(what))?;
            self.at += 1;
        }
        let mut file = self.finish(header)?;
        let mut hunks = Vec::new();
        while let Some(line) = self.line().filter(|line| line.starts_with(b"@@ -")) {
            hunks.push(self.hunk(line)?);
        }
        if hunks.is_empty() {
            return Err(self.error("a file has no hunk"));
        }
        let is_in_order = hunks.windows(2).all(|pair| pair[0].old_at <= pair[1].old_at);
        if !is_in_order {
            return Err(self.error("the hunks before it are not in the order of their file"));
        }
        file.body = Body::Text(hunks);
        Ok(file)
    }

    fn hunk(&mut self, head: &[u8]) -> Result<TextHunk, GitPatchError> {
        let (old, new) = ranges(head).ok_or_else(|| self.error("these are no line numbers"))?;
        self.at += 1;
        let (mut old_left, mut new_left) = (old.1, new.1);
        let mut lines: Vec<(Mark, Vec<u8>)> = Vec::new();
        while old_left > 0 || new_left > 0 {
            let ended = || self.error("the patch ends in the middle of a hunk");
            let line = *self.lines.get(self.at).ok_or_else(ended)?;
            let (mark, text) = match line.split_first() {
                Some((b' ', text)) => (Mark::Same, text),
                Some((b'-', text)) => (Mark::Removed, text),
                Some((b'+', text)) => (Mark::Added, text),
                // Some programs cut blanks from lines' ends.
                Some((b'\n', _)) => (Mark::Same, line),
                Some((b'\\', _)) if !lines.is_empty() => {
                    unend(&mut lines);
                    self.at += 1;
                    continue;
                }
                _ => return Err(self.error("this is no line of a hunk")),
            };
            let (is_old, is_new) = (mark != Mark::Added, mark != Mark::Removed);
            if (is_old && old_left == 0) || (is_new && new_left == 0) {
                return Err(self.error("the hunk has more lines than it says"));
            }
            old_left -= usize::from(is_old);
            new_left -= usize::from(is_new);
            lines.push((mark, text.to_vec()));
            self.at += 1;
        }
        if self.line().is_some_and(|line| line.starts_with(b"\\ ")) {
            unend(&mut lines);
            self.at += 1;
        }
        // Of an empty side the number is that of the line before.
        let at = |(start, lines): (usize, usize)| start.saturating_sub(usize::from(lines > 0));
        Ok(TextHunk { old_at: at(old), new_at: at(new), lines })
    }

    fn binary(&mut self, header: Header) -> Result<FilePatch, GitPatchError> {
        let mut file = self.finish(header)?;
        let forward = self.data()?.ok_or_else(|| self.error("no binary data follows"))?;
        let back = self.data()?;
        file.body = Body::Binary { forward, back };
        Ok(file)
    }

    fn data(&mut self) -> Result<Option<Data>, GitPatchError> {
        let Some(line) = self.line() else { return Ok(None) };
        let Some(kind) = binary::Kind::of(line) else { return Ok(None) };
        self.at += 1;
        let mut packed = Vec::new();
        while let Some(line) = self.line().filter(|line| !line.is_empty()) {
            binary::decode(line, &mut packed)
                .ok_or_else(|| self.error("this is no binary data"))?;
            self.at += 1;
        }
        self.at += 1;
        let data = kind.unpack(&packed);
        data.map(Some).ok_or_else(|| self.error("the binary data before it is damaged"))
    }
}

/// The last line has no newline at its end.
fn unend(lines: &mut [(Mark, Vec<u8>)]) {
    if let Some((_, line)) = lines.last_mut() {
        line.pop_if(|byte| *byte == b'\n');
    }
}

type Range = (usize, usize);

/// `@@ -start,lines +start,lines @@`
fn ranges(head: &[u8]) -> Option<(Range, Range)> {
    let text = std::str::from_utf8(head.get(..head.len().min(80))?)
        .or_else(|error| std::str::from_utf8(&head[..error.valid_up_to()]));
    let mut words = text.ok()?.split(' ');
    let range = |word: Option<&str>, sign: char| {
        let word = word?.strip_prefix(sign)?;
        let (start, lines) = word.split_once(',').unwrap_or((word, "1"));
        Some((start.parse().ok()?, lines.parse().ok()?))
    };
    (words.next()? == "@@").then_some(())?;
    let ranges = (range(words.next(), '-')?, range(words.next(), '+')?);
    (words.next()? == "@@").then_some(ranges)
}
