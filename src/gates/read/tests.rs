use super::*;

fn read(text: &str) -> Findings {
    let paths = Paths { root: "/w".to_owned(), folder: String::new() };
    let mut reader = Reader::new(paths, "lint");
    text.lines().for_each(|line| reader.line(line));
    reader.finish()
}

/// `path:line severity source: text`
fn said(found: &Findings) -> Vec<String> {
    let say = |said: &Diagnostic| {
        let severity = format!("{:?}", said.severity).to_lowercase();
        format!("{}:{} {severity} {}: {}", said.path, said.line, said.source, said.text)
    };
    found.diagnostics.iter().map(say).collect()
}

/// Output, first failing lines, diagnostics, count.
type Case = (&'static str, &'static [&'static str], &'static [&'static str], Option<&'static str>);

fn check(cases: &[Case]) {
    for (text, lines, diagnostics, count) in cases {
        let found = read(text);
        assert_eq!(found.lines, *lines, "{text}");
        assert_eq!(said(&found), *diagnostics, "{text}");
        assert_eq!(found.count.as_deref(), *count, "{text}");
    }
}

#[test]
fn rustc_and_its_kin_are_read() {
    check(&[
        (
            "    Checking small v0.1.0 (/w)\n\
             warning: unused variable: `spare`\n --> src/lib.rs:2:9\n  |\n2 |     let spare = 3;\n  |\n  \
             = note: `#[warn(unused_variables)]` (part of `#[warn(unused)]`) on by default\n\n\
             error[E0425]: cannot find value `undefined` in this scope\n --> src/lib.rs:3:19\n  |\n\n\
             error[E0277]: cannot add `&str` to `i32`\n --> src/lib.rs:3:11\n  |\n\
             help: the following other types implement it\n --> /rustc/59/core/arith.rs:99:8\n\n\
             For more information about an error, try `rustc --explain E0277`.\n\
             error: could not compile `small` (lib) due to 2 previous errors\n",
            &[
                "src/lib.rs:3:19: error[E0425]: cannot find value `undefined` in this scope",
                "src/lib.rs:3:11: error[E0277]: cannot add `&str` to `i32`",
            ],
            &[
                "src/lib.rs:2 warning rustc unused_variables: unused variable: `spare`",
                "src/lib.rs:3 error rustc E0425: cannot find value `undefined` in this scope",
                "src/lib.rs:3 error rustc E0277: cannot add `&str` to `i32`",
            ],
            None,
        ),
        (
            "error: length comparison to zero\n --> src/a.rs:9:8\n  |\n  \
             = note: `-D clippy::len-zero` implied by `-D warnings`\n",
            &["src/a.rs:9:8: error: length comparison to zero"],
            &["src/a.rs:9 error clippy len_zero: length comparison to zero"],
            None,
        ),
        (
            "error: no matching package named `absent` found\nlocation searched: index\n",
            &["error: no matching package named `absent` found"],
            &[],
            None,
        ),
        (
            "Diff in /w/src/lib.rs:1:\n\u{1b}[31m-pub fn f(){}\n\u{1b}(B\u{1b}[m+pub fn f() {}\n\
             Diff in /w/src/old.rs at line 7:\n",
            &[
                "src/lib.rs:1: is not formatted as rustfmt has it",
                "src/old.rs:7: is not formatted as rustfmt has it",
            ],
            &[
                "src/lib.rs:1 warning rustfmt: is not formatted as rustfmt has it",
                "src/old.rs:7 warning rustfmt: is not formatted as rustfmt has it",
            ],
            None,
        ),
    ]);
}

#[test]
fn cargo_test_tells_what_failed_where_and_why() {
    check(&[(
        "\nrunning 3 tests\ntest tests::fine ... ok\ntest tests::adds ... FAILED\n\
         test tests::holds ... FAILED\n\nfailures:\n\n---- tests::adds stdout ----\n\n\
         thread 'tests::adds' (31341) panicked at src/lib.rs:6:9:\n\
         assertion `left == right` failed: sum is off\n  left: 4\n right: 5\nstack backtrace:\n   \
         0: __rustc::rust_begin_unwind\n             at /rustc/59/panicking.rs:689:5\n\n\
         ---- tests::holds stdout ----\n\nthread 'tests::holds' panicked at src/lib.rs:10:9:\n\
         assertion failed: super::add(1, 1) == 3\nnote: run with `RUST_BACKTRACE=1`\n\n\n\
         failures:\n    tests::adds\n    tests::holds\n\n\
         test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out\n\n\
         error: test failed, to rerun pass `--lib`\n\
         test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        &[
            "src/lib.rs:6:9: tests::adds: assertion `left == right` failed: sum is off, left: 4, right: 5",
            "src/lib.rs:10:9: tests::holds: assertion failed: super::add(1, 1) == 3",
            "test tests::adds ... FAILED",
            "test tests::holds ... FAILED",
        ],
        &[
            "src/lib.rs:6 error panic: tests::adds: assertion `left == right` failed: sum is off, left: 4, right: 5",
            "src/lib.rs:10 error panic: tests::holds: assertion failed: super::add(1, 1) == 3",
        ],
        Some("41/43, 1 skipped"),
    )]);
}

#[test]
fn typescript_and_its_kin_are_read() {
    check(&[
        (
            "a.ts(1,7): error TS2322: Type 'string' is not a 'number'.\n\
             \u{1b}[96mb.ts\u{1b}[0m:\u{1b}[93m2\u{1b}[0m:\u{1b}[93m45\u{1b}[0m - \u{1b}[91merror\u{1b}[0m\
             \u{1b}[90m TS2304: \u{1b}[0mCannot find name 'b'.\n",
            &[
                "a.ts:1:7: error TS2322: Type 'string' is not a 'number'.",
                "b.ts:2:45: error TS2304: Cannot find name 'b'.",
            ],
            &[
                "a.ts:1 error tsc TS2322: Type 'string' is not a 'number'.",
                "b.ts:2 error tsc TS2304: Cannot find name 'b'.",
            ],
            None,
        ),
        (
            "\n/w/js/b.js\n   1:5  warning  'unused' is assigned a value but never used  no-unused-vars\n  \
             12:1  error    'foo' is not defined                         no-undef\n\n\
             ✖ 2 problems (1 error, 1 warning)\n",
            &["js/b.js:12:1: 'foo' is not defined"],
            &[
                "js/b.js:1 warning eslint no-unused-vars: 'unused' is assigned a value but never used",
                "js/b.js:12 error eslint no-undef: 'foo' is not defined",
            ],
            None,
        ),
        (
            "/w/b.js:2:1: 'foo' is not defined. [Error/no-undef]\n\n1 problem\n",
            &["b.js:2:1: 'foo' is not defined."],
            &["b.js:2 error eslint no-undef: 'foo' is not defined."],
            None,
        ),
        (
            "Checking formatting...\n[warn] src/a.js\n[warn] Code style issues found in the above file.\n",
            &["src/a.js:1: is not formatted as prettier has it"],
            &["src/a.js:1 warning prettier: is not formatted as prettier has it"],
            None,
        ),
        (
            "FAIL ./c.test.js\n  ✕ adds (3 ms)\n  ✓ fine\n\n  ● adds\n\n    \
             expect(received).toBe(expected) // Object.is equality\n\n    Expected: 3\n\n      \
             at Matcher.x (node_modules/expect/index.js:3:4)\n      \
             at Object.toBe (c.test.js:1:36)\n\n\
             Test Suites: 1 failed, 1 total\nTests:       1 failed, 1 passed, 2 total\n",
            &[
                "c.test.js:1:36: adds: expect(received).toBe(expected) // Object.is equality",
                "FAIL ./c.test.js",
                "● adds",
            ],
            &[
                "c.test.js:1 error test: adds: expect(received).toBe(expected) // Object.is equality",
            ],
            Some("1/2"),
        ),
        (
            " ❯ v/d.test.mjs (2 tests | 1 failed) 7ms\n\n FAIL  v/d.test.mjs > adds\n\
             AssertionError: expected 2 to be 3\n\n ❯ v/d.test.mjs:2:36\n\n \
             Test Files  1 failed (1)\n      Tests  1 failed | 1 passed | 3 skipped (5)\n",
            &[
                "v/d.test.mjs:2:36: v/d.test.mjs > adds: AssertionError: expected 2 to be 3",
                "FAIL v/d.test.mjs > adds",
            ],
            &["v/d.test.mjs:2 error test: v/d.test.mjs > adds: AssertionError: expected 2 to be 3"],
            Some("1/2, 3 skipped"),
        ),
        (
            "TAP version 13\nnot ok 1 - adds\nok 2 - fine\n# tests 2\n# pass 1\n# fail 1\n# skipped 0\n",
            &["not ok 1 - adds"],
            &[],
            Some("1/2"),
        ),
    ]);
}

#[test]
fn python_is_read() {
    check(&[
        (
            "tests/test_a.py:1:8: F401 [*] `os` imported but unused\nFound 1 error.\n",
            &["tests/test_a.py:1:8: F401 [*] `os` imported but unused"],
            &["tests/test_a.py:1 error F401: [*] `os` imported but unused"],
            None,
        ),
        (
            "F401 [*] `os` imported but unused\n --> a.py:1:8\n  |\n\nunformatted: File would be reformatted\n  \
             --> b.py:4:1\n",
            &["a.py:1:8: F401 [*] `os` imported but unused"],
            &[
                "a.py:1 error ruff F401: [*] `os` imported but unused",
                "b.py:4 warning ruff format: File would be reformatted",
            ],
            None,
        ),
        (
            "tests/a.py:5: error: Incompatible return value  [return-value]\n\
             tests/a.py:5: note: See the manual\nFound 1 error in 1 file\n  \
             /w/b.py:3:5 - error: \"x\" is not defined (reportUndefinedVariable)\n",
            &[
                "tests/a.py:5: Incompatible return value [return-value]",
                "b.py:3:5: \"x\" is not defined (reportUndefinedVariable)",
            ],
            &[
                "tests/a.py:5 error mypy return-value: Incompatible return value [return-value]",
                "b.py:3 error pyright reportUndefinedVariable: \"x\" is not defined (reportUndefinedVariable)",
            ],
            None,
        ),
        (
            "would reformat /w/tests/a.py\n\nOh no!\n1 file would be reformatted.\n",
            &["tests/a.py:1: is not formatted as black has it"],
            &["tests/a.py:1 warning black: is not formatted as black has it"],
            None,
        ),
        (
            ".FFs                                  [100%]\n=== FAILURES ===\n___ test_adds ___\n\n    \
             def test_adds():\n>       assert total == 5, \"sum is off\"\nE       AssertionError: sum is off\n\
             E       assert '4' == 5\n\ntests/test_a.py:12: AssertionError\n___ test_raises ___\n\
             E       ValueError: no\n\ntests/test_a.py:15: ValueError\n=== short test summary info ===\n\
             FAILED tests/test_a.py::test_adds - AssertionError: sum is off\n\
             2 failed, 1 passed, 1 skipped in 0.02s\n",
            &[
                "tests/test_a.py:12: AssertionError: sum is off",
                "tests/test_a.py:15: ValueError: no",
                "FAILED tests/test_a.py::test_adds - AssertionError: sum is off",
            ],
            &[
                "tests/test_a.py:12 error pytest: AssertionError: sum is off",
                "tests/test_a.py:15 error pytest: ValueError: no",
            ],
            Some("1/3, 1 skipped"),
        ),
        (
            "___ ERROR collecting broken_test.py ___\nTraceback:\n\
             /usr/lib/python3.11/importlib/__init__.py:126: in import_module\n    return x\n\
             broken_test.py:1: in <module>\n    import nothing_here\n\
             E   ModuleNotFoundError: No module named 'nothing_here'\n\
             ERROR broken_test.py\n=== 1 error in 0.10s ===\n",
            &[
                "broken_test.py:1: ModuleNotFoundError: No module named 'nothing_here'",
                "ERROR broken_test.py",
            ],
            &["broken_test.py:1 error pytest: ModuleNotFoundError: No module named 'nothing_here'"],
            Some("0/1"),
        ),
        (
            "F.E\n======\nERROR: test_z (test_u.A.test_z)\n------\nTraceback (most recent call last):\n  \
             File \"/w/test_u.py\", line 8, in test_z\n    {}[\"a\"]\n    ~~^^^^^\n  \
             File \"/usr/lib/python3/os.py\", line 2, in x\nKeyError: 'a'\n\n======\n\
             Ran 3 tests in 0.001s\n\nFAILED (failures=1, errors=1)\n",
            &["test_u.py:8: KeyError: 'a'", "ERROR: test_z (test_u.A.test_z)"],
            &["test_u.py:8 error python: KeyError: 'a'"],
            Some("1/3"),
        ),
    ]);
}

#[test]
fn go_and_c_are_read() {
    check(&[
        (
            "# example.com/small/bad\nvet: bad/b.go:3:23: undeclared name: undefined\n\
             # example.com/small\n./a.go:6:2: fmt.Printf format %d has arg \"x\" of wrong type string\n",
            &[
                "bad/b.go:3:23: undeclared name: undefined",
                "a.go:6:2: fmt.Printf format %d has arg \"x\" of wrong type string",
            ],
            &[
                "bad/b.go:3 error go: undeclared name: undefined",
                "a.go:6 error go: fmt.Printf format %d has arg \"x\" of wrong type string",
            ],
            None,
        ),
        (
            "--- FAIL: TestAdd (0.00s)\n    a_test.go:7: sum is off: 4\nFAIL\n\
             FAIL\texample.com/small\t0.002s\nok  \texample.com/small/b\t0.1s\nFAIL\n",
            &["a_test.go:7: sum is off: 4", "--- FAIL: TestAdd (0.00s)"],
            &[],
            Some("1/2 packages"),
        ),
        (
            "=== RUN   TestAdd\n--- FAIL: TestAdd (0.00s)\n=== RUN   TestFine\n--- PASS: TestFine (0.00s)\n\
             FAIL\texample.com/small\t0.002s\n",
            &["--- FAIL: TestAdd (0.00s)"],
            &[],
            Some("1/2"),
        ),
        (
            "gcc -Wall -c a.c\na.c: In function ‘add’:\na.c:3:14: error: ‘c’ undeclared (first use)\n    \
             3 |   return a + c;\na.c:3:14: note: each is reported once\n\
             a.c:2:7: warning: unused variable ‘unused’ [-Wunused-variable]\n\
             make: *** [Makefile:2: all] Error 1\n",
            &["a.c:3:14: ‘c’ undeclared (first use)"],
            &[
                "a.c:3 error cc: ‘c’ undeclared (first use)",
                "a.c:2 warning cc -Wunused-variable: unused variable ‘unused’ [-Wunused-variable]",
            ],
            None,
        ),
        (
            "/usr/bin/ld: /tmp/b.o: in function `main':\nb.c:(.text+0x5): undefined reference to `f'\n\
             collect2: error: ld returned 1 exit status\n",
            &["b.c:(.text+0x5): undefined reference to `f'"],
            &[],
            None,
        ),
        (
            "make: *** No rule to make target 'x', needed by 'all'.  Stop.\nmake: *** [Makefile:2: all] Error 1\n",
            &["make: *** [Makefile:2: all] Error 1"],
            &[],
            None,
        ),
        (
            "98% tests passed, 1 tests failed out of 41\n",
            &["98% tests passed, 1 tests failed out of 41"],
            &[],
            Some("40/41"),
        ),
        (
            "Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s - in A\n\
             [INFO] Tests run: 41, Failures: 1, Errors: 1, Skipped: 2\n",
            &[
                "Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s - in A",
                "[INFO] Tests run: 41, Failures: 1, Errors: 1, Skipped: 2",
            ],
            &[],
            Some("37/39, 2 skipped"),
        ),
    ]);
}

#[test]
fn what_nobody_knows_shows_its_last_words_on_failure_or_its_end() {
    let many: String = (1..=20).map(|number| format!("step {number}\n")).collect();
    let tail = read(&many);
    assert_eq!(tail.lines.first().map(String::as_str), Some("step 13"));
    assert_eq!(tail.lines.len(), LINES_MAX);
    let mentioned = read(&format!("{many}the check FAILED badly\nbye\n"));
    assert_eq!(mentioned.lines, ["the check FAILED badly"]);
    assert_eq!(read(""), Findings::default());
}

#[test]
fn all_that_is_kept_is_clean_and_bounded() {
    let long = "x".repeat(10_000);
    let text: String = (1..=1_000)
        .map(|line| format!("\u{1b}[31ma\u{202e}b.c:{line}:1: error: \u{7}{long}\u{1b}[0m\n"))
        .collect();
    let found = read(&text);
    assert_eq!((found.lines.len(), found.diagnostics.len()), (LINES_MAX, DIAGNOSTICS_MAX));
    for line in &found.lines {
        assert!(line.chars().count() <= LINE_COLUMNS_MAX, "{line}");
        assert!(line.contains("<U+202E>") && !line.contains(['\u{1b}', '\u{7}']), "{line}");
    }
    assert!(found.diagnostics.iter().all(|said| said.text.chars().count() <= TEXT_COLUMNS_MAX));
    let twice = read("a.c:1:1: error: x\na.c:1:1: error: x\n");
    assert_eq!(twice.diagnostics.len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_output_is_too_odd(text in "(?s)([ :0-9'\"(\\[\\]\n\t]|error|warning|-->|E   |File \"|FAIL|panicked at|thread '| in |[a-z./]{1,5}|\\PC){0,80}") {
        let found = read(&text);
        proptest::prop_assert!(found.lines.len() <= LINES_MAX);
        for said in &found.diagnostics {
            proptest::prop_assert!(said.line > 0 && !said.path.starts_with('/'));
        }
    }
}
