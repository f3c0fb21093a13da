//! No text from a model, a file or a program reaches the screen with a control character in it.
#![no_main]

use brisk::text::{Limits, clean, cut, markdown, width, wrap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let cleaned = clean(text);
    assert!(!cleaned.chars().any(|char| char.is_control() && !"\n\t".contains(char)));
    assert_eq!(clean(&cleaned), cleaned);
    let limits = Limits::default();
    assert!(cut(text, limits).text.len() <= text.len().max(limits.bytes_max + 200));
    let _ = markdown::parse(&cleaned);
    for columns in [1, 7, 80] {
        let rows = wrap(&cleaned, columns);
        assert!(columns < 2 || rows.iter().all(|row| width(row) <= columns));
    }
});
