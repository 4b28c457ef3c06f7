//! Gives files another place: a finished one, or what there is of one that is not. Nothing is replaced, and nothing is
//! taken away from the old place before the new one is durable.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::atomic::{folder_of, make_folder, rename_to_free, sync_folder, sync_folder_or_warn};
use super::checkpoint::{Checkpoint, CheckpointLog, Claim};
use super::history::History;
use super::moving::Moving;
use super::name::part_name;
use super::room::lasting_disk_of;
use super::sink::PartFile;
use super::standing::{Standing, standing};
use crate::model::{ByteRange, Fault, FaultKind, RangeSet, TransferId};

/// So many bytes are copied at once.
const STEP: usize = 1 << 20;

/// A fault of kind `Exists` for a place at which something stands already: nothing is moved there.
pub fn check_free(to: &Path) -> Result<(), Fault> {
    if standing(to) == Standing::Nothing { Ok(()) } else { Err(taken(to)) }
}

fn taken(to: &Path) -> Fault {
    let detail = "exists already, and nothing is moved over it; choose another name or folder";
    Fault::new(FaultKind::Exists, to.display(), detail)
}

/// Moves a transfer's finished file. To another disk it is copied, during which `go_on` is asked every MiB; false stops it with
/// a fault of kind `State`, and leaves the file where it was. The move is noted until `Moving::forget`. Blocking.
pub fn move_finished(
    state: &Path,
    id: TransferId,
    from: &Path,
    to: &Path,
    go_on: impl Fn() -> bool,
) -> Result<(), Fault> {
    if !matches!(standing(from), Standing::File { .. }) {
        return Err(Fault::new(FaultKind::Disk, from.display(), "is not there any more"));
    }
    check_free(to)?;
    make_room(to)?;
    let mut moving = Moving::begin(state, id, from, to, None);
    let carried = carry(&mut moving, None, go_on);
    let carried = carried.inspect_err(|_| moving.give_up()).map_err(|why| why.fault(from, || taken(to)))?;
    leave(&moving).inspect_err(|_| take_back(&moving))?;
    drop(carried);
    History::of(state).moved(from, to);
    Ok(())
}

/// Moves what is on disk of a transfer that does not run: its part file, and what its checkpoint says of the target; or that of
/// an earlier transfer, if `is_ours` says so of its URL. There may be nothing. The move is noted until `Moving::forget`.
/// Blocking.
pub fn move_partial(
    state: &Path,
    id: TransferId,
    (from, to): (&Path, &Path),
    is_ours: impl Fn(&str) -> bool,
    go_on: impl Fn() -> bool,
) -> Result<(), Fault> {
    check_free(to)?;
    let Some((holder, mut checkpoint)) = Checkpoint::of(state, id, from)? else {
        // Bytes of which nothing is known are of no use to anyone.
        PartFile::delete(from);
        return Ok(());
    };
    let old = from.with_file_name(part_name(from));
    if standing(&old) == Standing::Nothing || holder != id && !is_ours(&checkpoint.url) {
        return Ok(());
    }
    make_room(to)?;
    // Held until the end, so that nobody writes it meanwhile.
    let _held = PartFile::open_patiently(from)?;
    make_way(state, to)?;
    let synced = File::open(&old).and_then(|file| file.sync_all());
    synced.map_err(|why| Fault::disk(old.display(), "syncing", &why))?;
    checkpoint.target = to.to_path_buf();
    checkpoint.disk = lasting_disk_of(folder_of(to));
    let mut log = CheckpointLog::new(state, holder);
    // As far as that may fail, before anything is moved.
    let written = CheckpointLog::write(log.path(), &Claim::of(&checkpoint)?)?;
    let mut moving = Moving::begin(state, id, from, to, Some(holder));
    let come = checkpoint.ledger.done();
    let carried = carry(&mut moving, Some(&come), go_on).inspect_err(|_| {
        moving.give_up();
        let _ = fs::remove_file(&written.0);
    });
    let carried = carried.map_err(|why| why.fault(from, || waited_for(to)))?;
    // Before the checkpoint says so, which may be on another disk.
    sync_both(&moving);
    log.publish(written).inspect_err(|_| take_back(&moving))?;
    if let Err(why) = CheckpointLog::sync(log.path()) {
        tracing::warn!("{why}");
    }
    if let Err(why) = leave(&moving) {
        tracing::warn!("{why}");
    }
    drop(carried);
    Ok(())
}

