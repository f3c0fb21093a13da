//! The whole of a long output as a file, up to a limit.

use super::tail::Tail;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Of a file; what comes after it is kept as the tail only.
pub const OUTPUT_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Of what comes after that.
const TAIL_BYTES_MAX: usize = 16 * 1024;
/// Written at a time.
const BLOCK_BYTES: usize = 64 * 1024;
/// Names that are tried before the file is given up.
const FILES_MAX: u64 = 100_000;

#[derive(Default)]
pub(super) enum Spill {
    #[default]
    None,
    Open {
        path: PathBuf,
        file: BufWriter<File>,
        bytes: u64,
        /// What came after the limit.
        tail: Tail,
    },
    /// The disk would not take it.
    Failed,
}

impl Spill {
    pub(super) fn open(folder: &Path) -> Self {
        match create(folder) {
            Ok((path, file)) => {
                let file = BufWriter::with_capacity(BLOCK_BYTES, file);
                Self::Open { path, file, bytes: 0, tail: Tail::new(TAIL_BYTES_MAX) }
            }
            Err(_) => Self::Failed,
        }
    }

    pub(super) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(super) fn write(&mut self, text: &[u8]) {
        let Self::Open { file, bytes, tail, .. } = self else { return };
        let room = OUTPUT_FILE_BYTES_MAX.saturating_sub(*bytes);
        *bytes += text.len() as u64;
        let now = text.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        if now < text.len() {
            tail.push(&text[now..]);
        }
        if now > 0 && file.write_all(&text[..now]).is_err() {
            *self = Self::Failed;
        }
    }

    /// Another line.
    pub(super) fn write_line(&mut self, line: &[u8]) {
        match self {
            // What floods do.
            Self::Open { bytes, tail, .. } if *bytes >= OUTPUT_FILE_BYTES_MAX => {
                *bytes += line.len() as u64 + 1;
                tail.push_line(line);
            }
            _ => {
                self.write(b"\n");
                self.write(line);
            }
        }
    }

    /// The file, and the bytes that it leaves out before its end.
    pub(super) fn finish(self) -> (Option<PathBuf>, u64) {
        let Self::Open { path, mut file, bytes, tail } = self else { return (None, 0) };
        let tail = tail.bytes();
        let left_out = bytes.saturating_sub(OUTPUT_FILE_BYTES_MAX) - tail.len() as u64;
        let note = if left_out > 0 {
            format!(
                "\n[brisk kept the first {} MiB; {left_out} bytes were left out here; the last follow]\n",
                OUTPUT_FILE_BYTES_MAX >> 20
            )
        } else {
            String::new()
        };
        let written = file.write_all(&[note.as_bytes(), tail, b"\n"].concat());
        match written.and_then(|()| file.flush()) {
            Ok(()) => (Some(path), left_out),
            Err(_) => (None, 0),
        }
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Self::Open { file, tail, .. } => file.capacity() + tail.held_bytes(),
            Self::None | Self::Failed => 0,
        }
    }
}

/// A new file `N.txt`, for the user alone.
fn create(folder: &Path) -> std::io::Result<(PathBuf, File)> {
    std::fs::create_dir_all(folder)?;
    let mut error = std::io::Error::other("too many outputs");
    for number in 1..=FILES_MAX {
        let path = folder.join(format!("{number}.txt"));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(exists) if exists.kind() == std::io::ErrorKind::AlreadyExists => error = exists,
            Err(other) => return Err(other),
        }
    }
    Err(error)
}
