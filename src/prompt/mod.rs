//! prompts/*.md: front matter, variables, rendering.
//!
//! A prompt opens with front matter between two `---` lines: `name`, `purpose`, `variables` (names,
//! separated by blanks), `tokens_max` (o200k, checked by a test). In the body `{{name}}` stands for
//! a variable. Rendering is strict: an unknown, an unused or a missing variable is an error. What a
//! prompt is for is decided by the room that renders it.

use std::collections::BTreeSet;

/// A parsed prompt; borrows its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt<'a> {
    pub name: &'a str,
    pub purpose: &'a str,
    pub variables: Vec<&'a str>,
    /// The most o200k tokens that the rendered body may have with ordinary values.
    pub tokens_max: usize,
    body: &'a str,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    #[error("the prompt does not open with front matter between two `---` lines")]
    NoFrontMatter,
    #[error("the front matter lacks `{0}`")]
    Missing(&'static str),
    #[error("the front matter has a line that is no `key: value`, or an unknown key: {0}")]
    BadLine(String),
    #[error("`{{{{{0}}}}}` is used but not declared")]
    Undeclared(String),
    #[error("`{0}` is declared but not used")]
    Unused(String),
    #[error("`{0}` was given no value")]
    NoValue(String),
    #[error("`{0}` was given a value but is no variable of this prompt")]
    Unknown(String),
    #[error("a `{{{{` is never closed")]
    Unclosed,
}

/// The prompts that brisk is built with.
pub const ALL: [(&str, &str); 3] = [
    ("system", include_str!("../../prompts/system.md")),
    ("environment", include_str!("../../prompts/environment.md")),
    ("wrap_up", include_str!("../../prompts/wrap_up.md")),
];

/// Renders a built-in prompt.
///
/// # Panics
///
/// If there is no such prompt or the values do not fit it: every call is reached by a test.
pub fn render(name: &str, values: &[(&str, &str)]) -> String {
    let (_, text) = ALL.iter().find(|(known, _)| *known == name).expect("a built-in prompt's name");
    let prompt = Prompt::parse(text).expect("a test parses every built-in prompt");
    prompt.render(values).expect("the caller gives just the declared variables")
}

impl<'a> Prompt<'a> {
    pub fn parse(text: &'a str) -> Result<Prompt<'a>, PromptError> {
        let rest = text.strip_prefix("---\n").ok_or(PromptError::NoFrontMatter)?;
        let (front, body) = rest.split_once("\n---\n").ok_or(PromptError::NoFrontMatter)?;
        let (mut name, mut purpose, mut variables, mut tokens_max) = (None, None, None, None);
        for line in front.lines() {
            let bad = || PromptError::BadLine(line.to_owned());
            let (key, value) = line.split_once(':').ok_or_else(bad)?;
            let value = value.trim();
            match key {
                "name" => name = Some(value),
                "purpose" => purpose = Some(value),
                "variables" => variables = Some(value.split_whitespace().collect::<Vec<_>>()),
                "tokens_max" => tokens_max = Some(value.parse().map_err(|_| bad())?),
                _ => return Err(bad()),
            }
        }
        let prompt = Prompt {
            name: name.ok_or(PromptError::Missing("name"))?,
            purpose: purpose.ok_or(PromptError::Missing("purpose"))?,
            variables: variables.ok_or(PromptError::Missing("variables"))?,
            tokens_max: tokens_max.ok_or(PromptError::Missing("tokens_max"))?,
            body: body.trim_end(),
        };
        prompt.check()?;
        Ok(prompt)
    }

    pub fn render(&self, values: &[(&str, &str)]) -> Result<String, PromptError> {
        if let Some((name, _)) = values.iter().find(|(name, _)| !self.variables.contains(name)) {
            return Err(PromptError::Unknown((*name).to_owned()));
        }
        let mut out = String::with_capacity(self.body.len());
        for piece in pieces(self.body) {
            match piece? {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(name) => {
                    let value = values.iter().find(|(known, _)| *known == name);
                    out.push_str(value.ok_or_else(|| PromptError::NoValue(name.to_owned()))?.1);
                }
            }
        }
        Ok(out)
    }

    fn check(&self) -> Result<(), PromptError> {
        let mut used = BTreeSet::new();
        for piece in pieces(self.body) {
            if let Piece::Variable(name) = piece? {
                used.insert(name);
            }
        }
        if let Some(name) = used.iter().find(|name| !self.variables.contains(name)) {
            return Err(PromptError::Undeclared((*name).to_owned()));
        }
        match self.variables.iter().find(|name| !used.contains(*name)) {
            Some(name) => Err(PromptError::Unused((*name).to_owned())),
            None => Ok(()),
        }
    }
}

enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The body's texts and variables in turn. Values are never looked into.
fn pieces(body: &str) -> impl Iterator<Item = Result<Piece<'_>, PromptError>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(inside) = rest.strip_prefix("{{") else {
            let (text, after) = rest.split_at(rest.find("{{").unwrap_or(rest.len()));
            rest = after;
            return Some(Ok(Piece::Text(text)));
        };
        let Some((name, after)) = inside.split_once("}}") else {
            rest = "";
            return Some(Err(PromptError::Unclosed));
        };
        rest = after;
        Some(Ok(Piece::Variable(name.trim())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---\nname: x\npurpose: a test\nvariables: who what\ntokens_max: 9\n---\nHi {{who}}, {{what}}.\n";

    #[test]
    fn every_built_in_prompt_parses_and_is_named_as_its_file() {
        for (name, text) in ALL {
            assert_eq!(Prompt::parse(text).unwrap().name, name);
        }
    }

    #[test]
    fn every_built_in_prompt_keeps_to_its_tokens() {
        for (name, text) in ALL {
            let prompt = Prompt::parse(text).unwrap();
            let values: Vec<_> =
                prompt.variables.iter().map(|name| (*name, "some value")).collect();
            let text = prompt.render(&values).unwrap();
            let tokens = tiktoken_rs::o200k_base_singleton().count_ordinary(&text);
            assert!(tokens <= prompt.tokens_max, "{name}: {tokens} > {}", prompt.tokens_max);
        }
    }

    #[test]
    fn values_are_not_looked_into() {
        let text = Prompt::parse(TEXT).unwrap().render(&[("who", "{{what}}"), ("what", "}}")]);
        assert_eq!(text.unwrap(), "Hi {{what}}, }}.");
    }

    #[test]
    fn rendering_is_strict() {
        let prompt = Prompt::parse(TEXT).unwrap();
        assert_eq!(prompt.render(&[("who", "a")]), Err(PromptError::NoValue("what".into())));
        let values = [("who", "a"), ("what", "b"), ("why", "c")];
        assert_eq!(prompt.render(&values), Err(PromptError::Unknown("why".into())));
    }

    #[test]
    fn front_matter_is_checked_against_the_body() {
        let undeclared = TEXT.replace("who what", "who");
        assert_eq!(Prompt::parse(&undeclared), Err(PromptError::Undeclared("what".into())));
        let unused = TEXT.replace("who what", "who what why");
        assert_eq!(Prompt::parse(&unused), Err(PromptError::Unused("why".into())));
        let unclosed = TEXT.replace("{{what}}", "{{what");
        assert_eq!(Prompt::parse(&unclosed), Err(PromptError::Unclosed));
        assert_eq!(Prompt::parse("Hi"), Err(PromptError::NoFrontMatter));
        let missing = TEXT.replace("purpose: a test\n", "");
        assert_eq!(Prompt::parse(&missing), Err(PromptError::Missing("purpose")));
    }
}
