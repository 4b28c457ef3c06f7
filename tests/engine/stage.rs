//! The real engine on a stage: a fake server, a folder of its own, paused time.
//!
//! Paused time stands still while a thread that may block works (tokio holds it), and jumps to the next timer when
//! nothing else is to do; so a wait of an hour costs nothing, and a slow disk can't make a test fail.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use haul::api::{Activity, Command, Event, Handle, Happening, Row, pair};
use haul::engine::{Queueing, Setup, run};
use haul::model::{Categories, Category, Fault, OnChange, Patience, Rate, Source, Spec, Status, TransferId};
use haul::protocol::Registry;
use haul::store::{Checkpoint, Item, Journal, part_name};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::clock::FakeClock;
use crate::support::depot::Depot;
use crate::support::fetch::{Fake, FakeFile};
use crate::support::shelf::Shelf;

pub const MIB: u64 = 1 << 20;

/// No wait is longer than this, in paused time.
const DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// What the engine is started with.
#[derive(Clone, Copy)]
pub struct Wishes {
    pub transfers: Option<u16>,
    /// None if haul is to choose, which 0 says.
    pub connections: u16,
    pub limit: Option<Rate>,
    pub patience: Patience,
    pub durable: bool,
    pub on_change: OnChange,
    pub timetable: &'static [&'static str],
    pub queue_hours: &'static [&'static str],
    /// Categories by an ending each, with a folder below the one for downloads.
    pub categories: &'static [(&'static str, &'static str)],
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            transfers: Some(4),
            connections: 4,
            limit: None,
            patience: Patience::default(),
            durable: true,
            on_change: OnChange::Restart,
            timetable: &[],
            queue_hours: &[],
            categories: &[],
        }
    }
}

fn categories(named: &[(&str, &str)], downloads: &Path) -> Categories {
    let category = |(ending, folder): &(&str, &str)| Category {
        name: (*folder).into(),
        extensions: vec![(*ending).to_owned()],
        hosts: Vec::new(),
        folder: Some(downloads.join(folder).into()),
    };
    Categories::new(named.iter().map(category).collect())
}

