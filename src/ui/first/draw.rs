//! How the first start looks. A key is never shown: only how long it is, and whose it looks like.

use super::page::{CHOICES, Field, First, Page};
use crate::text::{clean, clip, width};
use crate::ui::frame::{Titles, frame};
use crate::ui::rows;
use crate::ui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

const COLUMNS_MAX: u16 = 84;
/// Where it is said what a choice is about.
const ABOUT_COLUMN: usize = 32;
/// Below that there is neither a frame nor a word of welcome.
const FRAMED_ROWS_MIN: u16 = 16;
const FRAMED_COLUMNS_MIN: u16 = 60;
/// Dots that stand for a key, at most.
const DOTS_MAX: usize = 24;

struct Ink<'a> {
    theme: &'a Theme,
    room: usize,
    /// Rows that a list may have.
    list_rows: usize,
    lines: Vec<Line<'static>>,
}

impl Ink<'_> {
    fn line(&mut self, text: &str, role: Role) {
        let text = clip(&clean(text), self.room).into_owned();
        self.lines.push(Line::from(Span::styled(text, self.theme.style(role))));
    }

    fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    fn wrapped(&mut self, text: &str, role: Role) {
        for paragraph in text.lines() {
            let paragraph = clean(paragraph).into_owned();
            for range in rows::rows(&paragraph, self.room.max(1)) {
                self.line(paragraph[range].trim_end(), role);
            }
        }
    }

    /// A row of a list; what it is about stands in a column of its own, or not at all.
    fn item(&mut self, text: &str, about: &str, is_selected: bool) {
        let mark = if is_selected { "> " } else { "  " };
        let head = clip(&format!("{mark}{text}"), self.room).into_owned();
        let gap = ABOUT_COLUMN.saturating_sub(width(&head)).max(2);
        let has_room = width(&head) + gap + width(about) <= self.room;
        let (gap, about) = if has_room { (gap, about) } else { (0, "") };
        let rest = self.room.saturating_sub(width(&head) + gap + width(about));
        let (role, dim) =
            if is_selected { (Role::Selection, Role::Selection) } else { (Role::Text, Role::Dim) };
        self.lines.push(Line::from(vec![
            Span::styled(format!("{head}{}", " ".repeat(gap)), self.theme.style(role)),
            Span::styled(format!("{about}{}", " ".repeat(rest)), self.theme.style(dim)),
        ]));
    }

    fn field(&mut self, label: &str, text: &str, has_keys: bool) {
        let caret = match (has_keys, self.is_ascii()) {
            (false, _) => "",
            (true, true) => "_",
            (true, false) => "▏",
        };
        let room = self.room.saturating_sub(width(label) + 2);
        let text = tail(text, room.saturating_sub(1));
        let role = if has_keys { Role::Accent } else { Role::Dim };
        self.lines.push(Line::from(vec![
            Span::styled(format!("{label}  "), self.theme.style(role)),
            Span::styled(format!("{text}{caret}"), self.theme.style(Role::Text)),
        ]));
    }

    fn is_ascii(&self) -> bool {
        self.theme.glyphs().cross.is_ascii()
    }
}

/// The end of a text, where its cursor is.
fn tail(text: &str, columns: usize) -> String {
    let text = clean(text);
    let mut start = 0;
    while width(&text[start..]) > columns {
        start += text[start..].chars().next().map_or(1, char::len_utf8);
    }
    text[start..].to_owned()
}

