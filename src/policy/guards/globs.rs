//! Globs of paths: `*` and `?` within a folder, `**` across folders, `{a,b}` for either.

/// Of a pattern with more choices only these are tried.
const CHOICES_MAX: usize = 64;

/// Whether a path, from the workspace's root, is meant. A pattern that ends in `/` means all below.
pub(super) fn fits(glob: &str, path: &str) -> bool {
    let mut glob = glob.trim_start_matches("./").to_owned();
    if glob.ends_with('/') {
        glob.push_str("**");
    }
    choices(&glob).iter().any(|glob| {
        let parts: Vec<&str> = glob.split('/').collect();
        parts_fit(&parts, &path.split('/').collect::<Vec<_>>())
    })
}

/// The patterns without braces that a pattern stands for.
fn choices(glob: &str) -> Vec<String> {
    let mut open = vec![glob.to_owned()];
    let mut done = Vec::new();
    while let Some(glob) = open.pop() {
        let inner = glob.find('{').and_then(|start| {
            let end = glob[start..].find('}')? + start;
            Some((start, end))
        });
        match inner {
            Some((start, end)) if open.len() + done.len() < CHOICES_MAX => {
                let (head, tail) = (&glob[..start], &glob[end + 1..]);
                let texts = glob[start + 1..end].split(',');
                open.extend(texts.map(|text| format!("{head}{text}{tail}")));
            }
            _ => done.push(glob),
        }
    }
    done
}

fn parts_fit(glob: &[&str], path: &[&str]) -> bool {
    match glob {
        [] => path.is_empty(),
        ["**"] => !path.is_empty(),
        ["**", "**", rest @ ..] => parts_fit(&[&["**"], rest].concat(), path),
        ["**", rest @ ..] => (0..=path.len()).any(|at| parts_fit(rest, &path[at..])),
        [first, rest @ ..] => path.split_first().is_some_and(|(name, below)| {
            let (glob, name): (Vec<char>, Vec<char>) =
                (first.chars().collect(), name.chars().collect());
            name_fits(&glob, &name) && parts_fit(rest, below)
        }),
    }
}

/// Goes back to the last `*` alone: that is enough, and linear in the name for each of them.
fn name_fits(glob: &[char], name: &[char]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while next < name.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, next));
                at += 1;
            }
            Some(char) if *char == '?' || *char == name[next] => {
                at += 1;
                next += 1;
            }
            _ => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    at = *place + 1;
                    next = *taken;
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stay_in_their_folder_and_double_stars_do_not() {
        for (glob, path) in [
            ("src/auth/**", "src/auth/a/b.rs"),
            ("src/auth/", "src/auth/b.rs"),
            ("**/*.sql", "a.sql"),
            ("**/*.sql", "db/x/a.sql"),
            ("src/*.{rs,toml}", "src/a.toml"),
            ("src/**/mod.rs", "src/mod.rs"),
            ("./a?c*e", "abcde"),
        ] {
            assert!(fits(glob, path), "{glob} {path}");
        }
        for (glob, path) in [
            ("src/auth/**", "src/auth"),
            ("src/auth/**", "src/author/b.rs"),
            ("*.sql", "db/a.sql"),
            ("src/*.{rs,toml}", "src/a.md"),
            ("a*c", "abd"),
            ("", "a"),
        ] {
            assert!(!fits(glob, path), "{glob} {path}");
        }
    }
}
