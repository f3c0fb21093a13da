//! The terminal front end: state, update, view.

mod diff;
mod highlight;
mod markdown;
mod theme;
