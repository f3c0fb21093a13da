//! Cuts a terminal's byte stream into text, controls and sequences, whatever the chunking.
//! What they mean is for others: `marks` and `rows`. It also keeps endless control strings from
//! the emulator, which would store them whole.

/// A control string longer than this is ended by force and its rest dropped.
const STRING_BYTES_MAX: usize = 64 * 1024;
/// Parameters beyond these are dropped; no sequence that we act on has more.
const PARAMETERS_MAX: usize = 16;
/// Printable bytes that are looked at together.
const BLOCK_BYTES: usize = 16;
const ESC: u8 = 0x1b;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const BELL: u8 = 0x07;

/// Takes what the scanner finds, in the order of the stream.
pub(super) trait Sink {
    /// False: text and controls outside of sequences are of no interest now.
    fn wants_text(&self) -> bool {
        true
    }
    /// Offered the rest of a chunk before its text: how many of its first bytes were taken as whole
    /// lines, and where to offer again at the earliest.
    fn whole_lines(&mut self, bytes: &[u8]) -> (usize, usize) {
        (0, bytes.len())
    }
    /// Printable bytes in UTF-8, without controls; may end within a character.
    fn text(&mut self, bytes: &[u8]);
    fn control(&mut self, byte: u8);
    fn csi(&mut self, csi: &Csi<'_>);
    /// ESC and one final byte.
    fn escape(&mut self, byte: u8);
    fn osc(&mut self, body: &[u8]);
    /// The bytes for the emulator: all of the stream but the rests of endless strings.
    fn raw(&mut self, bytes: &[u8]);
}

pub(super) struct Csi<'a> {
    /// `?`, `>`, `<`, `=`, or 0.
    pub(super) private: u8,
    pub(super) parameters: &'a [u16],
    pub(super) end: u8,
}

impl Csi<'_> {
    /// A count: absent and 0 mean 1.
    pub(super) fn count(&self, at: usize) -> usize {
        usize::from(self.parameters.get(at).copied().unwrap_or(0)).max(1)
    }

    pub(super) fn selector(&self) -> u16 {
        self.parameters.first().copied().unwrap_or(0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    /// ESC with intermediates: a charset, say. Its final byte means nothing here.
    EscapeIntermediate,
    Csi,
    Osc,
    /// DCS, APC, PM, SOS.
    String,
    /// The rest of a control string that was too long.
    Swallow,
}

pub(super) struct Scanner {
    state: State,
    private: u8,
    intermediate: bool,
    parameters: Vec<u16>,
    osc: Vec<u8>,
    string_bytes: usize,
}

/// Where the next ESC is, or the end.
pub(super) fn escape_at(bytes: &[u8]) -> usize {
    /// Looked at at once, which is quicker than one by one.
    const BLOCK_BYTES: usize = 256;
    let mut at = 0;
    for block in bytes.chunks(BLOCK_BYTES) {
        if block.contains(&ESC) {
            return at + block.iter().position(|byte| *byte == ESC).unwrap_or(0);
        }
        at += block.len();
    }
    at
}

impl Scanner {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Ground,
            private: 0,
            intermediate: false,
            parameters: Vec::new(),
            osc: Vec::new(),
            string_bytes: 0,
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let (mut raw_from, mut offer_from) = (0, 0);
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Ground && !sink.wants_text() {
                let skipped = escape_at(&bytes[at..]);
                if skipped > 0 {
                    at += skipped;
                    continue;
                }
            } else if self.state == State::Ground {
                if at >= offer_from {
                    let (taken, looked) = sink.whole_lines(&bytes[at..]);
                    offer_from = at + looked;
                    if taken > 0 {
                        at += taken;
                        continue;
                    }
                }
                let run = text_length(&bytes[at..]);
                if run > 0 {
                    sink.text(&bytes[at..at + run]);
                    at += run;
                    continue;
                }
            }
            let swallowed = self.state == State::Swallow;
            self.byte(bytes[at], sink);
            match (swallowed, self.state == State::Swallow) {
                (false, true) => {
                    sink.raw(&bytes[raw_from..=at]);
                    sink.raw(&[CANCEL]);
                }
                (true, false) => raw_from = at,
                _ => {}
            }
            at += 1;
        }
        if self.state != State::Swallow {
            sink.raw(&bytes[raw_from..]);
        }
    }

    fn byte(&mut self, byte: u8, sink: &mut impl Sink) {
        match (self.state, byte) {
            (State::Swallow, BELL) => self.state = State::Ground,
            (State::Osc, BELL) => self.end_osc(State::Ground, sink),
            (State::Osc, ESC) => self.end_osc(State::Escape, sink),
            (_, ESC) => self.state = State::Escape,
            (State::Ground, _) => sink.control(byte),
            (_, CANCEL | SUBSTITUTE) => self.state = State::Ground,
            (State::Osc, _) => {
                self.osc.push(byte);
                self.lengthen();
            }
            (State::String, _) => self.lengthen(),
            (State::Swallow, _) => {}
            // Controls act in the middle of a sequence, too.
            (_, 0..=0x1f) => sink.control(byte),
            (State::Escape, _) => self.escape(byte, sink),
            (State::EscapeIntermediate, _) => {
                if byte >= 0x30 {
                    self.state = State::Ground;
                }
            }
            (State::Csi, _) => self.csi(byte, sink),
        }
    }

    fn lengthen(&mut self) {
        self.string_bytes += 1;
        if self.string_bytes >= STRING_BYTES_MAX {
            self.osc = Vec::new();
            self.state = State::Swallow;
        }
    }

    fn end_osc(&mut self, next: State, sink: &mut impl Sink) {
        sink.osc(&self.osc);
        self.osc.clear();
        self.state = next;
    }

    fn escape(&mut self, byte: u8, sink: &mut impl Sink) {
        self.state = match byte {
            b'[' => {
                self.private = 0;
                self.intermediate = false;
                self.parameters.clear();
                State::Csi
            }
            b']' => {
                self.osc.clear();
                self.string_bytes = 0;
                State::Osc
            }
            b'P' | b'X' | b'^' | b'_' => {
                self.string_bytes = 0;
                State::String
            }
            0x20..=0x2f => State::EscapeIntermediate,
            _ => {
                sink.escape(byte);
                State::Ground
            }
        };
    }

    fn csi(&mut self, byte: u8, sink: &mut impl Sink) {
        match byte {
            b'0'..=b'9' => {
                if self.parameters.is_empty() {
                    self.parameters.push(0);
                }
                if let Some(last) = self.parameters.last_mut() {
                    *last = last.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                }
            }
            b';' | b':' => {
                if self.parameters.is_empty() {
                    self.parameters.push(0);
                }
                if self.parameters.len() < PARAMETERS_MAX {
                    self.parameters.push(0);
                }
            }
            b'<'..=b'?' => self.private = byte,
            0x20..=0x2f => self.intermediate = true,
            0x40..=0x7e => {
                self.state = State::Ground;
                if !self.intermediate {
                    let parameters = &self.parameters;
                    sink.csi(&Csi { private: self.private, parameters, end: byte });
                }
            }
            _ => {}
        }
    }
}