pub(crate) fn draw(first: &First, theme: &Theme, buffer: &mut Buffer) {
    let screen = buffer.area;
    let is_framed = screen.height >= FRAMED_ROWS_MIN && screen.width >= FRAMED_COLUMNS_MIN;
    let keys = keys(&first.page);
    let columns =
        if is_framed { screen.width.saturating_sub(4).min(COLUMNS_MAX) } else { screen.width };
    let room = usize::from(if is_framed { columns.saturating_sub(4) } else { columns });
    // Frame, blanks and a question; else a question and the keys.
    let around = if is_framed { 6 } else { 2 };
    let list_rows = usize::from(screen.height.saturating_sub(around)).max(1);
    let mut ink = Ink { theme, room, list_rows, lines: Vec::new() };
    if is_framed {
        ink.blank();
    }
    page(first, &mut ink, is_framed);
    if let Some(said) = &first.said {
        if is_framed {
            ink.blank();
        }
        ink.wrapped(said, Role::Warning);
    }
    if is_framed {
        ink.blank();
        let rows = u16::try_from(ink.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let rows = rows.min(screen.height);
        let area = Rect {
            x: (screen.width - columns) / 2,
            y: (screen.height - rows) / 3,
            width: columns,
            height: rows,
        };
        let titles = Titles { left: "brisk", footer: keys, ..Titles::default() };
        let inside = frame(buffer, area, theme, Role::BorderFocus, true, &titles);
        let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        return put(buffer, inside, &ink.lines);
    }
    // What was said last is at the end: the beginning gives way.
    let height = usize::from(screen.height.saturating_sub(1)).max(1);
    let over = if first.said.is_some() { ink.lines.len().saturating_sub(height) } else { 0 };
    put(buffer, Rect { height: u16::try_from(height).unwrap_or(1), ..screen }, &ink.lines[over..]);
    let text = clip(keys, usize::from(screen.width)).into_owned();
    if screen.height > 1 {
        buffer.set_stringn(
            0,
            screen.height - 1,
            text,
            usize::from(screen.width),
            theme.style(Role::Dim),
        );
    }
}

fn put(buffer: &mut Buffer, area: Rect, lines: &[Line<'static>]) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

fn keys(page: &Page) -> &'static str {
    match page {
        Page::Choices { .. } => "Enter choose   Up Down   q leave",
        Page::Key { .. } => "Enter go on   Esc back",
        Page::Provider { .. } => "Enter store it   Up Down   Esc back",
        Page::Server { .. } => "Enter go on   Tab other field   Esc back",
        Page::Lines { .. } => "Enter write them   Esc back",
    }
}

fn page(first: &First, ink: &mut Ink<'_>, is_framed: bool) {
    match &first.page {
        Page::Choices { selected } => {
            ink.wrapped("brisk has no model to work with yet. How shall it begin?", Role::Heading);
            if is_framed {
                ink.blank();
            }
            for (index, (_, what, about)) in CHOICES.iter().enumerate() {
                ink.item(&format!("{}  {what}", index + 1), about, index == *selected);
            }
            if is_framed {
                ink.blank();
                ink.line("A key can be pasted right here.", Role::Dim);
            }
        }
        Page::Key { text } => key_page(first, text, ink, is_framed),
        Page::Provider { selected, .. } => {
            ink.line("Whose key is it?", Role::Heading);
            if is_framed {
                ink.blank();
            }
            let first_row = (*selected + 1).saturating_sub(ink.list_rows);
            let rows = first.providers.iter().enumerate().skip(first_row).take(ink.list_rows);
            for (index, name) in rows {
                ink.item(name, "", index == *selected);
            }
        }
        Page::Server { url, id, field } => {
            ink.wrapped("Where is your server, and what does it call its model?", Role::Heading);
            if is_framed {
                ink.wrapped("It speaks OpenAI's Chat Completions, as nearly all do.", Role::Dim);
                ink.blank();
            }
            ink.field("address", url, *field == Field::Url);
            ink.field("model  ", id, *field == Field::Id);
        }
        Page::Lines { server, .. } => {
            let file = server.file.display();
            ink.wrapped(&format!("These lines go to the end of {file}:"), Role::Heading);
            if is_framed {
                ink.blank();
            }
            for line in server.lines.lines().filter(|line| is_framed || !line.is_empty()) {
                ink.line(line, Role::Text);
            }
        }
    }
}

fn key_page(first: &First, text: &str, ink: &mut Ink<'_>, is_framed: bool) {
    ink.wrapped("Paste the key. It is not shown.", Role::Heading);
    if is_framed {
        ink.blank();
    }
    let count = text.trim().chars().count();
    let dot = if ink.is_ascii() { "*" } else { "•" };
    ink.field("key", &dot.repeat(count.min(DOTS_MAX)), true);
    let found = match (count, first.giver(text)) {
        (0, _) => String::new(),
        (_, Some((index, true))) => {
            format!("{count} characters: a key of {}", first.providers[index])
        }
        (_, Some((index, false))) => {
            format!(
                "{count} characters: perhaps a key of {}; you will be asked",
                first.providers[index]
            )
        }
        (_, None) => format!("{count} characters; you will be asked whose it is"),
    };
    ink.line(&found, Role::Accent);
    if is_framed {
        ink.blank();
    }
    let file = first.config.stored_keys().file();
    let text = format!(
        "It goes into {}, which nobody but you may read. It is not checked now: the first request \
         will tell.",
        file.display()
    );
    ink.wrapped(&text, Role::Dim);
}
