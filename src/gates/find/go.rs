//! Go.

use super::{Check, Look};
use crate::protocol::GateKind;

const FILE: &str = "go.mod";

pub(super) fn checks(look: &Look<'_>, notes: &mut Vec<String>) -> Vec<Check> {
    if !look.has(FILE) || !look.wants("go", FILE, notes) {
        return Vec::new();
    }
    let check = |kind, command: &str| Check::new("go", kind, command, FILE);
    let mut checks = Vec::new();
    if look.program("gofmt").is_some() {
        // It lists what is not formatted, and ends well all the same.
        let own = if look.has("vendor") { "-v '^vendor/'" } else { "." };
        checks.push(check(GateKind::Format, &format!("! gofmt -l . | grep {own}")));
    }
    checks.push(check(GateKind::Lint, "go vet ./..."));
    checks.push(check(GateKind::Test, "go test ./..."));
    checks
}
