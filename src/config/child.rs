//! The environment of the agent's shell: the user's own without secrets, and without what makes a
//! harmless program run another one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

/// A name that holds one of these is a secret's.
const SECRET: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "COOKIE"];
/// Though they hold one of the above.
const HARMLESS: [&str; 4] =
    ["SSH_ASKPASS_REQUIRE", "KEYMAP", "XKB_DEFAULT_KEYMAP", "GNOME_KEYRING_CONTROL"];
/// Make `cd`, a reader or git go somewhere else than its words say.
const STRAY: [&str; 14] = [
    "CDPATH",
    "BASH_ENV",
    "ENV",
    "LESSOPEN",
    "LESSCLOSE",
    "GREP_OPTIONS",
    "TAR_OPTIONS",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER_IN_USE",
    "RIPGREP_CONFIG_PATH",
    "GIT_CONFIG_PARAMETERS",
];
/// Settings of git over those of any repository: no monitor, no bare repository by chance, no gpg.
const GIT: [(&str, &str); 3] = [
    ("core.fsmonitor", "false"),
    ("safe.bareRepository", "explicit"),
    ("log.showSignature", "false"),
];

pub(super) fn environment(
    env: &BTreeMap<String, OsString>,
    key_variables: &BTreeSet<String>,
) -> Vec<(OsString, OsString)> {
    let kept = env.iter().filter(|(name, value)| {
        !is_secret(name, &value.to_string_lossy())
            && !key_variables.contains(*name)
            && !STRAY.contains(&name.as_str())
            && !name.starts_with("GIT_CONFIG_")
            && !name.starts_with("BASH_FUNC_")
    });
    let mut out: Vec<(OsString, OsString)> =
        kept.map(|(name, value)| (OsString::from(name), value.clone())).collect();
    let mut set = |name: String, value: &str| {
        out.retain(|(known, _)| *known != *name);
        out.push((name.into(), value.into()));
    };
    // Nobody may be there to leave a pager.
    set("PAGER".to_owned(), "cat");
    set("GIT_PAGER".to_owned(), "cat");
    set("GIT_CONFIG_COUNT".to_owned(), &GIT.len().to_string());
    for (index, (key, value)) in GIT.iter().enumerate() {
        set(format!("GIT_CONFIG_KEY_{index}"), key);
        set(format!("GIT_CONFIG_VALUE_{index}"), value);
    }
    out
}

fn is_secret(name: &str, value: &str) -> bool {
    let upper = name.to_uppercase();
    if HARMLESS.contains(&upper.as_str()) {
        return false;
    }
    SECRET.iter().any(|part| upper.contains(part))
        || (has_password(value) && !upper.ends_with("_PROXY"))
}

/// An address with a password in it: `postgres://user:word@host`.
fn has_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_strays_leave_and_the_rest_stays() {
        let pairs = [
            ("HOME", "/h"),
            ("PATH", "/bin"),
            ("OPENAI_API_KEY", "x"),
            ("GITHUB_TOKEN", "x"),
            ("my_secret", "x"),
            ("PGPASSWORD", "x"),
            ("DATABASE_URL", "postgres://u:p@h/d"),
            ("SSH_AUTH_SOCK", "/s"),
            ("MY_OWN", "x"),
            ("CDPATH", "/"),
            ("GIT_DIR", "x"),
            ("PAGER", "less"),
            ("LESSOPEN", "|x"),
            ("https_proxy", "http://u:p@h"),
            ("LANG", "C.UTF-8"),
            ("GIT_CONFIG_COUNT", "9"),
            ("HOMEPAGE", "https://example.com/a:b@c"),
        ];
        let env =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        let out = environment(&env, &BTreeSet::from(["MY_OWN".to_owned()]));
        let get = |name: &str| {
            let mut found = out.iter().filter(|(known, _)| known == name);
            let value = found.next().map(|(_, value)| value.to_string_lossy().into_owned());
            assert!(found.next().is_none(), "{name} twice");
            value
        };
        for name in ["HOME", "PATH", "SSH_AUTH_SOCK", "https_proxy", "LANG", "HOMEPAGE"] {
            assert!(get(name).is_some(), "{name}");
        }
        for name in [
            "OPENAI_API_KEY",
            "GITHUB_TOKEN",
            "my_secret",
            "PGPASSWORD",
            "DATABASE_URL",
            "MY_OWN",
            "CDPATH",
            "GIT_DIR",
            "LESSOPEN",
        ] {
            assert_eq!(get(name), None, "{name}");
        }
        assert_eq!(get("PAGER").as_deref(), Some("cat"));
        assert_eq!(get("GIT_CONFIG_COUNT").as_deref(), Some("3"));
        assert_eq!(get("GIT_CONFIG_KEY_0").as_deref(), Some("core.fsmonitor"));
    }
}
