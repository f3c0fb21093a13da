//! What the model reads of a terminal: one line of state, then what is new, cut head and tail.

use crate::protocol::TermState;
use crate::term::{Ran, TermError};
use crate::text::{self, Limits};
use std::time::Duration;

/// A duration is told from here on.
const DURATION_TOLD_MIN: Duration = Duration::from_secs(2);

pub(super) fn trouble(error: &TermError) -> String {
    match error {
        TermError::Busy { .. } => {
            format!("{error}; see it with keys (keys \"\", wait idle), end it with keys <C-c>")
        }
        _ => error.to_string(),
    }
}

/// What the model reads: one line of state, then the output, cut head and tail.
pub(super) fn told(ran: &Ran) -> String {
    let mut head = state(ran);
    if ran.duration >= DURATION_TOLD_MIN && ran.state == TermState::Done {
        head.push_str(&format!(", {:.1} s", ran.duration.as_secs_f32()));
    }
    if let Some(folder) = &ran.folder {
        head.push_str(&format!(", now in {}", text::clean(&folder.to_string_lossy())));
    }
    if ran.pen_taken {
        head.push_str(", the user typed meanwhile");
    }
    if let (TermState::FullScreen, Some(rows)) = (ran.state, &ran.screen) {
        if let Some((column, row)) = ran.cursor {
            head.push_str(&format!(", cursor at row {} column {}", row + 1, column + 1));
        }
        return format!("{head}\n{}", rows.join("\n"));
    }
    let output = &ran.output;
    let limits = Limits::default();
    let cut = match output.cut {
        None => text::cut(&output.text, limits),
        Some(cut) => text::cut_around(&output.text, cut.at, output.lines as usize, limits),
    };
    if let (true, Some(file)) = (cut.lines_left_out > 0, &output.file) {
        head.push_str(&format!(", all {} lines in {}", output.lines, file.display()));
    }
    let body = cut.text.trim_end_matches('\n');
    if body.is_empty() { head } else { format!("{head}\n{body}") }
}

fn state(ran: &Ran) -> String {
    match (ran.state, ran.exit) {
        (TermState::Done, Some(exit)) => format!("exit {exit}"),
        (TermState::Done, None) => "ended, exit code unknown".to_owned(),
        (TermState::Running, _) => {
            format!("still running after {} s", ran.duration.as_secs())
        }
        (TermState::WaitsForLine, _) => "running, waits for a line of input".to_owned(),
        (TermState::Password, _) => {
            "running, asks for a password: only the user can type it".to_owned()
        }
        (TermState::FullScreen, _) => "running, a full-screen program:".to_owned(),
        (TermState::Exited, _) => "the shell itself has ended".to_owned(),
    }
}
