//! Draws what `prepare` has laid out. It changes nothing.

use super::app::{App, inner};
use super::frame::{self, Titles, frame};
use super::layout::Kind;
use super::overlay::Overlay;
use super::pane::{Focus, Pane};
use super::review::Source;
use super::theme::Role;
use super::{
    bars, copy_mode, diff_pane, empty, header, inspector, line_mode, look_back, message, seen,
    term_pane, terminals,
};
use crate::protocol::{self, CursorShape, Quality};
use crate::session::TermInfo;
use crate::text::clip;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// Where the cursor is seen; None: nowhere.
pub(crate) type Cursor = Option<(Position, CursorShape)>;

pub(crate) fn view(app: &App, buffer: &mut Buffer) -> Cursor {
    let layout = &app.layout;
    if layout.kind == Kind::Lines {
        let cursor = line_mode::view(app, buffer);
        return if overlay_whole(app, buffer) { None } else { cursor };
    }
    put(buffer, layout.header, &header::header(app));
    if layout.tabs.height > 0 {
        put(buffer, layout.tabs, &header::tabs(app));
    }
    let mut cursor = None;
    for pane in Pane::ALL.into_iter().filter(|pane| layout.shows(*pane)) {
        cursor = cursor.or(draw_pane(app, pane, buffer));
    }
    message::note(app, buffer, layout.note);
    let bottom = if app.shows_sheet() {
        message::sheet(app, buffer, layout.bottom)
    } else {
        message::composer(app, buffer, layout.bottom)
    };
    put(buffer, layout.budget, &bars::budget(app));
    put(buffer, layout.status, &bars::status(app));
    if layout.hint.height > 0 {
        put(buffer, layout.hint, &bars::hint(app));
    }
    if let Some(seen) = &app.seen {
        seen::draw(seen, app, buffer);
        return None;
    }
    if app.overlay.is_some() {
        overlay(app, buffer);
        return None;
    }
    cursor.or(bottom)
}

/// Writes a line into the first row of an area.
pub(crate) fn put(buffer: &mut Buffer, area: Rect, line: &Line<'_>) {
    if area.height > 0 {
        buffer.set_line(area.x, area.y, line, area.width);
    }
}

fn draw_pane(app: &App, pane: Pane, buffer: &mut Buffer) -> Cursor {
    let area = app.layout.area(pane);
    let is_focused = app.focus == Focus::Pane(pane) && app.overlay.is_none();
    let (left, right, alert) = titles(app, pane);
    let copying = look_back::shown(app).filter(|_| pane == Pane::Term).map(copy_mode::footer);
    let footer = copying.unwrap_or_else(|| match pane {
        Pane::Diff => bars::fitting(app, diff_footer(app), area.width.saturating_sub(4)),
        pane => footer(app, pane).to_owned(),
    });
    let footer = if is_focused { footer.as_str() } else { "" };
    let titles = Titles { left: &left, right: &right, footer, alert };
    let border = if is_focused { Role::BorderFocus } else { Role::Border };
    if pane == Pane::Chat && app.layout.kind == Kind::Tabs {
        let rule = Rect { height: 1, ..area };
        frame::rule(buffer, rule, &app.theme, border, is_focused, right.as_str());
        let rule = Rect { y: area.bottom() - 1, ..rule };
        frame::rule(buffer, rule, &app.theme, border, is_focused, "");
        chat(app, buffer, app.chat_inside());
        return None;
    }
    let inside = frame(buffer, area, &app.theme, border, is_focused, &titles);
    match pane {
        Pane::Chat => chat(app, buffer, inside),
        Pane::Diff => return diff_pane::draw(app, buffer, inside, is_focused),
        Pane::Inspector => {
            let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
            lines(buffer, text, &inspector::lines(app, text.width));
        }
        Pane::Term => return term(app, buffer, inside, is_focused),
    }
    None
}

/// Left and right title, and whether the right one calls for the user.
fn titles(app: &App, pane: Pane) -> (String, String, bool) {
    let name = pane.name();
    match pane {
        Pane::Chat if !app.chat.is_at_bottom() => {
            (name.to_string(), "more below  G end".to_string(), false)
        }
        Pane::Chat => (name.to_string(), "^O expand".to_string(), false),
        Pane::Inspector => (name.to_string(), String::new(), false),
        Pane::Diff => diff_titles(app),
        Pane::Term => {
            let Some(info) = app.term_info() else {
                return (name.to_string(), String::new(), false);
            };
            let (left, right, alert) = term_titles(app, info);
            match look_back::shown(app) {
                Some(copy) => (left, copy_mode::title(copy), true),
                None => (left, right, alert),
            }
        }
    }
}

