//! The shared terminal as people meet it: real shells and programs, in the room's own face or in
//! the whole binary on a real PTY. What is not installed is skipped and said so.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

#[path = "../common/mod.rs"]
mod common;
mod conformance;
mod drawing;
mod hands;
mod look_back;
mod pasting;
mod programs;
mod room;
#[path = "../common/screen.rs"]
mod screen;
mod seen;
mod shells;
mod ssh;
#[path = "../common/stage.rs"]
mod stage;
mod waiting;
