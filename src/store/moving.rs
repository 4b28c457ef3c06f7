//! The note of a move, `checkpoints/<id>.moving`: it is written before anything is moved, and forgotten once the queue knows
//! the new place. So the next haul finishes or takes back what a kill or a power cut has left in between.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{folder_of, rename_to_free, replace, sync_folder};
use super::checkpoint::{Checkpoint, CheckpointLog, Claim};
use super::name::{id_name, part_name};
use super::path_text;
use super::room::lasting_disk_of;
use super::sealed::Kind;
use super::sink::PartFile;
use super::standing::{Standing, standing};
use super::unshared::is_one_file;
use crate::model::{Fault, TransferId};

const KIND: Kind = Kind { word: "move", version: 1, most: 1 << 20 };
/// The ending of a note, and of a copy on its way to another disk.
const EXTENSION: &str = "moving";
/// The ending of a note that is being written.
const UNWRITTEN: &str = "moves";

/// What tells a file from others, whatever its name: its length, and when it was last written.
type Mark = (u64, i64, i64);

/// A move that has been begun.
#[derive(Debug)]
pub struct Moving {
    state: PathBuf,
    id: TransferId,
    from: PathBuf,
    to: PathBuf,
    /// Whose checkpoint goes with it, if it is a part file that moves.
    holder: Option<TransferId>,
    file: Option<Mark>,
    /// The whole and durable copy of it, should it go to another disk.
    copy: Option<Mark>,
}

/// The note as it is written; live types are never serialised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    from: String,
    to: String,
    holder: Option<String>,
    file: Option<Mark>,
    copy: Option<Mark>,
}

fn mark(path: &Path) -> Option<Mark> {
    match standing(path) {
        Standing::File { length, modified: (seconds, nanoseconds) } => Some((length, seconds, nanoseconds)),
        Standing::Nothing | Standing::Other => None,
    }
}

impl Moving {
    /// Notes that the file for `from` goes to `to`, or its part file, with the checkpoint of `holder`.
    pub(super) fn begin(state: &Path, id: TransferId, from: &Path, to: &Path, holder: Option<TransferId>) -> Self {
        let (state, from, to) = (state.to_path_buf(), from.to_path_buf(), to.to_path_buf());
        let mut moving = Self { state, id, from, to, holder, file: None, copy: None };
        moving.file = mark(&moving.old_file());
        moving.save();
        moving
    }

    /// Notes that the copy is whole and durable.
    pub(super) fn copied(&mut self) {
        self.copy = mark(&self.copy_file());
        self.save();
    }

    /// False if somebody has written to a finished file since its move was noted: what was copied is not what it is now. A part
    /// file is locked meanwhile, and all that is said of it is compared with it.
    pub(super) fn is_as_noted(&self) -> bool {
        self.holder.is_some() || mark(&self.old_file()) == self.file
    }

    /// True if it was copied.
    pub(super) fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// Where it is,
    pub(super) fn old_file(&self) -> PathBuf {
        self.file_of(&self.from)
    }

    /// where it is to be,
    pub(super) fn new_file(&self) -> PathBuf {
        self.file_of(&self.to)
    }

    /// and where a copy of it comes to be.
    pub(super) fn copy_file(&self) -> PathBuf {
        self.to.with_file_name(id_name(&self.to, self.id, EXTENSION))
    }

    fn file_of(&self, target: &Path) -> PathBuf {
        if self.holder.is_some() { target.with_file_name(part_name(target)) } else { target.to_path_buf() }
    }

    fn note(state: &Path, id: TransferId) -> PathBuf {
        Checkpoint::path(state, id).with_extension(EXTENSION)
    }

    /// A note that can't be written costs only that a kill may leave something.
    fn save(&self) {
        let document = Document {
            from: path_text::encode(&self.from),
            to: path_text::encode(&self.to),
            holder: self.holder.map(|holder| holder.to_string()),
            file: self.file,
            copy: self.copy,
        };
        let path = Self::note(&self.state, self.id);
        let written = ron::to_string(&document)
            .map_err(io::Error::other)
            .and_then(|body| replace(&path, UNWRITTEN, KIND.seal(&body).as_bytes()));
        if let Err(why) = written {
            tracing::warn!("{}: {why}", path.display());
        }
    }

    fn load(state: &Path, id: TransferId) -> Option<Self> {
        let bytes = KIND.read(&Self::note(state, id)).ok()??;
        let document: Document = ron::from_str(KIND.unseal(&bytes).ok()?).ok()?;
        let Document { from, to, holder, file, copy } = document;
        let (from, to) = (path_text::decode(&from), path_text::decode(&to));
        let holder = holder.map(|holder| holder.parse()).transpose().ok()?;
        Some(Self { state: state.to_path_buf(), id, from, to, holder, file, copy })
    }

