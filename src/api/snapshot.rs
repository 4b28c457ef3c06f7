//! What a face may see: the latest value of everything, cheap to hand over.

use std::borrow::Cow;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Log;
use crate::model::{ByteRange, Fault, RangeSet, Rate, Source, Spec, Status, TransferId, UnixTime, Validator, percent};

/// The state of everything at one moment. A clone costs one reference count.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The list, in the queue's order.
    pub rows: Rows,
    /// Sums over the list.
    pub totals: Totals,
    /// The number of the latest event that it shows.
    pub happened: u64,
    /// Why the queue on disk does not tell all of it, while that is so.
    pub unsaved: Option<Arc<Fault>>,
}

/// Sums over the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Transfers that wait for their turn.
    pub queued: usize,
    /// Transfers that run.
    pub running: usize,
    /// Transfers that the user stopped.
    pub paused: usize,
    /// Transfers whose link has expired.
    pub expired: usize,
    /// Transfers that wait for room on their disk.
    pub disk_full: usize,
    /// Transfers that are complete.
    pub done: usize,
    /// Transfers that were given up.
    pub failed: usize,
    /// What arrives, over all transfers,
    pub speed: Rate,
    /// and what goes out.
    pub upload_speed: Rate,
    /// The limit on all downloads together.
    pub limit: Option<Rate>,
    /// True while the hours of the queue let nothing start.
    pub shut: bool,
    /// How many transfers the last removal took out that can still be brought back.
    pub undoable: usize,
}

/// How many rows share one block. A change copies one block's pointers, not the list.
const BLOCK: usize = 256;

/// The rows of the list in blocks, so that a snapshot's cost follows what changed and not the length of the queue.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    blocks: Arc<Vec<Arc<Vec<Arc<Row>>>>>,
    len: usize,
}

impl Rows {
    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row at a place, counted from 0.
    pub fn get(&self, index: usize) -> Option<&Arc<Row>> {
        self.blocks.get(index / BLOCK)?.get(index % BLOCK)
    }

    /// All rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    /// The rows from a place on, in order.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = &Arc<Row>> {
        // All blocks but the last are full.
        let blocks = self.blocks.get(index / BLOCK..).unwrap_or_default();
        blocks.iter().flat_map(|block| block.iter()).skip(index % BLOCK)
    }

    /// Replaces the row at a place; nothing happens if there is none.
    pub fn set(&mut self, index: usize, row: Arc<Row>) {
        if index < self.len {
            let block = &mut Arc::make_mut(&mut self.blocks)[index / BLOCK];
            Arc::make_mut(block)[index % BLOCK] = row;
        }
    }

    /// Adds a row at the end.
    pub fn push(&mut self, row: Arc<Row>) {
        let blocks = Arc::make_mut(&mut self.blocks);
        match blocks.last_mut() {
            Some(last) if last.len() < BLOCK => Arc::make_mut(last).push(row),
            _ => blocks.push(Arc::new(vec![row])),
        }
        self.len += 1;
    }
}

/// What differs between two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// The rows at these places, ascending; those behind the older list's end were added.
    Rows(Vec<usize>),
    /// Rows went or changed places.
    Order,
}

impl Rows {
    /// What differs from an older list. Blocks and rows that the two share are not looked into.
    pub fn changes_since(&self, old: &Self) -> Changes {
        if self.len < old.len {
            return Changes::Order;
        }
        let mut changed = Vec::new();
        for (number, block) in self.blocks.iter().enumerate() {
            let before = old.blocks.get(number);
            if before.is_some_and(|before| Arc::ptr_eq(before, block)) {
                continue;
            }
            for (index, row) in block.iter().enumerate() {
                match before.and_then(|before| before.get(index)) {
                    Some(same) if Arc::ptr_eq(same, row) => {}
                    Some(other) if other.id != row.id => return Changes::Order,
                    _ => changed.push(number * BLOCK + index),
                }
            }
        }
        Changes::Rows(changed)
    }
}

impl FromIterator<Arc<Row>> for Rows {
    fn from_iter<I: IntoIterator<Item = Arc<Row>>>(rows: I) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.push(row);
        }
        all
    }
}

/// Which way a transfer's bytes go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From a server to this disk.
    #[default]
    Download,
    /// From this disk to a store.
    Upload,
}

/// One transfer.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub id: TransferId,
    /// What it is called: the target's name, or a guess until the server has answered. Already harmless.
    pub name: Arc<str>,
    /// Which way its bytes go.
    pub direction: Direction,
    /// Where its bytes come from; where they go to, if it is an upload.
    pub source: Source,
    /// What the user asked for.
    pub spec: Arc<Spec>,
    /// The file that is sent, if it is an upload; else the folder or, once it is known, the file that the bytes go to.
    pub target: Arc<Path>,
    /// False as long as `target` is a folder.
    pub is_named: bool,
    /// What its category is called, if it has one.
    pub category: Option<Arc<str>>,
    /// When it was added, if that is known.
    pub added: Option<UnixTime>,
    /// Where it stands.
    pub status: Status,
    /// Bytes of the whole file, where known.
    pub length: Option<u64>,
    /// Which bytes are on disk.
    pub done: Arc<RangeSet>,
    /// False once it is known that a stop would lose what has come.
    pub resumable: bool,
    /// The last thing that went wrong; for a failed one, why it was given up.
    pub fault: Option<Arc<Fault>>,
    /// Bytes that its disk lacks, of one that waits for room; `None` if that can't be told.
    pub short: Option<NonZero<u64>>,
    /// When it is to start, if that is still to come.
    pub start: Option<Arc<Start>>,
    /// What is done with its file just now.
    pub errand: Option<Errand>,
    /// What happened to it in this session.
    pub log: Log,
    /// What only a running transfer has.
    pub live: Option<Arc<Live>>,
}

