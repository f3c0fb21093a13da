//! A session on paper and a terminal in memory: events go in, keys are pressed, and what is drawn
//! goes as real bytes through an emulator.

use crate::protocol::{
    Ask, AskEvent, AskId, Author, Body, Budget, CallId, Change, ChangeId, ChangeKind, Class, Delta,
    Detail, Diagnostic, DraftEvent, EditState, End, Event, GateState, GateVerdict, Guarded, Hunk,
    Item, Key, Line, LineKind, Mode, Net, Op, Outcome, Owner, Pen, Pick, PlanState, PlanStep,
    Quality, Question, Screen, SessionEvent, SessionId, Severity, ShellKind, TermEvent, TermId,
    TermState, TreeKind, TurnEvent, TurnId, Usage, UsageEvent, UserKind, Walls,
};
use crate::session::State;
use crate::ui::app::App;
use crate::ui::keys;
use crate::ui::painter::Painter;
use crate::ui::theme::{ColorDepth, Theme};
use crate::ui::update::{Effect, Msg, update};
use crate::ui::view::{Cursor, view};
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions as _;
use alacritty_terminal::index::{Column, Line as Row};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::Processor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

/// 2026-11-21 14:02 UTC.
pub(super) const START: u64 = 1_795_269_720_000;
pub(super) const TERM: TermId = TermId(1);

pub(super) struct Stage {
    pub(super) app: App,
    pub(super) screen: Option<Arc<Screen>>,
    outer: Outer,
    seq: u64,
}

/// The user's terminal, in memory.
pub(super) struct Outer {
    painter: Painter,
    term: Term<VoidListener>,
    parser: Processor,
}

impl Outer {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let size = TermSize::new(usize::from(columns.max(2)), usize::from(rows.max(1)));
        Self {
            painter: Painter::new(),
            term: Term::new(Config::default(), &size, VoidListener),
            parser: Processor::new(),
        }
    }

    /// Draws; returns the bytes.
    fn paint(&mut self, cells: Buffer, cursor: Cursor) -> Vec<u8> {
        let bytes = self.painter.paint(cells, cursor);
        self.parser.advance(&mut self.term, &bytes);
        bytes
    }

    /// Draws, and reads what the terminal shows.
    pub(super) fn show(mut self, cells: Buffer, cursor: Cursor) -> String {
        self.paint(cells, cursor);
        self.text()
    }

    fn text(&self) -> String {
        let grid = self.term.grid();
        let mut text = String::new();
        for row in 0..grid.screen_lines() {
            let mut line = String::new();
            for column in 0..grid.columns() {
                let cell = &grid[Row(i32::try_from(row).unwrap())][Column(column)];
                if !cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
                    line.push(cell.c);
                    line.extend(cell.zerowidth().unwrap_or(&[]));
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

impl Stage {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let theme = Theme::load("brisk-dark", ColorDepth::Indexed256).unwrap();
        let app = App::new(State::default(), theme, jiff::tz::TimeZone::UTC, START);
        let mut stage = Self { app, screen: None, outer: Outer::new(columns, rows), seq: 0 };
        stage.msg(Msg::Resize(columns, rows));
        stage.event(started());
        stage.event(Body::Draft(DraftEvent::Tree { branch: Some("main".into()), dirty: 3 }));
        stage
    }

    pub(super) fn msg(&mut self, msg: Msg) -> Vec<Effect> {
        update(&mut self.app, msg)
    }

    pub(super) fn event(&mut self, body: Body) {
        self.seq += 1;
        let turn = self.app.state.running.as_ref().map(|running| running.turn);
        let event = Event { seq: self.seq, at: self.app.now, turn, op: None, body };
        self.msg(Msg::Event(Box::new(event)));
    }

    pub(super) fn item(&mut self, item: Item) {
        self.event(Body::Item(item));
    }

    /// Time passes.
    pub(super) fn wait(&mut self, milliseconds: u64) -> Vec<Effect> {
        self.app.now += milliseconds;
        self.msg(Msg::Tick)
    }

    /// Presses keys: `Ctrl+X z`. Returns the ops that they sent.
    pub(super) fn press(&mut self, text: &str) -> Vec<Op> {
        let pressed = keys::parse(text).unwrap();
        pressed.into_iter().flat_map(|key| self.key(key)).collect()
    }

    pub(super) fn key(&mut self, key: Key) -> Vec<Op> {
        let effects = self.msg(Msg::Key(key));
        effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Send(op) => Some(op),
                _ => None,
            })
            .collect()
    }

    pub(super) fn type_text(&mut self, text: &str) -> Vec<Op> {
        text.chars().flat_map(|char| self.key(Key::char(char))).collect()
    }

    /// Draws a frame; returns its bytes.
    pub(super) fn frame(&mut self) -> Vec<u8> {
        let screen = self.screen.clone();
        self.app.prepare(&|_| screen.clone());
        let mut cells = Buffer::empty(Rect::new(0, 0, self.app.columns, self.app.rows));
        let cursor = view(&self.app, &mut cells);
        if std::mem::take(&mut self.app.redraw) {
            self.outer.painter.lose();
        }
        self.app.dirty = false;
        self.outer.paint(cells, cursor)
    }

    /// Draws a frame, and reads what the terminal shows.
    pub(super) fn show(&mut self) -> String {
        self.frame();
        self.outer.text()
    }
}

