//! Characters that a command line must not hide behind: control bytes, and what no eye can see.
//! It knows nothing of shells.

/// Why the text may not be sent to a terminal at all, if so. A newline and a tab are no control
/// bytes here; whoever reads words decides about them.
pub(super) fn control(text: &str) -> Option<String> {
    let char = text.chars().find(|char| char.is_control() && !matches!(char, '\n' | '\t'))?;
    Some(format!("holds the control character U+{:04X}", u32::from(char)))
}

/// Why the text may read otherwise than it runs, if so.
pub(super) fn invisible(text: &str) -> Option<String> {
    let char = text.chars().find(|char| is_invisible(*char))?;
    Some(format!("holds the invisible character U+{:04X}", u32::from(char)))
}

/// Format characters, bidirectional controls, fillers, variation selectors, tags, and blanks that
/// look like a space and separate nothing.
pub(super) const fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{1680}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3000}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newline_is_no_control_character_but_an_escape_is() {
        assert_eq!(control("ls\npwd\t"), None);
        for text in ["ls\r", "\u{1b}[2K", "a\0b", "a\u{9b}m", "a\u{7f}"] {
            assert!(control(text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn what_no_eye_sees_is_found_and_letters_of_any_script_are_not() {
        for text in
            ["cat\u{200b}", "a\u{202e}b", "a\u{2028}b", "\u{e0041}", "a\u{fe0f}", "a\u{a0}b"]
        {
            assert!(invisible(text).is_some(), "{text:?}");
        }
        assert_eq!(invisible("grüße, мир, 世界"), None);
    }
}
