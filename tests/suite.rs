//! One test crate, so that there is one link; `cargo nextest run cli::` runs one room.

mod cli;
