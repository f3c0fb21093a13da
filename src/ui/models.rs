//! The models that can be chosen: a list that typing narrows, and what is known of the selected one.

use super::chat_lines::Pen;
use super::numbers::tokens;
use super::theme::Role;
use crate::protocol::{Key, KeyCode, ModelSpec, Price};
use crate::text::{clean, clip, width};
use ratatui::text::{Line, Span};
use std::sync::Arc;

/// Characters of the filter.
const FILTER_CHARS_MAX: usize = 80;
/// Rows that a page key goes.
const PAGE: usize = 10;
/// With fewer rows the head of the columns and the blank row give way.
const SPACIOUS_ROWS: usize = 9;
const NAME_COLUMNS_MAX: usize = 26;
/// Before a name gets shorter than that another column gives way.
const NAME_COLUMNS_FEW: usize = 14;
const GAP: usize = 2;

/// A model, and whether it can be used.
#[derive(Clone, Debug)]
pub struct ModelOffer {
    pub spec: ModelSpec,
    /// The wire format, as the config names it.
    pub dialect: String,
    /// Why it cannot be used, as a clause: `OPENAI_API_KEY is not set`.
    pub lacks: Option<String>,
}

pub(crate) struct ModelList {
    /// Those that can be used first.
    offers: Arc<[ModelOffer]>,
    filter: String,
    selected: usize,
}

/// What a key came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Picked {
    Nothing,
    /// This one, by the name that a setting takes.
    Model(String),
    /// Why not.
    Refused(String),
}

/// In the order in which the list shows them.
pub(crate) fn sorted(mut offers: Vec<ModelOffer>) -> Arc<[ModelOffer]> {
    offers.sort_by_key(|offer| offer.lacks.is_some());
    offers.into()
}

impl ModelList {
    /// With the current model selected.
    pub(crate) fn new(offers: &Arc<[ModelOffer]>, current: &str) -> Self {
        let selected = offers.iter().position(|offer| offer.spec.name == current);
        let (offers, filter) = (Arc::clone(offers), String::new());
        Self { offers, filter, selected: selected.unwrap_or(0) }
    }

    /// Those that hold every word of the filter.
    fn shown(&self) -> Vec<&ModelOffer> {
        let filter = self.filter.to_lowercase();
        let holds = |offer: &&ModelOffer| {
            let ModelSpec { name, id, service, .. } = &offer.spec;
            let text = format!("{name} {service}/{id}").to_lowercase();
            filter.split_whitespace().all(|word| text.contains(word))
        };
        self.offers.iter().filter(holds).collect()
    }

    /// What is typed names a model that is in no list: `provider/id`.
    fn typed(&self) -> Option<&str> {
        let (provider, id) = self.filter.split_once('/')?;
        let is_known = self.offers.iter().any(|offer| offer.spec.service == provider);
        let is_name = !id.is_empty() && !self.filter.contains(char::is_whitespace);
        (is_name && is_known && self.shown().is_empty()).then_some(&self.filter)
    }

    pub(crate) fn key(&mut self, key: Key) -> Picked {
        match key.code {
            KeyCode::Enter => return self.enter(),
            KeyCode::Down => self.selected += 1,
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::Char('n') if key.ctrl => self.selected += 1,
            KeyCode::Char('p') if key.ctrl => self.selected = self.selected.saturating_sub(1),
            KeyCode::PageDown => self.selected += PAGE,
            KeyCode::PageUp => self.selected = self.selected.saturating_sub(PAGE),
            KeyCode::Home => self.selected = 0,
            KeyCode::End => self.selected = usize::MAX,
            KeyCode::Char('u') if key.ctrl => self.narrow(String::clear),
            KeyCode::Backspace => self.narrow(|filter| {
                filter.pop();
            }),
            KeyCode::Char(char) if !key.ctrl && !key.alt => {
                self.paste(char.encode_utf8(&mut [0; 4]));
            }
            _ => {}
        }
        self.selected = self.selected.min(self.shown().len().saturating_sub(1));
        Picked::Nothing
    }

    pub(crate) fn paste(&mut self, text: &str) {
        let text = text.trim_matches(['\r', '\n']);
        let is_short = (self.filter.chars().count() + text.chars().count()) <= FILTER_CHARS_MAX;
        if is_short && !text.contains(char::is_control) {
            self.narrow(|filter| filter.push_str(text));
        }
    }

