//! Starting a session: its folder, journal, workspace and shell.

use super::calibration::{Calibration, Keeps};
use super::desk::{Desk, ORDERS_MAX};
use super::gating::Gating;
use super::ground::{self, DraftPlace, Tree};
use super::host::Host;
use super::journal::Journal;
use super::record::{Ledger, Record};
use super::review::Review;
use super::routes::{Resolve, Routes};
use super::shells::Shells;
use super::{Handle, OPS_MAX, Subscriber, sweep};
use crate::agent::Out;
use crate::config::Config;
use crate::model::{Client, Network};
use crate::policy::Rules;
use crate::protocol::{
    Body, Budget, Depth, Failure, FailureKind, Launch, Mode, ModelSpec, Net, NoticeLevel, Service,
    SessionEvent, SessionId, Setting, Size, Walls,
};
use crate::session::joined::joined;
use crate::workspace::{Workspace, root_of};
use std::collections::HashMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What a front end decides about a session.
pub struct Options {
    pub config: Arc<Config>,
    pub folder: PathBuf,
    pub tree: Tree,
    /// The brisk program: the draft's shells start through it.
    pub entry: PathBuf,
    pub mode: Mode,
    pub model: ModelSpec,
    pub service: Service,
    /// For models that are chosen later, and for fallbacks.
    pub resolve: Resolve,
    pub budget: Budget,
    pub rules: Rules,
    pub size: Size,
    /// Keep nothing: no journal, no ledger line after the session.
    pub ephemeral: bool,
    /// The project's checks run on what changed.
    pub gates: bool,
    /// A user is there, who can take the pen and type passwords.
    pub attended: bool,
    pub network: Network,
}

/// A session that runs.
pub struct Session {
    pub id: SessionId,
    pub handle: Handle,
    /// From the very first event.
    pub events: Subscriber,
    /// The session's own folder: journal, full outputs.
    pub folder: PathBuf,
    /// What changed, for those who want it as a patch.
    pub workspace: Arc<Workspace>,
    /// Ends when the session has; wait for it before the process ends.
    pub ended: JoinHandle<()>,
}

