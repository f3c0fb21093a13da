//! What a gate writes: every line is read, all of it goes into a file, little stays in memory.

use super::read::{Findings, Paths, Reader};
use super::run::Place;
use super::sarif::SARIF_BYTES_MAX;
use crate::protocol::Gate;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Of a gate's output in its file.
pub const OUTPUT_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Of a line that is read.
const LINE_BYTES_MAX: usize = 4 * 1024;
/// Letters of a gate's name in its file's.
const NAME_CHARS_MAX: usize = 40;
const FILE_TRIES_MAX: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

pub(super) struct Capture {
    reader: Reader,
    /// What has no end of line yet, of each stream.
    pending: [Vec<u8>; 2],
    document: Document,
    store: Store,
}

/// What is known of an output at its end.
pub(super) struct Captured {
    pub(super) findings: Findings,
    /// What stood on stdout, if that looks like JSON; one byte more than a document may have if it
    /// has too many.
    pub(super) document: Option<Vec<u8>>,
    pub(super) file: Option<PathBuf>,
}

impl Capture {
    pub(super) fn new(gate: &Gate, place: &Place) -> Capture {
        let root = place.folder.to_string_lossy().trim_end_matches('/').to_owned();
        let paths = Paths { root, folder: gate.folder.clone() };
        Capture {
            reader: Reader::new(paths, &gate.name),
            pending: [Vec::new(), Vec::new()],
            document: Document::default(),
            store: Store::new(&place.outputs, &gate.name),
        }
    }

    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8]) {
        self.store.write(bytes);
        if stream == Stream::Stdout {
            self.document.take(bytes);
        }
        let pending = &mut self.pending[stream as usize];
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            let room = LINE_BYTES_MAX.saturating_sub(pending.len());
            pending.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                self.reader.line(&String::from_utf8_lossy(pending));
                pending.clear();
            }
        }
    }

    pub(super) fn finish(mut self) -> Captured {
        for pending in self.pending.iter().filter(|pending| !pending.is_empty()) {
            self.reader.line(&String::from_utf8_lossy(pending));
        }
        Captured {
            findings: self.reader.finish(),
            document: self.document.bytes,
            file: self.store.path,
        }
    }
}

/// The beginning of a JSON object, kept while it may become a scanner's document.
#[derive(Default)]
struct Document {
    bytes: Option<Vec<u8>>,
    other: bool,
}

impl Document {
    fn take(&mut self, bytes: &[u8]) {
        if self.other {
            return;
        }
        if self.bytes.is_none() {
            let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
            match first {
                None => return,
                Some(b'{' | 0xef) => {}
                Some(_) => {
                    self.other = true;
                    return;
                }
            }
        }
        let kept = self.bytes.get_or_insert_default();
        let room = (SARIF_BYTES_MAX + 1).saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// The file of the whole output; without one the gate runs all the same.
struct Store {
    folder: PathBuf,
    name: String,
    file: Option<File>,
    path: Option<PathBuf>,
    bytes: u64,
    broken: bool,
}

impl Store {
    fn new(folder: &Path, name: &str) -> Store {
        let letter = |char: char| if char.is_ascii_alphanumeric() { char } else { '-' };
        let name = name.chars().take(NAME_CHARS_MAX).map(letter).collect();
        let folder = folder.to_owned();
        Store { folder, name, file: None, path: None, bytes: 0, broken: false }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.broken || self.bytes >= OUTPUT_FILE_BYTES_MAX || bytes.is_empty() {
            return;
        }
        if self.file.is_none() {
            self.create();
        }
        let Some(file) = &mut self.file else {
            self.broken = true;
            return;
        };
        let room = usize::try_from(OUTPUT_FILE_BYTES_MAX - self.bytes).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        self.bytes += kept.len() as u64;
        self.broken = file.write_all(kept).is_err();
        if self.bytes >= OUTPUT_FILE_BYTES_MAX {
            // The file says itself that it is not whole; if it cannot, nothing is lost.
            let _ = writeln!(file, "\n… the rest of the output is not kept");
        }
    }

    fn create(&mut self) {
        // Where it cannot be made, opening says so.
        let _ = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        for _ in 0..FILE_TRIES_MAX {
            let name = format!("gate-{}-{:08x}.txt", self.name, fastrand::u32(..));
            let path = self.folder.join(name);
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            if let Ok(file) = file {
                (self.file, self.path) = (Some(file), Some(path));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{GateKind, GateSource, GateWhen};
    use std::os::unix::fs::PermissionsExt;

    fn capture(folder: &Path) -> Capture {
        let gate = Gate {
            name: "web/te st".to_owned(),
            kind: GateKind::Test,
            command: "true".to_owned(),
            folder: String::new(),
            script: None,
            when: GateWhen::Turn,
            timeout_seconds: 0,
            source: GateSource::Config,
            sarif: None,
        };
        let place = Place {
            folder: "/w".into(),
            reach: "/w".into(),
            prefix: Vec::new(),
            env: Vec::new(),
            outputs: folder.join("outputs"),
        };
        Capture::new(&gate, &place)
    }

    #[test]
    fn a_line_in_pieces_is_one_line_and_each_stream_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut capture = capture(folder.path());
        capture.take(Stream::Stderr, b"a.c:4:1: err");
        capture.take(Stream::Stdout, b"fine\n");
        capture.take(Stream::Stderr, b"or: no\nb.c:1:1: error: \xff end");
        let captured = capture.finish();
        assert_eq!(captured.findings.lines, ["a.c:4:1: no", "b.c:1:1: \u{fffd} end"]);
        assert_eq!(captured.document, None);
    }

    #[test]
    fn what_never_ends_costs_bounded_memory_and_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut capture = capture(folder.path());
        let chunk = vec![b'{'; 1024 * 1024];
        let chunks = OUTPUT_FILE_BYTES_MAX / chunk.len() as u64 + 2;
        for _ in 0..chunks {
            capture.take(Stream::Stdout, &chunk);
        }
        assert!(capture.pending[0].len() <= LINE_BYTES_MAX);
        let captured = capture.finish();
        assert_eq!(captured.document.unwrap().len(), SARIF_BYTES_MAX + 1);
        let file = captured.file.unwrap();
        let meta = file.metadata().unwrap();
        assert!(meta.len() > OUTPUT_FILE_BYTES_MAX && meta.len() < OUTPUT_FILE_BYTES_MAX + 100);
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with("gate-web-te-st-") && name.ends_with(".txt"), "{name}");
    }

    #[test]
    fn only_what_begins_as_json_may_be_a_document() {
        let folder = tempfile::tempdir().unwrap();
        for (pieces, wanted) in [
            (&["  \n", "{\"a\"", ": 1}"][..], Some("{\"a\": 1}")),
            (&["no ", "{}"], None),
            (&["", " "], None),
        ] {
            let mut capture = capture(folder.path());
            pieces.iter().for_each(|piece| capture.take(Stream::Stdout, piece.as_bytes()));
            let document = capture.finish().document;
            assert_eq!(document.as_deref(), wanted.map(str::as_bytes), "{pieces:?}");
        }
    }
}
