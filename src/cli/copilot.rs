//! `brisk auth login copilot`: a short code that is typed in any browser.

use super::exit::{Exit, Trouble};
use super::{output, setup};
use crate::config::Config;
use crate::model::DeviceLogin;
use crate::protocol::Secret;
use tokio::signal::unix::{SignalKind, signal};

const SAYS: &str = "Copilot's API is undocumented and may change or refuse at any time. Whether GitHub's terms \
                    allow you to use it so is yours to read: https://docs.github.com/site-policy";
const SECONDS_A_MINUTE: u64 = 60;

/// Shows the code, waits until it is typed, and stores the token. Ctrl+C stops it.
pub(super) fn login(config: &Config, provider: &str) -> Result<Exit, Trouble> {
    let text = |field: &str| {
        let value = config.get(&format!("providers.{provider:?}.{field}"));
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let client_id = text("client_id");
    if client_id.trim().is_empty() {
        return Err(no_app(config, provider));
    }
    output::progress(SAYS);
    let login = DeviceLogin::new(&client_id, &text("host"));
    let token = setup::runtime()?.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            token = wait(&login) => token.map(Ok),
            _ = interrupt.recv() => Ok(Err(Exit::Interrupted)),
            _ = terminate.recv() => Ok(Err(Exit::Terminated)),
        }
    })?;
    let token = match token {
        Ok(token) => token,
        Err(exit) => {
            output::progress("stopped; nothing is stored");
            return Ok(exit);
        }
    };
    let keys = config.stored_keys();
    keys.store(provider, &token)?;
    output::progress(&format!("logged in; the token is stored in {}", keys.file().display()));
    Ok(Exit::Done)
}

async fn wait(login: &DeviceLogin) -> Result<Secret, Trouble> {
    let code = login.begin().await?;
    output::progress(&format!("\n  open {}\n  type {}\n", code.verification_uri, code.user_code));
    let minutes = code.expires_in.as_secs().div_ceil(SECONDS_A_MINUTE);
    output::progress(&format!("waiting; the code is good for {minutes} min, Ctrl+C stops"));
    Ok(login.wait(code).await?)
}

fn no_app(config: &Config, provider: &str) -> Trouble {
    let file = config.paths.config_file();
    let hint = format!(
        "register an OAuth app of your own, which costs nothing:\n\
         - at https://github.com/settings/applications/new\n\
         \x20 with any name and addresses; tick \"Enable Device Flow\"\n\
         - its client id, which is no secret, goes into BRISK_COPILOT_CLIENT_ID, or into {}:\n\
         \x20   [providers.{provider}]\n\
         \x20   client_id = \"Ov23li…\"\n\
         - or store a token that you have: brisk auth login {provider} < tokenfile",
        file.display()
    );
    Trouble::new(Exit::Config, "brisk has no OAuth app of its own to log in to Copilot with")
        .with_hint(hint)
}
