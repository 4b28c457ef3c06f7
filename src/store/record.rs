//! The records of the queue's journal: versioned plain types of their own, so that a change of the live types can't
//! break a queue on disk.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ledger::seal;
use super::path_text;
use super::stored_status::{StoredFault, StoredStatus};
use crate::model::{
    ByteRange, Checksum, Described, Fault, Header, Limits, Pieces, Priority, RangeSet, Rate, Source, Spec, Status,
    Sums, Target, TransferId, UnixTime, Upload,
};

/// What stands between a record and its checksum.
const SEAL: &str = " // ";

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// A transfer was added; in a compacted journal, its state as a whole.
    Added(Box<Stored>),
    /// A transfer's status changed; for a failed one with the reason.
    Status(String, StoredStatus, Option<StoredFault>),
    /// What is known of a transfer's file, for the list: target, length, ranges on disk.
    Known(String, String, Option<u64>, Vec<(u64, u64)>),
    /// A transfer's place in the queue: a lower rank runs earlier.
    Ranked(String, i64),
    /// A transfer's bytes come from another URL from now on.
    Relinked(String, String),
    /// Transfers were removed.
    Removed(Vec<String>),
}

impl Record {
    /// The record's line in the queue's file: RON, and a comment with its checksum, so that a damaged line is never
    /// taken for another record.
    pub fn line(&self) -> Result<String, ron::Error> {
        let text = ron::to_string(self)?;
        Ok(format!("{text}{SEAL}{:016x}\n", seal(text.as_bytes())))
    }

    /// Reads a line of the queue's file, without its end.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(line).map_err(|why| why.to_string())?;
        let (record, sum) = text.rsplit_once(SEAL).ok_or("it has no checksum")?;
        if u64::from_str_radix(sum, 16) != Ok(seal(record.as_bytes())) {
            return Err("its checksum differs".to_owned());
        }
        ron::from_str(record).map_err(|why| why.to_string())
    }
}

/// A transfer as it is stored. `Debug` shows no more than its number: its URL and its headers may hold secrets.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stored {
    id: String,
    url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mirrors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    called: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promised: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<(u64, Vec<String>)>,
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sums: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    no_digests: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_at: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    sorts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    overwrite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<StoredUpload>,
    status: StoredStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<StoredFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    done: Vec<(u64, u64)>,
}

/// What is sent, as it is stored.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct StoredUpload {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    keep: bool,
    #[serde(skip_serializing_if = "is_false")]
    unless_equal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic_limit: Option<u64>,
}

impl StoredUpload {
    fn of(upload: &Upload) -> Self {
        Self {
            file: path_text::encode(&upload.file),
            part_size: upload.part_size,
            threshold: upload.threshold,
            content_type: upload.content_type.clone(),
            storage_class: upload.storage_class.clone(),
            keep: upload.keep,
            unless_equal: upload.unless_equal,
            traffic_limit: upload.traffic_limit.map(Rate::bytes),
        }
    }

    fn upload(&self) -> Upload {
        Upload {
            file: path_text::decode(&self.file),
            part_size: self.part_size,
            threshold: self.threshold,
            content_type: self.content_type.clone(),
            storage_class: self.storage_class.clone(),
            keep: self.keep,
            unless_equal: self.unless_equal,
            traffic_limit: self.traffic_limit.map(Rate::per_second),
        }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Stored({})", self.id)
    }
}

impl Stored {
    /// Which transfer.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_false(value: &bool) -> bool {
    !value
}

/// A transfer of the queue, in live types.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Which.
    pub id: TransferId,
    /// What was asked for.
    pub spec: Arc<Spec>,
    /// Where it stands; never `Running`.
    pub status: Status,
    /// Why it was given up.
    pub reason: Option<Arc<Fault>>,
    /// Its place: a lower rank runs earlier.
    pub rank: i64,
    /// When it was added, if that is known: queues of an older haul don't tell.
    pub added: Option<UnixTime>,
    /// The finished file's path, once known.
    pub target: Option<Box<Path>>,
    /// The file's length, where known.
    pub length: Option<u64>,
    /// The ranges on disk when it was last saved, for the list.
    pub done: Arc<RangeSet>,
}

