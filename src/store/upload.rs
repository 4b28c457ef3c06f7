//! What survives a crash of an upload: one small file each, `uploads/<id>.ron`. The parts are at the store; here stands which
//! upload of which file they are, and what was sent in them.
//!
//! It is written before the first part is sent, so that no parts are left that nobody knows, and about once a second
//! then. A part that it does not name is compared with the store's own word for it; a lost file costs a list of uploads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{private_folder, sync_folder, write_beside};
use super::checkpoint::Unreadable;
use super::path_text;
use super::sealed::Kind;
use crate::model::{Checksum, Fault, FaultKind, TransferId};

/// Ten thousand parts with their checksums are some hundred KiB.
const KIND: Kind = Kind { word: "upload", version: 1, most: 64 << 20 };

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
    pub modified: i128,
    /// The store's id of the upload.
    pub upload: String,
    /// Bytes of each part but the last.
    pub part_size: u64,
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
    modified: i128,
    upload: String,
    part_size: u64,
    parts: Vec<(u32, String, String)>,
}

impl UploadCheckpoint {
    /// Where the checkpoint of a transfer is kept.
    pub fn path(state: &Path, id: TransferId) -> PathBuf {
        state.join("uploads").join(format!("{id}.ron"))
    }

    /// Reads a transfer's checkpoint. `Ok(None)` if there is none; a damaged one is set aside, for the store knows the
    /// parts; one of a newer haul is refused and kept.
    pub fn load(state: &Path, id: TransferId) -> Result<Option<Self>, Fault> {
        let path = Self::path(state, id);
        let read = KIND.read(&path).and_then(|bytes| bytes.map(|bytes| Self::parse(&bytes)).transpose());
        match read {
            Ok(found) => Ok(found),
            Err(Unreadable::Newer(version)) => {
                let detail = format!("it was written by a newer haul (version {version}); this one leaves it alone");
                Err(Fault::new(FaultKind::State, path.display(), detail))
            }
            Err(Unreadable::Damaged(why)) => {
                tracing::warn!("{}: damaged ({why}), set aside", path.display());
                let _ = fs::rename(&path, path.with_extension("damaged"));
                Ok(None)
            }
        }
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
            parts: document.parts.into_iter().filter_map(part).collect(),
        })
    }

    /// Writes it durably in the place of the one before.
    pub fn save(&self, state: &Path, id: TransferId) -> Result<(), Fault> {
        let path = Self::path(state, id);
        self.write(&path).map_err(|why| Fault::disk(path.display(), "saving the checkpoint", &why))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        let (temporary, _) = write_beside(path, "new", self.text()?.as_bytes())?;
        fs::rename(temporary, path)?;
        sync_folder(folder)
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
            parts: parts.collect(),
        };
        Ok(KIND.seal(&ron::to_string(&document).map_err(io::Error::other)?))
    }

    /// Forgets a transfer's checkpoint.
    pub fn remove(state: &Path, id: TransferId) {
        let path = Self::path(state, id);
        for file in ["ron", "new", "damaged"] {
            let _ = fs::remove_file(path.with_extension(file));
        }
    }
}
