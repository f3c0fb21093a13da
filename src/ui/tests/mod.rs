//! Tests of the room: what keys and events do, and what real terminal bytes show.

mod draw_bytes;
mod guard;
mod keys;
mod look_back;
mod models;
mod painting;
mod random;
mod review;
mod screens;
mod stage;

/// What a terminal of that size shows of the cells.
pub(super) fn through_a_terminal(cells: ratatui::buffer::Buffer) -> String {
    let (columns, rows) = (cells.area.width, cells.area.height);
    stage::Outer::new(columns, rows).show(cells, None)
}
