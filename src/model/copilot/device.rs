//! Logging in to Copilot from a terminal: a short code to type in any browser (RFC 8628).

use crate::model::client::{Client, common_headers};
use crate::model::roads::is_loopback;
use crate::model::sending::cause;
use crate::model::timing::Timing;
use crate::protocol::{Failure, FailureKind, Secret};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// What the token may do: tell who its owner is. Copilot asks for no more.
const SCOPE: &str = "read:user";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two polls where the service names no interval.
const INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds to the interval.
const SLOWER: Duration = Duration::from_secs(5);
/// Between two polls at most, whatever the service says and however often the network fails.
const INTERVAL_MAX: Duration = Duration::from_secs(300);
/// How long a code is good for at most, and where the service does not say.
const EXPIRY_MAX: Duration = Duration::from_secs(3600);
/// A whole exchange of one request and its answer.
const EXCHANGE_MAX: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Characters of a code that is to be typed.
const USER_CODE_CHARS_MAX: usize = 32;

/// Asks GitHub for a token in the name of an OAuth app of the user's own; brisk ships none.
///
/// ```no_run
/// # async fn f() -> Result<(), brisk::protocol::Failure> {
/// let login = brisk::model::DeviceLogin::new("Ov23li…", "github.com");
/// let code = login.begin().await?;
/// println!("open {} and type {}", code.verification_uri, code.user_code);
/// let token = login.wait(code).await?;
/// # Ok(()) }
/// ```
pub struct DeviceLogin {
    client: Client,
    client_id: String,
    /// With its scheme, without a slash at the end.
    address: String,
}

/// What the user is asked to do, and what the service is asked with meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// To be typed: `WDJB-MJHT`. Printable ASCII.
    pub user_code: String,
    /// Where it is typed: an https address in ASCII.
    pub verification_uri: String,
    /// How long the code is good for.
    pub expires_in: Duration,
    /// The wait before the first `poll`, and after each that says `Pending`; it grows where the
    /// service asks for that.
    pub interval: Duration,
    device_code: Secret,
}

/// What the service says while the user has not typed the code, and then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceAnswer {
    /// Not yet; to be asked again after this wait.
    Pending { wait: Duration },
    /// The token, good until its owner takes it back.
    Token(Secret),
    /// The user said no.
    Denied,
    /// Nobody typed the code in time.
    Expired,
}

impl DeviceLogin {
    /// `host` is `github.com`, or the tenant of a company: `acme.ghe.com`. With a scheme before it
    /// it is taken as it stands, which may be plain http on this machine alone.
    pub fn new(client_id: &str, host: &str) -> Self {
        Self {
            client: Client::new(Timing::default()),
            client_id: client_id.trim().to_owned(),
            address: with_scheme(host),
        }
    }

