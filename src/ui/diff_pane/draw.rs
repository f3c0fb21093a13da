//! Draws the diff pane: the list of files, the header that stays, the rows, the line that is typed.

use super::{DiffPane, Prompt};
use crate::protocol::HunkRef;
use crate::text::width;
use crate::ui::app::App;
use crate::ui::chat_lines::Pen;
use crate::ui::diff::{FileColumns, FileFacts, MARKS_MAX, RowKind, file_row};
use crate::ui::message;
use crate::ui::review::units;
use crate::ui::row::Row;
use crate::ui::theme::Role;
use crate::ui::view::{Cursor, put};
use crate::ui::{empty, marks, view};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Columns of a file's name in the list, at most this share of the pane.
const NAME_SHARE: usize = 2;
/// Columns of a file in the list that are not the row's own.
const MARGIN: usize = 2;

/// The files around the cursor's, as many rows as there are.
pub(super) fn list(
    pane: &DiffPane,
    rows: usize,
    columns: u16,
    pen: &Pen<'_>,
) -> Vec<(usize, Line<'static>)> {
    let changes = &pane.review.changes;
    let here = pane.spot().map_or(0, |spot| spot.change);
    let first = here.saturating_sub(rows / 2).min(changes.len().saturating_sub(rows));
    let shown = first..(first + rows).min(changes.len());
    let names = changes[shown.clone()].iter().map(|change| width(&change.path)).max().unwrap_or(0);
    let all: Vec<_> = shown.clone().map(|index| facts(pane, index)).collect();
    let aligned = FileColumns::of(&all, names.min(usize::from(columns) / NAME_SHARE));
    let row = |(index, facts): (usize, FileFacts)| {
        let facts = FileFacts { columns: aligned, ..facts };
        let row = file_row(&changes[index], &facts, pen.theme);
        (index, row.fit(usize::from(columns).saturating_sub(MARGIN), pen.theme).into_line())
    };
    shown.zip(all).map(row).collect()
}

/// What is chosen of a file, and which guard speaks of it.
pub(crate) fn facts(pane: &DiffPane, index: usize) -> FileFacts {
    let review = &pane.review;
    let change = &review.changes[index];
    let marks = (0..units(change).min(MARKS_MAX))
        .map(|hunk| review.choice(HunkRef { change: index, hunk }))
        .collect();
    let guard = review.guards.iter().find(|guard| guard.id == change.id);
    FileFacts {
        counts: pane.view.counts(index),
        marks,
        units: units(change),
        guard: guard.map(|guard| guard.guard.clone()),
        columns: FileColumns::default(),
    }
}

/// The file and the hunk that the first row belongs to, where they are not seen themselves.
pub(super) fn sticky(
    pane: &mut DiffPane,
    columns: u16,
    is_listed: bool,
    pen: &Pen<'_>,
) -> Option<Line<'static>> {
    let spot = pane.view.spot(pane.scroll)?;
    let needs_hunk = spot.hunk.is_some() && spot.kind != RowKind::HunkHeader;
    let needs_file = spot.hunk.is_some() && !is_listed;
    if (!needs_hunk && !needs_file) || pane.height < 4 {
        return None;
    }
    let change = pane.review.changes.get(spot.change)?;
    let mut row = Row::default();
    if needs_file {
        let name = crate::text::clean(&change.path).into_owned();
        row.push(&format!("{} ", pen.theme.glyphs().expanded), pen.theme.style(Role::Accent));
        row.push(&name, pen.theme.style(Role::Title));
        row.push("  ", pen.theme.style(Role::Dim));
    }
    if needs_hunk {
        let header = pane.view.header_above(pane.scroll)?;
        let review = &pane.review;
        let chosen = |at: HunkRef| review.mark(at);
        let look = crate::ui::diff::Look::new(&chosen, columns, pen.theme, pen.highlighter);
        let drawn = pane.view.rows(&review.changes, header..header + 1, &look);
        row.append(Row(drawn.into_iter().next()?.line.spans));
    } else {
        let (added, removed) = pane.view.counts(spot.change);
        row.push(&format!("+{added} -{removed}"), pen.theme.style(Role::Dim));
    }
    Some(row.fit(usize::from(columns), pen.theme).into_line())
}

