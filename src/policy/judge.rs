//! The verdict on a command line: what it is, what the rules say of it, what the mode makes of it.

use super::reach;
use super::rules::Rule;
use super::understand::{self, Understood};
use super::words::Word;
use super::{Ground, Policy, characters, classify, readers};
use crate::protocol::{Class, Judgement, Mode, Verdict, Walls};

pub(super) fn command(policy: &Policy, line: &str) -> Judgement {
    let (class, why) = classify(line, &policy.ground);
    let say = |verdict, why: String| Judgement { verdict, class, why };
    if let Some(why) = characters::control(line) {
        return say(Verdict::Deny, why);
    }
    if let Some(rule) = held_back(&policy.rules.deny, line) {
        return say(Verdict::Deny, format!("the rule `{}` denies it", rule.words().join(" ")));
    }
    if let Some(rule) = held_back(&policy.rules.ask, line) {
        // Plan mode refuses what others would ask about.
        let verdict = if policy.mode == Mode::Plan && class != Class::ReadOnly {
            Verdict::Deny
        } else {
            Verdict::Ask
        };
        return say(verdict, format!("the rule `{}` asks about it", rule.words().join(" ")));
    }
    if class == Class::ReadOnly {
        return say(Verdict::Allow, why);
    }
    if policy.mode == Mode::Plan {
        return say(Verdict::Deny, format!("plan mode changes nothing, and it {why}"));
    }
    if allowed(policy, line, class) {
        return say(Verdict::Allow, "a rule allows it".to_owned());
    }
    let verdict = match (policy.mode, class, policy.ground.walls) {
        (Mode::Autopilot, Class::NeedsApproval, Walls::None) => Verdict::Allow,
        (_, _, Walls::None) => Verdict::Ask,
    };
    say(verdict, why)
}

/// # Errors
/// One clause for people: the first thing that is not known to only read.
pub(super) fn reads_only(line: &str, ground: &Ground) -> Result<(), String> {
    if let Some(why) = characters::control(line).or_else(|| characters::invisible(line)) {
        return Err(why);
    }
    let understood = understand::understand(line, &ground.folder)?;
    opens_only_to_read(&understood, ground)?;
    understood.commands.iter().try_for_each(|simple| readers::check(simple, ground))
}

/// # Errors
/// One clause for people: the first redirection that writes, or reads what it may not.
fn opens_only_to_read(understood: &Understood, ground: &Ground) -> Result<(), String> {
    understood.opened.iter().try_for_each(|opened| {
        let target = opened.target.text.as_str();
        match target {
            "/dev/null" => Ok(()),
            _ if opened.writes => Err(format!("writes `{target}`")),
            _ if opened.target.glob => Err("opens a file that is not named".to_owned()),
            _ => super::paths::readable(target, &opened.folders, ground),
        }
    })
}

/// The first of these rules that any command within reach starts with.
fn held_back<'a>(rules: &'a [Rule], line: &str) -> Option<&'a Rule> {
    if rules.is_empty() {
        return None;
    }
    let reached = reach::reach(line);
    rules
        .iter()
        .find(|rule| reached.commands.iter().any(|command| rule.starts_loosely(&command.words)))
}

/// Whether every command of the line only reads or is allowed by a rule, and nothing else happens
/// in it. A dangerous line must be the rule, word for word.
fn allowed(policy: &Policy, line: &str, class: Class) -> bool {
    let rules = &policy.rules.allow;
    if rules.is_empty() {
        return false;
    }
    let Ok(understood) = understand::understand(line, &policy.ground.folder) else { return false };
    if opens_only_to_read(&understood, &policy.ground).is_err()
        || characters::invisible(line).is_some()
    {
        return false;
    }
    understood.commands.iter().all(|simple| {
        let words = texts(&simple.words);
        let by_rule = rules.iter().any(|rule| match class {
            Class::Dangerous => rule.words() == words,
            Class::ReadOnly | Class::NeedsApproval => rule.starts(&words),
        });
        let literal = !simple.words.iter().any(|word| word.glob);
        // A rule for `cargo test` means the project that it was given in.
        let here = simple.folders.iter().all(|folder| folder.starts_with(&policy.ground.root));
        (by_rule && literal && here) || readers::check(simple, &policy.ground).is_ok()
    })
}

