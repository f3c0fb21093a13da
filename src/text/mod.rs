//! Pure functions on text: how wide it is, where it wraps, what of it is shown, how two texts
//! differ. No I/O, no colour.
//!
//! Columns are terminal cells, as the terminal library counts them: grapheme by grapheme, two for
//! a wide one. Offsets are bytes of UTF-8.

mod clean;
mod clip;
mod cut;
mod diff;
pub mod markdown;
mod needle;
mod width;
mod words;
mod wrap;

pub use clean::{clean, clean_marked, hidden};
pub use clip::{clip, expand_tabs, prefix};
pub use cut::{Cut, Kept, Limits, Repeat, cut, cut_kept, is_run};
pub use diff::{hunks, kept_lines, select, unified};
pub use needle::Needle;
pub use width::{char_width, graphemes, width};
pub use words::words;
pub use wrap::{wrap, wrap_ranges};
