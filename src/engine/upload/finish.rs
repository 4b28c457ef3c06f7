//! The end of an upload: one object of all parts, and the proof that it is the file.

use super::super::report::{Complete, Ending};
use super::begin::Held;
use super::insist::{is_denied, may_be_done};
use super::original::Original;
use super::proof::{Proof, assembled_etag, compare, is_called_alike, sums};
use super::task::{Halt, Task};
use super::watch::assembled;
use crate::api::Activity;
use crate::model::{Algorithm, ByteRange, Checksum, Fault, FaultKind};
use crate::protocol::{StoredObject, StoredPart};
use crate::store::combined;

impl Task {
    /// Makes one object of the parts, which the store all has, and compares it with the file. When the answer is lost or
    /// is an error, the object tells whether it is there all the same.
    pub(super) async fn complete(&mut self) -> Result<Ending, Halt> {
        self.show(Activity::Finishing);
        let Some(mut held) = self.held.take() else {
            return Err(
                Fault::new(FaultKind::State, &self.place.source, "an upload was lost, which is a bug of haul").into()
            );
        };
        held.original.check()?;
        let (parts, mut whole) = (held.desk.taken(), combined(&held.desk.sums()));
        if whole.is_none() {
            // Sums of parts that make no sum of the whole: the file is read once more.
            let all = ByteRange::new(0, held.original.length);
            let read = self.unless_stopped(sums(held.original.clone(), all, vec![held.bounds.sum])).await;
            whole = match read {
                Ok(mut sums) => sums.pop(),
                Err(halt) => {
                    self.held = Some(held);
                    return Err(halt);
                }
            };
        }
        // On disk before it is asked for: if the answer is lost with haul, the parts tell whether it was obeyed.
        held.saver.last(&held.desk).await;
        let proof = match self.assemble(&held.upload, held.original.length, &parts, whole.as_ref()).await {
            Err(Halt::Stopped) => {
                self.held = Some(held);
                return Err(Halt::Stopped);
            }
            Err(Halt::Fault(fault)) if fault.kind == FaultKind::Exists => {
                // One that can't be freed now is by the next run, which finds it written down.
                if matches!(self.free(&held.upload).await, Ok(true)) {
                    self.forget().await;
                }
                return Err(fault.into());
            }
            Err(halt) => {
                // The next attempt asks the store which parts it has, and compares them with what is written down.
                held.saver.last(&held.desk).await;
                self.leave_if_disputed(&halt, &held).await?;
                return Err(halt);
            }
            Ok(proof) => proof,
        };
        self.forget().await;
        if proof == Proof::Wrong {
            return Err(self.another_object().into());
        }
        Ok(self.done(&held.original, proof))
    }

    /// Parts that are others than those that were sent, and again after they were sent anew: somebody else sends to the same
    /// upload. Then there is to be one of our own; one that we took up stays with whom it may belong to.
    async fn leave_if_disputed(&mut self, halt: &Halt, held: &Held) -> Result<(), Halt> {
        let is_damaged = matches!(halt, Halt::Fault(fault) if fault.kind == FaultKind::PartDamaged);
        if !is_damaged || self.endings != 1 || !held.bounds.takes_whole {
            return Ok(());
        }
        self.given_up.push(held.upload.clone());
        if self.adopted.contains(&held.upload) || self.free(&held.upload).await? {
            self.forget().await;
        }
        Ok(())
    }

    /// Makes one object of `length` bytes of these parts; what it proves.
    pub(super) async fn assemble(
        &self,
        upload: &str,
        length: u64,
        parts: &[StoredPart],
        whole: Option<&Checksum>,
    ) -> Result<Proof, Halt> {
        let request = self.driver.complete(&self.place, upload, parts, whole.cloned());
        let request = assembled(&self.place.source, self.shared().patience.stall, request);
        match self.unless_stopped(request).await {
            Err(Halt::Stopped) => Err(Halt::Stopped),
            outcome => {
                let proof = self.settled(outcome, upload, length, whole, parts).await?;
                let is_read = whole.is_some_and(|whole| whole.algorithm == Algorithm::Md5);
                // Parts that were not compared by their MD5 are told from others by what the store calls them, and no more.
                let is_only_called_so = proof == Proof::Right(Algorithm::Md5) && !is_read && !are_md5(parts);
                Ok(if is_only_called_so { Proof::Silent } else { proof })
            }
        }
    }

