//! A theme's file: roles with colours and modifiers, a palette, and what it inherits from.

use super::Role;
use super::color::{self, ColorDepth};
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// The default comes first.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    ("brisk-dark", include_str!("../../../themes/brisk-dark.toml")),
    ("brisk-light", include_str!("../../../themes/brisk-light.toml")),
    ("ansi", include_str!("../../../themes/ansi.toml")),
];

/// How many themes may inherit from one another.
const LAYERS_MAX: usize = 8;

#[derive(Debug, Error)]
pub(crate) enum ThemeError {
    #[error("there is no theme `{name}`; there are {known}")]
    Unknown { name: String, known: String },
    #[error("the theme `{theme}` cannot be read: {message}")]
    Syntax { theme: String, message: String },
    #[error("the theme `{theme}` names a role that there is not: `{role}`")]
    Role { theme: String, role: String },
    #[error("the theme `{theme}` names no colour with `{color}`")]
    Color { theme: String, color: String },
    #[error("the theme `{theme}` names no modifier with `{modifier}`")]
    Modifier { theme: String, modifier: String },
    #[error("the theme `{theme}` inherits from itself, or from too many others")]
    Inherits { theme: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherits: Option<String>,
    #[serde(default)]
    palette: BTreeMap<String, String>,
    #[serde(default)]
    roles: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    modifiers: Vec<String>,
    /// Instead of `modifiers` where there is no colour.
    mono: Option<Vec<String>>,
}

/// What one file says of each role that it names.
pub(super) struct Layer(BTreeMap<&'static str, Look>);

struct Look {
    fg: Option<Color>,
    bg: Option<Color>,
    modifiers: Modifier,
    mono: Option<Modifier>,
}

impl Look {
    fn is_ansi(&self) -> bool {
        let rgb = |color: Option<Color>| matches!(color, Some(Color::Rgb(..)));
        !rgb(self.fg) && !rgb(self.bg)
    }
}

pub(super) fn built_in(name: &str) -> Result<Vec<Layer>, ThemeError> {
    read(name, source(name)?)
}

/// The layers of a theme, its own first, then what it inherits.
pub(super) fn read(name: &str, source: &str) -> Result<Vec<Layer>, ThemeError> {
    let mut layers = Vec::new();
    let mut next = Some((name.to_owned(), source));
    while let Some((theme, source)) = next {
        if layers.len() == LAYERS_MAX {
            return Err(ThemeError::Inherits { theme });
        }
        let syntax = |error: toml::de::Error| ThemeError::Syntax {
            theme: theme.clone(),
            message: error.to_string(),
        };
        let file: File = toml::from_str(source).map_err(syntax)?;
        layers.push(layer(&theme, &file)?);
        next = match file.inherits {
            Some(parent) => {
                let source = self::source(&parent)?;
                Some((parent, source))
            }
            None => None,
        };
    }
    Ok(layers)
}

fn source(name: &str) -> Result<&'static str, ThemeError> {
    let found = BUILT_IN.iter().find(|(known, _)| *known == name);
    found.map(|(_, source)| *source).ok_or_else(|| {
        let known: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        ThemeError::Unknown { name: name.to_owned(), known: known.join(", ") }
    })
}

fn layer(theme: &str, file: &File) -> Result<Layer, ThemeError> {
    let mut looks = BTreeMap::new();
    for (name, entry) in &file.roles {
        let role = Role::ALL.iter().find(|role| role.name() == name);
        let role =
            role.ok_or_else(|| ThemeError::Role { theme: theme.to_owned(), role: name.clone() })?;
        let color = |name: &Option<String>| -> Result<Option<Color>, ThemeError> {
            let Some(name) = name else { return Ok(None) };
            let value = file.palette.get(name).unwrap_or(name);
            let unknown = || ThemeError::Color { theme: theme.to_owned(), color: value.clone() };
            color::parse(value).map(Some).ok_or_else(unknown)
        };
        let look = Look {
            fg: color(&entry.fg)?,
            bg: color(&entry.bg)?,
            modifiers: modifiers(theme, &entry.modifiers)?,
            mono: entry.mono.as_ref().map(|names| modifiers(theme, names)).transpose()?,
        };
        looks.insert(role.name(), look);
    }
    Ok(Layer(looks))
}

fn modifiers(theme: &str, names: &[String]) -> Result<Modifier, ThemeError> {
    let mut all = Modifier::empty();
    for name in names {
        all |= match name.as_str() {
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            "crossed-out" => Modifier::CROSSED_OUT,
            _ => {
                let (theme, modifier) = (theme.to_owned(), name.clone());
                return Err(ThemeError::Modifier { theme, modifier });
            }
        };
    }
    Ok(all)
}

/// A role's style. With 16 colours the nearest layer counts that needs no more than those, and
/// without colour the nearest that says what to do then.
pub(super) fn style(layers: &[Layer], role: Role, depth: ColorDepth) -> Style {
    let looks = || layers.iter().filter_map(|layer| layer.0.get(role.name()));
    let Some(first) = looks().next() else { return Style::default() };
    let modifiers = match depth {
        ColorDepth::None => looks().find_map(|look| look.mono).unwrap_or(first.modifiers),
        _ => first.modifiers,
    };
    let look = match depth {
        ColorDepth::Ansi16 => looks().find(|look| look.is_ansi()).unwrap_or(first),
        _ => first,
    };
    let modifiers = if depth == ColorDepth::Ansi16 { look.modifiers } else { modifiers };
    let mut style = Style::default().add_modifier(modifiers);
    style.fg = look.fg.and_then(|color| color::fit(color, depth));
    style.bg = look.bg.and_then(|color| color::fit(color, depth));
    style
}