    /// Over this client instead of one of its own.
    #[must_use]
    pub fn over(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Asks for a code.
    ///
    /// # Errors
    ///
    /// No client id, an address that is none, no connection, or an app that GitHub does not know
    /// or that may not do this: as a sentence with a hint.
    pub async fn begin(&self) -> Result<DeviceCode, Failure> {
        if self.client_id.is_empty() {
            let message = "no client id: brisk has no OAuth app of its own".to_owned();
            let hint = "register one at GitHub, and set BRISK_COPILOT_CLIENT_ID or \
                        providers.copilot.client_id";
            return Err(failure(FailureKind::Config, message, hint));
        }
        let fields = [("client_id", self.client_id.as_str()), ("scope", SCOPE)];
        let answer = self.post("login/device/code", &fields).await.map_err(|unanswered| {
            let message = format!("{} gave no code: {}", self.address, unanswered.why);
            failure(FailureKind::Provider, message, "check the network, and the host")
        })?;
        DeviceCode::read(&answer).map_err(|why| self.refused(&why))
    }

    /// Asks once whether the user has typed the code. Trouble of the network is `Pending`, with a
    /// longer wait.
    ///
    /// # Errors
    ///
    /// The service refuses for a reason that another try would not change.
    pub async fn poll(&self, code: &mut DeviceCode) -> Result<DeviceAnswer, Failure> {
        let fields = [
            ("client_id", self.client_id.as_str()),
            ("device_code", code.device_code.reveal()),
            ("grant_type", GRANT),
        ];
        match self.post("login/oauth/access_token", &fields).await {
            Ok(answer) => code.answered(&answer).map_err(|why| self.refused(&why)),
            Err(unanswered) => Ok(code.unanswered(unanswered.retry_after)),
        }
    }

    /// Polls until there is a token.
    ///
    /// # Errors
    ///
    /// As `poll`; also if the user says no, or nobody types the code in time.
    pub async fn wait(&self, mut code: DeviceCode) -> Result<Secret, Failure> {
        let end = Instant::now() + code.expires_in.min(EXPIRY_MAX);
        let mut wait = code.interval;
        let hint = "begin again: brisk auth login copilot";
        let credentials = |message: &str| failure(FailureKind::Credentials, message.into(), hint);
        loop {
            if Instant::now() + wait > end {
                return Err(credentials("the code was not typed in time"));
            }
            sleep(wait).await;
            match self.poll(&mut code).await? {
                DeviceAnswer::Pending { wait: next } => wait = next,
                DeviceAnswer::Token(token) => return Ok(token),
                DeviceAnswer::Denied => return Err(credentials("GitHub was told not to allow it")),
                DeviceAnswer::Expired => return Err(credentials("the code was not typed in time")),
            }
        }
    }

    fn refused(&self, why: &str) -> Failure {
        let hint = "check that the client id is of an OAuth app with device flow enabled";
        let message = format!("{} refused the login: {why}", self.address);
        failure(FailureKind::Credentials, message, hint)
    }

    /// The answer as JSON, whatever its status: what the service refuses it refuses in JSON.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Value, Unanswered> {
        let url = Url::parse(&format!("{}/{path}", self.address));
        let url = url.map_err(|error| Unanswered::new(error.to_string()))?;
        if !is_safe(&url) {
            return Err(Unanswered::new("a login needs https".to_owned()));
        }
        let http = self.client.http(&url).map_err(Unanswered::new)?;
        let mut headers = common_headers();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let sending = http.post(url).headers(headers).body(form(fields)).send();
        let exchange = async {
            let response = sending.await.map_err(|error| Unanswered::new(cause(&error)))?;
            answer(response).await
        };
        timeout(EXCHANGE_MAX, exchange).await.unwrap_or_else(|_| {
            Err(Unanswered::new(format!("nothing for {} s", EXCHANGE_MAX.as_secs())))
        })
    }
}

/// Why there is no answer that means anything; it may come yet.
struct Unanswered {
    why: String,
    retry_after: Option<Duration>,
}

impl Unanswered {
    fn new(why: String) -> Self {
        Self { why, retry_after: None }
    }
}

async fn answer(mut response: Response) -> Result<Value, Unanswered> {
    let status = response.status();
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    if status.is_server_error() || status.as_u16() == 429 {
        return Err(Unanswered { why: format!("it said {}", status.as_u16()), retry_after });
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(bytes)) if body.len() + bytes.len() <= ANSWER_BYTES_MAX => {
                body.extend_from_slice(&bytes);
            }
            Ok(Some(_)) => return Err(Unanswered::new("its answer is too long".to_owned())),
            Ok(None) => break,
            Err(error) => return Err(Unanswered::new(cause(&error))),
        }
    }
    match serde_json::from_slice(&body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) | Err(_) => {
            let why = format!("it said {}, and nothing that a login says", status.as_u16());
            Err(Unanswered::new(why))
        }
    }
}

