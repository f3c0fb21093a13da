//! A real commit of what was accepted: the message is proposed, the repository's hooks run only after
//! a yes.

use super::record::Record;
use super::{EntryBody, State};
use crate::agent::Out;
use crate::protocol::{Answer, Body, CallId, DraftEvent, Item, NoticeLevel, Question, UserKind};
use crate::workspace::{Hooks, Workspace};
use std::sync::Arc;

/// Of a subject, as git's own tools show it.
const SUBJECT_CHARS_MAX: usize = 72;
/// Paths that the question lists.
const PATHS_MAX: usize = 12;
const NO: &str = "do not commit";
const PLAIN: &str = "commit";
const WITHOUT: &str = "commit without the hooks";

/// Asks what has to be asked, and commits.
pub(super) async fn commit(
    record: Arc<Record>,
    workspace: Arc<Workspace>,
    message: Option<String>,
) {
    let (paths, proposed) = record.with_state(|state| (state.applied.clone(), proposal(state)));
    if paths.is_empty() {
        let text = "nothing was accepted since the last commit";
        return record.notice(NoticeLevel::Info, text, None);
    }
    let asked = Arc::clone(&workspace);
    let hooks = tokio::task::spawn_blocking(move || asked.commit_hooks()).await;
    let hooks = hooks.expect("looking for hooks does not panic");
    let Some((message, hooks)) = settle(&record, &paths, message, proposed, &hooks).await else {
        return record.notice(NoticeLevel::Info, "nothing was committed", None);
    };
    let made = tokio::task::spawn_blocking(move || workspace.commit(&paths, &message, hooks)).await;
    match made.expect("committing does not panic") {
        Ok(made) => {
            record.tell(format!(
                "The user committed what was accepted: {} {}",
                made.id, made.subject
            ));
            let event = DraftEvent::Committed { commit: made.id, subject: made.subject };
            record.emit(Body::Draft(event));
        }
        Err(error) => record.notice(NoticeLevel::Error, error.to_string(), None),
    }
}

/// The message and what becomes of the hooks; None: no commit.
async fn settle(
    record: &Record,
    paths: &[String],
    given: Option<String>,
    proposed: String,
    hooks: &[String],
) -> Option<(String, Hooks)> {
    let is_given = given.is_some();
    let mut message = given.unwrap_or(proposed);
    if is_given && hooks.is_empty() {
        return Some((message, Hooks::Run));
    }
    let running = format!("commit and run the hooks: {}", hooks.join(", "));
    let options: Vec<String> = if hooks.is_empty() {
        vec![PLAIN.to_owned(), NO.to_owned()]
    } else {
        vec![running.clone(), WITHOUT.to_owned(), NO.to_owned()]
    };
    loop {
        let question = Question::Choose {
            call: CallId("commit".to_owned()),
            text: text(paths, &message),
            options: options.clone(),
        };
        match record.ask(question).await {
            Answer::Text(text) if text == NO => return None,
            Answer::Text(text) if text == WITHOUT => return Some((message, Hooks::Skip)),
            Answer::Text(text) if text == PLAIN || text == running => {
                return Some((message, Hooks::Run));
            }
            Answer::Text(text) if text.trim().is_empty() => return None,
            Answer::Text(text) => message = text,
            Answer::Yes | Answer::Always if hooks.is_empty() => {
                return Some((message, Hooks::Run));
            }
            Answer::Yes
            | Answer::Always
            | Answer::No { .. }
            | Answer::Hunks { .. }
            | Answer::Decision(_)
            | Answer::Later => return None,
        }
    }
}

fn text(paths: &[String], message: &str) -> String {
    let mut text =
        format!("Commit with this message? Words of your own replace it.\n\n{message}\n");
    for path in paths.iter().take(PATHS_MAX) {
        text.push_str(&format!("\n  {path}"));
    }
    if paths.len() > PATHS_MAX {
        text.push_str(&format!("\n  and {} more", paths.len() - PATHS_MAX));
    }
    text
}

/// What was asked for last, as a subject.
fn proposal(state: &State) -> String {
    let asked = state.entries.iter().rev().find_map(|entry| match &entry.body {
        EntryBody::Item(Item::User { text, kind: UserKind::Prompt }) => Some(text.as_str()),
        _ => None,
    });
    let line = asked.unwrap_or_default().lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("changes").trim();
    let sentence = line.split_inclusive(". ").next().unwrap_or(line).trim().trim_end_matches('.');
    let is_short = sentence.chars().count() <= SUBJECT_CHARS_MAX;
    if is_short {
        return sentence.to_owned();
    }
    let room = SUBJECT_CHARS_MAX - 1;
    let cut: String = sentence.chars().take(room).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{}…", cut.trim_end_matches([',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Event, TurnId};

    #[test]
    fn a_message_is_the_first_sentence_of_what_was_asked_for() {
        let proposed = |text: &str| {
            let item = Item::User { text: text.to_owned(), kind: UserKind::Prompt };
            let body = Body::Item(item);
            let mut state = State::default();
            state.apply(&Event { seq: 1, at: 0, turn: Some(TurnId(1)), op: None, body });
            proposal(&state)
        };
        assert_eq!(proposed("Add backoff with jitter. Keep the API."), "Add backoff with jitter");
        assert_eq!(proposed("\n fix it\nplease"), "fix it");
        let long = proposed(&"one two three ".repeat(20));
        assert!(long.chars().count() <= SUBJECT_CHARS_MAX && long.ends_with("three…"), "{long}");
        assert_eq!(proposal(&State::default()), "changes");
    }
}
