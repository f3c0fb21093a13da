//! What a question looks like: its title, its body, and the keys that answer it.

use super::chat_lines::Pen;
use super::layout::COLUMNS_MIN;
use super::rows;
use super::sheet::{InputFor, Sheet};
use super::sheet_review::{self, Reviewed};
use super::theme::Role;
use crate::protocol::{Ask, Class, Question};
use crate::text::{clean, clip, width};
use ratatui::text::{Line, Span};

pub(crate) struct SheetLines {
    pub(crate) title: String,
    /// What is asked about; it may be scrolled.
    pub(crate) body: Vec<Line<'static>>,
    /// Always seen.
    pub(crate) keys: Vec<Line<'static>>,
}

pub(crate) fn lines(
    ask: &Ask,
    sheet: &Sheet,
    reviewed: &Reviewed<'_>,
    more: usize,
    pen: &Pen<'_>,
    columns: u16,
) -> SheetLines {
    let (title, body, keys) = match &ask.question {
        Question::Run { command, folder, class, why, rule, .. } => {
            let body = run(command, folder, *class, why, rule.as_deref(), pen, columns);
            ("run a command", body, run_keys(rule.as_deref()))
        }
        Question::Apply { again, .. } => {
            let body = sheet_review::apply(reviewed, *again, pen, columns);
            let title = if *again { "the file changed meanwhile" } else { "write to your files" };
            (title, body, sheet_review::apply_keys(reviewed))
        }
        Question::Review { .. } => {
            let body = sheet_review::review(reviewed, pen, columns);
            let title = match reviewed.in_place {
                true => "what commands changed in your files",
                false => "from the draft into your files",
            };
            (title, body, sheet_review::review_keys(reviewed))
        }
        Question::Plan { steps, why, again, .. } => {
            let body = sheet_review::plan(steps, why, *again, pen, columns);
            let title =
                if *again { "the plan has changed" } else { "the plan, before the first edit" };
            (title, body, plan_keys())
        }
        Question::Gates { gates } => {
            ("the project's checks", sheet_review::checks(gates, pen, columns), checks_keys())
        }
        Question::Choose { text, options, .. } => {
            ("the agent asks", choose(text, options, pen, columns), choose_keys(options.len()))
        }
    };
    let heading = if matches!(ask.question, Question::Choose { .. }) {
        "QUESTION"
    } else {
        "APPROVAL NEEDED"
    };
    let title = match more {
        0 => format!("{heading}  {title}"),
        more => format!("{heading}  {title}  ({more} more)"),
    };
    let keys = match sheet.input.as_ref().map(|input| input.what) {
        Some(InputFor::Comment) => vec![("Enter", "send it back with this"), ("Esc", "not yet")],
        Some(InputFor::Yes(_)) => {
            vec![("yes Enter", "apply it, guarded changes included"), ("Esc", "not yet")]
        }
        None => keys.iter().map(|(key, what)| (key.as_str(), what.as_str())).collect(),
    };
    let mut keys = key_lines(&keys, pen, columns);
    if columns < COLUMNS_MIN {
        // What is asked needs the room more than what every key does.
        keys.truncate(1);
    }
    SheetLines { title, body, keys }
}

pub(super) type Keys = Vec<(String, String)>;

pub(super) fn key(key: &str, what: impl Into<String>) -> (String, String) {
    (key.to_string(), what.into())
}

