//! A watched run, with the test in the engine's place and time that stands still.

use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use haul::api::{EngineSide, Event, Handle, Happening, Row, Snapshot, pair};
use haul::cli::{Outcome, Size, Style, Wanted, Watcher};
use haul::model::{Fault, FaultKind, TransferId};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::support::{Tape, source};

pub const NARROW: fn() -> Size = || Size { columns: 40, rows: 4 };
pub const WIDE: fn() -> Size = || Size { columns: 120, rows: 24 };

/// A watched run: the engine's side is played by the test.
pub struct Run {
    pub engine: EngineSide,
    // Held, as app holds one: the watcher must end even though events can still be sent.
    pub handle: Handle,
    pub out: Tape,
    pub err: Tape,
    pub task: JoinHandle<Outcome>,
}

pub fn wanted(count: u64) -> Vec<Wanted> {
    (1..=count)
        .map(|bits| Wanted::fetched(TransferId::from_bits(bits), &source(&format!("https://me:pw@example.org/{bits}"))))
        .collect()
}

impl Run {
    pub fn start(style: Style, count: u64, measure: fn() -> Size) -> Self {
        let (out, err) = (Tape::default(), Tape::default());
        let (handle, engine, task) = follow(style, count, measure, out.clone(), err.clone());
        Self { engine, handle, out, err, task }
    }

    pub fn tell(&self, bits: u64, happening: Happening) {
        self.engine.events.send(Event { number: 0, id: TransferId::from_bits(bits), happening }).unwrap();
    }

    pub fn show(&self, rows: Vec<Row>) {
        show(&self.engine, rows);
    }

    pub async fn end(self) -> (Outcome, String, String) {
        let outcome = timeout(Duration::from_secs(60), self.task).await.expect("the watcher ends").unwrap();
        (outcome, self.out.text(), self.err.text())
    }
}

pub fn follow(
    style: Style,
    count: u64,
    measure: fn() -> Size,
    out: impl Write + Send + 'static,
    err: impl Write + Send + 'static,
) -> (Handle, EngineSide, JoinHandle<Outcome>) {
    let (handle, engine) = pair();
    let watcher = Watcher::sized(&handle, style, out, err, measure);
    let task = tokio::spawn(async move { watcher.watch(&wanted(count)).await });
    (handle, engine, task)
}

pub fn show(engine: &EngineSide, rows: Vec<Row>) {
    let snapshot = Snapshot { rows: rows.into_iter().map(Arc::new).collect(), ..Snapshot::default() };
    engine.snapshots.send_replace(Arc::new(snapshot));
}

/// Lets the watcher do all that it can do now. Time stands still, so this waits for no clock.
pub async fn turn() {
    sleep(Duration::from_millis(1)).await;
}

pub fn terminal(rows: u16, columns: u16) -> vt100::Parser {
    let size = |count| NonZero::new(count).unwrap();
    vt100::Parser::new(size(rows), size(columns), 0)
}

pub fn completed(name: &str) -> Happening {
    Happening::Completed {
        target: PathBuf::from("/downloads").join(name),
        bytes: 147_400_000,
        fetched: 147_400_000,
        took: Duration::from_secs(12),
        unchanged: false,
        checked: Vec::new(),
    }
}

pub fn answered(name: &str, resumed: u64, resumable: bool) -> Happening {
    let target = PathBuf::from("/downloads").join(name);
    Happening::Answered { target, length: Some(1_000_000), resumed, resumable, stream: false }
}

pub fn fault(kind: FaultKind) -> Fault {
    Fault::new(kind, "https://example.org/1", "it went wrong")
}

pub fn retried(kind: FaultKind) -> Happening {
    Happening::Retried { fault: fault(kind), after: Duration::from_millis(1500) }
}
