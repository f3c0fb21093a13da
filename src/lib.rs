//! brisk, a pair programmer that lives in the terminal: chat, diff and a real shared terminal.
//!
//! # The picture
//!
//! ```text
//!        people                                   scripts, CI
//!          │                                           │
//!  ┌───────▼──────┐                            ┌───────▼──────┐
//!  │ ui           │                            │ cli::oneshot │    front ends: consumers only
//!  └───────┬──────┘                            └───────┬──────┘
//!          │  Op                                       │
//!          └──────────────┬────────────────────────────┘
//!                         ▼                   ▲ Event
//!              ┌──────────────────────────────┴───────────┐
//!              │ session   journal ─ replay ─ fan-out      │  what outlives a turn
//!              │   ┌──────────────────────────────────┐    │
//!              │   │ agent   context → reply → policy  │   │  one turn, readable top to bottom
//!              │   │         → tools → again           │   │
//!              │   └──┬────────┬────────┬────────┬─────┘   │
//!              └──────┼────────┼────────┼────────┼─────────┘
//!   model  term  workspace  sandbox  code  gates  policy  prompt  config   leaves: strangers to each other
//!              ───────────────────────────────────────────────
//!                            protocol            text            words everyone shares; no I/O
//! ```
//!
//! # The rooms
//!
//! A test reads this very table and fails on an import that it does not allow.
//!
//! | room | owns | may use | owns the crates |
//! |---|---|---|---|
//! | protocol | the words that rooms exchange: Op, Event, Item, Ask, Usage, ids, Key | | |
//! | text | pure functions on text: width, wrap, clip, cut, diff, markdown | protocol | imara_diff unicode_width unicode_segmentation pulldown_cmark |
//! | config | where settings and files live, merged into one value; nothing else reads env or home | protocol | directories |
//! | prompt | prompts/*.md: front matter, variables, rendering | text | |
//! | model | providers, streaming, retries, prices, token estimates | protocol | reqwest rustls httpdate memchr |
//! | term | processes, PTYs, the emulated screen, prompt marks, key encoding | protocol text | portable_pty alacritty_terminal |
//! | workspace | tree, copy and draft: files, edits, changes, merges, patches, git, rules files | protocol text | ignore flate2 sha1_smol |
//! | sandbox | the walls around what runs: namespaces, the draft's mount; gives an argv prefix to whoever spawns | protocol | |
//! | code | what a parser sees of a change: interfaces, tests, imports, calls | protocol text | tree_sitter tree_sitter_rust tree_sitter_python tree_sitter_typescript tree_sitter_go tree_sitter_java |
//! | gates | checks on a draft that it is given: which, in what order, and their verdicts | protocol text | |
//! | policy | may it, may it not, or ask; pure; never does anything | protocol | tree_sitter tree_sitter_bash |
//! | agent | one turn: context, reply, policy, tools, repeat; budget | protocol text config prompt model term workspace policy | |
//! | session | what outlives a turn: journal, ledger, replay, fan-out, the shell's launch | protocol config model term workspace sandbox policy gates code agent | |
//! | ui | the terminal front end: state, update, view | protocol text config session | ratatui crossterm syntect two_face |
//! | scripted | a model that plays a script over real HTTP on loopback: for tests, the demo | protocol | hyper hyper_util http_body_util tiktoken_rs flate2 |
//! | cli | flags, one-shot, messages, exit codes, the demo | protocol text config model workspace sandbox policy session ui scripted | clap |

pub mod cli;
pub mod code;
pub mod config;
pub mod gates;
pub mod model;
pub mod policy;
pub mod prompt;
pub mod protocol;
pub mod sandbox;
pub mod scripted;
pub mod session;
pub mod term;
pub mod text;
pub mod ui;
pub mod workspace;

mod agent;
