//! What stands where a file is to go.

use std::fs;
use std::io::ErrorKind as Kind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::model::{Fault, FaultKind};

/// What stands at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A plain file.
    File {
        /// Its bytes.
        length: u64,
        /// When it was last written, in seconds and nanoseconds of the wall clock.
        modified: (i64, i64),
    },
    /// A folder, a link, a pipe or a device: nothing that haul would write over.
    Other,
}

/// What stands at this path; links are not followed. Where that can't be told it is no place for a file of ours.
pub fn standing(target: &Path) -> Standing {
    look(target).unwrap_or(Standing::Other)
}

/// The same; a disk that can't tell is a fault. Only one that says so has nothing there.
pub fn look(target: &Path) -> Result<Standing, Fault> {
    match fs::symlink_metadata(target) {
        Ok(meta) if meta.is_file() => {
            Ok(Standing::File { length: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()) })
        }
        Ok(_) => Ok(Standing::Other),
        // Nor can anything be called so.
        Err(why) if matches!(why.kind(), Kind::NotFound | Kind::NotADirectory | Kind::InvalidFilename) => {
            Ok(Standing::Nothing)
        }
        Err(why) => Err(Fault::disk(target.display(), "looking at what is there", &why)),
    }
}

/// The fault of a target that is taken.
pub(super) fn exists(target: &Path) -> Fault {
    let detail = if target.is_dir() {
        "is a folder by now, and no file can take its place; choose another folder for it with -d"
    } else {
        "exists already and is not haul's to continue; choose another name, or replace it with --overwrite"
    };
    Fault::new(FaultKind::Exists, target.display(), detail)
}

impl Standing {
    /// The fault of a target at which this stands.
    pub fn fault(self, target: &Path) -> Fault {
        match self {
            Self::Other => {
                let detail = "is a folder, a link or a device; haul writes only plain files";
                Fault::new(FaultKind::Exists, target.display(), detail)
            }
            Self::File { .. } | Self::Nothing => exists(target),
        }
    }
}
