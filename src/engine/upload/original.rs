//! The file that is sent: opened once, and looked at again before anything is made of what was sent of it.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::download::blocking;
use crate::model::{Fault, FaultKind};

/// The file that is sent.
#[derive(Debug)]
pub(super) struct Original {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Its bytes,
    pub(super) length: u64,
    /// and when it was last written, in nanoseconds since 1970: as it was when it was opened.
    pub(super) modified: i64,
    /// Which file it is: the disk, and the number on it.
    identity: (u64, u64),
}

impl Original {
    /// Opens it, on a thread that may block.
    pub(super) async fn open(path: PathBuf) -> Result<Self, Fault> {
        blocking(move || Self::open_now(path)).await
    }

    fn open_now(path: PathBuf) -> Result<Self, Fault> {
        let broken = |why: &std::io::Error| Fault::disk(path.display(), "reading the file", why);
        // A pipe would be waited for.
        let met = std::fs::metadata(&path).map_err(|why| broken(&why))?;
        if !met.is_file() {
            let detail = if met.is_dir() { "it is a folder" } else { "it is no file that can be read in parts" };
            return Err(Fault::new(FaultKind::Disk, path.display(), detail));
        }
        let file = File::open(&path).map_err(|why| broken(&why))?;
        let met = file.metadata().map_err(|why| broken(&why))?;
        let (length, modified, identity) = (met.size(), written(&met), (met.dev(), met.ino()));
        Ok(Self { file, path, length, modified, identity })
    }

    /// Fails if the file is not what it was when it was opened, or another one stands in its place. Costs microseconds.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let open = self.file.metadata().map_err(|why| Fault::disk(self.path.display(), "reading the file", &why))?;
        let is_same = |met: &Metadata| {
            (met.size(), written(met), (met.dev(), met.ino())) == (self.length, self.modified, self.identity)
        };
        let stands = std::fs::metadata(&self.path).is_ok_and(|met| is_same(&met));
        if is_same(&open) && stands { Ok(()) } else { Err(changed(&self.path)) }
    }
}

/// The fault of a file that has changed while it was sent.
pub(super) fn changed(path: &Path) -> Fault {
    let detail = "the file has changed since its upload was begun, so that what was sent of it is of no use";
    Fault::new(FaultKind::SourceChanged, path.display(), detail)
}

fn written(met: &Metadata) -> i64 {
    met.mtime().saturating_mul(1_000_000_000).saturating_add(met.mtime_nsec())
}
