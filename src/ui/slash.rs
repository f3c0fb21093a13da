//! Commands that are typed: `/budget 20k`. One table for reading, completing and help.

use super::numbers::parse_tokens;
use crate::protocol::{Depth, Mode};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Slash {
    Help,
    Quit,
    Mode(Mode),
    /// This one; else one is chosen from the list.
    Model(Option<String>),
    Depth(Depth),
    Compact,
    Budget(Amount),
    Diff,
    Term,
    Review,
    Apply,
    Reject,
    Gates,
    Undo,
    Redo,
    /// With the message, if one was given.
    Commit(Option<String>),
    Rewind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Set(u64),
    More(u64),
    Less(u64),
}

/// Name, arguments, what it does.
pub(crate) const COMMANDS: &[(&str, &str, &str)] = &[
    ("/help", "", "all keys and commands"),
    ("/mode", "confirm|plan|auto-edit|autopilot", "how much happens without a question"),
    ("/plan", "", "plan only: nothing is changed"),
    ("/model", "NAME", "which model answers; without a name: the list of them"),
    ("/depth", "auto|brief|normal|deep", "how hard it thinks, and how much it says"),
    ("/compact", "", "make the conversation shorter for the model"),
    ("/budget", "20k|+5k|-5k", "the most tokens that a turn may use"),
    ("/diff", "", "go to the diff"),
    ("/review", "", "decide what of the draft goes into your files"),
    ("/apply", "", "apply what is selected in the diff"),
    ("/reject", "", "take all of the draft back"),
    ("/gates", "", "run the gates on what is selected"),
    ("/undo", "", "take the last decision or turn back"),
    ("/redo", "", "take the last undo back"),
    ("/commit", "MESSAGE", "commit what was applied; without a message one is proposed"),
    ("/rewind", "", "chat and files as they were before a turn"),
    ("/checkpoints", "", "the turns that can be gone back to"),
    ("/term", "", "go to the terminal"),
    ("/quit", "", "end brisk"),
];

/// None if the text is no command (a path may start with a slash too). An error is a sentence for
/// the user.
pub(crate) fn parse(text: &str) -> Option<Result<Slash, String>> {
    let text = text.trim();
    let word = text.split_whitespace().next()?;
    let is_command = word.len() > 1
        && word.starts_with('/')
        && word[1..].chars().all(|char| char.is_ascii_lowercase() || char == '-')
        && !text.contains('\n');
    is_command.then(|| command(word, text[word.len()..].trim()))
}

fn command(word: &str, argument: &str) -> Result<Slash, String> {
    match word {
        "/help" => Ok(Slash::Help),
        "/quit" | "/exit" => Ok(Slash::Quit),
        "/plan" => Ok(Slash::Mode(Mode::Plan)),
        "/diff" => Ok(Slash::Diff),
        "/term" => Ok(Slash::Term),
        "/review" => Ok(Slash::Review),
        "/apply" => Ok(Slash::Apply),
        "/reject" => Ok(Slash::Reject),
        "/gates" => Ok(Slash::Gates),
        "/undo" => Ok(Slash::Undo),
        "/redo" => Ok(Slash::Redo),
        "/rewind" | "/checkpoints" => Ok(Slash::Rewind),
        "/commit" => Ok(Slash::Commit((!argument.is_empty()).then(|| argument.to_string()))),
        "/model" => Ok(Slash::Model((!argument.is_empty()).then(|| argument.to_string()))),
        "/mode" => {
            let mode = Mode::ALL.into_iter().find(|mode| mode.name() == argument);
            mode.map(Slash::Mode)
                .ok_or_else(|| "usage: /mode confirm|plan|auto-edit|autopilot".to_string())
        }
        "/depth" => {
            let depth = Depth::ALL.into_iter().find(|depth| depth.name() == argument);
            depth
                .map(Slash::Depth)
                .ok_or_else(|| "usage: /depth auto|brief|normal|deep".to_string())
        }
        "/compact" => Ok(Slash::Compact),
        "/budget" => budget(argument).map(Slash::Budget),
        _ => Err(match nearest(word) {
            Some(near) => format!("there is no {word}; did you mean {near}?"),
            None => format!("there is no {word}; /help shows what there is"),
        }),
    }
}

fn budget(argument: &str) -> Result<Amount, String> {
    let amount = if let Some(more) = argument.strip_prefix('+') {
        parse_tokens(more).map(Amount::More)
    } else if let Some(less) = argument.strip_prefix('-') {
        parse_tokens(less).map(Amount::Less)
    } else {
        parse_tokens(argument).map(Amount::Set)
    };
    amount.ok_or_else(|| "usage: /budget 20k, /budget +5k, /budget -5k".to_string())
}

fn nearest(word: &str) -> Option<&'static str> {
    const DISTANCE_MAX: usize = 2;
    let near = COMMANDS.iter().map(|(name, ..)| (distance(word, name), *name));
    near.filter(|(distance, _)| *distance <= DISTANCE_MAX).min().map(|(_, name)| name)
}

/// Letters to insert, delete or replace until one word is the other.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, left) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, right) in right.chars().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}

/// The rest of the one command that starts so.
pub(crate) fn complete(text: &str) -> Option<String> {
    if !text.starts_with('/') || text.contains(char::is_whitespace) {
        return None;
    }
    let mut matches = COMMANDS.iter().filter(|(name, ..)| name.starts_with(text));
    let (name, arguments, _) = matches.next()?;
    matches.next().is_none().then(|| {
        let blank = if arguments.is_empty() { "" } else { " " };
        format!("{}{blank}", &name[text.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_paths_are_not_commands() {
        assert_eq!(parse("/budget +5k"), Some(Ok(Slash::Budget(Amount::More(5_000)))));
        assert_eq!(parse("/mode auto-edit"), Some(Ok(Slash::Mode(Mode::AutoEdit))));
        assert_eq!(parse("/usr/bin/env is missing"), None);
        assert_eq!(parse("fix /help"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn an_unknown_command_names_the_nearest() {
        let Some(Err(message)) = parse("/bugdet 20k") else { panic!("it is an error") };
        assert!(message.contains("did you mean /budget"), "{message}");
        assert!(parse("/budget twenty").unwrap().unwrap_err().contains("usage"));
    }

    #[test]
    fn tab_completes_what_is_plain() {
        assert_eq!(complete("/bu").as_deref(), Some("dget "));
        assert_eq!(complete("/q").as_deref(), Some("uit"));
        assert_eq!(complete("/mod"), None);
        assert_eq!(complete("/budget 2"), None);
    }
}
