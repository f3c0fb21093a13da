use super::*;
use serde_json::{Value, json};

fn scan(document: &Value) -> Scanned {
    read(document.to_string().as_bytes(), "/w", "").expect("it is SARIF")
}

fn log(results: &Value, rules: &Value) -> Value {
    let driver = json!({"name": "Semgrep OSS", "rules": rules});
    json!({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]})
}

fn at(uri: &str, line: i64) -> Value {
    json!([{"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line}}}])
}

fn said(scanned: &Scanned) -> Vec<String> {
    let say = |said: &Diagnostic| {
        format!("{}:{} {:?} {}: {}", said.path, said.line, said.severity, said.source, said.text)
    };
    scanned.diagnostics.iter().map(say).collect()
}

#[test]
fn a_result_has_its_rules_level_text_and_place() {
    let scanned = scan(&log(
        &json!([
            {"ruleId": "jitter", "message": {"text": "This is\nno secret."}, "locations": at("a.py", 4)},
            {"ruleId": "shell", "level": "error", "message": {"text": "It runs."}, "locations": at("src/b.py", 9)},
            {"ruleIndex": 1, "message": {"id": "long"}, "locations": at("c.py", 1)},
            {"rule": {"id": "none"}, "level": "none", "message": {}, "locations": at("d.py", 2)},
        ]),
        &json!([
            {"id": "jitter", "defaultConfiguration": {"level": "warning"}},
            {"id": "named", "defaultConfiguration": {"level": "note"},
             "messageStrings": {"long": {"text": "A text by its name."}}},
        ]),
    ));
    assert_eq!(
        said(&scanned),
        [
            "src/b.py:9 Error semgrep shell: It runs.",
            "a.py:4 Warning semgrep jitter: This is no secret.",
            "c.py:1 Note semgrep named: A text by its name.",
            "d.py:2 Note semgrep none: none",
        ]
    );
    assert_eq!((scanned.errors, scanned.warnings, scanned.notes), (1, 1, 2));
}

#[test]
fn places_are_uris_of_many_kinds() {
    let of = |uri: &str, bases: Value| {
        let mut document = log(&json!([{"ruleId": "r", "locations": at(uri, 3)}]), &json!(null));
        document["runs"][0]["originalUriBaseIds"] = bases;
        let scanned = scan(&document);
        assert_eq!(scanned.warnings, 1, "{uri}");
        scanned.diagnostics.first().map(|said| said.path.clone())
    };
    for (uri, wanted) in [
        ("src/a.py", Some("src/a.py")),
        ("./src/../a.py", Some("a.py")),
        ("my%20file%2Epy", Some("my file.py")),
        ("caf%C3%A9.py", Some("café.py")),
        ("100%.py", Some("100%.py")),
        ("file:///w/src/a.py", Some("src/a.py")),
        ("file://localhost/w/a.py", Some("a.py")),
        ("file:/w/a.py", Some("a.py")),
        ("/w/a.py", Some("a.py")),
        ("/etc/passwd", None),
        ("../a.py", None),
        ("https://example.com/a.py", None),
        ("%FF.py", None),
        ("", None),
    ] {
        assert_eq!(of(uri, json!(null)).as_deref(), wanted, "{uri}");
    }
    let base = json!({"%SRCROOT%": {"uri": "file:///w/web/"}});
    assert_eq!(of("a.py", base).as_deref(), Some("web/a.py"));
    let bases =
        json!({"%SRCROOT%": {"uri": "sub/", "uriBaseId": "TOP"}, "TOP": {"uri": "file:///w"}});
    assert_eq!(of("a.py", bases).as_deref(), Some("sub/a.py"));
    let round = json!({"%SRCROOT%": {"uri": "x", "uriBaseId": "%SRCROOT%"}});
    assert!(of("a.py", round).is_some());
    let inside = read(
        log(&json!([{"ruleId": "r", "locations": at("a.py", 3)}]), &json!([]))
            .to_string()
            .as_bytes(),
        "/w/",
        "web",
    );
    assert_eq!(inside.expect("it is SARIF").diagnostics[0].path, "web/a.py");
}

#[test]
fn what_is_no_finding_does_not_count() {
    let scanned = scan(&log(
        &json!([
            {"ruleId": "r", "level": "error", "kind": "pass", "locations": at("a", 1)},
            {"ruleId": "r", "level": "error", "baselineState": "absent", "locations": at("a", 1)},
            {"ruleId": "r", "level": "error", "suppressions": [{"kind": "inSource"}]},
            {"ruleId": "r", "level": "error", "suppressions": [{"kind": "external", "status": "rejected"}]},
            {"ruleId": "r", "level": "error", "kind": "fail", "locations": null, "suppressions": null},
            {"ruleId": "r", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "b.py"}}}]},
        ]),
        &json!([]),
    ));
    assert_eq!((scanned.errors, scanned.warnings), (2, 1));
    assert_eq!(said(&scanned), ["b.py:1 Warning semgrep r: r"]);
}

