//! No scanner's document makes the reader panic, and what comes out of it can be shown.
#![no_main]

use brisk::gates::sarif;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| {
    let Ok(scanned) = sarif::read(document, "/w", "sub") else { return };
    for said in &scanned.diagnostics {
        assert!(said.line > 0 && !said.path.is_empty());
        assert!(said.path.split('/').all(|part| !matches!(part, "" | "." | "..")));
        assert!(!said.text.contains(char::is_control) && !said.source.contains(char::is_control));
    }
});
