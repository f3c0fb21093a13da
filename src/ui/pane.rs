//! The four panes, and where the keys go.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    Chat,
    Diff,
    Term,
    Inspector,
}

impl Pane {
    pub(crate) const ALL: [Pane; 4] = [Pane::Chat, Pane::Diff, Pane::Term, Pane::Inspector];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Pane::Chat => "1 Chat",
            Pane::Diff => "2 Diff",
            Pane::Term => "3 Term",
            Pane::Inspector => "4 Inspector",
        }
    }
}

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    Message,
    Approval,
    Pane(Pane),
}
