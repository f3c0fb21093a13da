//! From how a command ended, what it wrote, and what a scanner found, to a verdict.

use super::process::Ended;
use super::read::{Findings, LINE_COLUMNS_MAX, LINES_MAX, shown};
use super::run::Place;
use super::sarif::{self, SARIF_BYTES_MAX, Scanned};
use crate::protocol::{Diagnostic, Gate, GateKind, GateState, GateVerdict, Severity};
use rustix::fs::{Mode, OFlags};
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

/// Where a gate's SARIF comes from.
pub(super) struct Results {
    /// The file as this process reaches it, its name in the settings, and what it was before.
    file: Option<(PathBuf, String, Option<Stamp>)>,
    /// Only a scanner owes its stdout to be SARIF.
    scanner: bool,
    root: String,
    folder: String,
}

/// Changes when a file is written.
type Stamp = (u64, i64, i64, u64);

impl Results {
    /// What is there before the gate runs.
    pub(super) fn before(gate: &Gate, place: &Place) -> Results {
        let file = gate.sarif.as_ref().map(|name| {
            let path = place.reach.join(&gate.folder).join(name);
            let before = path.metadata().ok().as_ref().map(stamp);
            (path, name.clone(), before)
        });
        Results {
            file,
            scanner: gate.kind == GateKind::Scan,
            root: place.folder.to_string_lossy().into_owned(),
            folder: gate.folder.clone(),
        }
    }

    /// What was found; None if the gate has no SARIF.
    ///
    /// # Errors
    /// A line for people, if there should be one that can be read.
    pub(super) fn after(&self, stdout: Option<&[u8]>) -> Option<Result<Scanned, String>> {
        let Some((path, name, before)) = &self.file else {
            let scanned = sarif::read(stdout?, &self.root, &self.folder);
            return match scanned {
                // Many programs write JSON; of those that need not be scanners nothing is expected.
                Err(_) if !self.scanner => None,
                scanned => Some(scanned.map_err(|why| format!("its output: {why}"))),
            };
        };
        let document = read_file(path, *before);
        let scanned = document.and_then(|bytes| sarif::read(&bytes, &self.root, &self.folder));
        Some(scanned.map_err(|why| format!("{name}: {why}")))
    }
}

fn read_file(path: &PathBuf, before: Option<Stamp>) -> Result<Vec<u8>, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| format!("the gate was to write it, and it cannot be read: {error}"))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if before == Some(stamp(&metadata)) {
        return Err("it is of an earlier run; the gate did not write it".to_owned());
    }
    let mut bytes = Vec::new();
    let limit = SARIF_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec(), metadata.size())
}

/// A gate has passed if its command ended with 0, and its scanner, if it is one, wrote results that
/// can be read, none of them an error, and not more than are looked at.
pub(super) fn judge(
    verdict: &mut GateVerdict,
    ended: &Ended,
    findings: Findings,
    scanned: Option<Result<Scanned, String>>,
) {
    let exit = match ended {
        Ended::Exit(status) => status.code(),
        Ended::TimedOut(_) | Ended::NotStarted(_) => None,
    };
    let clean = scanned.as_ref().is_none_or(|scanned| {
        scanned.as_ref().is_ok_and(|scanned| scanned.errors == 0 && !scanned.cut)
    });
    verdict.state = match ended {
        Ended::TimedOut(_) => GateState::TimedOut,
        _ if exit == Some(0) && clean => GateState::Passed,
        _ => GateState::Failed { exit },
    };
    let passed = verdict.state == GateState::Passed;
    let (lines, diagnostics, summary) = match scanned {
        Some(Ok(scanned)) => of_scan(scanned, findings.lines, exit == Some(0)),
        Some(Err(why)) if exit == Some(0) => (vec![why], findings.diagnostics, None),
        Some(Err(why)) => {
            let lines = std::iter::once(why).chain(findings.lines).collect();
            (lines, findings.diagnostics, None)
        }
        None => (findings.lines, findings.diagnostics, findings.count),
    };
    verdict.diagnostics = diagnostics;
    if passed {
        // What a test that passed has printed is no error.
        verdict.diagnostics.retain(|said| said.severity != Severity::Error);
        verdict.summary = summary;
        return;
    }
    verdict.summary = summary.or_else(|| counted(&verdict.diagnostics));
    let mut all: Vec<String> = why(ended).into_iter().collect();
    all.extend(lines.iter().map(|line| shown(line, LINE_COLUMNS_MAX)));
    all.truncate(LINES_MAX);
    verdict.lines = all;
}

/// What stands above the output's own lines.
fn why(ended: &Ended) -> Option<String> {
    match ended {
        Ended::NotStarted(why) => Some(shown(why, LINE_COLUMNS_MAX)),
        Ended::TimedOut(limit) => Some(format!("it did not end within {} s", limit.as_secs())),
        Ended::Exit(status) => status.signal().map(|signal| format!("ended by signal {signal}")),
    }
}

type Shown = (Vec<String>, Vec<Diagnostic>, Option<String>);

/// A scanner's lines are its findings, the worst first; if it failed without any, what it said.
fn of_scan(scanned: Scanned, said: Vec<String>, ended_well: bool) -> Shown {
    let found = [(scanned.errors, "error"), (scanned.warnings, "warning"), (scanned.notes, "note")];
    let mut lines = Vec::new();
    if scanned.cut {
        lines.push("it found more than is looked at".to_owned());
    }
    let line = |said: &Diagnostic| format!("{}:{}: {}", said.path, said.line, said.text);
    lines.extend(scanned.diagnostics.iter().map(line));
    if scanned.errors > 0 && lines.is_empty() {
        lines.push(format!("{}, none of them at a line of this project", plural(&found)));
    }
    if lines.is_empty() && !ended_well {
        lines = said;
    }
    let any = found.iter().any(|(count, _)| *count > 0);
    (lines, scanned.diagnostics, any.then(|| plural(&found)))
}

/// `2 errors, 1 warning` of what stands at lines.
fn counted(diagnostics: &[Diagnostic]) -> Option<String> {
    let of = |severity| diagnostics.iter().filter(|said| said.severity == severity).count();
    let counts = [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")];
    counts.iter().any(|(count, _)| *count > 0).then(|| plural(&counts))
}

fn plural(counts: &[(usize, &str)]) -> String {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let parts =
        some.map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" }));
    parts.collect::<Vec<_>>().join(", ")
}
