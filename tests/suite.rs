//! The one test crate: one link for all tests, and `cargo test tui::` runs one floor of the house.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;
mod tui;
