//! `brisk apply`: shows what a patch would do to the tree, asks, and applies it: all of it or
//! nothing.

use super::args::{ApplyArgs, GatesArg, Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::oneshot::Signals;
use super::progress::Progress;
use super::{landing, output, setup};
use crate::config::Config;
use crate::protocol::{ChangeKind, GateState, Guarded};
use crate::session::{self, Applying, LeftPatch};
use crate::text;
use crate::workspace::{Fitted, FittedFile, GIT_PATCH_BYTES_MAX, GitPatch, root_of};
use rustix::termios::{QueueSelector, tcflush};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::sync::Arc;

/// The highest number that is asked for.
const HUNKS_MAX: usize = 1_000_000;
/// Columns of a path in the list.
const PATH_COLUMNS: usize = 40;

pub(super) fn run(args: &ApplyArgs, run: &RunArgs) -> Result<Exit, Trouble> {
    run.check(Place::Apply)?;
    let config = setup::config(run)?;
    let parts = args.hunks.as_deref().map(numbers).transpose()?;
    let patch = GitPatch::parse(&patch(args, &config)?)
        .map_err(|error| Trouble::new(Exit::Failed, format!("{error}; nothing was applied")))?;
    let mut applying = Applying::open(Arc::clone(&config), &setup::entry()?)?;
    for note in &applying.notes {
        output::progress(&text::clean(note));
    }
    let fitted = applying.fit(&patch, parts.as_ref()).map_err(|error| {
        let hint = "choose other hunks with --hunks, or make the patch anew from the tree as it is";
        Trouble::new(Exit::Failed, format!("nothing was applied: {}", cleaned(&error.to_string())))
            .with_hint(hint)
    })?;
    show(&fitted)?;
    if fitted.selected.is_empty() {
        output::progress("nothing to do: the tree has all of it already");
        return Ok(Exit::Done);
    }
    let guards = applying.guards(&fitted);
    setup::runtime()?.block_on(async {
        if let Some(exit) = gate(&mut applying, &fitted, run.gates).await? {
            return Ok(exit);
        }
        if !args.yes && !ask(&fitted, &guards, args.what.as_deref() == Some("-"))? {
            output::progress("nothing was applied");
            return Ok(Exit::Denied);
        }
        let paths = applying.land(&fitted).await?;
        output::progress(&text::clean(&format!("applied   {}", paths.join(", "))));
        output::progress(&format!("take it back with: brisk apply {}", applying.id.0));
        Ok(Exit::Done)
    })
}

/// Each line by itself: a name may hold anything.
fn cleaned(text: &str) -> String {
    text.lines().map(text::clean).collect::<Vec<_>>().join("\n")
}

/// `1,3` or `2-5`
fn numbers(text: &str) -> Result<BTreeSet<usize>, Trouble> {
    let range = |word: &str| -> Option<RangeInclusive<usize>> {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (0 < first && first <= last && last <= HUNKS_MAX).then_some(first..=last)
    };
    let mut all = BTreeSet::new();
    for word in text.split(',') {
        let range = range(word).ok_or_else(|| {
            Trouble::usage(format!("--hunks takes numbers, not `{word}`"))
                .with_hint("for example: --hunks 1,3 or --hunks 2-5")
        })?;
        all.extend(range);
    }
    Ok(all)
}

/// The patch that is meant.
fn patch(args: &ApplyArgs, config: &Config) -> Result<Vec<u8>, Trouble> {
    let what = args.what.as_deref();
    if what == Some("-") {
        return read(&mut io::stdin().lock(), "stdin");
    }
    if let Some(path) = what.map(|what| config.folder().join(what)).filter(|path| path.is_file()) {
        return read_file(&path);
    }
    let root = root_of(config.folder()).map_err(|error| Trouble::usage(error.to_string()))?;
    let state = &config.paths.state;
    let LeftPatch { path, root: made_in, notes, .. } = match what {
        Some(named) => session::left_by(state, named)?,
        None => session::last_left(state, &root)?,
    };
    for note in notes {
        output::progress(&text::clean(&note));
    }
    if made_in != root {
        let made_in = made_in.display();
        return Err(Trouble::new(Exit::Failed, format!("that session worked in {made_in}"))
            .with_hint(format!("-C {made_in}, or apply its patch here: {}", path.display())));
    }
    read_file(&path)
}

fn read_file(path: &Path) -> Result<Vec<u8>, Trouble> {
    let shown = path.display().to_string();
    let mut file = File::open(path)
        .map_err(|error| Trouble::new(Exit::Failed, format!("{shown} cannot be read: {error}")))?;
    read(&mut file, &shown)
}

fn read(from: &mut dyn Read, shown: &str) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    // One more: then the reader of patches says that it is too large.
    from.take(GIT_PATCH_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Trouble::new(Exit::Failed, format!("{shown} cannot be read: {error}")))?;
    Ok(bytes)
}

