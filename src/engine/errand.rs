//! What is done with the file of a transfer that does not run: it gets another name or folder, or is read back and compared.
//! That may take long, so it is done beside the supervisor; meanwhile the transfer does not start.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::report::{Report, What};
use super::roster::Entry;
use super::running::Then;
use super::supervisor::Supervisor;
use crate::api::{Errand, Happening};
use crate::model::{Algorithm, ByteRange, Checksum, Fault, FaultKind, Spec, Status, Target, TransferId};
use crate::store::{Moving, check_free, could_go, digest, move_finished, move_partial};

/// An errand on its way.
#[derive(Debug)]
pub(super) struct Busy {
    pub(super) errand: Errand,
    pub(super) stop: CancellationToken,
    /// What is to become of the transfer then, if it is to be removed: whether its data goes too.
    pub(super) then_remove: Option<bool>,
}

/// What came of an errand.
#[derive(Debug)]
pub(super) enum Done {
    /// It is to be at this place from now on; it is, or why not.
    Moved(Target, Result<PathBuf, Fault>),
    /// Where the file of a move is that was cut short; `None` for nowhere. Or why that can't be told.
    Settled(Box<Moving>, Result<Option<PathBuf>, Fault>),
    /// What the file hashes to, and whether that was compared.
    Verified(Result<(Checksum, bool), Fault>),
}

impl Entry {
    /// Where its file goes once its task has ended, if that was ordered while it runs.
    fn headed(&self) -> Option<&Target> {
        self.running.as_ref()?.retarget.as_ref()
    }
}

impl Supervisor {
    /// Gives a transfer's file another name.
    pub(super) fn rename(&mut self, id: TransferId, name: String) {
        if name.is_empty() || [".", ".."].contains(&name.as_str()) || name.chars().any(|c| c == '/' || c.is_control()) {
            return self.deny(id, format!("{name:?} is no name for a file"));
        }
        let Some(entry) = self.roster.get(id) else { return };
        let known = entry.latest.target.as_deref().and_then(Path::parent);
        let headed = entry.headed().map(|target| &*target.folder);
        let folder = headed.or(known).unwrap_or(&entry.spec.target.folder).to_path_buf();
        self.retarget(id, Target { folder: folder.into(), name: Some(name) });
    }

    /// Moves transfers' files into another folder.
    pub(super) fn move_to(&mut self, ids: &[TransferId], folder: &Path) {
        for id in ids {
            // The user has named a folder now.
            self.roster.change(*id, |spec| spec.sorts = false);
            let Some(entry) = self.roster.get(*id) else { continue };
            let name = entry.headed().unwrap_or(&entry.spec.target).name.clone();
            self.retarget(*id, Target { folder: folder.into(), name });
        }
    }

    /// A transfer's file goes elsewhere. One that runs is stopped for that, and goes on; unless a stop would throw it back to
    /// its first byte: then the file goes there once it has ended.
    pub(super) fn retarget(&mut self, id: TransferId, target: Target) {
        self.roster.take_progress(id);
        let Some(entry) = self.roster.get_mut(id) else { return };
        if entry.spec.upload.is_some() {
            return self.deny(id, "it is an upload: its file is yours, and stays where it is");
        }
        if entry.busy.is_some() {
            return self.deny(id, "its file is being moved or compared; wait for the end of that");
        }
        let place = entry.latest.target.as_deref().map(|from| place_of(&target, from));
        let new = place.as_deref().filter(|to| entry.latest.target.as_deref() != Some(*to));
        // Before anything is stopped for it.
        let state = &self.shared.state;
        let looked = new.map(|to| if entry.running.is_some() { could_go(state, to) } else { check_free(to) });
        if let Some(Err(fault)) = looked {
            return self.tell(id, Happening::Denied(fault));
        }
        let is_waiting = entry.running.as_ref().is_some_and(|running| running.retarget.is_some());
        if place.is_some() && new.is_none() && !is_waiting {
            return self.deny(id, "its file is there already, under that name");
        }
        let is_lost = !entry.latest.resumable && entry.latest.done.total() > 0;
        if let Some(running) = &mut entry.running {
            let stops = running.then.is_some();
            running.retarget = Some(target);
            if !stops && !is_lost {
                self.stop(id, Then::Queue);
            }
            return;
        }
        match entry.latest.target.clone().zip(place) {
            Some((from, to)) if from != to => self.carry(id, target, from, to),
            Some((_, to)) => self.moved(id, target, Ok(to)),
            // Nothing is on disk: only what is asked for changes.
            None => {
                let spec = Spec { target: target.clone(), ..Spec::clone(&entry.spec) };
                let guess = self.shared.categories.guess(&spec, None);
                self.moved(id, target, Ok(guess.target.unwrap_or_else(|| guess.folder.to_path_buf())));
            }
        }
    }

