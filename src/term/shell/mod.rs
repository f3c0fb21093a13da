//! How each shell is made to tell what it does: temporary rc files that read the user's own first,
//! and the way a command is delivered. The scripts beside this file are the other half.

use super::TermError;
use crate::protocol::{Launch, ShellKind};
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const BASH: &str = include_str!("bash.sh");
const ZSHENV: &str = include_str!("zshenv.zsh");
const ZSHRC: &str = include_str!("zshrc.zsh");
const FISH: &str = include_str!("config.fish");
const SH: &str = include_str!("sh.sh");

/// The private keys that the scripts bind: fill the line from the file; accept it.
const FILL: &[u8] = b"\x1b[29173~";
const FILL_AND_ACCEPT: &[u8] = b"\x1b[29173~\x1b[29174~";
/// Enter the shell's folder anew, by its name.
pub(super) const REENTER: &[u8] = b"\x1b[29175~";
/// What makes sh read the file; typed, since it has no keys to bind. ^U first: what the user had
/// begun to type must not become a part of it.
const FILL_SH: &str = "\u{15}. \"$__brisk\"";
/// A terminal in line mode cuts longer lines.
pub(super) const TYPED_BYTES_MAX: usize = 1000;
const NONCE_CHARS: usize = 24;

/// Variables of the terminal or multiplexer that brisk itself runs in.
const FOREIGN: [&str; 9] = [
    "TMUX",
    "TMUX_PANE",
    "STY",
    "LINES",
    "COLUMNS",
    "INSIDE_EMACS",
    "TERMCAP",
    "VTE_VERSION",
    "WINDOWID",
];
const PROMPTS: [&str; 2] = ["PS1", "PS2"];
const FOREIGN_PREFIX: &str = "TERM_PROGRAM";

/// Whether an integrated shell says that a command begins that the user has typed.
pub(super) const fn tells_starts(kind: ShellKind) -> bool {
    matches!(kind, ShellKind::Bash | ShellKind::Zsh | ShellKind::Fish)
}

/// One shell's integration: its secret and its files, which go when this does.
pub(super) struct Integration {
    pub(super) kind: ShellKind,
    pub(super) nonce: String,
    folder: PathBuf,
}

