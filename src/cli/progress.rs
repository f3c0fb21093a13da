//! What a one-shot run says on stderr while it works: a line for each thing done.

use super::output;
use super::report::{Report, tokens};
use crate::protocol::{
    Body, Compacted, Detail, EditState, Event, Item, NoticeLevel, Outcome, PlanState, SessionEvent,
};
use crate::session::State;
use crate::text;

/// Columns that a line may have.
const COLUMNS_MAX: usize = 100;

pub(super) struct Progress {
    quiet: bool,
}

impl Progress {
    pub(super) const fn new(quiet: bool) -> Progress {
        Progress { quiet }
    }

    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            output::progress(line);
        }
    }

    pub(super) fn show(&self, event: &Event, _state: &State) {
        match &event.body {
            Body::Item(item) => {
                if let Some(line) = item_line(item) {
                    self.say(&text::clip(&line, COLUMNS_MAX));
                }
            }
            // Trouble is said even to those who want no progress.
            Body::Notice(notice) if notice.level != NoticeLevel::Info => {
                let hint = notice.hint.as_ref().map(|hint| format!(" ({hint})"));
                output::progress(&format!("{}{}", notice.text, hint.unwrap_or_default()));
            }
            Body::Session(SessionEvent::Compacted(Compacted { before, after, .. })) => {
                let (before, after) = (tokens(*before), tokens(*after));
                self.say(&format!("compacted ~{before} to ~{after} tokens"));
            }
            _ => {}
        }
    }

    /// The last line: what the turn took.
    pub(super) fn end(&self, report: &Report<'_>) {
        let usage = report.state.usage;
        let mark = if usage.estimated { "~" } else { "" };
        self.say(&format!(
            "{}  {mark}{} new (up {} + {} cached; down {})  {}  {}",
            report.exit.status(),
            tokens(usage.spent()),
            tokens(usage.input + usage.cache_write),
            tokens(usage.cached),
            tokens(usage.output),
            report.cost_text(),
            match report.steps() {
                1 => "1 step".to_owned(),
                steps => format!("{steps} steps"),
            },
        ));
        if let Some(reason) = report.reason() {
            let hint = report.hint().map(|hint| format!("\nhint: {hint}"));
            let word = if report.is_error() { "error: " } else { "" };
            output::progress(&format!("{word}{reason}{}", hint.unwrap_or_default()));
        }
    }
}

fn item_line(item: &Item) -> Option<String> {
    let line = match item {
        Item::Result { outcome: Outcome::Refused, text, .. } => {
            format!("refused   {}", one_line(text.trim_start_matches("refused: ")))
        }
        Item::Result { outcome: Outcome::Failed, text, .. } => {
            format!("failed    {}", one_line(text))
        }
        Item::Result { detail, .. } => match detail {
            Detail::Run { command, exit, duration_ms, .. } => {
                let exit = exit.map_or_else(|| "no exit".to_owned(), |exit| format!("exit {exit}"));
                let seconds = *duration_ms as f64 / 1e3;
                format!("run       {}  {exit}  {seconds:.1} s", one_line(command))
            }
            Detail::Keys { keys, .. } => format!("keys      {}", one_line(keys)),
            Detail::Read { path, from, to, .. } => format!("read      {path} {from}-{to}"),
            Detail::Edit { .. } | Detail::Tell | Detail::None => return None,
        },
        Item::Edit { state: EditState::Proposed, .. } => return None,
        Item::Edit { change, state, .. } => {
            let (added, removed) = change.counts();
            let word = if *state == EditState::Rejected { "rejected" } else { "edit" };
            format!("{word:<9} {} +{added} -{removed}", one_line(&change.path))
        }
        Item::Plan { steps } => {
            let done = steps.iter().filter(|step| step.state == PlanState::Done).count();
            let now = steps.iter().find(|step| step.state == PlanState::Doing);
            let now = now.map(|step| format!(": {}", one_line(&step.text)));
            format!("plan      {done}/{}{}", steps.len(), now.unwrap_or_default())
        }
        _ => return None,
    };
    Some(line)
}

fn one_line(text: &str) -> String {
    text::clean(text.lines().next().unwrap_or_default()).into_owned()
}
