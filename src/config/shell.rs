//! Which shell the agent gets where no setting names one: one that tells how its commands end, if
//! there is any.

use super::Inputs;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Their integrations tell most.
const PREFERRED: [&str; 3] = ["bash", "zsh", "fish"];
/// What is looked for on `PATH`; fish is nobody's by chance.
const COMMON: [&str; 2] = ["bash", "zsh"];
const ACCOUNTS: &str = "/etc/passwd";

/// `$SHELL`, the login shell, what `PATH` has: the first that is a preferred one and is there.
/// Without any, `$SHELL` as it is, else `/bin/sh`.
pub(super) fn choose(inputs: &Inputs) -> PathBuf {
    let named = inputs.var("SHELL").map(PathBuf::from);
    let own = named.iter().chain(&inputs.login_shell).find(|shell| is_preferred(shell)).cloned();
    own.or_else(|| on_path(inputs)).or(named).unwrap_or_else(|| "/bin/sh".into())
}

fn is_preferred(shell: &Path) -> bool {
    let name = shell.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| PREFERRED.contains(&name)) && shell.is_file()
}

fn on_path(inputs: &Inputs) -> Option<PathBuf> {
    let path = inputs.env.get("PATH")?;
    let folders: Vec<PathBuf> =
        std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
    let find = |name| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    COMMON.into_iter().find_map(find)
}

/// What the password file says; accounts that are kept elsewhere have none here.
pub(super) fn login() -> Option<PathBuf> {
    let accounts = std::fs::read(ACCOUNTS).ok()?;
    of_user(&String::from_utf8_lossy(&accounts), rustix::process::getuid().as_raw())
}

fn of_user(accounts: &str, user: u32) -> Option<PathBuf> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let ours = fields.nth(2)?.parse() == Ok(user);
        fields.nth(3).filter(|shell| ours && !shell.is_empty()).map(PathBuf::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_shell_is_the_users_own() {
        let accounts = "# a note\nroot:x:0:0:root:/root:/bin/bash\nann:x:7:7::/home/ann:/bin/zsh\n\
                        none:x:8:8::/:\n";
        assert_eq!(of_user(accounts, 0), Some("/bin/bash".into()));
        assert_eq!(of_user(accounts, 7), Some("/bin/zsh".into()));
        assert_eq!(of_user(accounts, 8), None);
        assert_eq!(of_user(accounts, 9), None);
    }
}
