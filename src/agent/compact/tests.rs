//! What a conversation is after it was made shorter.

use super::*;
use crate::protocol::{CallId, Outcome, PlanState, TermState};
use proptest::prelude::*;
use std::collections::HashSet;

fn prompt(text: &str) -> Item {
    Item::User { text: text.into(), kind: UserKind::Prompt }
}

fn call(id: &str) -> Item {
    let arguments = format!("{{\"command\":\"make {id}\"}}");
    Item::Call { call: CallId(id.into()), tool: "run".into(), arguments, opaque: None }
}

fn result(id: &str, exit: i32, text: &str) -> Item {
    Item::Result {
        call: CallId(id.into()),
        outcome: Outcome::Done,
        text: text.into(),
        detail: Detail::Run {
            command: format!("make {id}"),
            state: TermState::Done,
            exit: Some(exit),
            duration_ms: 1,
            lines: text.lines().count() as u64,
            file: Some(format!("/out/{id}.txt")),
        },
    }
}

fn says(text: &str) -> Item {
    Item::Assistant { text: text.into(), opaque: None }
}

fn environment() -> Item {
    Item::Context { name: "environment".into(), text: "Folder: /work".into() }
}

/// A token is four bytes, and system and tools have some, too.
fn tokens(items: &[Item]) -> u64 {
    let bytes: usize = items
        .iter()
        .map(|item| match item {
            Item::Context { text, .. }
            | Item::User { text, .. }
            | Item::Note { text }
            | Item::Result { text, .. }
            | Item::Assistant { text, .. } => text.len() + 20,
            Item::Call { arguments, .. } => arguments.len() + 20,
            Item::Thought { .. } | Item::Edit { .. } | Item::Plan { .. } => 0,
        })
        .sum();
    bytes as u64 / 4 + 500
}

fn after(items: &[Item], compacted: &Compacted) -> Vec<Item> {
    let mut items = items.to_vec();
    compacted.apply(&mut items);
    items
}

fn text(item: &Item) -> &str {
    match item {
        Item::Context { text, .. }
        | Item::User { text, .. }
        | Item::Note { text }
        | Item::Result { text, .. }
        | Item::Assistant { text, .. } => text,
        _ => "",
    }
}

/// One turn with so many steps, each with a long result.
fn turn(task: &str, name: &str, steps: usize) -> Vec<Item> {
    let mut items = vec![prompt(task)];
    for step in 0..steps {
        let id = format!("{name}{step}");
        items.push(says("I look."));
        items.push(call(&id));
        items.push(result(&id, 0, &format!("{id} says\n{}", "and more\n".repeat(200))));
    }
    items
}

#[test]
fn old_results_are_one_line_that_says_where_they_are_and_the_newest_ten_stay() {
    let items = turn("fix it", "s", 14);
    let compacted = plan(&items, tokens(&items) - 1_000, &Standing::default(), &tokens).unwrap();
    let after = after(&items, &compacted);
    assert_eq!(after.len(), items.len());
    let mask = "[result of `make s0` left out: exit 0, 201 lines; it is in /out/s0.txt]";
    assert_eq!(text(&after[3]), mask);
    let masked = after.iter().filter(|item| text(item).starts_with("[result of")).count();
    assert_eq!(masked, 4);
    assert_eq!(after[13..], items[13..]);
    assert_eq!(compacted.after, tokens(&after));
}

#[test]
fn a_summary_keeps_the_task_in_the_users_words_the_plan_the_files_and_the_last_step() {
    let task = format!("Make the build green.\n{}", "Exactly so. ".repeat(40));
    let mut items = vec![environment()];
    items.extend(turn("What is this?", "early", 3));
    items.push(says("A build system."));
    items.extend(turn(&task, "s", 40));
    items.insert(12, Item::User { text: "and quickly".into(), kind: UserKind::Steer });
    let standing = Standing {
        plan: vec![PlanStep { text: "see it fail".into(), state: PlanState::Done }],
        files: vec!["src/a.rs".into()],
    };
    items.extend([call("bad"), result("bad", 2, "error: no rule"), says("I go on.")]);
    items.extend([call("end"), result("end", 0, "fine")]);
    let compacted = plan(&items, 3_000, &standing, &tokens).unwrap();
    let after = after(&items, &compacted);
    assert!(compacted.after <= 3_000, "{compacted:?}");
    assert_eq!(after[0], environment());
    assert!(after.contains(&prompt(&task)), "the task is verbatim");
    assert_eq!(after[after.len() - 3..], items[items.len() - 3..], "the last step is whole");
    let Item::Note { text } = &after[1] else { panic!("{after:?}") };
    assert!(text.contains("Asked for in earlier turns, not now:\n- What is this?"), "{text}");
    assert!(text.contains("- run `make s0`: exit 0"), "{text}");
    assert!(text.contains("[x] see it fail") && text.contains("src/a.rs"), "{text}");
    assert!(!text.contains("Make the build green"), "the task stands once: {text}");
}

#[test]
fn what_fails_still_is_told_with_its_output_and_what_passes_again_is_not() {
    let mut items = turn("fix it", "s", 2);
    items.extend([call("bad"), result("bad", 2, "error: no rule")]);
    items.extend(turn("go on", "t", 30));
    let told = |items: &[Item]| {
        let compacted = plan(items, 2_500, &Standing::default(), &tokens).unwrap();
        let note =
            after(items, &compacted).into_iter().find(|item| matches!(item, Item::Note { .. }));
        text(&note.unwrap()).to_owned()
    };
    let note = told(&items);
    assert!(note.ends_with("Failing when it was last run: `make bad`\nerror: no rule"), "{note}");
    items.extend([call("again"), result("bad", 0, "ok")]);
    let Some(Item::Result { call, .. }) = items.last_mut() else { panic!("a result") };
    *call = CallId("again".into());
    let note = told(&items);
    assert!(!note.contains("Failing"), "{note}");
}

