//! Reads a line wholly, or not at all: the simple commands in it, each with its words and with the
//! folders that the shell may be in by then. What the commands do is for `readers`.
//!
//! Two readers must agree: the grammar's tree gives the structure, `words` the words. A node that
//! is not named here, a word that only one of them saw, an error anywhere: not understood.

use super::paths;
use super::words::{self, Kind, Token, Word};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use tree_sitter::{Node, ParseOptions, ParseState, Parser};

/// A line that is longer hides its end from whoever approves it.
pub(super) const LINE_BYTES_MAX: usize = 4096;
const NESTING_MAX: usize = 64;
/// Of some hundred steps each.
const PARSE_ROUNDS_MAX: usize = 1_000;
const FOLDERS_MAX: usize = 8;

/// A program with its words: no assignment, no expansion.
#[derive(Clone, Debug)]
pub(super) struct Simple {
    /// Never empty.
    pub words: Vec<Word>,
    /// Where the shell may be when it runs; never empty.
    pub folders: Vec<PathBuf>,
}

/// A file that a redirection opens.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub target: Word,
    pub writes: bool,
    pub folders: Vec<PathBuf>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Understood {
    pub commands: Vec<Simple>,
    pub opened: Vec<Opened>,
}

/// The tree of a text; None if it takes the grammar too long, as only hostile text does.
pub(super) fn parse(text: &str) -> Option<tree_sitter::Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    // Counted, not timed, so that the same text is always judged the same.
    let mut rounds = 0;
    let mut progress = |_: &ParseState| {
        rounds += 1;
        if rounds > PARSE_ROUNDS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut rest = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    parser.parse_with_options(&mut rest, None, Some(options))
}

/// # Errors
/// One clause for people: the first thing that is not understood.
pub(super) fn understand(line: &str, folder: &Path) -> Result<Understood, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("is longer than {LINE_BYTES_MAX} bytes"));
    }
    let tokens = words::read(line)?;
    let tree = parse(line).ok_or("cannot be parsed")?;
    if tree.root_node().has_error() {
        return Err("cannot be parsed".to_owned());
    }
    let seen = vec![false; tokens.len()];
    let mut walk = Walk { line, tokens: &tokens, seen, depth: 0, out: Understood::default() };
    walk.statements(tree.root_node(), &vec![folder.to_owned()])?;
    let unseen =
        tokens.iter().zip(&walk.seen).any(|(token, seen)| token.kind != Kind::Operator && !seen);
    if unseen || walk.out.commands.is_empty() {
        return Err("can be read in more than one way".to_owned());
    }
    Ok(walk.out)
}

type Folders = Vec<PathBuf>;

/// Where the shell may be after a statement.
struct After {
    success: Folders,
    failure: Folders,
}

impl After {
    fn same(folders: &Folders) -> After {
        After { success: folders.clone(), failure: folders.clone() }
    }
}

