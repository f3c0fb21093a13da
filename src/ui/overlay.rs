//! What lies over the screen for a while: help, the palette, the plan, a confirmation.

use super::actions::ACTIONS;
use super::chat_lines::{Pen, plan_step};
use super::copy_mode;
use super::keymap::{Place, TermVerb, Verb};
use super::models::{ModelList, Picked};
use super::rewind::{self, Target};
use super::slash::COMMANDS;
use super::theme::Role;
use super::{keys, terminals};
use crate::protocol::{Key, KeyCode, LineComment};
use crate::session::State;
use crate::text::{clean, clip, width};
use ratatui::text::Line;

/// Characters of the palette's filter.
const FILTER_CHARS_MAX: usize = 60;

pub(crate) enum Overlay {
    Help {
        scroll: usize,
    },
    Palette {
        filter: String,
        selected: usize,
    },
    Plan {
        scroll: usize,
    },
    /// Terminals and background commands.
    Terminals {
        scroll: usize,
    },
    Autopilot,
    /// What is said of lines, and not sent yet.
    Comments {
        comments: Vec<LineComment>,
        selected: usize,
    },
    /// The turns that can be gone back to.
    Rewind {
        targets: Vec<Target>,
        selected: usize,
    },
    Models(ModelList),
}

pub(crate) enum Reply {
    Stay,
    Close,
    Run(Verb),
    /// This goes into the message.
    Insert(&'static str),
    /// The user confirmed it.
    Autopilot,
    /// These are to be sent.
    Comments(Vec<LineComment>),
    /// These are left.
    KeepComments(Vec<LineComment>),
    Rewind(Target),
    /// A model, by name.
    Model(String),
    Say(String),
}

/// What the palette offers.
#[derive(Clone, Copy)]
enum Offer {
    Do(Verb),
    Write(&'static str),
}

impl Overlay {
    pub(crate) const fn help() -> Self {
        Overlay::Help { scroll: 0 }
    }

    pub(crate) const fn palette() -> Self {
        Overlay::Palette { filter: String::new(), selected: 0 }
    }

    pub(crate) const fn plan() -> Self {
        Overlay::Plan { scroll: 0 }
    }

    pub(crate) const fn terminals() -> Self {
        Overlay::Terminals { scroll: 0 }
    }

    pub(crate) const fn autopilot() -> Self {
        Overlay::Autopilot
    }

    pub(crate) const fn comments(comments: Vec<LineComment>) -> Self {
        Overlay::Comments { comments, selected: 0 }
    }

    pub(crate) const fn rewind(targets: Vec<Target>) -> Self {
        Overlay::Rewind { targets, selected: 0 }
    }

    pub(crate) fn key(&mut self, key: Key) -> Reply {
        if key.code == KeyCode::Escape || key == Key::ctrl('c') {
            return self.closed();
        }
        match self {
            Overlay::Terminals { scroll } => match key.code {
                KeyCode::Char(digit @ '1'..='9') => {
                    let number = digit.to_digit(10).unwrap_or(1) as u8;
                    Reply::Run(Verb::Term(TermVerb::Switch(number)))
                }
                _ => scroll_key(scroll, key),
            },
            Overlay::Help { scroll } | Overlay::Plan { scroll } => scroll_key(scroll, key),
            Overlay::Palette { filter, selected } => palette_key(filter, selected, key),
            Overlay::Autopilot if key == Key::char('y') => Reply::Autopilot,
            Overlay::Autopilot if key == Key::char('n') => Reply::Close,
            Overlay::Autopilot => Reply::Stay,
            Overlay::Comments { comments, selected } => match key.code {
                KeyCode::Enter => Reply::Comments(std::mem::take(comments)),
                KeyCode::Char('d') if comments.len() > 1 => {
                    comments.remove(*selected);
                    *selected = (*selected).min(comments.len() - 1);
                    Reply::Stay
                }
                KeyCode::Char('d') => Reply::KeepComments(Vec::new()),
                KeyCode::Char('q') => self.closed(),
                _ => select(selected, comments.len(), key),
            },
            Overlay::Rewind { targets, selected } => match key.code {
                KeyCode::Enter => {
                    targets.get(*selected).cloned().map_or(Reply::Close, Reply::Rewind)
                }
                KeyCode::Char('q') => Reply::Close,
                _ => select(selected, targets.len(), key),
            },
            Overlay::Models(list) => match list.key(key) {
                Picked::Nothing => Reply::Stay,
                Picked::Model(name) => Reply::Model(name),
                Picked::Refused(why) => Reply::Say(why),
            },
        }
    }

    /// Whether it took the text.
    pub(crate) fn paste(&mut self, text: &str) -> bool {
        let Overlay::Models(list) = self else { return false };
        list.paste(text);
        true
    }

    /// Of what was dropped, nothing comes back.
    fn closed(&mut self) -> Reply {
        match self {
            Overlay::Comments { comments, .. } => Reply::KeepComments(std::mem::take(comments)),
            _ => Reply::Close,
        }
    }

