//! The first start: nothing is there that could answer, and the user says how to begin. Before any
//! session; what is chosen is done by the caller.

mod draw;
mod page;

pub use page::Chosen;

use super::guard::{Guard, Keys};
use super::painter::Painter;
use super::theme::Theme;
use super::{Options, keys, run};
use crate::config::Config;
use anyhow::Context as _;
use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt as _;
use page::First;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, Write as _};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Asks until something is chosen. `providers` are those that a key can be stored for; `said` is
/// what became of the last choice.
///
/// # Errors
/// As [`super::run()`].
pub async fn first_start(
    config: Arc<Config>,
    providers: Vec<String>,
    said: Option<String>,
    options: &Options,
) -> anyhow::Result<Chosen> {
    let mut screen = Screen {
        first: First::new(config, providers, said),
        theme: run::themed(options)?,
        painter: Painter::new(),
    };
    let keys = if options.extended_keys { Keys::Extended } else { Keys::Plain };
    let guard = Guard::take(keys)?;
    let chosen = screen.turn(&guard).await;
    drop(guard);
    chosen
}

struct Screen {
    first: First,
    theme: Theme,
    painter: Painter,
}

impl Screen {
    async fn turn(&mut self, guard: &Guard) -> anyhow::Result<Chosen> {
        let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
        let listen = || "listen to signals";
        let mut terminate = signal(kinds[0]).with_context(listen)?;
        let mut hang_up = signal(kinds[1]).with_context(listen)?;
        let mut interrupt = signal(kinds[2]).with_context(listen)?;
        let mut inputs = EventStream::new();
        loop {
            self.draw()?;
            let input = tokio::select! {
                _ = terminate.recv() => return Ok(Chosen::Signal(kinds[0].as_raw_value())),
                _ = hang_up.recv() => return Ok(Chosen::Signal(kinds[1].as_raw_value())),
                _ = interrupt.recv() => return Ok(Chosen::Signal(kinds[2].as_raw_value())),
                input = inputs.next() => input,
            };
            guard.draws_here();
            match input.context("the terminal is gone")?.context("read the keys")? {
                Input::Key(event) => {
                    let key = keys::from_event(&event);
                    if let Some(chosen) = key.and_then(|key| self.first.key(key)) {
                        return Ok(chosen);
                    }
                }
                Input::Paste(text) => self.first.paste(&text),
                Input::Resize(..) => self.painter.lose(),
                Input::FocusGained | Input::FocusLost | Input::Mouse(_) => {}
            }
        }
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let (columns, rows) = crossterm::terminal::size().context("measure the terminal")?;
        let area = Rect::new(0, 0, columns.clamp(1, run::SIDE_MAX), rows.clamp(1, run::SIDE_MAX));
        let mut cells = Buffer::empty(area);
        draw::draw(&self.first, &self.theme, &mut cells);
        let bytes = self.painter.paint(cells, None);
        let mut out = io::stdout().lock();
        out.write_all(&bytes).and_then(|()| out.flush()).context("write to the terminal")
    }
}

#[cfg(test)]
mod tests;
