//! The face for scripts.

mod args;
mod arrivals;
mod commands;
mod exit;
mod list;
mod plain;
mod put;
mod run;
mod signals;
mod support;
mod telling;
mod watch;
