//! Queries that the core does not know: found in the stream, and answered in its order. A query that
//! nobody knows is answered by silence, and prints nothing.

use super::checksum;
use super::scan::escape_at;
use alacritty_terminal::Term;
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::vte::ansi::{Color, CursorShape, NamedColor, Rgb};
use std::fmt::Write as _;

const ESC: u8 = 0x1b;
const BELL: u8 = 0x07;
/// A sequence longer than this is no query of ours.
const SEQUENCE_BYTES_MAX: usize = 512;
/// What the terminal says that it is, in terminfo's words.
const CAPABILITIES: [(&str, &str); 5] = [
    ("TN", "xterm-256color"),
    ("name", "xterm-256color"),
    ("Co", "256"),
    ("colors", "256"),
    ("RGB", "8/8/8"),
];
/// Private reports of devices that there are none of: no printer, locked keys, a North American
/// keyboard, no locator, no trouble, one session.
const STATUS: [(&str, &str); 7] = [
    ("15", "\x1b[?13n"),
    ("25", "\x1b[?21n"),
    ("26", "\x1b[?27;1;0;0n"),
    ("55", "\x1b[?50n"),
    ("56", "\x1b[?57;0n"),
    ("75", "\x1b[?70n"),
    ("85", "\x1b[?83n"),
];

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    Csi,
    Dcs,
    Osc,
    /// The end of a control string, if a backslash follows.
    DcsEscape,
    OscEscape,
}

/// Cuts the stream after each sequence that may be a query.
#[derive(Default)]
pub(super) struct Queries {
    state: State,
    body: Vec<u8>,
    /// Whether checksums of the screen are told. A program could read by them what others wrote.
    pub(super) checksums: bool,
}

impl Queries {
    /// How many of the bytes go up to the end of the next query, `body` being that query.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Ground {
                at += escape_at(&bytes[at..]);
                if at == bytes.len() {
                    return None;
                }
            }
            let is_query = self.byte(bytes[at]);
            at += 1;
            if is_query {
                return Some(at);
            }
        }
        None
    }

    fn byte(&mut self, byte: u8) -> bool {
        match (self.state, byte) {
            (State::Dcs, ESC) => self.state = State::DcsEscape,
            (State::Osc, ESC) => self.state = State::OscEscape,
            (_, ESC) => self.state = State::Escape,
            (State::DcsEscape, b'\\') => {
                self.state = State::Ground;
                return true;
            }
            (State::OscEscape, b'\\') | (State::Osc, BELL) => {
                self.state = State::Ground;
                return self.body.contains(&b'?');
            }
            (State::Escape | State::DcsEscape | State::OscEscape, b'[' | b'P' | b']') => {
                self.body.clear();
                self.body.push(byte);
                self.state = match byte {
                    b'[' => State::Csi,
                    b'P' => State::Dcs,
                    _ => State::Osc,
                };
            }
            (State::Csi, 0x20..=0x3f) | (State::Dcs, 0x20..=0x7e) | (State::Osc, 0x20..) => {
                self.body.push(byte);
                if self.body.len() > SEQUENCE_BYTES_MAX {
                    self.state = State::Ground;
                }
            }
            (State::Csi, b'c' | b'n' | b'q' | b'y') => {
                self.body.push(byte);
                self.state = State::Ground;
                return true;
            }
            _ => self.state = State::Ground,
        }
        false
    }

    /// The answer to the query that was found, if it is ours to answer.
    pub(super) fn answer<T>(&self, core: &Term<T>) -> Option<String> {
        let body = std::str::from_utf8(&self.body).ok()?;
        if let Some(query) = body.strip_prefix("P+q") {
            return capabilities(query);
        }
        if let Some(setting) = body.strip_prefix("P$q") {
            let value = setting_of(core, setting);
            return Some(value.map_or_else(
                || "\x1bP0$r\x1b\\".to_owned(),
                |value| format!("\x1bP1$r{value}{setting}\x1b\\"),
            ));
        }
        match body {
            "[>q" | "[>0q" => Some(format!("\x1bP>|brisk({})\x1b\\", env!("CARGO_PKG_VERSION"))),
            "[=c" | "[=0c" => Some("\x1bP!|00000000\x1b\\".to_owned()),
            "[?6n" => {
                let point = core.grid().cursor.point;
                Some(format!("\x1b[?{};{}R", point.line.0 + 1, point.column.0 + 1))
            }
            _ => self.status(body).or_else(|| self.checksum(core, body)),
        }
    }

    fn status(&self, body: &str) -> Option<String> {
        let number = body.strip_prefix("[?")?.strip_suffix('n')?;
        let (_, answer) = STATUS.iter().find(|(known, _)| *known == number)?;
        Some((*answer).to_owned())
    }

    fn checksum<T>(&self, core: &Term<T>, body: &str) -> Option<String> {
        let numbers = body.strip_prefix('[')?.strip_suffix("*y").filter(|_| self.checksums)?;
        let numbers: Vec<_> = numbers.split(';').map(|number| number.parse().ok()).collect();
        let at = |index: usize| numbers.get(index).copied().flatten().filter(|number| *number > 0);
        let id = at(0).unwrap_or(0);
        let sum = checksum::of(core, [at(2), at(3), at(4), at(5)]);
        Some(format!("\x1bP{id}!~{sum:04X}\x1b\\"))
    }
}

