//! Migrations of databases: their folders, the schemas that tools keep, and SQL that changes tables.

use super::paths::{ending, has_folder, is_fixture, is_prose, name};
use super::{Found, Looked};

fn is_migration(path: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        "sql", "py", "rb", "js", "ts", "php", "cs", "java", "kt", "go", "xml", "yaml", "yml",
        "json",
    ];
    // Django's folders are packages.
    let code = ENDINGS.contains(&ending(path)) && name(path) != "__init__.py";
    let folder = has_folder(path, "migrations")
        || has_folder(path, "migration") && ending(path) == "sql"
        || path.contains("db/migrate/")
        || path.contains("db/changelog/")
        || path.contains("alembic/versions/");
    let versioned = ending(path) == "sql"
        && name(path).strip_prefix(['V', 'U', 'R']).is_some_and(|rest| rest.contains("__"));
    let schema = ending(path) == "prisma"
        || ["db/schema.rb", "db/structure.sql"].iter().any(|end| path.ends_with(end));
    (code && folder) || versioned || schema
}

pub(super) fn look(looked: &Looked<'_>, found: &mut Found<'_>) {
    let path = &looked.change.path;
    if is_prose(path) || is_fixture(path) || looked.facts.test_file || !looked.says_something() {
        return;
    }
    if is_migration(path) {
        return found
            .whole("migration", &format!("{} the migration {}", looked.verb(), name(path)));
    }
    if ending(path) != "sql" {
        return;
    }
    const VERBS: [&str; 5] = ["create", "alter", "drop", "truncate", "rename"];
    for line in &looked.facts.touched {
        let mut words = line.code.split_whitespace().map(str::to_ascii_lowercase);
        if let Some(verb) = words.next().filter(|word| VERBS.contains(&word.as_str())) {
            let what = words.next().unwrap_or_else(|| "table".to_owned());
            found.at("migration", line.spot, &format!("has SQL that does {verb} {what}"));
        }
    }
}
