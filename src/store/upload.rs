//! What survives a crash of an upload: one small file each, `uploads/<16 hex digits>.ron`, named by the place and the file,
//! so that the same order finds it again. The parts are at the store; here stands which upload they are of, and what was
//! sent in them.
//!
//! It is written before the first part is sent, so that no parts are left that nobody knows, and about once a second
//! then. A part that it does not name is compared with the store's own word for it; a lost file costs a list of uploads.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::atomic::{folder_of, private_file, private_folder, replace, sync_folder};
use super::ledger::seal;
use super::path_text;
use super::sealed::{Kind, Unreadable};
use crate::model::{Checksum, Fault, FaultKind, Header, Upload};

/// Ten thousand parts with their checksums are some hundred KiB.
const KIND: Kind = Kind { word: "upload", version: 1, most: 64 << 20 };

/// A file of this ending beside a checkpoint says that nobody wants its upload any more.
const LEAVING: &str = "leaving";

/// An upload in parts that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadCheckpoint {
    /// Where it goes.
    pub url: String,
    /// The file.
    pub file: PathBuf,
    /// The file's bytes when the upload was begun,
    pub length: u64,
    /// and when it was last written, in nanoseconds since 1970.
    pub modified: i64,
    /// The store's id of the upload.
    pub upload: String,
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// What the object is to be like, by `asked`; `None` in a record of an older haul.
    pub asked: Option<String>,
    /// What was sent.
    pub parts: Vec<SentPart>,
}

/// A part that was sent, and taken by the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPart {
    /// Its number, from 1.
    pub number: u32,
    /// What the store calls it.
    pub etag: String,
    /// What its bytes hash to.
    pub sum: Checksum,
}

/// The checkpoint as it is written; live types are never serialised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    url: String,
    file: String,
    length: u64,
    modified: i64,
    upload: String,
    part_size: u64,
    #[serde(default)]
    asked: Option<String>,
    parts: Vec<(u32, String, String)>,
}

impl UploadCheckpoint {
    /// Where the checkpoint of the upload of a file to a place is kept.
    pub fn path(state: &Path, url: &str, file: &Path) -> PathBuf {
        let key = seal(format!("{url}\n{}", path_text::encode(file)).as_bytes());
        state.join("uploads").join(format!("{key:016x}.ron"))
    }

    /// What an object is to be like, as one word that tells nothing of the headers' values: a store settles it when an upload
    /// begins.
    pub fn asked(upload: &Upload, headers: &[Header]) -> String {
        let mut sum = Sha256::new();
        for text in [&upload.content_type, &upload.storage_class] {
            sum.update(format!("{text:?}\n"));
        }
        for header in headers {
            sum.update(format!("{:?}\n", (header.name.to_ascii_lowercase(), &header.value)));
        }
        sum.finalize().iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// Reads the checkpoint that is kept there. `Ok(None)` if there is none; a damaged one is set aside, for the store knows the
    /// parts; one of a newer haul is refused and kept, and so is one that can't be read just now.
    pub fn load(path: &Path) -> Result<Option<Self>, Fault> {
        KIND.load(path, Self::parse)
    }

    /// Reads the bytes of a checkpoint's file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |why: &str| Unreadable::Damaged(why.to_owned());
        let text = KIND.unseal(bytes)?;
        let document: Document = ron::from_str(text).map_err(|why| Unreadable::Damaged(why.to_string()))?;
        if document.part_size == 0 {
            return Err(damaged("its parts are empty"));
        }
        let part = |(number, etag, sum): (u32, String, String)| Some(SentPart { number, etag, sum: sum.parse().ok()? });
        Ok(Self {
            url: document.url,
            file: path_text::decode(&document.file),
            length: document.length,
            modified: document.modified,
            upload: document.upload,
            part_size: document.part_size,
            asked: document.asked,
            parts: document.parts.into_iter().filter_map(part).collect(),
        })
    }

