//! What the model saw of a command: the full output at the left, what was read at the right, each with
//! its size; what was left out is marked.

use super::app::{App, inner};
use super::frame::{Titles, frame};
use super::theme::Role;
use super::{numbers, view};
use crate::protocol::{Detail, Item, Key, KeyCode};
use crate::session::{EntryBody, State};
use crate::text::{clean, clip, expand_tabs};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Of a file that is longer, that much of each end is shown.
const END_BYTES_MAX: u64 = 4 << 20;
/// Columns from which on both sides are seen at once.
const BESIDE_COLUMNS_MIN: u16 = 100;
const TAB_COLUMNS: usize = 8;
/// A rule of thumb.
const BYTES_PER_TOKEN: u64 = 4;

/// A command that the agent ran.
pub(crate) struct Run<'a> {
    command: &'a str,
    text: &'a str,
    pub(crate) file: Option<&'a str>,
}

/// The commands of the session, in order.
pub(crate) fn runs(state: &State) -> impl Iterator<Item = Run<'_>> {
    state.entries.iter().filter_map(|entry| match &entry.body {
        EntryBody::Item(Item::Result {
            text, detail: Detail::Run { command, file, .. }, ..
        }) => Some(Run { command, text, file: file.as_deref() }),
        _ => None,
    })
}

/// A text with its lines.
#[derive(Default)]
struct Side {
    text: String,
    lines: Vec<Range<usize>>,
    /// The first line that is seen.
    scroll: usize,
}

impl Side {
    fn new(text: String) -> Self {
        let mut lines = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            lines.push(at..at + line.trim_end_matches('\n').len());
            at += line.len();
        }
        Self { text, lines, scroll: 0 }
    }

    fn line(&self, index: usize) -> &str {
        self.lines.get(index).map_or("", |range| &self.text[range.clone()])
    }

    /// `240 lines  9.8 kB  ~2.4k tok`.
    fn size(&self) -> String {
        let bytes = match self.text.len() {
            few @ 0..1000 => format!("{few} B"),
            some @ 1000..1_000_000 => format!("{:.1} kB", some as f64 / 1e3),
            many => format!("{:.1} MB", many as f64 / 1e6),
        };
        let noun = if self.lines.len() == 1 { "line" } else { "lines" };
        let tokens = numbers::tokens(self.text.len() as u64 / BYTES_PER_TOKEN);
        format!("{} {noun}  {bytes}  ~{tokens} tok", self.lines.len())
    }
}

pub(crate) struct Seen {
    /// Which of the commands.
    pub(crate) which: usize,
    command: String,
    full: Side,
    model: Side,
    /// Lines of `full` that the model did not get.
    left_out: Range<usize>,
    /// Where `full` is still to be read from.
    file: Option<PathBuf>,
    trouble: Option<String>,
    /// The right side has the keys.
    on_model: bool,
}

pub(crate) enum Reply {
    Stay,
    Close,
    /// To another command.
    Go(isize),
}

impl Seen {
    pub(crate) fn new(which: usize, run: &Run<'_>) -> Self {
        let body = run.text.split_once('\n').map_or("", |(_, body)| body);
        let full = if run.file.is_none() { body } else { "" };
        Self {
            which,
            command: run.command.to_owned(),
            full: Side::new(full.to_owned()),
            model: Side::new(run.text.to_owned()),
            left_out: 0..0,
            file: run.file.map(PathBuf::from),
            trouble: None,
            on_model: false,
        }
    }

