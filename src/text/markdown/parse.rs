//! Blocks out of the parser's events.

use super::{Align, Block, Inline, InlineKind, Item, Table};
use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Deeper quotes and lists are flattened into this level, so that no text can exhaust the stack.
const DEPTH_MAX: usize = 24;

/// All blocks of a text. Definitions of link targets are shown as what they are, since nothing may
/// be said that a reader does not see.
pub fn parse(text: &str) -> Vec<Block> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(text, options);
    let mut definitions: Vec<_> =
        parser.reference_definitions().iter().map(|(_, link)| link.span.clone()).collect();
    definitions.sort_by_key(|span| span.start);
    let mut builder = Builder::default();
    for event in parser {
        builder.event(event);
    }
    let mut blocks = builder.finish();
    for span in definitions {
        let text = text.get(span).unwrap_or_default().trim().to_owned();
        blocks.push(Block::Paragraph(vec![plain(text, InlineKind::Target)]));
    }
    blocks
}

fn plain(text: String, kind: InlineKind) -> Inline {
    Inline { text, kind, bold: false, italic: false, strike: false }
}

/// What is open: each level holds the blocks that were finished within it.
enum Open {
    Quote,
    List(Option<u64>, Vec<Item>),
    Item(Option<bool>),
}

#[derive(Default)]
struct Builder {
    open: Vec<(Open, Vec<Block>)>,
    /// Containers that were not opened because they are too deep.
    flattened: usize,
    done: Vec<Block>,
    inlines: Vec<Inline>,
    bold: usize,
    italic: usize,
    strike: usize,
    links: Vec<Link>,
    code: Option<(String, String)>,
    table: Option<Table>,
}

struct Link {
    target: String,
    /// Where in the inlines its text starts.
    start: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.inline(&text, InlineKind::Text),
            },
            Event::Code(text) => self.inline(&text, InlineKind::Code),
            Event::Html(text) | Event::InlineHtml(text) => self.inline(&text, InlineKind::Text),
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.inline(&text, InlineKind::Text);
            }
            Event::SoftBreak => self.inline(" ", InlineKind::Text),
            Event::HardBreak => self.inline("\n", InlineKind::Text),
            Event::Rule => {
                self.flush();
                self.block(Block::Rule);
            }
            Event::TaskListMarker(done) => {
                if let Some((Open::Item(task), _)) = self.open.last_mut() {
                    *task = Some(done);
                }
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.italic += 1,
            Tag::Strong => self.bold += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let start = self.inlines.len();
                self.links.push(Link { target: dest_url.into_string(), start });
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::Table(alignments) => {
                self.flush();
                let alignments = alignments.into_iter().map(align).collect();
                self.table = Some(Table { alignments, rows: Vec::new() });
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::BlockQuote(_) => self.push(Open::Quote),
            Tag::List(start) => self.push(Open::List(start, Vec::new())),
            Tag::Item => self.push(Open::Item(None)),
            // A paragraph and a heading begin with nothing before them; the rest is switched off.
            _ => self.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.inlines);
                self.block(Block::Heading { level: level_of(level), text });
            }
            TagEnd::CodeBlock => {
                if let Some((language, text)) = self.code.take() {
                    self.block(Block::Code { language, text });
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inlines);
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {}
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.block(Block::Table(table));
                }
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => self.pop(),
            _ => self.flush(),
        }
    }

    fn inline(&mut self, text: &str, kind: InlineKind) {
        let kind = match kind {
            InlineKind::Text if !self.links.is_empty() => InlineKind::Link,
            kind => kind,
        };
        let inline = Inline {
            text: text.to_owned(),
            kind,
            bold: self.bold > 0,
            italic: self.italic > 0,
            strike: self.strike > 0,
        };
        match self.inlines.last_mut() {
            // A link's end is found by its first piece, so pieces do not grow across it.
            Some(last) if self.links.is_empty() && same_look(last, &inline) => {
                last.text.push_str(text);
            }
            _ => self.inlines.push(inline),
        }
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        let pieces = self.inlines.get(link.start..).unwrap_or_default();
        let shown: String = pieces.iter().map(|inline| inline.text.as_str()).collect();
        let mail = link.target.strip_prefix("mailto:");
        if link.target.is_empty() || shown == link.target || mail == Some(&shown) {
            return;
        }
        let gap = if shown.is_empty() { "" } else { " " };
        self.inlines.push(plain(format!("{gap}({})", link.target), InlineKind::Target));
    }

    /// Running text that stands in a tight item, or in HTML, without a paragraph around it.
    fn flush(&mut self) {
        let mut inlines = std::mem::take(&mut self.inlines);
        if let Some(last) = inlines.last_mut() {
            last.text.truncate(last.text.trim_end_matches('\n').len());
        }
        if inlines.iter().any(|inline| !inline.text.is_empty()) {
            self.block(Block::Paragraph(inlines));
        }
    }

    fn block(&mut self, block: Block) {
        match self.open.last_mut() {
            Some((_, blocks)) => blocks.push(block),
            None => self.done.push(block),
        }
    }

    fn push(&mut self, open: Open) {
        self.flush();
        if self.flattened > 0 || self.open.len() >= DEPTH_MAX {
            self.flattened += 1;
        } else {
            self.open.push((open, Vec::new()));
        }
    }

    fn pop(&mut self) {
        self.flush();
        if self.flattened > 0 {
            self.flattened -= 1;
            return;
        }
        let Some((open, blocks)) = self.open.pop() else { return };
        match open {
            Open::Quote => self.block(Block::Quote(blocks)),
            Open::List(start, mut items) => {
                // What was too deep to be an item of its own.
                if !blocks.is_empty() {
                    items.push(Item { task: None, blocks });
                }
                self.block(Block::List { start, items });
            }
            Open::Item(task) => match self.open.last_mut() {
                Some((Open::List(_, items), _)) => items.push(Item { task, blocks }),
                _ => self.block(Block::Quote(blocks)),
            },
        }
    }

    fn finish(mut self) -> Vec<Block> {
        while !self.open.is_empty() {
            self.flattened = 0;
            self.pop();
        }
        self.flush();
        self.done
    }
}