/// When a transfer is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The time.
    pub at: UnixTime,
    /// The same in words, by the clock of the place: `22:00`, `Mon 07:30`.
    pub text: String,
}

/// What is done with the file of a transfer that does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// It goes to another place.
    Moving,
    /// It is read back and compared.
    Verifying,
}

impl Row {
    /// The folder that its file is in or goes to.
    pub fn folder(&self) -> &Path {
        self.target.parent().filter(|_| self.is_named).unwrap_or(&self.target)
    }

    /// True if the transfer, or one of its connections, waits before a further attempt.
    pub fn waits(&self) -> bool {
        self.live.as_ref().is_some_and(|live| {
            matches!(live.activity, Activity::Waiting(_) | Activity::Queued)
                || live.connections.iter().any(|connection| matches!(connection.state, ConnectionState::Waiting(_)))
        })
    }

    /// Bytes on disk.
    pub fn bytes_done(&self) -> u64 {
        self.done.total()
    }

    /// How far it has come: what is done, and of an upload what went out of the parts on their way too. A store has a part
    /// only as a whole, so that on a slow line nothing would seem to move for minutes.
    pub fn reached(&self) -> Cow<'_, RangeSet> {
        let sending = |one: &&Connection| one.state == ConnectionState::Sending && one.position > one.range.start;
        let live = self.live.as_ref().filter(|_| self.direction == Direction::Upload);
        let connections = live.map_or(&[][..], |live| &live.connections);
        let mut reached = Cow::Borrowed(&*self.done);
        for one in connections.iter().filter(sending) {
            reached.to_mut().insert(ByteRange::new(one.range.start, one.position));
        }
        reached
    }

    /// The bytes of that.
    pub fn bytes_reached(&self) -> u64 {
        self.reached().total()
    }
}

/// What only a running transfer has.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// What it does.
    pub activity: Activity,
    /// What arrives, as a mean over some seconds.
    pub speed: Rate,
    /// How long it will still take; `None` while that can't be told.
    pub eta: Option<Duration>,
    /// One for each connection, in the order of their numbers.
    pub connections: Vec<Connection>,
    /// How many connections it may have now.
    pub allowed: u16,
    /// Why it may have fewer than the settings say, if so.
    pub remark: Option<Arc<str>>,
    /// Which bytes on disk were read back in this run and are what was written.
    pub checked: Arc<RangeSet>,
    /// Which version of the file it fetches.
    pub validator: Validator,
    /// Further attempts so far.
    pub retries: u32,
}

impl Live {
    /// How much of a stream whose bytes are on disk already has come and was compared with these, in whole percent; `None`
    /// if that is not what it does, or nothing tells how long the stream is.
    pub fn compared(&self) -> Option<u64> {
        let [Connection { range, position, .. }] = self.connections[..] else { return None };
        let is_told = self.activity == Activity::Checking && range.end < u64::MAX;
        is_told.then(|| percent(position.saturating_sub(range.start), range.len()))
    }
}

/// What a running transfer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Asks the server for the first bytes.
    #[default]
    Connecting,
    /// Receives.
    Receiving,
    /// Sends.
    Sending,
    /// Waits for so long before it tries again.
    Waiting(Duration),
    /// Has waited so long that others run in its place, and waits for its turn again.
    Queued,
    /// Reads what is on disk and compares checksums.
    Checking,
    /// Fetches once more what came damaged, and compares.
    Repairing,
    /// Makes the file durable and gives it its name.
    Finishing,
}

/// One connection of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its number within the transfer, from 1; it stays the same while the connection's worker lives.
    pub number: u32,
    /// The bytes that it was given; an end of `u64::MAX` means that the length is not known.
    pub range: ByteRange,
    /// The next byte that it will write.
    pub position: u64,
    /// What arrives on it.
    pub speed: Rate,
    /// What it does.
    pub state: ConnectionState,
    /// From which host, where the file is had from several places.
    pub host: Option<Arc<str>>,
    /// Whose address answers on it: the server's, or a proxy's; `None` before the first answer.
    pub address: Option<IpAddr>,
    /// What it waits for the end of, if it waits.
    pub fault: Option<Arc<Fault>>,
}

impl Connection {
    /// One of which no more is known than how far it is.
    pub fn new(number: u32, range: ByteRange, position: u64, speed: Rate, state: ConnectionState) -> Self {
        Self { number, range, position, speed, state, host: None, address: None, fault: None }
    }
}

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Asks for its range.
    Connecting,
    /// Receives.
    Receiving,
    /// Sends.
    Sending,
    /// Receives far less than its fellows; they will take over its rest.
    Slow,
    /// Waits for so long before it tries again.
    Waiting(Duration),
}
