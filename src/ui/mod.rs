//! The terminal front end: state, update, view.
//!
//! It consumes a session: it folds the events into a [`State`], draws that, and sends ops. It
//! calls no tool, no model and no policy.
//!
//! ```text
//! signals, keys ─┐                      ┌─► effects: ops for the session, suspend, quit
//! events, time  ─┴─► update(App, Msg) ──┤
//!                                       └─► App ─► prepare (sizes) ─► view (cells) ─► painter (bytes)
//! ```
//!
//! One task does all of it but the writing, which a thread does, so that a slow line holds up
//! nothing but the next frame. [`run()`] gives the terminal back on every way out.

mod act;
mod actions;
mod app;
mod bars;
mod blocks;
mod canvas;
mod chat;
mod chat_lines;
mod clipboard;
mod composer;
mod copy_mode;
mod diff;
mod diff_act;
mod diff_pane;
mod draft_lines;
mod editor;
mod empty;
mod end_lines;
mod first;
mod frame;
mod guard;
mod header;
mod highlight;
mod history;
mod inspector;
mod keymap;
mod keys;
mod layout;
mod line_mode;
mod look_back;
mod markdown;
mod marks;
mod message;
mod models;
mod numbers;
mod overlay;
mod painter;
mod pane;
mod press;
mod review;
mod rewind;
mod row;
mod rows;
mod run;
mod scroll;
mod seen;
mod sgr;
mod sheet;
mod sheet_lines;
mod sheet_review;
mod slash;
mod term_pane;
mod terminals;
mod theme;
mod tool_lines;
mod update;
mod view;
mod writer;

#[cfg(test)]
mod tests;

pub use first::{Chosen, first_start};
pub use models::ModelOffer;

use crate::config::Multiplexer;
use crate::protocol::{Key, KeyCode};
use crate::session::{Handle, State, Subscriber};
use std::path::PathBuf;

/// How the screen is to be, as the config and the terminal's surroundings say.
#[derive(Clone, Debug)]
pub struct Options {
    /// The theme's name.
    pub theme: String,
    /// Where the user keeps a theme of that name; None: it is a built-in one.
    pub theme_file: Option<PathBuf>,
    pub colors: Colors,
    /// Frames, marks and bars of ASCII alone.
    pub ascii: bool,
    /// The line is slow: fewer frames.
    pub ssh: bool,
    /// Asks the terminal to tell keys apart that old terminals cannot (Shift+Enter). Off for
    /// `TERM=linux` and its like.
    pub extended_keys: bool,
    /// What stands between brisk and the outer terminal.
    pub multiplexer: Multiplexer,
    /// Programs in the terminal may write the user's clipboard.
    pub programs_copy: bool,
    /// The one key that the terminal pane keeps for itself.
    pub leader: Key,
    /// What the model can be.
    pub models: Vec<ModelOffer>,
    /// A command line: the user's editor.
    pub editor: Option<String>,
    /// Sent at once.
    pub first_prompt: Option<String>,
    /// What was sent before, for Up and Down; None: it is forgotten at the end.
    pub history_file: Option<PathBuf>,
    /// A sentence that stands in the status row: the demo's banner, say.
    pub notice: Option<String>,
}

/// Reads the leader's spelling: one key with Ctrl, such as `Ctrl+\`. None: it is none.
pub fn leader(text: &str) -> Option<Key> {
    match keys::parse(text)?.as_slice() {
        [key] if key.ctrl && !key.alt && matches!(key.code, KeyCode::Char(_)) => Some(*key),
        _ => None,
    }
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    True,
    Indexed256,
    Ansi16,
    /// Modifiers only.
    None,
}

/// Why the front end ended. The session still runs, unless it has `Ended`: the caller shuts it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The user left.
    Quit,
    /// The session ended by itself.
    Ended,
    /// This signal came: SIGINT, SIGTERM or SIGHUP.
    Signal(i32),
}

/// Shows a session until the user leaves. `state` is what `events` go on from.
///
/// # Errors
/// Stdin or stdout is no terminal, the theme is not known, or the terminal is gone.
pub async fn run(
    handle: Handle,
    events: Subscriber,
    state: State,
    options: Options,
) -> anyhow::Result<Outcome> {
    run::run(handle, events, state, options).await
}

/// Rows as text with the style of each piece that has one: `<blue+bold>heading</>`.
#[cfg(test)]
fn annotated(rows: &[ratatui::text::Line<'_>]) -> String {
    let name = |style: ratatui::style::Style| {
        let fg = style.fg.map(|color| color.to_string().to_lowercase());
        let bg = style.bg.map(|color| format!("on {}", color.to_string().to_lowercase()));
        let modifiers = style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase());
        fg.into_iter().chain(bg).chain(modifiers).collect::<Vec<_>>().join("+")
    };
    let row = |line: &ratatui::text::Line<'_>| -> String {
        let span = |span: &ratatui::text::Span<'_>| match name(line.style.patch(span.style)) {
            name if name.is_empty() => span.content.to_string(),
            name => format!("<{name}>{}</>", span.content),
        };
        line.spans.iter().map(span).collect()
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("ui__{name}"), text));
}