    /// Writes it durably in the place of the one before.
    pub fn save(&self, path: &Path) -> Result<(), Fault> {
        self.write(path).map_err(|why| of_state(path, "saving the checkpoint", &why))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        replace(path, "new", self.text()?.as_bytes())
    }

    fn text(&self) -> io::Result<String> {
        let parts = self.parts.iter().map(|part| (part.number, part.etag.clone(), part.sum.to_string()));
        let document = Document {
            url: self.url.clone(),
            file: path_text::encode(&self.file),
            length: self.length,
            modified: self.modified,
            upload: self.upload.clone(),
            part_size: self.part_size,
            asked: self.asked.clone(),
            parts: parts.collect(),
        };
        Ok(KIND.seal(&ron::to_string(&document).map_err(io::Error::other)?))
    }

    /// Forgets it.
    pub fn remove(path: &Path) {
        for file in ["ron", "new", "damaged", LEAVING] {
            let _ = fs::remove_file(path.with_extension(file));
        }
    }

    /// Says beside the one that is kept there that its parts are to be freed, should haul be killed before they are.
    pub fn leaves(path: &Path) {
        if path.exists() {
            let _ = private_file().write(true).create(true).truncate(true).open(path.with_extension(LEAVING));
            // Before the queue says that the upload is gone: nobody else would free what is paid for.
            let _ = sync_folder(folder_of(path));
        }
    }

    /// Its parts are wanted after all.
    pub fn stays(path: &Path) {
        let _ = fs::remove_file(path.with_extension(LEAVING));
    }

    /// Those whose parts were to be freed by a haul that was killed.
    pub fn left(state: &Path) -> Vec<Self> {
        let Ok(folder) = fs::read_dir(state.join("uploads")) else { return Vec::new() };
        let paths = folder.filter_map(|entry| Some(entry.ok()?.path()));
        let leaving = paths.filter(|path| path.extension().is_some_and(|extension| extension == LEAVING));
        leaving.filter_map(|path| Self::load(&path.with_extension("ron")).ok().flatten()).collect()
    }
}

/// The fault of haul's own folder; a full one is as any full disk.
fn of_state(path: &Path, doing: &str, why: &io::Error) -> Fault {
    match Fault::disk(path.display(), doing, why) {
        full @ Fault { kind: FaultKind::DiskFull, .. } => full,
        fault => Fault::new(FaultKind::State, fault.subject, format!("{doing} failed: {why}")),
    }
}

/// The right to send a file to a place: no other process has it at the same time. Given back when it is dropped.
#[derive(Debug)]
pub struct UploadLock {
    path: PathBuf,
    file: File,
    was_left: bool,
}

impl UploadLock {
    /// The file that is locked, beside the upload's checkpoint.
    pub fn path(checkpoint: &Path) -> PathBuf {
        checkpoint.with_extension("lock")
    }

    /// Takes it, beside the upload's checkpoint. `None` if another process has it.
    pub fn take(checkpoint: &Path) -> Result<Option<Self>, Fault> {
        let path = Self::path(checkpoint);
        Self::try_take(&path).map_err(|why| of_state(&path, "taking the upload's lock", &why))
    }

    fn try_take(path: &Path) -> io::Result<Option<Self>> {
        private_folder(folder_of(path))?;
        loop {
            let was_left = path.exists();
            let file = private_file().write(true).create(true).truncate(false).open(path)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                // Where there are no locks nobody can be kept out.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // Its last holder may have deleted it in between: then others would lock another file.
            let held = file.metadata()?;
            if fs::metadata(path).is_ok_and(|met| (met.dev(), met.ino()) == (held.dev(), held.ino())) {
                return Ok(Some(Self { path: path.to_path_buf(), file, was_left }));
            }
        }
    }
}

impl UploadLock {
    /// True if its last holder did not give it back: that one was killed, or the machine went down.
    pub fn was_left(&self) -> bool {
        self.was_left
    }
}

impl Drop for UploadLock {
    fn drop(&mut self) {
        // While it is still held, or it could be another one's by now.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}
