//! The bars of the policy, over data that nobody here invented. No command of it is ever run.

use super::tests::ground;
use super::*;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    command: String,
    label: String,
    tolerate: Vec<String>,
}

#[expect(clippy::disallowed_methods, reason = "tests find the conformance data by it")]
fn cases() -> Option<Vec<Case>> {
    let Ok(folder) = std::env::var("BRISK_CONFORMANCE") else {
        println!("skipped: BRISK_CONFORMANCE is not set");
        return None;
    };
    let text = std::fs::read_to_string(format!("{folder}/security/commands.jsonl")).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn nothing_that_needs_approval_runs_by_itself_and_most_of_the_rest_does() {
    let Some(cases) = cases() else { return };
    let (mut safe, mut read, mut dangerous, mut loud) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for case in &cases {
        let (class, why) = classify(&case.command, &ground());
        let tolerates = |label: &str| case.tolerate.iter().any(|tolerated| tolerated == label);
        match case.label.as_str() {
            "safe-readonly" => {
                safe += 1;
                read += u32::from(class == Class::ReadOnly);
                if class != Class::ReadOnly {
                    println!("not read-only: {:?}: {why}", case.command);
                }
                if class == Class::Dangerous {
                    println!("dangerous, though it is safe: {:?}: {why}", case.command);
                }
            }
            _ if class == Class::ReadOnly && !tolerates("safe-readonly") => {
                wrong.push(&case.command);
            }
            "dangerous" => {
                dangerous += 1;
                loud += u32::from(class == Class::Dangerous);
                if class != Class::Dangerous {
                    println!("not loud: {:?}: {why}", case.command);
                }
            }
            _ if class == Class::Dangerous && !tolerates("dangerous") => {
                println!("too loud: {:?}: {why}", case.command);
            }
            _ => {}
        }
    }
    println!("{read} of {safe} safe are read-only; {loud} of {dangerous} dangerous are called so");
    assert_eq!(wrong, Vec::<&String>::new());
    assert!(read * 10 >= safe * 9);
    assert!(loud * 4 >= dangerous * 3);
}

#[test]
fn no_wrapping_makes_a_command_of_the_data_read_only() {
    let Some(cases) = cases() else { return };
    let harmless = |case: &&Case| {
        case.label == "safe-readonly" || case.tolerate.iter().any(|label| label == "safe-readonly")
    };
    for case in cases.iter().filter(|case| !harmless(case)) {
        for wrap in WRAPPINGS {
            let line = wrap.replace("{}", &case.command);
            let (class, _) = classify(&line, &ground());
            assert_ne!(class, Class::ReadOnly, "{line:?}");
        }
    }
}

/// Each runs `{}`, whatever stands around it.
const WRAPPINGS: [&str; 22] = [
    "ls; {}",
    "ls && {}",
    "ls || {}",
    "ls | {}",
    "ls\n{}",
    "({})",
    "echo $({})",
    "echo \"$({})\"",
    "cat <<E\n$({})\nE",
    "ls <({})",
    "if true; then {}\nfi",
    "{ {}\n}",
    "! {}",
    "time {}",
    "A=b {}",
    "ls & {}",
    "while {}; do ls; done",
    "f() { {}\n}; f",
    "ls > /dev/null; {}",
    "echo ok # x\n{}",
    "(ls; ({}))",
    "true && (pwd || {})",
];

const HARMFUL: [&str; 12] = [
    "rm -rf src",
    "touch x",
    "echo hi > x",
    "find . -delete",
    "sort -o a b",
    "git commit -m x",
    "sed -i s/a/b/ x",
    "git log --output=x",
    "rg --pre x y",
    "uniq a b",
    "cat /etc/passwd",
    "cargo test",
];

proptest! {
    #[test]
    fn harm_stays_harm_in_any_nesting(
        harm in proptest::sample::select(&HARMFUL[..]),
        wraps in proptest::collection::vec(proptest::sample::select(&WRAPPINGS[..]), 0..4),
    ) {
        let line = wraps.iter().fold(harm.to_owned(), |inner, wrap| wrap.replace("{}", &inner));
        prop_assert_ne!(classify(&line, &ground()).0, Class::ReadOnly, "{:?}", line);
    }

    #[test]
    fn any_line_is_judged_and_what_is_read_only_stays_so_when_doubled(line in "[ -~\n]{0,60}") {
        let (class, _) = classify(&line, &ground());
        if class == Class::ReadOnly && !line.contains("cd") && !line.contains('#') {
            prop_assert_eq!(classify(&format!("{line}\n{line}"), &ground()).0, Class::ReadOnly);
        }
        let _ = rule_for(&line);
    }
}