    /// Moves what is on disk of a transfer that does not run.
    fn carry(&mut self, id: TransferId, target: Target, from: PathBuf, to: PathBuf) {
        let Some(entry) = self.roster.get(id) else { return };
        let (state, is_done) = (self.shared.state.clone(), entry.status == Status::Done);
        let spec = entry.spec.clone();
        // One that had to wait for its task is tried at the end too: a rename takes no time, and a copy stops by itself.
        let is_last = self.side.stop.is_cancelled();
        self.send_out(id, Errand::Moving, move |go_on| {
            let moved = if !is_last && !go_on() {
                Err(Fault::new(
                    FaultKind::State,
                    from.display(),
                    "it was not moved, since haul was left before its turn came",
                ))
            } else if is_done {
                move_finished(&state, id, &from, &to, go_on)
            } else {
                move_partial(&state, id, (&from, &to), |url| spec.is_from(url), go_on)
            };
            Done::Moved(target, moved.map(|()| to))
        });
    }

    /// Reads finished files back and compares them with what they should be.
    pub(super) fn verify(&mut self, ids: &[TransferId]) {
        for id in ids.iter().copied() {
            let Some(entry) = self.roster.get(id) else { continue };
            if entry.spec.upload.is_some() {
                let why = if entry.status == Status::Done {
                    "it is an upload: the store has compared it, and keeps what it got"
                } else {
                    "it is an upload that is not complete: the store compares it at its end"
                };
                self.deny(id, why);
                continue;
            }
            let target = match (&entry.latest.target, entry.status, &entry.busy) {
                (Some(target), Status::Done, None) => target.clone(),
                (_, Status::Done, _) => {
                    self.deny(id, "its file is being moved or compared; wait for the end of that");
                    continue;
                }
                _ => {
                    self.deny(id, "it is not complete: only a finished file can be compared");
                    continue;
                }
            };
            let (wanted, length) = (entry.spec.checksum.as_deref().cloned(), entry.latest.length);
            self.send_out(id, Errand::Verifying, move |go_on| Done::Verified(compare(&target, length, wanted, go_on)));
        }
    }

    /// Has something done on a thread that may block, when it is its turn: few go at once. `report` hears what came of it.
    fn send_out(
        &mut self,
        id: TransferId,
        errand: Errand,
        work: impl FnOnce(&dyn Fn() -> bool) -> Done + Send + 'static,
    ) {
        self.send_errand(id, errand, true, work);
    }

    /// The same, at once if it `waits` for no turn.
    fn send_errand(
        &mut self,
        id: TransferId,
        errand: Errand,
        waits: bool,
        work: impl FnOnce(&dyn Fn() -> bool) -> Done + Send + 'static,
    ) {
        // Also one that is sent out by a task that ends last is not waited for.
        let stop = self.side.stop.child_token();
        let Some(entry) = self.roster.get_mut(id) else { return };
        entry.busy = Some(Box::new(Busy { errand, stop: stop.clone(), then_remove: None }));
        self.let_rest(id);
        self.roster.set_out(id);
        self.dirty = true;
        let (reports, shared) = (self.reports.clone(), self.shared.clone());
        self.tasks.spawn(async move {
            let _turn = if waits { shared.turns.acquire().await.ok() } else { None };
            let done = spawn_blocking(move || work(&|| !stop.is_cancelled())).await;
            let what = done.map_or(What::Lost, |done| What::Back(Box::new(done)));
            let _ = reports.send(Report { id, what }).await;
        });
    }

    /// An errand is over; `None` if its thread was lost.
    pub(super) fn came_back(&mut self, id: TransferId, done: Option<Done>) {
        let then_remove = self.roster.came_back(id).and_then(|busy| busy.then_remove);
        match done {
            Some(Done::Moved(target, moved)) => self.moved(id, target, moved),
            Some(Done::Settled(moving, place)) => self.settled(&moving, place),
            Some(Done::Verified(verified)) => self.verified(id, verified),
            None => self.deny(id, "the thread that worked on its file was lost, which is a bug of haul"),
        }
        match then_remove {
            Some(data) => self.discard(&[id], data),
            None => self.let_wait(id),
        }
    }

    fn moved(&mut self, id: TransferId, target: Target, moved: Result<PathBuf, Fault>) {
        let to = match moved {
            Ok(to) => to,
            Err(fault) => return self.tell(id, Happening::Denied(fault)),
        };
        let Some(entry) = self.roster.get(id) else { return };
        let is_known = entry.latest.target.is_some();
        let mut spec = Spec::clone(&entry.spec);
        spec.target = target;
        self.roster.replace(id, spec);
        if is_known {
            self.roster.moved(id, to.clone());
        }
        self.note_items(&[id]);
        self.tell(id, Happening::Moved(to));
    }