impl DeviceCode {
    fn read(answer: &Value) -> Result<Self, String> {
        refusal(answer).map_or(Ok(()), Err)?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let seconds = |name: &str| answer.get(name).and_then(Value::as_u64);
        let user_code = text("user_code");
        let typed = !user_code.is_empty() && user_code.len() <= USER_CODE_CHARS_MAX;
        if !typed || !user_code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its code is none that could be typed".to_owned());
        }
        let uri = Url::parse(text("verification_uri")).ok();
        let uri = uri.filter(is_safe);
        let uri = uri.ok_or("it names no https address for the code")?;
        let device_code = text("device_code");
        if device_code.is_empty() {
            return Err("it gave no device code".to_owned());
        }
        Ok(Self {
            user_code: user_code.to_owned(),
            verification_uri: uri.into(),
            expires_in: seconds("expires_in")
                .map_or(EXPIRY_MAX, Duration::from_secs)
                .min(EXPIRY_MAX),
            interval: seconds("interval").map_or(INTERVAL, Duration::from_secs).min(INTERVAL_MAX),
            device_code: Secret::new(device_code.to_owned()),
        })
    }

    fn answered(&mut self, answer: &Value) -> Result<DeviceAnswer, String> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("error") {
            "" => match text("access_token") {
                "" => Err(refusal(answer).unwrap_or_else(|| "it gave no token".to_owned())),
                token => Ok(DeviceAnswer::Token(Secret::new(token.to_owned()))),
            },
            "authorization_pending" => Ok(self.pending()),
            "slow_down" => {
                let asked = answer.get("interval").and_then(Value::as_u64);
                let asked = asked.map(Duration::from_secs).unwrap_or_default();
                self.interval = asked.max(self.interval + SLOWER).min(INTERVAL_MAX);
                Ok(self.pending())
            }
            "access_denied" => Ok(DeviceAnswer::Denied),
            "expired_token" | "token_expired" => Ok(DeviceAnswer::Expired),
            _ => Err(refusal(answer).unwrap_or_default()),
        }
    }

    /// A network that fails is asked less and less.
    fn unanswered(&mut self, retry_after: Option<Duration>) -> DeviceAnswer {
        let longer = (self.interval * 2).max(Duration::from_secs(1));
        self.interval = longer.max(retry_after.unwrap_or_default()).min(INTERVAL_MAX);
        self.pending()
    }

    /// A fifth longer than the service asks for: its clock is another one.
    fn pending(&self) -> DeviceAnswer {
        DeviceAnswer::Pending { wait: self.interval + self.interval / 5 }
    }
}

/// What an answer says against it, in printable characters.
fn refusal(answer: &Value) -> Option<String> {
    let text =
        |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let said = text("error_description").or(text("error")).or(text("message"))?;
    Some(said.chars().filter(|char| !char.is_control()).take(200).collect())
}

/// Where Copilot's models are served for this host, without a slash at the end.
pub fn copilot_address(host: &str) -> String {
    let host = host.trim().trim_end_matches('/').to_ascii_lowercase();
    match host.as_str() {
        "" | "github.com" => "https://api.githubcopilot.com".to_owned(),
        tenant => format!("https://copilot-api.{tenant}"),
    }
}

fn with_scheme(host: &str) -> String {
    let host = host.trim().trim_end_matches('/');
    match host {
        "" => "https://github.com".to_owned(),
        _ if host.contains("://") => host.to_owned(),
        _ => format!("https://{host}"),
    }
}

/// In the clear nothing goes further than this machine.
fn is_safe(address: &Url) -> bool {
    address.scheme() == "https" || address.scheme() == "http" && is_loopback(address)
}

