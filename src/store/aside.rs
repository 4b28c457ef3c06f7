//! Partial data of a removed transfer, out of everyone's way until it is deleted or wanted back: the part file and the
//! checkpoint have other names for that time, so that a new transfer of the same file meets neither.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::atomic::{folder_of, rename_to_free, sync_folder_or_warn};
use super::checkpoint::Checkpoint;
use super::name::{id_name, part_name};
use super::sink::PartFile;
use super::standing::{Standing, standing};
use crate::model::TransferId;

/// What is set aside has this at the end of its name.
const EXTENSION: &str = "removed";
/// So many part files are held at once: they take file descriptors, of which there may be few.
const AT_ONCE: usize = 32;

/// The partial data of one removed transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    state: PathBuf,
    id: TransferId,
    target: Option<PathBuf>,
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
    /// with it, if `is_ours` says so of that one's URL. A part file that somebody writes stays where it is.
    ///
    /// The checkpoint goes first, durably: by it `left` finds the part file, wherever that is after a kill or a power cut.
    pub fn set(
        state: &Path,
        removed: &[(TransferId, Option<PathBuf>)],
        is_ours: impl Fn(TransferId, &str) -> bool,
    ) -> Vec<Self> {
        let mut asides = Vec::with_capacity(removed.len());
        for some in removed.chunks(AT_ONCE) {
            let begin = |(id, target): &(TransferId, Option<PathBuf>)| {
                Self::begin(state, *id, target.as_deref(), |url| is_ours(*id, url))
            };
            let leaving: Vec<Leaving> = some.iter().map(begin).collect();
            if leaving.iter().any(|leaving| leaving.is_noted) {
                sync_folder_or_warn(&state.join("checkpoints"));
            }
            asides.extend(leaving.into_iter().map(Leaving::finish));
        }
        asides
    }

    /// Gives the checkpoint its other name.
    fn begin(state: &Path, id: TransferId, target: Option<&Path>, is_ours: impl Fn(&str) -> bool) -> Leaving {
        let own = Checkpoint::load(state, id).ok().flatten();
        let target = own.as_ref().map(|found| found.target.clone()).or_else(|| target.map(Path::to_path_buf));
        let aside = Self { state: state.to_path_buf(), id, target };
        let Some(target) = aside.target.as_deref() else {
            Checkpoint::remove(state, id);
            return Leaving { aside, part: None, is_noted: false };
        };
        let is_there = standing(&target.with_file_name(part_name(target))) != Standing::Nothing;
        let part = is_there.then(|| PartFile::open(target).ok()).flatten().map(|(part, _)| part);
        let found = match (own, &part) {
            (Some(own), _) => Some((id, own)),
            (None, Some(_)) => Checkpoint::find(state, target).ok().flatten(),
            (None, None) => None,
        };
        let is_noted = match (found, &part) {
            (Some((holder, checkpoint)), _) if holder == id || is_ours(&checkpoint.url) => {
                let (path, note) = (Checkpoint::path(state, holder), aside.checkpoint());
                if fs::rename(&path, &note).is_err() {
                    let _ = fs::rename(path.with_extension("old"), &note);
                }
                Checkpoint::remove(state, holder);
                true
            }
            // Bytes of which nothing is known are of no use to anyone.
            (None, Some(part)) => {
                part.discard();
                false
            }
            _ => false,
        };
        Checkpoint::remove(state, id);
        Leaving { aside, part, is_noted }
    }

    /// What programs have left that were killed before they could delete it.
    pub fn left(state: &Path) -> Vec<(TransferId, Self)> {
        let Ok(folder) = fs::read_dir(state.join("checkpoints")) else { return Vec::new() };
        let paths = folder.filter_map(|entry| Some(entry.ok()?.path()));
        let removed = paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        let found = removed.filter_map(|path| {
            let id = path.file_stem()?.to_str()?.parse().ok()?;
            let checkpoint = Checkpoint::parse(&fs::read(&path).ok()?).ok();
            Some((id, Self { state: state.to_path_buf(), id, target: checkpoint.map(|found| found.target) }))
        });
        found.collect()
    }

    /// Puts it back where it was, unless something else is there by now; then it is deleted.
    pub fn put_back(self) {
        if let Some((target, held)) = self.part() {
            let is_back = rename_to_free(&held, &target.with_file_name(part_name(target))).is_ok();
            if standing(&held) != Standing::Nothing {
                return Self::delete([self]);
            }
            // Durably, while the note still finds it where it was.
            if is_back {
                sync_folder_or_warn(folder_of(target));
            }
        }
        let _ = fs::rename(self.checkpoint(), Checkpoint::path(&self.state, self.id));
    }

    /// Deletes them. Their notes go last, once nothing is left that would be found by them.
    pub fn delete(asides: impl IntoIterator<Item = Self>) {
        let asides: Vec<Self> = asides.into_iter().collect();
        let folders: HashSet<&Path> = asides.iter().filter_map(Self::delete_part).collect();
        folders.into_iter().for_each(sync_folder_or_warn);
        for aside in &asides {
            let _ = fs::remove_file(aside.checkpoint());
        }
    }

    /// Deletes the part file; gives the folder in which one was.
    fn delete_part(&self) -> Option<&Path> {
        let (target, held) = self.part()?;
        if fs::remove_file(held).is_ok() {
            return Some(folder_of(target));
        }
        let is_noted = standing(&self.checkpoint()) != Standing::Nothing;
        if is_noted && Checkpoint::find(&self.state, target).is_ok_and(|found| found.is_none()) {
            // It was not set aside yet, or put back already, when the program was killed; and nobody else knows it.
            PartFile::delete(target);
            return Some(folder_of(target));
        }
        None
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

impl Leaving {
    /// Gives the part file its other name, if there is a note of it.
    fn finish(self) -> Aside {
        if let (true, Some(part), Some((_, held))) = (self.is_noted, &self.part, self.aside.part()) {
            let _ = fs::rename(part.path(), held);
        }
        self.aside
    }
}
