//! Takes up an upload that no checkpoint of ours knows: another tool began it, or the checkpoint was lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::insist::is_denied;
use super::original::Original;
use super::proof::verified;
use super::task::{Halt, Task};
use crate::model::{Checksum, FaultKind};
use crate::plan::{Parts, may_pass};
use crate::protocol::{Bounds, StoredPart};

/// So many open uploads to one place are looked at, the newest first.
const MOST_LOOKED_AT: usize = 4;

impl Task {
    /// Looks for an upload of this file to this place that no checkpoint knows. It counts as one if all its parts are of this
    /// file; and not if this run has given it up, or if the object is to be like something, which is settled when an upload
    /// begins, or if a last call has failed. A store that shows no list has none.
    pub(super) async fn adopt(&mut self, original: &Arc<Original>, bounds: Bounds) -> Result<bool, Halt> {
        if bounds.takes_whole && (self.asks_for_more() || self.endings > 0) {
            return Ok(false);
        }
        let open = match self.unless_stopped(self.ask(self.driver.uploads(&self.place))).await {
            Ok(open) => open,
            // The list is a help, and no more: the last attempt goes on without it.
            Err(Halt::Fault(fault)) if shows_no_list(fault.kind) || self.is_last_attempt() => return Ok(false),
            Err(halt) => return Err(halt),
        };
        let unknown = open.into_iter().filter(|upload| !self.given_up.contains(upload)).take(MOST_LOOKED_AT);
        for upload in unknown.collect::<Vec<_>>() {
            let mut parts = match self.unless_stopped(self.ask(self.driver.parts(&self.place, &upload))).await {
                Ok(parts) => parts,
                Err(Halt::Fault(fault)) if fault.kind == FaultKind::UploadGone => continue,
                Err(Halt::Fault(fault)) if is_denied(fault.kind) || self.is_last_attempt() => return Ok(false),
                // One of somebody else may want a key to be asked for, or be of no use to its store either.
                Err(Halt::Fault(fault)) if shows_no_list(fault.kind) && !may_pass(fault.kind) => continue,
                Err(halt) => return Err(halt),
            };
            let chosen = || self.size(original, bounds).ok().filter(|_| parts.iter().all(|part| part.length.is_none()));
            let Some(size) = common_size(&parts, original.length, bounds).or_else(chosen) else { continue };
            let Some(mut sums) = self.all_compared(original, &mut parts, size, bounds).await? else { continue };
            self.adopted.push(upload.clone());
            self.take_up(original.clone(), bounds, upload, size, parts, BTreeMap::new());
            if let Some(held) = &mut self.held {
                for claim in std::mem::take(&mut held.claims) {
                    if let Some(sum) = sums.remove(&claim.part.number) {
                        held.desk.stored(claim.part, sum);
                    }
                }
                held.saver.first(&held.desk).await?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn is_last_attempt(&self) -> bool {
        self.failures >= self.shared().patience.retries
    }

    /// True if an object that holds the file may be one that stood there before, and is not like what the user wants now.
    pub(super) fn may_be_an_old_one(&self) -> bool {
        self.asks_for_more() && !self.place.upload.keep
    }

    /// True if the user says what the object is to be like.
    pub(super) fn asks_for_more(&self) -> bool {
        let wanted = &self.place.upload;
        wanted.content_type.is_some() || wanted.storage_class.is_some() || !self.place.headers.is_empty()
    }

    /// What these parts hash to, by their numbers; `None` unless each of them is of this file.
    async fn all_compared(
        &self,
        original: &Arc<Original>,
        parts: &mut [StoredPart],
        size: u64,
        bounds: Bounds,
    ) -> Result<Option<BTreeMap<u32, Checksum>>, Halt> {
        let layout = Parts::new(original.length, size);
        let mut sums = BTreeMap::new();
        for part in parts {
            let range = layout.range(part.number);
            let compared = self.unless_stopped(verified(original.clone(), part, range, None, bounds.sum)).await?;
            let Some(sum) = compared else { return Ok(None) };
            sums.insert(part.number, sum);
        }
        Ok(Some(sums).filter(|sums| !sums.is_empty()))
    }
}

/// True if a store lets nobody see which uploads are open, or answers with something else.
fn shows_no_list(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Status(400..=499 | 501) | FaultKind::BadAnswer)
}

/// The size of all parts but the last, if these can be parts of a file of `length` bytes.
fn common_size(parts: &[StoredPart], length: u64, bounds: Bounds) -> Option<u64> {
    let size = parts.iter().map(|part| part.length).collect::<Option<Vec<u64>>>()?.into_iter().max()?;
    let layout = (size >= bounds.least_part.min(length) && size > 0).then(|| Parts::new(length, size))?;
    let fits = |part: &StoredPart| part.number >= 1 && Some(layout.range(part.number).len()) == part.length;
    (layout.count() <= bounds.most_parts && parts.iter().all(fits)).then_some(size)
}
