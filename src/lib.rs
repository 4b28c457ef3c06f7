//! haul: a transfer manager for the terminal.
//!
//! # The floor plan
//!
//! A room may import only from the rooms on its line, so that a cycle can't be written. `tests/architecture.rs` reads
//! this very table and fails on an import that it does not allow.
//!
//! ```text
//! model    -> (nothing)
//! ask      -> model
//! config   -> model ask
//! plan     -> model
//! protocol -> model
//! store    -> model
//! api      -> model
//! engine   -> model plan protocol store api
//! shell    -> model config api
//! tui      -> model config api ask shell
//! cli      -> model config api ask
//! demo     -> (nothing)
//! app      -> model config api store engine protocol shell tui cli demo
//! ```
//!
//! * `model` is the words: plain data, no clock, no task, no file.
//! * `ask` reads what people ask for, as they write it: patterns, lists, cURL commands, files to send; and makes transfers
//!   of it.
//! * `config` is what the user wrote: settings, keys, where things live.
//! * `plan` decides: which bytes, when again, how fast. Pure; time is an argument.
//! * `protocol` moves bytes: it knows no parts, no disk and no screen.
//! * `store` keeps bytes: part files, checkpoints, the queue's journal.
//! * `api` is what a face may ask and see: commands, events, snapshots.
//! * `engine` does: one supervisor, a task for each transfer, a worker for each connection.
//! * `shell` starts other programs: openers, hooks, commands of the user's shell.
//! * `tui` is the face for people, `cli` the face for scripts.
//! * `demo` is a small throttled server on loopback, so that haul can be tried without a network.
//! * `app` puts the house together.

pub mod api;
pub mod app;
pub mod ask;
pub mod cli;
pub mod config;
pub mod demo;
pub mod engine;
pub mod model;
pub mod plan;
pub mod protocol;
pub mod shell;
pub mod store;
pub mod tui;
