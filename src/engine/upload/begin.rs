//! How an upload in parts begins: goes on with what the store has, takes up one whose record was lost, or begins anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::super::blocking::blocking;
use super::super::patiently::in_time;
use super::super::report::Ending;
use super::desk::Desk;
use super::insist::is_denied;
use super::original::{Original, changed};
use super::payload::Sent;
use super::proof::{Proof, assembled_etag, compare, sums};
use super::saver::Saver;
use super::task::{Halt, Task};
use crate::api::Happening;
use crate::model::{ByteRange, Fault, FaultKind};
use crate::plan::{Parts, part_size};
use crate::protocol::{Bounds, StoredPart};
use crate::store::{SentPart, UploadCheckpoint};

/// A run that was killed may have had so many parts on their way, where nobody says how many connections there are.
const AWAITED: u16 = 4;

/// So long the id of a new upload is waited for when haul is to end.
const MOMENT: Duration = Duration::from_millis(900);

/// An upload in parts that was begun.
pub(super) struct Held {
    pub(super) original: Arc<Original>,
    /// The store's id of it.
    pub(super) upload: String,
    pub(super) bounds: Bounds,
    pub(super) desk: Desk,
    /// What the store says that it has, and nobody has compared yet.
    pub(super) claims: VecDeque<Claim>,
    pub(super) saver: Saver,
}

/// A part that the store says it has.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) part: StoredPart,
    pub(super) range: ByteRange,
    /// What the checkpoint says was sent for it.
    pub(super) known: Option<SentPart>,
}

impl Claim {
    /// The claim of a part that the store says it has; `None` if it can't be one of these parts.
    pub(super) fn of(parts: &mut Parts, part: StoredPart, known: &mut BTreeMap<u32, SentPart>) -> Option<Self> {
        let range = parts.range(part.number);
        let fits = parts.claim(part.number, part.length.unwrap_or(range.len()));
        fits.then(|| Self { known: known.remove(&part.number), range, part })
    }
}

impl Task {
    /// Begins an upload in parts. An ending if it turns out that all was done by an earlier run.
    pub(super) async fn begin(&mut self, original: Arc<Original>, bounds: Bounds) -> Result<Option<Ending>, Halt> {
        if let Some(kept) = self.kept().await?.filter(|kept| !self.given_up.contains(&kept.upload)) {
            if !self.is_of(&kept, &original) {
                self.give_up_on(&kept.upload, changed(&original.path)).await?;
            } else if kept.asked.as_ref().is_some_and(|before| *before != self.asked()) {
                let detail = "its upload was begun with another storage class, type or headers, which can't be changed";
                let fault = Fault::new(FaultKind::Request, original.path.display(), detail);
                self.give_up_on(&kept.upload, fault).await?;
            } else if let Some(ending) = self.go_on_with(kept, &original, bounds).await? {
                return Ok(Some(ending));
            }
        }
        if self.held.is_none() {
            match self.find_or_create(original.clone(), bounds).await {
                // An earlier run may have sent it: as of a small file, the object tells.
                Err(Halt::Fault(fault)) if fault.kind == FaultKind::Exists => {
                    let ending = self.settled_after(fault.into(), &original, &Sent::default()).await?;
                    return Ok(Some(ending));
                }
                outcome => outcome?,
            }
        }
        self.announce().await;
        Ok(None)
    }

    /// Finds out whether an upload in parts of this very file was begun before; one of what the file was then is given up.
    pub(super) async fn find_begun(&mut self, original: &Original) -> Result<bool, Halt> {
        let kept = self.kept().await?.filter(|kept| !self.given_up.contains(&kept.upload));
        let Some(kept) = kept else { return Ok(false) };
        let is_of_it = self.is_of(&kept, original);
        if !is_of_it {
            self.give_up_on(&kept.upload, changed(&original.path)).await?;
        }
        Ok(is_of_it)
    }

    fn is_of(&self, kept: &UploadCheckpoint, original: &Original) -> bool {
        let same = kept.url == self.place.source.url().as_str() && kept.file == original.path;
        same && (kept.length, kept.modified) == (original.length, original.modified)
    }

    fn asked(&self) -> String {
        UploadCheckpoint::asked(&self.place.upload, &self.place.headers)
    }

    pub(super) async fn kept(&self) -> Result<Option<UploadCheckpoint>, Fault> {
        let path = self.checkpoint.clone();
        blocking(move || UploadCheckpoint::load(&path)).await
    }

    /// An upload that is of no use: its parts are freed. Until they are it stays written down, for this may be a wrong login;
    /// or until a new one takes its place.
    async fn give_up_on(&mut self, upload: &str, fault: Fault) -> Result<(), Halt> {
        self.given_up.push(upload.to_owned());
        self.tell(Happening::Restarted(fault)).await;
        if self.free(upload).await? {
            self.forget().await;
        }
        Ok(())
    }

