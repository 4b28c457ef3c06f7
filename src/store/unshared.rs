//! Part files that are other files too: a hard link of one may be a finished file, or somebody's copy of a folder. Nothing is
//! written through such a link; the part file becomes a file of its own first.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::name::{copy_name, part_name};
use super::relocate;
use super::sink::PartFile;
use super::standing::{Standing, standing};
use crate::model::{Fault, FaultKind};

impl PartFile {
    /// Opens the part file of a target to begin it: it is empty. What was there is of no use to anyone; where it is another
    /// file too, that one stays as it is, and so does one that may be another program's, since there are no locks to tell: who
    /// writes that finds it gone from its place, and nobody writes into the other's.
    pub fn begin(target: &Path) -> Result<Self, Fault> {
        let (mut part, existed) = Self::open(target)?;
        if existed && (part.is_shared() || !part.is_locked()) {
            part.discard();
            let (own, existed) = Self::open(target)?;
            // What was just made is nobody else's, whatever the file system says of it.
            return if existed { Err(taken(&own)) } else { Ok(own) };
        }
        if existed {
            // Space that is only reserved holds nothing, but who can tell.
            part.emptied = part.file.metadata().map_or(0, |meta| meta.len().min(meta.blocks() * 512));
            part.clear()?;
        }
        Ok(part)
    }

    /// About how many bytes were in it when it was begun, which are gone.
    pub fn emptied(&self) -> u64 {
        self.emptied
    }

    /// The same part file, to go on with its bytes. Where it is another file too, a copy of it takes its place.
    pub fn unshared(self) -> Result<Self, Fault> {
        if !self.is_shared() {
            return Ok(self);
        }
        let copy = self.path().with_file_name(copy_name(self.target()));
        let copied = relocate::copy(self.path(), &copy, None, || true).map(drop);
        if let Err(why) = copied.and_then(|()| fs::rename(&copy, self.path())) {
            let _ = fs::remove_file(&copy);
            return Err(Fault::disk(self.path().display(), "making it a file of its own", &why));
        }
        Self::open(self.target()).map(|(own, _)| own)
    }

    /// Deletes the part file of a target, unless somebody writes it.
    pub fn delete(target: &Path) {
        let path = target.with_file_name(part_name(target));
        if standing(&path) != Standing::Nothing
            && let Ok(part) = Self::open_patiently(target)
        {
            part.discard();
        }
    }

    /// Takes away the part file's name of a file that is finished: a kill has left it, where the file system can't rename
    /// without replacing and gives a second name first.
    pub fn forget_name(target: &Path) {
        let path = target.with_file_name(part_name(target));
        if is_one_file(target, &path) {
            let _ = fs::remove_file(path);
        }
    }

    /// True if the file has another name too.
    fn is_shared(&self) -> bool {
        fs::symlink_metadata(self.path()).is_ok_and(|meta| meta.nlink() > 1)
    }
}

/// True if both names are names of one file.
pub(super) fn is_one_file(one: &Path, other: &Path) -> bool {
    let which = |path| fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
    which(one).is_some() && which(one) == which(other)
}

fn taken(part: &PartFile) -> Fault {
    let detail = "somebody has put another file in the place of haul's part file just now; run haul again";
    Fault::new(FaultKind::Busy, part.path().display(), detail)
}
