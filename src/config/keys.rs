//! Where a provider's key comes from, the strongest first: its `key_command`, its variable, what
//! `brisk auth login` stored. The store is one file that nobody else may read.

use super::error::{ConfigError, Trouble};
use super::{Config, Paths, key};
use crate::protocol::Secret;
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Mode bits: of the folder, of the file, and what neither file nor folder may have.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const OTHERS_READ_OR_WRITE: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Longer than any service's.
const KEY_BYTES_MAX: usize = 16 * 1024;
const HEAD: &str = "# Keys that `brisk auth login` stored. Nobody but you may read this file.\n";

/// How keys begin, and who gives out such keys; the longer beginnings first. The last word:
/// nobody else does.
const BEGINNINGS: [(&str, &str, bool); 8] = [
    ("sk-ant-", "anthropic", true),
    ("sk-or-", "openrouter", true),
    ("sk-proj-", "openai", true),
    ("sk-", "openai", false),
    ("gsk_", "groq", true),
    ("AIza", "gemini", true),
    ("ghp_", "github", true),
    ("github_pat_", "github", true),
];

/// Where a provider's key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Its `key_command`, which was not run for this.
    Command,
    /// This variable, which is set.
    Variable(String),
    /// `brisk auth login` stored it.
    Stored,
    /// It wants none.
    Unneeded,
    /// There is none; this variable would be taken.
    Missing(String),
}

impl Config {
    /// Where the provider's key comes from.
    ///
    /// # Errors
    /// If the stored keys have to be looked at, and cannot be read or can be read by others.
    pub fn key_source(&self, provider: &str) -> Result<KeySource, ConfigError> {
        if self.text(&["providers", provider, "key_command"]).is_some() {
            return Ok(KeySource::Command);
        }
        let variable = self.text(&["providers", provider, "key_env"]);
        if let Some(name) = variable.as_ref().filter(|name| self.variable(name).is_some()) {
            return Ok(KeySource::Variable(name.clone()));
        }
        if self.stored_keys().get(provider)?.is_some() {
            return Ok(KeySource::Stored);
        }
        Ok(variable.map_or(KeySource::Unneeded, KeySource::Missing))
    }

    /// The key, and where it came from in words for the sentence that says it is wrong. May run the
    /// `key_command`.
    pub(super) fn key(
        &self,
        provider: &str,
    ) -> Result<(Option<Secret>, Option<String>), ConfigError> {
        let (secret, source) = match self.key_source(provider)? {
            KeySource::Unneeded => return Ok((None, None)),
            KeySource::Missing(variable) => return Err(missing(provider, &variable)),
            KeySource::Command => {
                let command = self.text(&["providers", provider, "key_command"]);
                let command = command.unwrap_or_default();
                let secret = key::from_command(&command, &self.inputs.folder).map_err(|why| {
                    let message = format!("the key_command of `{provider}` gave no key: {why}");
                    ConfigError::new(Trouble::Key, message)
                        .hinted(format!("try it in a shell: {command}"))
                })?;
                (Some(secret), "key_command".to_owned())
            }
            KeySource::Variable(name) => {
                let value = self.variable(&name).unwrap_or_default();
                (Some(Secret::new(value.to_owned())), name)
            }
            KeySource::Stored => {
                let source = format!("the key that `brisk auth login {provider}` stored");
                (self.stored_keys().get(provider)?, source)
            }
        };
        Ok((secret, Some(source)))
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.inputs.var(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// What `brisk auth login` stores.
    pub fn stored_keys(&self) -> StoredKeys {
        StoredKeys::of(&self.paths)
    }
}

fn missing(provider: &str, variable: &str) -> ConfigError {
    let message = format!("{variable} is not set, and `{provider}` needs it");
    ConfigError::new(Trouble::Key, message).hinted(format!(
        "export {variable}=… with your key, or store it: brisk auth login {provider}"
    ))
}

/// The provider that gives out such keys, and whether nobody else does.
pub fn giver_of(key: &str) -> Option<(&'static str, bool)> {
    let found = BEGINNINGS.into_iter().find(|(beginning, ..)| key.trim().starts_with(beginning));
    found.map(|(_, provider, is_sure)| (provider, is_sure))
}

/// A key as it was pasted, without blanks around it.
///
/// # Errors
/// One clause for people, which shows nothing of the text.
pub fn read_key(text: &str) -> Result<Secret, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("no key was given");
    }
    if text.len() > KEY_BYTES_MAX {
        return Err("this is too long for a key");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("this is no key: a key is one word of plain letters, digits and signs");
    }
    Ok(Secret::new(text.to_owned()))
}

/// The file of stored keys. It need not exist.
#[derive(Clone, Debug)]
pub struct StoredKeys {
    folder: PathBuf,
}

