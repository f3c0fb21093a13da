//! Gates: the checks that run on a draft before anybody approves it: formatters, linters, type
//! checkers, tests, scanners.
//!
//! [`plan()`] looks at the project and at the user's settings and says what would run; [`Known`] is
//! the record of the commands that were shown in a workspace, so that none runs unseen; [`run()`]
//! runs them in a [`Place`] that others have made, and gives a verdict for each. Which content the
//! place holds, behind which walls, and who is asked is for others to know.
//!
//! ```text
//! find ─┐                        ┌─ capture ─ read (text) ─┐
//!       ├─► plan ─► run ─ process┤                         ├─ verdict ─► GateVerdict
//! known ┘                        └─ SARIF file or stdout ──┘
//! ```
//!
//! A gate has passed if its command ended with 0 and its scanner, if it is one, found no errors.
//! All that is shown of its output is cleaned and bounded; the whole stands in a file.

mod capture;
mod find;
mod known;
mod plan;
mod process;
mod read;
mod run;
pub mod sarif;
mod verdict;

pub use capture::OUTPUT_FILE_BYTES_MAX;
pub use find::{PROJECTS_MAX, Project};
pub use known::Known;
pub use plan::{Plan, plan};
pub use run::{Place, run};
