//! The bottom of the screen: the message that is written, or the question in its place.

use super::app::App;
use super::composer::Composer;
use super::frame::{Titles, frame};
use super::layout::Kind;
use super::pane::Focus;
use super::rows;
use super::sheet::InputFor;
use super::theme::Role;
use super::view::{Cursor, lines, plain, put};
use crate::protocol::{CursorShape, Question};
use crate::text::{clean, clip, graphemes};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

pub(crate) fn composer(app: &App, buffer: &mut Buffer, area: Rect) -> Cursor {
    if area.area() == 0 {
        return None;
    }
    let is_focused = app.focus == Focus::Message && app.overlay.is_none();
    let mut inside = area;
    if app.layout.is_framed() {
        let right = if app.state.running.is_some() {
            "Enter steer   Tab queue"
        } else {
            "Enter send   ^J newline"
        };
        let titles = Titles { left: "Message", right, ..Titles::default() };
        let border = if is_focused { Role::BorderFocus } else { Role::Border };
        inside = frame(buffer, area, &app.theme, border, false, &titles);
        inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside };
    } else {
        let prompt = if inside.width > 4 { " > " } else { "" };
        let style = app.theme.style(if is_focused { Role::Accent } else { Role::Dim });
        buffer.set_stringn(inside.x, inside.y, prompt, usize::from(inside.width), style);
        let indent = u16::try_from(prompt.len()).unwrap_or(0);
        inside = Rect { x: inside.x + indent, width: inside.width - indent, ..inside };
    }
    if app.composer.is_empty() {
        let text = if app.state.running.is_some() {
            "Say something to the running turn"
        } else {
            "Ask, or type / for commands"
        };
        put(buffer, inside, &plain(app, text, Role::Dim, inside.width));
    }
    let cursor = text(app, &app.composer, buffer, inside);
    cursor.filter(|_| is_focused)
}

/// Draws the rows around the cursor; returns where the cursor is.
pub(crate) fn text(app: &App, composer: &Composer, buffer: &mut Buffer, area: Rect) -> Cursor {
    let ranges = composer.rows();
    let (row, column) = composer.cursor(&ranges);
    let height = usize::from(area.height);
    let first = (row + 1).saturating_sub(height);
    let style = app.theme.style(Role::Text);
    for (y, range) in (area.y..area.bottom()).zip(ranges.into_iter().skip(first)) {
        let shown: String = graphemes(&composer.text()[range])
            .map(|(_, grapheme, _)| rows::shown(grapheme))
            .collect();
        buffer.set_stringn(area.x, y, shown, usize::from(area.width), style);
    }
    let x = area.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
    let y = area.y + u16::try_from(row - first).unwrap_or(0);
    (area.height > 0 && area.width > 0)
        .then(|| (Position::new(x.min(area.right() - 1), y), CursorShape::Beam))
}

/// The question's frame; a comment that is written has the cursor.
pub(crate) fn sheet(app: &App, buffer: &mut Buffer, area: Rect) -> Cursor {
    let text_lines = app.sheet_lines.as_ref()?;
    let is_focused = app.focus == Focus::Approval && app.overlay.is_none();
    let footer = if is_focused { "" } else { "Alt+a or Enter: answer it" };
    let is_typed = app.sheet.as_ref().is_some_and(|sheet| sheet.input.is_some());
    let right = if is_typed { "" } else { "Enter does nothing here" };
    let titles = Titles { left: &text_lines.title, right, footer, alert: false };
    let inside = frame(buffer, area, &app.theme, Role::Ask, is_focused, &titles);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    body(app, buffer, inside)
}

