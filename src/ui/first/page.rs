//! What the first start asks, page by page, and what keys do there. It draws nothing and waits for
//! nothing.

use crate::config::{Config, NewServer, giver_of, read_key};
use crate::protocol::{Key, KeyCode, Secret};
use std::sync::Arc;

/// Bytes of what is typed or pasted into a field.
const FIELD_BYTES_MAX: usize = 64 * 1024;

/// What there is to choose from, and what a choice is about.
pub(crate) const CHOICES: [(Choice, &str, &str); 4] = [
    (Choice::Key, "Paste a key", "of Anthropic, OpenAI, OpenRouter, others"),
    (Choice::Copilot, "Log in to GitHub Copilot", "by a code; its API is undocumented"),
    (Choice::Server, "Use a server of yours", "Ollama, llama.cpp, vLLM: needs no key"),
    (Choice::Demo, "Take the tour", "a script plays the model; needs no key"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Key,
    Copilot,
    Server,
    Demo,
}

/// What the user wants to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// To be stored.
    Key {
        provider: String,
        key: Secret,
    },
    Copilot,
    /// To be written.
    Server(NewServer),
    Demo,
    Leave,
    /// This signal came.
    Signal(i32),
}

pub(crate) enum Page {
    Choices {
        selected: usize,
    },
    Key {
        text: String,
    },
    /// Whose key it is.
    Provider {
        key: Secret,
        selected: usize,
    },
    Server {
        url: String,
        id: String,
        field: Field,
    },
    /// These lines are to be written.
    Lines {
        url: String,
        id: String,
        server: NewServer,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Url,
    Id,
}

pub(crate) struct First {
    pub(crate) page: Page,
    /// What is wrong, or what became of the last choice.
    pub(crate) said: Option<String>,
    pub(crate) config: Arc<Config>,
    /// Those that a key can be stored for.
    pub(crate) providers: Vec<String>,
}

impl First {
    pub(crate) fn new(config: Arc<Config>, providers: Vec<String>, said: Option<String>) -> Self {
        Self { page: Page::Choices { selected: 0 }, said, config, providers }
    }

    /// What was chosen, if that is the end of it.
    pub(crate) fn key(&mut self, key: Key) -> Option<Chosen> {
        if key == Key::ctrl('c') || key == Key::ctrl('d') {
            return Some(Chosen::Leave);
        }
        self.said = None;
        match &mut self.page {
            Page::Choices { selected } => {
                let wanted = match key.code {
                    KeyCode::Escape | KeyCode::Char('q') => return Some(Chosen::Leave),
                    KeyCode::Enter => *selected,
                    KeyCode::Char(digit @ '1'..='4') => digit as usize - '1' as usize,
                    _ => {
                        select(selected, CHOICES.len(), key);
                        return None;
                    }
                };
                self.choose(CHOICES.get(wanted)?.0)
            }
            Page::Key { text } => match key.code {
                KeyCode::Escape => self.back(Choice::Key),
                KeyCode::Enter => {
                    let text = std::mem::take(text);
                    self.take_key(&text)
                }
                _ => edit(text, key),
            },
            Page::Provider { key: secret, selected } => match key.code {
                KeyCode::Escape => self.back(Choice::Key),
                KeyCode::Enter => {
                    let provider = self.providers.get(*selected)?.clone();
                    Some(Chosen::Key { provider, key: secret.clone() })
                }
                _ => select(selected, self.providers.len(), key),
            },
            Page::Server { url, id, field } => match (key.code, *field) {
                (KeyCode::Escape, _) => self.back(Choice::Server),
                (KeyCode::Tab | KeyCode::Up | KeyCode::Down, _) => {
                    *field = if *field == Field::Url { Field::Id } else { Field::Url };
                    None
                }
                (KeyCode::Enter, Field::Url) => {
                    *field = Field::Id;
                    None
                }
                (KeyCode::Enter, Field::Id) => {
                    match self.config.new_server(url, id) {
                        Ok(server) => {
                            let (url, id) = (std::mem::take(url), std::mem::take(id));
                            self.page = Page::Lines { url, id, server };
                        }
                        Err(why) => self.said = Some(why.to_owned()),
                    }
                    None
                }
                (_, Field::Url) => edit(url, key),
                (_, Field::Id) => edit(id, key),
            },
            Page::Lines { url, id, server } => match key.code {
                KeyCode::Enter => Some(Chosen::Server(server.clone())),
                KeyCode::Escape => {
                    let (url, id) = (std::mem::take(url), std::mem::take(id));
                    self.page = Page::Server { url, id, field: Field::Url };
                    None
                }
                _ => None,
            },
        }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        self.said = None;
        // Of several lines the first is meant.
        let first = text.trim_start().lines().next().unwrap_or_default().trim_end();
        match &mut self.page {
            Page::Choices { .. } => self.page = Page::Key { text: cut(first).to_owned() },
            Page::Key { text } | Page::Server { url: text, field: Field::Url, .. } => {
                append(text, first);
            }
            Page::Server { id: text, field: Field::Id, .. } => append(text, first),
            Page::Provider { .. } | Page::Lines { .. } => {}
        }
    }

