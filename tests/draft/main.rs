//! The draft: the copy-on-write view of a tree, and what is done with it, against the real kernel.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]
#![cfg(target_os = "linux")]

mod doctor;
mod layers;
mod life;
mod mount;
mod stage;
mod walls;