fn texts(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| word.text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Rules;
    use crate::policy::tests::policy;
    use crate::protocol::TreeKind;

    fn with(allow: &[&str], ask: &[&str], deny: &[&str], mode: Mode) -> Policy {
        let own = |rules: &[&str]| rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>();
        let rules = Rules::parse(&own(allow), &own(ask), &own(deny)).unwrap();
        Policy { rules, ..policy(mode, TreeKind::InPlace) }
    }

    #[test]
    fn the_table_of_modes_holds_without_walls() {
        for tree in [TreeKind::InPlace, TreeKind::Copy] {
            for mode in Mode::ALL {
                let verdict = |line: &str| policy(mode, tree).command(line).verdict;
                let (other, dangerous) = match mode {
                    Mode::Plan => (Verdict::Deny, Verdict::Deny),
                    Mode::Confirm | Mode::AutoEdit => (Verdict::Ask, Verdict::Ask),
                    Mode::Autopilot => (Verdict::Allow, Verdict::Ask),
                };
                assert_eq!(verdict("ls -la"), Verdict::Allow, "{mode}");
                assert_eq!(verdict("cargo test"), other, "{mode}");
                assert_eq!(verdict("rm -rf src"), dangerous, "{mode}");
                assert_eq!(verdict("ls\u{1b}[2K"), Verdict::Deny, "{mode}");
            }
        }
    }

    #[test]
    fn deny_wins_over_ask_and_ask_over_allow() {
        let policy =
            with(&["cargo", "git push"], &["cargo test"], &["cargo publish"], Mode::Autopilot);
        assert_eq!(policy.command("cargo check").verdict, Verdict::Allow);
        assert_eq!(policy.command("cargo test").verdict, Verdict::Ask);
        assert_eq!(policy.command("cargo publish").verdict, Verdict::Deny);
        assert_eq!(policy.command("cargo check && (cargo publish)").verdict, Verdict::Deny);
        let policy = with(&[], &["ls"], &["cat"], Mode::Confirm);
        assert_eq!(policy.command("ls").verdict, Verdict::Ask);
        assert_eq!(policy.command("cat README.md").verdict, Verdict::Deny);
    }

    #[test]
    fn a_deny_rule_holds_wherever_the_command_hides() {
        let policy = with(&["git", "sh", "env"], &[], &["git push"], Mode::Autopilot);
        for line in [
            "git push",
            "echo $(git push)",
            "sudo git push",
            "sh -c 'git push'",
            "git -C . push",
            "ls && git push -f",
            "if true; then git push; fi",
            "env A=b git push",
            "/usr/bin/git push",
            "x=`git push`",
            "git push |",
            "cat <<E | sh\ngit push\nE\ngit push",
        ] {
            assert_eq!(policy.command(line).verdict, Verdict::Deny, "{line}");
        }
        assert_eq!(policy.command("echo 'git push'").verdict, Verdict::Allow);
    }

    #[test]
    fn an_allow_rule_covers_whole_lines_only() {
        let policy = with(&["cargo test", "rm -rf target"], &[], &[], Mode::Confirm);
        for line in [
            "cargo test",
            "cargo test --lib a",
            "cargo test 2>&1 | tail -5",
            "cd src && cargo test",
            "rm -rf target",
            "cargo test > /dev/null && ls",
        ] {
            assert_eq!(policy.command(line).verdict, Verdict::Allow, "{line}");
        }
        for line in [
            "cargo test > out",
            "cargo test; cargo run",
            "cargo test $(ls)",
            "A=b cargo test",
            "cargo testx",
            "cargo",
            "cargo test *",
            "cargo test & ls",
            "rm -rf target src",
            "rm -rf target && rm -rf src",
            "cd .. && cargo test",
            "cargo test\u{200b}",
            "cargo test < /etc/passwd",
            "/tmp/cargo test",
        ] {
            assert_eq!(policy.command(line).verdict, Verdict::Ask, "{line}");
        }
        assert_eq!(
            with(&["cargo test"], &[], &[], Mode::Plan).command("cargo test").verdict,
            Verdict::Deny
        );
    }
}
