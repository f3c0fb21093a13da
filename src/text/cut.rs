//! Output cut for a reader who pays by the token: its head, its tail, and the exact count of what
//! was left out between them. Where the full text is kept is the caller's.

use std::borrow::Cow;

/// Fewer lines than this that are equal to the one before are not worth a count.
const REPEATS_MIN: u64 = 3;
/// What a count costs; the lines that it stands for cost more.
const COUNT_BYTES: u64 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub head_lines: usize,
    pub tail_lines: usize,
    /// Of one line; a minified file is one line of 119 KB.
    pub line_chars_max: usize,
    /// Of all that is kept, the marker line not counted.
    pub bytes_max: usize,
}

impl Default for Limits {
    /// About 3,000 tokens of code at most; the tail is longer, since failures come last.
    fn default() -> Self {
        Self { head_lines: 80, tail_lines: 160, line_chars_max: 500, bytes_max: 10_000 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub text: String,
    /// Of the whole text.
    pub lines_total: usize,
    /// Lines of the text that nothing in `text` stands for.
    pub lines_left_out: usize,
    /// Of the whole text.
    pub bytes_total: usize,
}

/// A line of a text that stands for `more` further lines, equal to it and right behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// From 0.
    pub line: usize,
    pub more: u64,
}

/// What its keeper still has of a text.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    pub text: &'a str,
    /// In the order of their lines.
    pub repeats: &'a [Repeat],
    /// The byte of `text` that something is missing before, at the start of a line.
    pub gap: Option<usize>,
    /// Of the whole text.
    pub lines_total: u64,
    /// Of the whole text.
    pub bytes_total: u64,
}

/// Whether so many equal lines are shorter as one with a count.
pub fn is_run(line: &[u8], count: u64) -> bool {
    let more = count.saturating_sub(1);
    more >= REPEATS_MIN && more.saturating_mul(line.len() as u64 + 1) > COUNT_BYTES
}

/// A text within the limits is kept as it is. Of a longer one, equal lines in a row become one with
/// a count, long lines lose their middle, and if it is still too long, head and tail remain around a
/// line that counts what is missing.
pub fn cut(text: &str, limits: Limits) -> Cut {
    let lines: Vec<&str> = lines(text);
    let (lines_total, bytes_total) = (lines.len(), text.len());
    let lines_max = limits.head_lines.saturating_add(limits.tail_lines);
    let line_fits = |line: &&str| char_count(line, limits.line_chars_max) <= limits.line_chars_max;
    if bytes_total <= limits.bytes_max && lines_total <= lines_max && lines.iter().all(line_fits) {
        return Cut { text: text.to_owned(), lines_total, lines_left_out: 0, bytes_total };
    }
    let runs = collapse(&lines);
    let (head, tail) = keep(&runs, limits);
    let kept = Kept {
        text,
        repeats: &[],
        gap: None,
        lines_total: lines_total as u64,
        bytes_total: bytes_total as u64,
    };
    join(&runs[..head], &runs[tail..], &kept, limits)
}

/// The same for a text of which equal lines in a row are counted already, and whose middle may be
/// missing. That there is a gap is always said.
pub fn cut_kept(kept: &Kept<'_>, limits: Limits) -> Cut {
    let (head, tail) = kept.text.split_at(kept.gap.unwrap_or(0).min(kept.text.len()));
    let (head, tail) = (lines(head), lines(tail));
    let counts = |first: usize, lines: &[&str]| {
        let end = first + lines.len();
        let here = kept.repeats.iter().filter(move |repeat| (first..end).contains(&repeat.line));
        here.map(move |repeat| (repeat.line - first, repeat.more)).collect::<Vec<_>>()
    };
    let tail_runs = counted(&tail, &counts(head.len(), &tail));
    if kept.gap.is_none() {
        let (head, tail) = keep(&tail_runs, limits);
        return join(&tail_runs[..head], &tail_runs[tail..], kept, limits);
    }
    let head_runs = counted(&head, &counts(0, &head));
    let count = fill(&mut head_runs.iter(), limits.head_lines, limits.bytes_max / 3, limits);
    let head = &head_runs[..count];
    let used: usize = head.iter().map(|run| run.cost(limits)).sum();
    let room = limits.bytes_max.saturating_sub(used);
    let count = fill(&mut tail_runs.iter().rev(), limits.tail_lines, room, limits);
    join(head, &tail_runs[tail_runs.len() - count..], kept, limits)
}

