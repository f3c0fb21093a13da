//! Line endings: a model writes `\n`, a file has what it has. Text is compared with plain ends,
//! and what goes into the file gets the ends that its surroundings have.

/// A text with `\n` for every `\r\n`, which remembers where those were.
pub(super) struct Plain {
    pub(super) text: Vec<u8>,
    /// Where in `text` the newlines are that had a `\r`.
    returns: Vec<usize>,
}

impl Plain {
    pub(super) fn new(raw: &[u8]) -> Self {
        let mut text = Vec::with_capacity(raw.len());
        let mut returns = Vec::new();
        for line in raw.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\r\n") {
                Some(body) => {
                    text.extend_from_slice(body);
                    returns.push(text.len());
                    text.push(b'\n');
                }
                None => text.extend_from_slice(line),
            }
        }
        Self { text, returns }
    }

    /// The place in the raw text of a place in this one.
    pub(super) fn raw(&self, at: usize) -> usize {
        at + self.returns.partition_point(|newline| *newline < at)
    }
}

/// The ends that new lines get: those of the region that they replace if it has only one kind,
/// else those that most lines of the file have.
pub(super) fn ending(region: &[u8], file: &[u8]) -> &'static [u8] {
    match count(region) {
        (0, plain) if plain > 0 => b"\n",
        (returns, 0) if returns > 0 => b"\r\n",
        _ => {
            let (returns, plain) = count(file);
            if returns > plain { b"\r\n" } else { b"\n" }
        }
    }
}

/// Lines that end in `\r\n`, and in `\n` alone.
fn count(text: &[u8]) -> (usize, usize) {
    let mut counts = (0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.ends_with(b"\r\n") {
            counts.0 += 1;
        } else if line.ends_with(b"\n") {
            counts.1 += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_to_the_raw_text() {
        let raw = b"a\r\nb\nc\r\n";
        let plain = Plain::new(raw);
        assert_eq!(plain.text, b"a\nb\nc\n");
        let back: Vec<usize> = (0..=plain.text.len()).map(|at| plain.raw(at)).collect();
        assert_eq!(back, [0, 1, 3, 4, 5, 6, 8]);
    }

    #[test]
    fn a_region_of_one_kind_decides_else_the_file_does() {
        assert_eq!(ending(b"a\r\n", b"a\r\nb\nc\n"), b"\r\n");
        assert_eq!(ending(b"b\n", b"a\r\nb\nc\r\n"), b"\n");
        assert_eq!(ending(b"b", b"a\r\nb\r\nc\n"), b"\r\n");
        assert_eq!(ending(b"", b""), b"\n");
    }
}