impl StoredKeys {
    fn of(paths: &Paths) -> StoredKeys {
        StoredKeys { folder: paths.keys() }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.join("keys.toml")
    }

    /// # Errors
    /// As `all`.
    fn get(&self, provider: &str) -> Result<Option<Secret>, ConfigError> {
        Ok(self.all()?.remove(provider))
    }

    /// The providers that a key is stored for.
    ///
    /// # Errors
    /// If the file cannot be read, can be read or written by others, or is not what `store` writes.
    pub fn providers(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.all()?.into_keys().collect())
    }

    /// Stores a key, over one that was there.
    ///
    /// # Errors
    /// As `providers`, and if it cannot be written.
    pub fn store(&self, provider: &str, key: &Secret) -> Result<(), ConfigError> {
        let _lock = self.lock()?;
        let mut keys = self.all()?;
        keys.insert(provider.to_owned(), key.clone());
        self.write(&keys)
    }

    /// Forgets the key of one provider, or of all; the providers whose key it was.
    ///
    /// # Errors
    /// As `store`.
    pub fn forget(&self, provider: Option<&str>) -> Result<Vec<String>, ConfigError> {
        if !self.file().exists() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let is_meant = |name: &String| provider.is_none_or(|wanted| wanted == name);
        let (gone, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
            self.all()?.into_iter().partition(|(name, _)| is_meant(name));
        if !gone.is_empty() {
            self.write(&kept)?;
        }
        Ok(gone.into_keys().collect())
    }

    fn all(&self) -> Result<BTreeMap<String, Secret>, ConfigError> {
        let path = self.file();
        let unreadable = |why: &str| {
            let message = format!("the stored keys in {} cannot be read: {why}", path.display());
            ConfigError::new(Trouble::Key, message)
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(unreadable(&error.to_string())),
        };
        let metadata = file.metadata().map_err(|error| unreadable(&error.to_string()))?;
        if metadata.len() > FILE_BYTES_MAX {
            return Err(unreadable("it is too large"));
        }
        check_private(&path, metadata.mode(), OTHERS_READ_OR_WRITE, FILE_MODE)?;
        let folder = std::fs::metadata(&self.folder);
        let folder = folder.map_err(|error| unreadable(&error.to_string()))?;
        check_private(&self.folder, folder.mode(), OTHERS_WRITE, FOLDER_MODE)?;
        let mut text = String::new();
        let read = file.take(FILE_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|error| unreadable(&error.to_string()))?;
        // What is wrong is said without the line that it is in: there is a key in it.
        let broken = || {
            unreadable("it is not what brisk wrote")
                .hinted("mend it, or delete it and log in again")
        };
        let table: Table = text.parse().map_err(|_| broken())?;
        let Some(Value::Table(keys)) = table.get("keys") else { return Err(broken()) };
        let key = |(name, value): (&String, &Value)| {
            Some((name.clone(), Secret::new(value.as_str()?.to_owned())))
        };
        keys.iter().map(key).collect::<Option<_>>().ok_or_else(broken)
    }

    /// Whole, or not at all.
    fn write(&self, keys: &BTreeMap<String, Secret>) -> Result<(), ConfigError> {
        let value = |key: &Secret| Value::String(key.reveal().to_owned());
        let keys: Table = keys.iter().map(|(name, key)| (name.clone(), value(key))).collect();
        let table = Table::from_iter([("keys".to_owned(), Value::Table(keys))]);
        let write = || {
            // Made with mode 0600.
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(format!("{HEAD}\n{table}").as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(self.file())?;
            io::Result::Ok(())
        };
        write().map_err(|error| self.unwritable(&error))
    }

    /// Makes the folder, and holds it until the file is dropped.
    fn lock(&self) -> Result<File, ConfigError> {
        let lock = || {
            DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.folder)?;
            std::fs::set_permissions(&self.folder, Permissions::from_mode(FOLDER_MODE))?;
            let folder = File::open(&self.folder)?;
            flock(&folder, FlockOperation::LockExclusive)?;
            io::Result::Ok(folder)
        };
        lock().map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &io::Error) -> ConfigError {
        let message = format!("no key can be stored in {}: {error}", self.folder.display());
        ConfigError::new(Trouble::Key, message)
    }
}

