//! Which rows and columns belong to what: a pure function of the screen's size and a few facts.

use super::pane::Pane;
use ratatui::layout::Rect;

/// Below this there are no panes, only lines.
pub(crate) const COLUMNS_MIN: u16 = 60;
pub(crate) const ROWS_MIN: u16 = 15;
const TWO_COLUMNS_MIN: u16 = 100;
const TWO_ROWS_MIN: u16 = 28;
const THREE_COLUMNS_MIN: u16 = 170;
/// With fewer rows, hints and status share one.
const HINT_ROWS_MIN: u16 = 20;

/// What the layout needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    /// The pane that a narrow screen, or a zoomed one, shows.
    pub(crate) pane: Pane,
    pub(crate) zoomed: bool,
    /// Rows that the message, or the question in its place, wants; borders not counted.
    pub(crate) bottom: u16,
    pub(crate) is_question: bool,
    /// A row that says that a question waits, or what draft is kept.
    pub(crate) note: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) kind: Kind,
    pub(crate) header: Rect,
    pub(crate) tabs: Rect,
    pub(crate) chat: Rect,
    pub(crate) diff: Rect,
    pub(crate) term: Rect,
    pub(crate) inspector: Rect,
    pub(crate) note: Rect,
    /// The message or the question.
    pub(crate) bottom: Rect,
    pub(crate) budget: Rect,
    pub(crate) status: Rect,
    pub(crate) hint: Rect,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Too small for panes: the chat's last lines and the message.
    #[default]
    Lines,
    Tabs,
    Two,
    Three,
}

impl Layout {
    /// A pane's area, frame included; empty if it is not shown.
    pub(crate) const fn area(&self, pane: Pane) -> Rect {
        match pane {
            Pane::Chat => self.chat,
            Pane::Diff => self.diff,
            Pane::Term => self.term,
            Pane::Inspector => self.inspector,
        }
    }

    pub(crate) fn shows(&self, pane: Pane) -> bool {
        self.area(pane).area() > 0
    }

    /// Whether the message has a frame around it.
    pub(crate) fn is_framed(&self) -> bool {
        matches!(self.kind, Kind::Two | Kind::Three)
    }
}

pub(crate) const fn kind(columns: u16, rows: u16) -> Kind {
    if columns < COLUMNS_MIN || rows < ROWS_MIN {
        Kind::Lines
    } else if columns < TWO_COLUMNS_MIN || rows < TWO_ROWS_MIN {
        Kind::Tabs
    } else if columns < THREE_COLUMNS_MIN {
        Kind::Two
    } else {
        Kind::Three
    }
}

/// Takes rows off the bottom of what is left.
struct Rows {
    left: Rect,
}

impl Rows {
    fn top(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.left.height);
        let taken = Rect { height: rows, ..self.left };
        self.left.y += rows;
        self.left.height -= rows;
        taken
    }

    fn bottom(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.left.height);
        self.left.height -= rows;
        Rect { y: self.left.y + self.left.height, height: rows, ..self.left }
    }
}

pub(crate) fn layout(facts: &Facts) -> Layout {
    let kind = kind(facts.columns, facts.rows);
    let mut rows = Rows { left: Rect::new(0, 0, facts.columns, facts.rows) };
    let mut layout = Layout { kind, ..Layout::default() };
    if kind == Kind::Lines {
        let limit = if facts.is_question { facts.rows } else { (facts.rows / 3).max(1) };
        layout.bottom = rows.bottom(facts.bottom.clamp(1, limit.max(1)));
        layout.note = rows.bottom(u16::from(facts.note && facts.rows > 3));
        layout.chat = rows.left;
        return layout;
    }
    layout.header = rows.top(1);
    if kind == Kind::Tabs {
        layout.tabs = rows.top(1);
    }
    layout.hint = rows.bottom(u16::from(facts.rows >= HINT_ROWS_MIN));
    layout.status = rows.bottom(1);
    layout.budget = rows.bottom(1);
    let frame = if facts.is_question || layout.is_framed() { 2 } else { 0 };
    let share = if facts.is_question { facts.rows / 2 } else { facts.rows / 3 };
    layout.bottom = rows.bottom((facts.bottom.max(1) + frame).min(share.max(1)));
    layout.note = rows.bottom(u16::from(facts.note));
    panes(&mut layout, rows.left, facts);
    layout
}

fn panes(layout: &mut Layout, area: Rect, facts: &Facts) {
    if layout.kind == Kind::Tabs || facts.zoomed {
        match facts.pane {
            Pane::Chat => layout.chat = area,
            Pane::Diff => layout.diff = area,
            Pane::Term => layout.term = area,
            Pane::Inspector => layout.inspector = area,
        }
        return;
    }
    let mut rest = area;
    let mut left = |columns: u16| {
        let taken = Rect { width: columns.min(rest.width), ..rest };
        rest.x += taken.width;
        rest.width -= taken.width;
        taken
    };
    let chat_columns = match layout.kind {
        Kind::Three => facts.columns * 31 / 100,
        _ => facts.columns * 48 / 100,
    };
    layout.chat = left(chat_columns);
    if layout.kind == Kind::Three {
        const INSPECTOR_COLUMNS: u16 = 38;
        let middle = rest.width - INSPECTOR_COLUMNS;
        layout.inspector = Rect { x: rest.x + middle, width: INSPECTOR_COLUMNS, ..rest };
        rest.width = middle;
    }
    let diff_rows = rest.height * 55 / 100;
    layout.diff = Rect { height: diff_rows, ..rest };
    layout.term = Rect { y: rest.y + diff_rows, height: rest.height - diff_rows, ..rest };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(columns: u16, rows: u16) -> Facts {
        let pane = Pane::Chat;
        Facts { columns, rows, pane, zoomed: false, bottom: 1, is_question: false, note: false }
    }

    #[test]
    fn every_size_gives_areas_inside_the_screen_that_do_not_overlap() {
        for columns in (0..260).step_by(7) {
            for rows in 0..70 {
                for (bottom, is_question) in [(1, false), (40, false), (9, true)] {
                    let facts = Facts { bottom, is_question, note: true, ..facts(columns, rows) };
                    check(&layout(&facts), columns, rows);
                }
            }
        }
    }

    fn check(layout: &Layout, columns: u16, rows: u16) {
        let areas = [
            layout.header,
            layout.tabs,
            layout.chat,
            layout.diff,
            layout.term,
            layout.inspector,
            layout.note,
            layout.bottom,
            layout.budget,
            layout.status,
            layout.hint,
        ];
        let screen = Rect::new(0, 0, columns, rows);
        for (index, area) in areas.iter().enumerate().filter(|(_, area)| area.area() > 0) {
            assert_eq!(area.intersection(screen), *area, "{columns}x{rows}");
            for other in areas[index + 1..].iter().filter(|other| other.area() > 0) {
                assert!(!area.intersects(*other), "{columns}x{rows} {area:?} {other:?}");
            }
        }
    }

    #[test]
    fn the_screen_decides_how_many_panes_there_are() {
        assert_eq!(layout(&facts(80, 24)).kind, Kind::Tabs);
        assert_eq!(layout(&facts(120, 40)).kind, Kind::Two);
        assert_eq!(layout(&facts(120, 27)).kind, Kind::Tabs);
        assert_eq!(layout(&facts(200, 50)).kind, Kind::Three);
        assert_eq!(layout(&facts(59, 50)).kind, Kind::Lines);
    }
}
