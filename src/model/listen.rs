//! Who hears of a reply while it comes, and has a say before a request is made again.

use super::Progress;
use crate::protocol::Usage;

/// A closure that takes the progress is one, which lets every further request be made.
pub trait Listen: Send {
    fn hear(&mut self, progress: Progress<'_>);

    /// A request broke off, and it may have to be paid all the same.
    fn lose(&mut self, _lost: Lost) {}

    /// How many tokens the answer may have if the request is made again, where it was
    /// `output_tokens_max`; None: it is not to be made again. Asked before the wait and, since it
    /// may have been long, after it.
    fn again(&mut self, output_tokens_max: u64) -> Option<u64> {
        Some(output_tokens_max)
    }
}

impl<F: FnMut(Progress<'_>) + Send> Listen for F {
    fn hear(&mut self, progress: Progress<'_>) {
        self(progress);
    }
}

/// What came of a request that broke off after the service may have begun to work on it. One that
/// was refused by a status, or that never reached the service, costs nothing and loses nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The provider's own figures as far as they came; those of the output are not final.
    pub usage: Option<Usage>,
    /// Bytes of text, thoughts and arguments that came.
    pub bytes: u64,
}

/// Counts what a reply says.
#[derive(Debug, Default)]
pub(super) struct Heard {
    bytes: u64,
    /// The call under way, and the bytes of its arguments so far.
    call: (String, u64),
}

impl Heard {
    pub(super) fn hear(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Text(text) | Progress::Thought(text) => self.bytes += text.len() as u64,
            Progress::Arguments { tool, bytes } => {
                if self.call.0 != **tool || self.call.1 > *bytes {
                    self.bytes += self.call.1;
                    (*tool).clone_into(&mut self.call.0);
                }
                self.call.1 = *bytes;
            }
            _ => {}
        }
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes + self.call.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_counted_call_by_call() {
        let mut heard = Heard::default();
        for progress in [
            Progress::Thought("abc"),
            Progress::Text("de"),
            Progress::Arguments { tool: "run", bytes: 4 },
            Progress::Arguments { tool: "run", bytes: 10 },
            Progress::Arguments { tool: "run", bytes: 3 },
            Progress::Arguments { tool: "edit", bytes: 2 },
            Progress::Silent(std::time::Duration::from_secs(10)),
        ] {
            heard.hear(&progress);
        }
        assert_eq!(heard.bytes(), 3 + 2 + 10 + 3 + 2);
    }
}