    pub(crate) const fn title(&self) -> &'static str {
        match self {
            Overlay::Help { .. } => "Help",
            Overlay::Palette { .. } => "Find an action",
            Overlay::Plan { .. } => "Plan",
            Overlay::Terminals { .. } => "Terminals",
            Overlay::Autopilot => "Autopilot",
            Overlay::Comments { .. } => "Comments for the agent",
            Overlay::Rewind { .. } => "Go back",
            Overlay::Models(_) => "Choose a model",
        }
    }

    pub(crate) const fn footer(&self) -> &'static str {
        match self {
            Overlay::Help { .. } | Overlay::Plan { .. } => "j k scroll   q close",
            Overlay::Terminals { .. } => "1..9 go there   q close",
            Overlay::Palette { .. } => "Enter do it   Up Down choose   Esc close",
            Overlay::Autopilot => "y turn it on   n leave it off",
            Overlay::Comments { .. } => "Enter send them all   d drop one   q not yet",
            Overlay::Rewind { .. } => "Enter go back to before it   j k choose   q close",
            Overlay::Models(_) => "Enter take it   Up Down   Esc close",
        }
    }

    /// Columns that it is as wide as at most, its frame included.
    pub(crate) const fn columns_max(&self) -> u16 {
        match self {
            Overlay::Models(_) => 110,
            _ => 84,
        }
    }

    /// The lines, and the first that is seen.
    pub(crate) fn lines(
        &self,
        state: &State,
        budget: &str,
        pen: &Pen<'_>,
        columns: u16,
        rows: u16,
    ) -> (Vec<Line<'static>>, usize) {
        let rows = usize::from(rows);
        match self {
            Overlay::Help { scroll } => {
                let lines = help_lines(pen, columns);
                let last = lines.len().saturating_sub(rows);
                (lines, (*scroll).min(last))
            }
            Overlay::Plan { scroll } => {
                let steps = state.plan.iter();
                let lines: Vec<_> = steps.map(|step| plan_step(step, pen, columns)).collect();
                let last = lines.len().saturating_sub(rows);
                (lines, (*scroll).min(last))
            }
            Overlay::Terminals { scroll } => {
                let lines = terminals::lines(state, pen, columns);
                let last = lines.len().saturating_sub(rows);
                (lines, (*scroll).min(last))
            }
            Overlay::Palette { filter, selected } => {
                let lines = palette_lines(filter, *selected, pen, columns);
                (lines, (selected + 3).saturating_sub(rows))
            }
            Overlay::Autopilot => (autopilot_lines(budget, pen), 0),
            Overlay::Comments { comments, selected } => {
                let lines = comment_lines(comments, *selected, pen, columns);
                (lines, (selected * 2 + 3).saturating_sub(rows))
            }
            Overlay::Rewind { targets, selected } => {
                let lines = rewind::lines(targets, *selected, pen, columns);
                (lines, (selected + 4).saturating_sub(rows))
            }
            Overlay::Models(list) => {
                let current = state.header.as_ref().map_or("", |header| header.model.as_str());
                (list.lines(current, pen, columns, rows), 0)
            }
        }
    }
}

fn scroll_key(scroll: &mut usize, key: Key) -> Reply {
    match key.code {
        KeyCode::Char('q' | '?') | KeyCode::F(1) | KeyCode::Enter => return Reply::Close,
        KeyCode::Char('j') | KeyCode::Down => *scroll += 1,
        KeyCode::Char('k') | KeyCode::Up => *scroll = scroll.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => *scroll += 15,
        KeyCode::PageUp => *scroll = scroll.saturating_sub(15),
        KeyCode::Char('g') | KeyCode::Home => *scroll = 0,
        KeyCode::Char('G') | KeyCode::End => *scroll = ACTIONS.len() * 2,
        _ => {}
    }
    *scroll = (*scroll).min(ACTIONS.len() * 2);
    Reply::Stay
}

fn select(selected: &mut usize, count: usize, key: Key) -> Reply {
    match key.code {
        KeyCode::Char('j') | KeyCode::Down => *selected += 1,
        KeyCode::Char('k') | KeyCode::Up => *selected = selected.saturating_sub(1),
        KeyCode::Char('g') | KeyCode::Home => *selected = 0,
        KeyCode::Char('G') | KeyCode::End => *selected = count,
        _ => {}
    }
    *selected = (*selected).min(count.saturating_sub(1));
    Reply::Stay
}

fn comment_lines(
    comments: &[LineComment],
    selected: usize,
    pen: &Pen<'_>,
    columns: u16,
) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let row = |text: String, role| {
        let text = clip(&clean(&text), columns).into_owned();
        let pad = " ".repeat(columns.saturating_sub(width(&text)));
        Line::from(pen.span(format!("{text}{pad}"), role))
    };
    let mut lines = Vec::new();
    for (index, comment) in comments.iter().enumerate() {
        let (mark, role) =
            if index == selected { (">", Role::Selection) } else { (" ", Role::Dim) };
        let quoted = comment.quoted.trim().replace('\t', " ");
        lines.push(row(format!("{mark} {}:{}  {quoted}", comment.path, comment.line), role));
        lines.push(row(format!("    {}", comment.text), Role::Text));
    }
    lines
}