/// A colour of the palette, of the text (256) or behind it (257), as a program set it. The outer
/// ones are not known here: those of xterm and a dark terminal are the likeliest guess, and no
/// answer would let programs wait.
pub(super) fn color<T>(core: &Term<T>, index: usize) -> Rgb {
    let gray = |level: u8| Rgb { r: level, g: level, b: level };
    let guess = || match u8::try_from(index) {
        Ok(index @ 0..=15) => {
            let level = |bit: u8| match (index >> bit & 1, index) {
                (1, 8..) => 0xff,
                (1, 7) => 0xe5,
                (1, _) => 0xcd,
                (_, 8) => 0x7f,
                _ => 0,
            };
            Rgb { r: level(0), g: level(1), b: level(2) }
        }
        Ok(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            Rgb { r: level(cube / 36), g: level(cube / 6 % 6), b: level(cube % 6) }
        }
        Ok(index) => gray(8 + 10 * (index - 232)),
        Err(_) if index == NamedColor::Background as usize => gray(0),
        Err(_) => gray(0xe0),
    };
    core.colors()[index].unwrap_or_else(guess)
}

/// Names and values in hexadecimal, each with an answer of its own.
fn capabilities(query: &str) -> Option<String> {
    let mut answer = String::new();
    for hex in query.split(';').filter(|hex| !hex.is_empty()) {
        let name = from_hex(hex)?;
        let known = CAPABILITIES.iter().find(|(known, _)| known.as_bytes() == name);
        let _ = match known {
            Some((_, value)) => {
                let value: String = value.bytes().fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02X}");
                    hex
                });
                write!(answer, "\x1bP1+r{hex}={value}\x1b\\")
            }
            None => write!(answer, "\x1bP0+r{hex}\x1b\\"),
        };
    }
    Some(answer)
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The parameters of a setting, as they would set it; None: it is not known.
fn setting_of<T>(core: &Term<T>, setting: &str) -> Option<String> {
    match setting {
        "m" => Some(look(core)),
        " q" => {
            let style = core.cursor_style();
            let number = match style.shape {
                CursorShape::Underline => 4,
                CursorShape::Beam => 6,
                CursorShape::Block | CursorShape::HollowBlock | CursorShape::Hidden => 2,
            };
            Some((number - i32::from(style.blinking)).to_string())
        }
        _ => None,
    }
}

fn look<T>(core: &Term<T>) -> String {
    let template = &core.grid().cursor.template;
    let mut numbers = "0".to_owned();
    let flags = [
        (Flags::BOLD, 1),
        (Flags::DIM, 2),
        (Flags::ITALIC, 3),
        (Flags::UNDERLINE, 4),
        (Flags::INVERSE, 7),
        (Flags::HIDDEN, 8),
        (Flags::STRIKEOUT, 9),
    ];
    for (_, number) in flags.iter().filter(|(flag, _)| template.flags.contains(*flag)) {
        let _ = write!(numbers, ";{number}");
    }
    for (color, base) in [(template.fg, 30), (template.bg, 40)] {
        let _ = match color {
            Color::Named(name) if (name as usize) < 8 => {
                write!(numbers, ";{}", base + name as usize)
            }
            Color::Named(name) if (name as usize) <= NamedColor::BrightWhite as usize => {
                write!(numbers, ";{}", base + 60 + name as usize - 8)
            }
            Color::Named(_) => Ok(()),
            Color::Indexed(index) => write!(numbers, ";{};5;{index}", base + 8),
            Color::Spec(rgb) => write!(numbers, ";{};2;{};{};{}", base + 8, rgb.r, rgb.g, rgb.b),
        };
    }
    numbers
}