    /// What the object proves after a Complete that went well, or badly. In the second case the next attempt asks the store
    /// which parts it has, unless the object is there.
    async fn settled(
        &self,
        outcome: Result<StoredObject, Halt>,
        upload: &str,
        length: u64,
        whole: Option<&Checksum>,
        parts: &[StoredPart],
    ) -> Result<Proof, Halt> {
        let etag = assembled_etag(parts);
        let proof = |object: &StoredObject| compare(object, length, whole, etag.as_deref());
        match outcome {
            Ok(object) if proof(&object) != Proof::Silent => Ok(proof(&object)),
            Ok(object) => self.looked_at(&object, proof).await,
            // Whether it was obeyed is told by the parts, when the next attempt asks for them.
            Err(Halt::Fault(fault)) if !is_gone(fault.kind) && self.may_be_an_old_one() => Err(fault.into()),
            Err(Halt::Fault(fault)) if may_be_done(fault.kind) => {
                let look = || self.driver.head(&self.place);
                // Of an upload that is gone nothing but the object tells any more, and a stream can't be sent again.
                let is_gone = is_gone(fault.kind);
                let stands =
                    if is_gone { self.insist(look).await } else { self.unless_stopped(self.ask(look())).await };
                if is_gone && matches!(stands, Err(Halt::Stopped)) {
                    return Err(Halt::Stopped);
                }
                match stands.ok().flatten().map(|object| proof(&object)) {
                    Some(right @ Proof::Right(_)) => {
                        self.free_what_is_left(upload, fault.kind).await;
                        Ok(right)
                    }
                    _ => Err(fault.into()),
                }
            }
            Err(halt) => Err(halt),
        }
    }

    /// The object is there although the last call failed: made by it, or by somebody before. In the second case the parts are
    /// there as well, and nobody would look for them any more.
    async fn free_what_is_left(&self, upload: &str, kind: FaultKind) {
        let freed = match kind {
            kind if is_gone(kind) => return,
            FaultKind::Exists => self.free(upload).await.map(|_| ()),
            _ => self.unless_stopped(self.ask(self.driver.abort(&self.place, upload))).await.map(|_| ()),
        };
        if let Err(Halt::Fault(fault)) = freed {
            tracing::warn!("the parts of an upload could not be freed: {fault}");
        }
    }

    /// What an object proves whose answer told too little: what stands at the place tells the rest.
    async fn looked_at(&self, made: &StoredObject, proof: impl Fn(&StoredObject) -> Proof) -> Result<Proof, Halt> {
        let Some(stands) = self.standing().await? else { return Ok(Proof::Silent) };
        let is_other = made.etag.is_some() && stands.etag.is_some() && !is_called_alike(made, &stands);
        Ok(match proof(&stands) {
            Proof::Silent if is_other => Proof::Wrong,
            proof => proof,
        })
    }

    /// What stands at the place, of which the store said that it has taken it: all was sent, so that it is asked as often as
    /// need be. `None` if the login may only write.
    pub(super) async fn standing(&self) -> Result<Option<StoredObject>, Halt> {
        match self.insist(|| self.driver.head(&self.place)).await {
            Ok(Some(stands)) => Ok(Some(stands)),
            Ok(None) => {
                let detail = "the store says that it has taken it, and nothing stands there";
                Err(Fault::new(FaultKind::Cut, &self.place.source, detail).into())
            }
            Err(Halt::Fault(fault)) if is_denied(fault.kind) => Ok(None),
            Err(halt) => Err(halt),
        }
    }

    /// The fault of an object that is not the file.
    pub(super) fn another_object(&self) -> Fault {
        let detail = "what the store has is not what was sent: its checksum or its length differs";
        Fault::new(FaultKind::Checksum, &self.place.source, detail)
    }

    /// How it ended.
    pub(super) fn done(&self, original: &Original, proof: Proof) -> Ending {
        self.ended(original.path.clone(), original.length, proof)
    }

    /// The same for a stream of so many bytes.
    pub(super) fn ended(&self, target: std::path::PathBuf, bytes: u64, proof: Proof) -> Ending {
        let checked = if let Proof::Right(algorithm) = proof { vec![algorithm] } else { Vec::new() };
        Ending::Done(Complete { target, bytes, fetched: self.sent, checked, ..Complete::default() })
    }
}

/// True if the store does not know the upload any more.
fn is_gone(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::UploadGone | FaultKind::Status(404))
}

/// True if the store calls each of these parts by its MD5, by which it was compared.
fn are_md5(parts: &[StoredPart]) -> bool {
    parts.iter().all(|part| part.md5.is_some())
}
