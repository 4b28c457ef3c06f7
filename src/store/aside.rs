//! Partial data of a removed transfer, out of everyone's way until it is deleted or wanted back: the part file and the
//! checkpoint have other names for that time, so that a new transfer of the same file meets neither.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::atomic::{folder_of, read_own, rename_to_free, sync_folder_or_warn};
use super::checkpoint::{Checkpoint, KIND};
use super::files::open_files;
use super::name::{id_name, part_name};
use super::sealed::Unreadable;
use super::sink::PartFile;
use super::standing::{Standing, look, standing};
use crate::model::{Fault, TransferId};

/// What is set aside has this at the end of its name.
const EXTENSION: &str = "removed";
/// So many part files are held at once, and no more than such a share of all files that may be open.
const AT_ONCE: usize = 32;
const SHARE: usize = 16;

/// The partial data of one removed transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    state: PathBuf,
    id: TransferId,
    target: Option<PathBuf>,
    /// True if a part file goes with it for sure, or may be on a disk that is away: that it is not to be seen says nothing then.
    has_part: bool,
}

/// What became of a part file that was to be deleted.
enum Part<'a> {
    /// There was none.
    None,
    /// It is gone from this folder.
    DeletedIn(&'a Path),
    /// It is not to be seen or can't be deleted, and may be there all the same.
    Away,
}

/// What is about to be set aside: the part file, held so that nobody writes it meanwhile.
struct Leaving {
    aside: Aside,
    part: Option<PartFile>,
    is_noted: bool,
}

impl Aside {
    /// Sets aside what there is of transfers. Beside each stands where its finished file was to be, should there be no
    /// checkpoint that says so; `None` of both means that nothing is on disk. What an earlier transfer has left there goes
    /// with it, if `is_ours` says so of that one and its URL. A part file that somebody writes stays where it is.
    ///
    /// The checkpoint goes first, durably: by it `left` finds the part file, wherever that is after a kill or a power cut.
    pub fn set(
        state: &Path,
        removed: &[(TransferId, Option<PathBuf>)],
        is_ours: impl Fn(TransferId, (TransferId, &str)) -> bool,
    ) -> Vec<Self> {
        // Most of a long queue has never begun, and is not asked for one by one.
        let any = Checkpoint::any(state).ok();
        let may_have = |id: &TransferId| any.as_ref().is_none_or(|any| any.contains(id));
        let mut asides = Vec::with_capacity(removed.len());
        for some in removed.chunks((open_files() / SHARE).clamp(1, AT_ONCE)) {
            let begin = |(id, target): &(TransferId, Option<PathBuf>)| {
                let own = if may_have(id) { Checkpoint::load(state, *id) } else { Ok(None) };
                let leaving = Self::begin(state, (*id, &own), target.as_deref(), |left| is_ours(*id, left));
                if may_have(id) && matches!(own, Ok(None)) {
                    // Of generations that were none.
                    Checkpoint::remove(state, *id);
                }
                leaving
            };
            let leaving: Vec<Leaving> = some.iter().map(begin).collect();
            if leaving.iter().any(|leaving| leaving.is_noted) {
                sync_folder_or_warn(&state.join("checkpoints"));
            }
            asides.extend(leaving.into_iter().map(Leaving::finish));
        }
        asides
    }

    /// Gives the checkpoint its other name. One that can't be read just now is none the less there, and holds what it holds.
    fn begin(
        state: &Path,
        (id, own): (TransferId, &Result<Option<Checkpoint>, Fault>),
        target: Option<&Path>,
        is_ours: impl Fn((TransferId, &str)) -> bool,
    ) -> Leaving {
        let noted = own.as_ref().ok().and_then(Option::as_ref).map(|own| own.target.clone());
        let target = noted.or_else(|| target.map(Path::to_path_buf));
        let part = target.as_deref().and_then(held);
        let aside = Self { state: state.to_path_buf(), id, target, has_part: part.is_some() };
        let holder = match (own, &part) {
            (Ok(None), Some(part)) => left_by(state, part, is_ours),
            (Ok(None), None) => None,
            (Ok(Some(_)) | Err(_), _) => Some(id),
        };
        let is_noted = holder.is_some_and(|holder| aside.note(holder));
        Leaving { aside, part, is_noted }
    }

    /// The checkpoint of this transfer becomes the note; false if it stays where it is.
    fn note(&self, holder: TransferId) -> bool {
        let (path, note) = (Checkpoint::path(&self.state, holder), self.checkpoint());
        let is_noted = fs::rename(&path, &note).is_ok() || fs::rename(path.with_extension("old"), &note).is_ok();
        if is_noted {
            Checkpoint::remove(&self.state, holder);
        }
        is_noted
    }

    /// What programs have left that were killed before they could delete it.
    pub fn left(state: &Path) -> Vec<(TransferId, Self)> {
        let Ok(folder) = fs::read_dir(state.join("checkpoints")) else { return Vec::new() };
        let paths = folder.filter_map(|entry| Some(entry.ok()?.path()));
        let removed = paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        let found = removed.filter_map(|path| {
            let id = path.file_stem()?.to_str()?.parse().ok()?;
            let noted = noted(&path).ok()?;
            // On its own disk it may have been deleted right before a power cut brought the note back.
            let has_part = noted.as_ref().is_some_and(Checkpoint::is_elsewhere);
            Some((id, Self { state: state.to_path_buf(), id, has_part, target: noted.map(|noted| noted.target) }))
        });
        found.collect()
    }

