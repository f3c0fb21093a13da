//! A conversation that no longer fits, made shorter. Pure, and without a model: it costs no token.
//!
//! First old results are masked, all of them at once, since that takes the provider's cache; if that
//! is not enough, the older steps become a summary. Calls and results stay paired.

use super::summary::{self, Room};
use crate::protocol::{Compacted, Detail, Item, Masked, PlanStep, Shortened, UserKind};
use crate::text;
use std::collections::HashMap;

/// The newest results, which masking leaves as they are.
const RESULTS_KEPT: usize = 10;
/// Of a command, in the line that stands for its result.
const COMMAND_COLUMNS_MAX: usize = 80;

/// What is known of the work beside the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) plan: Vec<PlanStep>,
    /// What was changed, pending or not.
    pub(crate) files: Vec<String>,
}

/// The first way that comes to at most `target` tokens, or what comes nearest to it. `tokens`: of a
/// whole prompt with these items. None: nothing makes it smaller.
pub(super) fn plan(
    items: &[Item],
    target: u64,
    standing: &Standing,
    tokens: &dyn Fn(&[Item]) -> u64,
) -> Option<Compacted> {
    let before = tokens(items);
    let measured = |shortened, base: &[Item]| {
        let mut compacted = Compacted { shortened, before, after: 0 };
        let mut after = base.to_vec();
        compacted.apply(&mut after);
        compacted.after = tokens(&after);
        compacted
    };
    let masked = measured(Shortened::Masked(masks(items, RESULTS_KEPT)), items);
    let items: Vec<Item> = items.iter().filter(|item| is_sent(item)).cloned().collect();
    let mut ways = vec![masked];
    for (results_kept, room) in [(RESULTS_KEPT, Room::Wide), (0, Room::Tight)] {
        if ways.iter().any(|way| way.after <= target) {
            break;
        }
        let masked = with_masks(&items, results_kept);
        let rewritten = |cut: &usize| rewritten(&items, &masked, *cut, standing, room);
        let cuts = cuts(&items);
        let fits = cuts.partition_point(|cut| tokens(&rewritten(cut)) > target);
        let cut = cuts.get(fits).or(cuts.last());
        ways.extend(cut.map(|cut| measured(Shortened::Rewritten(rewritten(cut)), &items)));
    }
    let fitting = ways.iter().position(|way| way.after <= target);
    let least = || (0..ways.len()).min_by_key(|at| ways[*at].after);
    let best = ways.swap_remove(fitting.or_else(least)?);
    (best.after < before).then_some(best)
}

const fn is_sent(item: &Item) -> bool {
    !matches!(item, Item::Edit { .. } | Item::Plan { .. })
}

/// What stands for each result but the newest ones, where it is shorter than the result.
fn masks(items: &[Item], results_kept: usize) -> Vec<Masked> {
    let tools: HashMap<_, _> = items
        .iter()
        .filter_map(|item| match item {
            Item::Call { call, tool, .. } => Some((call, tool.as_str())),
            _ => None,
        })
        .collect();
    let results = items.iter().rev().filter_map(|item| match item {
        Item::Result { call, text, detail, .. } => Some((call, text, detail)),
        _ => None,
    });
    let masks = results.skip(results_kept).filter_map(|(call, text, detail)| {
        let tool = tools.get(call).copied().unwrap_or("call");
        let mask = mask(tool, text, detail);
        (mask.len() < text.len() && !is_mask(text))
            .then(|| Masked { call: call.clone(), text: mask })
    });
    masks.collect()
}

fn mask(tool: &str, text: &str, detail: &Detail) -> String {
    match detail {
        Detail::Run { command, exit, lines, file, .. } => {
            let exit = exit.map_or_else(String::new, |exit| format!("exit {exit}, "));
            let file =
                file.as_deref().map_or_else(String::new, |file| format!("; it is in {file}"));
            format!("[result of `{}` left out: {exit}{lines} lines{file}]", short(command))
        }
        Detail::Read { path, from, to, .. } => {
            format!("[{} lines {from}-{to} left out: read them again if needed]", short(path))
        }
        _ => format!("[result of {tool} left out: {} lines]", text.lines().count()),
    }
}

fn is_mask(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']') && text.contains(" left out: ")
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text::clip(&line, COMMAND_COLUMNS_MAX).into_owned()
}

fn with_masks(items: &[Item], results_kept: usize) -> Vec<Item> {
    let mut items = items.to_vec();
    let shortened = Shortened::Masked(masks(&items, results_kept));
    Compacted { shortened, before: 0, after: 0 }.apply(&mut items);
    items
}

/// Where the conversation can be cut, so that what follows begins with a whole step and the last
/// reply stays. Ascending.
fn cuts(items: &[Item]) -> Vec<usize> {
    let start = surroundings(items);
    let mut open = 0_usize;
    let mut cuts = Vec::new();
    let mut last_reply = start;
    for (at, item) in items.iter().enumerate() {
        let in_reply = is_reply(item) && at > 0 && is_reply(&items[at - 1]);
        if at > start && open == 0 && !in_reply {
            cuts.push(at);
        }
        if is_reply(item) && !in_reply {
            last_reply = at;
        }
        match item {
            Item::Call { .. } => open += 1,
            Item::Result { .. } => open = open.saturating_sub(1),
            _ => {}
        }
    }
    cuts.retain(|cut| *cut <= last_reply);
    cuts
}

const fn is_reply(item: &Item) -> bool {
    matches!(item, Item::Assistant { .. } | Item::Thought { .. } | Item::Call { .. })
}

/// How many items at the start are the surroundings and the rules.
fn surroundings(items: &[Item]) -> usize {
    items.iter().take_while(|item| matches!(item, Item::Context { .. })).count()
}

/// The surroundings, a summary of what comes before the cut, the task in the user's words if it
/// stands before the cut, and what follows it.
fn rewritten(
    items: &[Item],
    masked: &[Item],
    cut: usize,
    standing: &Standing,
    room: Room,
) -> Vec<Item> {
    let start = surroundings(items);
    let is_prompt = |item: &Item| matches!(item, Item::User { kind: UserKind::Prompt, .. });
    let task = if items[cut..].iter().any(is_prompt) {
        cut
    } else {
        items[start..cut].iter().rposition(is_prompt).map_or(cut, |at| start + at)
    };
    let mut rewritten = items[..start].to_vec();
    rewritten.push(Item::Note { text: summary::text(items, start..cut, task, standing, room) });
    let said = items[task..cut].iter().filter(|item| matches!(item, Item::User { .. }));
    rewritten.extend(said.cloned());
    rewritten.extend_from_slice(&masked[cut..]);
    rewritten
}

#[cfg(test)]
mod tests;
