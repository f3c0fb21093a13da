//! What a path says of a file: whether it holds tests, whether anybody outside calls it.

/// Whether the file holds tests or what they need, and nothing else.
pub(super) fn is_test(path: &str) -> bool {
    const FOLDERS: [&str; 8] =
        ["tests", "test", "__tests__", "spec", "specs", "testing", "testdata", "e2e"];
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    if parts.iter().any(|folder| FOLDERS.contains(folder)) {
        return true;
    }
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    stem.starts_with("test_")
        || name == "conftest.py"
        || ["_test", "_tests", "_spec"].iter().any(|end| stem.ends_with(end))
        || (matches!(stem, "tests" | "test") && ending == "rs")
        || ["test.", "spec."].iter().any(|middle| ending.starts_with(middle))
        || (["Test", "Tests", "IT", "Spec"].iter().any(|end| stem.ends_with(end))
            && ["java", "kt", "cs", "scala", "swift", "php"].contains(&ending))
}

/// Whether somebody outside may call what the file declares: not what is a program, a script of
/// the build, or meant for this module alone.
pub(super) fn has_callers(path: &str) -> bool {
    const FOLDERS: [&str; 7] =
        ["benches", "examples", "internal", "fuzz", "scripts", "fixtures", "migrations"];
    let parts: Vec<&str> = path.split('/').collect();
    let Some((name, folders)) = parts.split_last() else { return false };
    let private = name.ends_with(".py")
        && parts.iter().any(|part| part.starts_with('_') && !part.starts_with("__"));
    let program = folders.windows(2).any(|pair| pair == ["src", "bin"]);
    !program
        && !private
        && !folders.iter().any(|folder| FOLDERS.contains(folder))
        && !["main.rs", "build.rs", "setup.py", "__main__.py", "manage.py"].contains(name)
        && !name.contains(".config.")
}
