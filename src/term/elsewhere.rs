//! Where there is no /proc: nothing is known of processes beyond what the terminal tells.

use super::Blocked;
use std::path::PathBuf;

pub(in super::super) const fn group_members(_group: i32) -> Vec<i32> {
    Vec::new()
}

pub(in super::super) const fn session_members(_session: i32) -> Vec<i32> {
    Vec::new()
}

pub(super) const fn blocked(_pid: i32) -> Blocked {
    Blocked::Unknown
}

pub(in super::super) const fn image(_pid: i32) -> Option<u64> {
    None
}

pub(in super::super) const fn switches(_pid: u32) -> Option<u64> {
    None
}

pub(in super::super) const fn folder(_pid: u32) -> Option<PathBuf> {
    None
}

pub(in super::super) const fn command_line(_group: i32) -> Option<String> {
    None
}