/// Head and tail around the line that counts what is missing.
fn join(head: &[Run<'_>], tail: &[Run<'_>], kept: &Kept<'_>, limits: Limits) -> Cut {
    let shown: u64 = head.iter().chain(tail).map(|run| run.lines).sum();
    let left_out = kept.lines_total.saturating_sub(shown);
    let marker = if left_out > 0 {
        let (left_out, total) = (thousands(left_out), thousands(kept.lines_total));
        Some(format!("… {left_out} of {total} lines left out …"))
    } else if kept.gap.is_some() {
        let bytes = kept.bytes_total.saturating_sub(kept.text.len() as u64);
        Some(format!("… {} bytes left out …", thousands(bytes)))
    } else {
        None
    };
    let shown = |runs: &[Run<'_>]| -> Vec<String> {
        runs.iter().map(|run| run.shown(limits).into_owned()).collect()
    };
    let mut out = shown(head);
    out.extend(marker);
    out.extend(shown(tail));
    let mut out = out.join("\n");
    if kept.text.ends_with('\n') {
        out.push('\n');
    }
    Cut {
        text: out,
        lines_total: kept.lines_total as usize,
        lines_left_out: left_out as usize,
        bytes_total: kept.bytes_total as usize,
    }
}

fn lines(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
}

/// One line, or several equal ones in a row.
struct Run<'a> {
    line: &'a str,
    lines: u64,
}

impl Run<'_> {
    fn shown(&self, limits: Limits) -> Cow<'_, str> {
        if self.lines > 1 && self.line.trim().is_empty() {
            return Cow::Owned(format!("[{} blank lines]", thousands(self.lines)));
        }
        let line = shorten(self.line, limits);
        if self.lines == 1 {
            return line;
        }
        Cow::Owned(format!("{line}\n[the line above {} times more]", thousands(self.lines - 1)))
    }

    /// Bytes, its newline included.
    fn cost(&self, limits: Limits) -> usize {
        self.shown(limits).len() + 1
    }

    /// Lines that it takes.
    fn height(&self) -> usize {
        if self.lines > 1 && !self.line.trim().is_empty() { 2 } else { 1 }
    }
}

fn collapse<'a>(lines: &[&'a str]) -> Vec<Run<'a>> {
    let mut runs = Vec::new();
    for equal in lines.chunk_by(|a, b| a == b) {
        let line = equal[0];
        if is_run(line.as_bytes(), equal.len() as u64) {
            runs.push(Run { line, lines: equal.len() as u64 });
        } else {
            runs.extend(equal.iter().map(|line| Run { line, lines: 1 }));
        }
    }
    runs
}

fn counted<'a>(lines: &[&'a str], counts: &[(usize, u64)]) -> Vec<Run<'a>> {
    let mut runs: Vec<_> = lines.iter().map(|line| Run { line, lines: 1 }).collect();
    for (line, more) in counts {
        runs[*line].lines += more;
    }
    runs
}

/// How many runs of the start stay, and from which one on those of the end do.
fn keep(runs: &[Run<'_>], limits: Limits) -> (usize, usize) {
    let Limits { head_lines, tail_lines, bytes_max, .. } = limits;
    let lines_max = head_lines.saturating_add(tail_lines);
    if fill(&mut runs.iter(), lines_max, bytes_max, limits) == runs.len() {
        return (runs.len(), runs.len());
    }
    // A third for the head; what it does not use goes to the tail.
    let head = fill(&mut runs.iter(), head_lines, bytes_max / 3, limits);
    let used: usize = runs[..head].iter().map(|run| run.cost(limits)).sum();
    let tail = fill(&mut runs[head..].iter().rev(), tail_lines, bytes_max - used, limits);
    (head, runs.len() - tail)
}

/// How many of the runs fit into so many lines and bytes.
fn fill<'a>(
    runs: &mut dyn Iterator<Item = &'a Run<'a>>,
    lines_max: usize,
    bytes_max: usize,
    limits: Limits,
) -> usize {
    let (mut lines, mut bytes) = (0, 0);
    let fits = |run: &&Run<'_>| {
        lines += run.height();
        // What is beyond the lines need not be measured.
        lines <= lines_max && {
            bytes += run.cost(limits);
            bytes <= bytes_max
        }
    };
    runs.take_while(fits).count()
}

