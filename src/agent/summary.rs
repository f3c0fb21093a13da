//! What is left of the older steps of a conversation: facts that stand in it, and nothing made up.
//! A later summary takes up what an earlier one says.

use super::compact::Standing;
use super::context::plan_mark;
use crate::protocol::{CallId, Detail, Item, UserKind};
use crate::text;
use std::collections::HashMap;
use std::ops::Range;

const HEAD: &str =
    "Earlier parts of this conversation were left out to make room. What matters of them:";
const ASKED: &str = "Asked for in earlier turns, not now:";
const DONE: &str = "Done already; do not do it again without a reason:";
const DECIDED: &str = "The user decided:";
const LAST_WORDS: &str = "Your last words before:";
const FAILING: &str = "Failing when it was last run: ";

const ASKED_MAX: usize = 12;
const DECIDED_MAX: usize = 12;
/// Columns of a line that says what was asked for, or decided.
const WORDS_COLUMNS_MAX: usize = 240;
/// Columns of a line that says what was done.
const DONE_COLUMNS_MAX: usize = 120;
/// Paths that are named.
const FILES_MAX: usize = 60;

/// How much a summary may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Wide,
    Tight,
}

impl Room {
    /// Lines of what was done.
    const fn done_lines(self) -> usize {
        match self {
            Room::Wide => 40,
            Room::Tight => 12,
        }
    }

    /// Bytes of a failing command's output, and of the model's last words.
    const fn text_bytes(self) -> usize {
        match self {
            Room::Wide => 1_600,
            Room::Tight => 500,
        }
    }
}

/// Summarises the items of a range. What the user says from the item `task` on is left to the caller,
/// who keeps it.
pub(super) fn text(
    items: &[Item],
    range: Range<usize>,
    task: usize,
    standing: &Standing,
    room: Room,
) -> String {
    let old = &items[range.clone()];
    let earlier = old.iter().rev().find_map(|item| match item {
        Item::Note { text } => text.starts_with(HEAD).then_some(text.as_str()),
        _ => None,
    });
    let earlier = earlier.unwrap_or_default();
    let with = |heading, new| carried(earlier, heading).chain(new).collect::<Vec<String>>();
    let mut parts = vec![HEAD.to_owned()];
    parts.extend(list(
        ASKED,
        &with(ASKED, asked(&items[range.start..task.min(range.end)])),
        ASKED_MAX,
    ));
    parts.extend(list(DONE, &with(DONE, done(old)), room.done_lines()));
    parts.extend(list(DECIDED, &with(DECIDED, decided(old)), DECIDED_MAX));
    if !standing.files.is_empty() {
        let named = standing.files.iter().take(FILES_MAX).cloned().collect::<Vec<_>>().join(", ");
        let more = standing.files.len().saturating_sub(FILES_MAX);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        parts.push(format!("Files changed so far: {named}{more}"));
    }
    if !standing.plan.is_empty() {
        let steps =
            standing.plan.iter().map(|step| format!("{} {}", plan_mark(step.state), step.text));
        parts.push(format!("The plan:\n{}", steps.collect::<Vec<_>>().join("\n")));
    }
    let said = old.iter().rev().find_map(|item| match item {
        Item::Assistant { text, .. } if !text.trim().is_empty() => Some(text),
        _ => None,
    });
    parts.extend(said.map(|text| format!("{LAST_WORDS} {}", cut(text, room))));
    parts.extend(failing(items, range.end, earlier, room));
    parts.join("\n\n")
}

fn list(heading: &str, lines: &[String], lines_max: usize) -> Option<String> {
    if lines.is_empty() {
        return None;
    }
    let left_out = lines.len().saturating_sub(lines_max);
    let mut text = heading.to_owned();
    if left_out > 0 {
        text.push_str(&format!("\n({left_out} earlier ones are not listed)"));
    }
    lines[left_out..].iter().for_each(|line| text.push_str(&format!("\n- {line}")));
    Some(text)
}

/// The lines that an earlier summary has under this heading.
fn carried<'a>(earlier: &'a str, heading: &str) -> impl Iterator<Item = String> + use<'a> {
    let section = earlier.split("\n\n").find_map(|part| part.strip_prefix(heading));
    let lines = section.unwrap_or_default().lines();
    lines.filter_map(|line| line.strip_prefix("- ")).map(str::to_owned)
}

