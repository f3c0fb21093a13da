//! A reply as the events of a stream, and where it breaks.

use super::given::Thought;
use super::script::{Fault, Scripted, ScriptedStop};
use crate::protocol::Usage;
use std::time::Duration;

/// What a reply says, named and counted: each wire puts it into its own events.
pub(super) struct Say<'a> {
    /// The reply's number, from 1: ids are made of it.
    pub number: u64,
    pub model: &'a str,
    pub reply: &'a Scripted,
    pub thought: &'a Thought,
    /// One for each call.
    pub call_ids: &'a [String],
    pub stop: ScriptedStop,
    pub usage: Usage,
}

impl Say<'_> {
    pub(super) fn pieces<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        pieces(text, self.reply.chunk_bytes())
    }
}

pub(super) struct Event {
    /// With its blank line.
    pub wire: String,
    pub kind: EventKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    /// A piece of a text, or of a call's arguments.
    Piece,
    Frame,
}

/// What goes over the wire, and what then happens.
#[derive(Debug, PartialEq)]
pub(super) struct Stream {
    pub events: Vec<String>,
    pub pause: Duration,
    pub end: StreamEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamEnd {
    Whole,
    /// The connection breaks.
    Cut,
    /// Nothing more comes.
    Stall,
}

/// The reply with its fault. `error` is how the wire says that something failed in the stream.
pub(super) fn play(reply: &Scripted, events: Vec<Event>, error: String) -> Stream {
    let default = usize::from(reply.fault != Some(Fault::Stall));
    let after = reply.after_chunks.unwrap_or(default);
    let (keep, last, end) = match reply.fault {
        Some(Fault::Cut) => (broken_at(&events, after), None, StreamEnd::Cut),
        Some(Fault::Stall) => (broken_at(&events, after), None, StreamEnd::Stall),
        Some(Fault::Error) => (broken_at(&events, after), Some(error), StreamEnd::Whole),
        Some(Fault::BadJson) => {
            let half = "data: {\"choices\": [{\"delta\n\n".to_owned();
            (broken_at(&events, after), Some(half), StreamEnd::Whole)
        }
        _ => (events.len(), None, StreamEnd::Whole),
    };
    let events = events.into_iter().take(keep).map(|event| event.wire).chain(last).collect();
    Stream { events, pause: Duration::from_millis(reply.chunk_ms()), end }
}

/// How many events there are up to the piece with this number; with fewer pieces, up to the last.
fn broken_at(events: &[Event], pieces: usize) -> usize {
    let places = events.iter().enumerate().filter(|(_, event)| event.kind == EventKind::Piece);
    places.take(pieces).last().map_or(0, |(at, _)| at + 1)
}

/// The text in pieces of about as many bytes, cut between characters.
fn pieces(text: &str, bytes: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = (bytes..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (piece, more) = rest.split_at(end);
        rest = more;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn pieces_make_the_text_again(text: String, bytes in 1usize..9) {
            let all: Vec<_> = pieces(&text, bytes).collect();
            proptest::prop_assert_eq!(all.concat(), text.as_str());
            proptest::prop_assert!(all.iter().all(|piece| piece.len() < bytes + 4));
        }
    }

    #[test]
    fn a_break_comes_after_the_piece_that_the_script_names() {
        let event = |kind| Event { wire: String::new(), kind };
        let kinds = [EventKind::Frame, EventKind::Piece, EventKind::Frame, EventKind::Piece];
        let events: Vec<_> = kinds.into_iter().map(event).collect();
        let broken: Vec<_> = (0..4).map(|pieces| broken_at(&events, pieces)).collect();
        assert_eq!(broken, [0, 2, 4, 4]);
    }
}
