//! What the screen costs with 100,000 transfers in the list: a key press until its frame, a frame, a snapshot, a sort, and
//! the first letter of a filter.
//!
//! `cargo bench --bench screen`. The frames go to a terminal in memory, so the terminal's own time is not in the figures.

#![allow(clippy::expect_used, clippy::print_stdout)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use haul::api::{Activity, Connection, ConnectionState, Direction, Live, Log, Row, Snapshot, Totals};
use haul::config::{Chord, Column, Keymap, SystemClock};
use haul::model::{ByteRange, RangeSet, Rate, Source, Spec, Status, TransferId};
use haul::tui::{Habits, Message, Palette, Setup, State, draw, update};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Transfers in the list,
const ROWS: u64 = 100_000;
/// those of them that run,
const RUNNING: u64 = 8;
/// and how often each thing is done.
const ROUNDS: u32 = 1000;

fn main() {
    let mut bench = Bench::new();
    let mut keys = bench.keys("j k pgdn pgup G g V esc");
    keys.sort_unstable();
    let at = |share: usize| keys[(keys.len() - 1) * share / 100];
    println!("{ROWS} rows, {RUNNING} of them running, 120x40");
    println!("key press -> frame    p50 {:?}  p99 {:?}  worst {:?}", at(50), at(99), at(100));
    println!("a frame               {:?}", bench.frame());
    println!("a snapshot that moves {:?}", bench.tick());
    println!("a tick without a move {} frames wanted of {ROUNDS} snapshots", bench.still());
    println!("sort by name, turned  {:?}", bench.press("s g j", "enter", ""));
    println!("sort by size, turned  {:?}", bench.press("s g j j", "enter", ""));
    println!("first filter letter   {:?}", bench.press("/", "7", "esc"));
    println!("second filter letter  {:?}", bench.press("/ 7", "7", "esc"));
    println!("every size            {} frames from 10x3 to 300x100, no panic", bench.sizes());
}

fn row(number: u64, moved: u64) -> Row {
    let name = format!("file-{:06}.tar.gz", number * 7919 % ROWS);
    let source = Source::parse(&format!("https://files{}.example.org/pub/{name}", number % 40)).expect("a URL");
    let (length, mut done) = (1_000_000_000, RangeSet::new());
    let mut row = Row {
        id: TransferId::from_bits(number),
        name: name.as_str().into(),
        direction: Direction::Download,
        spec: Arc::new(Spec::new(source.clone(), "/home/me/Downloads".into())),
        source,
        target: Path::new("/home/me/Downloads").join(&name).into(),
        is_named: true,
        category: None,
        added: None,
        status: Status::Queued,
        length: Some(length),
        done: Arc::default(),
        resumable: true,
        fault: None,
        short: None,
        start: None,
        errand: None,
        log: Log::default(),
        live: None,
    };
    if number < RUNNING {
        let connection = |index: u64| {
            let range = ByteRange::new(index * length / 8, (index + 1) * length / 8);
            let position = range.start + (range.len() / 3 + moved * 4096).min(range.len());
            let (speed, state) = (Rate::per_second(5_000_000 + index), ConnectionState::Receiving);
            Connection::new(index as u32 + 1, range, position, speed, state)
        };
        let connections: Vec<Connection> = (0..8).map(connection).collect();
        for one in &connections {
            done.insert(ByteRange::new(one.range.start, one.position));
        }
        let live =
            Live { activity: Activity::Receiving, speed: Rate::per_second(40_000_000), connections, ..Live::default() };
        (row.status, row.done, row.live) = (Status::Running, Arc::new(done), Some(Arc::new(live)));
    }
    row
}

/// A screen on a terminal in memory.
struct Bench {
    state: State,
    terminal: Terminal<TestBackend>,
    snapshot: Snapshot,
}

