//! What is on disk before a download begins, and which target it gets. All of it may block.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clerk::Clerk;
use crate::model::{Categories, Fault, FaultKind, Resource, Source, Spec, TransferId, Validator, size};
use crate::store::{
    Checkpoint, Finished, PartFile, Standing, fits_anywhere, look, name_for, numbered, part_name, safe_name, standing,
};

/// So many numbered names are tried before haul gives up to find a free one.
const MAX_NAMES: u32 = 10_000;
/// A metalink's names may stand in so many folders.
const DEEPEST: usize = 16;

/// What an earlier transfer has fetched of a file of so many bytes is looked for on other disks too.
const LARGE: u64 = 16 << 20;

/// What was found.
pub(super) enum Found {
    /// Nothing to go on with.
    Nothing,
    /// A file that haul has finished before.
    Finished(Finished),
    /// A part file with its checkpoint.
    Part(Box<Left>),
    /// A target that is free, with its new and empty part file; and how many bytes of the file had come into one that is gone.
    New(PartFile, u64),
}

/// What an earlier run left.
pub(super) struct Left {
    pub(super) id: TransferId,
    pub(super) checkpoint: Checkpoint,
    pub(super) part: PartFile,
}

/// What the search needs to know of a transfer.
#[derive(Clone)]
pub(super) struct Search {
    pub(super) id: TransferId,
    /// False if there can't be a checkpoint under that number.
    pub(super) known: bool,
    pub(super) spec: Spec,
    /// The target that an earlier run has settled on.
    pub(super) target: Option<PathBuf>,
    pub(super) state: PathBuf,
    /// Has the history, and is told where that can't be read.
    pub(super) clerk: Arc<Clerk>,
    pub(super) categories: Arc<Categories>,
    /// What is on disk of this transfer is of no use.
    pub(super) fresh: bool,
    /// Bytes of another URL are left alone, also if they could be of the same file.
    pub(super) shuns: bool,
}

impl Search {
    /// The folder that the file goes to, as far as that is known: from the server's word on it, or before anybody is asked.
    pub(super) fn folder(&self, resource: Option<&Resource>) -> PathBuf {
        let known = self.target.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        let chosen = || self.spec.target.name.clone().unwrap_or_else(|| derived(&self.spec, resource));
        known.unwrap_or_else(|| self.place(&chosen()))
    }

    /// Looks before the first request.
    pub(super) fn before(&self) -> Result<Found, Fault> {
        if let Some(target) = self.named()? {
            return self.at(&target);
        }
        let guess = self.placed(&self.name(None));
        if let Standing::File { .. } = standing(&guess)
            && let Some(finished) = self.kept(&guess, false)
        {
            return Ok(Found::Finished(finished));
        }
        match self.left(&guess) {
            Ok(Some(left)) if self.is_ours(&left) => Ok(Found::Part(left)),
            Err(fault) if !self.is_anothers(&fault, &guess) => Err(fault),
            _ => Ok(Found::Nothing),
        }
    }

    /// Settles on a target once the server has described the file.
    pub(super) fn after(&self, resource: &Resource) -> Result<Found, Fault> {
        if let Some(target) = self.named()?
            && !(self.is_ours_to_name() && self.is_taken(&target)?)
        {
            let (part, lost) = self.begin_at(&target, resource)?;
            return Ok(Found::New(part, lost));
        }
        let name = self.name(Some(resource));
        for number in 0..MAX_NAMES {
            let name = if number == 0 { name.clone() } else { numbered(&name, number) };
            if let Some(found) = self.try_name(&self.placed(&name), resource)? {
                return Ok(found);
            }
        }
        let detail = "holds thousands of files of that name; choose another one with -o";
        let folder = self.categories.folder_of(&self.spec, &name);
        Err(Fault::new(FaultKind::Exists, folder.display(), detail))
    }

    /// The target if the user or an earlier run has named it.
    fn named(&self) -> Result<Option<PathBuf>, Fault> {
        let chosen = || Some(self.placed(self.spec.target.name.as_ref()?));
        if let Some(target) = self.target.clone().or_else(chosen) {
            return Ok(Some(target));
        }
        if self.fresh {
            return Ok(None);
        }
        Ok(self.own()?.map(|checkpoint| checkpoint.target))
    }

    /// True if the user has said nothing of the name: then it makes room for what somebody else puts there.
    fn is_ours_to_name(&self) -> bool {
        self.spec.target.name.is_none()
    }

    /// A free name in the folder of one that was taken while the file came; `None` if the user has chosen that.
    pub(super) fn another(&self, taken: &Path, resource: &Resource) -> Option<PathBuf> {
        let name = self.name(Some(resource));
        let target = |number| taken.with_file_name(if number == 0 { name.clone() } else { numbered(&name, number) });
        let is_free = |target: &PathBuf| {
            let part = standing(&target.with_file_name(part_name(target)));
            standing(target) == Standing::Nothing && part == Standing::Nothing
        };
        (0..MAX_NAMES).filter(|_| self.is_ours_to_name()).map(target).find(is_free)
    }

