//! Any text is judged without a panic, and no text is read-only once a command that writes follows it.
#![no_main]

use brisk::policy::{Ground, classify, rule_for};
use brisk::protocol::{Class, TreeKind, Walls};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    let ground = Ground {
        tree: TreeKind::InPlace,
        walls: Walls::None,
        root: "/work".into(),
        folder: "/work".into(),
        readable: Vec::new(),
    };
    let (class, _) = classify(line, &ground);
    let _ = rule_for(line);
    if class == Class::ReadOnly {
        for tail in ["\ntouch x", "\n(touch x)", "\n> x"] {
            assert_ne!(classify(&format!("{line}{tail}"), &ground).0, Class::ReadOnly);
        }
    }
});