/// An engine at work.
pub struct Stage {
    folder: Arc<TempDir>,
    pub fake: Fake,
    pub depot: Depot,
    pub shelf: Shelf,
    pub handle: Handle,
    pub clock: FakeClock,
    engine: JoinHandle<()>,
    events: Receiver<Event>,
    /// Everything that happened, as far as it was waited for.
    pub told: Vec<Event>,
    wishes: Wishes,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(Wishes::default())
    }

    pub fn with(wishes: Wishes) -> Self {
        let memory = Path::new("/dev/shm");
        let home = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("haul-engine-").tempdir_in(home).unwrap();
        std::fs::create_dir(folder.path().join("downloads")).unwrap();
        Self::start(Arc::new(folder), Fake::default(), Depot::default(), wishes)
    }

    /// The same with a store of its own kind.
    pub fn with_depot(depot: Depot, wishes: Wishes) -> Self {
        let folder = tempfile::Builder::new().prefix("haul-engine-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("downloads")).unwrap();
        Self::start(Arc::new(folder), Fake::default(), depot, wishes)
    }

    fn start(folder: Arc<TempDir>, fake: Fake, depot: Depot, wishes: Wishes) -> Self {
        let state = folder.path().join("state");
        let queueing = if wishes.durable {
            let (journal, items) = Journal::open(&state).unwrap();
            Queueing::Durable(Box::new(journal), items)
        } else {
            Queueing::Passing
        };
        let (clock, shelf) = (FakeClock::start(), Shelf::default());
        let setup = Setup {
            state,
            queueing,
            registry: Registry::default()
                .with("http", Arc::new(fake.clone()))
                .with("https", Arc::new(fake.clone()))
                .with_put("http", Arc::new(depot.clone()))
                .with_put("s3", Arc::new(depot.clone()))
                .with_list("s3", Arc::new(shelf.clone())),
            transfers: wishes.transfers,
            connections: (wishes.connections > 0).then_some(wishes.connections),
            limit: wishes.limit,
            upload_limit: wishes.limit,
            patience: wishes.patience,
            on_change: wishes.on_change,
            clock: Arc::new(clock.clone()),
            timetable: wishes.timetable.iter().map(|text| text.parse().unwrap()).collect(),
            queue_hours: wishes.queue_hours.iter().map(|text| text.parse().unwrap()).collect(),
            categories: Arc::new(categories(wishes.categories, &folder.path().join("downloads"))),
            room: fake.room(),
        };
        let (handle, side) = pair();
        let events = handle.events();
        let engine = tokio::spawn(run(side, setup));
        Self { folder, fake, depot, shelf, handle, clock, engine, events, told: Vec::new(), wishes }
    }

    /// A server with one file, and the transfer of it.
    pub async fn of(wishes: Wishes, file: FakeFile) -> (Self, TransferId) {
        let mut stage = Self::with(wishes);
        stage.fake.put("/a.bin", file);
        let id = stage.add("/a.bin").await;
        (stage, id)
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    pub fn spec(&self, path: &str) -> Spec {
        Spec::new(Source::parse(&format!("http://fake{path}")).unwrap(), self.downloads())
    }

    /// Adds a transfer and waits until it is in the queue.
    pub async fn add(&mut self, path: &str) -> TransferId {
        self.add_spec(self.spec(path)).await
    }

    pub async fn add_spec(&mut self, spec: Spec) -> TransferId {
        let id = TransferId::mint();
        self.send(Command::Add(vec![(id, spec)])).await;
        self.until(id, |happening| matches!(happening, Happening::Added | Happening::Refused(_))).await;
        id
    }

    pub async fn send(&self, command: Command) {
        assert!(self.handle.send(command).await, "the engine has stopped");
    }

    pub async fn pause(&mut self, id: TransferId) {
        self.send(Command::Pause(vec![id])).await;
        self.until(id, |happening| matches!(happening, Happening::Paused)).await;
    }

    pub async fn resume(&self, id: TransferId) {
        self.send(Command::Resume(vec![id])).await;
    }

    /// True if nothing has been told of a transfer since something was waited for.
    pub fn is_untold(&mut self, id: TransferId) -> bool {
        std::iter::from_fn(|| self.events.try_recv().ok()).all(|event| event.id != id)
    }

    /// The next event of a transfer that is wanted.
    pub async fn until(&mut self, id: TransferId, wanted: impl Fn(&Happening) -> bool) -> Happening {
        let search = async {
            loop {
                let event = self.events.recv().await.expect("events were lost");
                self.told.push(event.clone());
                if event.id == id && wanted(&event.happening) {
                    return event.happening;
                }
            }
        };
        if let Ok(happening) = timeout(DEADLINE, search).await {
            return happening;
        }
        panic!("it never happened; row {:?}, told {:?}", self.row(id), self.told.iter().rev().take(5));
    }

    /// Waits for the end of a transfer, whatever it is.
    pub async fn outcome(&mut self, id: TransferId) -> Result<Happening, Fault> {
        let over = |happening: &Happening| {
            matches!(happening, Happening::Completed { .. } | Happening::Failed(_) | Happening::Expired(_))
        };
        match self.until(id, over).await {
            Happening::Failed(fault) | Happening::Expired(fault) => Err(fault),
            completed => Ok(completed),
        }
    }

    /// Waits until a transfer is complete, and compares its file.
    pub async fn complete(&mut self, id: TransferId, name: &str, file: &FakeFile) -> Happening {
        let happening = self.outcome(id).await.unwrap();
        self.holds(name, file);
        happening
    }

    pub async fn fail(&mut self, id: TransferId) -> Fault {
        self.outcome(id).await.expect_err("it is complete")
    }

    /// Panics unless a finished file is right to its last byte.
    #[track_caller]
    pub fn holds(&self, name: &str, file: &FakeFile) {
        let bytes = std::fs::read(self.downloads().join(name)).unwrap();
        assert!(bytes == file.bytes()[..], "{name} is not what the server has");
    }

    pub fn row(&self, id: TransferId) -> Option<Arc<Row>> {
        self.handle.snapshot().rows.iter().find(|row| row.id == id).cloned()
    }

    /// Waits until a snapshot is as wanted.
    pub async fn seen<T>(&self, wanted: impl Fn(&haul::api::Snapshot) -> Option<T>) -> T {
        let mut snapshots = self.handle.snapshots();
        let search = async {
            loop {
                if let Some(found) = wanted(&snapshots.borrow_and_update()) {
                    return found;
                }
                snapshots.changed().await.expect("the engine has stopped");
            }
        };
        if let Ok(found) = timeout(DEADLINE, search).await {
            return found;
        }
        panic!("never seen; now {:?}", self.handle.snapshot());
    }

    /// Waits until so many bytes of a transfer are on disk.
    pub async fn has(&self, id: TransferId, bytes: u64) {
        self.seen(|now| now.rows.iter().find(|row| row.id == id && row.bytes_done() >= bytes).map(|_| ())).await;
    }

    pub async fn is(&self, id: TransferId, status: Status) {
        self.seen(|now| now.rows.iter().find(|row| row.id == id && row.status == status).map(|_| ())).await;
    }

    pub async fn does(&self, id: TransferId, wanted: impl Fn(Activity) -> bool) {
        let doing = |row: &&Arc<Row>| row.id == id && row.live.as_ref().is_some_and(|live| wanted(live.activity));
        self.seen(|now| now.rows.iter().find(doing).map(|_| ())).await;
    }

    /// What the journal says of a transfer.
    pub fn item(&self, id: TransferId) -> Option<Item> {
        Journal::peek(&self.state()).unwrap().into_iter().find(|item| item.id == id)
    }

    /// Names in the download folder.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.downloads()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn parts(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| name.strip_suffix(".part").is_some()).collect()
    }

    pub fn part(&self, name: &str) -> PathBuf {
        self.downloads().join(part_name(&self.downloads().join(name)))
    }

    pub fn checkpoint(&self, id: TransferId) -> Option<Checkpoint> {
        Checkpoint::load(&self.state(), id).unwrap()
    }

    /// Stops the engine, which must not take long; no task may be left.
    pub async fn stop(self) -> Stopped {
        let before = tokio::time::Instant::now();
        self.handle.stop();
        timeout(DEADLINE, self.engine).await.expect("the engine did not stop").unwrap();
        assert!(before.elapsed() < Duration::from_secs(1), "the engine took {:?} to stop", before.elapsed());
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0, "tasks are left");
        assert_eq!(self.fake.open_now(), 0, "connections are left");
        assert_eq!(self.depot.open_now(), 0, "requests to the store are left");
        let stopped = Stopped { folder: self.folder, fake: self.fake, depot: self.depot, wishes: self.wishes };
        stopped.every_part_has_a_checkpoint();
        stopped
    }

    /// Stops the engine and starts another one on the same folders.
    pub async fn again(self) -> Self {
        self.stop().await.start()
    }

    /// Ends a test: the engine stops as it should.
    pub async fn end(self) {
        self.stop().await;
    }
}