pub(super) fn budget(tokens: u64) -> Budget {
    Budget { tokens, cost: None, steps: None, seconds: None }
}

fn started() -> Body {
    Body::Session(SessionEvent::Started {
        session: SessionId("20261121-140200-k3f9".into()),
        version: "0.1.0".into(),
        folder: "/home/dev/payments-api".into(),
        tree: TreeKind::InPlace,
        walls: Walls::None,
        net: Net::Open,
        mode: Mode::Confirm,
        model: "small-coder".into(),
        window: 128_000,
        budget: budget(20_000),
    })
}

pub(super) fn turn_started(turn: u64) -> Body {
    Body::Turn(TurnEvent::Started { turn: TurnId(turn), budget: budget(20_000) })
}

pub(super) fn call(id: &str, tool: &str, arguments: &str) -> Item {
    Item::Call {
        call: CallId(id.into()),
        tool: tool.into(),
        arguments: arguments.into(),
        opaque: None,
    }
}

pub(super) fn result(id: &str, outcome: Outcome, text: &str, detail: Detail) -> Item {
    Item::Result { call: CallId(id.into()), outcome, text: text.into(), detail }
}

pub(super) fn said(text: &str) -> Item {
    Item::Assistant { text: text.into(), opaque: None }
}

pub(super) fn user(text: &str) -> Item {
    Item::User { text: text.into(), kind: UserKind::Prompt }
}

fn line(text: &str) -> Line {
    let (kind, text) = match text.split_at(1) {
        ("+", text) => (LineKind::Added, text),
        ("-", text) => (LineKind::Removed, text),
        (_, text) => (LineKind::Same, text),
    };
    Line { kind, text: text.into(), ended: true }
}

pub(super) fn hunk(start: u32, section: &str, lines: &[&str]) -> Hunk {
    let lines: Vec<_> = lines.iter().map(|text| line(text)).collect();
    let count = |not| u32::try_from(lines.iter().filter(|line| line.kind != not).count()).unwrap();
    Hunk {
        old_start: start,
        old_lines: count(LineKind::Added),
        new_start: start,
        new_lines: count(LineKind::Removed),
        section: Some(section.into()),
        lines,
    }
}

pub(super) fn changes() -> Vec<Change> {
    let retry = Change::new(
        "src/retry.rs",
        ChangeKind::Modified,
        vec![
            hunk(
                1,
                "use std::time::Duration;",
                &[" use std::time::Duration;", "+use fastrand::Rng;", " "],
            ),
            hunk(
                41,
                "fn send_with_retry(cfg: &Config)",
                &[
                    "     let mut delay = cfg.base_delay;",
                    "-    loop {",
                    "+    for attempt in 0..cfg.max_attempts {",
                    "         match send(&req).await {",
                    "-            Err(_) => sleep(delay).await,",
                    "+            Err(e) if e.is_transient() => {",
                    "+                sleep(jitter(delay)).await;",
                    "+                delay = (delay * 2).min(cfg.cap);",
                    "+            }",
                    "+            Err(e) => return Err(e),",
                    "         }",
                    "     }",
                ],
            ),
        ],
    );
    let cargo = Change::new(
        "Cargo.toml",
        ChangeKind::Modified,
        vec![hunk(18, "[dependencies]", &[" tokio = \"1\"", "+fastrand = \"2\""])],
    );
    vec![retry, cargo]
}

/// What the draft of a session holds: two edits, one of them guarded, what a command did, a conflict.
pub(super) fn draft() -> Vec<Change> {
    let mut changes = changes();
    for (number, change) in changes.iter_mut().enumerate() {
        change.id = ChangeId(format!("change-{number}"));
        change.by = vec![Author::Edit];
    }
    changes[1].by = vec![Author::Command("cargo add fastrand --quiet".into())];
    let mut lines: Vec<_> = (1..=9).map(|number| format!(" {number}")).collect();
    lines.extend(["-delay: 1".into(), "+delay: 2".into()]);
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let mut conflict =
        Change::new("config/retry.yaml", ChangeKind::Modified, vec![hunk(1, "", &lines[6..])]);
    conflict.hunks[0].section = None;
    conflict.id = ChangeId("change-2".into());
    conflict.conflict = true;
    let mut logo = Change::new("docs/flow.png", ChangeKind::Created, Vec::new());
    logo.id = ChangeId("change-3".into());
    logo.note = Some("binary, 14.2 kB".into());
    logo.by = vec![Author::Command("make docs".into())];
    changes.extend([conflict, logo]);
    changes
}

