//! Streams of foreign bytes: whatever the chunking, the events are the same, and nothing panics.
#![no_main]

use brisk::model::sse::Parser;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (usize, &[u8])| {
    let (size, bytes) = input;
    let read = |size: usize| {
        let mut parser = Parser::default();
        let fed: Result<Vec<_>, _> = bytes.chunks(size).map(|chunk| parser.feed(chunk)).collect();
        fed.map(|events| events.concat())
    };
    assert_eq!(read(size % 64 + 1), read(bytes.len().max(1)));
});
