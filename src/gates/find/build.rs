//! CMake, Gradle, Maven.

use super::{Check, Look};
use crate::protocol::GateKind;

pub(super) fn checks(look: &Look<'_>, notes: &mut Vec<String>) -> Vec<Check> {
    let mut checks = Vec::new();
    // Without a build folder it is not known how the project wants to be configured.
    let cmake = "CMakeLists.txt";
    if look.has(cmake) && look.has("build/CMakeCache.txt") && look.wants("cmake", cmake, notes) {
        checks.push(Check::new("cmake", GateKind::Types, "cmake --build build", cmake));
        if look.program("ctest").is_some() {
            let command = "ctest --test-dir build --output-on-failure";
            checks.push(Check::new("cmake", GateKind::Test, command, cmake));
        }
    }
    let gradle = ["build.gradle.kts", "build.gradle"].into_iter().find(|file| look.has(file));
    if let Some(file) = gradle {
        if look.runs("gradlew") {
            let command = "./gradlew check --console=plain --no-daemon";
            checks.push(Check::new("gradle", GateKind::Test, command, file));
        } else if look.wants("gradle", file, notes) {
            let command = "gradle check --console=plain --no-daemon";
            checks.push(Check::new("gradle", GateKind::Test, command, file));
        }
    }
    if look.has("pom.xml") {
        if look.runs("mvnw") {
            checks.push(Check::new("maven", GateKind::Test, "./mvnw -B test", "pom.xml"));
        } else if look.wants("mvn", "pom.xml", notes) {
            checks.push(Check::new("maven", GateKind::Test, "mvn -B test", "pom.xml"));
        }
    }
    checks
}
