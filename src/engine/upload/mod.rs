//! One upload: its task, the parts on their way, and what proves that all of it has arrived.

mod abandon; // freeing what was sent
mod adopt; // uploads that another program began
mod begin;
mod crew;
mod desk;
mod finish;
mod insist; // a request, made again
mod namings; // what ETags mean
mod original; // the file that is sent
mod payload;
mod pipe; // bytes that can be read once
mod proof;
mod saver;
mod sender;
mod single; // a file in one request
mod stream;
mod task;
mod unfinished; // streams that ended early
mod watch; // timeouts

pub(super) use abandon::{Abandoning, Abandons, abandon};
pub(super) use namings::Namings;
pub(super) use pipe::Streams;
pub(super) use task::run;
