//! What survives a crash of a running transfer: one file each, `checkpoints/<id>.ron`.
//!
//! The file is a seal (a RON comment with version, length and the checksum of both and of what follows), the checkpoint
//! itself, and then one line for every write since, as `(start, len, crc)`. The checkpoint claims only what was synced before it
//! was written: take the claims, fdatasync the data, write a temporary file, fsync it, rename, fsync the folder. The
//! lines after it are not synced. After kill -9 they are all there; after a power cut some may be missing, or speak
//! of bytes that never reached the disk: on load every claim is compared with the part file's bytes, block by block,
//! so neither can do harm. The previous generation is kept beside it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{folder_of, private_file, private_folder, sync_folder, write_beside};
use super::complete::target_of;
use super::ledger::{Fragment, Ledger, seal};
use super::path_text;
use super::sealed::{Kind, Unreadable};
use crate::model::{Announced, ByteRange, Fault, FaultKind, RangeSet, TransferId, Validator, Weight};

const SEAL: &str = "// haul checkpoint, version ";
/// Its own seal tells a length too: lines follow that it does not cover.
pub(super) const KIND: Kind = Kind { word: "checkpoint", version: 1, most: 256 << 20 };
/// What the names of a checkpoint's files end in: the latest, the one before it, one that is being written, one that is of no use.
const GENERATIONS: [&str; 4] = ["ron", "old", "new", "damaged"];

/// Whose bytes a part file holds, and which. `Debug` does not show the URL, which may hold secrets.
#[derive(Clone)]
pub struct Checkpoint {
    /// The transfer's URL, as the user gave it.
    pub url: String,
    /// Where the finished file goes.
    pub target: PathBuf,
    /// The file's length, where known.
    pub length: Option<u64>,
    /// Which version of the file it is.
    pub validator: Validator,
    /// Its media type, so that a web page in its place is noticed.
    pub media: Option<String>,
    /// The checksums that were announced of its bytes.
    pub digests: Vec<Announced>,
    /// The content coding under which its bytes came, if any.
    pub coding: Option<String>,
    /// Which bytes are on disk.
    pub ledger: Ledger,
    /// Those among them that nobody has synced, as far as is known: they are there unless the power was cut.
    pub unsynced: RangeSet,
    /// The file system that the part file is on, by the number that it gives itself, where it is known.
    pub disk: Option<u64>,
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, length, validator, media, ledger, .. } = self;
        write!(out, "Checkpoint({target:?}, {length:?}, {validator:?}, {media:?}, {ledger:?})")
    }
}

/// The checkpoint as it is written; live types are never serialised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    url: String,
    target: String,
    length: Option<u64>,
    etag: Option<String>,
    last_modified: Option<String>,
    media: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    digests: Vec<StoredDigest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disk: Option<u64>,
    block: u64,
    done: Vec<(u64, u64, u64)>,
}

/// Of which bytes, the checksum, whether it is firm.
#[derive(Serialize, Deserialize)]
struct StoredDigest(Option<(u64, u64)>, String, bool);

fn stored(digest: &Announced) -> StoredDigest {
    let range = digest.range.map(|range| (range.start, range.end));
    StoredDigest(range, digest.checksum.to_string(), digest.weight == Weight::Firm)
}

fn restored(StoredDigest(range, checksum, firm): &StoredDigest) -> Option<Announced> {
    let range = range.map(|(start, end)| ByteRange::new(start, end));
    let weight = if *firm { Weight::Firm } else { Weight::Hint };
    Some(Announced { range, checksum: checksum.parse().ok()?, weight })
}

/// A checkpoint's identity and its claims, taken at one moment.
#[derive(Clone)]
pub struct Claim(String);

impl fmt::Debug for Claim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Claim({} bytes)", self.0.len())
    }
}