impl Integration {
    /// Writes the rc files into a private folder of their own.
    pub(super) fn prepare(launch: &Launch) -> Result<Self, TermError> {
        let nonce: String =
            std::iter::repeat_with(fastrand::alphanumeric).take(NONCE_CHARS).collect();
        let label: String = std::iter::repeat_with(fastrand::alphanumeric).take(8).collect();
        let folder = launch.scratch.join(format!("shell-{label}"));
        let integration = Self { kind: kind(&launch.shell), nonce, folder };
        let scratch = |error: std::io::Error| TermError::Scratch { reason: error.to_string() };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&integration.folder).map_err(scratch)?;
        for (name, script) in integration.scripts() {
            let script = integration.fill_in(script, launch);
            write_private(&integration.folder.join(name), &script).map_err(scratch)?;
        }
        Ok(integration)
    }

    const fn scripts(&self) -> &'static [(&'static str, &'static str)] {
        match self.kind {
            ShellKind::Bash => &[("rc", BASH)],
            ShellKind::Zsh => &[(".zshenv", ZSHENV), (".zshrc", ZSHRC)],
            ShellKind::Fish => &[("rc", FISH)],
            ShellKind::Sh => &[("rc", SH)],
            ShellKind::Other => &[],
        }
    }

    fn fill_in(&self, script: &str, launch: &Launch) -> Vec<u8> {
        let own = |name: &str| launch.env.iter().find(|(known, _)| known == name);
        let assigned = |name: &str| {
            own(name).map(|(_, value)| [name.as_bytes(), b"=", &quote(value)].concat())
        };
        let or_unset =
            |name: &str| assigned(name).unwrap_or_else(|| format!("unset {name}").into_bytes());
        let prompts: Vec<Vec<u8>> = PROMPTS.iter().filter_map(|name| assigned(name)).collect();
        let values: [(&str, Vec<u8>); 8] = [
            ("@NONCE@", self.nonce.clone().into_bytes()),
            ("@MARK@", b"\x1b]133;".to_vec()),
            ("@BELL@", b"\x07".to_vec()),
            ("@FILE@", quote(self.command_file().as_os_str())),
            (
                "@USER_ENV@",
                own("ENV").map_or_else(
                    || b"unset ENV".to_vec(),
                    |(_, value)| [b"export ENV=", quote(value).as_slice()].concat(),
                ),
            ),
            ("@USER_PROMPTS@", prompts.join(&b' ')),
            ("@USER_ZDOTDIR@", or_unset("ZDOTDIR")),
            ("@ZDOTDIR@", quote(self.folder.as_os_str())),
        ];
        let mut out = Vec::with_capacity(script.len() + 512);
        let mut rest = script;
        while let Some(at) = rest.find('@') {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            rest = &rest[at..];
            match values.iter().find(|(name, _)| rest.starts_with(name)) {
                Some((name, value)) => {
                    out.extend_from_slice(value);
                    rest = &rest[name.len()..];
                }
                None => {
                    out.push(b'@');
                    rest = &rest[1..];
                }
            }
        }
        out.extend_from_slice(rest.as_bytes());
        out
    }

    /// The whole argv: the launch's prefix, the shell, what the integration needs.
    pub(super) fn argv(&self, launch: &Launch) -> Vec<OsString> {
        let mut argv = launch.prefix.clone();
        argv.push(launch.shell.clone().into());
        let rc = self.folder.join("rc").into_os_string();
        match self.kind {
            ShellKind::Bash => argv.extend(["--rcfile".into(), rc]),
            ShellKind::Fish => {
                let mut source = b"source ".to_vec();
                source.extend(quote(&rc));
                argv.extend(["-C".into(), OsString::from_vec(source)]);
            }
            ShellKind::Zsh | ShellKind::Sh | ShellKind::Other => {}
        }
        argv
    }

    pub(super) fn env(&self, launch: &Launch) -> Vec<(OsString, OsString)> {
        let foreign = |name: &OsStr| {
            FOREIGN.iter().any(|foreign| name == *foreign)
                || name.as_bytes().starts_with(FOREIGN_PREFIX.as_bytes())
        };
        // Set by its script: from the environment they would be exported for ever.
        let scripted = |name: &OsStr| {
            self.kind == ShellKind::Sh && PROMPTS.iter().any(|prompt| name == *prompt)
        };
        let own = launch.env.iter().filter(|(name, _)| !foreign(name) && !scripted(name));
        let own = own.cloned();
        let mut env: Vec<(OsString, OsString)> = own.collect();
        let mut set = |name: &str, value: OsString| {
            env.retain(|(known, _)| known != name);
            env.push((name.into(), value));
        };
        set("TERM", "xterm-256color".into());
        set("COLORTERM", "truecolor".into());
        set("PWD", launch.folder.clone().into());
        if self.kind == ShellKind::Zsh {
            set("ZDOTDIR", self.folder.clone().into());
        }
        if self.kind == ShellKind::Sh {
            set("ENV", self.folder.join("rc").into());
        }
        env
    }

    /// The shell has read its rc files, so nothing needs to know the nonce from there any more.
    pub(super) fn forget_scripts(&self) {
        for (name, _) in self.scripts() {
            // Gone already is just as well.
            let _ = std::fs::remove_file(self.folder.join(name));
        }
    }

    fn command_file(&self) -> PathBuf {
        self.folder.join("command")
    }

    /// What to send so that the shell runs the command, as far as it is integrated.
    /// `marks`: it is, and so it tells that it takes command `id`.
    pub(super) fn deliver(
        &self,
        command: &str,
        id: u64,
        marks: bool,
        at: PromptEnd,
    ) -> Result<Vec<u8>, TermError> {
        let scratch = |error: std::io::Error| TermError::Scratch { reason: error.to_string() };
        if marks && self.kind == ShellKind::Sh {
            let text = taken(command, id, at);
            write_private(&self.command_file(), &text).map_err(scratch)?;
            return Ok(format!("{FILL_SH}\r").into_bytes());
        }
        if marks {
            let text = format!("{id}\n{command}");
            write_private(&self.command_file(), text.as_bytes()).map_err(scratch)?;
            return Ok(if self.kind == ShellKind::Bash { FILL_AND_ACCEPT } else { FILL }.to_vec());
        }
        let simple = command.len() <= TYPED_BYTES_MAX && !command.contains(['\n', '\t']);
        // ^U first: what the user had begun to type must not become a part of it.
        if simple {
            return Ok(format!("\u{15}{command}\r").into_bytes());
        }
        write_private(&self.command_file(), format!("{command}\n").as_bytes()).map_err(scratch)?;
        Ok([b"\x15. ", quote(self.command_file().as_os_str()).as_slice(), b"\r"].concat())
    }

    /// The command was read, or is not to be read any more.
    pub(super) fn withdraw(&self) {
        let _ = std::fs::remove_file(self.command_file());
    }
}

