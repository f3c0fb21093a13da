//! Any text is a patch or is refused, and any hunks apply to any file or are refused, without a panic:
//! lines that no hunk names stay, whatever they hold.
#![no_main]

use brisk::workspace::{Action, Mark, apply_hunks, parse_patch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (String, Vec<u8>)| {
    let (body, file) = input;
    let _ = parse_patch(&body);
    let patch = format!("*** Begin Patch\n*** Update File: f\n{body}\n*** End Patch");
    let Ok(operations) = parse_patch(&patch) else { return };
    for operation in operations {
        let Action::Update { hunks, .. } = operation.action else { continue };
        let Ok(new) = apply_hunks(&file, &hunks) else { continue };
        let is_same = |mark| {
            hunks.iter().flat_map(|hunk| &hunk.lines).all(|(own, _)| *own != mark)
        };
        if is_same(Mark::Removed) {
            assert!(new.len() >= file.len(), "nothing was to be removed");
        }
        if is_same(Mark::Removed) && is_same(Mark::Added) {
            assert_eq!(new, file, "nothing was to be changed");
        }
    }
});