    /// Goes on with an upload of an earlier run. One that the store does not know any more was perhaps completed, and its
    /// answer lost.
    async fn go_on_with(
        &mut self,
        kept: UploadCheckpoint,
        original: &Arc<Original>,
        bounds: Bounds,
    ) -> Result<Option<Ending>, Halt> {
        match self.unless_stopped(self.ask(self.driver.parts(&self.place, &kept.upload))).await {
            Ok(parts) => {
                if parts.is_empty() {
                    self.count_resend()?;
                }
                let known = kept.parts.into_iter().map(|part| (part.number, part)).collect();
                self.take_up(original.clone(), bounds, kept.upload, kept.part_size, parts, known);
                Ok(None)
            }
            Err(Halt::Fault(fault)) if fault.kind == FaultKind::UploadGone => {
                if let Some(ending) = self.arrived_before(&kept, original, bounds).await? {
                    self.forget().await;
                    return Ok(Some(ending));
                }
                self.count_resend()?;
                self.tell(Happening::Restarted(fault)).await;
                self.given_up.push(kept.upload.clone());
                self.stale = Some(kept.upload);
                Ok(None)
            }
            Err(Halt::Fault(fault)) if is_denied(fault.kind) => {
                let detail = format!("which parts the store has can't be asked: {}", fault.detail);
                self.give_up_on(&kept.upload, Fault { detail, ..fault }).await?;
                Ok(None)
            }
            Err(halt) => Err(halt),
        }
    }

    /// True to its last byte, the object stands where it is to stand: nothing needs to be sent. A store that tells no checksum
    /// calls it by those of the parts.
    async fn arrived_before(
        &mut self,
        kept: &UploadCheckpoint,
        original: &Arc<Original>,
        bounds: Bounds,
    ) -> Result<Option<Ending>, Halt> {
        let object = match self.unless_stopped(self.ask(self.driver.head(&self.place))).await {
            Ok(Some(object)) => object,
            Err(Halt::Fault(fault)) if !is_denied(fault.kind) => return Err(fault.into()),
            Err(Halt::Stopped) => return Err(Halt::Stopped),
            // Nobody knows, where the login may only write.
            _ => return Ok(None),
        };
        if object.length.is_some_and(|length| length != original.length) {
            return Ok(None);
        }
        if object.sum.is_none() {
            let proof = compare(&object, original.length, None, etag_of_all(kept).as_deref());
            return Ok(matches!(proof, Proof::Right(_)).then(|| self.done(original, proof)));
        }
        let all = ByteRange::new(0, original.length);
        let sum = self.unless_stopped(sums(original.clone(), all, vec![bounds.sum])).await?.pop();
        let proof = compare(&object, original.length, sum.as_ref(), None);
        Ok(matches!(proof, Proof::Right(_)).then(|| self.done(original, proof)))
    }

    async fn find_or_create(&mut self, original: Arc<Original>, bounds: Bounds) -> Result<(), Halt> {
        self.keep_what_stands().await?;
        if self.adopt(&original, bounds).await? {
            self.settle_stale().await;
            return Ok(());
        }
        let size = self.size(&original, bounds)?;
        let upload = self.created().await?;
        // Nothing is on its way to a new one.
        self.was_left = false;
        self.take_up(original, bounds, upload.clone(), size, Vec::new(), BTreeMap::new());
        if let Some(held) = &mut self.held {
            // On disk before the first part is sent, or parts might be left that nobody knows.
            if let Err(fault) = held.saver.first(&held.desk).await {
                self.take_back(&upload).await;
                return Err(fault.into());
            }
        }
        self.tell(Happening::UploadCreated).await;
        self.settle_stale().await;
        Ok(())
    }

    /// The upload before this one was perhaps not gone at all, and nobody would know of its parts any more: they are freed, or it
    /// is told that they stay.
    pub(super) async fn settle_stale(&mut self) {
        let Some(old) = self.stale.take().filter(|old| !self.adopted.contains(old)) else { return };
        match self.free_now(&old).await {
            Ok(had_any) => self.tell_freed(had_any).await,
            Err(fault) => self.tell(Happening::UploadLeft(fault)).await,
        }
    }

    /// Frees an upload of which no run after this one knows: whoever ends haul meanwhile waits a moment for it.
    async fn free_now(&self, upload: &str) -> Result<bool, Fault> {
        let abort = || self.driver.abort(&self.place, upload);
        match self.insist(abort).await {
            Err(Halt::Stopped) => in_time(&self.place.source, MOMENT, abort()).await,
            Err(Halt::Fault(fault)) => Err(fault),
            Ok(had_any) => Ok(had_any),
        }
    }

