//! Small files of haul's own: a seal (a RON comment with what it is, its version and the checksum of what follows), then
//! RON. Nothing is believed that the seal does not cover.

use std::io::ErrorKind;
use std::path::Path;

use super::atomic::read_own;
use super::checkpoint::Unreadable;
use super::ledger::seal;

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
}