    /// The moves that programs have left that were killed.
    pub fn left(state: &Path) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(state.join("checkpoints")) else { return Vec::new() };
        let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        let ends = |path: &&PathBuf, with: &str| path.extension().is_some_and(|extension| extension == with);
        for unwritten in paths.iter().filter(|path| ends(path, UNWRITTEN)) {
            let _ = fs::remove_file(unwritten);
        }
        let notes = paths.iter().filter(|path| ends(path, EXTENSION));
        notes.filter_map(|path| Self::load(state, path.file_stem()?.to_str()?.parse().ok()?)).collect()
    }

    /// Whose move it is.
    pub fn id(&self) -> TransferId {
        self.id
    }

    /// Forgets a transfer's move to this place: the queue knows it.
    pub fn forget(state: &Path, id: TransferId, to: &Path) {
        if Self::load(state, id).is_some_and(|moving| moving.to == to) {
            Self::drop_note(state, id);
        }
    }

    /// Forgets it, whatever came of it.
    pub fn give_up(&self) {
        Self::drop_note(&self.state, self.id);
    }

    fn drop_note(state: &Path, id: TransferId) {
        let _ = fs::remove_file(Self::note(state, id));
    }

    /// Finishes a move that was cut short if the file, or a whole copy of it, has come to the new disk; else takes it back.
    /// Gives the target for which it is now; `None` if it is nowhere. Fails if somebody is writing the part file.
    pub fn settle(&self) -> Result<Option<PathBuf>, Fault> {
        let (old, new, copy) = (self.old_file(), self.new_file(), self.copy_file());
        let is_twofold = is_one_file(&old, &new);
        // A second lock on one file would be refused.
        let _held = (self.hold(&self.from)?, if is_twofold { None } else { self.hold(&self.to)? });
        let is_here = self.file.is_some() && mark(&old) == self.file;
        // Its original goes only once it has its name; one that was written to since is newer. Where none is to be seen, its disk
        // may be gone, and the copy is all that there is.
        let is_newest = is_here || mark(&old).is_none();
        let is_whole = is_newest && self.copy.is_some() && mark(&copy) == self.copy;
        let named = if is_whole { Some(rename_to_free(&copy, &new)) } else { None };
        match named {
            Some(Ok(())) => {}
            // It is all that there is to be seen: it waits for its name.
            Some(Err(why)) if !is_here => return Err(self.broken(&why)),
            Some(Err(_)) | None => drop(fs::remove_file(&copy)),
        }
        // A rename leaves nothing at the old place, and a link the same file.
        let is_moved = self.file.is_some() && mark(&new) == self.file && (!is_here || is_twofold);
        let is_copied = self.copy.is_some() && mark(&new) == self.copy;
        if is_moved || is_copied {
            self.conclude(is_here)?;
            return Ok(Some(self.to.clone()));
        }
        if mark(&old).is_none() {
            return Ok(None);
        }
        self.point_to(&self.from)?;
        Ok(Some(self.from.clone()))
    }

    /// Nobody else may write it meanwhile.
    fn hold(&self, target: &Path) -> Result<Option<PartFile>, Fault> {
        let is_there = self.holder.is_some() && standing(&self.file_of(target)) != Standing::Nothing;
        if is_there { PartFile::open(target).map(|(part, _)| Some(part)) } else { Ok(None) }
    }

    /// The file has come to its new place: that is made durable and noted, and only then it leaves the old one.
    fn conclude(&self, is_here: bool) -> Result<(), Fault> {
        let broken = |why| self.broken(&why);
        sync_folder(folder_of(&self.to)).map_err(broken)?;
        self.point_to(&self.to)?;
        if is_here {
            fs::remove_file(self.old_file()).map_err(broken)?;
        }
        match sync_folder(folder_of(&self.from)) {
            // It is gone with its disk, and nothing was done there.
            Err(why) if why.kind() == ErrorKind::NotFound && !is_here => Ok(()),
            synced => synced.map_err(broken),
        }
    }

    fn broken(&self, why: &io::Error) -> Fault {
        Fault::disk(self.to.display(), "moving it there", why)
    }

    /// The checkpoint is to tell of this target, if it tells of the other one.
    fn point_to(&self, target: &Path) -> Result<(), Fault> {
        let Some(holder) = self.holder else { return Ok(()) };
        let other = if target == self.to { &self.from } else { &self.to };
        let Some(mut checkpoint) = Checkpoint::load(&self.state, holder)?.filter(|held| held.target == *other) else {
            return Ok(());
        };
        checkpoint.target = target.to_path_buf();
        checkpoint.disk = lasting_disk_of(folder_of(target));
        let mut log = CheckpointLog::new(&self.state, holder);
        let written = CheckpointLog::write(log.path(), &Claim::of(&checkpoint)?)?;
        log.publish(written)?;
        CheckpointLog::sync(log.path())
    }
}