    fn narrow(&mut self, edit: impl FnOnce(&mut String)) {
        edit(&mut self.filter);
        self.selected = 0;
    }

    fn enter(&self) -> Picked {
        match (self.shown().get(self.selected), self.typed()) {
            (Some(ModelOffer { spec, lacks: Some(lacks), .. }), _) => {
                Picked::Refused(format!("{} cannot be used: {lacks}", spec.name))
            }
            (Some(offer), _) => Picked::Model(offer.spec.name.clone()),
            (None, Some(name)) => Picked::Model(name.to_owned()),
            (None, None) => Picked::Nothing,
        }
    }

    /// At most `rows` of them: what is typed, the list around the selected one, what is known of it.
    pub(crate) fn lines(
        &self,
        current: &str,
        pen: &Pen<'_>,
        columns: u16,
        rows: usize,
    ) -> Vec<Line<'static>> {
        let room = usize::from(columns);
        let caret = if is_ascii(pen) { "_" } else { "▏" };
        let mut lines = vec![Line::from(vec![
            pen.span("> ", Role::Accent),
            pen.span(format!("{}{caret}", clip(&self.filter, room.saturating_sub(3))), Role::Text),
        ])];
        let is_spacious = rows >= SPACIOUS_ROWS;
        let table = Table::new(&self.offers, pen, room);
        if is_spacious {
            lines.push(table.head(pen));
        }
        let details = self.details(pen, room);
        let (above, below) = (lines.len(), details.len() + usize::from(is_spacious));
        let list_rows = rows.saturating_sub(above + below).min(self.offers.len()).max(1);
        let shown = self.shown();
        let first = (self.selected + 1).saturating_sub(list_rows);
        for (index, offer) in shown.iter().enumerate().skip(first).take(list_rows) {
            let is_current = offer.spec.name == current;
            lines.push(table.row(offer, index == self.selected, is_current, pen));
        }
        if shown.is_empty() {
            lines.push(self.nothing(pen, room));
        }
        // Typing moves nothing but the list.
        lines.resize(above + list_rows, Line::default());
        if is_spacious {
            lines.push(Line::default());
        }
        lines.extend(details);
        lines.truncate(rows);
        lines
    }

    fn nothing(&self, pen: &Pen<'_>, room: usize) -> Line<'static> {
        let (text, role) = match self.typed() {
            Some(name) => (format!("> {name}  as you typed it"), Role::Selection),
            None => ("  no model is called that; any other: PROVIDER/ID".to_owned(), Role::Dim),
        };
        Line::from(pen.span(clip(&clean(&text), room).into_owned(), role))
    }

    /// Two rows, whatever is selected.
    fn details(&self, pen: &Pen<'_>, room: usize) -> Vec<Line<'static>> {
        let row =
            |text: String, role| Line::from(pen.span(clip(&clean(&text), room).into_owned(), role));
        let shown = self.shown();
        let Some(ModelOffer { spec, dialect, lacks }) = shown.get(self.selected) else {
            return vec![Line::default(), Line::default()];
        };
        let first = format!(
            "{}  over {dialect}  prompt {}  answer {}  edits {}",
            spec.id,
            tokens(spec.prompt),
            tokens(spec.output),
            spec.edits.name()
        );
        let second = match lacks {
            Some(lacks) => {
                row(format!("{lacks}; or: brisk auth login {}", spec.service), Role::Warning)
            }
            None => row(more(spec), Role::Dim),
        };
        vec![row(first, Role::Dim), second]
    }
}

fn more(spec: &ModelSpec) -> String {
    let efforts: Vec<_> = spec.efforts.iter().map(|effort| effort.name()).collect();
    let efforts = (!efforts.is_empty()).then(|| format!("efforts {}", efforts.join(" ")));
    let cached = spec.price.map(|price| format!("cached {}", dollars(price.cached)));
    let fallback = spec.fallback.as_ref().map(|name| format!("falls back to {name}"));
    [efforts, cached, fallback].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn is_ascii(pen: &Pen<'_>) -> bool {
    pen.theme.glyphs().cross.is_ascii()
}

/// Dollars of a million tokens, as short as they are exact.
fn dollars(price: f64) -> String {
    format!("${price}")
}

fn price(price: Option<Price>, pen: &Pen<'_>) -> String {
    match price {
        Some(price) => format!("{}/{}", dollars(price.input), dollars(price.output)),
        None if is_ascii(pen) => "$-".to_owned(),
        None => "$—".to_owned(),
    }
}

fn efforts(spec: &ModelSpec, pen: &Pen<'_>) -> String {
    match spec.efforts.as_slice() {
        [] => String::new(),
        [only] => only.name().to_owned(),
        [first, .., last] => {
            format!("{}{}{}", first.name(), pen.theme.glyphs().ellipsis, last.name())
        }
    }
}

/// A column: its head, and what gives way first where not all fit (the highest).
const HEADS: [(&str, u8); 6] =
    [("model", 0), ("provider", 4), ("window", 2), ("$/M in/out", 3), ("effort", 5), ("state", 1)];

struct Table {
    /// Columns that are shown, by their index in `HEADS`, with their widths.
    shown: Vec<(usize, usize)>,
}

impl Table {
    fn new(offers: &[ModelOffer], pen: &Pen<'_>, room: usize) -> Self {
        let mut widths = HEADS.map(|(head, _)| width(head));
        for offer in offers {
            for (wide, cell) in widths.iter_mut().zip(cells(offer, pen)) {
                *wide = (*wide).max(width(&cell));
            }
        }
        widths[0] = widths[0].min(NAME_COLUMNS_MAX);
        let mut shown: Vec<(usize, usize)> = widths.iter().copied().enumerate().collect();
        let wide = |shown: &[(usize, usize)]| -> usize {
            MARK_COLUMNS + shown.iter().map(|(_, wide)| wide + GAP).sum::<usize>() - GAP
        };
        let over = wide(&shown).saturating_sub(room);
        shown[0].1 = shown[0].1.saturating_sub(over).max(NAME_COLUMNS_FEW);
        while shown.len() > 2 && wide(&shown) > room {
            let worst = shown.iter().map(|(index, _)| HEADS[*index].1).max().unwrap_or(0);
            shown.retain(|(index, _)| HEADS[*index].1 != worst);
        }
        let (wide, name) = (wide(&shown), shown[0].1);
        shown[0].1 = (name + room).saturating_sub(wide).clamp(1, widths[0]);
        Self { shown }
    }

    fn head(&self, pen: &Pen<'_>) -> Line<'static> {
        let cells = HEADS.map(|(head, _)| head.to_owned());
        Line::from(pen.span(format!("{:MARK_COLUMNS$}{}", "", self.join(&cells)), Role::Heading))
    }

    fn row(
        &self,
        offer: &ModelOffer,
        is_selected: bool,
        is_current: bool,
        pen: &Pen<'_>,
    ) -> Line<'static> {
        let pointer = if is_selected { ">" } else { " " };
        let current = if is_current { super::marks::done(pen.theme) } else { " " };
        let role = match (is_selected, &offer.lacks) {
            (true, _) => Role::Selection,
            (false, Some(_)) => Role::Dim,
            (false, None) => Role::Text,
        };
        let pad = MARK_COLUMNS - 1 - width(current);
        let text = format!("{pointer}{current}{:pad$}{}", "", self.join(&cells(offer, pen)));
        Line::from(Span::styled(text, pen.theme.style(role)))
    }

    fn join(&self, cells: &[String; 6]) -> String {
        let cell = |&(index, wide): &(usize, usize)| {
            let text = clip(&cells[index], wide).into_owned();
            format!("{text}{}", " ".repeat(wide - width(&text)))
        };
        self.shown.iter().map(cell).collect::<Vec<_>>().join(&" ".repeat(GAP))
    }
}

/// For the pointer, the mark of the current one, and a blank.
const MARK_COLUMNS: usize = 3;

fn cells(offer: &ModelOffer, pen: &Pen<'_>) -> [String; 6] {
    let spec = &offer.spec;
    [
        clean(&spec.name).into_owned(),
        clean(&spec.service).into_owned(),
        tokens(spec.context),
        price(spec.price, pen),
        efforts(spec, pen),
        if offer.lacks.is_some() { "no key" } else { "ready" }.to_owned(),
    ]
}