/// What an engine has left.
pub struct Stopped {
    folder: Arc<TempDir>,
    pub fake: Fake,
    pub depot: Depot,
    pub wishes: Wishes,
}

impl Stopped {
    pub fn start(self) -> Stage {
        Stage::start(self.folder, self.fake, self.depot, self.wishes)
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// Panics if a part file has no checkpoint.
    #[track_caller]
    fn every_part_has_a_checkpoint(&self) {
        let files = std::fs::read_dir(self.state().join("checkpoints"));
        let ids = files.into_iter().flatten().filter_map(|file| file.ok()?.path().file_stem()?.to_str()?.parse().ok());
        let target = |id: TransferId| Checkpoint::load(&self.state(), id).unwrap().map(|checkpoint| checkpoint.target);
        let owned: Vec<String> =
            ids.filter_map(target).map(|target| part_name(&target).into_string().unwrap()).collect();
        for name in std::fs::read_dir(self.downloads()).unwrap() {
            let name = name.unwrap().file_name().into_string().unwrap();
            assert!(name.strip_suffix(".part").is_none() || owned.contains(&name), "{name} has no checkpoint");
        }
    }

    pub fn items(&self) -> Vec<Item> {
        Journal::peek(&self.state()).unwrap()
    }
}

/// Little patience, for tests of failing.
pub fn impatient() -> Patience {
    Patience { retries: 3, ..Patience::default() }
}

/// Panics if a future is not done within so much paused time.
pub async fn within<T>(span: Duration, work: impl Future<Output = T>) -> T {
    let before = tokio::time::Instant::now();
    let done = work.await;
    assert!(before.elapsed() <= span, "it took {:?}", before.elapsed());
    done
}

pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
