//! How long this room waits for what.

use std::time::Duration;

/// Deadlines and waits. The defaults are for people; tests make them short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// To connect, TLS included.
    pub connect: Duration,
    /// From the request to the reply's first byte: a long prompt on a slow machine takes minutes.
    pub first_byte: Duration,
    /// Between two bytes of a reply.
    pub idle: Duration,
    /// After as much without a byte, and each further time, `Progress::Silent` is said.
    pub silence: Duration,
    /// The wait before the second request; it doubles from there.
    pub backoff: Duration,
    /// The longest of those waits.
    pub backoff_max: Duration,
    /// A service that asks for a longer wait than this is not waited for.
    pub retry_after_max: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(300),
            silence: Duration::from_secs(10),
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(20),
            retry_after_max: Duration::from_secs(120),
        }
    }
}
