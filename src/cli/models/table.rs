//! The list of models as columns that people read.

use super::list::{Row, State};
use crate::config::{Color, Config};
use crate::text::{clean, clip, width};
use std::io::{self, IsTerminal};

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";
const GAP: &str = "  ";
const HEADS: [&str; 10] =
    ["NAME", "PROVIDER", "STATE", "WINDOW", "PROMPT", "OUTPUT", "$IN", "$OUT", "EFFORTS", "ID"];
/// The columns that hold numbers, which stand to the right.
const NUMBERS: std::ops::Range<usize> = 3..8;

/// How the output shows it.
pub(super) struct Look {
    /// None: it is as wide as it is.
    pub(super) columns: Option<usize>,
    pub(super) colors: bool,
    pub(super) ascii: bool,
}

impl Look {
    pub(super) fn of(config: &Config) -> Look {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let size = rustix::termios::tcgetwinsize(&stdout).ok().filter(|_| is_terminal);
        Look {
            columns: size.map(|size| size.ws_col.into()).filter(|columns| *columns > 0),
            colors: is_terminal && config.terminal.color != Color::Never,
            ascii: config.ui.ascii,
        }
    }
}

/// A head, and a line for each row.
pub(super) fn lines(rows: &[Row], look: &Look) -> Vec<String> {
    let cells: Vec<[String; 10]> = rows.iter().map(|row| cells(row, look)).collect();
    let heads = HEADS.map(str::to_owned);
    let all = || std::iter::once(&heads).chain(&cells);
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| all().map(|cells| width(&cells[column])).max().unwrap_or(0))
        .collect();
    let faint = rows.iter().map(|row| matches!(row.state, State::NoKey | State::Down));
    let styles = std::iter::once(BOLD).chain(faint.map(|faint| if faint { DIM } else { "" }));
    all().zip(styles).map(|(cells, style)| line(cells, &widths, style, look)).collect()
}

fn line(cells: &[String; 10], widths: &[usize], style: &str, look: &Look) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, wide))| {
        let blanks = " ".repeat(wide - width(cell));
        if NUMBERS.contains(&column) { blanks + cell } else { cell.clone() + &blanks }
    });
    let text = padded.collect::<Vec<_>>().join(GAP);
    let text = match look.columns {
        Some(columns) => clip(text.trim_end(), columns).into_owned(),
        None => text.trim_end().to_owned(),
    };
    if look.colors && !style.is_empty() { format!("{style}{text}{PLAIN}") } else { text }
}

fn cells(row: &Row, look: &Look) -> [String; 10] {
    let unknown = if look.ascii { "-" } else { "—" };
    let none = || unknown.to_owned();
    let limits = row.limits.as_ref();
    let count = |count: Option<u64>| count.map_or_else(none, tokens);
    let price = limits.and_then(|limits| limits.price);
    let efforts = limits.map(|limits| match limits.efforts.as_slice() {
        [] => none(),
        [one] => (*one).to_owned(),
        [first, .., last] => format!("{first}..{last}"),
    });
    let state = match (row.state, &row.why) {
        (State::NoKey, Some(variable)) => format!("no {variable}"),
        (state, _) => state.name().to_owned(),
    };
    let id = match (row.state, &row.why) {
        (State::Wrong, Some(why)) => clean(why).into_owned(),
        _ => clean(&row.id).into_owned(),
    };
    [
        clean(&row.name).into_owned(),
        clean(&row.provider).into_owned(),
        state,
        count(limits.and_then(|limits| limits.context)),
        count(limits.and_then(|limits| limits.prompt)),
        count(limits.and_then(|limits| limits.output)),
        price.map_or_else(none, |price| dollars(price.input)),
        price.map_or_else(none, |price| dollars(price.output)),
        efforts.unwrap_or_else(none),
        id,
    ]
}

/// `8.2k`, `272k`, `1.05M`.
fn tokens(count: u64) -> String {
    let short = |number: f64, places: usize| {
        let text = format!("{number:.places$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    };
    match count {
        0..1_000 => count.to_string(),
        1_000..100_000 => format!("{}k", short(count as f64 / 1e3, 1)),
        100_000..1_000_000 => format!("{}k", short(count as f64 / 1e3, 0)),
        _ => format!("{}M", short(count as f64 / 1e6, 2)),
    }
}

/// Of a million tokens; as many places as it needs, and two at least.
fn dollars(price: f64) -> String {
    let exact = format!("{price:.4}");
    let short = exact.trim_end_matches('0');
    let places = short.len() - short.find('.').map_or(short.len(), |point| point + 1);
    format!("{price:.places$}", places = places.max(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_prices_are_short() {
        let counts = [999, 4_096, 8_192, 64_000, 262_144, 1_000_000, 1_050_000, 1_048_576];
        let shown = ["999", "4.1k", "8.2k", "64k", "262k", "1M", "1.05M", "1.05M"];
        assert_eq!(counts.map(tokens), shown);
        assert_eq!(
            [2.0, 0.1, 0.125, 0.0, 12.5].map(dollars),
            ["2.00", "0.10", "0.125", "0.00", "12.50"]
        );
    }

    #[test]
    fn a_narrow_terminal_clips_the_end_and_shows_no_controls() {
        let row = Row {
            name: "bad\u{1b}[31m".into(),
            provider: "p".into(),
            id: "an-id-of-some-length".into(),
            limits: None,
            state: State::Down,
            why: None,
        };
        let look = Look { columns: Some(40), colors: true, ascii: true };
        let lines = lines(&[row], &look);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with(BOLD) && lines[1].starts_with(DIM), "{lines:?}");
        for line in &lines {
            let text = line.replace(BOLD, "").replace(DIM, "").replace(PLAIN, "");
            assert!(width(&text) <= 40 && !text.contains('\u{1b}'), "{text:?}");
        }
    }
}
