//! One test crate, so that there is one link; `cargo nextest run cli::` runs one room.

// A test is to panic where it can't go on; clippy's own setting for this does not reach the helpers of tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cli;
