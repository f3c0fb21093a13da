//! Files of languages that are not parsed, line by line.

use crate::protocol::{Import, Side, Spot, TestChange, TestKind, Touched};

/// What opens a comment to the end of the line, by the file's ending; of a file without one, and
/// of unknown ones: `#`.
fn comment_marks(path: &str) -> &'static [&'static str] {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "sql" | "lua" | "hs" => &["--"],
        "xml" | "html" | "svg" | "csproj" | "fsproj" | "props" | "vue" | "md" => &["<!--"],
        "php" => &["//", "#", "*", "/*"],
        "ini" | "cfg" => &["#", ";"],
        "c" | "h" | "cc" | "cpp" | "hpp" | "cs" | "kt" | "kts" | "swift" | "scala" | "gradle"
        | "groovy" | "proto" | "prisma" | "mod" | "dart" | "zig" | "css" | "scss" | "rs" | "go"
        | "ts" | "tsx" | "js" | "jsx" | "java" => &["//", "/*", "*"],
        _ => &["#"],
    }
}

/// A line's code, and what stands in quotes in it.
pub(super) fn parts(path: &str, line: &str) -> (String, Vec<String>) {
    let line = line.trim();
    let marks = comment_marks(path);
    if marks.iter().any(|mark| line.starts_with(mark)) {
        return (String::new(), Vec::new());
    }
    let (mut code, mut strings) = (String::new(), Vec::new());
    let mut quoted: Option<(char, String)> = None;
    for (at, char) in line.char_indices() {
        if let Some((quote, inner)) = &mut quoted {
            if char == *quote {
                code.push(char);
                strings.push(std::mem::take(inner));
                quoted = None;
            } else {
                inner.push(char);
            }
            continue;
        }
        let spaced = line[..at].ends_with(char::is_whitespace);
        if spaced && marks.iter().any(|mark| *mark != "*" && line[at..].starts_with(mark)) {
            break;
        }
        code.push(char);
        if matches!(char, '"' | '\'') {
            quoted = Some((char, String::new()));
        }
    }
    // A quote that nothing closes is an apostrophe.
    if let Some((_, inner)) = quoted {
        code.push_str(&inner);
    }
    (code.trim().to_owned(), strings)
}

/// Lines that bring in something else: `require "x"`, `using X;`, `import x`, `#include <x>`.
pub(super) fn imports(source: &[u8], side: Side) -> Vec<Import> {
    const WORDS: [&str; 7] =
        ["require ", "require_relative ", "import ", "using ", "use ", "#include ", "from "];
    let source = String::from_utf8_lossy(source);
    let lines = (1..).zip(source.lines());
    lines
        .filter_map(|(line, text)| {
            let text = text.trim();
            let rest = WORDS.iter().find_map(|word| text.strip_prefix(word))?;
            let module = rest.split_whitespace().next()?;
            let module = module.trim_matches(|char: char| "\"'<>;()".contains(char));
            let name = module.rsplit(['.', '/', '\\', ':']).next().unwrap_or(module);
            Some(Import {
                module: module.to_owned(),
                names: vec![name.to_owned()],
                spot: Spot { side, line },
                touched: false,
            })
        })
        .collect()
}

/// Whether a file is code, whose lines may be tests.
pub(super) fn is_code(path: &str) -> bool {
    const ENDINGS: [&str; 28] = [
        "rb", "php", "cs", "kt", "kts", "swift", "scala", "c", "cc", "cpp", "cxx", "h", "hpp", "m",
        "ex", "exs", "clj", "dart", "lua", "sh", "bats", "pl", "vb", "fs", "groovy", "zig", "vue",
        "svelte",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// What a changed test file no longer asks, as far as lines tell.
pub(super) fn tests(touched: &[Touched]) -> Vec<TestChange> {
    const ASKS: [&str; 7] =
        ["assert", "expect", ".should", "Assert.", "verify(", "refute", "XCTAssert"];
    const SKIPS: [&str; 17] = [
        "xit ",
        "xit(",
        "xdescribe",
        "xcontext",
        "xtest",
        "fit ",
        "fdescribe",
        "pending",
        "skip ",
        "skip(",
        ".skip",
        "skip:",
        "[Ignore",
        "@Ignore",
        "@Disabled",
        "markTestSkipped",
        "Skip =",
    ];
    let of = |side| touched.iter().filter(move |line| line.spot.side == side);
    let same = |line: &Touched, other: &Touched| {
        let plain = |line: &Touched| -> String { line.code.split_whitespace().collect() };
        plain(line) == plain(other) && line.strings == other.strings
    };
    let mut found = Vec::new();
    let mut add = |kind, line: &Touched| {
        found.push(TestChange { kind, test: String::new(), spot: line.spot });
    };
    for line in of(Side::New) {
        let skips = |line: &Touched| {
            SKIPS.iter().any(|mark| line.code == mark.trim() || line.code.contains(mark))
        };
        if skips(line) && !of(Side::Old).any(|other| same(line, other)) {
            add(TestKind::Ignored, line);
        }
    }
    for line in of(Side::Old) {
        let asks = ASKS.iter().any(|mark| line.code.contains(mark));
        if asks && !of(Side::New).any(|other| same(line, other)) {
            add(TestKind::Weakened, line);
        }
    }
    found
}