/// Why a file could not be carried.
enum Uncarried {
    Stopped,
    Changed,
    Broken(PathBuf, io::Error),
}

impl Uncarried {
    fn fault(self, from: &Path, taken: impl Fn() -> Fault) -> Fault {
        match self {
            Self::Stopped => stopped(from),
            Self::Changed => changed(from),
            Self::Broken(_, why) if why.kind() == io::ErrorKind::AlreadyExists => taken(),
            Self::Broken(to, why) => Fault::disk(to.display(), "moving it there", &why),
        }
    }
}

/// Has the file at its new place too, or only there. A copy is locked as long as what is given back is held: nobody is to take it
/// for what is left of a transfer that nobody knows. To another disk go only these bytes, if they are given.
fn carry(moving: &mut Moving, come: Option<&RangeSet>, go_on: impl Fn() -> bool) -> Result<Option<File>, Uncarried> {
    let (old, new, beside) = (moving.old_file(), moving.new_file(), moving.copy_file());
    let broken = |why| Uncarried::Broken(new.clone(), why);
    match rename_to_free(&old, &new) {
        Err(why) if why.kind() == io::ErrorKind::CrossesDevices => {}
        renamed => return renamed.map(|()| None).map_err(broken),
    }
    let copied = copy(&old, &beside, come, go_on).map_err(broken).and_then(|copied| copied.ok_or(Uncarried::Stopped));
    let named = copied.and_then(|copied| {
        moving.copied();
        if !moving.is_as_noted() {
            return Err(Uncarried::Changed);
        }
        rename_to_free(&beside, &new).map_err(broken)?;
        let synced = sync_folder(folder_of(&new));
        synced.inspect_err(|_| drop(fs::remove_file(&new))).map_err(broken)?;
        Ok(Some(copied))
    });
    named.inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// Copies a file, durably, with its mode and the time at which it was last written; `None` if it was stopped. Until it is
/// whole nobody else can read the copy. Of one whose space is reserved and that has not all come, only these bytes count.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    come: Option<&RangeSet>,
    go_on: impl Fn() -> bool,
) -> io::Result<Option<File>> {
    let source = File::open(from)?;
    // What a killed program has left of an earlier copy.
    match fs::remove_file(to) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let target = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    let all = [ByteRange::new(0, u64::MAX)];
    for range in come.map_or(&all[..], RangeSet::ranges) {
        if !copy_range(&source, &target, *range, &go_on)? {
            return Ok(None);
        }
    }
    let meta = source.metadata()?;
    // Of no weight where they can't be kept: then it is the owner's alone.
    let _ = target.set_permissions(Permissions::from_mode(meta.mode() & 0o777));
    let _ = meta.modified().and_then(|at| target.set_modified(at));
    target.sync_all()?;
    let _ = target.try_lock();
    Ok(Some(target))
}

/// Copies these bytes, as far as there are so many; false if it was stopped.
fn copy_range(source: &File, target: &File, range: ByteRange, go_on: impl Fn() -> bool) -> io::Result<bool> {
    let (mut buffer, mut at) = (vec![0; STEP], range.start);
    while at < range.end {
        if !go_on() {
            return Ok(false);
        }
        let most = usize::try_from(range.end - at).map_or(STEP, |left| left.min(STEP));
        let count = source.read_at(&mut buffer[..most], at)?;
        if count == 0 {
            break;
        }
        target.write_all_at(&buffer[..count], at)?;
        at += count as u64;
    }
    Ok(true)
}

