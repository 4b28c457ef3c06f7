//! Rows and snapshots, built in a line or two.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use haul::api::{Activity, Connection, ConnectionState, Direction, Happening, Live, Log, Row, Snapshot, Totals};
use haul::model::{ByteRange, Fault, FaultKind, RangeSet, Rate, Source, Spec, Status, TransferId, UnixTime, Validator};

/// A row under construction.
#[derive(Clone)]
pub struct RowBuilder(Row);

/// A queued transfer of 1 GB with this number as its id.
pub fn row(id: u64, name: &str) -> RowBuilder {
    let mut url = url::Url::parse("https://files.example.org/pub/").unwrap();
    url.path_segments_mut().unwrap().pop_if_empty().push(name);
    RowBuilder(Row {
        direction: Direction::Download,
        id: TransferId::from_bits(id),
        name: name.into(),
        spec: Arc::new(Spec::new(Source::from(url.clone()), "/home/me/Downloads".into())),
        source: Source::from(url),
        target: Path::new("/home/me/Downloads").join(name).into(),
        is_named: true,
        category: None,
        added: None,
        status: Status::Queued,
        length: Some(1_000_000_000),
        done: Arc::new(RangeSet::new()),
        resumable: true,
        fault: None,
        short: None,
        start: None,
        errand: None,
        log: Log::default(),
        live: None,
    })
}

impl RowBuilder {
    pub fn source(mut self, url: &str) -> Self {
        self.0.source = Source::parse(url).unwrap();
        self.asked(|_| {})
    }

    /// The same row with something of what the user asked for changed.
    pub fn asked(mut self, change: impl FnOnce(&mut Spec)) -> Self {
        let mut spec = Spec::clone(&self.0.spec);
        spec.source = self.0.source.clone();
        change(&mut spec);
        self.0.spec = Arc::new(spec);
        self
    }

    /// It sends its file to its URL.
    pub fn upload(mut self) -> Self {
        self.0.direction = Direction::Upload;
        self
    }

    pub fn category(mut self, name: &str) -> Self {
        self.0.category = Some(name.into());
        self
    }

    /// It was added at this time, in seconds.
    pub fn added(mut self, at: u64) -> Self {
        self.0.added = Some(UnixTime::from_seconds(at));
        self
    }

    pub fn status(mut self, status: Status) -> Self {
        self.0.status = status;
        self
    }

    pub fn length(mut self, length: Option<u64>) -> Self {
        self.0.length = length;
        self
    }

    pub fn done(mut self, ranges: &[(u64, u64)]) -> Self {
        self.0.done = Arc::new(ranges.iter().map(|range| ByteRange::new(range.0, range.1)).collect());
        self
    }

    pub fn short(mut self, bytes: u64) -> Self {
        self.0.short = NonZero::new(bytes);
        self
    }

    pub fn unresumable(mut self) -> Self {
        self.0.resumable = false;
        self
    }

    pub fn fault(mut self, kind: FaultKind, detail: &str) -> Self {
        self.0.fault = Some(Arc::new(Fault::new(kind, &self.0.source, detail)));
        self
    }

    /// What happened to it, each with its time in seconds.
    pub fn log(mut self, happenings: impl IntoIterator<Item = (u64, Happening)>) -> Self {
        for (at, happening) in happenings {
            self.0.log.add(at, &happening, &self.0.source.to_string());
        }
        self
    }

    pub fn live(mut self, live: Live) -> Self {
        self.0.status = Status::Running;
        self.0.live = Some(Arc::new(live));
        self
    }

    /// Running with `count` connections on equal parts, each as many percent done as its place in `percents` says.
    pub fn parts(mut self, percents: &[u64]) -> Self {
        let length = self.0.length.unwrap();
        let part = length / percents.len() as u64;
        let mut done = RangeSet::new();
        let mut connections = Vec::new();
        for (number, percent) in percents.iter().enumerate() {
            let start = part * number as u64;
            let range = ByteRange::new(start, start + part);
            let position = start + part * percent / 100;
            done.insert(ByteRange::new(start, position));
            let speed = Rate::per_second(5_300_000 + 211_000 * number as u64);
            let state = ConnectionState::Receiving;
            connections.push(Connection::new(number as u32 + 1, range, position, speed, state));
        }
        self.0.done = Arc::new(done);
        let allowed = connections.len() as u16;
        self.live(Live { connections, allowed, eta: Some(Duration::from_secs(33)), ..receiving(42_100_000) })
    }

    /// The same row with something of its live part changed.
    pub fn with(mut self, change: impl FnOnce(&mut Live)) -> Self {
        let mut live = self.0.live.as_deref().cloned().unwrap_or_default();
        change(&mut live);
        self.0.live = Some(Arc::new(live));
        self
    }

    pub fn build(self) -> Arc<Row> {
        Arc::new(self.0)
    }
}

/// What a receiving transfer has, without connections.
pub fn receiving(speed: u64) -> Live {
    Live {
        activity: Activity::Receiving,
        speed: Rate::per_second(speed),
        allowed: 8,
        validator: Validator {
            etag: Some("\"5f3a-61c2b7e8d4f00\"".to_owned()),
            last_modified: Some("Sat, 15 Nov 2025 12:45:26 GMT".to_owned()),
        },
        ..Live::default()
    }
}

/// A snapshot of these rows, with its sums.
pub fn snapshot(rows: impl IntoIterator<Item = RowBuilder>) -> Arc<Snapshot> {
    let rows: Vec<Arc<Row>> = rows.into_iter().map(RowBuilder::build).collect();
    let mut totals = Totals::default();
    for row in &rows {
        match row.status {
            Status::Queued => totals.queued += 1,
            Status::Running => totals.running += 1,
            Status::Paused => totals.paused += 1,
            Status::Expired => totals.expired += 1,
            Status::DiskFull => totals.disk_full += 1,
            Status::Done => totals.done += 1,
            Status::Failed => totals.failed += 1,
        }
        let speed = row.live.as_ref().map_or(0, |live| live.speed.bytes());
        totals.speed = Rate::per_second(totals.speed.bytes() + speed);
    }
    Arc::new(Snapshot { rows: rows.into_iter().collect(), totals, happened: 0, unsaved: None })
}