/// Starts a session; the shell starts at once, the model is first called by a prompt.
///
/// # Errors
///
/// A folder that cannot be used, a journal that cannot be made, a shell that does not exist: each a
/// sentence with a hint.
pub async fn start(options: Options) -> Result<Session, Failure> {
    let id = new_id();
    let state = options.config.paths.state.clone();
    let (folder, temporary) =
        session_folder(&state, &id, options.ephemeral).map_err(|error| no_state(&state, &error))?;
    let lock = sweep::hold(&folder).map_err(|error| no_state(&folder, &error))?;
    let sessions = state.join("sessions");
    let root = options.folder.clone();
    let recovered = tokio::task::spawn_blocking(move || {
        // A folder that is none is said by whoever opens it.
        root_of(&root).map(|root| sweep::recover(&sessions, &root)).unwrap_or_default()
    });
    let ground = ground::open(&options, &folder).await?;
    // Before anything is written to the tree.
    let recovered = joined(recovered).await;
    let sessions = state.join("sessions");
    // In the background: nothing of this session waits for it.
    drop(tokio::task::spawn_blocking(move || sweep::sweep(&sessions)));
    let workspace = Arc::clone(&ground.workspace);
    let journal = Journal::create(&folder.join("journal.jsonl"))
        .map_err(|error| no_state(&folder, &error))?;
    let ledger = (!options.ephemeral).then(|| state.join("ledger.jsonl"));
    let ledger = Ledger { path: ledger, services: HashMap::new() };
    let record = Arc::new(Record::new(journal, ledger, options.rules.clone()));
    let events = record.fanout.subscribe();
    record.emit(Body::Session(SessionEvent::Started {
        session: id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folder: workspace.root().display().to_string(),
        tree: workspace.kind(),
        walls: Walls::None,
        net: Net::Open,
        mode: options.mode,
        model: options.model.name.clone(),
        window: options.model.prompt,
        budget: options.budget,
    }));
    if options.config.depth != Depth::default() {
        record.emit(Body::Setting(Setting::Depth(options.config.depth)));
    }
    for text in recovered {
        record.notice(NoticeLevel::Warning, text, None);
    }
    for (text, hint) in &ground.notes {
        record.notice(NoticeLevel::Info, text.clone(), hint.as_deref());
    }
    let scratch = ground::scratch(&folder);
    let shared = Launch {
        prefix: ground.prefix(),
        ..launch(&options.config, workspace.shell_folder(), &scratch)
    };
    let own = launch(&options.config, &options.folder, &scratch);
    let review = Arc::new(Review::new(ground, Arc::clone(&record), options.config.guards.clone()));
    let shells = Shells::open(shared, own, options.size, Arc::clone(&record));
    let shells = shells.map_err(|error| Failure {
        kind: FailureKind::Config,
        message: error.to_string(),
        hint: Some("set `shell` in the config, or $SHELL, to a shell that exists".to_owned()),
    })?;
    let (sender, ops) = mpsc::channel(OPS_MAX);
    review.attach(Arc::clone(&shells));
    let gating = Arc::new(Gating {
        review: Arc::clone(&review),
        record: Arc::clone(&record),
        config: Arc::clone(&options.config),
        place: DraftPlace::new(&options.config, &options.folder, &options.entry, &folder),
        attended: options.attended,
        off: AtomicBool::new(!options.gates),
        running: Mutex::default(),
        second: tokio::sync::Mutex::default(),
    });
    let (orders, desk_orders) = mpsc::channel(ORDERS_MAX);
    let desk = Desk {
        review: Arc::clone(&review),
        gating: Arc::clone(&gating),
        record: Arc::clone(&record),
        orders: orders.downgrade(),
        ops: sender.downgrade(),
    };
    tokio::spawn(desk.run(desk_orders));
    let handle = Handle::new(sender, Arc::clone(&shells), Arc::clone(&review));
    let keeps = if options.ephemeral { Keeps::Nothing } else { Keeps::Everything };
    let calibration = Calibration::load(&state, keeps);
    let (model, service) = (options.model, options.service);
    let routes = Routes::new(options.resolve, Arc::clone(&record), calibration, model, service);
    let host = Host {
        id: id.clone(),
        client: Arc::new(Client::new(options.network)),
        routes: Arc::new(routes),
        choosing: None,
        workspace: Arc::clone(&workspace),
        review,
        gating,
        desk: orders,
        shells,
        attended: options.attended,
        folder: folder.clone(),
        outputs: scratch.join("out"),
        record,
        ops,
        running: None,
        told: false,
        facts: None,
        looking: None,
        held: Vec::new(),
        temporary,
        lock,
    };
    let ended = tokio::spawn(host.run());
    Ok(Session { id, handle, events, folder, workspace, ended })
}

/// `20261121-143005-k3f9`
pub(super) fn new_id() -> SessionId {
    let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let mark: String = (0..4).map(|_| fastrand::alphanumeric().to_ascii_lowercase()).collect();
    SessionId(format!("{time}-{mark}"))
}

/// The session's folder, 0700; of an ephemeral session one that goes away with it.
pub(super) fn session_folder(
    state: &Path,
    id: &SessionId,
    ephemeral: bool,
) -> io::Result<(PathBuf, Option<tempfile::TempDir>)> {
    if ephemeral {
        let folder = tempfile::Builder::new().prefix("brisk-").tempdir()?;
        return Ok((folder.path().to_path_buf(), Some(folder)));
    }
    let folder = state.join("sessions").join(&id.0);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok((folder, None))
}

pub(super) fn no_state(folder: &Path, error: &io::Error) -> Failure {
    Failure {
        kind: FailureKind::Local,
        message: format!("{} cannot be used: {error}", folder.display()),
        hint: Some(
            "free some space, set BRISK_HOME to a folder that can be written, or use --ephemeral"
                .to_owned(),
        ),
    }
}

fn launch(config: &Config, work: &Path, scratch: &Path) -> Launch {
    Launch {
        shell: config.shell.clone(),
        prefix: Vec::new(),
        folder: work.to_path_buf(),
        env: config.child_env(),
        scratch: scratch.to_path_buf(),
    }
}
