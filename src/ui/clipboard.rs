//! The user's clipboard, reached through the outer terminal (OSC 52) and what stands before it.
//! The bytes go out in front of the next frame, by the writer of the frames.

use crate::config::Multiplexer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Of text: 100,000 bytes of base64, which is what the strictest of the usual terminals take (hterm,
/// older xterms). A longer sequence would be dropped, or its rest printed, without a word.
pub(crate) const TEXT_BYTES_MAX: usize = 74_994;
/// GNU screen passes no longer piece on.
const SCREEN_PIECE_BYTES_MAX: usize = 240;

pub(crate) struct Clipboard {
    multiplexer: Multiplexer,
    pending: Vec<u8>,
}

impl Clipboard {
    pub(crate) const fn new(multiplexer: Multiplexer) -> Self {
        Self { multiplexer, pending: Vec::new() }
    }

    /// Queues what puts the text into the clipboard; a sentence that says what came of it.
    pub(crate) fn copy(&mut self, text: &str) -> String {
        if text.is_empty() {
            return "nothing is selected: nothing was copied".to_string();
        }
        let is_tmux = self.multiplexer == Multiplexer::Tmux && to_tmux(text);
        let size = size(text);
        if text.len() > TEXT_BYTES_MAX {
            return if is_tmux {
                format!("copied to tmux alone, {size}: terminals take 75 kB")
            } else {
                format!("not copied, {size}: terminals take 75 kB; select less")
            };
        }
        self.pending = sequence(text, self.multiplexer);
        format!("copied {size}")
    }

    /// What is to be written now.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pending)
    }
}

/// `2 lines, 310 bytes`.
fn size(text: &str) -> String {
    let plural =
        |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let bytes = match text.len() {
        few @ 0..10_000 => plural(few, "byte"),
        many => format!("{} kB", many.div_ceil(1000)),
    };
    format!("{}, {bytes}", plural(text.lines().count(), "line"))
}

fn sequence(text: &str, multiplexer: Multiplexer) -> Vec<u8> {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match multiplexer {
        Multiplexer::None => plain.into_bytes(),
        // The first for tmux itself, the second for the terminal around it: which of the two is
        // heeded is for tmux's settings.
        Multiplexer::Tmux => {
            let inner = plain.replace('\x1b', "\x1b\x1b");
            format!("{plain}\x1bPtmux;{inner}\x1b\\").into_bytes()
        }
        Multiplexer::Screen => {
            let pieces = plain.as_bytes().chunks(SCREEN_PIECE_BYTES_MAX);
            pieces.flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat()).collect()
        }
    }
}

/// Hands the text to tmux, which its default settings allow by this way alone. Whether tmux was
/// there to take it; it does so on a thread.
fn to_tmux(text: &str) -> bool {
    let mut command = Command::new("tmux");
    command.args(["load-buffer", "-w", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let text = text.to_owned();
    let hand_over = move || {
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(text.as_bytes());
        }
        let _ = child.wait();
    };
    std::thread::Builder::new().name("tmux".into()).spawn(hand_over).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_surrounding_gets_the_form_that_it_passes_on() {
        assert_eq!(sequence("hi", Multiplexer::None), b"\x1b]52;c;aGk=\x07");
        let tmux = b"\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\";
        assert_eq!(sequence("hi", Multiplexer::Tmux), tmux);
        let screen = sequence(&"x".repeat(300), Multiplexer::Screen);
        let text = String::from_utf8(screen).unwrap();
        let pieces: Vec<_> = text.split("\x1b\\").filter(|piece| !piece.is_empty()).collect();
        assert_eq!(pieces.len(), 2);
        let joined: String =
            pieces.iter().map(|piece| piece.strip_prefix("\x1bP").unwrap()).collect();
        assert_eq!(joined.as_bytes(), sequence(&"x".repeat(300), Multiplexer::None));
    }

    #[test]
    fn what_terminals_would_drop_is_refused_and_said_so() {
        let mut clipboard = Clipboard::new(Multiplexer::None);
        let longest = "x".repeat(TEXT_BYTES_MAX);
        assert_eq!(clipboard.copy(&longest), "copied 1 line, 75 kB");
        let bytes = clipboard.take();
        assert!((99_900..=100_100).contains(&bytes.len()), "{}", bytes.len());
        assert!(clipboard.copy(&format!("{longest}x")).starts_with("not copied"));
        assert_eq!(clipboard.take(), b"");
        assert_eq!(clipboard.copy("a\nb\n"), "copied 2 lines, 4 bytes");
        assert!(clipboard.copy("").starts_with("nothing"));
    }
}