/// A line within its limits: so many characters, and never more than a quarter of all bytes.
fn shorten(line: &str, limits: Limits) -> Cow<'_, str> {
    let bytes_max = (limits.bytes_max / 4).max(1);
    if line.len() <= bytes_max && char_count(line, limits.line_chars_max) <= limits.line_chars_max {
        return Cow::Borrowed(line);
    }
    let total = line.chars().count();
    // Enough of the end to see how it closes.
    let note = format!(" … {} characters left out … ", thousands(total as u64));
    let chars_max = limits.line_chars_max.saturating_sub(note.len());
    let room = bytes_max.saturating_sub(note.len());
    let end_chars = chars_max / 5;
    let start = start_of(line, chars_max - end_chars, room - room / 5);
    let end = end_of(&line[start..], end_chars, room / 5);
    let end = line.len() - end;
    let left_out = line[start..end].chars().count();
    let note = format!(" … {} characters left out … ", thousands(left_out as u64));
    Cow::Owned(format!("{}{note}{}", &line[..start], &line[end..]))
}

/// Characters, counted no further than one past `enough`.
fn char_count(text: &str, enough: usize) -> usize {
    if text.len() <= enough {
        text.len()
    } else {
        text.chars().take(enough.saturating_add(1)).count()
    }
}

/// Bytes of the longest start within both limits.
fn start_of(text: &str, chars_max: usize, bytes_max: usize) -> usize {
    let ends = text.char_indices().map(|(offset, char)| offset + char.len_utf8());
    ends.take(chars_max).take_while(|end| *end <= bytes_max).last().unwrap_or(0)
}

