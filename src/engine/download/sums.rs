//! The checksum that a list beside the file has for it, fetched before the file.

use std::future::poll_fn;

use tokio::time::timeout;

use super::task::{Halt, Task};
use crate::api::Activity;
use crate::model::{Checksum, Fault, FaultKind, Source, find_sum};
use crate::protocol::{Answer, Asked, Request};

/// A list that is longer than this is none.
const LONGEST: usize = 1 << 20;

impl Task {
    /// Settles what the whole file must hash to: what the user says, or what a list says that the user points to.
    pub(super) async fn settle_sum(&mut self) -> Result<(), Halt> {
        let spec = &self.orders.spec;
        if self.wanted.is_none() {
            self.wanted = spec.checksum.as_deref().cloned();
        }
        let Some(sums) = spec.sums.clone().filter(|_| self.wanted.is_none()) else { return Ok(()) };
        self.show(Activity::Connecting);
        let places = sums.places(&self.orders.spec.source);
        let searched = places.len() > 1;
        for place in places {
            match self.listed(&place).await {
                Ok(Some(sum)) => {
                    tracing::info!("{place} says {sum}");
                    self.wanted = Some(sum);
                    return Ok(());
                }
                Ok(None) => {}
                Err(Halt::Fault(fault)) if searched && is_absent(fault.kind) => {}
                Err(halt) => return Err(halt),
            }
        }
        let detail = if searched {
            "there is no list of checksums beside it that names it; --checksums-from URL says where one is"
        } else {
            "the list of checksums does not name it, or says two things of it; look at the list"
        };
        Err(Fault::new(FaultKind::Checksum, &self.orders.spec.source, detail).into())
    }

    /// All of an answer that is to be read at once; `None` if it is longer than that.
    pub(super) async fn read_all(&self, mut answer: Answer, most: usize, at: &Source) -> Result<Option<Vec<u8>>, Halt> {
        let mut bytes = Vec::new();
        loop {
            let next = timeout(self.orders.shared.patience.stall, poll_fn(|context| answer.body.poll_chunk(context)));
            let late = |_| Fault::new(FaultKind::Stalled, at, "the answer stopped");
            let Some(chunk) = self.unless_stopped(next).await?.map_err(late)? else { return Ok(Some(bytes)) };
            bytes.extend_from_slice(&chunk?);
            if bytes.len() > most {
                return Ok(None);
            }
        }
    }

    /// What a list says of this transfer's file.
    async fn listed(&self, place: &Source) -> Result<Option<Checksum>, Halt> {
        let spec = &self.orders.spec;
        let request = Request {
            source: place.clone(),
            headers: self.headers(place, None),
            asked: Asked::Whole,
            expected: None,
            unless: None,
            named: true,
            brief: false,
        };
        let (answer, _permit) = self.open(request).await?;
        let bytes = self.read_all(answer, LONGEST, place).await?.ok_or_else(|| {
            let detail = "it is longer than a MiB, which is no list of checksums";
            Fault::new(FaultKind::Checksum, place, detail)
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let list = place.last_segment().unwrap_or_default();
        let names = spec.source.last_segment().into_iter().chain(spec.target.name.clone());
        Ok(names.into_iter().find_map(|name| find_sum(&text, &list, &name)))
    }
}

/// True for what a server answers for a file that it does not have.
fn is_absent(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Status(400..=407 | 409..=424 | 426..=428 | 430..=499) | FaultKind::Redirect)
}
