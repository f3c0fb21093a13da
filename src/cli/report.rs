//! What is left of a one-shot run: the JSON object, the event lines, the reason.

use super::exit::{Exit, Trouble};
use crate::protocol::{End, Event, Item, Limit, SessionId, Usage};
use crate::session::{EntryBody, State};
use serde::Serialize;

const VERSION: u32 = 1;

pub(super) struct Report<'a> {
    pub(super) state: &'a State,
    pub(super) end: &'a End,
    pub(super) exit: Exit,
    pub(super) denied: &'a [String],
    pub(super) patch: &'a [u8],
}

#[derive(Serialize)]
struct Json<'a> {
    status: &'static str,
    reason: Option<String>,
    message: &'a str,
    patch: String,
    session: Option<&'a SessionId>,
    usage: JsonUsage,
    models: Vec<&'a str>,
    steps: u32,
    gates: [(); 0],
}

#[derive(Serialize)]
struct JsonUsage {
    input: u64,
    cached: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    cost: Option<f64>,
    estimated: bool,
}

#[derive(Serialize)]
struct EventLine<'a> {
    v: u32,
    session: &'a SessionId,
    #[serde(flatten)]
    event: &'a Event,
}

/// An event as `-o stream-json` prints it, without the newline.
pub(super) fn event_line(event: &Event, session: &SessionId) -> String {
    serde_json::to_string(&EventLine { v: VERSION, session, event })
        .expect("events are made to be written as JSON")
}

/// The object of a run that ended before its session was there.
pub(super) fn never_began(trouble: &Trouble) -> String {
    let usage = JsonUsage::of(&Usage::default(), None);
    let json = Json {
        status: trouble.exit().status(),
        reason: Some(trouble.message().to_owned()),
        message: "",
        patch: String::new(),
        session: None,
        usage,
        models: Vec::new(),
        steps: 0,
        gates: [],
    };
    serde_json::to_string(&json).expect("plain values are JSON")
}

impl JsonUsage {
    const fn of(usage: &Usage, cost: Option<f64>) -> JsonUsage {
        JsonUsage {
            input: usage.input,
            cached: usage.cached,
            cache_write: usage.cache_write,
            output: usage.output,
            reasoning: usage.reasoning,
            cost,
            estimated: usage.estimated,
        }
    }
}

impl Report<'_> {
    /// The agent's last words.
    pub(super) fn message(&self) -> &str {
        let last = self.state.entries.iter().rev().find_map(|entry| match &entry.body {
            EntryBody::Item(Item::Assistant { text, .. }) => Some(text.trim_end()),
            _ => None,
        });
        last.unwrap_or_default()
    }

    pub(super) fn json(&self) -> String {
        let header = self.state.header.as_ref();
        let json = Json {
            status: self.exit.status(),
            reason: self.reason(),
            message: self.message(),
            patch: String::from_utf8_lossy(self.patch).into_owned(),
            session: header.map(|header| &header.session),
            usage: JsonUsage::of(&self.state.usage, self.state.cost),
            models: header.map(|header| header.model.as_str()).into_iter().collect(),
            steps: self.steps(),
            gates: [],
        };
        serde_json::to_string(&json).expect("plain values are JSON")
    }

    pub(super) fn steps(&self) -> u32 {
        let last = self.state.entries.iter().rev().find_map(|entry| match entry.body {
            EntryBody::Ended { steps, .. } => Some(steps),
            _ => None,
        });
        last.unwrap_or_default()
    }

    /// Why it ended as it did; None if it is simply done.
    pub(super) fn reason(&self) -> Option<String> {
        Some(match self.end {
            End::Done if self.denied.is_empty() => return None,
            End::Done => format!("denied, since nobody could say yes: {}", self.denied.join("; ")),
            End::Failed(failure) => failure.message.clone(),
            End::Limit(limit) => limit_reason(*limit),
            End::Infeasible { why, evidence } => {
                format!("infeasible: {why} (evidence: {evidence})")
            }
            End::Interrupted => "interrupted".to_owned(),
        })
    }

    pub(super) fn hint(&self) -> Option<String> {
        match self.end {
            End::Failed(failure) => failure.hint.clone(),
            End::Done if !self.denied.is_empty() => Some(
                "allow what you trust: --allow 'cargo test', or --mode autopilot --budget 50k"
                    .to_owned(),
            ),
            End::Limit(Limit::Tokens { .. }) => Some("raise it with --budget".to_owned()),
            _ => None,
        }
    }

    pub(super) const fn is_error(&self) -> bool {
        matches!(self.end, End::Failed(_))
    }

    pub(super) fn cost_text(&self) -> String {
        self.state.cost.map_or_else(|| "$—".to_owned(), |cost| format!("${cost:.4}"))
    }
}

fn limit_reason(limit: Limit) -> String {
    match limit {
        Limit::Tokens { needed, left, limit } => format!(
            "stopped before the next request: it needs about {}, {} is left of {}",
            tokens(needed),
            tokens(left),
            tokens(limit)
        ),
        Limit::Cost { limit } => format!("stopped: the turn's ${limit} are used up"),
        Limit::Steps { limit } => format!("stopped: the turn's {limit} steps are used up"),
        Limit::Time { seconds } => format!("stopped: the turn's {seconds} s are used up"),
    }
}

/// `940`, `6.1k`, `1.20M`.
pub(super) fn tokens(count: u64) -> String {
    match count {
        0..=999 => count.to_string(),
        1_000..=999_949 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.2}M", count as f64 / 1e6),
    }
}