/// As a browser sends a form.
fn form(fields: &[(&str, &str)]) -> String {
    let mut url = Url::parse("form:").expect("an address");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

fn failure(kind: FailureKind, message: String, hint: &str) -> Failure {
    Failure { kind, message, hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code() -> Value {
        json!({ "device_code": "d", "user_code": "WDJB-MJHT", "expires_in": 900, "interval": 5,
            "verification_uri": "https://github.com/login/device" })
    }

    fn wait(code: &mut DeviceCode, answer: &Value) -> u64 {
        match code.answered(answer) {
            Ok(DeviceAnswer::Pending { wait }) => wait.as_secs(),
            other => panic!("not pending: {other:?}"),
        }
    }

    #[test]
    fn a_code_is_read_with_its_limits() {
        let read = DeviceCode::read(&code()).expect("a code");
        assert_eq!((read.user_code.as_str(), read.interval.as_secs()), ("WDJB-MJHT", 5));
        assert_eq!(read.verification_uri, "https://github.com/login/device");
        let mut endless = code();
        endless["expires_in"] = u64::MAX.into();
        endless["interval"] = u64::MAX.into();
        let read = DeviceCode::read(&endless).expect("a code");
        assert_eq!((read.expires_in, read.interval), (EXPIRY_MAX, INTERVAL_MAX));
    }

    #[test]
    fn a_code_that_would_upset_a_terminal_or_lead_astray_is_refused() {
        for (name, value) in [
            ("user_code", json!("\u{1b}[2J")),
            ("user_code", json!("x".repeat(200))),
            ("user_code", Value::Null),
            ("verification_uri", json!("http://github.com/login/device")),
            ("verification_uri", json!("javascript:alert(1)")),
            ("device_code", Value::Null),
            ("error", json!("device_flow_disabled")),
        ] {
            let mut odd = code();
            odd[name] = value.clone();
            assert!(DeviceCode::read(&odd).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn who_is_asked_to_slow_down_does_and_stays_slow() {
        let mut code = DeviceCode::read(&code()).expect("a code");
        let pending = json!({ "error": "authorization_pending" });
        assert_eq!(wait(&mut code, &pending), 6);
        assert_eq!(wait(&mut code, &json!({ "error": "slow_down" })), 12);
        assert_eq!(wait(&mut code, &pending), 12);
        assert_eq!(wait(&mut code, &json!({ "error": "slow_down", "interval": 30 })), 36);
    }

    #[test]
    fn a_network_that_fails_is_asked_less_and_less() {
        let mut code = DeviceCode::read(&code()).expect("a code");
        let mut before = Duration::ZERO;
        for _ in 0..4 {
            let DeviceAnswer::Pending { wait } = code.unanswered(None) else { panic!("an end") };
            assert!(wait > before);
            before = wait;
        }
        code.unanswered(Some(Duration::from_secs(9999)));
        assert_eq!(code.interval, INTERVAL_MAX);
    }

    #[test]
    fn each_end_is_told_apart() {
        let mut code = DeviceCode::read(&code()).expect("a code");
        let mut end = |error: &str| code.answered(&json!({ "error": error }));
        assert_eq!(end("access_denied"), Ok(DeviceAnswer::Denied));
        assert_eq!(end("expired_token"), Ok(DeviceAnswer::Expired));
        assert_eq!(end("incorrect_device_code"), Err("incorrect_device_code".into()));
        let token = json!({ "access_token": "gho_1", "token_type": "bearer", "scope": "" });
        let expected = DeviceAnswer::Token(Secret::new("gho_1".into()));
        assert_eq!(code.answered(&token), Ok(expected));
        assert!(code.answered(&json!({})).is_err());
    }

    #[test]
    fn a_tenant_has_addresses_of_its_own() {
        assert_eq!(copilot_address("github.com"), "https://api.githubcopilot.com");
        assert_eq!(copilot_address("Acme.ghe.com/"), "https://copilot-api.acme.ghe.com");
        assert_eq!(DeviceLogin::new("c", "acme.ghe.com").address, "https://acme.ghe.com");
        assert_eq!(DeviceLogin::new("c", "").address, "https://github.com");
    }

    #[test]
    fn a_form_is_escaped() {
        assert_eq!(form(&[("a", "x:y&z"), ("b", "read:user")]), "a=x%3Ay%26z&b=read%3Auser");
    }

    #[tokio::test]
    async fn a_login_without_a_client_id_or_in_the_clear_is_none() {
        let told = DeviceLogin::new(" ", "github.com").begin().await.expect_err("no id");
        assert!(told.hint.unwrap_or_default().contains("BRISK_COPILOT_CLIENT_ID"));
        let told = DeviceLogin::new("c", "http://example.com").begin().await.expect_err("http");
        assert!(told.message.contains("needs https"), "{told}");
    }
}
