//! One connection that sends a part, and the doubt whether a part has arrived whose answer was lost.

use std::sync::Arc;
use std::time::Duration;

use super::super::blocking::blocking;
use super::super::patiently::in_time;
use super::namings::{Namings, is_of_nothing};
use super::payload::Piece;
use super::task::Task;
use super::watch::while_it_moves;
use crate::model::{Algorithm, Checksum, Fault, FaultKind, TransferId};
use crate::plan::may_pass;
use crate::protocol::{Payload, Place, Put, StoredPart, bare_etag};

/// A store that answers and can't tell what it has is asked so often.
const MOST_ASKED: u32 = 4;

/// All of a part went out, its answer was lost, and the store could not be asked yet whether it has it.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    /// What the bytes hash to as they went out.
    sum: Checksum,
    /// How often the store has answered and did not tell.
    asked: u32,
}

/// What one connection needs to send a part.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) driver: Arc<dyn Put>,
    pub(super) place: Place,
    pub(super) upload: String,
    pub(super) piece: Piece,
    pub(super) stall: Duration,
    pub(super) id: TransferId,
    pub(super) namings: Arc<Namings>,
}

impl Sender {
    pub(super) fn new(task: &Task, upload: &str, piece: Piece) -> Self {
        Self {
            driver: task.driver.clone(),
            place: task.place.clone(),
            upload: upload.to_owned(),
            piece,
            stall: task.shared().patience.stall,
            id: task.orders.id,
            namings: task.shared().namings.clone(),
        }
    }

    /// Sends it, unless it is found to have arrived before; what it is called, and what its bytes hash to as they went out.
    /// That is what the store's word is compared with.
    pub(super) async fn send(self, part: u32) -> Result<(StoredPart, Checksum), Fault> {
        if let Some(doubt) = self.piece.sent().take_doubt()
            && let Some(found) = self.arrived(part, doubt).await?
        {
            return Ok(found);
        }
        match self.send_once(part).await {
            // At once, and not after a wait: the same word again is no damage.
            Err(fault) if fault.kind == FaultKind::PartDamaged && self.namings.is_noted((self.id, part)) => {
                tracing::info!("{fault}");
                self.send_once(part).await
            }
            outcome => outcome,
        }
    }

    async fn send_once(&self, part: u32) -> Result<(StoredPart, Checksum), Fault> {
        let (sent, place) = (self.piece.sent(), &self.place.source);
        let request = self.driver.part(&self.place, &self.upload, part, Arc::new(self.piece.clone()));
        let mut stored = match while_it_moves(request, &sent, place, self.stall).await {
            Err(fault) if is_unheard(fault.kind) => return self.arrived_unheard(part).await.ok_or(fault),
            outcome => outcome?,
        };
        let Some(sum) = sent.sum() else {
            let detail = format!("the store says that it has part {part}, of which not all was sent");
            return Err(Fault::new(FaultKind::BadAnswer, place, detail));
        };
        stored.md5 = stored.md5.filter(|_| !self.namings.are_others(place, self.id));
        let (told, own) = match (&stored.sum, &stored.md5) {
            (Some(told), _) if told.algorithm == sum.algorithm => (told, sum.clone()),
            // Nothing better is told: the bytes are read for it once more.
            (_, Some(told)) => (told, self.piece.sum(Algorithm::Md5).await?),
            _ => return Ok((stored, sum)),
        };
        if *told != own {
            // Another file than was read before, or damage on the way.
            self.piece.original().check()?;
            if told.algorithm == Algorithm::Md5 && self.is_called_so(part, told).await? {
                return Ok((StoredPart { md5: None, ..stored }, sum));
            }
            let detail = format!("part {part} has arrived damaged: the store says {told}, and it is {own}");
            return Err(Fault::new(FaultKind::PartDamaged, place, detail));
        }
        if told.algorithm == Algorithm::Md5 {
            self.namings.note_md5(self.id);
        }
        Ok((stored, sum))
    }

    /// True if a word that is not the MD5 of what was sent is just how the store calls it.
    async fn is_called_so(&self, part: u32, told: &Checksum) -> Result<bool, Fault> {
        let length = self.piece.length();
        if !self.namings.note_word((self.id, part), told) || is_lost(told.clone(), length).await? {
            return Ok(false);
        }
        let request = self.driver.stored(&self.place, &self.upload, part);
        let stored = in_time(&self.place.source, self.stall, request).await;
        let is_all = stored.ok().flatten().is_some_and(|stored| stored.length == Some(length));
        if is_all {
            self.namings.believe(&self.place.source, self.id);
        }
        Ok(is_all)
    }

    /// A part all of which went out, and whose answer was lost: the store may have it, and to ask costs less than to send
    /// it again.
    async fn arrived_unheard(&self, part: u32) -> Option<(StoredPart, Checksum)> {
        let sum = self.piece.sent().sum()?;
        self.arrived(part, Doubt { sum, asked: 0 }).await.ok().flatten()
    }

    /// What the store has of a part, if it is what went out; a fault if it can't be asked now, and the doubt stays.
    async fn arrived(&self, part: u32, doubt: Doubt) -> Result<Option<(StoredPart, Checksum)>, Fault> {
        let request = self.driver.stored(&self.place, &self.upload, part);
        let stored = match in_time(&self.place.source, self.stall, request).await {
            Ok(stored) => stored,
            Err(fault) if may_pass(fault.kind) => {
                // One that is not reached has not been asked.
                let has_answered = !matches!(fault.kind, FaultKind::Connect | FaultKind::Resolve);
                let asked = doubt.asked + u32::from(has_answered);
                if asked < MOST_ASKED {
                    self.piece.sent().doubt(Doubt { asked, ..doubt });
                }
                return Err(fault);
            }
            Err(_) => None,
        };
        let Some(stored) = stored else { return Ok(None) };
        let (sum, length) = (doubt.sum, self.piece.length());
        let is_right = stored.length.is_none_or(|told| told == length) && self.is_of(&stored, &sum).await;
        Ok(is_right.then_some((stored, sum)))
    }

    /// True if what the store has is what hashes to `sum`.
    async fn is_of(&self, stored: &StoredPart, sum: &Checksum) -> bool {
        match &stored.sum {
            Some(told) if told.algorithm == sum.algorithm => told == sum,
            _ => {
                let md5 = self.piece.sum(Algorithm::Md5).await;
                md5.is_ok_and(|md5| bare_etag(&stored.etag) == md5.hex)
            }
        }
    }
}

/// True if a word says that nothing of the bytes has come. It takes a while for a large part.
pub(super) async fn is_lost(told: Checksum, length: u64) -> Result<bool, Fault> {
    blocking(move || Ok(is_of_nothing(&told, length))).await
}

/// True if a request may have been obeyed although it seems to have failed.
fn is_unheard(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Cut | FaultKind::Stalled | FaultKind::Status(500 | 502 | 504))
}
