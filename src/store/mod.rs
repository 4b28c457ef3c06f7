//! Keeps bytes: part files, checkpoints, the queue's journal, the history. Blocking; the engine calls it where it
//! may block.

mod aside;
mod atomic;
mod checkpoint;
mod commit;
mod digest;
mod ends;
mod files;
mod history;
mod hosts;
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
mod sink;
mod standing;
mod stored_status;
mod unshared;
mod upload;

pub use aside::Aside;
pub use checkpoint::{Checkpoint, CheckpointLog, Claim, Unreadable};
pub use commit::{Commit, Uncommitted, commit};
pub use digest::{Sum, combined, digest, multipart_etag};
pub use files::open_files;
pub use history::{Finished, History};
pub use hosts::HostLimits;
pub use journal::{Damage, Journal};
pub use ledger::{Fragment, Ledger};
pub use lock::StateLock;
pub use moving::Moving;
pub use name::{numbered, part_name, safe_name};
pub use readahead::read_in_memory;
pub use record::{Item, Record, Stamp};
pub use relocate::{could_go, is_free, move_finished, move_partial};
pub use room::room;
pub use sink::PartFile;
pub use standing::{Standing, look, standing};
pub use upload::{SentPart, UploadCheckpoint, UploadLock};
