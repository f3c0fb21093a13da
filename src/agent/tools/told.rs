//! What the model reads of a terminal: one line of state, then what is new, cut head and tail.

use crate::protocol::TermState;
use crate::term::{OUTPUT_FILE_BYTES_MAX, Output, Ran, TermError};
use crate::text::{self, Cut, Kept, Limits};
use rustix::process::Signal;
use std::time::Duration;

/// A duration is told from here on.
const DURATION_TOLD_MIN: Duration = Duration::from_secs(2);
/// What a shell adds to the number of the signal that killed its command.
const SIGNALLED: i32 = 128;
const SIGNALS: [(Signal, &str); 13] = [
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ILL, "SIGILL"),
    (Signal::TRAP, "SIGTRAP"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERM, "SIGTERM"),
];

pub(super) fn trouble(error: &TermError) -> String {
    match error {
        TermError::Busy { .. } => {
            format!("{error}; see it with keys (keys \"\", wait idle), end it with keys <C-c>")
        }
        _ => error.to_string(),
    }
}

/// What the model reads: one line of state, then the output, cut head and tail; of a full-screen
/// program its screen, or the rows of it that are new.
pub(super) fn told(ran: &Ran) -> String {
    let mut head = state(ran);
    if ran.duration >= DURATION_TOLD_MIN && ran.state == TermState::Done && ran.ended {
        head.push_str(&format!(", {:.1} s", ran.duration.as_secs_f32()));
    }
    if let Some(folder) = &ran.folder {
        head.push_str(&format!(", now in {}", text::clean(&folder.to_string_lossy())));
    }
    if ran.pen_taken {
        head.push_str(", the user typed meanwhile");
    }
    let (note, output) = said(&ran.output);
    head.push_str(&note);
    let Some(rows) = &ran.screen else { return joined(head, &output) };
    if let Some((column, row)) = ran.cursor {
        head.push_str(&format!(", cursor at row {} column {}", row + 1, column + 1));
    }
    let (what, screen) = screen(rows, ran.changed.as_deref());
    if output.is_empty() {
        head.push_str(what.as_deref().map_or(String::new(), |what| format!(", {what}")).as_str());
        return joined(head, &screen);
    }
    let what = what.unwrap_or_else(|| "the screen".to_owned());
    let colon = if screen.is_empty() { "" } else { ":" };
    joined(joined(head, &output), &joined(format!("[{what}{colon}]"), &screen))
}

fn joined(head: String, body: &str) -> String {
    if body.is_empty() { head } else { format!("{head}\n{body}") }
}

/// A note on the output for the first line, and the output.
fn said(output: &Output) -> (String, String) {
    let file = |lead: &str| match (&output.file, output.file_bytes_left_out) {
        (None, _) => String::new(),
        (Some(file), 0) => format!("{lead} all {} lines in {}", output.lines, file.display()),
        (Some(file), _) => {
            let mebibytes = OUTPUT_FILE_BYTES_MAX >> 20;
            format!("{lead} the first {mebibytes} MiB and the last lines in {}", file.display())
        }
    };
    if output.odd > 0 {
        let note = format!(
            ", binary output, not shown: {} control bytes and invalid sequences",
            output.odd
        );
        return (note + &file("; as text,"), String::new());
    }
    let cut = cut(output);
    let note =
        if cut.lines_left_out > 0 || output.cut.is_some() { file(",") } else { String::new() };
    (note, cut.text.trim_end_matches('\n').to_owned())
}

fn cut(output: &Output) -> Cut {
    let kept = Kept {
        text: &output.text,
        repeats: &output.repeats,
        gap: output.cut.map(|cut| cut.at),
        lines_total: output.lines,
        bytes_total: output.bytes,
    };
    text::cut_kept(&kept, Limits::default())
}

/// What is shown of a screen, if it is not simply all of it, and that.
fn screen(rows: &[String], changed: Option<&[u16]>) -> (Option<String>, String) {
    match changed {
        Some([]) => (Some("nothing changed".to_owned()), String::new()),
        Some(changed) if changed.len() * 2 <= rows.len() => {
            let text = |row: &u16| rows.get(usize::from(*row)).map_or("", String::as_str);
            let shown: Vec<&str> = changed.iter().map(text).collect();
            let what = if changed.len() == 1 { "row" } else { "rows" };
            (Some(format!("{what} {} changed", ranges(changed))), shown.join("\n"))
        }
        Some(_) | None => (None, rows.join("\n")),
    }
}

/// Rows from 1 as people write them: `3, 7-9`.
fn ranges(rows: &[u16]) -> String {
    let range = |run: &[u16]| match run {
        [first, .., last] => format!("{}-{}", first + 1, last + 1),
        _ => run.iter().map(|row| (row + 1).to_string()).collect(),
    };
    let runs: Vec<String> = rows.chunk_by(|a, b| a + 1 == *b).map(range).collect();
    runs.join(", ")
}