/// How many of the first bytes are printable.
fn text_length(bytes: &[u8]) -> usize {
    let is_text = |byte: &u8| *byte > 0x1f && *byte != 0x7f;
    // Whole blocks at once, which the compiler makes wide instructions of.
    let blocks = bytes.chunks_exact(BLOCK_BYTES);
    let all = blocks.take_while(|block| block.iter().fold(true, |all, byte| all & is_text(byte)));
    let sure = all.count() * BLOCK_BYTES;
    let rest = &bytes[sure..];
    sure + rest.iter().position(|byte| !is_text(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default, Debug, PartialEq)]
    struct Heard {
        text: Vec<u8>,
        controls: Vec<u8>,
        csi: Vec<(u8, Vec<u16>, u8)>,
        escapes: Vec<u8>,
        osc: Vec<Vec<u8>>,
        raw: Vec<u8>,
    }

    impl Sink for Heard {
        fn text(&mut self, bytes: &[u8]) {
            self.text.extend(bytes);
        }
        fn control(&mut self, byte: u8) {
            self.controls.push(byte);
        }
        fn csi(&mut self, csi: &Csi<'_>) {
            self.csi.push((csi.private, csi.parameters.to_vec(), csi.end));
        }
        fn escape(&mut self, byte: u8) {
            self.escapes.push(byte);
        }
        fn osc(&mut self, body: &[u8]) {
            self.osc.push(body.to_vec());
        }
        fn raw(&mut self, bytes: &[u8]) {
            self.raw.extend(bytes);
        }
    }

    fn heard(bytes: &[u8]) -> Heard {
        let mut heard = Heard::default();
        Scanner::new().feed(bytes, &mut heard);
        heard
    }

    #[test]
    fn text_controls_and_sequences_are_told_apart() {
        let heard = heard(
            b"a\r\n\x1b[?25lb\x1b[1;31mc\x1b]133;A\x07d\x1b]0;t\x1b\\e\x1bM\x1b(Bf\x1bPq\x1b\\g",
        );
        assert_eq!(heard.text, b"abcdefg");
        assert_eq!(heard.controls, b"\r\n");
        assert_eq!(heard.csi, [(b'?', vec![25], b'l'), (0, vec![1, 31], b'm')]);
        assert_eq!(heard.osc, [b"133;A".to_vec(), b"0;t".to_vec()]);
        assert_eq!(heard.escapes, [b'\\', b'M', b'\\']);
    }

    #[test]
    fn an_endless_string_is_cut_and_the_stream_goes_on_after_it() {
        let mut bytes = b"a\x1b]52;c;".to_vec();
        bytes.extend(vec![b'x'; 10 * STRING_BYTES_MAX]);
        bytes.extend(b"\x07b");
        let heard = heard(&bytes);
        assert_eq!(heard.text, b"ab");
        assert!(heard.osc.is_empty());
        assert!(heard.raw.len() < STRING_BYTES_MAX + 32, "{}", heard.raw.len());
        assert_eq!(heard.raw.last(), Some(&b'b'));
    }

    proptest! {
        #[test]
        fn chunking_changes_nothing(bytes in proptest::collection::vec(
            prop_oneof![Just(ESC), Just(BELL), Just(b'['), Just(b']'), Just(b';'), any::<u8>()], 0..200),
            cut in 0usize..200) {
            let cut = cut.min(bytes.len());
            let mut split = Heard::default();
            let mut scanner = Scanner::new();
            scanner.feed(&bytes[..cut], &mut split);
            scanner.feed(&bytes[cut..], &mut split);
            let whole = heard(&bytes);
            prop_assert_eq!(&whole.raw, &bytes);
            prop_assert_eq!(whole, split);
        }
    }
}