    /// The transfer's own checkpoint.
    fn own(&self) -> Result<Option<Checkpoint>, Fault> {
        if self.known { Checkpoint::load(&self.state, self.id) } else { Ok(None) }
    }

    /// Where a file goes of which nothing is on disk, if nothing else is there either; whoever puts it there looks again. `None`
    /// if the folder's disk has to be asked how long a name may be: one that is dead may be silent for long.
    pub(super) fn aim(&self, resource: &Resource) -> Result<Option<PathBuf>, Fault> {
        if let Some(target) = self.named()? {
            return Ok(Some(target));
        }
        let name = derived(&self.spec, Some(resource));
        Ok(fits_anywhere(&name).then(|| self.placed(&name)))
    }

    /// The same where nobody has named the file, however long the server's name for it is. Blocking.
    pub(super) fn chosen(&self, resource: &Resource) -> PathBuf {
        self.placed(&self.name(Some(resource)))
    }

    /// What there is at a target that is named.
    fn at(&self, target: &Path) -> Result<Found, Fault> {
        let stands = look(target)?;
        if stands == Standing::Other && !self.is_ours_to_name() {
            return Err(stands.fault(target));
        }
        if stands != Standing::Nothing {
            match self.kept(target, true) {
                Some(finished) => return Ok(Found::Finished(finished)),
                None if self.spec.overwrite || self.is_ours_to_name() => {}
                None => return Err(stands.fault(target)),
            }
        }
        Ok(self.left(target)?.map_or(Found::Nothing, Found::Part))
    }

