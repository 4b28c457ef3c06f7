//! Partial data of a removed transfer, out of everyone's way until it is deleted or wanted back: the part file and the
//! checkpoint have other names for that time, so that a new transfer of the same file meets neither.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::atomic::rename_to_free;
use super::checkpoint::Checkpoint;
use super::name::{id_name, part_name};
use super::sink::PartFile;
use super::standing::{Standing, standing};
use crate::model::TransferId;

/// What is set aside has this at the end of its name.
const EXTENSION: &str = "removed";

/// The partial data of one removed transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    state: PathBuf,
    id: TransferId,
    target: Option<PathBuf>,
}

impl Aside {
    /// Sets it aside. `target` is where the finished file was to be, should there be no checkpoint that says so; `None` of
    /// both means that nothing is on disk. What an earlier transfer has left there goes with it, if `is_ours` says so of its
    /// URL. A part file that somebody writes stays where it is.
    ///
    /// The checkpoint goes first: by it `left` finds the part file, wherever that is when the program is killed.
    pub fn set(state: &Path, id: TransferId, target: Option<&Path>, is_ours: impl Fn(&str) -> bool) -> Self {
        let own = Checkpoint::load(state, id).ok().flatten();
        let target = own.as_ref().map(|found| found.target.clone()).or_else(|| target.map(Path::to_path_buf));
        let aside = Self { state: state.to_path_buf(), id, target };
        let Some((target, held)) = aside.part() else {
            Checkpoint::remove(state, id);
            return aside;
        };
        let is_there = standing(&target.with_file_name(part_name(target))) != Standing::Nothing;
        let part = is_there.then(|| PartFile::open(target).ok()).flatten();
        let found = match (own, &part) {
            (Some(own), _) => Some((id, own)),
            (None, Some(_)) => Checkpoint::find(state, target).ok().flatten(),
            (None, None) => None,
        };
        match (found, part) {
            (Some((holder, checkpoint)), part) if holder == id || is_ours(&checkpoint.url) => {
                let (path, note) = (Checkpoint::path(state, holder), aside.checkpoint());
                if fs::rename(&path, &note).is_err() {
                    let _ = fs::rename(path.with_extension("old"), &note);
                }
                if let Some((part, _)) = part {
                    let _ = fs::rename(part.path(), held);
                }
                Checkpoint::remove(state, holder);
            }
            // Bytes of which nothing is known are of no use to anyone.
            (None, Some((part, _))) => part.discard(),
            _ => {}
        }
        Checkpoint::remove(state, id);
        aside
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
            let _ = rename_to_free(&held, &target.with_file_name(part_name(target)));
            if standing(&held) != Standing::Nothing {
                return self.delete();
            }
        }
        let _ = fs::rename(self.checkpoint(), Checkpoint::path(&self.state, self.id));
    }

    /// Deletes it.
    pub fn delete(self) {
        if let Some((target, held)) = self.part()
            && fs::remove_file(held).is_err()
            && standing(&self.checkpoint()) != Standing::Nothing
            && Checkpoint::find(&self.state, target).is_ok_and(|found| found.is_none())
        {
            // It was not set aside yet, or put back already, when the program was killed; and nobody else knows it.
            PartFile::delete(target);
        }
        let _ = fs::remove_file(self.checkpoint());
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
