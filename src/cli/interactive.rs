//! Full screen: a session in place, and the front end that shows it.

use super::args::{Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::first::{self, Start};
use super::{output, setup};
use crate::config::{Color, Config, Terminal};
use crate::protocol::{ModelSpec, Op, TreeKind};
use crate::session::{self, Session, State};
use crate::ui::{self, Colors, ModelOffer};
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

pub(super) fn run(prompt: Option<String>, args: &RunArgs) -> Result<Exit, Trouble> {
    args.check(Place::Interactive)?;
    check_terminal()?;
    let (config, said) = match first::start(args, setup::config(args)?)? {
        Start::Ready { config, said } => (config, said),
        Start::Ended(exit) => return Ok(exit),
    };
    let (mut options, notes) = setup::options(args, &config, TreeKind::InPlace)?;
    let notice = said.or(notes.into_iter().next());
    options.attended = true;
    setup::runtime()?.block_on(async {
        let session = session::start(options).await?;
        show(session, &config, prompt, notice).await
    })
}

/// A full screen needs a terminal at both ends.
fn check_terminal() -> Result<(), Trouble> {
    let missing = match (io::stdin().is_terminal(), io::stdout().is_terminal()) {
        (true, true) => return Ok(()),
        (false, _) => "stdin",
        (true, false) => "stdout",
    };
    Err(Trouble::usage(format!("{missing} is no terminal, so there is no screen to draw on"))
        .with_hint("for scripts: brisk -p 'what to do'"))
}

/// Shows a session until the user leaves, and ends it.
pub(super) async fn show(
    session: Session,
    config: &Arc<Config>,
    prompt: Option<String>,
    notice: Option<String>,
) -> Result<Exit, Trouble> {
    let options = screen(config, prompt, notice)?;
    let handle = session.handle.clone();
    let (pending, id) = (session::pending_patch(&session.folder), session.id.clone());
    let outcome = ui::run(session.handle, session.events, State::default(), options).await;
    handle.send(Op::Shutdown).await;
    // A task that panicked has said so on the screen's way out.
    let _ = session.ended.await;
    if pending.exists() {
        output::progress(&format!("not applied; take it with: brisk apply {}", id.0));
    }
    match outcome {
        Ok(ui::Outcome::Quit | ui::Outcome::Ended) => Ok(Exit::Done),
        Ok(ui::Outcome::Signal(number)) => Ok(Exit::of_signal(number)),
        Err(error) => Err(Trouble::new(Exit::Failed, format!("{error:#}"))),
    }
}

/// How the screen is to be.
pub(super) fn screen(
    config: &Config,
    prompt: Option<String>,
    notice: Option<String>,
) -> Result<ui::Options, Trouble> {
    let leader = ui::leader(&config.leader).ok_or_else(|| {
        let text = format!("terminal.leader: `{}` is no key with Ctrl", config.leader);
        Trouble::new(Exit::Config, text).with_hint("write it as 'Ctrl+\\' or 'Ctrl+]'")
    })?;
    Ok(ui::Options {
        theme: config.ui.theme.clone(),
        theme_file: theme_file(config),
        colors: colors(&config.terminal),
        ascii: config.ui.ascii,
        ssh: config.terminal.ssh,
        extended_keys: !["linux", "dumb"].contains(&config.terminal.term.as_str()),
        multiplexer: config.terminal.multiplexer,
        programs_copy: config.programs_copy,
        leader,
        models: models(config),
        editor: config.editor.clone(),
        first_prompt: prompt,
        history_file: Some(config.paths.state.join("history")),
        notice,
    })
}

/// What the model can be, as things are now.
fn models(config: &Config) -> Vec<ModelOffer> {
    let offer = |spec: ModelSpec| {
        let lacks = match config.key_source(&spec.service) {
            Err(error) => Some(error.message),
            Ok(_) => config
                .missing_variable(&spec.service)
                .map(|variable| format!("{variable} is not set")),
        };
        let of_provider = || {
            let api = config.get(&format!("providers.{:?}.api", spec.service))?;
            api.as_str().map(str::to_owned)
        };
        let own = spec.api.map(|api| api.name().to_owned());
        let dialect = own.or_else(of_provider).unwrap_or_default();
        ModelOffer { spec, dialect, lacks }
    };
    config.models().into_iter().map(offer).collect()
}

/// `themes/NAME.toml` beside the user's config file, if there is one.
fn theme_file(config: &Config) -> Option<PathBuf> {
    let file = config.paths.config.join("themes").join(format!("{}.toml", config.ui.theme));
    file.is_file().then_some(file)
}

/// What the terminal can show, by what it says of itself.
fn colors(terminal: &Terminal) -> Colors {
    match terminal.color {
        Color::Never => Colors::None,
        // Over a slow line 256 colours cost fewer bytes, and look the same.
        Color::AutoTrue if !terminal.ssh => Colors::True,
        Color::AutoTrue | Color::Always => Colors::Indexed256,
        Color::Auto if terminal.term.contains("256color") => Colors::Indexed256,
        Color::Auto => Colors::Ansi16,
    }
}
