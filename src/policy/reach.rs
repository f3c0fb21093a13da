//! The lenient reader: every command that a line might run, however deep it hides, as far as can be
//! seen. It finds what to be afraid of and what a rule forbids; it never finds a line harmless.

use super::understand::parse;
use tree_sitter::Node;

/// A command that writes a file with a here-document may be long.
const TEXT_BYTES_MAX: usize = 32 * 1024;
/// The grammar may look ahead to the end of a line at each word of it.
const LINE_BYTES_MAX: usize = 4096;
const NESTING_MAX: usize = 200;
const SHELLS_MAX: usize = 4;
const COMMANDS_MAX: usize = 512;

pub(super) const SHELLS: [&str; 9] =
    ["sh", "bash", "zsh", "dash", "ksh", "fish", "ash", "csh", "tcsh"];

#[derive(Clone, Debug, Default)]
pub(super) struct Reached {
    pub commands: Vec<Command>,
    /// Targets of redirections that write.
    pub written: Vec<String>,
    /// Names of variables that are set.
    pub assigned: Vec<String>,
    /// What by itself is a reason to be afraid.
    pub alarms: Vec<&'static str>,
    /// Something was not seen: it was no grammar, or too much.
    pub partial: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Command {
    /// Quotes taken off where that is possible; an expansion stands as it was written.
    pub words: Vec<String>,
    /// Its input comes from another command, or from the line itself.
    pub fed: bool,
    /// It holds an expansion that runs a command.
    pub substitutes: bool,
}

pub(super) fn reach(line: &str) -> Reached {
    let mut reached = Reached::default();
    read(line, 0, &mut reached);
    reached
}

fn read(line: &str, shells: usize, out: &mut Reached) {
    let short =
        line.len() <= TEXT_BYTES_MAX && line.lines().all(|line| line.len() <= LINE_BYTES_MAX);
    let Some(tree) = (short && shells <= SHELLS_MAX).then(|| parse(line)).flatten() else {
        out.partial = true;
        out.commands.extend(guesses(line));
        return;
    };
    if tree.root_node().has_error() {
        out.partial = true;
        out.commands.extend(guesses(line));
    }
    let mut walk = Walk { line, shells, out };
    walk.node(tree.root_node(), 0, false);
}

/// What might be commands in a text that is no grammar: cut at everything that could start one.
fn guesses(line: &str) -> Vec<Command> {
    let pieces =
        line.split([';', '|', '&', '\n', '\r', '(', ')', '{', '}', '`', '\0']).take(COMMANDS_MAX);
    let commands = pieces.flat_map(|piece| {
        let words: Vec<String> =
            piece.split_whitespace().map(|word| word.replace(['\'', '"', '\\'], "")).collect();
        // A keyword or an assignment may stand in front.
        (0..words.len().min(3)).map(move |start| words[start..].to_vec())
    });
    commands
        .filter(|words| !words.is_empty())
        .map(|words| Command { words, fed: false, substitutes: false })
        .collect()
}

struct Walk<'a, 'b> {
    line: &'a str,
    shells: usize,
    out: &'b mut Reached,
}

impl Walk<'_, '_> {
    fn text(&self, node: Node<'_>) -> &str {
        &self.line[node.byte_range()]
    }

    fn node(&mut self, node: Node<'_>, depth: usize, fed: bool) {
        if depth > NESTING_MAX || self.out.commands.len() > COMMANDS_MAX {
            self.out.partial = true;
            return;
        }
        match node.kind() {
            "command" => self.command(node, fed),
            "declaration_command" | "unset_command" => {
                let words = self.text(node).split_whitespace().map(str::to_owned).collect();
                self.push(words, fed, node);
            }
            "file_redirect" => self.redirect(node),
            "variable_assignment" => {
                let name = self.text(node).split(['=', '+', '[']).next().unwrap_or_default();
                let name = name.to_owned();
                self.out.assigned.push(name);
            }
            "function_definition" => self.function(node),
            "raw_string" | "string" | "word" => self.subscript(node),
            _ => {}
        }
        let mut cursor = node.walk();
        let pipeline = node.kind() == "pipeline";
        let here = matches!(node.kind(), "redirected_statement")
            && node
                .children(&mut cursor)
                .any(|child| child.kind() != "file_redirect" && child.kind().ends_with("redirect"));
        let mut cursor = node.walk();
        for (index, child) in node.children(&mut cursor).enumerate() {
            let inherits =
                fed && !matches!(child.kind(), "command_substitution" | "process_substitution");
            self.node(child, depth + 1, inherits || here || (pipeline && index > 0));
        }
    }

