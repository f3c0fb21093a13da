//! A text looked for in the diff's lines.

use super::DiffPane;
use crate::text::Needle;
use crate::ui::diff::Spot;

impl DiffPane {
    /// Shows the first hit of what is typed so far, looking on from where the search began.
    pub(super) fn look_for(&mut self, text: &str, from: usize) {
        self.needle = Needle::new(text);
        self.cursor = self.hit(from, true).unwrap_or(from).min(self.view.len().saturating_sub(1));
    }

    /// The next hit, or the one before. Returns what is to be said of it.
    pub(crate) fn next_hit(&mut self, forward: bool) -> Option<String> {
        if self.needle.is_none() {
            return Some("search first: /".to_owned());
        }
        let from = if forward { self.cursor + 1 } else { self.cursor };
        let Some(hit) = self.hit(from, forward) else {
            return Some("nothing is found".to_owned());
        };
        let is_around = if forward { hit < self.cursor } else { hit > self.cursor };
        self.cursor = hit;
        let text = if forward { "on from the first line" } else { "on from the last line" };
        is_around.then(|| text.to_owned())
    }

    /// A row with a hit: from this one on, or before it; around the ends.
    fn hit(&self, from: usize, forward: bool) -> Option<usize> {
        let needle = self.needle.as_ref()?;
        let from = from.min(self.view.len());
        let is_hit = |spot: &Spot| self.texts(spot).any(|text| needle.find(text, 0).is_some());
        let (after, before) = (from..self.view.len(), 0..from);
        if forward {
            self.view.find(after.chain(before), is_hit)
        } else {
            self.view.find(before.rev().chain(after.rev()), is_hit)
        }
    }

    /// The texts of a row's lines.
    fn texts<'a>(&'a self, spot: &Spot) -> impl Iterator<Item = &'a str> {
        let change = self.review.changes.get(spot.change);
        let hunk = change.zip(spot.hunk).and_then(|(change, hunk)| change.hunks.get(hunk));
        let lines: Vec<_> = spot.lines().collect();
        let text = move |line: usize| Some(hunk?.lines.get(line)?.text.as_str());
        lines.into_iter().filter_map(text)
    }
}
