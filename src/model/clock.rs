//! The deadlines of one reply, and the silences in it that are worth a word.

use super::Progress;
use super::decoder::On;
use super::timing::Timing;
use super::trouble::Trouble;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// One for each request; `end` is that of the whole reply.
pub(super) struct Clock<'a> {
    pub timing: &'a Timing,
    end: Instant,
    /// When the last byte came, and the last word.
    byte: Instant,
    word: Instant,
    /// How long without a word is said next.
    next: Duration,
}

impl<'a> Clock<'a> {
    pub(super) fn new(timing: &'a Timing, end: Instant) -> Self {
        let now = Instant::now();
        Self { timing, end, byte: now, word: now, next: first(timing) }
    }

    /// The model said something.
    pub(super) fn word(&mut self) {
        self.word = Instant::now();
        self.next = first(self.timing);
    }

    /// Waits for what brings bytes, for as long as `limit`. Says the silences meanwhile.
    ///
    /// # Errors
    ///
    /// `Silent` after the limit, `Endless` at the reply's own end.
    pub(super) async fn wait<F: Future>(
        &mut self,
        future: F,
        limit: Duration,
        on: &mut On<'_>,
    ) -> Result<F::Output, Trouble> {
        let deadline = Instant::now() + limit;
        let mut future = pin!(future);
        loop {
            let until = (self.word + self.next).min(deadline).min(self.end);
            if let Ok(output) = timeout_at(until, &mut future).await {
                self.byte = Instant::now();
                return Ok(output);
            }
            if until == deadline {
                return Err(Trouble::Silent(limit));
            }
            if until == self.end {
                return Err(Trouble::Endless(self.timing.total));
            }
            self.say(on);
        }
    }

    fn say(&mut self, on: &mut On<'_>) {
        self.next = self.next.saturating_mul(2).min(Timing::NEVER);
        let (word, byte) = (self.word.elapsed(), self.byte.elapsed());
        if byte < first(self.timing) && self.byte > self.word {
            on(Progress::Thinking(word));
        } else {
            on(Progress::Silent(byte));
        }
    }
}

fn first(timing: &Timing) -> Duration {
    timing.silence.max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said while bytes come every `byte` seconds, and words never, up to 100 s.
    async fn said(byte: u64) -> Vec<String> {
        let timing = Timing::default();
        let mut clock = Clock::new(&timing, Instant::now() + Timing::NEVER);
        let mut said = Vec::new();
        for _ in 0..100 / byte {
            let bytes = tokio::time::sleep(Duration::from_secs(byte));
            let mut on = |progress: Progress<'_>| said.push(format!("{progress:?}"));
            clock.wait(bytes, Duration::from_secs(300), &mut on).await.expect("in time");
        }
        said
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_without_words_are_thinking_and_no_bytes_are_silence() {
        let thinking = ["Thinking(10.000s)", "Thinking(20.000s)", "Thinking(40.000s)"];
        let said_short: Vec<_> = said(4).await.into_iter().map(rounded).collect();
        assert_eq!(said_short[..3], thinking);
        let said_long: Vec<_> = said(50).await.into_iter().map(rounded).collect();
        assert_eq!(said_long[..3], ["Silent(10.000s)", "Silent(20.000s)", "Silent(40.000s)"]);
        assert_eq!(said_long[3], "Silent(30.000s)", "since the byte that came after 50 s");
    }

    /// The paused clock goes in steps of a millisecond.
    fn rounded(said: String) -> String {
        let (name, rest) = said.split_once('(').expect("a duration");
        let seconds: f64 = rest.trim_end_matches("s)").parse().expect("seconds");
        format!("{name}({:.3}s)", seconds.floor())
    }

    #[tokio::test(start_paused = true)]
    async fn the_nearer_deadline_ends_the_wait() {
        let timing = Timing { total: Duration::from_secs(100), ..Timing::default() };
        let mut clock = Clock::new(&timing, Instant::now() + timing.total);
        let never = std::future::pending::<()>();
        let silent = clock.wait(never, Duration::from_secs(60), &mut |_| {}).await;
        assert_eq!(silent, Err(Trouble::Silent(Duration::from_secs(60))));
        let never = std::future::pending::<()>();
        let endless = clock.wait(never, Duration::from_secs(60), &mut |_| {}).await;
        assert_eq!(endless, Err(Trouble::Endless(timing.total)));
    }
}
