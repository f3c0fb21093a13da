//! The places where a text stands in the lines.

use crate::protocol::{LineAt, Scrollback};
use crate::text::Needle;

/// Hits beyond these are not counted.
pub(super) const HITS_MAX: usize = 10_000;

/// The next hit after a place, or before it; at the end it goes on from the other end. Whether it
/// did.
pub(super) fn next(
    back: &Scrollback,
    needle: &Needle,
    from: LineAt,
    is_forward: bool,
) -> Option<(LineAt, bool)> {
    let ends = |at| if is_forward { after(back, needle, at) } else { before(back, needle, at) };
    if let Some(found) = ends(Some(from)) {
        return Some((found, false));
    }
    ends(None).map(|found| (found, true))
}

fn after(back: &Scrollback, needle: &Needle, from: Option<LineAt>) -> Option<LineAt> {
    let line = from.map_or(0, |from| from.line);
    back.blocks_from(line).find_map(|(first, block)| {
        // In the block of `from`, only what comes after it.
        let start = match from.filter(|from| from.line >= first) {
            None => 0,
            Some(from) => {
                let at = block.range(from.line - first).start + from.byte;
                at + block.text()[at..].chars().next()?.len_utf8()
            }
        };
        let at = needle.find(block.text(), start)?.start;
        let line = block.line_of(at);
        Some(LineAt { line: first + line, byte: at - block.range(line).start })
    })
}

fn before(back: &Scrollback, needle: &Needle, from: Option<LineAt>) -> Option<LineAt> {
    let line = from.map_or(back.lines().saturating_sub(1), |from| from.line);
    back.blocks_to(line).rev().find_map(|(first, block)| {
        let end = match from.filter(|from| from.line >= first && from.line < first + block.lines())
        {
            None => block.text().len(),
            Some(from) => block.range(from.line - first).start + from.byte,
        };
        let at = needle.rfind(block.text(), end)?.start;
        let line = block.line_of(at);
        Some(LineAt { line: first + line, byte: at - block.range(line).start })
    })
}

/// How often it stands there, counted up to `HITS_MAX`.
pub(super) fn count(back: &Scrollback, needle: &Needle) -> usize {
    let mut count = 0;
    for (_, block) in back.blocks_from(0) {
        let mut from = 0;
        while let Some(found) = needle.find(block.text(), from) {
            count += 1;
            if count == HITS_MAX {
                return count;
            }
            from = found.end;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::tests::back;
    use super::*;

    fn at(line: usize, byte: usize) -> LineAt {
        LineAt { line, byte }
    }

    #[test]
    fn hits_are_found_in_both_directions_and_around_the_ends() {
        // More lines than a block has.
        let lines: Vec<_> = (0..2000).map(|line| format!("row {line} end")).collect();
        let back = back(&lines.join("\n"));
        let needle = Needle::new("row 1234 ").unwrap();
        let hit = at(1234, 0);
        for (from, forward, around) in [
            (at(0, 0), true, false),
            (at(1233, 12), true, false),
            (at(1999, 3), true, true),
            (hit, true, true),
            (at(1999, 3), false, false),
            (at(1234, 1), false, false),
            (at(3, 0), false, true),
        ] {
            assert_eq!(
                next(&back, &needle, from, forward),
                Some((hit, around)),
                "{from:?} {forward}"
            );
        }
        assert_eq!(
            next(&back, &Needle::new("row 0 e").unwrap(), at(1999, 0), false),
            Some((at(0, 0), false))
        );
        assert_eq!(next(&back, &Needle::new("endrow").unwrap(), at(0, 0), true), None);
        assert_eq!(count(&back, &Needle::new("ROW").unwrap()), 0);
        assert_eq!(count(&back, &Needle::new("row").unwrap()), 2000);
    }
}