fn check_private(path: &Path, mode: u32, others: u32, wanted: u32) -> Result<(), ConfigError> {
    if mode & others == 0 {
        return Ok(());
    }
    let path = path.display();
    let message = format!(
        "others can get at {path} (mode {:o}), so the keys that are stored there are not used",
        mode & 0o777
    );
    Err(ConfigError::new(Trouble::Key, message).hinted(format!("chmod {wanted:o} {path}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::House;

    const OWN: &str = "[providers.own]\napi = \"openai-chat\"\nbase_url = \"http://localhost\"\n";

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_command_goes_before_a_variable_and_a_variable_before_what_is_stored() {
        let command = "[providers.openai]\nkey_command = \"echo commanded\"";
        let house = House::new();
        house.load().stored_keys().store("openai", &secret("stored")).unwrap();
        let key = |house: &House| {
            let service = house.load().service("openai").unwrap();
            (service.key.unwrap().reveal().to_owned(), service.key_source.unwrap())
        };
        let (text, source) = key(&house);
        assert_eq!(text, "stored");
        assert!(source.contains("`brisk auth login openai`"), "{source}");
        assert_eq!(house.load().key_source("openai"), Ok(KeySource::Stored));
        assert!(house.load().is_usable("openai"));
        let house = house.env("OPENAI_API_KEY", "variable");
        assert_eq!(key(&house), ("variable".to_owned(), "OPENAI_API_KEY".to_owned()));
        let house = house.user(command);
        assert_eq!(key(&house), ("commanded".to_owned(), "key_command".to_owned()));
        assert_eq!(house.load().key_source("openai"), Ok(KeySource::Command));
    }

    #[test]
    fn what_is_stored_is_for_its_owner_alone_and_can_be_forgotten() {
        let house = House::new().user(OWN);
        let config = house.load();
        let keys = config.stored_keys();
        assert_eq!(config.key_source("own"), Ok(KeySource::Unneeded));
        keys.store("own", &secret("a \"odd\" \\ key")).unwrap();
        keys.store("openai", &secret("b")).unwrap();
        assert_eq!((mode(&keys.folder), mode(&keys.file())), (0o700, 0o600));
        let key = house.load().service("own").unwrap().key.unwrap();
        assert_eq!(key.reveal(), "a \"odd\" \\ key", "a server of one's own may want one");
        assert_eq!(keys.forget(Some("own")).unwrap(), ["own"]);
        assert_eq!(keys.forget(Some("own")).unwrap(), Vec::<String>::new());
        assert_eq!(keys.providers().unwrap(), ["openai"]);
        assert_eq!(keys.forget(None).unwrap(), ["openai"]);
        assert!(!house.load().is_usable("openai"));
    }

    #[test]
    fn what_others_can_read_is_not_used_and_the_error_says_how_to_mend_it() {
        let house = House::new();
        let keys = house.load().stored_keys();
        keys.store("openai", &secret("canary")).unwrap();
        std::fs::set_permissions(keys.file(), Permissions::from_mode(0o640)).unwrap();
        let config = house.load();
        assert!(!config.is_usable("openai"));
        for error in [config.service("openai").unwrap_err(), config.chosen().unwrap_err()] {
            assert_eq!(error.kind, Trouble::Key);
            assert!(error.hint.as_deref().unwrap().starts_with("chmod 600 "), "{error:?}");
        }
        assert!(keys.store("openai", &secret("b")).is_err());
        let house = house.env("OPENAI_API_KEY", "k");
        assert!(house.load().service("openai").is_ok(), "a variable needs no file");
        std::fs::set_permissions(keys.file(), Permissions::from_mode(0o600)).unwrap();
        std::fs::set_permissions(&keys.folder, Permissions::from_mode(0o777)).unwrap();
        let error = keys.providers().unwrap_err();
        assert!(error.hint.unwrap().starts_with("chmod 700 "));
    }

    #[test]
    fn a_broken_file_is_said_without_what_is_in_it() {
        let house = House::new();
        let keys = house.load().stored_keys();
        keys.store("openai", &secret("k")).unwrap();
        for text in ["[keys]\nopenai = \"canary\n", "openai = \"canary\"", "[keys]\nopenai = 1"] {
            std::fs::write(keys.file(), text).unwrap();
            let error = keys.providers().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn a_key_is_one_plain_word_and_its_beginning_says_whose_it_is() {
        assert_eq!(read_key(" sk-ant-1 \r\n").unwrap().reveal(), "sk-ant-1");
        for text in ["", "  \n", "two words", "k\u{e9}y", "a\u{1b}[2J", &"x".repeat(20_000)] {
            assert!(read_key(text).is_err(), "{text:?}");
        }
        assert_eq!(giver_of("sk-ant-api03-x"), Some(("anthropic", true)));
        assert_eq!(giver_of("sk-or-v1-x"), Some(("openrouter", true)));
        assert_eq!(giver_of("sk-x"), Some(("openai", false)));
        assert_eq!(giver_of("github_pat_x"), Some(("github", true)));
        assert_eq!(giver_of("hello"), None);
    }
}
