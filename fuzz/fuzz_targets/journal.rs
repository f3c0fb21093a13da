//! Any bytes are read as a journal without a panic, and what was read folds into a state.
#![no_main]

use brisk::session::{State, replay};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut state = State::default();
    for event in replay(bytes).events {
        state.apply(&event);
    }
});