    fn try_name(&self, target: &Path, resource: &Resource) -> Result<Option<Found>, Fault> {
        if self.is_taken(target)? {
            return Ok(self.known_at(target, resource));
        }
        match self.left(target) {
            Ok(Some(left)) if self.is_ours(&left) || self.may_go_on(&left, resource) => Ok(Some(Found::Part(left))),
            // Another transfer's data, which may go on one day.
            Ok(Some(_)) => Ok(None),
            Ok(None) => match self.begin_at(target, resource) {
                // Another transfer has put its file there between our look and our lock; from now on nobody can.
                Ok((part, _)) if self.is_taken(target)? => {
                    part.discard();
                    Ok(self.known_at(target, resource))
                }
                Ok((part, lost)) => Ok(Some(Found::New(part, lost))),
                Err(fault) if self.is_anothers(&fault, target) => Ok(None),
                Err(fault) => Err(fault),
            },
            Err(fault) if self.is_anothers(&fault, target) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// True if something stands at a target that may not be replaced.
    fn is_taken(&self, target: &Path) -> Result<bool, Fault> {
        let stands = look(target)?;
        Ok(stands != Standing::Nothing && !(self.spec.overwrite && stands != Standing::Other))
    }

    /// What stands at a target, if haul finished it and the server still has the same.
    fn known_at(&self, target: &Path, resource: &Resource) -> Option<Found> {
        let known = |finished: &Finished| finished.by == Some(self.id) || is_same(finished, resource);
        self.finished(target, true).filter(known).map(Found::Finished)
    }

    /// True if a target is busy with another URL's file: a name of haul's own then makes room.
    fn is_anothers(&self, fault: &Fault, target: &Path) -> bool {
        let ours = |(_, held): (TransferId, Checkpoint)| self.is_place(&held.url);
        fault.kind == FaultKind::Busy && !Checkpoint::find(&self.state, target).ok().flatten().is_some_and(ours)
    }

    /// What an earlier run left at a target.
    fn left(&self, target: &Path) -> Result<Option<Box<Left>>, Fault> {
        let folder = target.parent().unwrap_or(Path::new("."));
        if self.fresh || look(&folder.join(part_name(target)))? == Standing::Nothing {
            return Ok(None);
        }
        // Held while its checkpoint is looked for.
        let (held, _) = PartFile::open(target)?;
        let Some((id, checkpoint)) = Checkpoint::of(&self.state, self.id, target)? else { return Ok(None) };
        let part = held.unshared()?;
        Ok(Some(Box::new(Left { id, checkpoint, part })))
    }

    /// The empty part file of a target, and how many bytes an earlier one had that is gone; unless some of this file is on a disk
    /// that is not there, and would be fetched once more onto the wrong one.
    fn begin_at(&self, target: &Path, resource: &Resource) -> Result<(PartFile, u64), Fault> {
        let noted = if self.fresh { Vec::new() } else { self.noted(target, resource)? };
        let (away, gone): (Vec<Checkpoint>, Vec<_>) = noted.into_iter().partition(Checkpoint::is_elsewhere);
        if let Some(held) = away.first().filter(|_| !self.spec.overwrite) {
            return Err(disk_away(target, held.ledger.done().total()));
        }
        let part = PartFile::begin(target)?;
        // What was in a part file that is there is told by itself.
        let lost = gone.first().filter(|_| away.is_empty() && part.emptied() == 0);
        Ok((part, lost.map_or(0, |held| held.ledger.done().total())))
    }

    /// What is noted of bytes of this file for a target: by this transfer, and then, of a file that is worth to look through all
    /// that is noted, by earlier ones of this URL.
    fn noted(&self, target: &Path, resource: &Resource) -> Result<Vec<Checkpoint>, Fault> {
        let own = self.own()?.filter(|own| own.target == target);
        let all = || Some(Checkpoint::noted(&self.state, target).ok()?.found);
        let earlier = if is_large(resource) { all() } else { None }.into_iter().flatten();
        let earlier = earlier.filter(|(id, held)| *id != self.id && self.is_place(&held.url)).map(|(_, held)| held);
        Ok(own.into_iter().chain(earlier).collect())
    }

    /// True if the file can be had from this URL.
    fn is_place(&self, url: &str) -> bool {
        self.spec.is_from(url)
    }

    fn is_ours(&self, left: &Left) -> bool {
        self.is_place(&left.checkpoint.url)
    }

    /// True if another URL's bytes may be of the same file, and that URL can't be counted on: it is one that expires,
    /// or the same but for its query. They are compared before more is put to them.
    fn may_go_on(&self, left: &Left, resource: &Resource) -> bool {
        let Ok(before) = Source::parse(&left.checkpoint.url) else { return false };
        let place = |source: &Source| (source.host(), source.url().path().to_owned());
        let same_length = resource.length.is_some() && resource.length == left.checkpoint.length;
        let passing = before.is_passing() || place(&before) == place(&self.spec.source);
        !self.shuns && same_length && passing && !left.checkpoint.ledger.is_empty()
    }

    /// The same, if it may be what is asked for: where that is to replace what stands there, only what this very transfer has
    /// finished, and died before it could say so.
    fn kept(&self, target: &Path, by_name: bool) -> Option<Finished> {
        let is_own = |finished: &Finished| finished.by == Some(self.id);
        if !self.spec.overwrite {
            return self.finished(target, by_name);
        }
        (self.known && !self.fresh).then(|| self.finished(target, by_name)).flatten().filter(is_own)
    }

    /// What haul has finished at a target, or under any name in its folder.
    fn finished(&self, target: &Path, by_name: bool) -> Option<Finished> {
        let name = target.file_name().and_then(|name| name.to_str()).filter(|_| by_name);
        let found = self.clerk.history().find(&self.spec.source, target.parent()?, name);
        found.unwrap_or_else(|why| {
            self.clerk.cannot_read(why);
            None
        })
    }

    /// The name that haul gives of its own accord, no longer than its folder's disk takes it.
    fn name(&self, resource: Option<&Resource>) -> String {
        let name = derived(&self.spec, resource);
        name_for(&self.place(&name), &name)
    }

    /// A name in the folder that a file of that name goes to.
    fn placed(&self, name: &str) -> PathBuf {
        self.place(name).join(name)
    }

    fn place(&self, name: &str) -> PathBuf {
        self.categories.folder_of(&self.spec, name).join(within(&self.spec))
    }
}

/// True for a file that is worth to look through all that is noted.
pub(super) fn is_large(resource: &Resource) -> bool {
    resource.length.is_some_and(|length| length >= LARGE)
}

/// The fault of a file of which so many bytes are on a disk that is not there.
fn disk_away(target: &Path, done: u64) -> Fault {
    let detail = format!(
        "{} of it are on another disk, which is not there: mount that one, and :retry or the same command goes on with them; or begin \
         anew, with --overwrite or in another folder",
        size(done)
    );
    Fault::new(FaultKind::Disk, target.display(), detail)
}

/// True if the server's file is the one that haul has finished: it says so, and nothing speaks against it. An empty file is
/// the same as any other, whatever is said of it.
pub(super) fn is_same(finished: &Finished, resource: &Resource) -> bool {
    if resource.length == Some(0) && finished.length == 0 {
        return true;
    }
    let (before, now): (&Validator, &Validator) = (&finished.validator, &resource.validator);
    before.shares_with(now) && before.agrees_with(now) && resource.length.is_none_or(|length| length == finished.length)
}

/// The folders below the target's that a metalink's name stands in (RFC 5854, section 4.1.2.1), made safe; none where the user has
/// named the file. A name that leads out of them, or that is deeper than any real one, counts by its last part alone.
fn within(spec: &Spec) -> PathBuf {
    let described = spec.described.name.as_deref().filter(|_| spec.target.name.is_none());
    let Some((folders, _)) = described.and_then(|name| name.rsplit_once('/')) else { return PathBuf::new() };
    let segments: Vec<&str> = folders.split('/').collect();
    let is_wrong = |segment: &&str| matches!(segment.trim(), "" | "." | "..") || segment.contains('\\');
    if segments.len() > DEEPEST || segments.iter().any(is_wrong) {
        return PathBuf::new();
    }
    segments.into_iter().map(safe_name).collect()
}

/// The name that haul gives of its own accord: the server's, else the URL's.
fn derived(spec: &Spec, resource: Option<&Resource>) -> String {
    let given = spec.described.name.clone().or_else(|| resource?.name.clone());
    let page = resource.is_some_and(|resource| resource.media.as_deref() == Some("text/html"));
    let nameless = if page { "index.html" } else { "download" };
    safe_name(&given.or_else(|| spec.source.last_segment()).unwrap_or_else(|| nameless.to_owned()))
}