impl Drop for Integration {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(super) fn kind(shell: &Path) -> ShellKind {
    match shell.file_name().and_then(OsStr::to_str) {
        Some("bash") => ShellKind::Bash,
        Some("zsh") => ShellKind::Zsh,
        Some("fish") => ShellKind::Fish,
        Some("sh" | "dash" | "ash") => ShellKind::Sh,
        _ => ShellKind::Other,
    }
}

/// Where the prompt ends: its column, of so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct PromptEnd {
    pub(super) column: u16,
    pub(super) columns: u16,
}

/// What sh reads: that it takes the command, then the command.
fn taken(command: &str, id: u64, at: PromptEnd) -> Vec<u8> {
    let typed = FILL_SH.len() - 1;
    let last = (usize::from(at.column) + typed).saturating_sub(1);
    let up = last / usize::from(at.columns).max(1) + 1;
    let mut text = format!("__brisk_taken \"$?\" {id} {up} {} ", at.column + 1).into_bytes();
    text.extend(quote(OsStr::new(command)));
    text.extend_from_slice(b"\n");
    text.extend_from_slice(command.as_bytes());
    text.extend_from_slice(b"\n");
    text
}

/// In single quotes, in a way that all of them read alike.
fn quote(text: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\"'\"'"),
            b'\\' => quoted.extend_from_slice(b"'\"\\\\\"'"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// Replaces the file in one step, so that nobody reads half of it.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    std::fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_the_launchs_without_the_outer_terminals() {
        let scratch = tempfile::tempdir().expect("a temporary folder can be made");
        let names = ["HOME", "TMUX", "TERM_PROGRAM_VERSION", "LINES", "TERM"];
        let launch = Launch {
            shell: "/bin/bash".into(),
            prefix: vec!["wall".into()],
            folder: "/".into(),
            env: names.iter().map(|name| ((*name).into(), "x".into())).collect(),
            scratch: scratch.path().into(),
        };
        let integration = Integration::prepare(&launch).expect("the scratch folder is writable");
        let env = integration.env(&launch);
        let mut names: Vec<_> = env.iter().map(|(name, _)| name.to_str().expect("ASCII")).collect();
        names.sort_unstable();
        assert_eq!(names, ["COLORTERM", "HOME", "PWD", "TERM"]);
        assert!(env.contains(&("TERM".into(), "xterm-256color".into())));
        assert!(!env.iter().any(|(_, value)| value.as_bytes() == integration.nonce.as_bytes()));
        assert_eq!(integration.argv(&launch)[..2], [OsString::from("wall"), "/bin/bash".into()]);
    }
}
