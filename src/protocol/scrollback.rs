//! What a terminal has shown: its lines as the program wrote them, not as a screen wrapped them.

use super::{Attributes, Color};
use std::ops::Range;
use std::sync::Arc;

/// How a piece of a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CellStyle {
    pub foreground: Color,
    pub background: Color,
    pub attributes: Attributes,
}

/// A place in a line: the byte where a character begins, or the line's length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineAt {
    pub line: usize,
    pub byte: usize,
}

/// Lines in a row, with their styles; the last may still grow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextBlock {
    /// The lines, a newline after each that is ended.
    text: String,
    /// Where each ended line's newline stands.
    ends: Vec<u32>,
    /// From this byte on, this of `styles`; before the first, the default one.
    runs: Vec<(u32, u16)>,
    styles: Vec<CellStyle>,
}

impl TextBlock {
    /// How many styles back an equal one is looked for.
    const STYLES_LOOK: usize = 16;

    /// Ended ones, and the one that still grows.
    pub fn lines(&self) -> usize {
        self.ends.len() + usize::from(self.is_open())
    }

    /// The last line is not ended.
    pub fn is_open(&self) -> bool {
        self.open_bytes() > 0
    }

    /// Bytes of the line that is not ended.
    pub fn open_bytes(&self) -> usize {
        self.text.len() - self.ends.last().map_or(0, |end| *end as usize + 1)
    }

    /// Bytes of text; a block must stay below 4 GiB.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Bytes that it takes in memory.
    pub fn bytes(&self) -> usize {
        self.text.capacity()
            + self.ends.capacity() * size_of::<u32>()
            + self.runs.capacity() * size_of::<(u32, u16)>()
            + self.styles.capacity() * size_of::<CellStyle>()
    }

    /// What is written from here on looks like this.
    pub fn set_style(&mut self, style: CellStyle) {
        let now = self.runs.last().map_or_else(CellStyle::default, |(_, id)| self.style(*id));
        if style == now {
            return;
        }
        let at = self.text.len() as u32;
        let id = self.style_id(style);
        match self.runs.last_mut() {
            Some(last) if last.0 == at => last.1 = id,
            _ => self.runs.push((at, id)),
        }
    }

    fn style(&self, id: u16) -> CellStyle {
        self.styles.get(usize::from(id)).copied().unwrap_or_default()
    }

    fn style_id(&mut self, style: CellStyle) -> u16 {
        let recent = self.styles.iter().enumerate().rev().take(Self::STYLES_LOOK);
        let known = recent.filter(|(_, known)| **known == style).map(|(index, _)| index).next();
        let index = known.unwrap_or_else(|| {
            // The last number is every style that has no room.
            self.styles.truncate(usize::from(u16::MAX));
            self.styles.push(style);
            self.styles.len() - 1
        });
        u16::try_from(index).unwrap_or(u16::MAX)
    }

    /// Adds to the last line; a newline would be no character of it.
    pub fn push(&mut self, char: char) {
        self.text.push(char);
    }

    /// Adds to the last line; the text has no newline.
    pub fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn push_blanks(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    /// Ends the last line; without one, adds an empty one.
    pub fn end_line(&mut self) {
        self.ends.push(self.text.len() as u32);
        self.text.push('\n');
    }

    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.styles.shrink_to_fit();
    }

    /// All lines, a newline after each that is ended.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a line stands in `text`.
    pub fn range(&self, line: usize) -> Range<usize> {
        let start = match line.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).map_or(self.text.len(), |end| *end as usize + 1),
        };
        let end = self.ends.get(line).map_or(self.text.len(), |end| *end as usize);
        start..end
    }

    /// The line that a byte of `text` belongs to.
    pub fn line_of(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| (*end as usize) < byte)
    }

    /// A line's pieces that look alike, in order, without gaps: the bytes are the line's own.
    pub fn styles(&self, line: usize) -> Vec<(Range<usize>, CellStyle)> {
        let range = self.range(line);
        let first = self.runs.partition_point(|(at, _)| *at as usize <= range.start);
        let mut style = match first.checked_sub(1) {
            Some(before) => self.style(self.runs[before].1),
            None => CellStyle::default(),
        };
        let (mut pieces, mut from) = (Vec::new(), range.start);
        for (at, id) in &self.runs[first..] {
            let at = *at as usize;
            if at >= range.end {
                break;
            }
            pieces.push((from - range.start..at - range.start, style));
            (from, style) = (at, self.style(*id));
        }
        if from < range.end {
            pieces.push((from - range.start..range.end - range.start, style));
        }
        pieces
    }
}

/// What a terminal has shown up to a moment; cheap to clone, and nothing changes it.
#[derive(Clone, Debug, Default)]
pub struct Scrollback {
    /// With the number of each one's first line.
    blocks: Arc<[(usize, Arc<TextBlock>)]>,
    lines: usize,
    /// Where the program's cursor stands.
    pub cursor: LineAt,
    /// Where the screen's first row begins.
    pub top: LineAt,
}

