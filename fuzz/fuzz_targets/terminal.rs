//! Any bytes of a program give the same text in any chunks, without a panic and without a control.
#![no_main]

use brisk::protocol::Size;
use brisk::term::text_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, Vec<u8>, u16)| {
    let (columns, rows, bytes, cut) = input;
    let size = Size { columns: columns.into(), rows: rows.into() };
    let whole = text_of(size, &[&bytes]);
    assert!(!whole.chars().any(|char| char.is_control() && !"\n\t".contains(char)));
    let (first, last) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(text_of(size, &[first, last]), whole);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(text_of(size, &single), whole);
});
