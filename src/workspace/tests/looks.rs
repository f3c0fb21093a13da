use super::*;
use std::os::unix::fs::symlink;

/// Facts that a busy machine did not cut short.
fn whole_facts(workspace: &Workspace) -> Facts {
    const TRIES_MAX: usize = 100;
    let is_whole = |facts: &Facts| {
        let is_told = facts.git.as_ref().is_none_or(|git| git.dirty.is_some());
        is_told && matches!(facts.files, Count::Exactly(_))
    };
    (0..TRIES_MAX).map(|_| workspace.facts()).find(is_whole).expect("facts in time")
}

#[test]
fn facts_are_a_first_look() {
    let fixture = Fixture::with_git();
    fixture.write("src/a.rs", "");
    fixture.write("src/b.rs", "");
    fixture.write("run.py", "");
    fixture.write(".gitignore", "target\n");
    fixture.write("target/x.rs", "");
    fixture.commit();
    fixture.write("run.py", "1");
    fixture.write("new", "");
    let facts = whole_facts(&fixture.open(TreeKind::InPlace));
    let git_facts = facts.git.unwrap();
    assert_eq!(git_facts.head, Some(Head::Branch("main".to_owned())));
    assert_eq!(git_facts.dirty, Some(2));
    assert_eq!(facts.files, Count::Exactly(5));
    assert_eq!(facts.names, [".gitignore", "new", "run.py", "src/"]);
    assert_eq!(facts.languages, [("Rust", 2), ("Python", 1)]);

    let below =
        Workspace::open(&fixture.tree().join("src"), Backing::InPlace, &fixture.scratch()).unwrap();
    let facts = whole_facts(&below);
    assert_eq!((facts.folder.as_str(), facts.files), ("src", Count::Exactly(2)));
    git(&fixture.tree(), &["checkout", "-q", "--detach"]);
    let head = below.facts().git.unwrap().head.unwrap();
    let commit = git(&fixture.tree(), &["rev-parse", "--short=8", "HEAD"]);
    assert_eq!(head, Head::Detached(commit.trim().to_owned()));
}

#[test]
fn a_folder_without_git_has_facts_too() {
    let fixture = Fixture::new();
    let facts = whole_facts(&fixture.open(TreeKind::InPlace));
    assert_eq!((facts.git, facts.files), (None, Count::Exactly(0)));
}

#[test]
fn looking_at_a_repository_runs_none_of_its_commands() {
    let fixture = Fixture::with_git();
    fixture.write("a", "1\n");
    fixture.commit();
    let trap = fixture.holder.path().join("trapped");
    let touch = format!("touch {}", trap.display());
    for key in
        ["filter.x.clean", "filter.x.process", "core.fsmonitor", "core.pager", "filter.a.b.clean"]
    {
        git(&fixture.tree(), &["config", key, &touch]);
    }
    fixture.write(".gitattributes", "* filter=x\nb filter=a.b\n");
    fixture.write("a", "2\n");
    fixture.write("b", "2\n");
    let hook = fixture.tree().join(".git/hooks/post-index-change");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, format!("#!/bin/sh\n{touch}\n")).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let workspace = fixture.open(TreeKind::Copy);
    let facts = whole_facts(&workspace);
    assert_eq!(facts.git.unwrap().dirty, Some(3));
    assert!(workspace.changes().unwrap().is_empty());
    assert!(!trap.exists());
    // The trap works: git by itself runs into it.
    git_ok(&fixture.tree(), &["add", "a"]);
    assert!(trap.exists());
}

#[test]
fn the_nearest_rules_file_wins_and_agents_before_the_others() {
    let fixture = Fixture::with_git();
    let folder = fixture.tree().join("a/b");
    fs::create_dir_all(&folder).unwrap();
    let workspace = Workspace::open(&folder, Backing::InPlace, &fixture.scratch()).unwrap();
    let rules = || workspace.rules().into_iter().map(|rules| rules.path).collect::<Vec<_>>();
    assert!(rules().is_empty());
    fixture.write(".github/copilot-instructions.md", "x");
    assert_eq!(rules(), [".github/copilot-instructions.md"]);
    fixture.write("a/b/CLAUDE.md", "x");
    assert_eq!(rules(), ["a/b/CLAUDE.md"]);
    fixture.write("AGENTS.md", "x");
    assert_eq!(rules(), ["AGENTS.md"]);
    fixture.write("a/AGENTS.md", "é".repeat(RULES_BYTES_MAX));
    let found = workspace.rules().remove(0);
    assert_eq!((found.path.as_str(), found.text.len()), ("a/AGENTS.md", RULES_BYTES_MAX));
    assert_eq!(found.note.as_deref(), Some("cut: the first 32768 of 65536 bytes"));
}

#[test]
fn a_rules_file_that_leads_outside_is_not_read() {
    let fixture = Fixture::new();
    fs::write(fixture.holder.path().join("secret"), "key").unwrap();
    symlink("../secret", fixture.tree().join("AGENTS.md")).unwrap();
    assert!(fixture.open(TreeKind::InPlace).rules().is_empty());
    fixture.write("CLAUDE.md", "rules");
    assert_eq!(fixture.open(TreeKind::InPlace).rules()[0].text, "rules");
}