#[test]
fn what_is_no_sarif_is_said() {
    for (document, word) in [
        (&b""[..], "no SARIF"),
        (b"{", "no SARIF"),
        (b"[]", "no SARIF"),
        (b"{\"version\": \"2.1.0\"}", "runs"),
        (b"{\"version\": \"1.0.0\", \"runs\": []}", "SARIF 1.0.0"),
        (b"{\"version\": \"2.1.0\", \"runs\": 7}", "list"),
        (b"\xff\xfe", "no SARIF"),
    ] {
        let error = read(document, "/w", "").expect_err("it is none");
        assert!(error.contains(word), "{error}");
    }
    let deep = format!("{{\"version\":\"2.1.0\",\"runs\":{}", "[".repeat(100_000));
    assert!(read(deep.as_bytes(), "/w", "").is_err());
    let large = vec![b' '; SARIF_BYTES_MAX + 1];
    assert!(read(&large, "/w", "").expect_err("it is large").contains("16 MB"));
    let empty =
        read(b"\xef\xbb\xbf{\"version\":\"2.1.0\",\"runs\":[{\"results\":null}]}", "/w", "");
    assert_eq!(empty, Ok(Scanned::default()));
}

#[test]
fn more_results_than_anybody_reads_are_cut_and_said() {
    let many: Vec<Value> = (0..=RESULTS_MAX)
        .map(|number| {
            let level = if number == 500 { "error" } else { "note" };
            json!({"ruleId": "r", "level": level, "locations": at("a.py", 1 + number as i64)})
        })
        .collect();
    let scanned = scan(&log(&json!(many), &json!([])));
    assert!(scanned.cut);
    assert_eq!(scanned.diagnostics.len(), DIAGNOSTICS_MAX);
    assert_eq!(scanned.diagnostics[0].line, 501);
    let odd = scan(&log(
        &json!([{"ruleId": "r", "locations": at("a.py", i64::MAX)}, {"locations": at("a.py", -4)},
                {"ruleId": "r", "ruleIndex": -1, "locations": at("a.py", 0)}]),
        &json!([]),
    ));
    assert_eq!((odd.warnings, odd.diagnostics.len()), (3, 1));
}

proptest::proptest! {
    #[test]
    fn a_damaged_document_is_an_error_and_no_more(cut in 0..400_usize, byte in 0..=255_u8) {
        let whole = log(
            &json!([{"ruleId": "r", "level": "error", "message": {"text": "x"}, "locations": at("a.py", 3)}]),
            &json!([{"id": "r", "defaultConfiguration": {"level": "note"}}]),
        );
        let mut bytes = whole.to_string().into_bytes();
        let last = bytes.len() - 1;
        bytes[cut.min(last)] = byte;
        let _ = read(&bytes, "/w", "");
        let _ = read(&bytes[..cut.min(last)], "/w", "");
    }
}
