//! What a request takes, before the provider says so.
//!
//! An estimate is bytes over bytes per token. Before the first figure came, 3.3 bytes per token is
//! assumed: prose and code have 3.8 to 4 in the vocabularies of today, Chinese and Japanese too, so
//! that this is nearly always too much. It is too little for text that is mostly paths with numbers
//! (2.4), digits (3) or base64 (1.5). Each figure that a provider gives corrects it, and a margin of 5 %
//! stays on top. What a provider has counted is not estimated any more. `benches/estimate.rs` measures
//! the error.

use super::Request;
use crate::protocol::{Item, Opaque, Usage};

const BYTES_PER_TOKEN_AT_FIRST: f64 = 3.3;
/// A figure beyond these says more about the service's counting than about the text.
const BYTES_PER_TOKEN_MIN: f64 = 1.0;
const BYTES_PER_TOKEN_MAX: f64 = 6.0;
const MARGIN: f64 = 1.05;
/// How much the newest figure counts against those before it.
const NEWEST_WEIGHT: f64 = 0.7;
/// What each item takes on the wire beside its text, in bytes: some six tokens.
const ITEM_BYTES: u64 = 20;

/// Learns from each reply; one for each model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimator {
    bytes_per_token: f64,
    figures: Figures,
    counted: Option<Counted>,
}

/// A prompt that the provider has counted; another one of the same length is taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    bytes: u64,
    tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figures {
    None,
    Seen,
}

impl Default for Estimator {
    fn default() -> Self {
        Self::new()
    }
}

impl Estimator {
    pub const fn new() -> Self {
        Self { bytes_per_token: BYTES_PER_TOKEN_AT_FIRST, figures: Figures::None, counted: None }
    }

    /// As earlier figures of this model have left it. None: no text has so many bytes per token.
    pub fn learnt(bytes_per_token: f64) -> Option<Self> {
        let possible = (BYTES_PER_TOKEN_MIN..=BYTES_PER_TOKEN_MAX).contains(&bytes_per_token);
        possible.then_some(Self { bytes_per_token, figures: Figures::Seen, counted: None })
    }

    /// What [`Estimator::learnt`] wants. None: no figure has come.
    pub fn bytes_per_token(&self) -> Option<f64> {
        (self.figures == Figures::Seen).then_some(self.bytes_per_token)
    }

    /// Tokens of all that is sent.
    pub fn request(&self, request: &Request<'_>) -> u64 {
        let bytes = Self::bytes(request);
        match self.counted {
            Some(counted) if counted.bytes == bytes => counted.tokens,
            _ => self.tokens(bytes),
        }
    }

    /// Tokens of a text.
    pub fn text(&self, text: &str) -> u64 {
        self.tokens(text.len() as u64)
    }

    /// Tokens of a text that has so many bytes.
    pub fn tokens_of(&self, bytes: u64) -> u64 {
        self.tokens(bytes)
    }

    /// The measure that [`Estimator::calibrate`] wants: bytes of everything that a model reads.
    pub fn bytes(request: &Request<'_>) -> u64 {
        let tools = match serde_json::to_string(request.tools) {
            Ok(text) if !request.tools.is_empty() => text.len() as u64,
            Ok(_) | Err(_) => 0,
        };
        let items: u64 = request.items.iter().map(item_bytes).sum();
        request.system.len() as u64 + tools + items + ITEM_BYTES
    }

    /// Corrects the estimate: a request of so many bytes took what `usage` says.
    pub fn calibrate(&mut self, bytes: u64, usage: &Usage) {
        let tokens = usage.prompt();
        if tokens == 0 || bytes == 0 || usage.estimated {
            return;
        }
        let newest = (bytes as f64 / tokens as f64).clamp(BYTES_PER_TOKEN_MIN, BYTES_PER_TOKEN_MAX);
        self.bytes_per_token = match self.figures {
            Figures::None => newest,
            Figures::Seen => newest * NEWEST_WEIGHT + self.bytes_per_token * (1.0 - NEWEST_WEIGHT),
        };
        self.figures = Figures::Seen;
    }

    /// The provider has counted a prompt of so many bytes: it has so many tokens, exactly.
    pub fn count(&mut self, bytes: u64, tokens: u64) {
        self.calibrate(bytes, &Usage { input: tokens, ..Usage::default() });
        self.counted = Some(Counted { bytes, tokens });
    }

    /// Whether the provider has counted a prompt of so many bytes, the last one that it was asked of.
    pub fn has_counted(&self, bytes: u64) -> bool {
        self.counted.is_some_and(|counted| counted.bytes == bytes)
    }

    fn tokens(&self, bytes: u64) -> u64 {
        (bytes as f64 / self.bytes_per_token * MARGIN).ceil() as u64
    }
}

fn item_bytes(item: &Item) -> u64 {
    let kept = |opaque: &Option<Opaque>| match opaque {
        Some(opaque) => opaque.value.to_string().len(),
        None => 0,
    };
    let bytes = match item {
        Item::Context { text, .. }
        | Item::User { text, .. }
        | Item::Note { text }
        | Item::Result { text, .. } => text.len(),
        Item::Assistant { text, opaque } => text.len().max(kept(opaque)),
        // Without its opaque part a thought does not go back.
        Item::Thought { opaque: None, .. } | Item::Edit { .. } | Item::Plan { .. } => return 0,
        Item::Thought { opaque, .. } => kept(opaque),
        Item::Call { call, tool, arguments, opaque } => {
            call.0.len() + tool.len() + arguments.len() + kept(opaque)
        }
    };
    bytes as u64 + ITEM_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{prompt, request};

    #[test]
    fn a_figure_corrects_the_estimate_and_the_margin_stays() {
        let mut estimator = Estimator::new();
        assert_eq!(estimator.text(&"x".repeat(3300)), 1050);
        let usage = Usage { input: 500, cached: 500, ..Usage::default() };
        estimator.calibrate(4000, &usage);
        assert_eq!(estimator.text(&"x".repeat(4000)), 1050);
    }

    #[test]
    fn what_was_counted_is_not_estimated_and_a_longer_prompt_is_again() {
        let items = |text: &str| [prompt(text)];
        let (counted, longer) = (items(&"x".repeat(4000)), items(&"x".repeat(8000)));
        let mut estimator = Estimator::new();
        let bytes = Estimator::bytes(&request(&counted));
        assert!(!estimator.has_counted(bytes));
        estimator.count(bytes, 1_000);
        assert!(estimator.has_counted(bytes));
        assert_eq!(estimator.request(&request(&counted)), 1_000);
        let longer = estimator.request(&request(&longer));
        assert!((2_000..2_150).contains(&longer), "with the margin: {longer}");
    }

    #[test]
    fn what_was_learnt_goes_on_elsewhere_and_what_cannot_be_does_not() {
        let mut estimator = Estimator::new();
        assert_eq!(estimator.bytes_per_token(), None);
        estimator.calibrate(4000, &Usage { input: 1_000, ..Usage::default() });
        let learnt = Estimator::learnt(estimator.bytes_per_token().expect("a figure came"));
        assert_eq!(learnt, Some(estimator));
        for wrong in [0.0, -3.0, 400.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Estimator::learnt(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_says_nothing_changes_nothing() {
        let mut estimator = Estimator::new();
        estimator.calibrate(4000, &Usage::default());
        estimator.calibrate(4000, &Usage { input: 1, estimated: true, ..Usage::default() });
        assert_eq!(estimator, Estimator::new());
    }
}
