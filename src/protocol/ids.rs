//! Names for things that outlive a function call.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

number_id!(
    /// A turn within its session, from 1.
    TurnId, "turn "
);
number_id!(
    /// A question within its session, from 1.
    AskId, "ask "
);
number_id!(
    /// A terminal within its session, from 1.
    TermId, "term "
);
number_id!(
    /// An op as its sender numbered it; events name the op that they answer.
    OpId, "op "
);
text_id!(
    /// A session: `20261121-143005-k3f9`, so that names sort by time.
    SessionId
);
text_id!(
    /// A tool call, named by the provider; unique within a session's conversation.
    CallId
);