fn same_look(one: &Inline, other: &Inline) -> bool {
    let look = |inline: &Inline| (inline.kind, inline.bold, inline.italic, inline.strike);
    look(one) == look(other)
}

fn align(alignment: Alignment) -> Align {
    match alignment {
        Alignment::None | Alignment::Left => Align::Left,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::Right,
    }
}

fn level_of(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(inlines: &[Inline]) -> String {
        let mut out = String::new();
        for inline in inlines {
            let mark = match inline.kind {
                InlineKind::Text => "",
                InlineKind::Code => "`",
                InlineKind::Link => "_",
                InlineKind::Target => "~",
            };
            let bold = if inline.bold { "**" } else { "" };
            out.push_str(&format!("{mark}{bold}{}{bold}{mark}", inline.text));
        }
        out
    }

    fn paragraph(text: &str) -> String {
        match parse(text).as_slice() {
            [Block::Paragraph(inlines)] => said(inlines),
            blocks => panic!("{blocks:?}"),
        }
    }

    #[test]
    fn running_text_keeps_its_looks() {
        assert_eq!(paragraph("a **b** `c`\nd"), "a **b** `c` d");
        assert_eq!(paragraph("a\\\nb"), "a\nb");
        assert_eq!(paragraph("a <b>x</b> <script>"), "a <b>x</b> <script>");
    }

    #[test]
    fn a_link_says_where_it_leads_unless_its_text_does() {
        assert_eq!(paragraph("[home](http://x)"), "_home_~ (http://x)~");
        assert_eq!(paragraph("<http://x.org>"), "_http://x.org_");
        assert_eq!(paragraph("![alt](pic.png)"), "_alt_~ (pic.png)~");
        assert_eq!(paragraph("![](pic.png)"), "~(pic.png)~");
        assert_eq!(paragraph("[![alt](a)](b)"), "_alt_~ (a)~~ (b)~");
    }

    #[test]
    fn nothing_is_swallowed() {
        let shown = |text: &str| format!("{:?}", parse(text));
        assert!(shown("[a]: http://hidden.example").contains("hidden.example"));
        assert!(shown("<!-- a\n\nb -->\n\nc").contains("<!-- a\\n\\nb -->"));
        assert!(shown("text[^1]\n\n[^1]: note").contains("note"));
    }

    #[test]
    fn lists_nest_and_tasks_know_if_they_are_done() {
        let blocks = parse("3. a\n   - [x] b\n   - [ ] c\n4. d");
        let [Block::List { start: Some(3), items }] = blocks.as_slice() else {
            panic!("{blocks:?}")
        };
        let [Block::Paragraph(_), Block::List { start: None, items: inner }] =
            items[0].blocks.as_slice()
        else {
            panic!("{items:?}")
        };
        assert_eq!((inner[0].task, inner[1].task, items[1].task), (Some(true), Some(false), None));
    }

    #[test]
    fn tables_have_their_head_as_the_first_row() {
        let blocks = parse("|a|b|\n|-|:-:|\n|`1`|2|");
        let [Block::Table(Table { alignments, rows })] = blocks.as_slice() else {
            panic!("{blocks:?}")
        };
        assert_eq!(alignments, &[Align::Left, Align::Center]);
        assert_eq!((rows.len(), said(&rows[1][0])), (2, "`1`".to_owned()));
    }

    #[test]
    fn a_thousand_levels_are_read_without_harm() {
        parse(&"> ".repeat(1_000));
        parse(&"- ".repeat(1_000));
        parse(&"**a".repeat(1_000));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[-*_`#>|\\[\\]()!~:<a1. \n\t]{0,80}") {
            parse(&text);
        }
    }
}