fn diff_titles(app: &App) -> (String, String, bool) {
    let name = Pane::Diff.name();
    let review = &app.diff.review;
    let summary = &review.summary;
    if app.diff.is_empty() {
        return (name.to_string(), String::new(), false);
    }
    let files = match review.changes.len() {
        1 => "1 file".to_string(),
        count => format!("{count} files"),
    };
    let left = format!("{name}  {files}  +{} -{}", summary.added, summary.removed);
    let right = match review.source {
        Source::Past => "the last edits".to_string(),
        Source::Nothing => String::new(),
        Source::Ask(_) | Source::Draft => {
            let way = app.diff.way();
            let gap = if way.is_empty() { "" } else { "   " };
            format!("{way}{gap}{}/{} selected", summary.accepted, summary.hunks)
        }
    };
    (left, right, review.is_open())
}

/// Whose turn it is to type is always there to read.
fn term_titles(app: &App, info: &TermInfo) -> (String, String, bool) {
    let name = Pane::Term.name();
    let mut left = format!("{name}  {}  pid {}", info.name, info.pid);
    if info.owner == protocol::Owner::User {
        left = format!("{name}  {}  TREE: yours alone", info.name);
    }
    let (right, alert) = match (info.exited, info.secret, info.pen) {
        (Some(Some(code)), ..) => (format!("ended, exit {code}"), false),
        (Some(None), ..) => ("ended".to_string(), false),
        (None, true, _) => ("password: only you can type".to_string(), true),
        (None, false, protocol::Pen::User) if info.owner == protocol::Owner::User => {
            ("pen: YOU".to_string(), false)
        }
        (None, false, protocol::Pen::User) if app.is_busy() => {
            ("pen: YOU  agent waits".to_string(), true)
        }
        (None, false, protocol::Pen::User) => ("pen: YOU".to_string(), true),
        (None, false, protocol::Pen::Agent) => ("pen: AGENT".to_string(), false),
    };
    match info.quality.filter(|_| info.exited.is_none()) {
        Some(Quality::Basic | Quality::None) => left.push_str("  exit codes unknown"),
        None if info.exited.is_none() => left.push_str("  starting"),
        Some(Quality::Rich) | None => {}
    }
    (left, right, alert)
}

fn diff_footer(app: &App) -> &'static [&'static str] {
    let diff = &app.diff;
    if diff.prompt.is_some() {
        return &["Enter done", "Esc not so"];
    }
    match diff.review.source {
        Source::Draft => &[
            "] [ hunk",
            "Space toggle",
            "Enter decide",
            "? more",
            "c note",
            "a lines",
            "s split",
            "e edit",
            "g gates",
            "/ search",
            "q back",
        ],
        Source::Ask(_) => {
            &["] [ hunk", "Space toggle", "Enter answer", "q back", "c note", "? more"]
        }
        Source::Past | Source::Nothing => {
            &["] [ hunk", "} { file", "t layout", "/ search", "q back"]
        }
    }
}

fn footer(app: &App, pane: Pane) -> &'static str {
    match pane {
        Pane::Chat => "j k row   Enter expand   q back",
        // Its keys are as many as there is room for.
        Pane::Diff => "",
        Pane::Term if app.term_info().is_some_and(|info| info.owner == protocol::Owner::User) => {
            "^\\ q leave   ^\\ n new   ^\\ k end   ^\\ [ look back"
        }
        Pane::Term => "^\\ h hand back   ^\\ q leave   ^\\ n new   ^\\ [ look back",
        Pane::Inspector => "q back",
    }
}

pub(crate) fn lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>]) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

fn chat(app: &App, buffer: &mut Buffer, inside: Rect) {
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    if app.chat.is_empty() {
        return lines(buffer, text, &empty::chat(app, text.width));
    }
    let is_focused = app.focus == Focus::Pane(Pane::Chat);
    let mark = app.theme.style(Role::Accent);
    for (y, (block, line)) in (text.y..text.bottom()).zip(&app.chat.view) {
        buffer.set_line(text.x, y, line, text.width);
        if is_focused && app.chat.selected() == Some(*block) && line.width() > 0 {
            buffer.set_string(inside.x, y, ">", mark);
        }
    }
}

