//! The journal: the append-only record from which everything else can be rebuilt.
//!
//! One JSON object a line, one write an event: `{"v":1,"bytes":N,"crc":"…","event":{…}}`, where
//! `bytes` and `crc` (CRC-32) are of the event's own JSON. A line that is torn, or that does not
//! check, ends the journal: what stands before it is whole, the rest is set aside and said.

use crate::protocol::Event;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

const VERSION: u32 = 1;
/// A journal above this is not read into memory.
const BYTES_MAX: u64 = 1 << 30;

#[derive(Debug)]
pub(super) struct Journal {
    file: Arc<File>,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    v: u32,
    bytes: usize,
    crc: String,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// What a journal holds.
#[derive(Debug, Default, PartialEq)]
pub struct Replay {
    pub events: Vec<Event>,
    /// Bytes at the end that are no whole line.
    pub torn_bytes: usize,
}

impl Journal {
    /// Makes a new journal; an existing one is an error.
    pub(super) fn create(path: &Path) -> io::Result<Journal> {
        let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(path)?;
        Ok(Journal { file: Arc::new(file) })
    }

    pub(super) fn append(&mut self, event: &Event) -> io::Result<()> {
        (&*self.file).write_all(&line(event)?)
    }

    /// For a thread that may block: it makes durable what was appended before.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

/// An event as its line, with the newline.
fn line(event: &Event) -> io::Result<Vec<u8>> {
    let event = serde_json::value::to_raw_value(event)?;
    let text = event.get();
    let line = Line { v: VERSION, bytes: text.len(), crc: checksum(text), event: &event };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

/// Reads a journal up to its first line that is not whole.
pub fn read(path: &Path) -> io::Result<Replay> {
    if fs::metadata(path)?.len() > BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {BYTES_MAX} bytes")));
    }
    Ok(replay(&fs::read(path)?))
}

/// What the bytes of a journal hold, up to the first line that is not whole.
pub fn replay(bytes: &[u8]) -> Replay {
    let mut events = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let Some(event) = event(&rest[..end]) else { break };
        events.push(event);
        rest = &rest[end + 1..];
    }
    Replay { events, torn_bytes: rest.len() }
}

fn event(line: &[u8]) -> Option<Event> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let text = line.event.get();
    let is_whole = line.v == VERSION && line.bytes == text.len() && line.crc == checksum(text);
    is_whole.then(|| serde_json::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Body, Item, Notice, NoticeLevel, TurnId, UserKind};

    fn events() -> Vec<Event> {
        let body = |seq: u64| match seq % 2 {
            0 => Body::Item(Item::User {
                text: format!("line\n{seq} \u{2028} \"quoted\""),
                kind: UserKind::Prompt,
            }),
            _ => Body::Notice(Notice {
                level: NoticeLevel::Info,
                text: "x".repeat(seq as usize),
                hint: None,
            }),
        };
        (1..=20)
            .map(|seq| Event { seq, at: seq * 7, turn: Some(TurnId(1)), op: None, body: body(seq) })
            .collect()
    }

    fn bytes(events: &[Event]) -> Vec<u8> {
        events.iter().flat_map(|event| line(event).unwrap()).collect()
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::create(&path).unwrap();
        for event in &events() {
            journal.append(event).unwrap();
        }
        assert_eq!(read(&path).unwrap(), Replay { events: events(), torn_bytes: 0 });
    }

    #[test]
    fn a_cut_at_any_byte_loses_at_most_the_last_event() {
        let (events, bytes) = (events(), bytes(&events()));
        for cut in 0..=bytes.len() {
            let whole = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
            let replay = replay(&bytes[..cut]);
            assert_eq!(replay.events, events[..whole], "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_journal_before_its_line() {
        let (events, bytes) = (events(), bytes(&events()));
        for at in (0..bytes.len()).step_by(5) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            let replay = replay(&bytes);
            assert_eq!(replay.events, events[..replay.events.len()], "flipped at {at}");
            assert!(replay.events.len() < events.len(), "flipped at {at}");
        }
    }
}
