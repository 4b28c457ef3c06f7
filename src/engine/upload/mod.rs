//! One upload: its task, the parts on their way, and what proves that all of it has arrived.

mod abandon;
mod adopt;
mod begin;
mod crew;
mod desk;
mod finish;
mod insist;
mod namings;
mod original;
mod payload;
mod pipe;
mod proof;
mod saver;
mod sender;
mod single;
mod stream;
mod task;
mod unfinished;
mod watch;

pub(super) use abandon::{Abandoning, Abandons, abandon};
pub(super) use namings::Namings;
pub(super) use pipe::Streams;
pub(super) use task::run;
