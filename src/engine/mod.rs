//! Does: one supervisor that owns the list, a task for each running transfer, a worker for each connection.

mod blocking;
mod brief; // transfers that are over at once
mod clock;
mod commands;
mod download;
mod errand; // moving and comparing files
mod folder;
mod hosts;
mod hours;
mod intake; // what comes into the list
mod limiter;
mod line; // whether the network is heard at all
mod memory;
mod news; // snapshots and events
mod orders;
mod patiently; // a request outside of the queue, made again
mod removal;
mod report;
mod roster;
mod row;
mod running;
mod scribe; // the queue's writer
mod setup;
mod shares; // how many files may be open
mod shortage; // disks that are full
mod start;
mod supervisor;
mod sweep; // orders about very many, in steps
mod upload;

pub use patiently::patiently;
pub use row::place;
pub use setup::{Queueing, RoomAt, Setup};
pub use shares::Shares;
pub use supervisor::run;