impl Scrollback {
    /// The oldest first; only the last may be open. The places are lines of the last block.
    pub fn new(blocks: Vec<Arc<TextBlock>>, cursor: LineAt, top: LineAt) -> Scrollback {
        let mut lines = 0;
        let mut last = 0;
        let numbered = blocks.into_iter().map(|block| {
            last = lines;
            lines += block.lines();
            (last, block)
        });
        let blocks: Vec<_> = numbered.collect();
        let place = |at: LineAt| LineAt { line: last + at.line, ..at };
        Scrollback { blocks: blocks.into(), lines, cursor: place(cursor), top: place(top) }
    }

    /// How many lines there are; they count from 0, the oldest.
    pub const fn lines(&self) -> usize {
        self.lines
    }

    fn block(&self, line: usize) -> Option<(usize, &TextBlock)> {
        let after = self.blocks.partition_point(|(first, _)| *first <= line);
        let (first, block) = self.blocks.get(after.checked_sub(1)?)?;
        (line < self.lines).then(|| (line - first, &**block))
    }

    /// Without its newline; empty beyond the last.
    pub fn text(&self, line: usize) -> &str {
        self.block(line).map_or("", |(line, block)| &block.text()[block.range(line)])
    }

    /// A line's pieces that look alike, in order, without gaps.
    pub fn styles(&self, line: usize) -> Vec<(Range<usize>, CellStyle)> {
        self.block(line).map(|(line, block)| block.styles(line)).unwrap_or_default()
    }

    /// Runs of lines as one text each, from the one with this line on: the first line's number, and
    /// the block.
    pub fn blocks_from(&self, line: usize) -> impl DoubleEndedIterator<Item = (usize, &TextBlock)> {
        let after = self.blocks.partition_point(|(first, _)| *first <= line);
        self.blocks[after.saturating_sub(1)..].iter().map(|(first, block)| (*first, &**block))
    }

    /// As `blocks_from`, up to the one with this line.
    pub fn blocks_to(&self, line: usize) -> impl DoubleEndedIterator<Item = (usize, &TextBlock)> {
        let after = self.blocks.partition_point(|(first, _)| *first <= line);
        self.blocks[..after].iter().map(|(first, block)| (*first, &**block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red() -> CellStyle {
        CellStyle { foreground: Color::Indexed(1), ..CellStyle::default() }
    }

    fn write(block: &mut TextBlock, text: &str) {
        text.chars().for_each(|char| block.push(char));
    }

    #[test]
    fn lines_and_their_styles_are_found_again() {
        let mut block = TextBlock::default();
        write(&mut block, "plain ");
        block.set_style(red());
        write(&mut block, "red");
        block.end_line();
        write(&mut block, "still");
        block.set_style(CellStyle::default());
        block.end_line();
        block.end_line();
        write(&mut block, "open");
        let plain = CellStyle::default();
        assert_eq!((block.lines(), block.open_bytes()), (4, 4));
        assert_eq!(block.styles(0), [(0..6, plain), (6..9, red())]);
        assert_eq!(block.styles(1), [(0..5, red())]);
        assert_eq!(block.styles(2), []);
        assert_eq!(block.styles(3), [(0..4, plain)]);
        assert_eq!((block.line_of(0), block.line_of(9), block.line_of(10)), (0, 0, 1));
    }

    #[test]
    fn a_scrollback_is_one_text_over_its_blocks() {
        let mut first = TextBlock::default();
        write(&mut first, "one");
        first.end_line();
        first.end_line();
        let mut second = TextBlock::default();
        write(&mut second, "three");
        let at = LineAt { line: 0, byte: 5 };
        let all = Scrollback::new(vec![Arc::new(first), Arc::new(second)], at, at);
        let lines: Vec<_> = (0..=all.lines()).map(|line| all.text(line)).collect();
        assert_eq!(lines, ["one", "", "three", ""]);
        assert_eq!(all.cursor, LineAt { line: 2, byte: 5 });
        let firsts = |from| all.blocks_from(from).map(|(first, _)| first).collect::<Vec<_>>();
        assert_eq!((firsts(1), firsts(2)), (vec![0, 2], vec![2]));
        assert_eq!(all.blocks_to(1).count(), 1);
    }

    #[test]
    fn more_styles_than_there_are_numbers_cost_colours_and_no_text() {
        let mut block = TextBlock::default();
        for index in 0..70_000_u32 {
            let [_, red, green, blue] = index.to_be_bytes();
            let foreground = Color::Rgb(red, green, blue);
            block.set_style(CellStyle { foreground, ..CellStyle::default() });
            block.push('x');
        }
        assert_eq!(block.range(0), 0..70_000);
        assert_eq!(block.styles(0)[300].1.foreground, Color::Rgb(0, 1, 44));
        assert!(block.bytes() < 4 << 20);
    }
}
