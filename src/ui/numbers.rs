//! Figures as the screen shows them: short, and always the same width class.

/// `240`, `6.1k`, `86.4k`, `120k`, `1.2M`.
pub(crate) fn tokens(count: u64) -> String {
    match count {
        0..100 => count.to_string(),
        100..99_950 => format!("{:.1}k", count as f64 / 1e3),
        99_950..999_500 => format!("{:.0}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

/// What the model saw of a text, by the rule of thumb of four bytes a token.
pub(crate) fn tokens_of(text: &str) -> String {
    let count = text.len() as u64 / 4;
    format!("{:.1}k", (count as f64 / 1e3).max(0.1))
}

/// `$0.031`, `$1.90`, `$—` where a price is not known.
pub(crate) fn dollars(cost: Option<f64>) -> String {
    match cost {
        None => "$—".to_string(),
        Some(cost) if cost > 0.0 && cost < 1.0 => format!("${cost:.3}"),
        Some(cost) => format!("${cost:.2}"),
    }
}

/// `0.3s`, `48 s`, `3m 05s`, `2h 11m`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..10 => format!("{:.1}s", milliseconds as f64 / 1e3),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// Reads what a budget command takes: `20k`, `1.5M`, `12000`.
pub(crate) fn parse_tokens(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = match text.chars().last()? {
        'k' | 'K' => (&text[..text.len() - 1], 1e3),
        'm' | 'M' => (&text[..text.len() - 1], 1e6),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().ok()?;
    let tokens = number * unit;
    (tokens.is_finite() && (1.0..1e12).contains(&tokens)).then_some(tokens as u64)
}

/// The hour and minute of a time in milliseconds since 1970.
pub(crate) fn clock(at: u64, zone: &jiff::tz::TimeZone) -> String {
    let at = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or_else(String::new, |at| at.to_zoned(zone.clone()).strftime("%H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_short() {
        let shown: Vec<_> = [0, 99, 312, 6_140, 86_400, 99_950, 200_000, 1_250_000]
            .into_iter()
            .map(tokens)
            .collect();
        assert_eq!(shown, ["0", "99", "0.3k", "6.1k", "86.4k", "100k", "200k", "1.2M"]);
    }

    #[test]
    fn budgets_are_read_as_they_are_shown() {
        assert_eq!(parse_tokens("20k"), Some(20_000));
        assert_eq!(parse_tokens("1.5M"), Some(1_500_000));
        assert_eq!(parse_tokens("123"), Some(123));
        for bad in ["", "k", "-3k", "nan", "infk", "é"] {
            assert_eq!(parse_tokens(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_and_dollars_are_short() {
        assert_eq!(duration(4_100), "4.1s");
        assert_eq!(duration(48_200), "48s");
        assert_eq!(duration(185_000), "3m 05s");
        assert_eq!(dollars(Some(0.0312)), "$0.031");
        assert_eq!(dollars(Some(0.0)), "$0.00");
        assert_eq!(dollars(None), "$—");
    }
}
