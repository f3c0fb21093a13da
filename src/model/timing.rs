//! How long this room waits for what, and which certificates it trusts beside the machine's own.

use std::path::PathBuf;
use std::time::Duration;

/// Deadlines and waits. The defaults are for people; tests make them short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// To connect: the name looked up, the proxy's tunnel, TLS included.
    pub connect: Duration,
    /// From the request to the reply's first byte: a long prompt on a slow machine takes minutes.
    pub first_byte: Duration,
    /// Between two bytes of a reply. What says nothing, such as a comment or a ping, is bytes too.
    pub idle: Duration,
    /// From the first request to the reply's end, all further requests and waits included.
    pub total: Duration,
    /// After as much without a word `Progress::Silent` or `Progress::Thinking` is said, and again
    /// each time the wait has doubled.
    pub silence: Duration,
    /// The wait before the second request; it doubles from there.
    pub backoff: Duration,
    /// The longest of those waits.
    pub backoff_max: Duration,
    /// A service that asks for a longer wait than this is not waited for.
    pub retry_after_max: Duration,
}

impl Timing {
    /// What stands for no deadline: longer than any machine runs, and still a time to reckon with.
    pub const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(300),
            total: Duration::from_secs(3600),
            silence: Duration::from_secs(10),
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(20),
            retry_after_max: Duration::from_secs(120),
        }
    }
}

/// How services are reached. Proxies are those of the environment, and none for this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    pub timing: Timing,
    /// Certificates in PEM of authorities that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
}

impl From<Timing> for Network {
    fn from(timing: Timing) -> Self {
        Self { timing, ca_file: None }
    }
}
