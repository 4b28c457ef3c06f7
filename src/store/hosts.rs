//! What hosts were found to bear, from one run to the next: `hosts.ron` in a state folder. Names of hosts and numbers,
//! never a URL.
//!
//! A seal (a RON comment with version and checksum), then the limits, one a line. Written as a whole: a temporary file,
//! fsync, rename, fsync of the folder. Several processes may write: each reads, adds and writes under the folder's own
//! lock, so that no file is needed for it. Nothing depends on this file: what can't be read is as good as nothing, and
//! what can't be written soon is not written.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{folder_of, lock_folder, private_folder, replace};
use super::sealed::{Kind, Unreadable};
use crate::model::HostLimit;

const KIND: Kind = Kind { word: "hosts", version: 1, most: 256 << 10 };

/// A limit as it is stored: host, connections, seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Stored(String, u16, u64);

/// The file of a state folder.
#[derive(Clone, Debug)]
pub struct HostLimits {
    path: PathBuf,
}

impl HostLimits {
    /// The file of this state folder; nothing is read or made yet.
    pub fn of(state: &Path) -> Self {
        Self { path: state.join("hosts.ron") }
    }

    /// What is remembered. A file that can't be used is told to the log and counts as none.
    pub fn load(&self) -> Vec<HostLimit> {
        self.read().unwrap_or_else(|why| {
            tracing::warn!("{}: not used: {why:?}", self.path.display());
            Vec::new()
        })
    }

    /// Reads, changes and writes it durably, while no other process does. A damaged one is replaced, one of a newer
    /// haul is left alone. A failure is told to the log and costs nothing else.
    pub fn update(&self, change: impl FnOnce(Vec<HostLimit>) -> Vec<HostLimit>) {
        if let Err(why) = self.try_update(change) {
            tracing::warn!("{}: not written: {why}", self.path.display());
        }
    }

    fn try_update(&self, change: impl FnOnce(Vec<HostLimit>) -> Vec<HostLimit>) -> io::Result<()> {
        let folder = folder_of(&self.path);
        private_folder(folder)?;
        let lock = lock_folder(folder)?;
        let known = match self.read() {
            Err(Unreadable::Newer(version)) => {
                return Err(io::Error::other(format!("it is of a newer haul (version {version})")));
            }
            Err(Unreadable::Unread(why)) => return Err(io::Error::other(why)),
            read => read.unwrap_or_default(),
        };
        let text = Self::text(&change(known)).map_err(io::Error::other)?;
        // Where there are no locks the last one to write wins: none may rename what another one is writing.
        let beside = if lock.is_some() { "new".to_owned() } else { format!("new.{}", std::process::id()) };
        replace(&self.path, &beside, text.as_bytes())
    }

    fn read(&self) -> Result<Vec<HostLimit>, Unreadable> {
        KIND.read(&self.path)?.map_or_else(|| Ok(Vec::new()), |bytes| Self::parse(&bytes))
    }

    fn text(limits: &[HostLimit]) -> Result<String, ron::Error> {
        let mut body = String::from("[\n");
        for limit in limits {
            let line = ron::to_string(&Stored(limit.host.clone(), limit.allowed, limit.at))?;
            let _ = writeln!(body, "{line},");
        }
        body.push_str("]\n");
        Ok(KIND.seal(&body))
    }

    /// Reads the bytes of the file. Nothing is believed that its seal does not cover.
    pub fn parse(bytes: &[u8]) -> Result<Vec<HostLimit>, Unreadable> {
        let stored: Vec<Stored> =
            ron::from_str(KIND.unseal(bytes)?).map_err(|why| Unreadable::Damaged(why.to_string()))?;
        Ok(stored.into_iter().map(|Stored(host, allowed, at)| HostLimit { host, allowed, at }).collect())
    }
}