fn term(app: &App, buffer: &mut Buffer, inside: Rect, is_focused: bool) -> Cursor {
    if let Some(copy) = look_back::shown(app) {
        let cursor = copy_mode::draw(copy, &app.theme, buffer, inside);
        return cursor.filter(|_| is_focused);
    }
    let Some(screen) = app.term.screen.as_ref().filter(|_| app.term_id().is_some()) else {
        let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        lines(buffer, text, &empty::term(app, text.width));
        return None;
    };
    if app.shows_terminals() {
        put(buffer, Rect { height: 1, ..inside }, &terminals::tabs(app, inside.width));
    }
    let inside = app.term_inside();
    term_pane::draw(screen, buffer, inside);
    if app.term_info().is_some_and(|info| info.secret) {
        terminals::banner(app, buffer, inside, screen);
    }
    is_focused.then(|| term_pane::cursor(screen, inside)).flatten()
}

fn overlay(app: &App, buffer: &mut Buffer) {
    let Some(overlay) = &app.overlay else { return };
    let screen = buffer.area;
    let columns = screen.width.saturating_sub(4).min(overlay.columns_max());
    let rows_max = screen.height.saturating_sub(4);
    let (text, first) =
        overlay_lines(app, overlay, columns.saturating_sub(4), rows_max.saturating_sub(2));
    let rows = u16::try_from(text.len()).unwrap_or(rows_max).saturating_add(2).min(rows_max);
    let area = Rect {
        x: (screen.width - columns) / 2,
        y: (screen.height - rows) / 2,
        width: columns,
        height: rows,
    };
    clear(buffer, area);
    unhalve(buffer, area);
    let titles = Titles { left: overlay.title(), footer: overlay.footer(), ..Titles::default() };
    frame(buffer, area, &app.theme, Role::BorderFocus, true, &titles);
    let inside = inner(area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    lines(buffer, inside, text.get(first..).unwrap_or(&[]));
}

/// On a screen too small for panes it has all of it; whether there is one.
fn overlay_whole(app: &App, buffer: &mut Buffer) -> bool {
    const FOOTER_ROWS_MIN: u16 = 8;
    let Some(overlay) = &app.overlay else { return false };
    let area = buffer.area;
    clear(buffer, area);
    let footer = u16::from(area.height >= FOOTER_ROWS_MIN);
    let head = u16::from(area.height > 1);
    let title = plain(app, overlay.title(), Role::Title, area.width);
    put(buffer, Rect { height: head, ..area }, &title);
    let inside =
        Rect { y: area.y + head, height: area.height.saturating_sub(head + footer), ..area };
    let (text, first) = overlay_lines(app, overlay, inside.width, inside.height);
    lines(buffer, inside, text.get(first..).unwrap_or(&[]));
    let keys = plain(app, overlay.footer(), Role::Dim, area.width);
    put(buffer, Rect { y: area.bottom() - footer, height: footer, ..area }, &keys);
    true
}

fn overlay_lines(
    app: &App,
    overlay: &Overlay,
    columns: u16,
    rows: u16,
) -> (Vec<Line<'static>>, usize) {
    let budget = super::act::budget(app).map_or(0, |budget| budget.tokens);
    let budget = super::numbers::tokens(budget);
    overlay.lines(&app.state, &budget, &app.pen(), columns, rows)
}

fn clear(buffer: &mut Buffer, area: Rect) {
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}

/// A wide character whose second half lies under the overlay would spill into it.
fn unhalve(buffer: &mut Buffer, area: Rect) {
    let Some(x) = area.x.checked_sub(1) else { return };
    for y in area.y..area.bottom() {
        if let Some(cell) = buffer.cell_mut((x, y))
            && crate::text::width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
}

/// A clipped, styled single-span line.
pub(crate) fn plain(app: &App, text: &str, role: Role, columns: u16) -> Line<'static> {
    let text = clip(text, usize::from(columns)).into_owned();
    Line::from(Span::styled(text, app.theme.style(role)))
}
