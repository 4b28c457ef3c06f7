//! What stands where a file is to go.

use std::fs;
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

/// What stands at this path; links are not followed.
pub fn standing(target: &Path) -> Standing {
    match fs::symlink_metadata(target) {
        Ok(meta) if meta.is_file() => {
            Standing::File { length: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()) }
        }
        Ok(_) => Standing::Other,
        Err(_) => Standing::Nothing,
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