pub(super) fn guards() -> Vec<Guarded> {
    vec![Guarded {
        guard: "dependencies".into(),
        id: ChangeId("change-1".into()),
        path: "Cargo.toml".into(),
        hunk: Some(0),
        why: "adds fastrand".into(),
    }]
}

/// The session has this in its draft.
pub(super) fn drafted(stage: &mut Stage, revision: u64, changes: Vec<Change>) {
    let files = changes.iter().map(Change::summary).collect();
    stage.app.changes = Arc::new(changes);
    stage.event(Body::Draft(DraftEvent::Changed { revision, files }));
}

/// A turn has ended, and what it left in the draft is asked about.
pub(super) fn review_asked(stage: &mut Stage, changes: Vec<Change>, guards: Vec<Guarded>) {
    ended(stage);
    let files = changes.iter().map(Change::summary).collect();
    drafted(stage, 1, changes);
    stage.event(ask(1, Question::Review { revision: 1, files, guards }));
    stage.wait(500);
}

fn verdict(gate: &str, state: GateState, lines: &[&str]) -> GateVerdict {
    GateVerdict {
        gate: gate.into(),
        command: format!("cargo {gate}"),
        state,
        duration_ms: 2_310,
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        summary: None,
        output: None,
        diagnostics: Vec::new(),
    }
}

pub(super) fn gated(picks: Vec<Pick>) -> Body {
    let mut check = verdict(
        "check",
        GateState::Failed { exit: Some(101) },
        &["error[E0432]: unresolved import `fastrand`", " --> src/retry.rs:2:5"],
    );
    check.diagnostics.push(Diagnostic {
        path: "src/retry.rs".into(),
        line: 45,
        severity: Severity::Warning,
        source: "semgrep jitter".into(),
        text: "jitter() is not crypto-safe".into(),
    });
    let gates = vec![
        verdict("fmt", GateState::Passed, &[]),
        check,
        verdict("test", GateState::Running, &[]),
    ];
    Body::Draft(DraftEvent::Gated { picks, gates })
}

pub(super) fn ask(id: u64, question: Question) -> Body {
    Body::Ask(AskEvent::Opened(Ask { id: AskId(id), question }))
}

pub(super) fn ask_run(id: u64) -> Body {
    ask(
        id,
        Question::Run {
            call: CallId("c9".into()),
            command: "cargo add fastrand --quiet \\\n  && cargo test -p retry".into(),
            folder: "~/payments-api".into(),
            class: Class::NeedsApproval,
            why: "runs code of the project, and may use the network".into(),
            rule: Some(vec!["cargo".into(), "add".into()]),
        },
    )
}

pub(super) fn ask_apply(id: u64) -> Body {
    ask(id, Question::Apply { call: CallId("c4".into()), changes: changes(), again: false })
}