    /// Puts it back where it was, unless something else is there by now; then it is deleted. Where that can't be known, the note
    /// stays, and the next start finds both by it.
    pub fn put_back(self) {
        if let Some((target, held)) = self.part() {
            let part = target.with_file_name(part_name(target));
            let is_back = rename_to_free(&held, &part).is_ok();
            match look(&held) {
                Ok(Standing::Nothing) if self.has_part && standing(&part) == Standing::Nothing => {
                    return tracing::warn!("{}: it is not to be seen; its disk may be away", part.display());
                }
                Ok(Standing::Nothing) => {}
                Ok(_) => return Self::delete([self]),
                Err(why) => return tracing::warn!("{why}"),
            }
            // Durably, while the note still finds it where it was.
            if is_back {
                sync_folder_or_warn(folder_of(target));
            }
        }
        let _ = fs::rename(self.checkpoint(), Checkpoint::path(&self.state, self.id));
    }

    /// Deletes them. Their notes go last, once nothing is left that would be found by them; where that can't be known they stay,
    /// and the next start finds both.
    pub fn delete(asides: impl IntoIterator<Item = Self>) {
        let asides: Vec<Self> = asides.into_iter().filter_map(Self::found).collect();
        let parts: Vec<Part<'_>> = asides.iter().map(Self::delete_part).collect();
        let folders =
            parts.iter().filter_map(|part| if let Part::DeletedIn(folder) = part { Some(*folder) } else { None });
        folders.collect::<HashSet<&Path>>().into_iter().for_each(sync_folder_or_warn);
        for (aside, _) in asides.iter().zip(&parts).filter(|(_, part)| !matches!(part, Part::Away)) {
            let _ = fs::remove_file(aside.checkpoint());
        }
    }

    /// The same with its target, if only the note tells that; `None` if it can't be told just now: the next start asks again.
    fn found(self) -> Option<Self> {
        let noted = || noted(&self.checkpoint()).map(|noted| noted.map(|noted| noted.target));
        let target = if self.target.is_some() { self.target } else { noted().ok()? };
        Some(Self { target, ..self })
    }

    fn delete_part(&self) -> Part<'_> {
        let Some((target, held)) = self.part() else { return Part::None };
        match fs::remove_file(&held) {
            Ok(()) => return Part::DeletedIn(folder_of(target)),
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("{}: {why}", held.display());
                return Part::Away;
            }
            Err(_) => {}
        }
        if self.has_part && standing(&target.with_file_name(part_name(target))) == Standing::Nothing {
            return Part::Away;
        }
        let is_noted = standing(&self.checkpoint()) != Standing::Nothing;
        if is_noted && Checkpoint::find(&self.state, target).is_ok_and(|found| found.is_none()) {
            // It was not set aside yet, or put back already, when the program was killed; and nobody else knows it.
            PartFile::delete(target);
            return Part::DeletedIn(folder_of(target));
        }
        Part::None
    }

    /// The target, and where its part file is kept meanwhile.
    fn part(&self) -> Option<(&Path, PathBuf)> {
        let target = self.target.as_deref()?;
        let name: OsString = id_name(target, self.id, EXTENSION);
        Some((target, target.with_file_name(name)))
    }

    fn checkpoint(&self) -> PathBuf {
        Checkpoint::path(&self.state, self.id).with_extension(EXTENSION)
    }
}

/// What a note tells; `None` if it is damaged, or there is none.
fn noted(note: &Path) -> io::Result<Option<Checkpoint>> {
    match read_own(note, KIND.most)?.map(|bytes| Checkpoint::parse(&bytes)) {
        Some(Ok(found)) => Ok(Some(found)),
        Some(Err(Unreadable::Newer(_))) => Err(io::Error::other("a newer haul wrote it")),
        Some(Err(_)) | None => Ok(None),
    }
}

/// The part file of a target, if there is one that nobody writes.
fn held(target: &Path) -> Option<PartFile> {
    let is_there = standing(&target.with_file_name(part_name(target))) != Standing::Nothing;
    is_there.then(|| PartFile::open_patiently(target).ok()).flatten()
}

/// Whose checkpoint tells of a part file that an earlier transfer has left, if that is one of ours. Bytes of which nothing is known
/// are of no use to anyone, and go.
fn left_by(state: &Path, part: &PartFile, is_ours: impl Fn((TransferId, &str)) -> bool) -> Option<TransferId> {
    match Checkpoint::find(state, part.target()) {
        Ok(Some((holder, checkpoint))) => is_ours((holder, &checkpoint.url)).then_some(holder),
        Ok(None) => {
            part.discard();
            None
        }
        // They may be those of one that can't be read.
        Err(_) => None,
    }
}

impl Leaving {
    /// Gives the part file its other name, if there is a note of it.
    fn finish(self) -> Aside {
        if let (true, Some(part), Some((_, held))) = (self.is_noted, &self.part, self.aside.part()) {
            let _ = fs::rename(part.path(), held);
        }
        self.aside
    }
}