    /// The file's text has come.
    pub(crate) fn read(&mut self, file: &Path, text: Result<String, String>) {
        if self.file.as_deref() != Some(file) {
            return;
        }
        match text {
            Ok(text) => {
                self.full = Side::new(text);
                self.left_out = left_out(&self.full, &self.model);
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    pub(crate) fn key(&mut self, key: Key, rows: usize) -> Reply {
        let side = if self.on_model { &mut self.model } else { &mut self.full };
        let page = rows.saturating_sub(4).max(1);
        let last = side.lines.len().saturating_sub(page);
        side.scroll = match (key.code, key.ctrl) {
            (KeyCode::Char('q') | KeyCode::Escape, _) | (KeyCode::Char('c'), true) => {
                return Reply::Close;
            }
            (KeyCode::Char('n' | ']'), false) => return Reply::Go(1),
            (KeyCode::Char('p' | '['), false) => return Reply::Go(-1),
            (KeyCode::Tab, _) => {
                self.on_model = !self.on_model;
                return Reply::Stay;
            }
            (KeyCode::Char('j'), false) | (KeyCode::Down, _) => side.scroll + 1,
            (KeyCode::Char('k'), false) | (KeyCode::Up, _) => side.scroll.saturating_sub(1),
            (KeyCode::Char('d'), true) => side.scroll + page / 2,
            (KeyCode::Char('u'), true) => side.scroll.saturating_sub(page / 2),
            (KeyCode::Char('f'), true) | (KeyCode::PageDown | KeyCode::Char(' '), _) => {
                side.scroll + page
            }
            (KeyCode::Char('b'), true) | (KeyCode::PageUp, _) => side.scroll.saturating_sub(page),
            (KeyCode::Char('g'), false) | (KeyCode::Home, _) => 0,
            (KeyCode::Char('G'), false) | (KeyCode::End, _) => last,
            // To what is missing, which is what one came for.
            (KeyCode::Char('x'), false) if !self.on_model => self.left_out.start.saturating_sub(2),
            _ => return Reply::Stay,
        }
        .min(last);
        Reply::Stay
    }
}

/// The output's lines that the line with the count in the model's text stands for.
fn left_out(full: &Side, model: &Side) -> Range<usize> {
    let is_gap = |line: &str| line.starts_with("… ") && line.ends_with(" lines left out …");
    // The first line is the state's.
    let body = 1..model.lines.len();
    let Some(gap) = body.clone().find(|index| is_gap(model.line(*index))) else { return 0..0 };
    let lines =
        |range: Range<usize>| -> usize { range.map(|index| repeats(model.line(index))).sum() };
    let (head, tail) = (lines(body.start..gap), lines(gap + 1..body.end));
    let end = full.lines.len().saturating_sub(tail);
    head.min(end)..end
}

/// How many equal lines a line stands for: `line × 41`.
fn repeats(line: &str) -> usize {
    let count = line.rsplit_once(" × ").and_then(|(_, count)| count.replace(',', "").parse().ok());
    count.unwrap_or(1)
}

/// A whole output, or its two ends around a line that says what is missing; else why there is none.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut head = Vec::new();
        if bytes <= 2 * END_BYTES_MAX {
            file.take(2 * END_BYTES_MAX).read_to_end(&mut head)?;
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
        (&file).take(END_BYTES_MAX).read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(bytes - END_BYTES_MAX))?;
        let mut tail = Vec::new();
        file.take(END_BYTES_MAX).read_to_end(&mut tail)?;
        // Whole lines only.
        head.truncate(
            head.iter().rposition(|byte| *byte == b'\n').map_or(head.len(), |end| end + 1),
        );
        let start = tail.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let missing = bytes - (head.len() + tail.len() - start) as u64;
        let note =
            format!("… {missing} bytes are not shown here: they are in {} …\n", path.display());
        let ends =
            [String::from_utf8_lossy(&head), note.into(), String::from_utf8_lossy(&tail[start..])];
        Ok(ends.concat())
    };
    read().map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

pub(crate) fn draw(seen: &Seen, app: &App, buffer: &mut Buffer) {
    let screen = buffer.area;
    let area = Rect { height: screen.height.saturating_sub(1), ..screen };
    buffer.reset();
    let is_beside = screen.width >= BESIDE_COLUMNS_MIN;
    let half = Rect { width: area.width / 2, ..area };
    let other = Rect { x: half.right(), width: area.width - half.width, ..area };
    match (is_beside, seen.on_model) {
        (true, _) => {
            full(seen, app, buffer, half, !seen.on_model);
            model(seen, app, buffer, other, seen.on_model);
        }
        (false, false) => full(seen, app, buffer, area, true),
        (false, true) => model(seen, app, buffer, area, true),
    }
    let keys = "j k scroll   Tab other side   [ ] other command   x what was left out   q close";
    let (text, role) = match &app.said {
        Some((text, _)) => (text.as_str(), Role::Warning),
        None if !app.state.asks.is_empty() => ("a question waits: q, then Alt+a", Role::Ask),
        None => (keys, Role::Dim),
    };
    let line = view::plain(app, &format!(" {text}"), role, screen.width);
    view::put(buffer, Rect { y: area.bottom(), height: 1, ..screen }, &line);
}

fn full(seen: &Seen, app: &App, buffer: &mut Buffer, area: Rect, has_keys: bool) {
    let count = runs(&app.state).count();
    let left =
        format!("Output  {}/{count}  {}", seen.which + 1, clean(&seen.command).replace('\n', " "));
    let footer = match (&seen.trouble, seen.left_out.len()) {
        (Some(_), _) => String::new(),
        (None, 0) => format!("{}  the model read all of it", seen.full.size()),
        (None, count) => format!("{}  {count} of them (-) left out", seen.full.size()),
    };
    let row = |index: usize| {
        let is_out = seen.left_out.contains(&index);
        (if is_out { "- " } else { "  " }, if is_out { Role::Dim } else { Role::Text })
    };
    side(&seen.full, app, buffer, area, has_keys, (&left, &footer), row);
    if let Some(trouble) = &seen.trouble {
        let inside = inner(area);
        view::put(buffer, inside, &view::plain(app, trouble, Role::Error, inside.width));
    }
}

fn model(seen: &Seen, app: &App, buffer: &mut Buffer, area: Rect, has_keys: bool) {
    let row = |index: usize| match seen.model.line(index) {
        line if line.starts_with("… ") => ("  ", Role::Warning),
        _ if index == 0 => ("  ", Role::Heading),
        _ => ("  ", Role::Text),
    };
    let titles = ("What the model read", seen.model.size());
    side(&seen.model, app, buffer, area, has_keys, (titles.0, &titles.1), row);
}

fn side(
    side: &Side,
    app: &App,
    buffer: &mut Buffer,
    area: Rect,
    has_keys: bool,
    (left, footer): (&str, &str),
    row: impl Fn(usize) -> (&'static str, Role),
) {
    let border = if has_keys { Role::BorderFocus } else { Role::Border };
    let titles = Titles { left, footer, ..Titles::default() };
    let inside = frame(buffer, area, &app.theme, border, has_keys, &titles);
    let columns = usize::from(inside.width).saturating_sub(2);
    for (y, index) in (inside.y..inside.bottom()).zip(side.scroll..side.lines.len()) {
        let (mark, role) = row(index);
        let line = side.line(index);
        // Of an endless line, no more than can be seen.
        let start = crate::text::prefix(line, columns * 2);
        let text = expand_tabs(start, 0, TAB_COLUMNS);
        let text = clean(&text);
        let mut text = clip(&text, columns).into_owned();
        if start.len() < line.len() && !text.ends_with('…') {
            text.push('…');
        }
        let spans = vec![
            Span::styled(mark, app.theme.style(Role::Removed)),
            Span::styled(text, app.theme.style(role)),
        ];
        buffer.set_line(inside.x, y, &Line::from(spans), inside.width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_the_count_stands_for_is_found_in_the_output() {
        let full: String = (0..100).map(|line| format!("{}\n", line / 10)).collect();
        let model =
            "exit 0, all 100 lines in FILE\n0 × 10\n1\n1\n… 80 of 100 lines left out …\n9 × 8";
        assert_eq!(left_out(&Side::new(full.clone()), &Side::new(model.into())), 12..92);
        assert_eq!(left_out(&Side::new(full), &Side::new("exit 0\n1".into())), 0..0);
    }

    #[test]
    fn of_a_huge_file_both_ends_are_read_and_the_rest_is_counted() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let line = [b'x'; 99];
        for _ in 0..200_000 {
            file.write_all(&line).unwrap();
            file.write_all(b"\n").unwrap();
        }
        file.write_all(b"the end\n").unwrap();
        let text = read(file.path()).unwrap();
        assert!(text.len() < 9 << 20);
        assert!(text.ends_with("the end\n"));
        let note = text.lines().find(|line| line.starts_with('…')).unwrap();
        let missing: usize = note.split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!(missing + text.len() - note.len() - 1, 200_000 * 100 + 8);
        assert!(read(Path::new("/nowhere/at/all")).unwrap_err().contains("cannot be read"));
    }
}
