//! What is kept on disk: names, part files, checkpoints, the queue and the history, as they are after any crash.

mod aside;
mod burst;
#[cfg(target_os = "linux")]
mod busy;
mod checkpoint;
mod commit;
mod complete;
mod damage;
mod digest;
mod history;
mod hosts;
mod journal;
mod ledger;
mod name;
mod older;
mod readahead;
mod relocate;
mod room;
mod sink;
mod turns;
