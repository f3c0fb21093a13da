//! `/proc/self/mountinfo`: what is mounted where, and with which flags.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, statx};
use rustix::mount::MountFlags;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    pub(super) id: u64,
    pub(super) at: PathBuf,
    /// Of the mount, not of its file system: those that a remount has to repeat. The rules for
    /// access times are kept by a remount that does not name them.
    pub(super) flags: MountFlags,
    pub(super) kind: String,
}

pub(super) fn read() -> io::Result<Vec<Mounted>> {
    let bytes = fs::read("/proc/self/mountinfo")?;
    Ok(bytes.split(|byte| *byte == b'\n').filter_map(parse).collect())
}

/// `36 35 98:0 /root /at rw,noatime master:1 - ext3 /dev/root rw`
fn parse(line: &[u8]) -> Option<Mounted> {
    let mut fields = line.split(|byte| *byte == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let at = unescape(fields.nth(3)?);
    let flags = flags(std::str::from_utf8(fields.next()?).ok()?);
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    let kind = String::from_utf8_lossy(kind).into_owned();
    Some(Mounted { id, at: PathBuf::from(OsString::from_vec(at)), flags, kind })
}

fn flags(options: &str) -> MountFlags {
    options.split(',').fold(MountFlags::empty(), |flags, option| {
        flags
            | match option {
                "ro" => MountFlags::RDONLY,
                "nosuid" => MountFlags::NOSUID,
                "nodev" => MountFlags::NODEV,
                "noexec" => MountFlags::NOEXEC,
                "nosymfollow" => MountFlags::NOSYMFOLLOW,
                _ => MountFlags::empty(),
            }
    })
}

/// Blanks, line ends and backslashes are octal: `\040`.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(octal) if byte == b'\\' => {
                plain.push(octal);
                rest = &after[3..];
            }
            _ => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    plain
}

/// The mount that a path leads to.
pub(super) fn id_of(path: &Path) -> io::Result<u64> {
    let stat = statx(CWD, path, AtFlags::STATX_DONT_SYNC, StatxFlags::MNT_ID)?;
    Ok(stat.stx_mnt_id)
}

/// A handle for further steps, which neither reads nor writes.
pub(super) fn handle(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)
}

/// A handle as a path.
pub(super) fn path_of(handle: &impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_with_whatever_the_path_is_made_of() {
        let line = b"36 35 98:0 /mnt1 /a\\040b\\134c,d:e\\012f rw,noatime,nosuid master:1 - ext3 /dev/root ro";
        let mounted = parse(line).unwrap();
        assert_eq!(mounted.at, Path::new("/a b\\c,d:e\nf"));
        assert_eq!(mounted.flags, MountFlags::NOSUID);
        assert_eq!((mounted.id, mounted.kind.as_str()), (36, "ext3"));
    }

    #[test]
    fn a_line_without_optional_fields_is_read_too() {
        let mounted = parse(b"1 2 0:1 / /x ro - proc proc rw").unwrap();
        assert_eq!((mounted.flags, mounted.kind.as_str()), (MountFlags::RDONLY, "proc"));
        assert_eq!(parse(b""), None);
    }
}