impl Claim {
    /// Takes what the checkpoint says now. What is written to the part file later is not in it.
    pub fn of(checkpoint: &Checkpoint) -> Result<Self, Fault> {
        let document = Document {
            url: checkpoint.url.clone(),
            target: path_text::encode(&checkpoint.target),
            length: checkpoint.length,
            etag: checkpoint.validator.etag.clone(),
            last_modified: checkpoint.validator.last_modified.clone(),
            media: checkpoint.media.clone(),
            digests: checkpoint.digests.iter().map(stored).collect(),
            coding: checkpoint.coding.clone(),
            disk: checkpoint.disk,
            block: checkpoint.ledger.block(),
            done: checkpoint.ledger.fragments().map(|piece| (piece.start, piece.len, piece.crc)).collect(),
        };
        let text =
            ron::to_string(&document).map_err(|why| Fault::new(FaultKind::State, "checkpoint", why.to_string()))?;
        let head = format!("{}, {} bytes", KIND.version, text.len());
        let seal = seal(format!("{head}\n{text}").as_bytes());
        Ok(Self(format!("{SEAL}{head}, crc64 {seal:016x}\n{text}\n")))
    }

    /// The bytes of the file that makes this claim.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What is noted of one target.
pub struct Noted {
    /// The newest first.
    pub found: Vec<(TransferId, Checkpoint)>,
    /// Why one can't be read that may be of it.
    pub unread: Option<Fault>,
}

impl Checkpoint {
    /// Where the checkpoint of a transfer is kept.
    pub fn path(state: &Path, id: TransferId) -> PathBuf {
        state.join("checkpoints").join(format!("{id}.ron"))
    }