#[test]
fn a_later_summary_takes_up_what_an_earlier_one_says() {
    let mut items = turn("the first thing", "a", 20);
    items.extend([call("bad"), result("bad", 2, "error: no rule")]);
    items.extend(turn("the second thing", "b", 20));
    let first = plan(&items, 2_500, &Standing::default(), &tokens).unwrap();
    let mut items = after(&items, &first);
    items.extend(turn("the third thing", "c", 30));
    let second = plan(&items, 2_500, &Standing::default(), &tokens).unwrap();
    let items = after(&items, &second);
    let notes: Vec<_> = items.iter().filter(|item| matches!(item, Item::Note { .. })).collect();
    assert_eq!(notes.len(), 1);
    let note = text(notes[0]);
    for told in ["the first thing", "the second thing", "make c0", "error: no rule"] {
        assert!(note.contains(told), "{told}: {note}");
    }
    assert!(items.contains(&prompt("the third thing")));
}

#[test]
fn what_the_user_decided_is_kept() {
    let arguments = r#"{"kind": "question", "text": "Which database?"}"#.to_owned();
    let asked = CallId("q".into());
    let mut items = vec![
        prompt("choose"),
        Item::Call { call: asked.clone(), tool: "tell".into(), arguments, opaque: None },
        Item::Result {
            call: asked,
            outcome: Outcome::Done,
            text: "the user answers: sqlite".into(),
            detail: Detail::Tell,
        },
    ];
    items.extend(turn("go on", "s", 30));
    let compacted = plan(&items, 2_500, &Standing::default(), &tokens).unwrap();
    let note = after(&items, &compacted).iter().map(text).collect::<String>();
    assert!(note.contains("- Which database? — the user answers: sqlite"), "{note}");
}

#[test]
fn where_nothing_can_be_left_out_nothing_is_done() {
    let items = [environment(), prompt(&"long ".repeat(5_000))];
    assert_eq!(plan(&items, 100, &Standing::default(), &tokens), None);
}

/// A conversation of turns; of each step: calls, bytes of each result, and whether words come first.
fn conversation() -> impl Strategy<Value = Vec<Item>> {
    let step = (1_usize..4, 0_usize..6_000, any::<bool>());
    let turns = proptest::collection::vec(proptest::collection::vec(step, 0..14), 1..5);
    turns.prop_map(|turns| {
        let mut items = vec![environment()];
        for (turn, steps) in turns.into_iter().enumerate() {
            items.push(prompt(&format!("task {turn}")));
            for (step, (calls, bytes, words)) in steps.into_iter().enumerate() {
                if words {
                    items.push(Item::Thought { text: "hm".into(), opaque: None });
                    items.push(says("I look."));
                }
                let ids: Vec<_> = (0..calls).map(|at| format!("c{turn}_{step}_{at}")).collect();
                items.extend(ids.iter().map(|id| call(id)));
                items.push(Item::Plan { steps: Vec::new() });
                items.extend(
                    ids.iter().map(|id| result(id, (bytes % 2) as i32, &"x\n".repeat(bytes / 2))),
                );
            }
        }
        items
    })
}

fn names(items: &[Item]) -> (HashSet<&CallId>, HashSet<&CallId>) {
    let calls = items.iter().filter_map(|item| match item {
        Item::Call { call, .. } => Some(call),
        _ => None,
    });
    let results = items.iter().filter_map(|item| match item {
        Item::Result { call, .. } => Some(call),
        _ => None,
    });
    (calls.collect(), results.collect())
}

proptest! {
    #[test]
    fn calls_stay_with_their_results_and_the_last_reply_stays(
        items in conversation(), share in 1_u64..100,
    ) {
        let before = tokens(&items);
        let target = before * share / 100;
        let Some(compacted) = plan(&items, target, &Standing::default(), &tokens) else {
            return Ok(());
        };
        let after = after(&items, &compacted);
        prop_assert_eq!(tokens(&after), compacted.after);
        prop_assert!(compacted.after < before);
        let (calls, results) = names(&after);
        prop_assert_eq!(calls, results);
        let last_reply = |items: &[Item]| items.iter().rev().find(|item| is_reply(item)).cloned();
        prop_assert_eq!(last_reply(&after), last_reply(&items));
        let task = items.iter().rev().find(|item| matches!(item, Item::User { .. })).unwrap();
        prop_assert!(after.contains(task));
    }

    #[test]
    fn what_fits_after_it_was_made_shorter_is_not_made_shorter_again(
        items in conversation(), share in 20_u64..100,
    ) {
        let target = tokens(&items) * share / 100;
        let Some(compacted) = plan(&items, target, &Standing::default(), &tokens) else {
            return Ok(());
        };
        let once = after(&items, &compacted);
        if matches!(compacted.shortened, Shortened::Masked(_)) {
            let again = masks(&once, RESULTS_KEPT);
            prop_assert!(again.is_empty(), "a mask is not masked: {:?}", again);
        }
        if let Some(twice) = plan(&once, compacted.after, &Standing::default(), &tokens) {
            prop_assert!(twice.after < compacted.after, "it never grows");
        }
    }
}
