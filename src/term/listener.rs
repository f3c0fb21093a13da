//! What the core tells while it parses: replies, titles, colours that are asked for, copied text.

use crate::protocol::Size;
use alacritty_terminal::event::{Event, EventListener, WindowSize};
use alacritty_terminal::term::ClipboardType;
use alacritty_terminal::vte::ansi::Rgb;
use std::sync::{Arc, Mutex, PoisonError};

/// Of a title; it is shown in one line.
pub(super) const TITLE_CHARS_MAX: usize = 256;
/// Replies that wait to be taken; a program that asks more without reading is cut short.
const REPLY_BYTES_MAX: usize = 64 * 1024;
const CELL_PIXELS: (u16, u16) = (8, 16);

pub(super) type SayColor = Arc<dyn Fn(Rgb) -> String + Send + Sync>;

/// What the core wants to tell while it parses.
#[derive(Default)]
pub(super) struct Told {
    pub(super) reply: Vec<u8>,
    /// Colours that are asked for, and how to say them.
    pub(super) colors: Vec<(usize, SayColor)>,
    pub(super) title: Option<String>,
    pub(super) copied: Option<String>,
}

#[derive(Clone)]
pub(super) struct Listener {
    pub(super) told: Arc<Mutex<Told>>,
    pub(super) size: Arc<Mutex<Size>>,
}

impl EventListener for Listener {
    fn send_event(&self, event: Event) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = match event {
            Event::PtyWrite(text) => text,
            Event::Title(title) => {
                let title = title.chars().filter(|char| !char.is_control());
                told.title = Some(title.take(TITLE_CHARS_MAX).collect());
                return;
            }
            Event::ResetTitle => {
                told.title = Some(String::new());
                return;
            }
            Event::TextAreaSizeRequest(format) => {
                let size = *self.size.lock().unwrap_or_else(PoisonError::into_inner);
                let (cell_width, cell_height) = CELL_PIXELS;
                format(WindowSize {
                    num_lines: size.rows,
                    num_cols: size.columns,
                    cell_width,
                    cell_height,
                })
            }
            Event::ColorRequest(index, format) => {
                told.colors.push((index, format));
                return;
            }
            Event::ClipboardStore(ClipboardType::Clipboard, text) => {
                told.copied = Some(text);
                return;
            }
            // The clipboard is the user's: reads are refused by silence.
            _ => return,
        };
        if told.reply.len() + reply.len() <= REPLY_BYTES_MAX {
            told.reply.extend_from_slice(reply.as_bytes());
        }
    }
}
