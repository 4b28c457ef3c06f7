//! Keeps bytes: part files, checkpoints, the queue's journal, the history. Blocking; the engine calls it where it
//! may block.

mod aside; // data of removed transfers
mod atomic;
mod burst; // where damage is, by a CRC
mod checkpoint;
mod commit;
mod complete;
mod damage;
mod digest;
mod ends; // whether a part file was cut
mod files; // how many may be open
mod history;
mod hosts;
mod index; // lines of the history, by URL
mod journal;
mod ledger;
mod lock;
mod moving;
mod name;
mod path_text;
mod readahead;
mod record;
mod relocate;
mod replay;
mod room;
mod sealed;
mod sink; // part files
mod standing; // what is at a path
mod stored_status;
mod together; // one sync for many files
mod unshared; // hard links of part files
mod upload;

pub use aside::Aside;
pub use burst::burst;
pub use checkpoint::{Checkpoint, CheckpointLog, Claim};
pub use commit::{Commit, Committed, Uncommitted, commit, conclude};
pub use damage::Damage;
pub use digest::{Sum, combined, digest, multipart_etag};
pub use files::open_files;
pub use history::{Finished, History};
pub use hosts::HostLimits;
pub use journal::Journal;
pub use ledger::{Fragment, Ledger};
pub use lock::{Holder, StateLock};
pub use moving::Moving;
pub use name::{fits_anywhere, name_for, numbered, part_name, safe_name};
pub use readahead::read_in_memory;
pub use record::{Item, Record, Stamp};
pub use relocate::{check_free, could_go, move_finished, move_partial};
pub use replay::amounts_to;
pub use room::room;
pub use sealed::Unreadable;
pub use sink::PartFile;
pub use standing::{Standing, look, standing};
pub use together::{Disks, Together};
pub use upload::{SentPart, UploadCheckpoint, UploadLock};
