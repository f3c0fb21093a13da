//! A full-screen program's screen as text, and which of its rows are new to who looks again.

use crate::protocol::Screen;
use std::time::Instant;

/// What the agent was last shown of a full-screen program.
pub(super) struct Sight {
    /// When the program took the screen: another one begins anew.
    full_since: Instant,
    rows: Vec<String>,
}

impl Sight {
    pub(super) fn new(full_since: Instant, screen: &Screen) -> Self {
        let mut rows: Vec<String> = (0..screen.size.rows).map(|row| screen.text(row)).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        Self { full_since, rows }
    }

    /// The rows' text, without the blank ones at the end.
    pub(super) fn rows(&self) -> Vec<String> {
        self.rows.clone()
    }

    /// The rows from 0 that are other than they were; None: it was another program's screen.
    pub(super) fn changed(&self, before: &Self) -> Option<Vec<u16>> {
        let text = |sight: &Self, row: u16| -> String {
            sight.rows.get(usize::from(row)).cloned().unwrap_or_default()
        };
        let count = self.rows.len().max(before.rows.len());
        let rows = 0..u16::try_from(count).unwrap_or(u16::MAX);
        (self.full_since == before.full_since)
            .then(|| rows.filter(|row| text(self, *row) != text(before, *row)).collect())
    }
}
