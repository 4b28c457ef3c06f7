//! The thing a face holds: commands in, snapshots and events out.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Command, Event, Snapshot};

/// Commands that may wait for the engine before a sender waits too.
const COMMANDS: usize = 64;
/// Events that a face may lag behind before it has to read the snapshot again.
const EVENTS: usize = 2048;

/// A face's end of the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    events: broadcast::Sender<Event>,
    stop: CancellationToken,
}

/// The engine's end of the same channels.
#[derive(Debug)]
pub struct EngineSide {
    /// What the faces ask.
    pub commands: mpsc::Receiver<Command>,
    /// The latest value for the faces.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// What happened.
    pub events: broadcast::Sender<Event>,
    /// Cancelled when the engine is to stop.
    pub stop: CancellationToken,
}

/// The two ends, for an engine that is about to start (or for a test that plays the engine).
pub fn pair() -> (Handle, EngineSide) {
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let (snapshots, snapshot_receiver) = watch::channel(Arc::new(Snapshot::default()));
    let (events, _) = broadcast::channel(EVENTS);
    let stop = CancellationToken::new();
    let handle =
        Handle { commands: command_sender, snapshots: snapshot_receiver, events: events.clone(), stop: stop.clone() };
    (handle, EngineSide { commands, snapshots, events, stop })
}

impl Handle {
    /// Sends a command; waits while the engine is busy. False if the engine has stopped.
    pub async fn send(&self, command: Command) -> bool {
        self.commands.send(command).await.is_ok()
    }

    /// The latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// A receiver of its own that wakes for every new snapshot.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Events from now on. One who lags is told so and reads the snapshot again.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Asks the engine to stop: it saves what it has and ends. The engine's own task tells when it has.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