/// What changes in a transfer's life, as it is told to the journal.
#[derive(Clone, Debug)]
pub enum Stamp {
    /// Its status; a running one is stored as queued, since it goes on by itself.
    Status(Status, Option<Fault>),
    /// What is known of its file.
    Known(PathBuf, Option<u64>, Arc<RangeSet>),
    /// Its place.
    Rank(i64),
    /// Where its bytes come from.
    Source(Source),
}

impl Stamp {
    /// The record for this transfer.
    pub fn record(&self, id: TransferId) -> Record {
        let id = id.to_string();
        match self {
            Self::Status(status, reason) => Record::Status(id, (*status).into(), reason.as_ref().map(StoredFault::of)),
            Self::Known(target, length, done) => Record::Known(id, path_text::encode(target), *length, pairs(done)),
            Self::Rank(rank) => Record::Ranked(id, *rank),
            Self::Source(source) => Record::Relinked(id, source.url().to_string()),
        }
    }
}

fn piece_texts(pieces: &Pieces) -> (u64, Vec<String>) {
    (pieces.length, pieces.checksums.iter().map(ToString::to_string).collect())
}

fn pieces((length, texts): &(u64, Vec<String>)) -> Option<Pieces> {
    let checksums: Option<Vec<Checksum>> = texts.iter().map(|text| text.parse().ok()).collect();
    Some(Pieces { length: *length, checksums: checksums? }).filter(|pieces| pieces.length > 0)
}

fn pairs(set: &RangeSet) -> Vec<(u64, u64)> {
    set.ranges().iter().map(|range| (range.start, range.end)).collect()
}

fn set(pairs: &[(u64, u64)]) -> Arc<RangeSet> {
    if pairs.is_empty() {
        return RangeSet::nothing();
    }
    let set: RangeSet = pairs.iter().map(|(start, end)| ByteRange::new(*start, *end)).collect();
    Arc::new(set)
}

impl Item {
    /// A transfer as it is added: queued or paused, nothing known.
    pub fn new(id: TransferId, mut spec: Spec, rank: i64) -> Self {
        let status = if std::mem::take(&mut spec.held) { Status::Paused } else { Status::Queued };
        let (spec, done) = (Arc::new(spec), RangeSet::nothing());
        Self { id, spec, status, reason: None, rank, added: None, target: None, length: None, done }
    }

    /// The record of a transfer that is added by a process that does not know the queue: its place is at the end.
    pub fn added(id: TransferId, spec: Spec, now: UnixTime) -> Record {
        let mut record = Self { added: Some(now), ..Self::new(id, spec, 0) }.record();
        if let Record::Added(stored) = &mut record {
            stored.rank = None;
        }
        record
    }

    /// The record of a transfer that was given up and is asked for again, as it is asked for now. What is on disk counts.
    pub fn asked_again(&self, spec: Spec) -> Record {
        let Self { spec, status, .. } = Self::new(self.id, spec, self.rank);
        Self { spec, status, reason: None, ..self.clone() }.record()
    }

