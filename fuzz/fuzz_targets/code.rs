//! Any two texts of any language give facts, and a text that does not change gives none.
#![no_main]

use brisk::code::{enclosing, facts};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 10] = [
    "a.rs",
    "a.py",
    "test_a.py",
    "a.ts",
    "a.test.js",
    "a.go",
    "a_test.go",
    "A.java",
    "Cargo.toml",
    "package.json",
];

fuzz_target!(|given: (u8, Vec<u8>, Vec<u8>)| {
    let (path, old, new) = given;
    let path = PATHS[path as usize % PATHS.len()];
    let _ = facts(path, Some(&old), Some(&new));
    let _ = enclosing(path, &new, 1);
    let same = facts(path, Some(&new), Some(&new));
    assert!(same.interface.is_empty() && same.tests.is_empty() && same.touched.is_empty());
});
