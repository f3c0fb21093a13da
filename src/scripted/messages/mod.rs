//! The Messages wire of Anthropic: what it takes, and how a reply goes over it.

mod check;
mod held;
mod stream;

pub(super) use check::{check, check_count};
pub(super) use stream::{error, events};
