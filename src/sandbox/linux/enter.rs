//! `brisk __enter ID -- PROGRAM ARGS`: becomes the program, inside the draft and without rights.

use super::guests;
use rustix::process::{Pid, PidfdFlags, chdir, pidfd_open};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, ThreadNameSpaceType,
    clear_ambient_capability_set, move_into_thread_name_spaces,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
    set_no_new_privs,
};
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// What shells answer for a program that is there and cannot be run.
const REFUSED: u8 = 126;
/// As many as a set has bits.
const CAPABILITIES_MAX: u32 = 64;

/// Which draft: its holder, and the namespace that one must find oneself in afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) holder: u32,
    pub(super) started: u64,
    pub(super) namespace: u64,
}

impl fmt::Display for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.holder, self.started, self.namespace)
    }
}

impl Token {
    fn parse(text: &OsStr) -> Option<Token> {
        let mut parts = text.to_str()?.split('.');
        let token = Token {
            holder: parts.next()?.parse().ok()?,
            started: parts.next()?.parse().ok()?,
            namespace: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(token)
    }
}

/// The arguments that lead through `run` to the program that follows them.
pub(super) fn prefix(entry: &Path, token: Token) -> Vec<OsString> {
    vec![entry.into(), super::ENTER.into(), token.to_string().into(), "--".into()]
}

/// Returns only if the program was not run.
pub(super) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let Err(reason) = enter(args);
    // Without stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "brisk: {reason}");
    ExitCode::from(REFUSED)
}

fn enter(mut args: impl Iterator<Item = OsString>) -> Result<Infallible, String> {
    let token = args.next().as_deref().and_then(Token::parse);
    let is_separated = args.next().is_some_and(|word| word == "--");
    let (Some(token), true, Some(program)) = (token, is_separated, args.next()) else {
        return Err("this is not how a draft is entered".to_owned());
    };
    let folder = std::env::current_dir()
        .map_err(|error| format!("the current folder cannot be found: {error}"))?;
    join(token).map_err(|reason| format!("the draft cannot be entered: {reason}"))?;
    chdir(&folder).map_err(|error| {
        format!("the folder {} cannot be entered in the draft: {error}", folder.display())
    })?;
    give_up_rights().map_err(|error| format!("not all rights could be given up: {error}"))?;
    let error = Command::new(&program).args(args).exec();
    Err(format!("{} cannot be run: {error}", Path::new(&program).display()))
}

/// Moves into the holder's namespaces, and makes sure that they are the ones that were meant.
fn join(token: Token) -> Result<(), String> {
    const GONE: &str = "it has ended";
    let outside = guests::own_namespace().map_err(|error| error.to_string())?;
    let id = i32::try_from(token.holder).ok().and_then(Pid::from_raw).ok_or(GONE)?;
    let holder = pidfd_open(id, PidfdFlags::empty()).map_err(|_| GONE)?;
    // Whoever has the id now had it when the handle was made if it is the holder itself.
    if guests::started(token.holder) != Some(token.started) {
        return Err(GONE.to_owned());
    }
    let both = ThreadNameSpaceType::USER | ThreadNameSpaceType::MOUNT;
    move_into_thread_name_spaces(holder.as_fd(), both).map_err(|error| error.to_string())?;
    let inside = guests::own_namespace().map_err(|error| error.to_string())?;
    if inside != token.namespace || inside == outside {
        return Err("it is another one".to_owned());
    }
    Ok(())
}

/// Gives up every capability for good: uid 0 gets none back by running a program either.
fn give_up_rights() -> io::Result<()> {
    set_no_new_privs(true)?;
    clear_ambient_capability_set()?;
    for bit in 0..CAPABILITIES_MAX {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << bit)) {
            // The kernel knows no more.
            Err(rustix::io::Errno::INVAL) => break,
            other => other?,
        }
    }
    type Bits = CapabilitiesSecureBits;
    set_capabilities_secure_bits(
        Bits::NO_ROOT
            | Bits::NO_ROOT_LOCKED
            | Bits::NO_SETUID_FIXUP
            | Bits::NO_SETUID_FIXUP_LOCKED
            | Bits::KEEP_CAPS_LOCKED
            | Bits::NO_CAP_AMBIENT_RAISE
            | Bits::NO_CAP_AMBIENT_RAISE_LOCKED,
    )?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    assert_no_rights(&fs::read_to_string("/proc/self/status")?)
}

/// By what the kernel itself says of this process.
fn assert_no_rights(status: &str) -> io::Result<()> {
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| u64::from_str_radix(value.trim(), 16).ok())
    };
    let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
    match sets.into_iter().find(|set| value(set) != Some(0)) {
        Some(set) => Err(io::Error::other(format!("{set} is not empty"))),
        None if value("NoNewPrivs") != Some(1) => {
            Err(io::Error::other("new privileges can still be had"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_nothing_else_is() {
        let token = Token { holder: 7, started: 8, namespace: 9 };
        assert_eq!(Token::parse(OsStr::new(&token.to_string())), Some(token));
        for other in ["", "7", "7.8", "7.8.9.10", "7.8.x", "-7.8.9"] {
            assert_eq!(Token::parse(OsStr::new(other)), None, "{other}");
        }
    }

    #[test]
    fn one_capability_left_or_a_line_missing_is_not_nothing() {
        let none = "CapInh:\t0000\nCapPrm:\t0000\nCapEff:\t0000\nCapBnd:\t0000\nCapAmb:\t0000\n";
        assert!(assert_no_rights(&format!("{none}NoNewPrivs:\t1\n")).is_ok());
        assert!(assert_no_rights(&format!("{none}NoNewPrivs:\t0\n")).is_err());
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            let one = none.replace(&format!("{set}:\t0000"), &format!("{set}:\t0100"));
            assert!(assert_no_rights(&format!("{one}NoNewPrivs:\t1\n")).is_err(), "{set}");
        }
        assert!(assert_no_rights("").is_err());
    }
}
