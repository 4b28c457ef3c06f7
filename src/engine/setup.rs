//! What an engine is started with.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{Categories, Hours, LimitHours, OnChange, Patience, Rate, WallClock};
use crate::protocol::Registry;
use crate::store::{Item, Journal};

/// Tells how many bytes can still be written where a path lies or will lie.
pub type RoomAt = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// What an engine is started with.
pub struct Setup {
    /// The folder of checkpoints and history.
    pub state: PathBuf,
    /// Where the queue is kept.
    pub queueing: Queueing,
    /// The drivers.
    pub registry: Registry,
    /// Transfers at once; `None`: a few, and more while they are brief.
    pub transfers: Option<u16>,
    /// Connections for a transfer that does not say how many; `None`: as many as turn out to help.
    pub connections: Option<u16>,
    /// Bytes a second over everything that comes,
    pub limit: Option<Rate>,
    /// and over everything that goes.
    pub upload_limit: Option<Rate>,
    /// How long to wait and how often to try.
    pub patience: Patience,
    /// What to do when a file has changed on its server.
    pub on_change: OnChange,
    /// The time of day.
    pub clock: Arc<dyn WallClock>,
    /// Limits by the time of day; they go before `limit`.
    pub timetable: Vec<LimitHours>,
    /// Hours in which the queue runs; none for always.
    pub queue_hours: Vec<Hours>,
    /// Kinds of files, with their folders.
    pub categories: Arc<Categories>,
    /// How much room a disk has: `store::room`, or what a test says.
    pub room: RoomAt,
}

/// Where the queue is kept.
pub enum Queueing {
    /// Nowhere: what is added lives as long as the engine. Checkpoints are kept all the same.
    Passing,
    /// In a journal; these are its transfers at the start.
    Durable(Box<Journal>, Vec<Item>),
}
