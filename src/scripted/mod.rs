//! A model that plays a script, over real HTTP on loopback: for tests, for the demo.
//!
//! It speaks four wires, OpenAI's Responses and Chat Completions, Anthropic's Messages and Gemini, from
//! one script, and it is strict: what the real services would refuse, it refuses, in their words. It
//! knows nothing of who asks; what a reply *means* is up to the script.
//!
//! # A script
//!
//! TOML. Replies are played in their order, one for each request that is answered:
//!
//! ```toml
//! key = "k"                  # optional: another key, or none, gets 401
//! models = ["tiny"]          # optional: another model gets 404
//! efforts = ["low", "high"]  # optional: another effort gets 400 (Responses); none: the model has none
//!
//! [[reply]]
//! when = ["1 failed"]        # texts that must come after the model's last word; else it is skipped
//! expect = ["fix the test"]  # texts that the request must hold, or it gets 400
//! expect_new = ["1 failed"]  # texts that it must hold after the model's last word
//! expect_not = ["password"]  # texts that it must not hold
//! thought = "Let me see."    # each of the three may be absent
//! text = "I run the tests."
//! calls = [{ tool = "run", arguments = { command = "cargo test" } },
//!          { tool = "run", arguments_raw = '{"command": "ca' }]   # raw: sent as it stands
//! stop = "length"            # done, calls, length, refused, filtered, paused; else as it fits
//! usage = { input = 9, cached = 0, cache_write = 0, output = 5, reasoning = 0 }   # else counted
//! chunk_bytes = 24           # how much of a text comes in one piece
//! chunk_ms = 0               # the wait before each piece
//! repeat = true              # only of the last reply: it is played for every further request
//!
//! [[reply]]                  # a fault is played once, in its place; then comes the next reply
//! fault = "429"              # any status from 400 to 599, in the shape of each service, or:
//! retry_after = 1            # … seconds, or a text as it stands: a date
//! message = "Slow down."     # … what the service says
//! code = "insufficient_quota" # … its code (OpenAI), type (messages) or reason (gemini)
//! ```
//!
//! The other faults play the reply's text and calls, and break them after `after_chunks` pieces,
//! 1 by default:
//! `cut` closes the connection, `stall` sends nothing more (with `after_chunks = 0`, its default,
//! not even the head of the response), `bad-json` sends half an event, `error` sends an error in
//! the stream (of Responses the failed response, and with `after_chunks = 0` an event of its own).
//! `slow` breaks nothing; its `chunk_ms` is 50 by default. `html` is a page for
//! browsers instead of a reply, `overflow` the refusal of a prompt that is too long. In a table,
//! `arguments` are sent with their keys sorted; `arguments_raw` keeps any order. On the Gemini wire
//! raw arguments that are no object end the reply as a malformed call, and the calls of every second
//! reply have no id.
//!
//! # Tokens
//!
//! They are counted in the vocabulary o200k, each text by itself: the tools as compact JSON, the
//! system text, and of each message its text parts, results, thoughts, and of each call the name and
//! the arguments (compact JSON). What a prompt shares with an earlier one that was answered, from its
//! start and in whole messages, is reported as cached: of the Messages wire only if the request has a
//! `cache_control`. Nothing is reported as written to the cache. Asked to count a prompt, the server
//! says the same figure; that plays no reply. Chat Completions has no such request.

mod chat;
mod count;
mod gemini;
mod given;
mod messages;
mod play;
mod prompts;
mod refusal;
mod responses;
mod script;
mod server;
mod stream;

pub use count::count_tokens;
pub use play::Recorded;
pub use script::{Script, ScriptError};
pub use server::Server;
