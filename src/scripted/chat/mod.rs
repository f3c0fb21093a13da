//! The Chat Completions wire: what it takes, and how a reply goes over it.

mod check;
mod said;
mod stream;

pub(super) use check::check;
pub(super) use stream::{error, events};
