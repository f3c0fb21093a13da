//! What a Responses request says, and what its replies come to.

mod recorded;
mod reply;
mod request;