pub(crate) fn draw(app: &App, buffer: &mut Buffer, inside: Rect, is_focused: bool) -> Cursor {
    let pane = &app.diff;
    if pane.rows.is_empty() {
        let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        view::lines(buffer, text, &empty::diff(app, text.width));
        return None;
    }
    let mut left = inside;
    let mut top = |rows: usize| {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(left.height);
        let taken = Rect { height: rows, ..left };
        left.y += rows;
        left.height -= rows;
        taken
    };
    if !pane.list.is_empty() {
        let list = top(pane.list.len());
        files(app, buffer, list, is_focused);
        let rule = top(1);
        let style = app.theme.style(Role::Border);
        let line = app.theme.glyphs().rule.repeat(usize::from(rule.width));
        buffer.set_stringn(rule.x, rule.y, line, usize::from(rule.width), style);
    }
    if let Some(sticky) = &pane.sticky {
        let row = top(1);
        put(buffer, Rect { x: row.x + 1, width: row.width.saturating_sub(1), ..row }, sticky);
    }
    rows(app, buffer, left, is_focused);
    let prompt = pane.prompt.as_ref()?;
    let last = Rect { y: inside.bottom() - 1, height: 1, ..inside };
    typed(app, buffer, last, prompt).filter(|_| is_focused)
}

fn files(app: &App, buffer: &mut Buffer, area: Rect, is_focused: bool) {
    let here = app.diff.spot().map(|spot| spot.change);
    for (y, (index, line)) in (area.y..area.bottom()).zip(&app.diff.list) {
        if here == Some(*index) {
            let role = if is_focused { Role::BorderFocus } else { Role::Dim };
            buffer.set_string(area.x + 1, y, app.theme.glyphs().collapsed, app.theme.style(role));
        }
        buffer.set_line(area.x + 3, y, line, area.width.saturating_sub(3));
    }
}

fn rows(app: &App, buffer: &mut Buffer, area: Rect, is_focused: bool) {
    let pane = &app.diff;
    let here = pane.spot();
    let range = pane.range();
    // A line may have several rows; the cursor is on the first.
    let mut is_past = false;
    for (y, row) in (area.y..area.bottom()).zip(&pane.rows) {
        buffer.set_line(area.x + 1, y, &row.line, area.width.saturating_sub(1));
        if !is_focused {
            continue;
        }
        let is_of_part = here.is_some_and(|here| {
            let spot = pane.view.spot(row.row);
            spot.is_some_and(|spot| {
                spot.at().is_some() && spot.at() == here.at() && spot.part == here.part
            })
        });
        let is_first = !std::mem::replace(&mut is_past, row.row == pane.cursor);
        if row.row == pane.cursor && is_first {
            buffer.set_string(area.x, y, ">", app.theme.style(Role::BorderFocus));
        } else if pane.anchor.is_some() && range.contains(&row.row) {
            buffer.set_string(area.x, y, "*", app.theme.style(Role::BorderFocus));
        } else if is_of_part {
            buffer.set_string(area.x, y, marks::side(&app.theme), app.theme.style(Role::Accent));
        }
    }
}

fn typed(app: &App, buffer: &mut Buffer, area: Rect, prompt: &Prompt) -> Cursor {
    let label = prompt.label();
    for x in area.x..area.right() {
        buffer[(x, area.y)].reset();
    }
    let style = app.theme.style(Role::Accent);
    buffer.set_stringn(area.x + 1, area.y, &label, usize::from(area.width), style);
    let indent = u16::try_from(width(&label) + 1).unwrap_or(area.width).min(area.width);
    let area = Rect { x: area.x + indent, width: area.width - indent, ..area };
    message::one_row(app, &prompt.text, buffer, area)
}
