//! The user's own editor on a piece of text, with the screen given back meanwhile.

use rustix::process::{self, Pid, Signal, WaitOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command};

/// What was edited. An error is a sentence for the user; then nothing is to be changed.
///
/// The caller has given the terminal back, and takes it again afterwards. `path` names the file that
/// the text is of, so that the editor knows the language.
pub(super) fn edit(editor: Option<&str>, path: &str, text: &str) -> Result<String, String> {
    let Some(editor) = editor else {
        return Err("no editor is known: set $VISUAL or $EDITOR".to_owned());
    };
    let extension = Path::new(path).extension().map(|end| format!(".{}", end.to_string_lossy()));
    let written = tempfile::Builder::new()
        .prefix("brisk-hunk-")
        .suffix(extension.as_deref().unwrap_or(".txt"))
        .tempfile()
        .and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
    let file = written.map_err(|error| format!("cannot write the text down: {error}"))?;
    let path = file.into_temp_path();
    // As git does: the setting is a command line, and the file is its last argument.
    let started =
        Command::new("sh").arg("-c").arg(format!("{editor} \"$@\"")).arg(editor).arg(&path).spawn();
    let child = started.map_err(|error| format!("cannot start {editor}: {error}"))?;
    let code = wait(child).map_err(|error| format!("lost sight of {editor}: {error}"))?;
    match code {
        Some(0) => std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read what {editor} wrote: {error}")),
        Some(code) => Err(format!("{editor} ended with exit {code}: all stays as it is")),
        None => Err(format!("{editor} was ended by a signal: all stays as it is")),
    }
}

/// Waits for the editor. If that is suspended, brisk is too: a shell must see both stop.
fn wait(mut child: Child) -> std::io::Result<Option<i32>> {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return Ok(child.wait()?.code());
    };
    loop {
        let waited = match process::waitpid(Some(pid), WaitOptions::UNTRACED) {
            Err(rustix::io::Errno::INTR) => continue,
            waited => waited?,
        };
        let Some((_, status)) = waited else { continue };
        if status.stopped() {
            process::kill_current_process_group(Signal::STOP)?;
            process::kill_process(pid, Signal::CONT)?;
            continue;
        }
        return Ok(status.exit_status());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_editor_wrote_comes_back() {
        let edited = edit(Some("sed -i s/one/two/"), "src/a.rs", "one\n");
        assert_eq!(edited.as_deref(), Ok("two\n"));
    }

    #[test]
    fn an_editor_that_fails_changes_nothing_and_says_so() {
        let failed = edit(Some("exit 3;"), "a", "one\n").unwrap_err();
        assert!(failed.contains("exit 3"), "{failed}");
        let killed = edit(Some("kill -9 $$;"), "a", "one\n").unwrap_err();
        assert!(killed.contains("signal"), "{killed}");
        assert!(edit(Some("no-such-editor-here"), "a", "").is_err());
        assert!(edit(None, "a", "").unwrap_err().contains("$EDITOR"));
    }
}
