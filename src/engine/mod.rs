//! Does: one supervisor that owns the list, a task for each running transfer, a worker for each connection.

mod blocking;
mod brief;
mod clock;
mod commands;
mod download;
mod errand;
mod folder;
mod hosts;
mod hours;
mod intake;
mod limiter;
mod line;
mod memory;
mod news;
mod orders;
mod patiently;
mod removal;
mod report;
mod roster;
mod row;
mod running;
mod scribe;
mod setup;
mod shares;
mod shortage;
mod start;
mod supervisor;
mod sweep;
mod upload;

pub use patiently::patiently;
pub use row::place;
pub use setup::{Queueing, RoomAt, Setup};
pub use shares::Shares;
pub use supervisor::run;
