//! What the model is told. Pure: the same conversation gives the same request, byte for byte.

use super::{Turn, World};
use crate::model::Request;
use crate::prompt;
use crate::protocol::{Depth, Item, Limit, Mode, Outcome, PlanState, Tool, TreeKind, UserKind};
use crate::text;
use crate::workspace::{Facts, Head, RulesFile};

/// Told to a model whose answer hit the output limit.
pub(super) const CUT_SHORT: &str =
    "Your answer was cut off at the output limit. Go on where it ended, more briefly.";
/// Characters of one item in the last words' request.
const WRAP_UP_ITEM_CHARS_MAX: usize = 600;
/// How many of the last results the last words' request shows.
const WRAP_UP_RESULTS_MAX: usize = 2;
/// The most tokens that a brief answer may have.
const BRIEF_OUTPUT_TOKENS_MAX: u64 = 8_000;
/// Names at the root that the first look lists.
const TOP_NAMES_MAX: usize = 24;

/// The system text: the same for every session.
pub(crate) fn system() -> String {
    prompt::render("system", &[])
}

/// What is told of the place before the first prompt.
pub(crate) struct Surroundings<'a> {
    pub(crate) folder: &'a str,
    pub(crate) shell: &'a str,
    pub(crate) system: &'a str,
    pub(crate) mode: Mode,
    pub(crate) tree: TreeKind,
    pub(crate) facts: &'a Facts,
}

/// The items in front of a session's first prompt: the surroundings, and the rules files.
pub(crate) fn first_items(around: &Surroundings<'_>, rules: &[RulesFile]) -> Vec<Item> {
    let mode = match around.tree {
        TreeKind::InPlace => around.mode.name().to_owned(),
        TreeKind::Draft => format!(
            "{}, in a draft of the tree: edits need no yes, the user decides on all changes in the \
             end; commits stay in the draft",
            around.mode.name()
        ),
        TreeKind::Copy => format!("{}, in a copy: edits need no yes", around.mode.name()),
    };
    let text = prompt::render(
        "environment",
        &[
            ("folder", around.folder),
            ("git", &git(around.facts)),
            ("shell", around.shell),
            ("system", around.system),
            ("top", &top(around.facts)),
            ("mode", &mode),
        ],
    );
    let mut items = vec![Item::Context { name: "environment".to_owned(), text }];
    items.extend(rules.iter().map(|file| Item::Context {
        name: file.path.clone(),
        text: format!("Rules of this project, from {}:\n{}", file.path, file.text.trim_end()),
    }));
    items
}

fn git(facts: &Facts) -> String {
    let Some(git) = &facts.git else { return "no repository".to_owned() };
    let head = match &git.head {
        Some(Head::Branch(branch)) => format!("branch {branch}"),
        Some(Head::Detached(commit)) => format!("detached at {commit}"),
        None => "no branch".to_owned(),
    };
    let head = text::clean(&head).into_owned();
    match git.dirty {
        None | Some(0) => head,
        Some(dirty) => format!("{head}, {dirty} changed"),
    }
}

fn top(facts: &Facts) -> String {
    if facts.names.is_empty() {
        return "empty".to_owned();
    }
    let shown = facts.names.iter().take(TOP_NAMES_MAX);
    let mut names = shown.map(|name| text::clean(name).into_owned()).collect::<Vec<_>>().join(" ");
    let more = facts.names.len().saturating_sub(TOP_NAMES_MAX) + facts.names_left_out;
    if more > 0 {
        names.push_str(&format!(" and {more} more"));
    }
    names
}

/// Told when the user changes the mode.
pub(super) fn mode_note(mode: Mode) -> String {
    let means = match mode {
        Mode::Plan => "look and plan only; edits and commands that write are refused",
        Mode::Confirm => "the user decides on edits; commands that may write are asked about",
        Mode::AutoEdit => "edits need no yes; commands that may write are asked about",
        Mode::Autopilot => "edits and commands run without a question",
    };
    format!("The mode is now {mode}: {means}.")
}

/// How long an answer may be at this depth. Tokens.
pub(super) fn output(depth: Depth, output: u64) -> u64 {
    match depth {
        Depth::Brief => output.min(BRIEF_OUTPUT_TOKENS_MAX),
        Depth::Auto | Depth::Normal | Depth::Deep => output,
    }
}

pub(super) fn request<'a>(
    world: &'a World,
    system: &'a str,
    tools: &'a [Tool],
    items: &'a [Item],
    output_tokens_max: u64,
) -> Request<'a> {
    Request {
        model: &world.model,
        system,
        tools,
        items,
        output_tokens_max,
        effort: world.depth.effort().and_then(|wish| world.model.effort(wish)),
        verbosity: world.depth.verbosity().filter(|_| world.model.verbosity),
        cache_key: &world.cache_key,
    }
}

/// A small conversation of its own for the last words: the task, the plan, what was done.
pub(super) fn wrap_up_items(turn: &Turn, limit: Limit) -> Vec<Item> {
    let mut lines = vec![format!("The task was: {}", short(&turn.prompt))];
    let start = turn.conversation.iter().rposition(is_prompt).unwrap_or(0);
    let items = &turn.conversation[start..];
    for item in items {
        if let Item::Call { tool, arguments, .. } = item {
            lines.push(format!("call {tool} {}", text::clip(arguments, 120)));
        }
    }
    let results = items.iter().rev().filter_map(|item| match item {
        Item::Result { text, outcome: Outcome::Done | Outcome::Failed, .. } => Some(text),
        _ => None,
    });
    let mut last: Vec<_> = results.take(WRAP_UP_RESULTS_MAX).collect();
    last.reverse();
    lines.extend(last.into_iter().map(|text| format!("result: {}", short(text))));
    let plan = items.iter().rev().find_map(|item| match item {
        Item::Plan { steps } => Some(steps),
        _ => None,
    });
    for step in plan.into_iter().flatten() {
        lines.push(format!("{} {}", plan_mark(step.state), step.text));
    }
    const LINES_MAX: usize = 24;
    if lines.len() > LINES_MAX {
        let left_out = lines.len() - LINES_MAX;
        lines.splice(1..=left_out, [format!("({left_out} earlier steps)")]);
    }
    let limit = limit_sentence(limit);
    lines.push(prompt::render("wrap_up", &[("limit", limit.as_str())]));
    vec![Item::User { text: lines.join("\n"), kind: UserKind::Prompt }]
}

const fn is_prompt(item: &Item) -> bool {
    matches!(item, Item::User { kind: UserKind::Prompt, .. })
}

fn short(text: &str) -> String {
    let limits = text::Limits { bytes_max: WRAP_UP_ITEM_CHARS_MAX, ..text::Limits::default() };
    text::cut(text, limits).text
}

pub(super) const fn plan_mark(state: PlanState) -> &'static str {
    match state {
        PlanState::Todo => "[ ]",
        PlanState::Doing => "[>]",
        PlanState::Done => "[x]",
    }
}

fn limit_sentence(limit: Limit) -> String {
    match limit {
        Limit::Tokens { limit, .. } => format!("This turn's budget of {limit} tokens is used up."),
        Limit::Cost { limit } => format!("This turn's ${limit} are used up."),
        Limit::Steps { limit } => format!("This turn's {limit} steps are used up."),
        Limit::Time { seconds } => format!("This turn's {seconds} s are used up."),
    }
}
