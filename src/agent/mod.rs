//! One turn: context, reply, policy, tools, repeat; within a budget.
//!
//! Start reading at `turn.rs`. What is *decided* there (what the model is told, which limit is
//! reached, how a result reads) is pure and tested without a runtime. The agent speaks to the rest
//! through [`Out`]; it names no colour, no flag, no vendor, no file format.

mod budget;
mod compact;
mod context;
mod count;
mod fallback;
mod room;
mod stream;
mod summary;
mod tools;
mod turn;

pub(crate) use compact::Standing;
pub(crate) use context::{Surroundings, first_items};
use fallback::Fallback;
pub(crate) use room::{compact, narrow, tokens, window};
pub(crate) use tools::tools;
pub(crate) use turn::run;

use crate::model::{Client, Estimator};
use crate::policy::Rules;
use crate::protocol::{
    Answer, Author, Body, Budget, Depth, Failure, Item, Mode, ModelSpec, Question, Service, TermId,
    Usage,
};
use crate::term::Terminal;
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Whom a turn tells what happens, and asks.
pub(crate) trait Out: Send + Sync {
    /// Journals the event, if it is durable, and shows it.
    fn emit(&self, body: Body);
    /// Asks the human and waits.
    fn ask(&self, question: Question) -> Wait<'_, Answer>;
    /// Waits until everything that was emitted is on disk. Called before each side effect: what
    /// cannot be logged is not done.
    fn sync(&self) -> Wait<'_, Result<(), String>>;
    /// Waits while the user holds the terminal's pen.
    fn pen(&self, term: TermId) -> Wait<'_, ()>;
    /// What the model should know of the terminals since the last call: what they showed while the
    /// user had the pen, background commands that ended.
    fn notes(&self) -> Vec<String>;
    /// What the user said to the running turn since the last call, oldest first.
    fn steering(&self) -> Vec<String>;
    /// What is in force now.
    fn settings(&self) -> Settings;
    /// The plan, and what was changed.
    fn standing(&self) -> Standing;
}

/// Where requests can go.
pub(crate) trait Routes: Send + Sync {
    /// To the model that the user wants now.
    fn chosen(&self) -> Route;
    /// To a model by name. May take seconds: its key may have to be asked for.
    fn to<'a>(&'a self, model: &'a str) -> Wait<'a, Result<Route, Failure>>;
    /// Prompt and answer of this model may together have no more than so many tokens.
    fn narrow(&self, model: &str, window: u64);
}

/// A model, where it is served, and what is learnt of its tokens.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) service: Service,
    pub(crate) model: ModelSpec,
    pub(crate) estimator: Arc<Mutex<Estimator>>,
}

/// The terminals that the agent may use. The user's own are none of them.
pub(crate) trait Terminals: Send + Sync {
    /// Where commands run; no terminal: it has ended.
    fn current(&self) -> (TermId, Option<Terminal>);
    fn get(&self, term: TermId) -> Option<Terminal>;
    /// An idle one for a command in the background. Err: a sentence.
    fn spare(&self) -> Result<(TermId, Terminal), String>;
    /// The command that runs there goes on in the background; its end will be told.
    fn watch(&self, term: TermId, command: &str);
}

/// What the agent's work does to the files is looked at after each piece of it.
pub(crate) trait Draft: Send + Sync {
    /// Something that may have written files has come to rest: who it was.
    fn touched(&self, author: Author) -> Wait<'_, ()>;
}

pub(crate) type Wait<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the user may change while a turn runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) budget: Budget,
    pub(crate) depth: Depth,
    pub(crate) rules: Rules,
    /// The steps of the plan that the user agreed to.
    pub(crate) agreed: Option<Vec<String>>,
}

/// What a turn works with.
pub(crate) struct World {
    pub(crate) client: Arc<Client>,
    pub(crate) routes: Arc<dyn Routes>,
    /// Where the next request goes; each step looks anew.
    pub(crate) service: Service,
    pub(crate) model: ModelSpec,
    pub(crate) estimator: Arc<Mutex<Estimator>>,
    pub(crate) depth: Depth,
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) terminals: Arc<dyn Terminals>,
    pub(crate) draft: Arc<dyn Draft>,
    /// A user is there, who can type passwords.
    pub(crate) attended: bool,
    /// Folders outside the workspace that commands may read: the full outputs of earlier ones.
    pub(crate) readable: Vec<PathBuf>,
    /// For the provider's prompt cache: the same for the whole session.
    pub(crate) cache_key: String,
}

/// A turn under way.
pub(crate) struct Turn {
    pub(crate) prompt: String,
    /// Everything the model has been told and has said, this turn and before.
    pub(crate) conversation: Vec<Item>,
    /// The mode that the model was last told of.
    pub(crate) mode_told: Mode,
    pub(crate) step: u32,
    /// Of this turn.
    pub(crate) usage: Usage,
    /// Dollars of this turn; None once a price was not known.
    pub(crate) cost: Option<f64>,
    /// What the last request was counted as, for what the provider's cache will hold.
    pub(crate) last: Option<(Usage, Instant)>,
    /// Where requests go instead of to the chosen model, which failed.
    pub(crate) fallback: Option<Fallback>,
    /// The last request was refused as too long, and room was made.
    pub(crate) refused: bool,
}
