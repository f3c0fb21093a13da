use super::*;
use crate::workspace::apply_landing::{Ground, Landing, Step, land};
use crate::workspace::store::Store;
use crate::workspace::store_node::{FileNode, Node, Raw};
use std::os::unix::fs::symlink;

/// A tree, and all that a decision needs.
pub(super) struct Field {
    pub(super) fixture: Fixture,
    pub(super) store: Store,
}

impl Field {
    pub(super) fn new() -> Field {
        let fixture = Fixture::new();
        let store = Store::open(&fixture.scratch().join("store")).unwrap();
        Field { fixture, store }
    }

    pub(super) fn file(&self, bytes: impl AsRef<[u8]>, mode: u32) -> Node {
        let blob = self.store.put(bytes.as_ref()).unwrap();
        Node::File(FileNode { blob, mode, owner: None, attributes: Vec::new() })
    }

    pub(super) fn land(
        &self,
        landings: &[(&str, Node, Node)],
        log: &mut dyn FnMut(&Step) -> std::io::Result<()>,
    ) -> Result<Vec<Landing>, ApplyError> {
        let landings = landings.iter().map(|(path, old, new)| Landing {
            path: PathBuf::from(path),
            old: old.clone(),
            new: new.clone(),
        });
        self.land_all(landings.collect(), false, log)
    }

    pub(super) fn land_all(
        &self,
        landings: Vec<Landing>,
        keeps: bool,
        log: &mut dyn FnMut(&Step) -> std::io::Result<()>,
    ) -> Result<Vec<Landing>, ApplyError> {
        let (tree, state) = (self.fixture.tree(), self.fixture.scratch().join("landing"));
        let ground = Ground { tree: &tree, store: &self.store, state: &state };
        land(ground, landings, &|_| keeps, log)
    }

    /// The records that are open.
    pub(super) fn records(&self) -> usize {
        let all = fs::read_dir(self.fixture.scratch().join("landing")).into_iter().flatten();
        all.flatten().filter(|it| it.path().extension().is_none_or(|it| it != "deed")).count()
    }
}

pub(super) fn reversed(landings: &[Landing]) -> Vec<Landing> {
    let back = landings.iter().rev();
    back.map(|it| Landing { path: it.path.clone(), old: it.new.clone(), new: it.old.clone() })
        .collect()
}

pub(super) fn link(target: &str) -> Node {
    Node::Link(Raw(target.as_bytes().to_vec()))
}