/// The files that change, with the numbers of their hunks.
fn show(fitted: &Fitted) -> io::Result<()> {
    for file in &fitted.files {
        output::line(&row(file))?;
    }
    Ok(())
}

fn row(file: &FittedFile) -> String {
    let change = &file.change;
    let (added, removed) = change.counts();
    let sign = match change.kind {
        ChangeKind::Created => "A",
        ChangeKind::Modified => "M",
        ChangeKind::Deleted => "D",
        ChangeKind::Renamed => "R",
    };
    let mut notes: Vec<String> = change.note.iter().cloned().collect();
    notes.extend(change.from.iter().map(|from| format!("from {from}")));
    if file.already.len() == file.parts.len() {
        notes.push("in the tree already".to_owned());
    } else if !file.already.is_empty() {
        let already: Vec<String> = file.already.iter().map(usize::to_string).collect();
        notes.push(format!("in the tree already: {}", already.join(", ")));
    }
    let numbers = shown_range(&file.parts);
    let (path, notes) = (text::clean(&change.path), notes.join(", "));
    let counts = format!("+{added} -{removed}");
    let row = format!("{numbers:>7}  {sign} {path:<PATH_COLUMNS$}  {counts:<11}  {notes}");
    text::clean(row.trim_end()).into_owned()
}

/// `3` or `3-5`
fn shown_range(parts: &Range<usize>) -> String {
    match parts.len() {
        0 | 1 => parts.start.to_string(),
        _ => format!("{}-{}", parts.start, parts.end - 1),
    }
}

/// Some exit if it ends here.
async fn gate(
    applying: &mut Applying,
    fitted: &Fitted,
    wanted: Option<GatesArg>,
) -> Result<Option<Exit>, Trouble> {
    if !matches!(wanted, Some(GatesArg::On | GatesArg::Require)) {
        return Ok(None);
    }
    let progress = Progress::new(false);
    let mut signals = Signals::new()?;
    let verdicts = tokio::select! {
        biased;
        exit = signals.next() => return Ok(Some(exit)),
        verdicts = applying.gates(fitted, |gates| {
            for gate in gates {
                progress.say(&text::clean(&format!("gate      {}: {}", gate.name, gate.command)));
            }
        }) => verdicts?,
    };
    landing::say_gates(&verdicts, &progress);
    let red = verdicts.iter().any(|verdict| verdict.state != GateState::Passed);
    if red && wanted == Some(GatesArg::Require) {
        progress.say("nothing was applied");
        return Ok(Some(Exit::GateRed));
    }
    Ok(None)
}

/// Whether the user says yes; what is guarded needs the whole word.
fn ask(fitted: &Fitted, guards: &[Guarded], is_from_stdin: bool) -> Result<bool, Trouble> {
    for guarded in guards {
        let Guarded { path, why, guard, .. } = guarded;
        output::progress(&text::clean(&format!("guarded   {path} {why} ({guard})")));
    }
    let Some(mut terminal) = terminal(is_from_stdin) else {
        output::progress("denied    nobody is there who could say yes; --yes says it");
        return Ok(false);
    };
    let files = match fitted.selected.len() {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    };
    let question = match guards {
        [] => format!("apply this to {files}? [y/N] "),
        _ => format!("apply this to {files}? type yes in full: "),
    };
    let mut stderr = io::stderr().lock();
    stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush())?;
    let mut answer = String::new();
    terminal.read_line(&mut answer)?;
    let answer = answer.trim().to_lowercase();
    Ok(answer == "yes" || (guards.is_empty() && answer == "y"))
}

/// Where an answer comes from; nothing that was typed before the question counts.
fn terminal(is_from_stdin: bool) -> Option<BufReader<Box<dyn Read>>> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let reader: Box<dyn Read> = if is_from_stdin {
        let terminal = File::open("/dev/tty").ok()?;
        tcflush(&terminal, QueueSelector::IFlush).ok()?;
        Box::new(terminal)
    } else {
        let stdin = io::stdin();
        stdin.is_terminal().then_some(())?;
        tcflush(&stdin, QueueSelector::IFlush).ok()?;
        Box::new(stdin)
    };
    Some(BufReader::new(reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_are_named_by_numbers_and_ranges() {
        let read = |text| numbers(text).map(|it| it.into_iter().collect::<Vec<_>>()).ok();
        assert_eq!(read("1,3"), Some(vec![1, 3]));
        assert_eq!(read("2-4, 7"), Some(vec![2, 3, 4, 7]));
        for wrong in ["", "0", "x", "3-1", "1,", "-1", "1-"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
