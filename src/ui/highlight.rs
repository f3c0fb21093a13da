//! Colours for code. (A thin version, replaced at the merge.)

pub(crate) struct Highlighter;

impl Highlighter {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn ready(&self) -> bool {
        true
    }
}
