//! What is said below a line of the diff: the user's comments that are not sent yet, and what gates
//! found there.

use super::super::chat_lines::Pen;
use super::super::diff::Spot;
use super::super::theme::Role;
use crate::protocol::{Change, Diagnostic, LineComment, Severity};
use crate::session::State;
use crate::text::{clean, clip};
use ratatui::text::Line;
use std::collections::HashMap;

/// Diagnostics that are shown at one line.
const AT_ONE_LINE_MAX: usize = 4;
const INDENT: &str = "        ";

/// Diagnostics by path and line.
#[derive(Default)]
pub(super) struct Notes {
    at: HashMap<String, HashMap<u32, Vec<Diagnostic>>>,
    seq: u64,
}

impl Notes {
    /// Takes in what the gates found in the draft as a whole: of a selection the lines are others.
    pub(super) fn sync(&mut self, state: &State) {
        if std::mem::replace(&mut self.seq, state.seq) == state.seq {
            return;
        }
        self.at.clear();
        let Some((_, gates)) = state.draft.gated.as_ref().filter(|(picks, _)| picks.is_empty())
        else {
            return;
        };
        for found in gates.iter().flat_map(|gate| &gate.diagnostics) {
            let lines = self.at.entry(found.path.clone()).or_default();
            lines.entry(found.line).or_default().push(found.clone());
        }
    }

    pub(super) fn lines(
        &self,
        changes: &[Change],
        spot: &Spot,
        comments: &[LineComment],
        pen: &Pen<'_>,
        columns: u16,
    ) -> Vec<Line<'static>> {
        let Some(change) = changes.get(spot.change) else { return Vec::new() };
        let said = |text: String, role| {
            let text = clip(&clean(&text), usize::from(columns)).into_owned();
            Line::from(pen.span(text, role))
        };
        let mut lines = Vec::new();
        if let Some(number) = spot.new.map(|new| new.number) {
            let found = self.at.get(&change.path).and_then(|lines| lines.get(&number));
            for found in found.into_iter().flatten().take(AT_ONE_LINE_MAX) {
                let (word, role) = match found.severity {
                    Severity::Note => ("note", Role::Dim),
                    Severity::Warning => ("warning", Role::Warning),
                    Severity::Error => ("error", Role::Error),
                };
                lines.push(said(format!("{INDENT}{word}  {}: {}", found.source, found.text), role));
            }
        }
        let number = spot.new.or(spot.old).map(|place| place.number);
        let here =
            |comment: &&LineComment| comment.path == change.path && Some(comment.line) == number;
        for comment in comments.iter().filter(here) {
            let hunk = spot.hunk.and_then(|hunk| change.hunks.get(hunk));
            let mut texts = spot.lines().filter_map(|line| Some(&hunk?.lines.get(line)?.text));
            if texts.any(|text| *text == comment.quoted) {
                lines.push(said(format!("{INDENT}you  \"{}\"", comment.text), Role::User));
            }
        }
        lines
    }
}