/// A tree with one of each, and a decision that changes them all.
pub(super) fn of_each_kind(field: &Field) -> Vec<(&'static str, Node, Node)> {
    let (fixture, tree) = (&field.fixture, field.fixture.tree());
    fixture.write("changed", "one\r\ntwo");
    fixture.write("mode", "#!/bin/sh\n");
    fixture.write("gone", "gone\n");
    fixture.write("lost/deep/only", "only\n");
    fixture.write("half/one", "1\n");
    fixture.write("half/two", "2\n");
    fixture.write("to_folder", "a file\n");
    fixture.write("to_file/a", "a\n");
    fixture.write("to_file/b/c", "c\n");
    symlink("changed", tree.join("link")).unwrap();
    fixture.write("to_link", "x\n");
    fs::set_permissions(tree.join("changed"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(tree.join("lost/deep"), fs::Permissions::from_mode(0o750)).unwrap();
    let file = |text: &str, mode| field.file(text, mode);
    vec![
        ("changed", file("one\r\ntwo", 0o640), file("one\r\nTWO", 0o640)),
        ("mode", file("#!/bin/sh\n", 0o644), file("#!/bin/sh\n", 0o755)),
        ("gone", file("gone\n", 0o644), Node::Absent),
        ("lost/deep/only", file("only\n", 0o644), Node::Absent),
        ("half/one", file("1\n", 0o644), Node::Absent),
        ("to_folder", file("a file\n", 0o644), Node::Absent),
        ("to_folder/in/it", Node::Absent, file("in it\n", 0o644)),
        ("to_file/a", file("a\n", 0o644), Node::Absent),
        ("to_file/b/c", file("c\n", 0o644), Node::Absent),
        ("to_file", Node::Absent, file("a file now\n", 0o600)),
        ("link", link("changed"), link("mode")),
        ("to_link", file("x\n", 0o644), link("half")),
        ("new/folder/file", Node::Absent, file("new\n", 0o644)),
        ("new/link", Node::Absent, link("../changed")),
    ]
}

#[test]
fn a_decision_lands_whole_and_its_reverse_takes_it_back_whole() {
    let field = Field::new();
    let decision = of_each_kind(&field);
    let before = snapshot(&field.fixture.tree());
    let mut steps = Vec::new();
    let landed = field.land(&decision, &mut |step| {
        steps.push(step.clone());
        Ok(())
    });
    let landed = landed.unwrap();
    let after = snapshot(&field.fixture.tree());
    let mode = |path: &str| after[Path::new(path)].0 & 0o7777;
    assert_eq!(field.fixture.read("changed"), "one\r\nTWO");
    assert_eq!((mode("changed"), mode("mode"), mode("to_file")), (0o640, 0o755, 0o600));
    assert_eq!(field.fixture.read("to_folder/in/it"), "in it\n");
    assert_eq!(after[Path::new("link")].1, b"mode");
    assert_eq!(after[Path::new("new/link")].1, b"../changed");
    for path in ["gone", "lost", "half/one", "to_file/a"] {
        assert!(!after.contains_key(Path::new(path)), "{path}");
    }
    assert!(!after.keys().any(|path| path.to_string_lossy().contains(".brisk-")));
    let [Step::Begins { paths }, Step::Applied { paths: applied }] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!(paths, applied);
    assert_eq!(paths.len(), decision.len());
    let again = field.land_all(reversed(&landed), true, &mut |_| Ok(())).unwrap();
    assert_eq!(snapshot(&field.fixture.tree()), before);
    field.land_all(reversed(&again), true, &mut |_| Ok(())).unwrap();
    assert_eq!(snapshot(&field.fixture.tree()), after);
    assert_eq!(field.records(), 0);
}

#[test]
fn if_one_file_cannot_land_none_does() {
    let field = Field::new();
    let decision = of_each_kind(&field);
    // The user has changed one of them since it was shown.
    field.fixture.write("gone", "not gone\n");
    let before = snapshot(&field.fixture.tree());
    let error = field.land(&decision, &mut |_| Ok(())).unwrap_err();
    assert!(matches!(&error, ApplyError::Conflict { paths } if paths == &["gone"]), "{error}");
    assert_eq!(snapshot(&field.fixture.tree()), before);
    assert_eq!(field.records(), 0);
}

#[test]
fn what_cannot_be_recorded_is_not_done() {
    let field = Field::new();
    let decision = of_each_kind(&field);
    let before = snapshot(&field.fixture.tree());
    for failing in [0, 1] {
        let mut steps = Vec::new();
        let error = field.land(&decision, &mut |step| {
            steps.push(step.clone());
            if steps.len() == failing + 1 { Err(std::io::Error::other("full")) } else { Ok(()) }
        });
        let error = error.unwrap_err();
        assert!(matches!(error, ApplyError::Record(_)), "{error}");
        assert!(matches!(steps.last(), Some(Step::TakenBack { left, .. }) if left.is_empty()));
        assert_eq!(snapshot(&field.fixture.tree()), before);
        assert_eq!(field.records(), 0);
    }
}

#[test]
fn what_somebody_writes_while_it_lands_stays_and_the_rest_is_taken_back() {
    let field = Field::new();
    let decision = of_each_kind(&field);
    let mut expected = snapshot(&field.fixture.tree());
    // After the tree was read, before the first file is written.
    let error = field.land(&decision, &mut |step| {
        if matches!(step, Step::Begins { .. }) {
            field.fixture.write("to_file/a", "theirs\n");
        }
        Ok(())
    });
    let error = error.unwrap_err();
    assert!(matches!(&error, ApplyError::Conflict { paths } if paths == &["to_file/a"]), "{error}");
    expected.get_mut(Path::new("to_file/a")).unwrap().1 = b"theirs\n".to_vec();
    assert_eq!(snapshot(&field.fixture.tree()), expected);
    // After all of it was written.
    field.fixture.write("to_file/a", "a\n");
    let error = field.land(&decision, &mut |step| {
        if matches!(step, Step::Applied { .. }) {
            field.fixture.write("new/folder/file", "theirs\n");
            return Err(std::io::Error::other("full"));
        }
        Ok(())
    });
    let error = error.unwrap_err();
    let ApplyError::Partly { written, .. } = &error else { panic!("{error}") };
    assert_eq!(written, &["new/folder/file"]);
    expected.get_mut(Path::new("to_file/a")).unwrap().1 = b"a\n".to_vec();
    let mut found = snapshot(&field.fixture.tree());
    assert_eq!(found.remove(Path::new("new/folder/file")).unwrap().1, b"theirs\n");
    found.retain(|path, _| !path.starts_with("new"));
    assert_eq!(found, expected);
}

#[test]
fn nothing_lands_through_a_link_or_in_git_or_outside() {
    let field = Field::new();
    let outside = field.fixture.holder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, field.fixture.tree().join("way")).unwrap();
    for path in ["way/file", "way/folder/file", ".git/hooks/x", "a/.GIT/x", "../x", "/etc/x", ""] {
        let error = field.land(&[(path, Node::Absent, field.file("x", 0o644))], &mut |_| Ok(()));
        assert!(matches!(error, Err(ApplyError::File(_))), "{path}: {error:?}");
    }
    assert!(snapshot(&outside).is_empty());
}

#[test]
fn owner_attributes_and_hard_links_of_what_is_replaced_or_restored_are_kept() {
    let field = Field::new();
    let tree = field.fixture.tree();
    field.fixture.write("a", "1\n");
    fs::hard_link(tree.join("a"), tree.join("other")).unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(tree.join("a"), "user.note", b"kept", flags).is_err() {
        println!("skipped: the file system keeps no attributes");
        return;
    }
    let owned = std::os::unix::fs::chown(tree.join("a"), Some(1234), Some(1234)).is_ok();
    let (one, two) = (field.file("1\n", 0o644), field.file("2\n", 0o644));
    let check = || {
        let mut value = [0; 8];
        let length = rustix::fs::getxattr(tree.join("a"), "user.note", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"kept");
        let found = std::os::unix::fs::MetadataExt::uid(&tree.join("a").metadata().unwrap());
        assert!(!owned || found == 1234);
    };
    field.land(&[("a", one.clone(), two.clone())], &mut |_| Ok(())).unwrap();
    check();
    assert_eq!(field.fixture.read("other"), "1\n", "the other name keeps its content");
    let gone = field.land(&[("a", two, Node::Absent)], &mut |_| Ok(())).unwrap();
    field.land_all(reversed(&gone), true, &mut |_| Ok(())).unwrap();
    check();
    assert_eq!(field.fixture.read("a"), "2\n");
}
