//! The few sequences that matter to the lines above the screen, found before the core acts on them.

use super::scan::escape_at;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// The program takes the other screen: soon the main one cannot be read.
    Alternate,
    /// The past is to be forgotten.
    Clear,
}

const SEQUENCES: [(&[u8], Signal); 3] =
    [(b"\x1b[?1049h", Signal::Alternate), (b"\x1b[3J", Signal::Clear), (b"\x1bc", Signal::Clear)];
const ESC: u8 = 0x1b;

/// Knows what of a sequence the last bytes were.
#[derive(Default)]
pub(super) struct Signals {
    begun: Vec<u8>,
}

impl Signals {
    /// The first one that ends in these bytes: how many of them it takes, and what it is. What comes
    /// after it has not been looked at.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<(usize, Signal)> {
        let mut at = 0;
        while at < bytes.len() {
            if self.begun.is_empty() {
                at += escape_at(&bytes[at..]);
                if at == bytes.len() {
                    return None;
                }
            } else if bytes[at] == ESC {
                self.begun.clear();
            }
            self.begun.push(bytes[at]);
            at += 1;
            let mut known =
                SEQUENCES.iter().filter(|(sequence, _)| sequence.starts_with(&self.begun));
            match known.next() {
                None => self.begun.clear(),
                Some((sequence, signal)) if sequence.len() == self.begun.len() => {
                    self.begun.clear();
                    return Some((at, *signal));
                }
                Some(_) => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &[&[u8]]) -> Vec<(usize, Signal)> {
        let mut signals = Signals::default();
        let mut found = Vec::new();
        for chunk in chunks {
            let mut rest = *chunk;
            while let Some((end, signal)) = signals.find(rest) {
                found.push((end, signal));
                rest = &rest[end..];
            }
        }
        found
    }

    #[test]
    fn sequences_are_found_however_they_are_cut() {
        let bytes = b"text\x1b[1m\x1b[?10\x1b[?1049h\x1b[3Jx\x1bc\x1b[?1049l1049h";
        let whole = all(&[bytes]);
        let kinds =
            |found: &[(usize, Signal)]| found.iter().map(|(_, kind)| *kind).collect::<Vec<_>>();
        assert_eq!(kinds(&whole), [Signal::Alternate, Signal::Clear, Signal::Clear]);
        assert_eq!(whole[0].0, 21);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(kinds(&all(&single)), kinds(&whole));
    }
}
