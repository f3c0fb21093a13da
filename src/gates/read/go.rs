//! go test. What it says of a place names no folder, so it stands at no line.

use super::Found;
use super::located::located;

pub(super) fn line(line: &str, found: &mut Found) -> bool {
    if line.trim_start().starts_with("--- FAIL: ")
        || (line.starts_with("FAIL\t") && line.ends_with(']'))
    {
        found.name(line);
        return true;
    }
    let said = line.starts_with("    ")
        && located(line.trim_start())
            .is_some_and(|at| at.path.ends_with(".go") && at.column.is_none());
    if said || line.starts_with("panic: ") {
        found.reason(line);
    }
    said
}
