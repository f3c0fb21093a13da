//! The last bytes of a stream, whatever its length.

pub(super) struct Tail {
    /// Up to twice as many as are kept, so that moving them is rare.
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Tail {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { bytes: Vec::new(), bytes_max }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.bytes_max)..];
        if self.bytes.len() + bytes.len() > 2 * self.bytes_max {
            let old = self.bytes.len() - (self.bytes_max - bytes.len()).min(self.bytes.len());
            self.bytes.drain(..old);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// A newline and this.
    pub(super) fn push_line(&mut self, line: &[u8]) {
        if self.bytes.len() + 1 + line.len() > 2 * self.bytes_max {
            self.push(b"\n");
            self.push(line);
        } else {
            self.bytes.push(b'\n');
            self.bytes.extend_from_slice(line);
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.bytes.len().saturating_sub(self.bytes_max)..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes the last bytes away.
    pub(super) fn drop_end(&mut self, count: usize) {
        // What is beyond the limit must not come back.
        let beyond = self.bytes.len().saturating_sub(self.bytes_max);
        self.bytes.drain(..beyond);
        self.bytes.truncate(self.bytes.len().saturating_sub(count));
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;

    #[test]
    fn the_last_bytes_stay_whatever_the_pieces() {
        let all: Vec<u8> = (0..=255).cycle().take(5_000).collect();
        for piece in [1, 3, 7, 8, 9, 20, 5_000] {
            let mut tail = Tail::new(8);
            for piece in all.chunks(piece) {
                tail.push(piece);
                assert!(tail.held_bytes() <= 32);
            }
            assert_eq!(tail.bytes(), &all[all.len() - 8..], "{piece}");
            tail.drop_end(3);
            assert_eq!(tail.bytes(), &all[all.len() - 8..all.len() - 3], "{piece}");
        }
    }
}