/// A turn that has read, run and proposed an edit.
pub(super) fn working(stage: &mut Stage) {
    stage.event(turn_started(7));
    stage.item(user(
        "Retries hammer the gateway when it is down. Add backoff with jitter, keep the public \
         API, and prove it.",
    ));
    stage.event(Body::Term(TermEvent::Opened {
        term: TERM,
        shell: ShellKind::Bash,
        name: "bash".into(),
        pid: 4127,
        owner: Owner::Shared,
    }));
    stage.event(Body::Term(TermEvent::Quality { term: TERM, quality: Quality::Rich }));
    stage.event(Body::Turn(TurnEvent::Step { step: 3 }));
    stage.item(Item::Thought { text: "The loop is unbounded.\nWhy?".into(), opaque: None });
    let steps = [
        ("find the retry loop", PlanState::Done),
        ("write a failing test", PlanState::Done),
        ("bounded backoff", PlanState::Doing),
        ("docs note", PlanState::Todo),
    ];
    let steps = steps.map(|(text, state)| PlanStep { text: text.into(), state }).to_vec();
    stage.item(Item::Plan { steps });
    stage.item(call("c1", "read", r#"{"path":"src/retry.rs"}"#));
    let read = Detail::Read { path: "src/retry.rs".into(), from: 1, to: 90, lines: 90 };
    stage.item(result("c1", Outcome::Done, &"fn send() {}\n".repeat(250), read));
    stage.item(call("c2", "run", r#"{"command":"cargo test -p retry"}"#));
    let run = Detail::Run {
        command: "cargo test -p retry --quiet -- --nocapture a_rather_long_name_of_a_test".into(),
        state: TermState::Done,
        exit: Some(101),
        duration_ms: 4_100,
        lines: 240,
        file: None,
    };
    stage.item(result("c2", Outcome::Done, &"test retry ... FAILED\n".repeat(220), run));
    let usage = Usage { input: 2_900, cached: 8_100, output: 3_200, ..Usage::default() };
    stage.event(Body::Usage(UsageEvent::Counted {
        usage,
        cost: Some(0.031),
        model: "flash".into(),
        duration_ms: 900,
    }));
    stage.screen = Some(Arc::new(shell_screen(58, 9)));
}

pub(super) fn edit_asked(stage: &mut Stage) {
    working(stage);
    stage.item(said(
        "The loop was unbounded and retried permanent errors too. Now `max_attempts` + full \
         jitter; only transient errors are retried.",
    ));
    stage.item(call("c4", "edit", r#"{"path":"src/retry.rs"}"#));
    let change = changes().remove(0);
    stage.item(Item::Edit { call: CallId("c4".into()), change, state: EditState::Proposed });
    stage.event(ask_apply(1));
    stage.wait(500);
}

pub(super) fn ended(stage: &mut Stage) {
    working(stage);
    stage.item(said("Done: retries are **bounded** now, with full jitter. 41 tests pass."));
    stage.app.now += 48_200;
    let usage = Usage { input: 2_900, cached: 8_100, output: 3_200, ..Usage::default() };
    stage.event(Body::Turn(TurnEvent::Ended {
        turn: TurnId(7),
        end: End::Done,
        usage,
        cost: Some(0.031),
        steps: 4,
        duration_ms: 48_200,
    }));
}

pub(super) fn streaming(stage: &mut Stage) {
    working(stage);
    stage.event(Body::Delta(Delta::Text("The loop was unbounded, and it retried ".into())));
}

/// One with a command in the background, one of the user's own, and a password to be typed.
pub(super) fn more_terminals(stage: &mut Stage) {
    for (number, owner) in [(2, Owner::Shared), (3, Owner::Shared), (4, Owner::User)] {
        stage.event(Body::Term(TermEvent::Opened {
            term: TermId(number),
            shell: ShellKind::Bash,
            name: "bash".into(),
            pid: 4000 + number as u32,
            owner,
        }));
    }
    for (number, command) in [(2, "npm run dev"), (3, "cargo watch -x 'test --workspace --all'")] {
        let (term, command) = (TermId(number), command.to_owned());
        stage.event(Body::Term(TermEvent::Job { term, command }));
    }
    let ended = TermEvent::JobEnded { term: TermId(3), exit: Some(101), duration_ms: 4_000 };
    stage.event(Body::Term(ended));
    stage.event(Body::Term(TermEvent::Chosen { term: TERM }));
    stage.event(Body::Term(TermEvent::Secret { term: TERM, on: true }));
    stage.press("Alt+3");
    stage.press("Ctrl+\\");
    stage.press("1");
    stage.press("Ctrl+\\");
    stage.press("q");
}

pub(super) fn pen(pen: Pen) -> Body {
    Body::Term(TermEvent::Pen { term: TERM, pen })
}

/// A screen with these rows, the cursor after the last.
pub(super) fn screen(columns: u16, rows: u16, text: &[&str]) -> Screen {
    use crate::protocol::{Cell, Cursor, CursorShape, Modes, Size};
    let mut cells = vec![Cell::default(); usize::from(columns) * usize::from(rows)];
    for (row, line) in text.iter().enumerate().take(usize::from(rows)) {
        for (column, char) in line.chars().enumerate().take(usize::from(columns)) {
            cells[row * usize::from(columns) + column].char = char;
        }
    }
    let last = text.len().saturating_sub(1).min(usize::from(rows) - 1);
    let column = text.get(last).map_or(0, |line| line.chars().count());
    Screen {
        revision: 1,
        size: Size { columns, rows },
        cells,
        cursor: Some(Cursor {
            column: u16::try_from(column).unwrap(),
            row: u16::try_from(last).unwrap(),
            shape: CursorShape::Block,
        }),
        modes: Modes::default(),
        title: String::new(),
    }
}

fn shell_screen(columns: u16, rows: u16) -> Screen {
    screen(
        columns,
        rows,
        &[
            "payments-api $ cargo test -p retry --quiet",
            "running 41 tests",
            ".........................................",
            "test result: ok. 41 passed; 0 failed; finished in 2.31s",
            "payments-api $ ",
        ],
    )
}
