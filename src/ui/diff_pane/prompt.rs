//! A line that is typed in the diff pane: what is searched for, or a comment on a line.

use super::DiffPane;
use crate::protocol::{Key, KeyCode, LineComment, LineKind};
use crate::ui::composer::{Composer, Edit};

/// What is typed, and what for.
pub(crate) struct Prompt {
    pub(crate) asked: Asked,
    pub(crate) text: Composer,
}

pub(crate) enum Asked {
    /// Where it began.
    Search { from: usize },
    /// What it is about; its text is still to come.
    Comment(LineComment),
}

impl Prompt {
    pub(crate) fn label(&self) -> String {
        match &self.asked {
            Asked::Search { .. } => "/ ".to_owned(),
            Asked::Comment(about) => format!("to the agent, on line {}: ", about.line),
        }
    }
}

impl DiffPane {
    pub(crate) fn begin_search(&mut self) {
        let asked = Asked::Search { from: self.cursor };
        self.prompt = Some(Prompt { asked, text: Composer::default() });
    }

    /// Whether there is a line here to comment on.
    pub(crate) fn begin_comment(&mut self) -> bool {
        let Some(about) = self.line_here() else { return false };
        self.prompt = Some(Prompt { asked: Asked::Comment(about), text: Composer::default() });
        true
    }

    fn line_here(&self) -> Option<LineComment> {
        let spot = self.spot()?;
        let change = self.review.changes.get(spot.change)?;
        let hunk = change.hunks.get(spot.hunk?)?;
        let place = match spot.new.or(spot.old) {
            Some(place) => place,
            // On a header, the first line that is changed is meant.
            None => {
                let rows = self.cursor + 1..self.rows.len() + self.cursor + 1;
                let row = self.view.find(rows, |below| {
                    let mut lines = below.lines();
                    lines.any(|line| {
                        hunk.lines.get(line).is_some_and(|it| it.kind != LineKind::Same)
                    })
                })?;
                let below = self.view.spot(row)?;
                below.new.or(below.old)?
            }
        };
        let quoted = hunk.lines.get(place.index as usize)?.text.clone();
        Some(LineComment {
            path: change.path.clone(),
            line: place.number,
            quoted,
            text: String::new(),
        })
    }

    /// A key while something is typed; `edit` is what it means in a message.
    pub(crate) fn prompt_key(&mut self, key: Key, edit: Option<Edit>) {
        let Some(mut prompt) = self.prompt.take() else { return };
        match (key.code, edit) {
            (KeyCode::Enter, _) => return self.prompted(prompt),
            (KeyCode::Escape | KeyCode::Char('c'), _)
                if key.code == KeyCode::Escape || key.ctrl =>
            {
                if let Asked::Search { from } = prompt.asked {
                    self.look_for("", from);
                }
                return;
            }
            (_, Some(edit)) => drop(prompt.text.edit(edit)),
            (KeyCode::Char(char), None) if !key.ctrl && !key.alt => {
                prompt.text.insert(char.encode_utf8(&mut [0; 4]));
            }
            _ => {}
        }
        self.typed(prompt);
    }

    pub(crate) fn prompt_paste(&mut self, text: &str) {
        if let Some(mut prompt) = self.prompt.take() {
            prompt.text.insert(text.lines().next().unwrap_or_default());
            self.typed(prompt);
        }
    }

    fn typed(&mut self, prompt: Prompt) {
        if let Asked::Search { from } = prompt.asked {
            self.look_for(prompt.text.text(), from);
        }
        self.prompt = Some(prompt);
    }

    fn prompted(&mut self, mut prompt: Prompt) {
        if let Asked::Comment(mut comment) = prompt.asked {
            comment.text = prompt.text.take().trim().to_owned();
            if !comment.text.is_empty() {
                self.review.comments.push(comment);
            }
        }
    }
}
