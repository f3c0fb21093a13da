//! `brisk auth`: the keys that brisk keeps, and where each provider's key comes from. No key is
//! ever printed, and none is taken from the command line, which others can see.

use super::args::{AuthArgs, AuthCommand, Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::hidden::{self, Typed};
use super::{copilot, output, setup};
use crate::config::{Config, KeySource, giver_of, read_key};
use crate::protocol::Api;
use serde::Serialize;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::PathBuf;

/// Bytes of stdin that are looked at: more than any key has.
const STDIN_BYTES_MAX: u64 = 64 * 1024;

pub(super) fn run(args: &AuthArgs, run: &RunArgs) -> Result<Exit, Trouble> {
    run.check(Place::Query)?;
    let config = setup::config(run)?;
    match &args.command {
        AuthCommand::Login { provider } => login(&config, provider.as_deref()),
        AuthCommand::Logout { provider, all } => logout(&config, provider.as_deref(), *all),
        AuthCommand::Status { json } => status(&config, *json),
    }
}

fn login(config: &Config, named: Option<&str>) -> Result<Exit, Trouble> {
    let on_terminal = io::stdin().is_terminal();
    let provider = match named {
        Some(name) => known(config, name)?,
        None if on_terminal => choose(config)?,
        None => {
            let text = "stdin is no terminal, so nobody can choose a provider";
            return Err(
                Trouble::usage(text).with_hint("name it: brisk auth login openai < keyfile")
            );
        }
    };
    if on_terminal && is_copilot(config, &provider) {
        return copilot::login(config, &provider);
    }
    let text = if on_terminal {
        match hidden::read(&format!("Key of {provider} (it is not shown): "))? {
            Typed::Line(text) => text,
            Typed::Ended(exit) => {
                output::progress("nothing is stored");
                return Ok(exit);
            }
        }
    } else {
        stdin()?
    };
    let key = read_key(&text).map_err(|why| {
        Trouble::usage(format!("{why}; nothing is stored"))
            .with_hint(format!("paste it at the prompt, or: brisk auth login {provider} < keyfile"))
    })?;
    config.stored_keys().store(&provider, &key)?;
    let file = config.stored_keys().file();
    output::progress(&format!("the key of {provider} is stored in {}", file.display()));
    output::progress("it was not checked: the first request will tell");
    if let Some((giver, true)) = giver_of(key.reveal())
        && giver != provider
    {
        output::progress(&format!("note: keys that begin so are {giver}'s"));
    }
    match config.key_source(&provider)? {
        KeySource::Variable(name) => {
            output::progress(&format!("note: {name} is set, and goes before what is stored"));
        }
        KeySource::Command => {
            output::progress(&format!(
                "note: providers.{provider}.key_command is set, and goes before what is stored"
            ));
        }
        KeySource::Stored | KeySource::Unneeded | KeySource::Missing(_) => {}
    }
    Ok(Exit::Done)
}

/// # Errors
/// Its name is that of no provider: a mistake of usage.
fn known(config: &Config, name: &str) -> Result<String, Trouble> {
    let providers = config.providers();
    if providers.iter().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    Err(Trouble::usage(format!("no provider is named `{name}`"))
        .with_hint(format!("known: {}", providers.join(", "))))
}

pub(super) fn is_copilot(config: &Config, provider: &str) -> bool {
    let api = config.get(&format!("providers.{provider:?}.api"));
    api.as_ref().and_then(|api| api.as_str()) == Some(Api::Copilot.name())
}

/// The providers that want a key, the user's own first.
pub(super) fn wanting(config: &Config) -> Vec<String> {
    let wants = |name: &String| {
        config.key_source(name).map_or(true, |source| source != KeySource::Unneeded)
    };
    config.providers().into_iter().filter(wants).collect()
}

/// Lists the providers, and reads the number or the name of one.
fn choose(config: &Config) -> Result<String, Trouble> {
    let wanting = wanting(config);
    for (index, name) in wanting.iter().enumerate() {
        let (source, _) = source(&config.key_source(name)?);
        output::progress(&format!("{:>3}  {name:<14} {source}", index + 1));
    }
    output::prompt("Whose key, by number or name? ");
    let mut line = String::new();
    io::stdin().lock().take(STDIN_BYTES_MAX).read_line(&mut line)?;
    let line = line.trim();
    if line.is_empty() {
        return Err(Trouble::usage("no provider was chosen; nothing is stored"));
    }
    match line.parse::<usize>() {
        Ok(number) => wanting
            .get(number.wrapping_sub(1))
            .cloned()
            .ok_or_else(|| Trouble::usage(format!("there is no number {number}"))),
        // A key that was pasted here is not repeated.
        Err(_) if giver_of(line).is_some() => Err(Trouble::usage("this is a key, not a provider")
            .with_hint("begin again, name the provider, and paste the key when it is asked for")),
        Err(_) => known(config, line),
    }
}

fn stdin() -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(STDIN_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn logout(config: &Config, named: Option<&str>, all: bool) -> Result<Exit, Trouble> {
    let keys = config.stored_keys();
    if named.is_none() && !all {
        let stored = keys.providers()?;
        let stored =
            if stored.is_empty() { "no key is stored".to_owned() } else { stored.join(", ") };
        return Err(Trouble::usage("whose key is to be forgotten?")
            .with_hint(format!("name a provider, or --all; stored: {stored}")));
    }
    let gone = keys.forget(named)?;
    match (gone.as_slice(), named) {
        ([], Some(name)) => {
            known(config, name)?;
            output::progress(&format!("no key of {name} is stored"));
        }
        ([], None) => output::progress("no key is stored"),
        (gone, _) => output::progress(&format!("forgotten: {}", gone.join(", "))),
    }
    for name in &gone {
        if let Ok(KeySource::Variable(variable)) = config.key_source(name) {
            output::progress(&format!("note: {variable} is set, and is used as before"));
        }
    }
    Ok(Exit::Done)
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Status {
    file: PathBuf,
    providers: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    provider: String,
    /// `key_command`, `variable`, `stored`, `none`, or `unneeded`.
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    /// Whether a key is stored, though it may not be the one that is used.
    stored: bool,
}

fn status(config: &Config, json: bool) -> Result<Exit, Trouble> {
    let keys = config.stored_keys();
    let stored = keys.providers()?;
    let mut providers = Vec::new();
    for provider in config.providers() {
        let found = config.key_source(&provider)?;
        let variable = match &found {
            KeySource::Variable(name) | KeySource::Missing(name) => Some(name.clone()),
            KeySource::Command | KeySource::Stored | KeySource::Unneeded => None,
        };
        let stored = stored.contains(&provider);
        providers.push(Row { provider, source: source(&found).1, variable, stored });
    }
    if json {
        let status = Status { file: keys.file(), providers };
        let text = serde_json::to_string(&status).expect("strings and plain structs are JSON");
        output::line(&text)?;
        return Ok(Exit::Done);
    }
    for row in &providers {
        let (text, _) = source(&config.key_source(&row.provider)?);
        let also = row.stored && row.source != "stored";
        let also = if also { "; a stored one is there, too" } else { "" };
        output::line(&crate::text::clean(&format!("{:<14} {text}{also}", row.provider)))?;
    }
    let unknown = stored.iter().filter(|name| !providers.iter().any(|row| row.provider == **name));
    for name in unknown {
        let text = format!("{name:<14} stored, but no provider has this name");
        output::line(&crate::text::clean(&text))?;
    }
    output::line(&format!("stored keys are in {}", keys.file().display()))?;
    Ok(Exit::Done)
}

/// In words, and as the JSON has it.
fn source(source: &KeySource) -> (String, &'static str) {
    match source {
        KeySource::Command => ("key_command".to_owned(), "key_command"),
        KeySource::Variable(name) => (format!("variable {name}"), "variable"),
        KeySource::Stored => ("stored".to_owned(), "stored"),
        KeySource::Unneeded => ("needs none".to_owned(), "unneeded"),
        KeySource::Missing(name) => (format!("none ({name} is not set)"), "none"),
    }
}
