//! A review without a draft: what commands have changed in the user's files, and can be taken back.

use super::Review;
use crate::protocol::{Author, NoticeLevel, Pick};

impl Review {
    /// In place: what a command has changed is in the tree already, and can be taken back.
    pub(super) async fn scan(&self, author: Option<Author>) {
        let Some(author) = author else { return };
        match self.blocking(move |workspace| workspace.scan(&author)).await {
            Ok(new) if new.is_empty() => {}
            Ok(new) => {
                let mut changes = self.changes().1.to_vec();
                changes.extend(new);
                self.show(changes);
            }
            Err(error) => self.record.notice(NoticeLevel::Warning, error.to_string(), None),
        }
    }

    /// In place: these are no longer offered to be taken back.
    pub(super) fn settled(&self, picks: &[Pick]) {
        let mut changes = self.changes().1.to_vec();
        changes.retain(|change| !picks.iter().any(|pick| pick.id == change.id));
        self.show(changes);
    }
}