impl Bench {
    fn new() -> Self {
        let setup = Setup {
            keys: Keymap::default(),
            folder: "/home/me/Downloads".into(),
            categories: Arc::default(),
            clock: Arc::new(SystemClock::here()),
            past: None,
            is_demo: false,
            is_first: false,
            clipboard: false,
            notice: None,
            columns: Column::USUAL.to_vec(),
            mouse: true,
            habits: Habits::default(),
            theme: None,
            ascii: false,
        };
        let rows = (0..ROWS).map(|number| Arc::new(row(number, 0))).collect();
        let totals = Totals { queued: ROWS as usize, ..Totals::default() };
        let snapshot = Snapshot { rows, totals, ..Snapshot::default() };
        let mut state = State::new(setup, Palette::Colours);
        update(&mut state, Message::Resized { columns: 120, rows: 40 });
        let terminal = Terminal::new(TestBackend::new(120, 40)).expect("a terminal in memory");
        let mut bench = Self { state, terminal, snapshot };
        bench.send(Message::Snapshot(Arc::new(bench.snapshot.clone())));
        bench.draw();
        bench
    }

    fn send(&mut self, message: Message) {
        update(&mut self.state, message);
    }

    fn draw(&mut self) {
        let state = &self.state;
        self.terminal.draw(|frame| draw(state, frame)).expect("a frame in memory");
    }

    /// How long keys and their frames take, while the running transfers move.
    fn keys(&mut self, keys: &str) -> Vec<Duration> {
        let chords: Vec<Chord> = keys.split(' ').map(|key| key.parse().expect("a key")).collect();
        let mut times = Vec::new();
        for number in 0..ROUNDS {
            self.moves(u64::from(number));
            let started = Instant::now();
            self.send(Message::Key(chords[number as usize % chords.len()]));
            self.draw();
            times.push(started.elapsed());
        }
        times
    }

    fn moves(&mut self, by: u64) {
        for number in 0..RUNNING {
            self.snapshot.rows.set(number as usize, Arc::new(row(number, by)));
        }
        self.send(Message::Snapshot(Arc::new(self.snapshot.clone())));
    }

    fn frame(&mut self) -> Duration {
        let started = Instant::now();
        (0..ROUNDS).for_each(|_| self.draw());
        started.elapsed() / ROUNDS
    }

    fn tick(&mut self) -> Duration {
        let started = Instant::now();
        (0..ROUNDS).for_each(|number| self.moves(u64::from(number)));
        started.elapsed() / ROUNDS
    }

    /// How many of many snapshots that are all alike ask for a frame.
    fn still(&mut self) -> usize {
        let snapshot = Arc::new(self.snapshot.clone());
        let asks = |_| {
            self.state.stale = false;
            update(&mut self.state, Message::Snapshot(Arc::clone(&snapshot)));
            self.state.stale
        };
        (0..ROUNDS).map(asks).filter(|asks| *asks).count()
    }

    /// How long a key takes with its frame: the median of some, each between other keys.
    fn press(&mut self, before: &str, key: &str, after: &str) -> Duration {
        let mut once = || {
            self.types(before);
            let started = Instant::now();
            self.types(key);
            self.draw();
            let took = started.elapsed();
            self.types(after);
            took
        };
        let mut times: Vec<Duration> = (0..21).map(|_| once()).collect();
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn types(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.send(Message::Key(key.parse().expect("a key")));
        }
    }

    /// Draws the list in every size of a terminal, and the boxes and pages in turn.
    fn sizes(&mut self) -> u32 {
        let places = ["", "a", "U", "s", "?", "d", "/", "u", "right", "right right", "L", ":", "enter"];
        let mut frames = 0;
        for columns in 10..=300 {
            for rows in 3..=100 {
                let place = places[frames as usize / 2 % places.len()];
                for keys in ["", place] {
                    self.types(keys);
                    update(&mut self.state, Message::Resized { columns, rows });
                    self.terminal.backend_mut().resize(columns, rows);
                    self.draw();
                    frames += 1;
                }
                self.types(if place.starts_with("right") { "left left" } else { "esc" });
            }
        }
        frames
    }
}