    /// What a haul that was killed was about to move is finished or taken back, and the list learns where it is. The disk may be
    /// away, or dead: only that transfer waits for it, so that this takes no turn of others.
    pub(super) fn settle_moves(&mut self) {
        for moving in Moving::left(&self.shared.state) {
            let id = moving.id();
            if self.roster.get(id).is_some() {
                self.send_errand(id, Errand::Moving, false, move |_| {
                    let place = moving.settle();
                    Done::Settled(Box::new(moving), place)
                });
            } else {
                self.tasks.spawn_blocking(move || match moving.settle() {
                    Ok(_) => moving.give_up(),
                    Err(fault) => tracing::warn!("{fault}"),
                });
            }
        }
    }

    fn settled(&mut self, moving: &Moving, place: Result<Option<PathBuf>, Fault>) {
        let id = moving.id();
        let known = self.roster.get(id).and_then(|entry| entry.latest.target.clone());
        match (known, place) {
            // Somebody is writing it, or the disk is gone: the next start looks again.
            (_, Err(fault)) => tracing::warn!("{fault}"),
            (Some(known), Ok(Some(place))) if known != place => self.found_at(id, &known, place),
            // Its disk may come back.
            (Some(_), Ok(None)) => {}
            _ => moving.give_up(),
        }
    }

    /// A transfer's file is not where the list says.
    fn found_at(&mut self, id: TransferId, known: &Path, place: PathBuf) {
        let Some(entry) = self.roster.get(id) else { return };
        let (old, name) = (&entry.spec.target, place.file_name().and_then(|name| name.to_str()));
        let is_named = old.name.is_some() || place.file_name() != known.file_name();
        let name = name.filter(|_| is_named).map(str::to_owned);
        let folder = place.parent().filter(|folder| known.parent() != Some(folder));
        let is_elsewhere = folder.is_some();
        let target = Target { folder: folder.map_or_else(|| old.folder.clone(), Into::into), name };
        self.roster.change(id, |spec| spec.sorts &= !is_elsewhere);
        self.moved(id, target, Ok(place));
    }

    fn verified(&mut self, id: TransferId, verified: Result<(Checksum, bool), Fault>) {
        let (fault, happening) = match verified {
            Ok((checksum, compared)) => (None, Happening::Verified { checksum, compared }),
            Err(fault) if fault.kind == FaultKind::Checksum => (Some(fault.clone()), Happening::Damaged(fault)),
            // That it can't be read just now says nothing of what is in it.
            Err(fault) => return self.tell(id, Happening::Denied(fault)),
        };
        if let Some(entry) = self.roster.get_mut(id) {
            entry.fault = fault.map(Into::into);
        }
        self.roster.refresh(id);
        self.tell(id, happening);
    }
}

/// The path of a file that stood at `from` and goes to this target.
fn place_of(target: &Target, from: &Path) -> PathBuf {
    let name = target.name.as_deref().map(Path::new).or_else(|| from.file_name().map(Path::new));
    name.map_or_else(|| target.folder.to_path_buf(), |name| target.folder.join(name))
}

/// Reads a file and compares it.
fn compare(
    target: &Path,
    length: Option<u64>,
    wanted: Option<Checksum>,
    go_on: &dyn Fn() -> bool,
) -> Result<(Checksum, bool), Fault> {
    let damaged = |detail: String| Fault::new(FaultKind::Checksum, target.display(), detail);
    let broken = |why: io::Error| match why.kind() {
        io::ErrorKind::NotFound => damaged("is not there any more".to_owned()),
        io::ErrorKind::Interrupted => Fault::new(FaultKind::State, target.display(), "it was not compared to its end"),
        _ => Fault::disk(target.display(), "reading it", &why),
    };
    let file = File::open(target).map_err(broken)?;
    let held = file.metadata().map_err(broken)?.len();
    if let Some(length) = length.filter(|length| *length != held) {
        return Err(damaged(format!(
            "has {held} bytes and had {length} when it was finished: somebody has changed it"
        )));
    }
    let algorithm = wanted.as_ref().map_or(Algorithm::Sha256, |wanted| wanted.algorithm);
    let sums = digest(&file, ByteRange::new(0, held), &[algorithm], go_on).map_err(broken)?;
    let Some(found) = sums.into_iter().next() else { return Err(damaged("has no checksum".to_owned())) };
    match wanted {
        Some(wanted) if wanted != found => {
            Err(damaged(format!("has {found} and should have {wanted}: somebody or the disk has changed it")))
        }
        wanted => Ok((found, wanted.is_some())),
    }
}
