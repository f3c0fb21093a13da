//! Tests of the room: what keys and events do, and what real terminal bytes show.

mod draw_bytes;
mod guard;
mod keys;
mod look_back;
mod models;
mod painting;
mod random;
mod review;
mod screens;
mod stage;
