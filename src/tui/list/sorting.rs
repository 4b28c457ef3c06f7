//! The order of the list: by a column, either way round; rows that are alike stay in the queue's order, and those of
//! which a value is not known come last.

use std::cmp::Ordering;

use super::cores::shared;
use crate::api::{Direction, Row, Rows};
use crate::config::Column;
use crate::model::{Status, UnixTime};

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorting {
    /// By which column.
    pub column: Column,
    /// True if the largest comes first.
    pub is_descending: bool,
}

/// The queue's own order.
impl Default for Sorting {
    fn default() -> Self {
        Self { column: Column::Number, is_descending: false }
    }
}

/// The largest number that a known value is sorted by.
const KNOWN: u64 = u64::MAX - 1;

/// What a row is sorted by.
enum Key {
    Number(u64),
    Text(Vec<u8>),
}

impl Sorting {
    /// By a column, first the way round in which people look for it; a second time the other way.
    pub fn next(self, column: Column) -> Self {
        let is_descending = if self.column == column { !self.is_descending } else { column.begins_with_largest() };
        Self { column, is_descending }
    }

    /// True if it is the queue's own order.
    pub fn is_queue(self) -> bool {
        self == Self::default()
    }

    /// All places of rows in this order.
    pub(super) fn order(self, rows: &Rows) -> Vec<u32> {
        let places = 0..rows.len() as u32;
        match (self.column, self.is_descending) {
            (Column::Number, false) => places.collect(),
            (Column::Number, true) => places.rev().collect(),
            (Column::Name | Column::Host | Column::Category, _) => self.order_of_texts(rows),
            _ => {
                let mut keyed: Vec<(u64, u32)> = rows.iter().map(|row| self.number(row)).zip(places).collect();
                keyed.sort_unstable();
                keyed.into_iter().map(|(_, place)| place).collect()
            }
        }
    }

    /// Which of two rows comes first.
    pub(super) fn compare(self, (a, one): (u32, &Row), (b, other): (u32, &Row)) -> Ordering {
        if self.column == Column::Number {
            return if self.is_descending { b.cmp(&a) } else { a.cmp(&b) };
        }
        self.by_value(one, other).then(a.cmp(&b))
    }

    /// True if a row that has changed can stand somewhere else now.
    pub(super) fn tells_apart(self, before: &Row, after: &Row) -> bool {
        self.column != Column::Number && self.by_value(before, after).is_ne()
    }

    fn by_value(self, one: &Row, other: &Row) -> Ordering {
        match (self.key(one), self.key(other)) {
            (Key::Number(a), Key::Number(b)) => a.cmp(&b),
            (Key::Text(a), Key::Text(b)) if self.is_descending => b.cmp(&a),
            (Key::Text(a), Key::Text(b)) => a.cmp(&b),
            // One column has one kind of key.
            (Key::Number(_), Key::Text(_)) | (Key::Text(_), Key::Number(_)) => Ordering::Equal,
        }
    }

    fn key(self, row: &Row) -> Key {
        if !matches!(self.column, Column::Name | Column::Host | Column::Category) {
            return Key::Number(self.number(row));
        }
        let mut text = Vec::new();
        natural(self.text(row), &mut text);
        Key::Text(text)
    }

    fn text(self, row: &Row) -> &str {
        match self.column {
            Column::Host => row.source.url().host_str().unwrap_or(""),
            // What has none comes last, either way round; no name of a category has such a letter.
            Column::Category => row.category.as_deref().unwrap_or(if self.is_descending { "" } else { "\u{10ffff}" }),
            _ => &row.name,
        }
    }

