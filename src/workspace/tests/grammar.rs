//! The apply-patch grammar: what is a patch, where its hunks are, what others made of it.

use super::*;
use crate::text;
use proptest::prelude::*;

fn hunks(body: &str) -> Vec<PatchHunk> {
    let patch = format!("*** Begin Patch\n*** Update File: f\n{body}\n*** End Patch\n");
    match parse_patch(&patch).unwrap().remove(0).action {
        Action::Update { hunks, .. } => hunks,
        other => panic!("{other:?}"),
    }
}

fn patched(file: &str, body: &str) -> String {
    let new = apply_hunks(file.as_bytes(), &hunks(body)).unwrap_or_else(|miss| panic!("{miss:?}"));
    String::from_utf8(new).unwrap()
}

fn missed(file: &str, body: &str) -> (usize, Why) {
    let miss = apply_hunks(file.as_bytes(), &hunks(body)).unwrap_err();
    (miss.hunk, miss.why)
}

#[test]
fn a_patch_is_read_as_operations() {
    let patch = "\n*** Begin Patch\n*** Add File: a/b.txt\n+one\n+\n\n*** Delete File: c\n\
                 *** Update File: d\n*** Move to: e\n@@ class A\n@@ def f\n same\n\n-old\n+new\n\
                 @@\n-x\n*** End of File\n*** End Patch\n\n";
    let line = |mark, text: &str| (mark, text.to_owned());
    let first = PatchHunk {
        anchors: vec!["class A".into(), "def f".into()],
        lines: vec![
            line(Mark::Same, "same"),
            line(Mark::Same, ""),
            line(Mark::Removed, "old"),
            line(Mark::Added, "new"),
        ],
        is_at_end: false,
    };
    let second =
        PatchHunk { anchors: vec![], lines: vec![line(Mark::Removed, "x")], is_at_end: true };
    let operation = |path: &str, action| Operation { path: path.into(), action };
    let expected = [
        operation("a/b.txt", Action::Add { content: "one\n\n".into() }),
        operation("c", Action::Delete),
        operation("d", Action::Update { hunks: vec![first, second], to: Some("e".into()) }),
    ];
    assert_eq!(parse_patch(patch).unwrap(), expected);
    assert_eq!(parse_patch(&patch.replace('\n', "\r\n")).unwrap(), expected);
}

#[test]
fn what_is_no_patch_is_refused_with_its_line() {
    let error = |body: &str| {
        parse_patch(&format!("*** Begin Patch\n{body}*** End Patch")).unwrap_err().to_string()
    };
    for (body, said) in [
        ("", "line 2: it changes no file"),
        ("*** Update File: f\n", "line 2: nothing is to be updated: it has no hunk"),
        ("*** Update File: f\n@@\n", "line 3: the hunk has no lines"),
        ("*** Update File: f\n@@\n-a\nb\n", "line 5: `b`: a line of a hunk begins with"),
        ("*** Frobnicate File: f\n", "line 2: `*** Frobnicate File: f` is none of"),
        ("-a\n+b\n", "line 2: `-a` is none of"),
        ("*** Add File: f\nx\n", "line 3: `x` is none of"),
    ] {
        let error = error(body);
        assert!(error.contains(said), "{body:?}: {error}");
    }
    assert!(parse_patch("--- a\n+++ b\n").is_err());
    assert!(parse_patch("*** Begin Patch\n*** Delete File: f\n").is_err());
    assert!(parse_patch("").is_err());
}

#[test]
fn hunks_find_their_lines_and_leave_the_others() {
    assert_eq!(patched("a\nb\nc\n", "@@\n a\n-b\n+B\n+bb\n c"), "a\nB\nbb\nc\n");
    assert_eq!(patched("a\nb\nc\n", "-b"), "a\nc\n", "the first hunk needs no anchor line");
    assert_eq!(patched("a\nb\nc\nd\n", "@@\n-a\n+A\n@@\n-d\n+D"), "A\nb\nc\nD\n");
    assert_eq!(patched("a\nb\nc\nd\n", "@@\n-d\n+D\n@@\n-a\n+A"), "A\nb\nc\nD\n");
    assert_eq!(patched("a\n\nb\n", "@@\n a\n\n-b\n+c"), "a\n\nc\n");
    assert_eq!(
        patched("a\n", "@@\n a\n+b\n\n"),
        "a\nb\n",
        "blank lines after a hunk are none of it"
    );
    assert_eq!(patched("a\n", "@@\n+b"), "a\nb\n", "what is only added goes to the end");
    assert_eq!(patched("a", "@@\n+b"), "a\nb\n");
    assert_eq!(patched("", "@@\n+b"), "b\n");
}

