//! The one test crate: one link for all tests, and `cargo nextest run tui::` runs one floor of the house.

// A test is to panic where it can't go on; clippy's own setting for this does not reach the helpers of tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod api;
mod architecture;
mod ask;
mod cli;
mod config;
mod demo;
mod e2e;
mod engine;
mod fuzz;
mod model;
mod plan;
mod protocol;
mod readme;
mod scenarios;
mod screenshots;
mod store;
mod support;
mod tui;