/// What has come to its new place, durably, leaves the old one.
fn leave(moving: &Moving) -> Result<(), Fault> {
    let old = moving.old_file();
    if moving.is_copied() {
        // What came after the last look is in the copy, or is seen now.
        if !moving.is_as_noted() {
            return Err(changed(&old));
        }
        let deleted = fs::remove_file(&old);
        deleted.map_err(|why| Fault::disk(old.display(), "deleting it there, after it was copied", &why))?;
    }
    sync_both(moving);
    Ok(())
}

fn sync_both(moving: &Moving) {
    let (old, new) = (moving.old_file(), moving.new_file());
    for folder in [&new, &old].into_iter().filter_map(|path| path.parent()) {
        sync_folder_or_warn(folder);
    }
}

/// It is where it was, and nowhere else.
fn take_back(moving: &Moving) {
    let (old, new) = (moving.old_file(), moving.new_file());
    let back = if moving.is_copied() { fs::remove_file(&new) } else { rename_to_free(&new, &old) };
    match back {
        Ok(()) => moving.give_up(),
        Err(why) => tracing::warn!("{}: {why}", new.display()),
    }
}

/// True words for a place to which what there is of a file can't go: something stands there, another transfer fetches it, or
/// its folder can't be made. That it can is no promise, as the disk may change; to be looked at before a transfer is stopped
/// for a move, which costs it its connections.
pub fn could_go(state: &Path, to: &Path) -> Result<(), Fault> {
    check_free(to)?;
    in_the_way(state, to)?;
    let folder = folder_of(to);
    let above = folder.ancestors().find(|above| above.symlink_metadata().is_ok());
    // Only in a folder another can be made.
    let allowed = above.map(|above| match above.metadata() {
        Ok(met) if !met.is_dir() => Err(rustix::io::Errno::NOTDIR.into()),
        Ok(_) => access(above, Access::WRITE_OK | Access::EXEC_OK).map_err(Into::into),
        Err(why) => Err(why),
    });
    allowed.unwrap_or(Ok(())).map_err(|why| Fault::disk(folder.display(), "making the folder", &why))
}

/// What is in the place of the part file goes if nobody writes it, and no checkpoint knows its bytes: it is what a program
/// has left that was killed.
fn make_way(state: &Path, to: &Path) -> Result<(), Fault> {
    if let Some(part) = in_the_way(state, to)? {
        part.discard();
    }
    Ok(())
}

/// What is in the place of the part file, of which nobody knows; fails if somebody does.
fn in_the_way(state: &Path, to: &Path) -> Result<Option<PartFile>, Fault> {
    if standing(&to.with_file_name(part_name(to))) == Standing::Nothing {
        return Ok(None);
    }
    let detail = "is being fetched by another transfer; choose another name or folder";
    let fetched =
        |fault: Fault| if fault.kind == FaultKind::Busy { Fault { detail: detail.to_owned(), ..fault } } else { fault };
    let (part, _) = PartFile::open(to).map_err(fetched)?;
    if Checkpoint::find(state, to)?.is_some() { Err(waited_for(to)) } else { Ok(Some(part)) }
}

/// The fault of a target for which another transfer has bytes.
fn waited_for(to: &Path) -> Fault {
    let detail = "another transfer has a part of its file there; choose another name or folder, or remove that one";
    Fault::new(FaultKind::Busy, to.display(), detail)
}

fn make_room(to: &Path) -> Result<(), Fault> {
    let folder = folder_of(to);
    make_folder(folder, 0o777).map_err(|why| Fault::disk(folder.display(), "making the folder", &why))
}

fn changed(from: &Path) -> Fault {
    let detail = "was changed while it was copied; it is where it was, as it is now: move it once nobody writes to it";
    Fault::new(FaultKind::Disk, from.display(), detail)
}

fn stopped(from: &Path) -> Fault {
    Fault::new(FaultKind::State, from.display(), "it was not moved, since haul was told to stop; it is where it was")
}