/// Bytes of the longest end within both limits.
fn end_of(text: &str, chars_max: usize, bytes_max: usize) -> usize {
    let starts = text.char_indices().rev().map(|(offset, _)| text.len() - offset);
    starts.take(chars_max).take_while(|bytes| *bytes <= bytes_max).last().unwrap_or(0)
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// More than any marker line has.
    const MARKER_BYTES_MAX: usize = 80;

    fn numbers(last: usize) -> String {
        use std::fmt::Write as _;
        (1..=last).fold(String::new(), |mut out, number| {
            writeln!(out, "{number}").expect("a string takes all");
            out
        })
    }

    #[test]
    fn a_gap_that_was_there_before_is_counted_in() {
        let text = "1\n2\n3\n99\n100";
        let kept = Kept { text, repeats: &[], gap: Some(6), lines_total: 100, bytes_total: 291 };
        let cut = cut_kept(&kept, Limits::default());
        assert_eq!(cut.text, "1\n2\n3\n… 95 of 100 lines left out …\n99\n100");
        assert_eq!(cut.lines_left_out, 95);
        let few = Limits { head_lines: 1, tail_lines: 1, ..Limits::default() };
        assert_eq!(cut_kept(&kept, few).text, "1\n… 98 of 100 lines left out …\n100");
    }

    #[test]
    fn a_gap_within_one_line_is_counted_in_bytes() {
        let kept =
            Kept { text: "aa\nzz", repeats: &[], gap: Some(3), lines_total: 1, bytes_total: 9_005 };
        assert_eq!(cut_kept(&kept, Limits::default()).text, "aa\n… 9,000 bytes left out …\nzz");
    }

    #[test]
    fn lines_that_stand_for_more_count_as_many_also_where_they_are_left_out() {
        let repeats = [(0, 9), (2, 39), (4, 7)].map(|(line, more)| Repeat { line, more });
        let text = "one\ntwo\n\nthree\nfour";
        let kept =
            Kept { text, repeats: &repeats, gap: Some(8), lines_total: 1_060, bytes_total: 9_999 };
        let shown = cut_kept(&kept, Limits::default());
        assert_eq!(
            shown.text,
            "one\n[the line above 9 times more]\ntwo\n… 1,000 of 1,060 lines left out …\n\
             [40 blank lines]\nthree\nfour\n[the line above 7 times more]"
        );
        let few = Limits { tail_lines: 2, ..Limits::default() };
        let shown = cut_kept(&Kept { gap: None, lines_total: 60, ..kept }, few);
        assert_eq!(shown.lines_left_out, 0, "{}", shown.text);
        let few = Limits { head_lines: 2, tail_lines: 2, ..Limits::default() };
        let shown = cut_kept(&Kept { gap: None, lines_total: 60, ..kept }, few);
        assert_eq!(
            shown.text,
            "one\n[the line above 9 times more]\n… 42 of 60 lines left out …\nfour\n\
             [the line above 7 times more]"
        );
    }

    #[test]
    fn two_hundred_thousand_lines_cost_little_and_are_counted() {
        let cut = cut(&numbers(200_000), Limits::default());
        assert!(cut.text.contains("\n80\n… 199,760 of 200,000 lines left out …\n199841\n"));
        assert!(cut.text.ends_with("\n200000\n"));
        assert_eq!((cut.lines_total, cut.lines_left_out), (200_000, 199_760));
        assert_eq!(cut.bytes_total, 1_288_895);
        let tokens = tiktoken_rs::o200k_base_singleton().count_ordinary(&cut.text);
        assert!(tokens <= 1_300, "{tokens} tokens");
    }

    #[test]
    fn repeated_lines_become_one_with_a_count() {
        let text = format!("start\n{}end\n", "warning: old\n".repeat(410));
        let cut = cut(&text, Limits::default());
        assert_eq!(cut.text, "start\nwarning: old\n[the line above 409 times more]\nend\n");
        assert_eq!((cut.lines_total, cut.lines_left_out), (412, 0));
    }

    #[test]
    fn a_minified_line_loses_its_middle_and_says_how_much() {
        let text = "x".repeat(119_000);
        let cut = cut(&text, Limits::default());
        assert!(cut.text.len() <= 500, "{}", cut.text.len());
        assert!(cut.text.contains("x … 118,"), "{}", cut.text);
        assert!(cut.text.contains("characters left out … x"));
        assert_eq!(cut.lines_left_out, 0);
    }

    #[test]
    fn no_text_is_no_line() {
        let cut = cut("", Limits::default());
        assert_eq!((cut.text.as_str(), cut.lines_total, cut.bytes_total), ("", 0, 0));
    }

    #[test]
    fn a_tail_may_be_all_that_is_wanted() {
        let limits = Limits { head_lines: 0, tail_lines: 2, ..Limits::default() };
        assert_eq!(cut("a\nb\nc\n", limits).text, "… 1 of 3 lines left out …\nb\nc\n");
        let limits = Limits { head_lines: 0, tail_lines: 0, ..Limits::default() };
        assert_eq!(cut("a\nb", limits).text, "… 2 of 2 lines left out …");
    }

    fn limits() -> impl Strategy<Value = Limits> {
        (0_usize..8, 0_usize..8, 1_usize..60, 0_usize..400).prop_map(
            |(head, tail, chars, bytes)| Limits {
                head_lines: head,
                tail_lines: tail,
                line_chars_max: chars,
                bytes_max: bytes,
            },
        )
    }

    proptest! {
        #[test]
        fn what_fits_is_identical(text in "([a-c]{0,4}\n?){0,12}") {
            prop_assert_eq!(cut(&text, Limits::default()).text, text);
        }

        #[test]
        fn nothing_exceeds_its_limit(text in "([ab日]{0,90}\n?){0,30}", limits in limits()) {
            let cut = cut(&text, limits);
            prop_assert!(cut.text.len() <= limits.bytes_max + MARKER_BYTES_MAX);
            let shown = cut.text.lines().count();
            prop_assert!(shown <= limits.head_lines + limits.tail_lines + 1);
            prop_assert_eq!(cut.lines_total, lines(&text).len());
        }

        #[test]
        fn the_head_and_the_tail_are_lines_of_the_text(lines in proptest::collection::vec("[a-z]{1,6}", 30..90)) {
            let limits = Limits { head_lines: 5, tail_lines: 7, line_chars_max: 20, bytes_max: 9_000 };
            let text = lines.join("\n");
            let cut = cut(&text, limits);
            prop_assert_eq!(&cut, &super::cut(&text, limits));
            if cut.text.contains(" times more]") || cut.lines_left_out == 0 {
                return Ok(());
            }
            let shown: Vec<_> = cut.text.split('\n').collect();
            prop_assert_eq!(&shown[..5], &lines[..5]);
            prop_assert_eq!(&shown[6..], &lines[lines.len() - 7..]);
            prop_assert_eq!(cut.lines_left_out, lines.len() - 12);
        }
    }
}
