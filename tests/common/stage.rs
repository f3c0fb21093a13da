//! A session through its ops and events, and what a front end knows of it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

use crate::common::Place;
use brisk::config::{self, Inputs};
use brisk::model::Timing;
use brisk::policy::Rules;
use brisk::protocol::{
    Answer, AskEvent, AskId, Body, Budget, End, Event, Mode, Op, Question, Size, TreeKind,
    TurnEvent,
};
use brisk::session::{self, Session, State, Tree, read_journal};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

/// A session, and what a front end knows of it.
pub struct Stage {
    pub session: Session,
    pub state: State,
    pub events: Vec<Event>,
}

/// A session in the place's project, as a front end with a user would start it.
pub fn options(place: &Place, mode: Mode, tokens: u64) -> session::Options {
    let env: BTreeMap<String, OsString> =
        place.env().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let mut inputs = Inputs {
        env,
        folder: place.project.clone(),
        repository: None,
        system: "/nowhere/config.toml".into(),
        login_shell: None,
        overrides: Vec::new(),
        profile: None,
    };
    inputs.enter(place.project.clone());
    let config = Arc::new(config::load(&inputs).unwrap());
    let model = config.chosen().unwrap();
    let service = config.service(&model.service).unwrap();
    let timing = Timing { backoff: Duration::from_millis(1), ..Timing::default() };
    session::Options {
        resolve: session::by_config(Arc::clone(&config)),
        config,
        folder: place.project.clone(),
        tree: Tree::Only(TreeKind::InPlace),
        entry: env!("CARGO_BIN_EXE_brisk").into(),
        mode,
        model,
        service,
        budget: Budget { tokens, cost: None, steps: None, seconds: None },
        rules: Rules::default(),
        size: Size { columns: 80, rows: 24 },
        ephemeral: false,
        gates: false,
        attended: true,
        timing,
    }
}

impl Stage {
    pub async fn open(place: &Place, mode: Mode, tokens: u64) -> Stage {
        let session = session::start(options(place, mode, tokens)).await.unwrap();
        Stage { session, state: State::default(), events: Vec::new() }
    }

    pub async fn send(&self, op: Op) {
        self.session.handle.send(op).await;
    }

    pub async fn prompt(&self, text: &str) {
        self.send(Op::Prompt { text: text.to_owned() }).await;
    }

    /// Follows the session until an event is such.
    pub async fn until(&mut self, is: impl Fn(&Body) -> bool) -> Body {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(60), self.session.events.next());
            let event = next.await.expect("it comes in a minute").expect("the session runs");
            self.state.apply(&event);
            self.events.push(event.clone());
            if is(&event.body) {
                return event.body;
            }
        }
    }

    pub async fn asked(&mut self) -> (AskId, Question) {
        match self.until(|body| matches!(body, Body::Ask(AskEvent::Opened(_)))).await {
            Body::Ask(AskEvent::Opened(ask)) => (ask.id, ask.question),
            other => panic!("{other:?}"),
        }
    }

    pub async fn end(&mut self) -> End {
        match self.until(|body| matches!(body, Body::Turn(TurnEvent::Ended { .. }))).await {
            Body::Turn(TurnEvent::Ended { end, .. }) => end,
            other => panic!("{other:?}"),
        }
    }

    pub async fn answer(&self, ask: AskId, answer: Answer) {
        self.send(Op::Answer { ask, answer }).await;
    }

    /// Ends the session, and reads its journal.
    pub async fn close(mut self) -> (State, State) {
        self.send(Op::Shutdown).await;
        while let Some(event) = self.session.events.next().await {
            self.state.apply(&event);
        }
        self.session.ended.await.unwrap();
        let replay = read_journal(&self.session.folder.join("journal.jsonl")).unwrap();
        assert_eq!(replay.torn_bytes, 0);
        let mut replayed = State::default();
        replay.events.iter().for_each(|event| replayed.apply(event));
        (self.state, replayed)
    }
}

/// The place is made outside of the test's own runtime, since it has one for its server.
pub fn with<F: Future<Output = ()>>(
    api: &str,
    script: &str,
    files: &[(&str, &str)],
    test: impl FnOnce(Arc<Place>) -> F,
) {
    let place = Place::scripted(api, script);
    for (path, text) in files {
        place.write(path, text);
    }
    let place = Arc::new(place);
    place.runtime().block_on(test(Arc::clone(&place)));
}