fn run(
    command: &str,
    folder: &str,
    class: Class,
    why: &str,
    rule: Option<&[String]>,
    pen: &Pen<'_>,
    columns: u16,
) -> Vec<Line<'static>> {
    let command = command.replace('\t', rows::TAB);
    let command = clean(command.trim_end_matches('\n'));
    let room = usize::from(columns).saturating_sub(2);
    let mut lines = Vec::new();
    for (index, range) in rows::rows(&command, room).into_iter().enumerate() {
        let mark = if index == 0 { "$ " } else { "  " };
        lines.push(Line::from(vec![
            pen.span(mark, Role::Dim),
            pen.span(command[range].to_string(), Role::Code),
        ]));
    }
    let (class, role) = match class {
        Class::ReadOnly => ("read-only", Role::Good),
        Class::NeedsApproval => ("needs approval", Role::Ask),
        Class::Dangerous => ("DANGEROUS", Role::Error),
    };
    let why = format!("{class}: {}   in {}", clean(why), clean(folder));
    for (index, range) in rows::rows(&why, usize::from(columns)).into_iter().enumerate() {
        let row = &why[range];
        let mut spans = vec![pen.span(row.trim_end().to_string(), Role::Text)];
        if let (0, Some(rest)) = (index, row.strip_prefix(class)) {
            spans = vec![pen.span(class, role), pen.span(rest.trim_end().to_string(), Role::Text)];
        }
        lines.push(Line::from(spans));
    }
    if let Some(rule) = rule {
        // The exact rule, whole: it is what `a` says yes to.
        let rule = rule.join(" ");
        let text =
            format!("a: always in this session, for commands that start with `{}`", clean(&rule));
        for range in rows::rows(&text, usize::from(columns)) {
            lines.push(Line::from(pen.span(text[range].trim_end().to_string(), Role::Dim)));
        }
    }
    lines
}

fn run_keys(rule: Option<&[String]>) -> Keys {
    let mut keys = vec![key("y", "run"), key("n", "refuse"), key("c", "comment, send back")];
    if rule.is_some() {
        keys.push(key("a", "always"));
    }
    keys.push(key("Esc", "later"));
    keys
}

fn plan_keys() -> Keys {
    vec![
        key("y", "go on with it"),
        key("n", "not so"),
        key("c", "comment, send back"),
        key("Esc", "later"),
    ]
}

fn checks_keys() -> Keys {
    vec![key("y", "run them, now and later"), key("n", "not in this session"), key("Esc", "later")]
}

fn choose(text: &str, options: &[String], pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let text = clean(text);
    let columns = usize::from(columns);
    let mut lines: Vec<_> = rows::rows(&text, columns)
        .into_iter()
        .map(|range| Line::from(pen.span(text[range].to_string(), Role::Text)))
        .collect();
    for (index, option) in options.iter().enumerate().take(9) {
        let option = clean(option);
        for (row, range) in rows::rows(&option, columns.saturating_sub(3)).into_iter().enumerate() {
            let mark = if row == 0 { format!("{}  ", index + 1) } else { "   ".to_string() };
            lines.push(Line::from(vec![
                pen.span(mark, Role::Accent),
                pen.span(option[range].to_string(), Role::Text),
            ]));
        }
    }
    lines
}

fn choose_keys(options: usize) -> Keys {
    let mut keys = Vec::new();
    match options.min(9) {
        0 => {}
        1 => keys.push(key("1", "choose")),
        last => keys.push(key(&format!("1-{last}"), "choose")),
    }
    keys.push(key("c", "write an answer"));
    keys.push(key("Esc", "later"));
    keys
}

/// Keys with what they do, in as few rows as hold them.
pub(crate) fn key_lines(keys: &[(&str, &str)], pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    const GAP: usize = 3;
    let columns = usize::from(columns);
    let mut lines = Vec::new();
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for (key, what) in keys {
        let what = clip(what, columns.saturating_sub(width(key) + 1)).into_owned();
        let wide = width(key) + 1 + width(&what);
        if used > 0 && used + GAP + wide > columns {
            lines.push(Line::from(std::mem::take(&mut spans)));
            used = 0;
        }
        if used > 0 {
            spans.push(Span::raw(" ".repeat(GAP)));
            used += GAP;
        }
        spans.push(pen.span((*key).to_string(), Role::Accent));
        spans.push(pen.span(format!(" {what}"), Role::Text));
        used += wide;
    }
    if !spans.is_empty() {
        lines.push(Line::from(spans));
    }
    lines
}
