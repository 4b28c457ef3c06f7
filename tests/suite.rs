//! The one test crate: every floor of the house is a module, so there is one link, and `cargo test plan::` runs one floor.

// Helpers outside of #[test] functions may do what tests may: a panic is how a test reports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod architecture;
mod config;
mod demo;
mod e2e;
mod model;
// mod readme; // switch on once the README and haul::cli::EXIT_CODES are there
mod screenshots;
mod support;
