//! Where there are no namespaces there is no draft.

use super::{MountError, Spec};
use std::convert::Infallible;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Never made.
#[derive(Debug)]
pub struct Mount(Infallible);

pub fn open(_spec: &Spec) -> Result<Mount, MountError> {
    Err(MountError::Unsupported)
}

/// There are no hidden words here.
pub fn hidden_entry(_args: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    None
}

impl Mount {
    pub fn merged(&self) -> &Path {
        match self.0 {}
    }

    pub fn upper(&self) -> &Path {
        match self.0 {}
    }

    pub fn prefix(&self) -> Vec<OsString> {
        match self.0 {}
    }

    pub fn notes(&self) -> &[String] {
        match self.0 {}
    }

    pub fn remount(&self) -> Result<(), MountError> {
        match self.0 {}
    }

    pub fn guests(&self) -> Vec<u32> {
        match self.0 {}
    }
}
