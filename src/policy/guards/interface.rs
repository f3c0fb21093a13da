//! Public interfaces: what can break somebody who calls, implements or builds.

use super::{Found, Looked};
use crate::protocol::{ChangeKind, InterfaceKind};

const GUARD: &str = "interface";

pub(super) fn look(looked: &Looked<'_>, found: &mut Found<'_>) {
    for change in &looked.facts.interface {
        let verb = match change.kind {
            InterfaceKind::Removed => "removes",
            InterfaceKind::Hidden => "hides",
            InterfaceKind::Changed => "changes",
            InterfaceKind::Demanded => "demands",
            InterfaceKind::Added => continue,
        };
        found.at(GUARD, change.spot, &format!("{verb} the public {}", change.what));
    }
    moved(looked, found);
}

/// Of these languages the path is what importers write. Rust and Go say so in another file, or
/// not at all.
fn moved(looked: &Looked<'_>, found: &mut Found<'_>) {
    const ENDINGS: [&str; 9] = ["py", "ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "java"];
    let Some(from) = &looked.change.from else { return };
    let is_module = |path: &str| ENDINGS.iter().any(|end| path.ends_with(&format!(".{end}")));
    let private =
        |path: &str| path.split('/').any(|part| part.starts_with('_') && part != "__init__.py");
    let module = is_module(from) && !private(from) && !looked.facts.test_file;
    if module && looked.change.kind == ChangeKind::Renamed && from != &looked.change.path {
        found.whole(GUARD, &format!("moves the module {from}"));
    }
}
