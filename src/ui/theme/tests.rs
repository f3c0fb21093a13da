use super::*;
use ratatui::style::{Color, Modifier};

const DEPTHS: [ColorDepth; 4] =
    [ColorDepth::True, ColorDepth::Indexed256, ColorDepth::Ansi16, ColorDepth::None];

fn theme(name: &str, depth: ColorDepth) -> Theme {
    Theme::load(name, depth).expect("the theme is built in")
}

#[test]
fn every_built_in_theme_loads_at_every_depth() {
    for name in Theme::names() {
        for depth in DEPTHS {
            assert_eq!(theme(name, depth).styles.len(), Role::ALL.len());
        }
    }
    assert_eq!(Theme::names().next(), Some("brisk-dark"));
}

#[test]
fn the_theme_that_all_fall_back_to_names_every_role() {
    let source = file::BUILT_IN.iter().find(|(name, _)| *name == "ansi").expect("it is there").1;
    for role in Role::ALL {
        let entry = format!("\n{} = {{", role.name());
        assert!(source.contains(&entry), "ansi.toml does not name {}", role.name());
    }
}

#[test]
fn a_depth_shows_only_what_it_has() {
    for name in Theme::names() {
        for role in Role::ALL {
            let style = theme(name, ColorDepth::Ansi16).style(*role);
            for color in [style.fg, style.bg].into_iter().flatten() {
                assert!(!matches!(color, Color::Rgb(..) | Color::Indexed(_)), "{name} {role:?}");
            }
            let style = theme(name, ColorDepth::Indexed256).style(*role);
            assert!(!matches!(style.fg, Some(Color::Rgb(..))), "{name} {role:?}");
            let style = theme(name, ColorDepth::None).style(*role);
            assert_eq!((style.fg, style.bg), (None, None), "{name} {role:?}");
        }
    }
}

#[test]
fn sixteen_colours_are_those_of_the_users_palette() {
    let dark = theme("brisk-dark", ColorDepth::Ansi16);
    assert_eq!(dark.style(Role::Accent).fg, Some(Color::Blue));
    assert_eq!(dark.style(Role::Selection).add_modifier, Modifier::REVERSED);
    assert_eq!(dark.style(Role::AddedLine).bg, None);
}

#[test]
fn without_colour_modifiers_tell_what_matters() {
    let none = theme("brisk-dark", ColorDepth::None);
    for (role, modifier) in [
        (Role::Selection, Modifier::REVERSED),
        (Role::AddedWord, Modifier::BOLD | Modifier::UNDERLINED),
        (Role::BorderFocus, Modifier::BOLD),
        (Role::Error, Modifier::BOLD),
        (Role::Comment, Modifier::ITALIC),
    ] {
        assert_eq!(none.style(role).add_modifier, modifier, "{role:?}");
    }
}

/// The contrast of two colours as the W3C's guidelines reckon it, 1 to 21.
fn contrast(one: Color, other: Color) -> f64 {
    let light = |color| {
        let Color::Rgb(red, green, blue) = color else { panic!("{color:?} is not RGB") };
        let linear = |value: u8| match f64::from(value) / 255.0 {
            value if value <= 0.040_45 => value / 12.92,
            value => ((value + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    };
    let (one, other) = (light(one) + 0.05, light(other) + 0.05);
    one.max(other) / one.min(other)
}

#[test]
fn text_can_be_read_on_the_background_that_a_theme_is_for() {
    let backgrounds =
        [("brisk-dark", Color::Rgb(24, 24, 28)), ("brisk-light", Color::Rgb(250, 250, 250))];
    for (name, behind) in backgrounds {
        let theme = theme(name, ColorDepth::True);
        for role in Role::ALL {
            let style = theme.style(*role);
            let Some(fg) = style.fg else { continue };
            let needed = match role {
                Role::Border | Role::Bar => 1.8,
                _ => 4.5,
            };
            let behind = style.bg.unwrap_or(behind);
            assert!(contrast(fg, behind) >= needed, "{name} {role:?} {}", contrast(fg, behind));
        }
        for role in [Role::Keyword, Role::Comment, Role::Number, Role::Punctuation] {
            for line in [Role::AddedLine, Role::RemovedLine] {
                let (Some(fg), Some(bg)) = (theme.style(role).fg, theme.style(line).bg) else {
                    panic!("{name} {role:?} {line:?} has no colours");
                };
                assert!(
                    contrast(fg, bg) >= 4.2,
                    "{name} {role:?} on {line:?}: {}",
                    contrast(fg, bg)
                );
            }
        }
    }
}

#[test]
fn a_theme_of_the_users_changes_what_it_names() {
    let source = "inherits = \"brisk-dark\"\n[palette]\npink = \"#ff88aa\"\n[roles]\naccent = { fg = \"pink\" }";
    let mine = Theme::read("mine", source, ColorDepth::True).expect("it is well formed");
    assert_eq!(mine.style(Role::Accent).fg, Some(Color::Rgb(0xff, 0x88, 0xaa)));
    let dark = theme("brisk-dark", ColorDepth::True);
    assert_eq!(mine.style(Role::Heading), dark.style(Role::Heading));
    assert_ne!(mine.revision(), dark.revision());
}

#[test]
fn a_broken_theme_says_what_is_wrong() {
    for (source, said) in [
        ("[roles]\nshadow = {}", "`shadow`"),
        ("[roles]\ntext = { fg = \"blurple\" }", "`blurple`"),
        ("[roles]\ntext = { modifiers = [\"loud\"] }", "`loud`"),
        ("[roles]\ntext = { color = \"red\" }", "color"),
        (
            "inherits = \"mine\"",
            "there is no theme `mine`; there are brisk-dark, brisk-light, ansi",
        ),
    ] {
        let error = Theme::read("mine", source, ColorDepth::True).expect_err("it is broken");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn the_ascii_preset_is_ascii_and_every_glyph_takes_the_columns_it_says() {
    let ascii = format!("{:?}", theme("ansi", ColorDepth::None).with_ascii().glyphs());
    assert!(ascii.is_ascii(), "{ascii}");
    let all = Glyphs::UNICODE;
    for glyph in [all.check, all.cross, all.todo, all.doing, all.done, all.wrapped, all.quote] {
        assert_eq!(crate::text::width(glyph), 1, "{glyph}");
    }
}
