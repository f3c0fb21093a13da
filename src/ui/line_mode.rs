//! The screen that is too small for panes: the chat's last rows, and the message or the question.

use super::app::App;
use super::message;
use super::theme::Role;
use super::view::{Cursor, lines, plain, put};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(crate) fn view(app: &App, buffer: &mut Buffer) -> Cursor {
    let layout = &app.layout;
    let chat = layout.chat;
    if let Some((text, _)) = app.said.as_ref().filter(|_| chat.height > 0) {
        let last = Rect { y: chat.bottom() - 1, height: 1, ..chat };
        put(buffer, last, &plain(app, text, Role::Warning, last.width));
    } else if app.chat.is_empty() {
        put(buffer, chat, &plain(app, "brisk: ask for something", Role::Dim, chat.width));
    }
    let rows = usize::from(chat.height) - usize::from(app.said.is_some() && chat.height > 0);
    for (y, (_, line)) in (chat.y..chat.bottom()).zip(app.chat.view.iter().take(rows)) {
        buffer.set_line(chat.x, y, line, chat.width);
    }
    message::note(app, buffer, layout.note);
    if !app.shows_sheet() {
        return message::composer(app, buffer, layout.bottom);
    }
    let area = layout.bottom;
    let title = app.sheet_lines.as_ref().map_or("", |lines| lines.title.as_str());
    // What is asked counts for more than that it is a question.
    let wanted = app.sheet_lines.as_ref().map_or(0, |text| text.body.len() + text.keys.len());
    if usize::from(area.height) <= wanted.min(3) {
        return message::body(app, buffer, area);
    }
    lines(buffer, area, &[plain(app, title, Role::Ask, area.width)]);
    message::body(app, buffer, Rect { y: area.y + 1, height: area.height - 1, ..area })
}