fn union(mut folders: Folders, more: Folders) -> Folders {
    for folder in more {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

struct Walk<'a> {
    line: &'a str,
    tokens: &'a [Token],
    /// Of each token, whether a statement took it.
    seen: Vec<bool>,
    depth: usize,
    out: Understood,
}

impl Walk<'_> {
    /// The statements of a node, one after the other.
    fn statements(&mut self, node: Node<'_>, folders: &Folders) -> Result<After, String> {
        let mut now = folders.clone();
        let mut after = After::same(folders);
        for child in children(node) {
            if child.is_named() {
                after = self.statement(child, &now)?;
                now = union(after.success.clone(), after.failure.clone());
            } else if !matches!(child.kind(), ";" | "\n" | "(" | ")") {
                return Err(format!("holds `{}`", child.kind()));
            }
        }
        Ok(after)
    }

    fn statement(&mut self, node: Node<'_>, folders: &Folders) -> Result<After, String> {
        self.depth += 1;
        if self.depth > NESTING_MAX || folders.len() > FOLDERS_MAX {
            return Err("is nested too deeply".to_owned());
        }
        let after = match node.kind() {
            "comment" => Ok(After::same(folders)),
            "command" => self.command(node, folders),
            "test_command" => self.test(node, folders),
            "list" => self.list(node, folders),
            "pipeline" => self.pipeline(node, folders),
            "subshell" => self.statements(node, folders).map(|_| After::same(folders)),
            "redirected_statement" => self.redirected(node, folders),
            other => Err(format!("holds a {}", other.replace('_', " "))),
        };
        self.depth -= 1;
        after
    }

    fn list(&mut self, node: Node<'_>, folders: &Folders) -> Result<After, String> {
        let [left, operator, right] = children(node)[..] else {
            return Err("holds a list that is not understood".to_owned());
        };
        let first = self.statement(left, folders)?;
        match operator.kind() {
            "&&" => {
                let second = self.statement(right, &first.success)?;
                Ok(After { failure: union(first.failure, second.failure), ..second })
            }
            "||" => {
                let second = self.statement(right, &first.failure)?;
                Ok(After { success: union(first.success, second.success), ..second })
            }
            other => Err(format!("holds `{other}`")),
        }
    }

    fn pipeline(&mut self, node: Node<'_>, folders: &Folders) -> Result<After, String> {
        let mut all = folders.clone();
        for child in children(node) {
            if child.is_named() {
                // The last part may run in this very shell, which shell that is decides.
                let after = self.statement(child, folders)?;
                all = union(all, union(after.success, after.failure));
            } else if child.kind() != "|" {
                return Err(format!("holds `{}`", child.kind()));
            }
        }
        Ok(After::same(&all))
    }

    fn redirected(&mut self, node: Node<'_>, folders: &Folders) -> Result<After, String> {
        let mut after = None;
        for child in children(node) {
            match child.kind() {
                "file_redirect" => self.redirect(child, folders)?,
                "comment" => {}
                _ if after.is_none() => after = Some(self.statement(child, folders)?),
                other => return Err(format!("holds a {}", other.replace('_', " "))),
            }
        }
        after.ok_or_else(|| "redirects nothing".to_owned())
    }

    fn redirect(&mut self, node: Node<'_>, folders: &Folders) -> Result<(), String> {
        let range = self.within(node.byte_range());
        let tokens = &self.tokens[range.clone()];
        let [
            Token { kind: Kind::Redirect { descriptor, operator }, .. },
            Token { kind: Kind::Word(word), .. },
        ] = tokens
        else {
            return Err("redirects in a way that is not understood".to_owned());
        };
        if descriptor.is_some_and(|number| number > 2) {
            return Err("opens a descriptor of its own".to_owned());
        }
        let duplicates = matches!(operator.as_str(), ">&" | "<&");
        if duplicates && !matches!(word.text.as_str(), "0" | "1" | "2") {
            return Err("redirects in a way that is not understood".to_owned());
        }
        if !duplicates {
            let opened =
                Opened { target: word.clone(), writes: operator != "<", folders: folders.clone() };
            self.out.opened.push(opened);
        }
        self.see(range);
        Ok(())
    }

    fn command(&mut self, node: Node<'_>, folders: &Folders) -> Result<After, String> {
        let mut words = Vec::new();
        for child in children(node) {
            match child.kind() {
                "command_name" | "word" | "string" | "raw_string" | "number" | "concatenation" => {
                    words.push(self.word(child)?);
                }
                "file_redirect" => self.redirect(child, folders)?,
                "variable_assignment" => return Err("sets a variable for a command".to_owned()),
                other => return Err(format!("holds a {}", other.replace('_', " "))),
            }
        }
        let inside = self.within(node.byte_range());
        if self.tokens[inside].iter().any(|token| token.kind == Kind::Operator) {
            return Err("can be read in more than one way".to_owned());
        }
        self.push(words, folders)
    }

    /// `[ -f x ]`: the tree sees an expression, the shell a program with words.
    fn test(&mut self, node: Node<'_>, folders: &Folders) -> Result<After, String> {
        let range = self.within(node.byte_range());
        let words: Option<Vec<Word>> = self.tokens[range.clone()]
            .iter()
            .map(|token| match &token.kind {
                Kind::Word(word) => Some(word.clone()),
                Kind::Redirect { .. } | Kind::Operator => None,
            })
            .collect();
        let words = words.ok_or("tests in a way that is not understood")?;
        let closed =
            words.len() > 1 && words.last().is_some_and(|word| word.bare && word.text == "]");
        if !closed || words[0].text != "[" || &self.line[node.byte_range()][..1] != "[" {
            return Err("tests in a way that is not understood".to_owned());
        }
        self.see(range);
        self.push(words, folders)
    }

    fn push(&mut self, words: Vec<Word>, folders: &Folders) -> Result<After, String> {
        let Some(program) = words.first() else {
            return Err("has no program".to_owned());
        };
        if !program.text.is_ascii() || program.glob {
            return Err("names a program that looks like another".to_owned());
        }
        let after = match (program.text.as_str(), &words[1..]) {
            ("cd", [to]) => {
                let to = |folder: &PathBuf| paths::resolve(folder, &to.text);
                After { success: folders.iter().map(to).collect(), failure: folders.clone() }
            }
            _ => After::same(folders),
        };
        self.out.commands.push(Simple { words, folders: folders.clone() });
        Ok(after)
    }

    fn word(&mut self, node: Node<'_>) -> Result<Word, String> {
        let range = self.within(node.byte_range());
        let [Token { span, kind: Kind::Word(word) }] = &self.tokens[range.clone()] else {
            return Err("can be read in more than one way".to_owned());
        };
        if *span != node.byte_range() {
            return Err("can be read in more than one way".to_owned());
        }
        self.see(range);
        Ok(word.clone())
    }

    /// The tokens that lie in these bytes, each wholly.
    fn within(&self, bytes: Range<usize>) -> Range<usize> {
        let start = self.tokens.partition_point(|token| token.span.start < bytes.start);
        let end = self.tokens.partition_point(|token| token.span.end <= bytes.end);
        start..end.max(start)
    }

    fn see(&mut self, range: Range<usize>) {
        self.seen[range].fill(true);
    }
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(line: &str) -> Vec<String> {
        let understood =
            understand(line, Path::new("/w")).unwrap_or_else(|why| panic!("{line}: {why}"));
        let words = understood.commands.into_iter().map(|simple| {
            let words: Vec<String> = simple.words.into_iter().map(|word| word.text).collect();
            words.join(" ")
        });
        words.collect()
    }

    #[test]
    fn every_simple_command_of_a_line_is_seen() {
        assert_eq!(
            programs("ls -l; (pwd) | wc && [ -f x ]\ntrue # rm"),
            ["ls -l", "pwd", "wc", "[ -f x ]", "true"]
        );
        assert_eq!(programs("cat a 2>/dev/null <b | sort >&2"), ["cat a", "sort"]);
        assert_eq!(programs("grep -n 'a\nb' c"), ["grep -n a\nb c"]);
    }

    #[test]
    fn what_is_more_than_simple_commands_is_not_understood() {
        for line in [
            "if true; then ls; fi",
            "for x in a; do ls; done",
            "while true; do ls; done",
            "f() { ls; }",
            "{ ls; }",
            "! ls",
            "x=1",
            "x=1 ls",
            "export A=b",
            "cat <<E\nx\nE",
            "cat <<<x",
            "[[ -f x ]]",
            "ls <(pwd)",
            "case x in x) ls;; esac",
            "",
            "# only",
            "> x",
            "ls 3>x",
            "a b (c)",
            "unset x",
            "((1))",
            "time -p ls | (",
            "ls >",
            "&& ls",
        ] {
            assert!(understand(line, Path::new("/w")).is_err(), "{line:?}");
        }
    }

    #[test]
    fn cd_moves_what_comes_after_it() {
        let folders = |line: &str| {
            let understood = understand(line, Path::new("/w")).unwrap();
            understood.commands.last().unwrap().folders.clone()
        };
        let of = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(folders("cd a && ls"), of(&["/w/a"]));
        assert_eq!(folders("cd a; ls"), of(&["/w/a", "/w"]));
        assert_eq!(folders("cd a || ls"), of(&["/w"]));
        assert_eq!(folders("(cd a) && ls"), of(&["/w"]));
        assert_eq!(folders("cd a && cd .. && ls"), of(&["/w"]));
        assert_eq!(folders("true | cd a; ls"), of(&["/w", "/w/a"]));
    }
}
