//! Does: one supervisor that owns the list, a task for each running transfer, a worker for each connection.

mod clock;
mod commands;
mod download;
mod hosts;
mod limiter;
mod memory;
mod report;
mod roster;
mod scribe;
mod setup;
mod shortage;
mod supervisor;
mod upload;

pub use setup::{Queueing, RoomAt, Setup};
pub use supervisor::run;