    /// Reads a transfer's checkpoint: the newest generation that is whole. `Ok(None)` if there is none. A damaged one
    /// is set aside, one of a newer haul is refused and kept.
    pub fn load(state: &Path, id: TransferId) -> Result<Option<Self>, Fault> {
        let path = Self::path(state, id);
        for generation in [path.clone(), path.with_extension("old")] {
            if let Some(found) = KIND.load(&generation, Self::parse)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Reads the bytes of a checkpoint's file. Nothing is believed that its seal does not cover, but the lines behind
    /// the sealed part, whose claims are compared with the part file later, as all are.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        // Damage may be anything: what is no text any more fails its seal.
        let text = String::from_utf8_lossy(bytes);
        let damaged = |why: &str| Unreadable::Damaged(why.to_owned());
        let (head, rest) = text.split_once('\n').ok_or_else(|| damaged("no seal"))?;
        let head = head.strip_prefix(SEAL).ok_or_else(|| damaged("no seal"))?;
        let version: u32 =
            head.split(", ").next().and_then(|word| word.parse().ok()).ok_or_else(|| damaged("no version"))?;
        let Some((head, length, sealed)) = seal_of(head) else {
            // A newer haul may seal in another way.
            return Err(if version > KIND.version { Unreadable::Newer(version) } else { damaged("no seal") });
        };
        let body = rest.get(..length).ok_or_else(|| damaged("cut short"))?;
        if sealed != seal(format!("{head}\n{body}").as_bytes()) {
            return Err(damaged("the checksum differs"));
        }
        if version > KIND.version {
            return Err(Unreadable::Newer(version));
        }
        let document: Document = ron::from_str(body).map_err(|why| Unreadable::Damaged(why.to_string()))?;
        let mut ledger = Ledger::with_block(document.block);
        let block = ledger.block();
        let lines = rest[body.len()..].lines().filter_map(|line| ron::from_str::<(u64, u64, u64)>(line).ok());
        let mut unsynced = RangeSet::new();
        let claims = document.done.iter().copied().map(|claim| (claim, true)).chain(lines.map(|claim| (claim, false)));
        for ((start, len, crc), synced) in claims {
            if is_plausible(start, len, document.length, block) {
                let claim = Fragment { start, len, crc };
                ledger.record(claim);
                if !synced {
                    unsynced.insert(claim.range());
                }
            }
        }
        Ok(Self {
            url: document.url,
            target: path_text::decode(&document.target),
            length: document.length,
            validator: Validator { etag: document.etag, last_modified: document.last_modified },
            media: document.media,
            digests: document.digests.iter().filter_map(restored).collect(),
            coding: document.coding,
            ledger,
            unsynced,
            disk: document.disk,
        })
    }

    /// What is noted of the bytes that are on disk for a target, and by whom: by this transfer, or by an earlier one.
    pub fn of(state: &Path, id: TransferId, target: &Path) -> Result<Option<(TransferId, Self)>, Fault> {
        let own = Self::load(state, id)?.filter(|own| own.target == target);
        own.map_or_else(|| Self::find(state, target), |own| Ok(Some((id, own))))
    }

    /// Looks through all checkpoints for the newest whose finished file would be `target`; an older one may be left of a
    /// part file that somebody has deleted. Fails if there is none, but one of a newer haul, which may be it.
    pub fn find(state: &Path, target: &Path) -> Result<Option<(TransferId, Self)>, Fault> {
        let unlisted = |why: io::Error| {
            let detail = format!("which checkpoints there are can't be read: {why}");
            Fault::new(FaultKind::State, state.join("checkpoints").display(), detail)
        };
        match Self::noted(state, target).map_err(unlisted)? {
            Noted { found, unread: Some(fault) } if found.is_empty() => Err(fault),
            Noted { found, .. } => Ok(found.into_iter().next()),
        }
    }

    /// Looks through all for those whose finished file would be `target`. Of those whose beginnings tell of another one no more is
    /// read.
    pub fn noted(state: &Path, target: &Path) -> io::Result<Noted> {
        let (mut unread, mut found) = (None, Vec::new());
        for id in Self::all(state)?.into_iter().filter(|id| target_of(state, *id).is_none_or(|known| known == target)) {
            match Self::load(state, id) {
                Ok(Some(held)) if held.target == target => found.push((id, held)),
                Ok(_) => {}
                Err(fault) => unread = Some(fault),
            }
        }
        let written = |id| fs::metadata(Self::path(state, id)).and_then(|meta| meta.modified()).ok();
        found.sort_by_key(|(id, _)| Reverse(written(*id)));
        Ok(Noted { found, unread })
    }

    /// The transfers that have one. Where that can't be known, nobody is to take it for none.
    pub(super) fn all(state: &Path) -> io::Result<BTreeSet<TransferId>> {
        // Between the two renames of a publication there is only the generation before.
        Self::with_files(state, &["ron", "old"])
    }

    /// Those of which there is anything, and be it what can't be read.
    pub(super) fn any(state: &Path) -> io::Result<BTreeSet<TransferId>> {
        Self::with_files(state, &GENERATIONS)
    }

    fn with_files(state: &Path, extensions: &[&str]) -> io::Result<BTreeSet<TransferId>> {
        let folder = match fs::read_dir(state.join("checkpoints")) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            // Nor is there one in a folder that can't be: of an account without a home.
            Err(why) if why.kind() == io::ErrorKind::NotADirectory && !state.is_dir() => return Ok(BTreeSet::new()),
            other => other?,
        };
        let id = |path: &Path| {
            let ours = path.extension().is_some_and(|found| extensions.iter().any(|extension| found == *extension));
            if ours { path.file_stem()?.to_str()?.parse().ok() } else { None }
        };
        let entries: Vec<fs::DirEntry> = folder.collect::<io::Result<_>>()?;
        Ok(entries.iter().filter_map(|entry| id(&entry.path())).collect())
    }