#[test]
fn anchors_and_the_end_of_the_file_tell_equal_places_apart() {
    let file = "fn a() {\n    x();\n}\nfn b() {\n    x();\n}\n";
    let expected = "fn a() {\n    x();\n}\nfn b() {\n    y();\n}\n";
    assert_eq!(patched(file, "@@ fn b() {\n-    x();\n+    y();"), expected);
    assert_eq!(patched(file, "@@ fn b() {\n fn b() {\n-    x();\n+    y();"), expected);
    assert_eq!(patched(file, "@@ fn a() {\n@@ fn b() {\n-    x();\n+    y();"), expected);
    assert_eq!(patched(file, "@@\n-    x();\n+    y();\n }\n*** End of File"), expected);
    let inner = format!("mod m {{\n{}}}\n", file.replace("fn", "  fn"));
    let new = patched(&inner, "@@ fn b() {\n-    x();\n+    y();");
    assert!(new.contains("fn b() {\n    y();"), "an anchor's indentation is nothing: {new}");
    let (hunk, why) = missed(file, "@@ fn c() {\n-    x();");
    assert!(matches!((hunk, why), (0, Why::NoAnchor(line, Some(_))) if line == "fn c() {"));
}

#[test]
fn two_equally_good_places_are_a_refusal_that_says_so() {
    let file = "x\na\nx\nb\nx\n";
    assert_eq!(missed(file, "@@\n-x\n+y"), (0, Why::Several(vec![1, 3, 5], 3)));
    assert_eq!(missed(file, "@@\n a\n@@\n-x\n+y"), (1, Why::Several(vec![1, 3, 5], 3)));
    assert_eq!(missed("x\nx\n", "@@ x\n-x\n+y"), (0, Why::Several(vec![1, 2], 2)));
    // In the order of the file they fit in one way only.
    assert_eq!(patched(file, "@@\n b\n-x\n+y\n"), "x\na\nx\nb\ny\n");
    assert_eq!(patched(file, "@@\n-x\n+1\n@@\n-x\n+2\n@@\n-x\n+3"), "1\na\n2\nb\n3\n");
    assert_eq!(missed("a\nb\n", "@@\n-a\n-b\n@@\n-b\n+c"), (1, Why::Order(2)));
    assert_eq!(missed("a\n", "@@ a\n+b"), (0, Why::Unplaced));
}

#[test]
fn blanks_at_ends_and_typography_are_forgiven_and_the_files_own_bytes_stay() {
    let body = "@@\n one\n-two\n+2";
    assert_eq!(patched("one  \ntwo\t\nthree\n", body), "one  \n2\nthree\n");
    let file = "say(\u{201c}it\u{2019}s\u{201d})\u{a0}\nold \u{2013} line\n";
    let new = patched(file, "@@\n say(\"it's\")\n-old - line\n+new");
    assert_eq!(new, "say(\u{201c}it\u{2019}s\u{201d})\u{a0}\nnew\n");
    // An exact place is the better one.
    assert_eq!(patched("a \na\n", "@@\n-a\n+b"), "a \nb\n");
    let (_, why) = missed("    one\n", "@@\n-one\n+two");
    let Why::Nowhere(Some(near)) = why else { panic!("{why:?}") };
    assert_eq!((near.difference, near.from), (Difference::Blanks, 1));
}

#[test]
fn line_ends_and_bom_stay() {
    let body = "@@\n a\n-b\n+x\n+y";
    assert_eq!(patched("a\r\nb\r\nc\r\n", body), "a\r\nx\r\ny\r\nc\r\n");
    assert_eq!(patched("a\nb\nc", body), "a\nx\ny\nc");
    assert_eq!(patched("a\nb", body), "a\nx\ny\n");
    assert_eq!(patched("b\na", "@@\n a\n+c"), "b\na\nc\n");
    assert_eq!(patched("\u{feff}a\nb\n", body), "\u{feff}a\nx\ny\n");
}

#[test]
fn a_long_file_of_equal_lines_is_searched_in_no_time() {
    let file = "x\n".repeat(500_000);
    let body = format!("@@\n{} y\n+z", " x\n".repeat(50_000));
    assert!(matches!(missed(&file, &body), (0, Why::Nowhere(_))));
}

/// Where brisk is stricter than the grammar's first home.
const STRICTER: [(&str, &str, &str); 2] = [
    (
        "010_move_overwrites_existing_destination",
        "a file that is there is not moved over",
        "nothing is moved over it",
    ),
    (
        "011_add_overwrites_existing_file",
        "a file that is there is updated, not added",
        "exists and has 1 lines",
    ),
];

