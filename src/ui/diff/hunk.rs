//! What drawing a hunk's lines needs, worked out as far as they were looked at: clean text,
//! colours, changed words.

use super::super::highlight::{Code, Highlighter};
use super::super::theme::Role;
use super::pair;
use super::shown::Shown;
use crate::protocol::{Hunk, Line, LineKind};
use crate::text;
use std::collections::HashMap;
use std::ops::Range;

/// Grammars take about a tenth of a millisecond a line. Whoever jumps further ahead than this, or
/// back before what is kept, has the colours begin anew a little above the line that is wanted:
/// they may be wrong there within a long comment or string, but they are there at once.
const SKIPPED_LINES_MAX: usize = 100;
const LEAD_LINES: usize = 20;
/// Lines that are kept, which is less than a block may have.
const KEPT_LINES_MAX: usize = 1_500;
/// A hunk's further lines are not compared word by word.
const WORDS_LINES_MAX: usize = 2_000;
pub(super) struct HunkCache {
    /// The line that the kept ones start with.
    base: usize,
    lines: Vec<Shown>,
    old: Option<Code>,
    new: Code,
    /// The states of the code at its start.
    fresh: (Option<Code>, Code),
    /// Ranges of a line's shown text.
    words: HashMap<usize, Vec<Range<usize>>>,
    /// Characters in the added lines that a reader would not see.
    pub(super) hidden: usize,
    /// What changes although no text does.
    pub(super) endings: Option<&'static str>,
}

impl HunkCache {
    pub(super) fn new(hunk: &Hunk, path: &str, highlighter: &Highlighter) -> Self {
        let removes = hunk.lines.iter().any(|line| line.kind == LineKind::Removed);
        let added = hunk.lines.iter().filter(|line| line.kind == LineKind::Added);
        let fresh = (removes.then(|| highlighter.begin(path)), highlighter.begin(path));
        Self {
            base: 0,
            lines: Vec::new(),
            old: fresh.0.clone(),
            new: fresh.1.clone(),
            fresh,
            words: words(hunk),
            hidden: added.map(|line| text::hidden(&line.text)).sum(),
            endings: endings(hunk),
        }
    }

    /// Works out the lines down to this one, but no more than `most` of them; gives how many.
    pub(super) fn reach(&mut self, hunk: &Hunk, last: Option<usize>, most: usize) -> usize {
        let Some(last) = last else { return 0 };
        let reached = self.base + self.lines.len();
        if last < self.base
            || last > reached + SKIPPED_LINES_MAX
            || last >= self.base + KEPT_LINES_MAX
        {
            self.base = last.saturating_sub(LEAD_LINES);
            self.lines.clear();
            (self.old, self.new) = self.fresh.clone();
        }
        let start = self.base + self.lines.len();
        let end = (last + 1).min(start.saturating_add(most)).max(start);
        for line in hunk.lines.get(start..end).unwrap_or_default() {
            let mut shown = Shown::new(&line.text);
            let text = &shown.text;
            let roles = match (line.kind, &mut self.old) {
                (LineKind::Removed, Some(old)) => ends(&old.roles(text)),
                (LineKind::Removed, None) => Vec::new(),
                (LineKind::Added, _) => ends(&self.new.roles(text)),
                (LineKind::Same, old) => {
                    if let Some(old) = old {
                        old.roles(text);
                    }
                    ends(&self.new.roles(text))
                }
            };
            shown.roles = roles;
            self.lines.push(shown);
        }
        self.base + self.lines.len() - start
    }

    /// A line, if it was reached.
    pub(super) fn line(&self, index: usize) -> Option<&Shown> {
        self.lines.get(index.checked_sub(self.base)?)
    }

    pub(super) fn words(&self, index: usize) -> &[Range<usize>] {
        self.words.get(&index).map_or(&[], Vec::as_slice)
    }
}

/// What is left to be said where the same lines are removed and added.
fn endings(hunk: &Hunk) -> Option<&'static str> {
    let of = |kind| hunk.lines.iter().filter(move |line| line.kind == kind);
    let texts = |kind| of(kind).map(|line| line.text.as_str());
    let (removed, added) = (LineKind::Removed, LineKind::Added);
    let (old, new) = (of(removed).next_back()?, of(added).next_back()?);
    if !texts(removed).eq(texts(added)) {
        return None;
    }
    Some(match (old.ended, new.ended) {
        (false, true) => "only the newline at the end of the file is added",
        (true, false) => "only the newline at the end of the file is removed",
        _ => "only line endings change (CRLF, LF)",
    })
}

fn ends(roles: &[(Role, &str)]) -> Vec<(Role, usize)> {
    let mut end = 0;
    let at = |(role, text): &(Role, &str)| {
        end += text.len();
        (*role, end)
    };
    roles.iter().map(at).collect()
}

/// The changed words of a hunk's lines.
fn words(hunk: &Hunk) -> HashMap<usize, Vec<Range<usize>>> {
    let mut out = HashMap::new();
    let lines = &hunk.lines[..hunk.lines.len().min(WORDS_LINES_MAX)];
    let run = |from: usize, kind: LineKind| {
        let run = lines[from..].iter().take_while(|line| line.kind == kind).count();
        from..from + run
    };
    let texts = |range: &Range<usize>| -> Vec<String> {
        lines[range.clone()].iter().map(|line: &Line| Shown::new(&line.text).text).collect()
    };
    let mut at = 0;
    while at < lines.len() {
        let removed = run(at, LineKind::Removed);
        let added = run(removed.end, LineKind::Added);
        at = added.end.max(at + 1);
        if removed.is_empty() || added.is_empty() {
            continue;
        }
        let (old, new) = (texts(&removed), texts(&added));
        let old: Vec<_> = old.iter().map(String::as_str).collect();
        let new: Vec<_> = new.iter().map(String::as_str).collect();
        for pair in pair::pairs(&old, &new) {
            out.insert(removed.start + pair.removed, pair.removed_words);
            out.insert(added.start + pair.added, pair.added_words);
        }
    }
    out
}
