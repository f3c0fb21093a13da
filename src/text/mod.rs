//! (being built)

mod diff;
pub use diff::{ByteRange, hunks, select, unified, words};
