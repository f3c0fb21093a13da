//! Colours as a theme names them, and as a terminal with fewer of them shows them.

use ratatui::style::Color;

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColorDepth {
    True,
    Indexed256,
    Ansi16,
    /// Modifiers only.
    None,
}

/// By the number of its SGR code.
const ANSI: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// `default`, one of the sixteen names, or `#rrggbb`.
pub(super) fn parse(name: &str) -> Option<Color> {
    if let Some(digits) = name.strip_prefix('#') {
        let valid = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let [_, red, green, blue] =
            valid.then(|| u32::from_str_radix(digits, 16).ok())??.to_be_bytes();
        return Some(Color::Rgb(red, green, blue));
    }
    if name == "default" {
        return Some(Color::Reset);
    }
    ANSI.iter().find(|(known, _)| *known == name).map(|(_, color)| *color)
}

/// The same colour, or the nearest that the terminal has; none where it has none.
pub(super) fn fit(color: Color, depth: ColorDepth) -> Option<Color> {
    match (color, depth) {
        (_, ColorDepth::None) => None,
        (Color::Rgb(red, green, blue), ColorDepth::Indexed256) => {
            Some(Color::Indexed(nearest_256([red, green, blue])))
        }
        (Color::Rgb(red, green, blue), ColorDepth::Ansi16) => Some(nearest_16([red, green, blue])),
        (color, _) => Some(color),
    }
}

const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Between the strongest and the weakest of its parts, a colour with less is a grey to the eye.
const HUE_MIN: u8 = 40;

/// In the cube or the ramp of greys: the first sixteen are the user's own and may be anything.
fn nearest_256(rgb: [u8; 3]) -> u8 {
    let step = |value: u8| (0_u8..6).min_by_key(|step| value.abs_diff(CUBE[usize::from(*step)]));
    let [red, green, blue] = rgb.map(|value| step(value).unwrap_or(0));
    let in_cube = [red, green, blue].map(|step| CUBE[usize::from(step)]);
    let grey = (0_u8..24).min_by_key(|step| distance([8 + 10 * step; 3], rgb)).unwrap_or(0);
    let [low, high] = [rgb.iter().min(), rgb.iter().max()].map(|value| value.copied().unwrap_or(0));
    // A grey may be nearer, but what has a hue should keep it: it says something.
    let grey_enough = high - low < HUE_MIN;
    if grey_enough && distance([8 + 10 * grey; 3], rgb) < distance(in_cube, rgb) {
        return 232 + grey;
    }
    16 + 36 * red + 6 * green + blue
}

/// By hue, not by distance: what the sixteen really look like is the user's choice.
fn nearest_16(rgb: [u8; 3]) -> Color {
    let [red, green, blue] = rgb;
    let (low, high) = (red.min(green).min(blue), red.max(green).max(blue));
    if high - low < HUE_MIN {
        return match high {
            0..=50 => Color::Black,
            51..=140 => Color::DarkGray,
            141..=215 => Color::Gray,
            216.. => Color::White,
        };
    }
    let middle = low + (high - low) / 2;
    let bits = usize::from(red > middle)
        | usize::from(green > middle) << 1
        | usize::from(blue > middle) << 2;
    ANSI[bits].1
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let squares = one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2));
    squares.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read_and_nothing_else() {
        assert_eq!(parse("#8ab4f0"), Some(Color::Rgb(0x8a, 0xb4, 0xf0)));
        assert_eq!(parse("bright-black"), Some(Color::DarkGray));
        assert_eq!(parse("default"), Some(Color::Reset));
        for name in ["#8ab4f", "#8ab4fg", "#+ab4f0", "blurple", ""] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn fewer_colours_keep_the_hue() {
        let fitted = |red, green, blue, depth| fit(Color::Rgb(red, green, blue), depth);
        assert_eq!(fitted(255, 0, 0, ColorDepth::Indexed256), Some(Color::Indexed(196)));
        assert_eq!(fitted(128, 128, 128, ColorDepth::Indexed256), Some(Color::Indexed(244)));
        assert_eq!(fitted(0x24, 0x60, 0x2c, ColorDepth::Indexed256), Some(Color::Indexed(22)));
        assert_eq!(fitted(0x70, 0x2a, 0x2d, ColorDepth::Indexed256), Some(Color::Indexed(52)));
        assert_eq!(fitted(238, 144, 144, ColorDepth::Ansi16), Some(Color::Red));
        assert_eq!(fitted(138, 180, 240, ColorDepth::Ansi16), Some(Color::Blue));
        assert_eq!(fitted(139, 148, 163, ColorDepth::Ansi16), Some(Color::Gray));
        assert_eq!(fitted(1, 2, 3, ColorDepth::None), None);
    }
}
