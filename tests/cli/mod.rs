//! The face for scripts.

mod args;
mod exit;
mod input;
mod list;
mod support;
mod watch;