    /// The id of a new upload. Whoever ends haul meanwhile waits a moment for it: an upload whose id nobody has heard stays open.
    pub(super) async fn created(&self) -> Result<String, Halt> {
        let request = self.ask(self.driver.create(&self.place));
        tokio::pin!(request);
        match self.orders.unless_stopped(&mut request).await {
            Err(halt) => timeout(MOMENT, request).await.ok().and_then(Result::ok).ok_or(halt),
            Ok(created) => Ok(created?),
        }
    }

    /// Frees a new upload that can't be written down: the next attempt begins another one, and nobody would know of this one.
    async fn take_back(&mut self, upload: &str) {
        self.held = None;
        self.given_up.push(upload.to_owned());
        match self.free_now(upload).await {
            // Its record may be there all the same; one of an upload before it is not ours to forget.
            Ok(_) if self.kept().await.is_ok_and(|kept| kept.is_some_and(|kept| kept.upload == upload)) => {
                self.forget().await;
            }
            Ok(_) => {}
            Err(fault) => self.tell(Happening::UploadLeft(fault)).await,
        }
    }

    /// Bytes of each part but the last.
    pub(super) fn size(&self, original: &Original, bounds: Bounds) -> Result<u64, Fault> {
        let wanted = self.place.upload.part_size;
        let size = part_size(original.length, wanted, bounds.least_part, bounds.most_part, bounds.most_parts);
        size.map_err(|why| Fault::new(FaultKind::Request, original.path.display(), why))
    }

    /// From here on this upload is worked on. What the store says that it has is compared before it counts.
    pub(super) fn take_up(
        &mut self,
        original: Arc<Original>,
        bounds: Bounds,
        upload: String,
        size: u64,
        stored: Vec<StoredPart>,
        mut known: BTreeMap<u32, SentPart>,
    ) {
        let mut parts = Parts::new(original.length, size);
        let claims = stored.into_iter().filter_map(|part| Claim::of(&mut parts, part, &mut known)).collect();
        if std::mem::take(&mut self.was_left) {
            parts.await_arrivals(self.connections().max(AWAITED));
        }
        let checkpoint = UploadCheckpoint {
            url: self.place.source.url().to_string(),
            file: original.path.clone(),
            length: original.length,
            modified: original.modified,
            upload: upload.clone(),
            part_size: size,
            asked: Some(self.asked()),
            parts: Vec::new(),
        };
        let saver = Saver::new(self.checkpoint.clone(), checkpoint);
        let desk = Desk::new(parts);
        self.held = Some(Held { original, upload, bounds, desk, claims, saver });
    }

    async fn announce(&self) {
        let Some(held) = &self.held else { return };
        let claimed: u64 = held.claims.iter().map(|claim| claim.range.len()).sum();
        let compared: u64 = held.desk.sums().iter().map(|(_, bytes)| bytes).sum();
        let answered = Happening::Answered {
            target: held.original.path.clone(),
            length: Some(held.original.length),
            resumed: claimed + compared,
            resumable: true,
            stream: false,
        };
        self.tell(answered).await;
    }

    /// The outcome of a request that sends next to nothing.
    pub(super) async fn ask<T>(&self, request: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        in_time(&self.place.source, self.shared().patience.stall, request).await
    }

    /// A fault if an object is to be left alone and stands there: not every store looks by itself. One that this login may not
    /// look at is left to the store.
    pub(super) async fn keep_what_stands(&self) -> Result<(), Halt> {
        if !self.place.upload.keep {
            return Ok(());
        }
        match self.insist(|| self.driver.head(&self.place)).await {
            Ok(Some(_)) => Err(self.stands_already().into()),
            Err(Halt::Fault(fault)) if !is_denied(fault.kind) => Err(fault.into()),
            Err(Halt::Stopped) => Err(Halt::Stopped),
            _ => Ok(()),
        }
    }

    /// The fault of an object that is to be left alone.
    fn stands_already(&self) -> Fault {
        let detail = "an object stands there already, and is left alone as you said (--no-clobber)";
        Fault::new(FaultKind::Exists, &self.place.source, detail)
    }
}

/// What the store calls an object of what was sent, if that is all of the file.
fn etag_of_all(kept: &UploadCheckpoint) -> Option<String> {
    let count = Parts::new(kept.length, kept.part_size).count();
    let is_all = kept.parts.iter().map(|part| part.number).eq(1..=count);
    let part = |part: &SentPart| StoredPart {
        number: part.number,
        length: None,
        etag: part.etag.clone(),
        sum: None,
        md5: None,
    };
    is_all.then(|| assembled_etag(&kept.parts.iter().map(part).collect::<Vec<_>>())).flatten()
}