    /// Forgets a transfer's checkpoint, all generations.
    pub fn remove(state: &Path, id: TransferId) {
        let path = Self::path(state, id);
        for file in GENERATIONS {
            let _ = fs::remove_file(path.with_extension(file));
        }
    }
}

/// A seal's sealed words, the length that it tells and its checksum.
fn seal_of(head: &str) -> Option<(&str, usize, u64)> {
    let (words, sum) = head.rsplit_once(", crc64 ")?;
    let length = words.split_once(", ")?.1.strip_suffix(" bytes")?.parse().ok()?;
    Some((words, length, u64::from_str_radix(sum, 16).ok()?))
}

/// A fragment lies within the file and within one block; anything else is damage.
fn is_plausible(start: u64, len: u64, length: Option<u64>, block: u64) -> bool {
    let Some(end) = start.checked_add(len) else { return false };
    len > 0 && end <= length.unwrap_or(u64::MAX) && start / block == (end - 1) / block
}

/// The open checkpoint of a running transfer: writes are told to it as they happen, and it is saved now and then.
#[derive(Debug)]
pub struct CheckpointLog {
    path: PathBuf,
    file: Option<File>,
    saving: Option<String>,
}

impl CheckpointLog {
    /// The log of one transfer. Nothing is on disk until the first `publish`.
    pub fn new(state: &Path, id: TransferId) -> Self {
        Self { path: Checkpoint::path(state, id), file: None, saving: None }
    }

    /// True once a checkpoint is on disk.
    pub fn is_saved(&self) -> bool {
        self.file.is_some()
    }

    /// Tells of bytes that were written to the part file. Not synced; a failure costs only that a crash would fetch
    /// these bytes again.
    pub fn wrote(&mut self, fragments: &[Fragment]) {
        let mut lines = String::new();
        for piece in fragments {
            let _ = writeln!(lines, "({},{},{})", piece.start, piece.len, piece.crc);
        }
        if let Some(file) = &mut self.file
            && let Err(why) = file.write_all(lines.as_bytes())
        {
            tracing::warn!("{}: {why}", self.path.display());
        }
        if let Some(saving) = &mut self.saving {
            saving.push_str(&lines);
        }
    }

    /// From here on, what is told is kept for the generation that is about to be written too. To be called at the
    /// same moment as `Claim::of`.
    pub fn begin_save(&mut self) {
        self.saving = Some(String::new());
    }

    /// Writes the claim to a temporary file, durably. The data that it claims must have been synced. Needs no `self`,
    /// so that writes go on meanwhile.
    pub fn write(path: &Path, claim: &Claim) -> Result<(PathBuf, File), Fault> {
        let broken = |why: io::Error| Fault::disk_of_state(path.display(), "saving the checkpoint", &why);
        private_folder(folder_of(path)).map_err(broken)?;
        write_beside(path, "new", claim.as_bytes()).map_err(broken)
    }

    /// Where the checkpoint is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a written generation the current one. What was told since `begin_save` goes into it. The caller then
    /// syncs the folder with `sync`.
    pub fn publish(&mut self, (temporary, mut file): (PathBuf, File)) -> Result<(), Fault> {
        let broken = |why: io::Error| Fault::disk_of_state(self.path.display(), "saving the checkpoint", &why);
        let lines = self.saving.take().unwrap_or_default();
        file.write_all(lines.as_bytes()).map_err(broken)?;
        if self.file.is_some() {
            match fs::rename(&self.path, self.path.with_extension("old")) {
                // A publication before this one came no further than here.
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                other => other.map_err(broken)?,
            }
        }
        fs::rename(temporary, &self.path).map_err(broken)?;
        self.file = Some(file);
        Ok(())
    }

    /// Gives up a generation that could not be written; the current one stays.
    pub fn abandon_save(&mut self) {
        self.saving = None;
    }

    /// Makes the names of the generations durable.
    pub fn sync(path: &Path) -> Result<(), Fault> {
        let broken = |why: io::Error| Fault::disk_of_state(path.display(), "saving the checkpoint", &why);
        sync_folder(folder_of(path)).map_err(broken)
    }

    /// Goes on with a checkpoint that was loaded: writes are told to its file, on a line of their own if the last one
    /// is torn.
    pub fn reopen(&mut self) {
        let open = private_file().append(true).open(&self.path);
        self.file = open.and_then(|mut file| file.write_all(b"\n").map(|()| file)).ok();
    }
}
