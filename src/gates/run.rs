//! Running gates: the cheap ones first, each to its verdict; all of it gone when nobody wants it
//! any more.

use super::capture::Capture;
use super::process::{Ended, Process};
use super::verdict;
use crate::protocol::{Gate, GateKind, GateState, GateVerdict};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Formatters and linters run beside each other; nothing else does.
const PARALLEL_MAX: usize = 2;

/// Where gates run.
#[derive(Clone, Debug)]
pub struct Place {
    /// The workspace's root as the commands see it.
    pub folder: PathBuf,
    /// The same as this process reaches it, for what scanners write there.
    pub reach: PathBuf,
    /// Goes in front of each argv: the entry of a sandbox. Empty where there are no walls.
    pub prefix: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Whole outputs go here: a folder of the session, made if it is absent.
    pub outputs: PathBuf,
}

/// Runs the gates to their verdicts, which come in the gates' order. `progress` gets all of them
/// whenever one has changed, at first as they wait.
///
/// When `cancel` is ready, or the future is dropped, every process that still runs is killed with
/// all that it has started; then verdicts that are not there yet say `Cancelled`. What a gate leaves
/// running at its end is killed, too.
pub async fn run(
    gates: &[Gate],
    place: &Place,
    cancel: impl Future<Output = ()>,
    mut progress: impl FnMut(&[GateVerdict]),
) -> Vec<GateVerdict> {
    let mut verdicts: Vec<GateVerdict> = gates.iter().map(Gate::waiting).collect();
    progress(&verdicts);
    let mut order: Vec<usize> = (0..gates.len()).collect();
    order.sort_by_key(|at| gates[*at].kind);
    let mut queue = VecDeque::from(order);
    let mut running = FuturesUnordered::new();
    let mut cancel = std::pin::pin!(cancel);
    loop {
        let mut started = false;
        while let Some(next) = queue.front().copied() {
            let beside = gates[next].kind <= GateKind::Lint
                && running.len() < PARALLEL_MAX
                && verdicts.iter().zip(gates).all(|(verdict, gate)| {
                    verdict.state != GateState::Running || gate.kind <= GateKind::Lint
                });
            if !running.is_empty() && !beside {
                break;
            }
            queue.pop_front();
            verdicts[next].state = GateState::Running;
            let gate = &gates[next];
            running.push(async move { (next, one(gate, place).await) });
            started = true;
        }
        if started {
            progress(&verdicts);
        }
        tokio::select! {
            biased;
            () = &mut cancel => break,
            ended = running.next() => match ended {
                Some((at, verdict)) => verdicts[at] = verdict,
                None => return verdicts,
            },
        }
        progress(&verdicts);
    }
    drop(running);
    for verdict in &mut verdicts {
        if matches!(verdict.state, GateState::Waiting | GateState::Running) {
            verdict.state = GateState::Cancelled;
        }
    }
    progress(&verdicts);
    verdicts
}

async fn one(gate: &Gate, place: &Place) -> GateVerdict {
    let started = Instant::now();
    let mut capture = Capture::new(gate, place);
    let results = verdict::Results::before(gate, place);
    let limit = (gate.timeout_seconds > 0).then(|| Duration::from_secs(gate.timeout_seconds));
    let ended = match Process::start(gate, place) {
        Ok(process) => process.finish(limit, &mut capture).await,
        Err(why) => Ended::NotStarted(why),
    };
    let captured = capture.finish();
    let mut verdict = gate.waiting();
    verdict.output = captured.file.as_ref().map(|file| file.to_string_lossy().into_owned());
    let scanned = results.after(captured.document.as_deref());
    verdict::judge(&mut verdict, &ended, captured.findings, scanned);
    verdict.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    verdict
}

#[cfg(test)]
mod tests;