fn palette_key(filter: &mut String, selected: &mut usize, key: Key) -> Reply {
    match key.code {
        KeyCode::Enter => {
            return match offers(filter).get(*selected) {
                Some((_, _, Offer::Do(verb))) => Reply::Run(*verb),
                Some((_, _, Offer::Write(text))) => Reply::Insert(text),
                None => Reply::Close,
            };
        }
        KeyCode::Down => *selected += 1,
        KeyCode::Up => *selected = selected.saturating_sub(1),
        KeyCode::Char('n') if key.ctrl => *selected += 1,
        KeyCode::Char('p') if key.ctrl => *selected = selected.saturating_sub(1),
        KeyCode::Backspace => {
            filter.pop();
            *selected = 0;
        }
        KeyCode::Char(char)
            if !key.ctrl && !key.alt && filter.chars().count() < FILTER_CHARS_MAX =>
        {
            filter.push(char);
            *selected = 0;
        }
        _ => {}
    }
    *selected = (*selected).min(offers(filter).len().saturating_sub(1));
    Reply::Stay
}

/// What it does, its key, and what it is; those that hold every word of the filter.
fn offers(filter: &str) -> Vec<(&'static str, String, Offer)> {
    let filter = filter.to_lowercase();
    let is_offered = |place| matches!(place, Place::Everywhere | Place::Term);
    let actions = ACTIONS.iter().filter(|action| is_offered(action.place)).map(|action| {
        let leader = if action.place == Place::Term { "^\\ " } else { "" };
        let key = action.keys.first().map(|key| format!("{leader}{}", keys::short(key)));
        (action.what, key.unwrap_or_default(), Offer::Do(action.verb))
    });
    let commands = COMMANDS
        .iter()
        .map(|(name, arguments, what)| (*what, format!("{name} {arguments}"), Offer::Write(name)));
    actions
        .chain(commands)
        .filter(|(what, key, _)| {
            let text = format!("{what} {key}").to_lowercase();
            filter.split_whitespace().all(|word| text.contains(word))
        })
        .collect()
}

fn palette_lines(filter: &str, selected: usize, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(vec![
        pen.span("> ", Role::Accent),
        pen.span(format!("{filter}▏"), Role::Text),
    ])];
    let columns = usize::from(columns);
    for (index, (what, key, _)) in offers(filter).into_iter().enumerate() {
        let mark = if index == selected { "> " } else { "  " };
        let role = if index == selected { Role::Selection } else { Role::Text };
        let key = clip(&key, columns / 2).into_owned();
        let what = clip(what, columns.saturating_sub(width(&key) + 4)).into_owned();
        let gap = columns.saturating_sub(2 + width(&what) + width(&key));
        lines.push(Line::from(vec![
            pen.span(format!("{mark}{what}{}", " ".repeat(gap)), role),
            pen.span(key, if index == selected { Role::Selection } else { Role::Dim }),
        ]));
    }
    if lines.len() == 1 {
        lines.push(Line::from(pen.span("  nothing is called that", Role::Dim)));
    }
    lines
}

fn help_lines(pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    const KEYS_COLUMNS: usize = 24;
    let room = usize::from(columns).saturating_sub(KEYS_COLUMNS + 2);
    let row = |keys: &str, what: &str| {
        let keys = clip(keys, KEYS_COLUMNS - 1);
        let pad = " ".repeat(KEYS_COLUMNS.saturating_sub(width(&keys)));
        Line::from(vec![
            pen.span(format!("  {keys}{pad}"), Role::Accent),
            pen.span(clip(what, room).into_owned(), Role::Text),
        ])
    };
    let mut lines = Vec::new();
    for place in Place::ALL {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(pen.span(place.title(), Role::Heading)));
        for action in ACTIONS.iter().filter(|action| action.place == place) {
            let leader = if place == Place::Term { "^\\ " } else { "" };
            let keys: Vec<_> =
                action.keys.iter().map(|key| format!("{leader}{}", keys::short(key))).collect();
            lines.push(row(&keys.join("  "), action.what));
        }
    }
    lines.push(Line::default());
    lines.push(Line::from(pen.span("Terminal, in copy mode", Role::Heading)));
    lines.extend(copy_mode::KEYS.iter().map(|(keys, what)| row(keys, what)));
    lines.push(Line::default());
    lines.push(Line::from(pen.span("Commands", Role::Heading)));
    for (name, arguments, what) in COMMANDS {
        let arguments = arguments.split('|').next().filter(|first| !first.is_empty());
        let name = arguments.map_or_else(|| (*name).to_string(), |first| format!("{name} {first}"));
        lines.push(row(&name, what));
    }
    lines
}

fn autopilot_lines(budget: &str, pen: &Pen<'_>) -> Vec<Line<'static>> {
    let text = |text: String| Line::from(pen.span(text, Role::Text));
    vec![
        text("Commands run and edits are written without a question.".to_string()),
        text(format!("A turn may use up to {budget} tokens.")),
        Line::default(),
        Line::from(pen.span("Esc still stops it at once. Turn it on?", Role::Ask)),
    ]
}