    /// The record that holds all of it.
    pub fn record(&self) -> Record {
        let spec = &self.spec;
        Record::Added(Box::new(Stored {
            id: self.id.to_string(),
            url: spec.source.url().to_string(),
            mirrors: spec.mirrors.iter().map(|mirror| mirror.url().to_string()).collect(),
            called: spec.described.name.clone(),
            promised: spec.described.length,
            pieces: spec.described.pieces.as_ref().map(piece_texts),
            folder: path_text::encode(&spec.target.folder),
            name: spec.target.name.clone(),
            headers: spec.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
            checksum: spec.checksum.as_ref().map(ToString::to_string),
            sums: spec.sums.as_ref().map(Sums::text),
            no_digests: !spec.digests,
            connections: spec.limits.connections,
            rate: spec.limits.rate.map(Rate::bytes),
            priority: Some(spec.priority).filter(|set| *set != Priority::Normal).map(|set| set.to_string()),
            start_at: spec.start_at.map(UnixTime::seconds),
            sorts: spec.sorts,
            category: spec.category.as_deref().map(str::to_owned),
            added: self.added.map(UnixTime::seconds),
            overwrite: spec.overwrite,
            upload: spec.upload.as_deref().map(StoredUpload::of),
            status: self.status.into(),
            reason: self.reason.as_deref().map(StoredFault::of),
            rank: Some(self.rank),
            target: self.target.as_deref().map(path_text::encode),
            length: self.length,
            done: pairs(&self.done),
        }))
    }

    /// The live form of a stored transfer; `rank` is used if the record has none. `None` if it makes no sense: then
    /// that one record is lost, and no other.
    pub fn restore(stored: &Stored, rank: i64) -> Option<Self> {
        let checksum = stored.checksum.as_deref().map(Checksum::from_str).transpose().ok()?.map(Box::new);
        let headers = stored.headers.iter().map(|(name, value)| Header { name: name.clone(), value: value.clone() });
        // An older haul took some that none takes now. What an upload was to depend on is another matter.
        let headers: Vec<Header> = headers.filter(|header| stored.upload.is_some() || !header.is_own()).collect();
        let spec = Spec {
            source: Source::parse(&stored.url).ok()?,
            mirrors: stored.mirrors.iter().filter_map(|url| Source::parse(url).ok()).collect(),
            described: Described {
                name: stored.called.clone(),
                length: stored.promised,
                pieces: stored.pieces.as_ref().and_then(pieces),
            }
            .shared(),
            target: Target { folder: path_text::decode(&stored.folder).into(), name: stored.name.clone() },
            // Made of a list, none would take an allocation of its own.
            headers: if headers.is_empty() { Arc::default() } else { headers.into() },
            checksum,
            sums: stored.sums.as_deref().map(Sums::from_str).transpose().ok()?,
            digests: !stored.no_digests,
            limits: Limits { connections: stored.connections, rate: stored.rate.map(Rate::per_second) },
            priority: stored.priority.as_deref().and_then(|word| word.parse().ok()).unwrap_or_default(),
            start_at: stored.start_at.map(UnixTime::from_seconds),
            held: false,
            sorts: stored.sorts,
            category: stored.category.as_deref().map(Arc::from),
            overwrite: stored.overwrite,
            upload: stored.upload.as_ref().map(|upload| Arc::new(upload.upload())),
        };
        Some(Self {
            id: stored.id.parse().ok()?,
            spec: Arc::new(spec),
            status: stored.status.into(),
            reason: stored.reason.as_ref().map(|reason| Arc::new(reason.fault())),
            rank: stored.rank.unwrap_or(rank),
            added: stored.added.map(UnixTime::from_seconds),
            target: stored.target.as_deref().map(|text| path_text::decode(text).into()),
            length: stored.length,
            done: set(&stored.done),
        })
    }

    /// Applies a later record to this transfer.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Status(_, status, reason) => {
                self.status = (*status).into();
                self.reason = reason.as_ref().map(|reason| Arc::new(reason.fault()));
            }
            Record::Known(_, target, length, done) => {
                self.target = Some(path_text::decode(target).into());
                self.length = *length;
                self.done = set(done);
            }
            Record::Ranked(_, rank) => self.rank = *rank,
            Record::Relinked(_, url) => {
                if let Ok(source) = Source::parse(url) {
                    Arc::make_mut(&mut self.spec).relink(source);
                }
            }
            Record::Added(_) | Record::Removed(_) => {}
        }
    }
}
