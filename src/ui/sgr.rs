//! How cells look, and the shortest sequence from one look to the next.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use std::io::Write as _;

/// Of a blank, only these are seen.
const SEEN_ON_BLANKS: Modifier =
    Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

/// Each modifier with the numbers that turn it on and off.
const MODIFIERS: [(Modifier, u8, u8); 8] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

impl Look {
    pub(crate) const PLAIN: Self =
        Self { foreground: Color::Reset, background: Color::Reset, modifier: Modifier::empty() };

    pub(crate) const fn of(cell: &Cell) -> Self {
        Self { foreground: cell.fg, background: cell.bg, modifier: cell.modifier }
    }

    /// What is seen of it on a blank.
    pub(crate) fn on_blank(self) -> Self {
        match self.modifier & SEEN_ON_BLANKS {
            seen if seen.is_empty() => Self { background: self.background, ..Self::PLAIN },
            seen if seen.contains(Modifier::REVERSED) => self,
            seen => Self { modifier: seen, ..self },
        }
    }

    pub(crate) const fn put(self, cell: &mut Cell) {
        cell.fg = self.foreground;
        cell.bg = self.background;
        cell.modifier = self.modifier;
    }

    /// Appends what changes a terminal's look from `self` to `next`.
    pub(crate) fn change_to(self, next: Self, bytes: &mut Vec<u8>) {
        if self == next {
            return;
        }
        let steps = self.steps_to(next);
        let anew = Self::PLAIN.steps_to(next);
        bytes.extend_from_slice(b"\x1b[");
        if anew.is_empty() {
            // A reset.
        } else if steps.len() <= anew.len() + 2 {
            bytes.extend_from_slice(&steps);
        } else {
            bytes.extend_from_slice(b"0;");
            bytes.extend_from_slice(&anew);
        }
        bytes.push(b'm');
    }

    /// The numbers of the steps, separated by semicolons.
    fn steps_to(self, next: Self) -> Vec<u8> {
        let mut steps = Vec::new();
        let gone = self.modifier - next.modifier;
        let mut kept = self.modifier;
        for (modifier, _, off) in MODIFIERS {
            if gone.contains(modifier) && kept.contains(modifier) {
                number(&mut steps, off);
                // Bold and dim are turned off by the same number.
                for (same, _, _) in MODIFIERS.iter().filter(|(_, _, other)| *other == off) {
                    kept.remove(*same);
                }
            }
        }
        for (modifier, on, _) in MODIFIERS {
            if next.modifier.contains(modifier) && !kept.contains(modifier) {
                number(&mut steps, on);
            }
        }
        if self.foreground != next.foreground {
            color(&mut steps, next.foreground, 30);
        }
        if self.background != next.background {
            color(&mut steps, next.background, 40);
        }
        steps
    }
}

fn number(steps: &mut Vec<u8>, number: u8) {
    if !steps.is_empty() {
        steps.push(b';');
    }
    // Writing into memory cannot fail.
    let _ = write!(steps, "{number}");
}

/// `base`: 30 for the foreground, 40 for the background.
fn color(steps: &mut Vec<u8>, color: Color, base: u8) {
    let index = match color {
        Color::Reset => return number(steps, base + 9),
        Color::Rgb(red, green, blue) => {
            number(steps, base + 8);
            let _ = write!(steps, ";2;{red};{green};{blue}");
            return;
        }
        Color::Indexed(index) => index,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    match index {
        0..=7 => number(steps, base + index),
        8..=15 => number(steps, base + 60 + index - 8),
        _ => {
            number(steps, base + 8);
            let _ = write!(steps, ";5;{index}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: Look, to: Look) -> String {
        let mut bytes = Vec::new();
        from.change_to(to, &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_what_changes_is_said() {
        let bold = Look { modifier: Modifier::BOLD, ..Look::PLAIN };
        let red = Look { foreground: Color::Red, ..bold };
        assert_eq!(change(bold, bold), "");
        assert_eq!(change(bold, red), "\x1b[31m");
        assert_eq!(change(red, Look::PLAIN), "\x1b[m");
        assert_eq!(change(red, Look { modifier: Modifier::DIM, ..red }), "\x1b[22;2m");
        let both = Look { modifier: Modifier::BOLD | Modifier::DIM, ..Look::PLAIN };
        assert_eq!(change(both, bold), "\x1b[0;1m");
        let all = Look { modifier: both.modifier, ..red };
        assert_eq!(change(all, red), "\x1b[22;1m");
        let light = Look { background: Color::LightBlue, ..red };
        assert_eq!(change(red, light), "\x1b[104m");
        let indexed = Look { background: Color::Indexed(200), ..red };
        assert_eq!(change(red, indexed), "\x1b[48;5;200m");
        let rgb = Look { foreground: Color::Rgb(1, 2, 3), ..indexed };
        assert_eq!(change(indexed, rgb), "\x1b[38;2;1;2;3m");
    }

    #[test]
    fn the_foreground_of_a_blank_is_not_seen() {
        let red = Look { foreground: Color::Red, modifier: Modifier::BOLD, ..Look::PLAIN };
        assert_eq!(red.on_blank(), Look::PLAIN);
        let reversed = Look { modifier: Modifier::REVERSED, ..red };
        assert_eq!(reversed.on_blank(), reversed);
        let blue = Look { background: Color::Blue, ..Look::PLAIN };
        assert_eq!(Look { modifier: Modifier::ITALIC, ..blue }.on_blank(), blue);
    }
}
