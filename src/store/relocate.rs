//! Gives files another place: a finished one, or what there is of one that is not. Nothing is replaced, and nothing is
//! taken away from the old place before the new one is durable.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::atomic::{make_folder, sync_folder};
use super::checkpoint::{Checkpoint, CheckpointLog, Claim};
use super::name::part_name;
use super::sink::{PartFile, Standing, standing};
use crate::model::{Fault, FaultKind, TransferId};

/// So many bytes are copied at once.
const STEP: usize = 1 << 20;

/// True words for a place at which something stands already: nothing is moved there.
pub fn is_free(to: &Path) -> Result<(), Fault> {
    if standing(to) == Standing::Nothing { Ok(()) } else { Err(taken(to)) }
}

fn taken(to: &Path) -> Fault {
    let detail = "exists already, and nothing is moved over it; choose another name or folder";
    Fault::new(FaultKind::Exists, to.display(), detail)
}

/// Moves a finished file. To another disk it is copied, during which `go_on` is asked every MiB; false stops it with a fault
/// of kind `State`, and leaves the file where it was. Blocking.
pub fn move_finished(from: &Path, to: &Path, go_on: impl Fn() -> bool) -> Result<(), Fault> {
    if !matches!(standing(from), Standing::File { .. }) {
        return Err(Fault::new(FaultKind::Disk, from.display(), "is not there any more"));
    }
    make_room(to)?;
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Err(taken(to)),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if fs::hard_link(from, to).is_ok() => {
            fs::remove_file(from).map_err(|why| Fault::disk(from.display(), "moving it", &why))?;
        }
        Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => return copy_finished(from, to, go_on),
        Err(why) => return Err(Fault::disk(to.display(), "moving it there", &why.into())),
    }
    sync_both(from, to);
    Ok(())
}

fn copy_finished(from: &Path, to: &Path, go_on: impl Fn() -> bool) -> Result<(), Fault> {
    let broken = |why: io::Error| Fault::disk(to.display(), "copying it there", &why);
    let mut source = File::open(from).map_err(broken)?;
    let length = source.metadata().map_err(broken)?.len();
    let (part, existed) = PartFile::open(to)?;
    if existed {
        return Err(Fault::new(FaultKind::Busy, to.display(), "is being fetched by another transfer"));
    }
    let copied = copy(&mut source, part.path(), go_on).map_err(broken);
    let copied = copied.and_then(|whole| if whole { part.complete(length).map(|_| ()) } else { Err(stopped(from)) });
    match copied.and_then(|()| part.publish(false)) {
        Ok(()) => {}
        Err(fault) => {
            part.discard();
            return Err(if fault.kind == FaultKind::Exists { taken(to) } else { fault });
        }
    }
    sync_folder(to.parent().unwrap_or(Path::new("."))).map_err(broken)?;
    if let (Ok(meta), Ok(copy)) = (source.metadata(), File::open(to)) {
        // As the original has it; of no weight.
        let _ = meta.modified().and_then(|at| copy.set_modified(at));
    }
    fs::remove_file(from).map_err(|why| Fault::disk(from.display(), "deleting it there, after it was copied", &why))?;
    sync_both(from, to);
    Ok(())
}

/// Moves what is on disk of a transfer that does not run: its part file, and what its checkpoint says of the target. There
/// may be nothing.
pub fn move_partial(
    state: &Path,
    id: TransferId,
    from: &Path,
    to: &Path,
    go_on: impl Fn() -> bool,
) -> Result<(), Fault> {
    is_free(to)?;
    let Some(mut checkpoint) = Checkpoint::load(state, id)?.filter(|checkpoint| checkpoint.target == from) else {
        return Ok(());
    };
    let old = from.with_file_name(part_name(from));
    if standing(&old) == Standing::Nothing {
        return Ok(());
    }
    make_room(to)?;
    // Held until the end, so that nobody writes it meanwhile.
    let (held, _) = PartFile::open(from)?;
    held.sync()?;
    let new = to.with_file_name(part_name(to));
    let broken = |why: io::Error| Fault::disk(new.display(), "moving what has come there", &why);
    if standing(&new) != Standing::Nothing {
        return Err(Fault::new(FaultKind::Busy, to.display(), "is being fetched by another transfer"));
    }
    if fs::hard_link(&old, &new).is_err() {
        let copied = File::open(&old).and_then(|mut source| copy(&mut source, &new, go_on)).map_err(broken);
        if let Err(fault) = copied.and_then(|whole| if whole { Ok(()) } else { Err(stopped(from)) }) {
            let _ = fs::remove_file(&new);
            return Err(fault);
        }
    }
    sync_folder(new.parent().unwrap_or(Path::new("."))).map_err(broken)?;
    checkpoint.target = to.to_path_buf();
    if let Err(fault) = save(state, id, &checkpoint) {
        let _ = fs::remove_file(&new);
        return Err(fault);
    }
    held.discard();
    Ok(())
}

fn save(state: &Path, id: TransferId, checkpoint: &Checkpoint) -> Result<(), Fault> {
    let mut log = CheckpointLog::new(state, id);
    let written = CheckpointLog::write(log.path(), &Claim::of(checkpoint)?)?;
    log.publish(written)?;
    CheckpointLog::sync(log.path())
}

/// Copies a file, durably; false if it was stopped.
fn copy(source: &mut File, to: &Path, go_on: impl Fn() -> bool) -> io::Result<bool> {
    let mut target = File::options().write(true).create(true).truncate(false).open(to)?;
    let mut buffer = vec![0; STEP];
    loop {
        if !go_on() {
            return Ok(false);
        }
        match source.read(&mut buffer)? {
            0 => break,
            count => target.write_all(&buffer[..count])?,
        }
    }
    target.sync_all()?;
    Ok(true)
}

fn make_room(to: &Path) -> Result<(), Fault> {
    let folder = to.parent().unwrap_or(Path::new("."));
    make_folder(folder, 0o777).map_err(|why| Fault::disk(folder.display(), "making the folder", &why))
}

fn sync_both(from: &Path, to: &Path) {
    for folder in [to, from].into_iter().filter_map(Path::parent) {
        if let Err(why) = sync_folder(folder) {
            tracing::warn!("{}: the folder can't be synced: {why}", folder.display());
        }
    }
}

fn stopped(from: &Path) -> Fault {
    Fault::new(FaultKind::State, from.display(), "it was not moved, since haul was told to stop; it is where it was")
}
