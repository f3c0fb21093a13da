//! Ways back: a checkpoint before each turn and each decision, undo and redo, and the rewind of chat
//! and files.

use super::Review;
use crate::agent::Out;
use crate::protocol::{Body, DraftEvent, NoticeLevel, TurnId};
use crate::workspace::{CheckpointId, Undone, Workspace};

impl Review {
    /// Remembers what there is before a turn.
    pub(in crate::session) async fn before_turn(&self, turn: TurnId, prompt: &str) {
        let _work = self.work.lock().await;
        if let Err(error) = self.blocking(Workspace::watch).await {
            let text = format!("what commands change cannot be taken back: {error}");
            self.record.notice(NoticeLevel::Warning, text, None);
        }
        let label = format!("{turn}: {}", prompt.lines().next().unwrap_or_default());
        if let Some(id) = self.checkpoint(label).await {
            self.lock().turns.insert(turn, id);
        }
    }

    pub(super) async fn checkpoint(&self, label: String) -> Option<CheckpointId> {
        {
            let mut inner = self.lock();
            inner.rewinds.clear();
            inner.undone.clear();
        }
        match self.blocking(move |workspace| workspace.checkpoint(&label)).await {
            Ok(checkpoint) => {
                let number = checkpoint.id.0;
                self.record.emit(Body::Draft(DraftEvent::Checkpoint { number }));
                Some(checkpoint.id)
            }
            Err(error) => {
                let text = format!("this cannot be undone later: {error}");
                self.record.notice(NoticeLevel::Warning, text, None);
                None
            }
        }
    }

    /// Takes the newest decision or turn back.
    pub(in crate::session) async fn undo(&self) -> Result<(), String> {
        let _work = self.work.lock().await;
        let mut remount = self.remount();
        let undone = self.blocking(move |workspace| workspace.undo(&mut remount)).await;
        let undone = undone.map_err(|error| error.to_string());
        self.undone(undone, false).await
    }

    pub(in crate::session) async fn redo(&self) -> Result<(), String> {
        let _work = self.work.lock().await;
        let mut remount = self.remount();
        let redone = self.blocking(move |workspace| workspace.redo(&mut remount)).await;
        let redone = redone.map_err(|error| error.to_string());
        self.undone(redone, true).await
    }

    async fn undone(&self, undone: Result<Undone, String>, redo: bool) -> Result<(), String> {
        let undone = undone?;
        let what = undone.what;
        let told = if redo { "did again" } else { "took back" };
        self.record.tell(format!("The user {told} what came of \"{what}\": look before you edit."));
        let way = {
            let mut inner = self.lock();
            if redo {
                let way = inner.undone.pop().flatten();
                inner.rewinds.extend(way);
                way
            } else {
                let way = inner.rewinds.pop();
                inner.undone.push(way);
                way
            }
        };
        match way {
            Some(turn) if redo => self.record.emit(Body::Draft(DraftEvent::Rewound { turn })),
            Some(_) => self.record.emit(Body::Draft(DraftEvent::Returned)),
            None => {}
        }
        self.record.emit(Body::Draft(DraftEvent::Undone { what, redo }));
        self.compare(None).await;
        Ok(())
    }

    /// Takes chat and files back to before a turn.
    pub(in crate::session) async fn rewind(&self, turn: TurnId) -> Result<(), String> {
        let _work = self.work.lock().await;
        let there = self.lock().turns.get(&turn).copied();
        let there = there.ok_or_else(|| format!("there is no way back to before {turn}"))?;
        let mut remount = self.remount();
        let restored = self.blocking(move |workspace| workspace.restore(there, &mut remount)).await;
        restored.map_err(|error| error.to_string())?;
        {
            let mut inner = self.lock();
            inner.rewinds.push(turn);
            inner.undone.clear();
        }
        self.record.emit(Body::Draft(DraftEvent::Rewound { turn }));
        self.compare(None).await;
        Ok(())
    }
}
