//! Values as people write them: token counts, durations, names out of a list.

/// `100k`, `1.5M`, `20000`; None for anything else.
pub fn tokens(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, factor) = match text.chars().next_back()? {
        'k' | 'K' => (&text[..text.len() - 1], 1_000.0),
        'm' | 'M' => (&text[..text.len() - 1], 1_000_000.0),
        _ => (text, 1.0),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'_');
    if !digits || (factor == 1.0 && number.contains('.')) {
        return None;
    }
    let count: f64 = number.replace('_', "").parse().ok()?;
    const TOKENS_MAX: f64 = 1e12;
    let count = (count * factor).round();
    (count <= TOKENS_MAX).then_some(count as u64)
}

/// `30s`, `10m`, `2h`, in seconds; None for anything else.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = text.chars().next_back()?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_counts_are_read_as_people_write_them() {
        for (text, count) in [
            ("100k", 100_000),
            ("1.5M", 1_500_000),
            ("20000", 20_000),
            ("20_000", 20_000),
            ("0", 0),
        ] {
            assert_eq!(tokens(text), Some(count), "{text}");
        }
        for text in ["", "k", "-1", "1.5", "10kk", "1e9", "NaN", "9999999M", "k5", "1.2.3k", "ä"] {
            assert_eq!(tokens(text), None, "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        for (text, count) in [("30s", 30), ("10m", 600), ("2h", 7200), ("0s", 0)] {
            assert_eq!(seconds(text), Some(count), "{text}");
        }
        for text in ["", "10", "m", "-1s", "1.5h", "10min", "99999999999999999999h", "ß"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