    fn choose(&mut self, choice: Choice) -> Option<Chosen> {
        match choice {
            Choice::Key => self.page = Page::Key { text: String::new() },
            Choice::Server => {
                let (url, id) = ("http://127.0.0.1:8080/v1".to_owned(), String::new());
                self.page = Page::Server { url, id, field: Field::Url };
            }
            Choice::Copilot => return Some(Chosen::Copilot),
            Choice::Demo => return Some(Chosen::Demo),
        }
        None
    }

    fn back(&mut self, from: Choice) -> Option<Chosen> {
        let selected = CHOICES.iter().position(|(choice, ..)| *choice == from).unwrap_or(0);
        self.page = Page::Choices { selected };
        None
    }

    /// Whose it is is seen at once, or asked.
    fn take_key(&mut self, text: &str) -> Option<Chosen> {
        let key = match read_key(text) {
            Ok(key) => key,
            Err(why) => {
                self.said = Some(why.to_owned());
                return None;
            }
        };
        match self.giver(key.reveal()) {
            Some((index, true)) => {
                Some(Chosen::Key { provider: self.providers[index].clone(), key })
            }
            guess => {
                let selected = guess.map_or(0, |(index, _)| index);
                self.page = Page::Provider { key, selected };
                None
            }
        }
    }

    /// The provider by its place in the list, and whether it can be no other.
    pub(crate) fn giver(&self, key: &str) -> Option<(usize, bool)> {
        let (name, is_sure) = giver_of(key)?;
        Some((self.providers.iter().position(|provider| provider == name)?, is_sure))
    }
}

fn select(selected: &mut usize, count: usize, key: Key) -> Option<Chosen> {
    match key.code {
        KeyCode::Char('j') | KeyCode::Down | KeyCode::Tab => *selected += 1,
        KeyCode::Char('k') | KeyCode::Up => *selected = selected.saturating_sub(1),
        _ => {}
    }
    *selected = (*selected).min(count.saturating_sub(1));
    None
}

fn edit(text: &mut String, key: Key) -> Option<Chosen> {
    match key.code {
        KeyCode::Backspace => drop_last(text),
        KeyCode::Char('u') if key.ctrl => text.clear(),
        KeyCode::Char(char) if !key.ctrl && !key.alt => append(text, char.encode_utf8(&mut [0; 4])),
        _ => {}
    }
    None
}

fn drop_last(text: &mut String) {
    text.pop();
}

fn append(text: &mut String, more: &str) {
    if text.len() + more.len() <= FIELD_BYTES_MAX {
        text.push_str(more);
    }
}

/// A key is shorter; what is not is refused by its length later.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(FIELD_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
