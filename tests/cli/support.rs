//! What the tests of this room share.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::api::{Activity, Connection, ConnectionState, Direction, Live, Log, Row};
use haul::cli::{Arguments, parse};
use haul::model::{ByteRange, Rate, Source, Spec, Status, TransferId};

/// The arguments after the program's name.
pub fn arguments(words: &[&str]) -> Result<Arguments, String> {
    let all = std::iter::once("haul").chain(words.iter().copied());
    parse(all).map_err(|mistake| format!("{}: {}", mistake.exit().code(), mistake.text()))
}

/// A stream that a test can read again.
#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Vec<u8>>>);

impl Tape {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that fails in one way, and counts how often it was tried.
#[derive(Clone)]
pub struct Broken(pub io::ErrorKind, pub Arc<Mutex<u32>>);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        *self.1.lock().unwrap() += 1;
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

pub fn source(text: &str) -> Source {
    Source::parse(text).unwrap()
}

/// A transfer that runs, with `done` of 1000000 bytes.
pub fn row(bits: u64, name: &str, done: u64) -> Row {
    let connection = |number| {
        let (range, speed) = (ByteRange::new(0, 1_000_000), Rate::per_second(50_000));
        Connection::new(number, range, done, speed, ConnectionState::Receiving)
    };
    let live = Live {
        activity: Activity::Receiving,
        speed: Rate::per_second(100_000),
        eta: Some(Duration::from_secs(7)),
        connections: vec![connection(1), connection(2)],
        allowed: 2,
        ..Live::default()
    };
    let source = source(&format!("https://example.org/{bits}"));
    Row {
        direction: Direction::Download,
        id: TransferId::from_bits(bits),
        name: name.into(),
        spec: Arc::new(Spec::new(source.clone(), "/downloads".into())),
        source,
        target: Path::new("/downloads").into(),
        is_named: false,
        category: None,
        added: None,
        status: Status::Running,
        length: Some(1_000_000),
        done: Arc::new([ByteRange::new(0, done)].into_iter().collect()),
        resumable: true,
        fault: None,
        short: None,
        start: None,
        errand: None,
        log: Log::default(),
        live: Some(Arc::new(live)),
    }
}