fn state(ran: &Ran) -> String {
    match (ran.state, ran.exit) {
        (TermState::Done, Some(exit)) => format!("exit {exit}{}", signal(exit)),
        (TermState::Done, None) if ran.ended => "ended, exit code unknown".to_owned(),
        (TermState::Done, None) => "nothing runs: the shell is at its prompt".to_owned(),
        (TermState::Running, _) if ran.duration < DURATION_TOLD_MIN => "still running".to_owned(),
        (TermState::Running, _) => format!("still running after {} s", ran.duration.as_secs()),
        (TermState::WaitsForLine, _) => "running, waits for input".to_owned(),
        (TermState::Password, _) => {
            "running, asks for a password: only the user can type it".to_owned()
        }
        (TermState::FullScreen, _) => "full-screen program".to_owned(),
        (TermState::Exited, _) => "the shell itself has ended".to_owned(),
    }
}

/// An exit code that a shell gives for a signal. A program can give it, too: so only what it is made
/// of is told, not what happened.
fn signal(exit: i32) -> String {
    let named = SIGNALS.iter().find(|(signal, _)| SIGNALLED + signal.as_raw() == exit);
    named.map_or_else(String::new, |(_, name)| format!(" ({SIGNALLED} + {name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(state: TermState, exit: Option<i32>) -> Ran {
        Ran {
            state,
            exit,
            ended: exit.is_some(),
            folder: None,
            duration: Duration::ZERO,
            output: Output::default(),
            screen: None,
            changed: None,
            cursor: None,
            pen_taken: false,
            aside: false,
        }
    }

    fn output(text: &str) -> Output {
        let (lines, bytes) = (text.lines().count() as u64, text.len() as u64);
        Output { text: text.to_owned(), lines, bytes, ..Output::default() }
    }

    #[test]
    fn nothing_is_claimed_that_is_not_known() {
        assert_eq!(told(&ran(TermState::Done, Some(0))), "exit 0");
        assert_eq!(told(&ran(TermState::Done, Some(139))), "exit 139 (128 + SIGSEGV)");
        assert_eq!(told(&ran(TermState::Done, Some(255))), "exit 255");
        let idle = ran(TermState::Done, None);
        assert_eq!(told(&idle), "nothing runs: the shell is at its prompt");
        let unknown = Ran { ended: true, ..idle };
        assert_eq!(told(&unknown), "ended, exit code unknown");
    }

    #[test]
    fn of_a_screen_that_was_seen_only_what_is_new_is_told() {
        let rows: Vec<_> = (1..=9).map(|row| format!("row {row}")).collect();
        let look = |changed: Option<Vec<u16>>| {
            let screen = Some(rows.clone());
            told(&Ran { screen, changed, cursor: Some((4, 0)), ..ran(TermState::FullScreen, None) })
        };
        let head = "full-screen program, cursor at row 1 column 5";
        assert_eq!(look(Some(vec![])), format!("{head}, nothing changed"));
        assert_eq!(look(Some(vec![3])), format!("{head}, row 4 changed\nrow 4"));
        let some = format!("{head}, rows 1, 3-4, 10 changed\nrow 1\nrow 3\nrow 4\n");
        assert_eq!(look(Some(vec![0, 2, 3, 9])), some);
        let whole = format!("{head}\n{}", rows.join("\n"));
        assert_eq!(look(Some(vec![0, 1, 2, 3, 4])), whole);
        assert_eq!(look(None), whole);
    }

    #[test]
    fn what_was_said_before_the_screen_is_told_too() {
        let screen = Some(vec!["vim".to_owned()]);
        let both = Ran { screen, output: output("built"), ..ran(TermState::FullScreen, None) };
        assert_eq!(told(&both), "full-screen program\nbuilt\n[the screen:]\nvim");
        let both = Ran { changed: Some(Vec::new()), ..both };
        assert_eq!(told(&both), "full-screen program\nbuilt\n[nothing changed]");
    }

    #[test]
    fn a_file_that_has_not_all_of_it_is_not_called_whole() {
        let text: String = (1..=300).map(|number| format!("{number}\n")).collect();
        let file = Some("/out/1.txt".into());
        let long =
            Ran { output: Output { file, ..output(&text) }, ..ran(TermState::Done, Some(0)) };
        assert!(told(&long).starts_with("exit 0, all 300 lines in /out/1.txt\n1\n"));
        let output = Output { file_bytes_left_out: 9, ..long.output.clone() };
        let capped = told(&Ran { output, ..long.clone() });
        let first = "exit 0, the first 64 MiB and the last lines in /out/1.txt\n1\n";
        assert!(capped.starts_with(first), "{capped}");
        let output = Output { odd: 77, ..long.output.clone() };
        let head = "exit 0, binary output, not shown: 77 control bytes and invalid sequences; \
                    as text, all 300 lines in /out/1.txt";
        assert_eq!(told(&Ran { output, ..long }), head);
    }
}