fn asked(items: &[Item]) -> Vec<String> {
    let prompts = items.iter().filter_map(|item| match item {
        Item::User { text, kind: UserKind::Prompt } => Some(line(text, WORDS_COLUMNS_MAX)),
        _ => None,
    });
    prompts.collect()
}

/// One line for each call that has a result; the same one again is counted.
fn done(items: &[Item]) -> Vec<String> {
    let tools: HashMap<&CallId, &str> = items
        .iter()
        .filter_map(|item| match item {
            Item::Call { call, tool, .. } => Some((call, tool.as_str())),
            _ => None,
        })
        .collect();
    let mut lines: Vec<(String, usize)> = Vec::new();
    for item in items {
        let Item::Result { call, text, detail, .. } = item else { continue };
        let Some(said) = what(tools.get(call).copied().unwrap_or("call"), text, detail) else {
            continue;
        };
        match lines.last_mut() {
            Some((last, count)) if *last == said => *count += 1,
            _ => lines.push((said, 1)),
        }
    }
    let counted = |(line, count)| if count > 1 { format!("{line} (× {count})") } else { line };
    lines.into_iter().map(counted).collect()
}

fn what(tool: &str, text: &str, detail: &Detail) -> Option<String> {
    let short = |text: &str| line(text, DONE_COLUMNS_MAX);
    Some(match detail {
        Detail::Run { command, exit, .. } => {
            let exit =
                exit.map_or_else(|| "no exit code".to_owned(), |exit| format!("exit {exit}"));
            format!("run `{}`: {exit}", short(command))
        }
        Detail::Read { path, from, to, .. } => format!("read {} {from}-{to}", short(path)),
        Detail::Edit { path, added, removed } => {
            format!("edit {} +{added} -{removed}", short(path))
        }
        Detail::Keys { keys, .. } => format!("keys {}", short(keys)),
        Detail::Tell => return None,
        Detail::None => format!("{tool}: {}", short(text)),
    })
}

/// What the user answered to questions.
fn decided(items: &[Item]) -> Vec<String> {
    let asked: HashMap<&CallId, String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Call { call, arguments, .. } => {
                let arguments = serde_json::from_str::<serde_json::Value>(arguments).ok()?;
                let is_question = arguments["kind"] == "question";
                Some((call, arguments["text"].as_str().filter(|_| is_question)?.to_owned()))
            }
            _ => None,
        })
        .collect();
    let answers = items.iter().filter_map(|item| match item {
        Item::Result { call, text, detail: Detail::Tell, .. } => {
            let question = asked.get(call)?;
            Some(line(&format!("{question} — {text}"), WORDS_COLUMNS_MAX))
        }
        _ => None,
    });
    answers.collect()
}

/// The last command that failed and has not passed since, if it stands before the cut.
fn failing(items: &[Item], cut_at: usize, earlier: &str, room: Room) -> Option<String> {
    let mut failing: Option<(&str, Option<String>)> = earlier
        .split_once(FAILING)
        .and_then(|(_, block)| Some((block.split('`').nth(1)?, Some(format!("{FAILING}{block}")))));
    for (at, item) in items.iter().enumerate() {
        let Item::Result { text, detail: Detail::Run { command, exit: Some(exit), .. }, .. } = item
        else {
            continue;
        };
        let command = command.as_str();
        if *exit != 0 {
            let told =
                || format!("{FAILING}`{}`\n{}", line(command, DONE_COLUMNS_MAX), cut(text, room));
            failing = Some((command, (at < cut_at).then(told)));
        } else if failing.as_ref().is_some_and(|(known, _)| {
            *known == line(command, DONE_COLUMNS_MAX) || *known == command
        }) {
            failing = None;
        }
    }
    failing?.1
}

fn line(text: &str, columns: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text::clip(&line, columns).into_owned()
}

fn cut(text: &str, room: Room) -> String {
    let limits = text::Limits { bytes_max: room.text_bytes(), ..text::Limits::default() };
    text::cut(text.trim(), limits).text
}
