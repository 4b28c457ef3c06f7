//! Small files of haul's own: a seal (a RON comment with what it is, its version and the checksum of what follows), then
//! RON. Nothing is believed that the seal does not cover.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::atomic::read_own;
use super::ledger::seal;
use crate::model::{Fault, FaultKind};

/// What a sealed file is, and the newest version that this haul writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// The word in its seal.
    pub(super) word: &'static str,
    pub(super) version: u32,
    /// A file larger than this is not one of ours.
    pub(super) most: u64,
}

impl Kind {
    /// The file's text.
    pub(super) fn seal(self, body: &str) -> String {
        let Self { word, version, .. } = self;
        format!("// haul {word}, version {version}, crc64 {:016x}\n{body}", seal(body.as_bytes()))
    }

    /// What the seal of a file's bytes covers.
    pub(super) fn unseal(self, bytes: &[u8]) -> Result<&str, Unreadable> {
        let damaged = |why: &str| Unreadable::Damaged(why.to_owned());
        let text = std::str::from_utf8(bytes).map_err(|why| Unreadable::Damaged(why.to_string()))?;
        let (head, body) = text.split_once('\n').ok_or_else(|| damaged("no seal"))?;
        let head = head.strip_prefix("// haul ").and_then(|head| head.strip_prefix(self.word));
        let head = head.and_then(|head| head.strip_prefix(", version ")).ok_or_else(|| damaged("no seal"))?;
        let (version, rest) = head.split_once(", ").ok_or_else(|| damaged("no version"))?;
        match version.parse::<u32>() {
            Ok(version) if version > self.version => return Err(Unreadable::Newer(version)),
            Ok(version) if version == self.version => {}
            _ => return Err(damaged("no version")),
        }
        let sealed = rest.strip_prefix("crc64 ").and_then(|sum| u64::from_str_radix(sum, 16).ok());
        if sealed != Some(seal(body.as_bytes())) {
            return Err(damaged("the checksum differs"));
        }
        Ok(body)
    }

    /// The bytes of such a file; `None` if there is none.
    pub(super) fn read(self, path: &Path) -> Result<Option<Vec<u8>>, Unreadable> {
        read_own(path, self.most).map_err(|why| match why.kind() {
            ErrorKind::InvalidData => Unreadable::Damaged(why.to_string()),
            _ => Unreadable::Unread(why.to_string()),
        })
    }

    /// What `parse` makes of such a file. `None` if there is none, or if it is damaged: then it is set aside. One of a newer
    /// haul is refused and kept, and so is one that can't be read just now.
    pub(super) fn load<T>(
        self,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, Fault> {
        let detail = match self.read(path).and_then(|bytes| bytes.map(|bytes| parse(&bytes)).transpose()) {
            Ok(found) => return Ok(found),
            Err(Unreadable::Newer(version)) => {
                format!("it was written by a newer haul (version {version}); this one leaves it alone")
            }
            Err(Unreadable::Unread(why)) => format!("can't be read: {why}"),
            Err(Unreadable::Damaged(why)) => {
                tracing::warn!("{}: damaged ({why}), set aside", path.display());
                let _ = fs::rename(path, path.with_extension("damaged"));
                return Ok(None);
            }
        };
        Err(Fault::new(FaultKind::State, path.display(), detail))
    }
}

/// Why the bytes of a sealed file are none that can be used.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A haul wrote them that is newer than this one; its version of the format.
    Newer(u32),
    /// They are not as they were written, and why that is known.
    Damaged(String),
    /// The system could not read them, and why: they may be as they were written.
    Unread(String),
}
