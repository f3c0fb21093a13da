//! Whether a request is made again, and after what wait. The one place that decides it.

use super::meaning::{self, Meaning};
use super::timing::Timing;
use super::trouble::{Refusal, Trouble};
use std::time::{Duration, SystemTime};

/// Requests that a reply may take, the first included.
pub(super) const REQUESTS_MAX: u32 = 6;
/// Where nobody listens, a few tries bridge a restart of the server, and more are a nuisance.
const REQUESTS_MAX_UNREACHABLE: u32 = 3;
/// What is broken in a stream's wording is mostly broken again.
const REQUESTS_MAX_BAD_JSON: u32 = 3;
/// Who was silent for minutes is asked once more.
const REQUESTS_MAX_SILENT: u32 = 2;
/// A model that stumbled over a call mostly makes it right when it is asked again.
const REQUESTS_MAX_BAD_CALL: u32 = 2;

/// The wait before the next request, after as many; None: it would not help.
pub(super) fn wait(trouble: &Trouble, requests: u32, timing: &Timing) -> Option<Duration> {
    if requests >= requests_max(trouble) {
        return None;
    }
    match asked_wait(trouble) {
        Some(asked) if asked > timing.retry_after_max => None,
        // Who asks for no wait at all is not hammered all the same.
        Some(asked) => Some(asked.max(timing.backoff)),
        None => Some(backoff(requests, timing)),
    }
}

pub(super) fn requests_max(trouble: &Trouble) -> u32 {
    match trouble {
        Trouble::Status(refusal) if is_passing(refusal) => REQUESTS_MAX,
        Trouble::Cut(_) => REQUESTS_MAX,
        Trouble::Refused | Trouble::Nameless(_) | Trouble::Unreachable(_) | Trouble::Proxy(_) => {
            REQUESTS_MAX_UNREACHABLE
        }
        Trouble::BadJson(_) => REQUESTS_MAX_BAD_JSON,
        Trouble::Silent(_) => REQUESTS_MAX_SILENT,
        Trouble::BadCall(_) => REQUESTS_MAX_BAD_CALL,
        Trouble::Status(_)
        | Trouble::Unsendable(_)
        | Trouble::NoCertificates(_)
        | Trouble::Certificate(_)
        | Trouble::ProxyLogin
        | Trouble::Endless(_)
        | Trouble::NotStream(_)
        | Trouble::TooLarge => 1,
    }
}

fn is_passing(refusal: &Refusal) -> bool {
    let lasting =
        matches!(meaning::of(refusal), Meaning::Quota | Meaning::Overflow(_) | Meaning::Filtered);
    let by_status = matches!(refusal.status, 408 | 409 | 429 | 500 | 502 | 503 | 504 | 529);
    !lasting && refusal.should_retry.unwrap_or(by_status)
}

fn asked_wait(trouble: &Trouble) -> Option<Duration> {
    match trouble {
        Trouble::Status(refusal) => refusal.retry_after,
        _ => None,
    }
}

/// Doubles with each request; a random quarter off, so that many clients do not come at once.
fn backoff(requests: u32, timing: &Timing) -> Duration {
    let doubled = timing.backoff.saturating_mul(1 << requests.saturating_sub(1).min(16));
    doubled.min(timing.backoff_max).mul_f64(1.0 - 0.25 * fastrand::f64())
}

/// `retry-after-ms`, else `retry-after` in seconds or as a date.
pub(super) fn read_retry_after(
    milliseconds: Option<&str>,
    retry_after: Option<&str>,
    now: SystemTime,
) -> Option<Duration> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    if let Some(milliseconds) = milliseconds.and_then(number) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let text = retry_after?;
    if let Some(seconds) = number(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trouble::ServiceError;

    fn refusal(status: u16) -> Refusal {
        Refusal { status, ..Refusal::default() }
    }

    #[test]
    fn passing_trouble_is_tried_six_times_and_lasting_trouble_once() {
        for status in [408, 429, 500, 502, 503, 504, 529] {
            assert_eq!(requests_max(&Trouble::Status(refusal(status))), 6, "{status}");
        }
        for status in [400, 401, 403, 404, 413, 422, 501] {
            assert_eq!(requests_max(&Trouble::Status(refusal(status))), 1, "{status}");
        }
        assert_eq!(requests_max(&Trouble::Cut(String::new())), 6);
        assert_eq!(requests_max(&Trouble::Refused), 3);
    }

    #[test]
    fn a_used_up_quota_is_not_tried_again() {
        let error = ServiceError { code: "insufficient_quota".into(), ..ServiceError::default() };
        let refusal = Refusal { error, ..refusal(429) };
        assert_eq!(requests_max(&Trouble::Status(refusal)), 1);
    }

    #[test]
    fn what_the_service_says_of_another_try_counts_more_than_its_status() {
        let yes = Refusal { should_retry: Some(true), ..refusal(400) };
        let no = Refusal { should_retry: Some(false), ..refusal(500) };
        assert_eq!(requests_max(&Trouble::Status(yes)), 6);
        assert_eq!(requests_max(&Trouble::Status(no)), 1);
    }

    #[test]
    fn waits_double_up_to_their_limit() {
        let timing = Timing::default();
        for (requests, most) in [(1, 500), (2, 1000), (3, 2000), (5, 8000), (30, 20_000)] {
            let wait = backoff(requests, &timing);
            let most = Duration::from_millis(most);
            assert!(wait <= most && wait >= most.mul_f64(0.75), "{requests}: {wait:?}");
        }
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_unless_it_is_too_long() {
        let timing = Timing::default();
        let asks = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            Trouble::Status(Refusal { retry_after, ..refusal(429) })
        };
        assert_eq!(wait(&asks(7), 1, &timing), Some(Duration::from_secs(7)));
        assert_eq!(wait(&asks(3600), 1, &timing), None);
        assert_eq!(wait(&asks(0), 1, &timing), Some(timing.backoff));
    }

    #[test]
    fn retry_after_is_read_in_all_three_spellings() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let read = |milliseconds, text| read_retry_after(milliseconds, text, now);
        assert_eq!(read(Some("250"), Some("9")), Some(Duration::from_millis(250)));
        assert_eq!(read(None, Some("1.5")), Some(Duration::from_millis(1500)));
        let date = Some("Sun, 06 Nov 1994 08:49:47 GMT");
        assert_eq!(read(None, date), Some(Duration::from_secs(10)));
        assert_eq!(read(None, Some("soon")), None);
        assert_eq!(read(None, Some("-1")), None);
    }
}