    fn command(&mut self, node: Node<'_>, fed: bool) {
        let mut cursor = node.walk();
        let mut words = Vec::new();
        let mut fed = fed;
        for child in node.children(&mut cursor) {
            match child.kind() {
                "variable_assignment" | "file_redirect" => {}
                "herestring_redirect" => fed = true,
                "command_name" => {
                    let inner = child.child(0).map_or("word", |inner| inner.kind());
                    if !matches!(inner, "word" | "string" | "raw_string" | "number") {
                        self.out.alarms.push("hides what it runs");
                    }
                    words.push(plain(self.text(child)));
                }
                _ => words.push(plain(self.text(child))),
            }
            // A text that a shell reads from its input: as much of it as stands here.
            if child.kind() == "herestring_redirect"
                && words.first().is_some_and(|word| is_shell(word))
            {
                let text = plain(self.text(child).trim_start_matches('<').trim());
                read(&text, self.shells + 1, self.out);
            }
        }
        self.push(words, fed, node);
    }

    fn push(&mut self, words: Vec<String>, fed: bool, node: Node<'_>) {
        let substitutes = ["$(", "`", "<("].iter().any(|mark| self.text(node).contains(mark));
        let mut open = vec![words];
        while let Some(words) = open.pop() {
            if words.is_empty() || self.out.commands.len() > COMMANDS_MAX {
                continue;
            }
            let (inner, script) = unwrap(&words);
            self.out.commands.push(Command { words, fed, substitutes });
            open.extend(inner);
            if let Some(script) = script {
                read(&script, self.shells + 1, self.out);
            }
        }
        if fed {
            self.fed_shell(node);
        }
    }

    /// The body of a here-document is a script where a shell reads it.
    fn fed_shell(&mut self, node: Node<'_>) {
        let shell = self.out.commands.last().is_some_and(|command| is_shell(&command.words[0]));
        let Some(statement) = node.parent().filter(|_| shell) else { return };
        let mut bodies = Vec::new();
        let mut cursor = statement.walk();
        for redirect in
            statement.children(&mut cursor).filter(|child| child.kind() == "heredoc_redirect")
        {
            let mut cursor = redirect.walk();
            let body = redirect.children(&mut cursor).find(|child| child.kind() == "heredoc_body");
            bodies.extend(body.map(|body| self.text(body).to_owned()));
        }
        for body in bodies {
            read(&body, self.shells + 1, self.out);
        }
    }

    fn redirect(&mut self, node: Node<'_>) {
        let text = self.text(node);
        let Some((_, target)) = text.split_once('>') else { return };
        let target = plain(target.trim_start_matches(['>', '|', '&']).trim());
        if !target.is_empty() && !target.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            self.out.written.push(target);
        }
    }

    /// A function that calls itself and pipes or forks is a bomb; one with a program's name hides it.
    fn function(&mut self, node: Node<'_>) {
        let name = node.child_by_field_name("name").map(|name| self.text(name).to_owned());
        let body = node.child_by_field_name("body").map(|body| self.text(body).to_owned());
        if let (Some(name), Some(body)) = (name, body) {
            let calls = body.split(|char: char| char.is_whitespace() || "|&;(){}".contains(char));
            if calls.filter(|word| *word == name).count() > 0 {
                self.out.alarms.push("defines a function that calls itself");
            }
        }
    }

    /// The subscript of a variable is evaluated wherever a builtin takes a variable's name.
    fn subscript(&mut self, node: Node<'_>) {
        let text = self.text(node);
        if text.contains("[$(") || text.contains("[`") {
            self.out.alarms.push("hides a command in a subscript");
        }
    }
}

/// The word without quotes and escapes.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut single = false;
    while let Some(char) = chars.next() {
        match char {
            '\'' => single = !single,
            '"' if !single => {}
            '\\' if !single => out.extend(chars.next()),
            _ => out.push(char),
        }
    }
    out
}