/// Body, comment and keys, from top to bottom; the body gives way, and says how much is hidden.
pub(crate) fn body(app: &App, buffer: &mut Buffer, area: Rect) -> Cursor {
    let (Some(sheet), Some(text_lines)) = (&app.sheet, &app.sheet_lines) else { return None };
    let height = usize::from(area.height);
    let keys = text_lines.keys.len().min(height);
    let comment = usize::from(sheet.input.is_some()).min(height - keys);
    let room = height - keys - comment;
    let total = text_lines.body.len();
    let first = sheet.scroll.min(total.saturating_sub(room));
    let shown = &text_lines.body[first..(first + room).min(total)];
    lines(buffer, Rect { height: cells(room), ..area }, shown);
    let hidden = total - shown.len();
    if hidden > 0 && room > 0 {
        let text = if area.width < 40 {
            format!(" +{hidden}")
        } else {
            format!(" {hidden} more row{}: Up Down ", if hidden == 1 { "" } else { "s" })
        };
        let wide = cells(text.len()).min(area.width);
        let style = app.theme.style(Role::Warning);
        let y = area.y + cells(room) - 1;
        buffer.set_stringn(area.right() - wide, y, text, usize::from(wide), style);
    }
    let keys_y = area.y + cells(room + comment);
    let keys_area = Rect { y: keys_y, height: cells(keys), ..area };
    lines(buffer, keys_area, &text_lines.keys);
    let input = sheet.input.as_ref().filter(|_| comment > 0)?;
    let row = Rect { y: area.y + cells(room), height: 1, ..area };
    let label = match input.what {
        InputFor::Comment if area.width > 30 => "comment: ",
        InputFor::Yes(_) if area.width > 50 => "some of it is guarded: type yes in full: ",
        InputFor::Yes(_) => "yes? ",
        InputFor::Comment => "> ",
    };
    buffer.set_stringn(row.x, row.y, label, usize::from(row.width), app.theme.style(Role::Accent));
    let indent = cells(label.len()).min(row.width);
    let cursor = one_row(
        app,
        &input.text,
        buffer,
        Rect { x: row.x + indent, width: row.width - indent, ..row },
    );
    cursor.filter(|_| app.focus == Focus::Approval && app.overlay.is_none())
}

/// A text in one row, scrolled sideways so that its end is seen.
pub(crate) fn one_row(app: &App, composer: &Composer, buffer: &mut Buffer, area: Rect) -> Cursor {
    let mut copy = composer.clone();
    copy.set_columns(usize::from(area.width).saturating_sub(1));
    text(app, &copy, buffer, area)
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// The row that says what waits, or what is kept.
pub(crate) fn note(app: &App, buffer: &mut Buffer, area: Rect) {
    if area.height == 0 {
        return;
    }
    if app.shows_sheet() {
        let draft = clean(app.composer.text().lines().next().unwrap_or("")).into_owned();
        return put(
            buffer,
            area,
            &plain(app, &format!(" > draft kept: {draft}"), Role::Dim, area.width),
        );
    }
    let Some(ask) = app.ask() else { return };
    let is_small = app.layout.kind == Kind::Lines;
    let text = match &ask.question {
        Question::Run { command, .. } => format!("run {}", command.lines().next().unwrap_or("")),
        Question::Apply { changes, .. } => {
            let first = changes.first().map_or("", |change| change.path.as_str());
            match changes.len() {
                0 | 1 => format!("write {first}"),
                count => format!("write {first} and {} more", count - 1),
            }
        }
        Question::Review { files, .. } => match files.as_slice() {
            [only] => format!("apply {}", only.path),
            files => format!("apply {} files", files.len()),
        },
        Question::Plan { .. } => "go on with this plan".to_owned(),
        Question::Gates { .. } => "run the project's checks".to_owned(),
        Question::Choose { text, .. } => text.lines().next().unwrap_or("").to_string(),
    };
    let head = if is_small { "? " } else { " APPROVAL NEEDED  " };
    let tail = if is_small { "  Alt+a" } else { "   Alt+a to answer" };
    let room = usize::from(area.width).saturating_sub(head.len() + tail.len() + 1);
    let line = Line::from(vec![
        Span::styled(head, app.theme.style(Role::Ask)),
        Span::styled(clip(&clean(&text), room).into_owned(), app.theme.style(Role::Text)),
        Span::styled(tail, app.theme.style(Role::Accent)),
    ]);
    put(buffer, area, &line);
}
