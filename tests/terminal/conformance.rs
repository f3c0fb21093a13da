//! The emulator against the rules of others.
