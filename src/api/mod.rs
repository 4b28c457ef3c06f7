//! What a face may ask and see: commands go in, events and snapshots come out, all of it plain data.

mod command;
mod event;
mod filter;
mod handle;
mod index;
mod log;
mod signalled;
mod snapshot;
mod view;
mod words;

pub use command::{Command, Position, UNDO};
pub use event::{Event, Happening};
pub use filter::Filter;
pub use handle::{EngineSide, Handle, pair};
pub use index::Index;
pub use log::{Log, LogEntry};
pub use signalled::Signalled;
pub use snapshot::{
    Activity, Changes, Connection, ConnectionState, Direction, Errand, Live, Row, Rows, Snapshot, Start, Totals,
};
pub use view::{Choice, View};
pub use words::Level;
pub(crate) use words::completed;