    /// A number that is smaller the earlier a row comes.
    fn number(self, row: &Row) -> u64 {
        let live = row.live.as_ref();
        let value = match self.column {
            Column::Size => row.length,
            Column::Progress => Some(row.bytes_reached()),
            Column::Done => done(row),
            Column::Speed => Some(live.map_or(0, |live| live.speed.bytes())),
            Column::Eta => live.and_then(|live| live.eta).map(|eta| eta.as_secs()),
            Column::Connections => Some(live.map_or(0, |live| live.connections.len() as u64)),
            Column::State => Some(rank(row.status)),
            Column::Added => row.added.map(UnixTime::seconds),
            Column::Direction => Some(u64::from(row.direction == Direction::Upload)),
            Column::Number | Column::Name | Column::Host | Column::Category => None,
        };
        match value {
            None => u64::MAX,
            Some(value) if self.is_descending => KNOWN - value.min(KNOWN),
            Some(value) => value.min(KNOWN),
        }
    }

    /// Sorts by eight bytes of all texts at a time. The texts of a share lie side by side in one piece of memory, so that a
    /// hundred thousand names are sorted within a frame.
    fn order_of_texts(self, rows: &Rows) -> Vec<u32> {
        let shares = shared(rows.len(), |range| {
            let (mut all, mut ends) = (Vec::with_capacity(range.len() * 32), vec![0]);
            for row in rows.iter_from(range.start).take(range.len()) {
                natural(self.text(row), &mut all);
                ends.push(all.len());
            }
            (all, ends)
        });
        let share = shares.first().map_or(1, |(_, ends)| ends.len() - 1);
        let text = |place: u32| {
            let (all, ends) = &shares[place as usize / share];
            let place = place as usize % share;
            &all[ends[place]..ends[place + 1]]
        };
        let mut keyed: Vec<(u64, u32)> = (0..rows.len() as u32).map(|place| (0, place)).collect();
        refine(&mut keyed, 0, self.is_descending, &text);
        keyed.into_iter().map(|(_, place)| place).collect()
    }
}

/// Sorts texts that are alike in their first `depth` bytes.
fn refine<'a>(keyed: &mut [(u64, u32)], depth: usize, is_descending: bool, text: &impl Fn(u32) -> &'a [u8]) {
    let mut goes_on = false;
    for (key, place) in keyed.iter_mut() {
        let rest = text(*place).get(depth..).unwrap_or_default();
        goes_on |= rest.len() > 8;
        let mut chunk = [0; 8];
        let count = rest.len().min(8);
        chunk[..count].copy_from_slice(&rest[..count]);
        *key = u64::from_be_bytes(chunk);
        if is_descending {
            *key = !*key;
        }
    }
    keyed.sort_unstable();
    if goes_on {
        let alike = keyed.chunk_by_mut(|one, other| one.0 == other.0).filter(|run| run.len() > 1);
        alike.for_each(|run| refine(run, depth + 8, is_descending, text));
    }
}

/// A text as bytes that compare as people sort: without upper and lower case, and numbers by their value, so that part 10
/// comes after part 9.
fn natural(text: &str, into: &mut Vec<u8>) {
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if !byte.is_ascii_digit() {
            into.push(byte.to_ascii_lowercase());
            continue;
        }
        // A number is its count of digits, then the digits; leading zeros count for nothing.
        let at = into.len();
        into.extend([b'0', 0]);
        let mut digit = Some(byte);
        while let Some(byte) = digit {
            if byte != b'0' || into.len() > at + 2 {
                into.push(byte);
            }
            digit = bytes.next_if(u8::is_ascii_digit);
        }
        into[at + 1] = u8::try_from(into.len() - at - 1).unwrap_or(u8::MAX);
    }
}

/// Millionths of the file that are on disk.
fn done(row: &Row) -> Option<u64> {
    let length = row.length?;
    if row.status == Status::Done {
        return Some(1_000_000);
    }
    Some((u128::from(row.bytes_reached()) * 1_000_000 / u128::from(length.max(1))) as u64)
}

/// What moves first, then what is to move, then what needs somebody, then what is over.
fn rank(status: Status) -> u64 {
    match status {
        Status::Running => 0,
        Status::Queued => 1,
        Status::DiskFull => 2,
        Status::Paused => 3,
        Status::Expired => 4,
        Status::Failed => 5,
        Status::Done => 6,
    }
}
