//! A server of the user's own, added to their config file as they would write it.

use super::error::{ConfigError, Trouble};
use super::layers::Layers;
use super::{Config, Source};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use toml::Value;

/// What a server that speaks OpenAI's wire usually has behind its address.
const VERSION: &str = "/v1";

/// The lines that are added, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewServer {
    pub file: PathBuf,
    pub lines: String,
}

impl Config {
    /// What makes `id`, served at `base_url` over Chat Completions, a model with a name that is not
    /// taken yet. An address without a path gets the usual one.
    ///
    /// # Errors
    /// A sentence, if the address is none.
    pub fn new_server(&self, base_url: &str, id: &str) -> Result<NewServer, &'static str> {
        let base_url = base_url.trim().trim_end_matches('/');
        let host = ["http://", "https://"].iter().find_map(|scheme| base_url.strip_prefix(scheme));
        let host = host.ok_or("an address begins with http:// or https://")?;
        let is_plain =
            |text: &str| !text.chars().any(|char| char.is_whitespace() || char.is_control());
        if host.is_empty() || !is_plain(host) {
            return Err("this is no address such as http://127.0.0.1:8080/v1");
        }
        let id = id.trim();
        if id.is_empty() || id.contains(char::is_control) {
            return Err("the server knows its model by some name");
        }
        let path = if host.contains('/') { "" } else { VERSION };
        let provider = free("local", &self.providers());
        let model = free("mine", &self.layers.names("models"));
        let text = |text: &str| Value::String(text.to_owned());
        let lines = format!(
            "[providers.{provider}]\napi = \"openai-chat\"\nbase_url = {}\n\n\
             [models.{model}]\nprovider = \"{provider}\"\nid = {}\n",
            text(&format!("{base_url}{path}")),
            text(id)
        );
        Ok(NewServer { file: self.paths.config_file(), lines })
    }

    /// Adds the lines at the end of the user's config file; nothing else in it changes.
    ///
    /// # Errors
    /// If they would make no sense there, or cannot be written: then nothing is.
    pub fn add_server(&self, server: &NewServer) -> Result<(), ConfigError> {
        let failed = |error: io::Error| {
            let message = format!("{} cannot be written: {error}", server.file.display());
            ConfigError::new(Trouble::Setting, message)
        };
        let before = match fs::read_to_string(&server.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            read => read,
        };
        let before = before.map_err(failed)?;
        let gap = match before.as_str() {
            "" => "",
            text if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        let added = format!("{gap}{}", server.lines);
        let line = |line| Source::File { path: server.file.clone(), line };
        Layers::default().text(&format!("{before}{added}"), &server.file, &line)?;
        let write = || {
            if let Some(folder) = server.file.parent() {
                fs::create_dir_all(folder)?;
            }
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(&server.file)?
                .write_all(added.as_bytes())
        };
        write().map_err(failed)
    }
}

/// The name, or the first of `name-2`, `name-3` that is not taken.
fn free(name: &str, taken: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).expect("there is no end of numbers")
}

#[cfg(test)]
mod tests {
    use crate::config::tests::House;

    #[test]
    fn a_server_is_added_and_nothing_else_changes() {
        let own = "# mine\nmode = \"plan\"\n[providers.local]\napi = \"anthropic\" # odd";
        let house = House::new().user(own);
        let config = house.load();
        let server = config.new_server("http://localhost:8080/", "qwen \"3\"").unwrap();
        assert!(server.lines.contains("[providers.local-2]"), "{}", server.lines);
        config.add_server(&server).unwrap();
        let text = std::fs::read_to_string(&server.file).unwrap();
        assert!(text.starts_with(&format!("{own}\n\n[providers.local-2]")), "{text}");
        let config = house.load();
        let model = config.chosen().unwrap();
        assert_eq!((model.id.as_str(), model.name.as_str()), ("qwen \"3\"", "mine"));
        let service = config.service(&model.service).unwrap();
        assert_eq!((service.base_url.as_str(), service.key), ("http://localhost:8080/v1", None));
        let second = config.new_server("https://h/api", "m").unwrap();
        config.add_server(&second).unwrap();
        assert!(house.load().models().iter().any(|spec| spec.name == "mine-2"));
        assert!(second.lines.contains("\"https://h/api\""));
    }

    #[test]
    fn what_makes_no_sense_in_the_file_is_not_written() {
        let house = House::new().user("model = \"x\"");
        let config = house.load();
        let server = config.new_server("http://h", "m").unwrap();
        let own = "providers = { a = { api = \"anthropic\" } }\n";
        let house = house.user(own);
        assert!(config.add_server(&server).is_err());
        assert_eq!(std::fs::read_to_string(&server.file).unwrap(), own);
        drop(house);
        for (url, id) in
            [("localhost:8080", "m"), ("http://", "m"), ("http://a b", "m"), ("http://h", " ")]
        {
            assert!(config.new_server(url, id).is_err(), "{url} {id}");
        }
    }
}
