//! Whether a draft can be had, found out by having one.

use super::{MountError, Spec, open};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a trial showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How long it took to open the draft.
    pub opened: Duration,
    /// What is not as usual, each a sentence.
    pub notes: Vec<String>,
}

/// Opens a draft of the tree, writes in it from here, runs a program inside, and closes it. What
/// was written is gone afterwards; the state is the caller's to remove.
///
/// # Errors
/// What `open` says, or what did not work.
pub fn probe(spec: &Spec) -> Result<Report, MountError> {
    let begun = Instant::now();
    let mount = open(spec)?;
    let opened = begun.elapsed();
    let broken = |error: io::Error| MountError::Broken(error.to_string());
    write(mount.merged()).map_err(broken)?;
    let prefix = mount.prefix();
    let (program, args) = prefix.split_first().ok_or(MountError::Gone)?;
    let mut inside = Command::new(program);
    inside.args(args).args(["test", "-d", "."]).current_dir(&spec.root).stdin(Stdio::null());
    let output = inside.output().map_err(broken)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(MountError::Broken(format!("a program inside failed: {said}")));
    }
    Ok(Report { opened, notes: mount.notes().to_vec() })
}

/// From outside, through the handle.
fn write(merged: &Path) -> io::Result<()> {
    let (one, other) = (merged.join(".brisk-probe"), merged.join(".brisk-probe-renamed"));
    fs::write(&one, "probe")?;
    fs::rename(&one, &other)?;
    let read = fs::read(&other)?;
    fs::remove_file(&other)?;
    if read == b"probe" { Ok(()) } else { Err(io::Error::other("it reads otherwise than written")) }
}