#[expect(clippy::disallowed_methods, reason = "tests find the conformance data by it")]
#[test]
fn every_recorded_scenario_gives_the_expected_tree() {
    let Ok(root) = std::env::var("BRISK_CONFORMANCE") else {
        println!("skipped: BRISK_CONFORMANCE is not set");
        return;
    };
    let mut scenarios: Vec<_> = fs::read_dir(Path::new(&root).join("apply_patch"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    scenarios.sort();
    assert!(scenarios.len() >= 17, "{scenarios:?}");
    for scenario in scenarios {
        let name = scenario.file_name().unwrap().to_str().unwrap();
        let fixture = Fixture::new();
        let input = files(&scenario.join("input"));
        input.iter().for_each(|(path, bytes)| fixture.write(path, bytes));
        let patch = fs::read_to_string(scenario.join("patch.txt")).unwrap();
        let result = apply(&fixture, &patch);
        let tree = files(&fixture.tree());
        let expected = files(&scenario.join("expected"));
        match STRICTER.iter().find(|(strict, ..)| *strict == name) {
            Some((_, why, said)) => {
                let error = result.unwrap_err();
                assert!(error.contains(said), "{name}: {why}: {error}");
                assert_eq!(tree, input, "{name}: {why}");
                assert_ne!(tree, expected, "{name} is not stricter any more");
            }
            None => {
                assert_eq!(tree, expected, "{name}: {result:?}");
                assert_eq!(result.is_err(), name.contains("_rejects_"), "{name}: {result:?}");
            }
        }
    }
}

fn apply(fixture: &Fixture, patch: &str) -> Result<(), String> {
    let workspace = fixture.open(TreeKind::InPlace);
    let operations = parse_patch(patch).map_err(|error| error.to_string())?;
    let alterations: Vec<_> = operations.into_iter().map(Alteration::Patch).collect();
    let proposals = workspace.propose_all(&alterations).map_err(|error| error.to_string())?;
    let accepted = vec![Accepted::All; proposals.len()];
    workspace.write_all(&proposals, &accepted).map_err(|error| error.to_string()).map(drop)
}

/// What the files below a folder hold; a folder that is not there has none.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    if !root.is_dir() {
        return BTreeMap::new();
    }
    let all = snapshot(root).into_iter();
    all.filter(|(path, _)| root.join(path).is_file())
        .map(|(path, (_, bytes))| (path, bytes))
        .collect()
}

/// The hunks of a patch from old to new, with three lines of context.
fn diff(old: &str, new: &str) -> String {
    use crate::protocol::LineKind;
    let mut body = String::new();
    for hunk in text::hunks(old.as_bytes(), new.as_bytes(), CONTEXT_LINES) {
        body.push_str("@@\n");
        for line in hunk.lines {
            let mark = match line.kind {
                LineKind::Same => ' ',
                LineKind::Removed => '-',
                LineKind::Added => '+',
            };
            body.push_str(&format!("{mark}{}\n", line.text));
        }
    }
    body.pop();
    body
}

proptest! {
    #[test]
    fn a_patch_made_of_two_texts_leads_from_the_one_to_the_other(
        old in proptest::collection::vec("[a-e ]{0,3}", 0..40),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), 0..3_usize, "[a-e ]{0,3}"), 1..6),
        returns in any::<bool>(), is_numbered in any::<bool>(),
    ) {
        // With numbers every line is unique, and each hunk must find its place.
        let number = |(index, line): (usize, &String)| {
            if is_numbered { format!("{index} {line}.") } else { format!("{line}.") }
        };
        let old: Vec<String> = old.iter().enumerate().map(number).collect();
        let mut new = old.clone();
        for (at, kind, text) in edits {
            let at = at.index(new.len() + 1);
            match kind {
                0 => new.insert(at, text),
                1 if at < new.len() => drop(new.remove(at)),
                _ if at < new.len() => new[at] = text,
                _ => {}
            }
        }
        let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let (old, new) = (text(&old), text(&new));
        prop_assume!(old != new);
        let ends = |text: &str| if returns { text.replace('\n', "\r\n") } else { text.to_owned() };
        let result = apply_hunks(ends(&old).as_bytes(), &hunks(&diff(&old, &new)));
        match result {
            Ok(result) => prop_assert_eq!(String::from_utf8(result).unwrap(), if old.is_empty() { new } else { ends(&new) }),
            Err(miss) => {
                prop_assert!(!is_numbered, "{miss:?}");
                let is_ambiguous = matches!(miss.why, Why::Several(..));
                prop_assert!(is_ambiguous, "{miss:?}");
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\*\\*\\* (Begin Patch|End Patch|Add File: a|Update File: b|Move to: c|Delete File: d|End of File)\n|@@( x)?\n|[-+ ]?[a-c ]{0,2}\n){0,12}") {
        let _ = parse_patch(&text);
        if let Ok(operations) = parse_patch(&format!("*** Begin Patch\n{text}*** End Patch")) {
            for operation in operations {
                if let Action::Update { hunks, .. } = operation.action {
                    let _ = apply_hunks(b"a\nb\r\n c\r a\n", &hunks);
                }
            }
        }
    }
}
