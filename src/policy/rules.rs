//! The user's own rules: the first words of commands that may run, must be asked about, or must
//! not run. A rule is words, never a pattern on text.

use super::words;

/// The first words of a command: `cargo test`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule(Vec<String>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rule `{rule}` {why}")]
pub struct RuleError {
    pub rule: String,
    /// A clause with the rule as its subject.
    pub why: String,
}

impl Rule {
    /// # Errors
    /// If there is no word, or a first word that is empty.
    pub fn new(words: Vec<String>) -> Result<Rule, RuleError> {
        if words.first().is_none_or(|word| word.trim().is_empty()) {
            return Err(RuleError { rule: words.join(" "), why: "names no program".to_owned() });
        }
        Ok(Rule(words))
    }

    /// From text such as `cargo test` or `git commit -m 'a b'`.
    ///
    /// # Errors
    /// If the text is anything but literal words.
    pub fn parse(text: &str) -> Result<Rule, RuleError> {
        let words = words::split(text).map_err(|why| RuleError { rule: text.to_owned(), why })?;
        Rule::new(words)
    }

    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// Whether the command starts with exactly these words.
    pub(super) fn starts(&self, command: &[String]) -> bool {
        command.starts_with(&self.0)
    }

    /// Whether the command starts with these words, also where its program is named by a path or
    /// flags stand between them. For rules that hold back: it takes too much rather than too little.
    pub(super) fn starts_loosely(&self, command: &[String]) -> bool {
        let Some(program) = command.first() else { return false };
        let name = program.rsplit('/').next().unwrap_or(program);
        let named: Vec<String> =
            std::iter::once(name.to_owned()).chain(command[1..].iter().cloned()).collect();
        self.starts(command) || self.starts(&named) || self.starts(&without_flags(&named))
    }
}

/// The words without the flags in front of the subcommand.
fn without_flags(command: &[String]) -> Vec<String> {
    const WITH_VALUE: [&str; 10] = [
        "-C",
        "-c",
        "--git-dir",
        "--work-tree",
        "--namespace",
        "--config",
        "--manifest-path",
        "--prefix",
        "-f",
        "--context",
    ];
    let mut out: Vec<String> = command.first().cloned().into_iter().collect();
    let mut words = command.iter().skip(1);
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with(['-', '+']) {
            out.push(word.clone());
        }
    }
    out
}

/// `deny` wins over `ask`, `ask` over `allow`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    pub allow: Vec<Rule>,
    pub ask: Vec<Rule>,
    pub deny: Vec<Rule>,
}

impl Rules {
    /// # Errors
    /// On the first rule that is broken: a policy with a hole is worse than none.
    pub fn parse(allow: &[String], ask: &[String], deny: &[String]) -> Result<Rules, RuleError> {
        let parse = |rules: &[String]| {
            rules.iter().map(|rule| Rule::parse(rule)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Rules { allow: parse(allow)?, ask: parse(ask)?, deny: parse(deny)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_literal_words_or_an_error() {
        assert_eq!(
            Rule::parse("git commit -m 'a b'").unwrap().words(),
            ["git", "commit", "-m", "a b"]
        );
        for text in
            ["", "  ", "''", "ls; rm", "a && b", "echo $x", "rm *", "a > b", "'open", "ls # x"]
        {
            assert!(Rule::parse(text).is_err(), "{text:?}");
        }
        assert!(Rules::parse(&["ls".to_owned()], &[], &["rm *".to_owned()]).is_err());
    }

    #[test]
    fn rules_that_hold_back_see_through_flags_and_paths() {
        let rule = Rule::parse("git push").unwrap();
        let command = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for line in [
            "git push",
            "git push -f",
            "/usr/bin/git push",
            "git -C x push",
            "git --no-pager -c a=b push",
        ] {
            assert!(rule.starts_loosely(&command(line)), "{line}");
        }
        for line in ["git pull", "git pushy", "gitx push", "echo git push"] {
            assert!(!rule.starts_loosely(&command(line)), "{line}");
        }
        assert!(!rule.starts(&command("git -C x push")));
    }
}