pub(super) fn is_shell(word: &str) -> bool {
    SHELLS.contains(&name(word))
}

/// The program's name without its folder.
pub(super) fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The command inside a wrapper, and the script that a shell is given.
fn unwrap(words: &[String]) -> (Option<Vec<String>>, Option<String>) {
    const WRAPPERS: [&str; 32] = [
        "sudo",
        "doas",
        "env",
        "nice",
        "nohup",
        "timeout",
        "time",
        "command",
        "builtin",
        "exec",
        "xargs",
        "stdbuf",
        "setsid",
        "ionice",
        "busybox",
        "chroot",
        "unshare",
        "nsenter",
        "watch",
        "flock",
        "script",
        "parallel",
        "caffeinate",
        "taskset",
        "chrt",
        "systemd-run",
        "gtimeout",
        "then",
        "do",
        "else",
        "if",
        "while",
    ];
    let program = name(&words[0]);
    let rest = &words[1..];
    if program == "eval" {
        return (None, Some(rest.join(" ")));
    }
    if is_shell(program) {
        let takes =
            |word: &&String| word.starts_with('-') && !word.starts_with("--") && word.contains('c');
        let at = rest.iter().position(|word| takes(&word));
        return (None, at.and_then(|at| rest.get(at + 1)).cloned());
    }
    if program == "find" || program == "fd" {
        const RUNS: [&str; 8] =
            ["-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"];
        let at = rest.iter().position(|word| RUNS.contains(&word.as_str()));
        return (at.map(|at| rest[at + 1..].to_vec()), None);
    }
    let ends = program.starts_with("ld-linux") || program.starts_with("ld-musl");
    if !WRAPPERS.contains(&program) && !ends {
        return (None, None);
    }
    // Which flags take a value is not known for all: every word that may start the command does.
    let is_option = |word: &String| {
        word.starts_with('-')
            || word.contains('=')
            || word.starts_with(|char: char| char.is_ascii_digit())
    };
    let first = rest.iter().position(|word| !is_option(word));
    (first.map(|first| rest[first..].to_vec()), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(line: &str, command: &str) -> bool {
        reach(line).commands.iter().any(|reached| reached.words.join(" ").starts_with(command))
    }

    #[test]
    fn commands_are_found_wherever_they_hide() {
        for line in [
            "rm x",
            "ls; rm x",
            "echo $(rm x)",
            "echo \"`rm x`\"",
            "if rm x; then ls; fi",
            "f() { rm x; }",
            "ls <(rm x)",
            "sudo rm x",
            "timeout 5 rm x",
            "env A=b rm x",
            "sh -c 'rm x'",
            "bash -lc \"ls && rm x\"",
            "eval rm x",
            "find . -exec rm x {} +",
            "echo x | xargs rm x",
            "sh <<E\nrm x\nE",
            "sh <<< 'rm x'",
            "cat <<E\n$(rm x)\nE",
            "a=$(rm x)",
            "r'm' x",
            "\"rm\" x",
            "\\rm x",
            "! rm x",
            "for a in $(rm x); do ls; done",
            "echo ${a:-$(rm x)}",
            "if rm x",
            "nohup nice -n 5 rm x",
            "case x in *) rm x;; esac",
            "sudo -n sh -c 'sh -c \"rm x\"'",
        ] {
            assert!(reaches(line, "rm x"), "{line:?}: {:?}", reach(line).commands);
        }
        assert!(!reaches("echo 'rm x'", "rm x"));
        assert!(!reaches("ls # rm x", "rm x"));
    }

    #[test]
    fn a_long_here_document_is_read_as_what_it_is() {
        let line = format!("cat > notes.txt <<'E'\n{}E\nrm x", "git push\n".repeat(2000));
        assert!(reaches(&line, "rm x") && !reaches(&line, "git push"));
        assert!(!reach(&line).partial);
    }

    #[test]
    fn writes_and_variables_are_found() {
        let reached = reach("A=1 B=2 cat x > 'a b' 2>>c 2>&1 < d");
        assert_eq!(reached.written, ["a b", "c"]);
        assert_eq!(reached.assigned, ["A", "B"]);
    }
}
