//! A small file: one request, and the proof that it has arrived.

use std::sync::Arc;

use super::super::report::{Complete, Ending, Resting, What};
use super::crew::TICK;
use super::desk::MEMORY;
use super::insist::may_be_done;
use super::original::Original;
use super::payload::{Piece, Sent};
use super::proof::{Proof, compare, etag_in_parts, sizes_of, sums};
use super::sender::is_lost;
use super::task::{Halt, Task};
use super::watch::while_it_moves;
use crate::api::{Activity, Connection, ConnectionState, Live};
use crate::model::{Algorithm, ByteRange, Checksum, Fault, FaultKind, Moment};
use crate::plan::Gauge;
use crate::protocol::{Bounds, Payload, StoredObject};

/// For so many sizes of parts a file is read to compare it with an object, which costs less than to send it.
const MOST_SIZES: usize = 3;

impl Task {
    /// Sends all of the file at once.
    pub(super) async fn send_whole(&mut self, original: Arc<Original>) -> Result<Ending, Halt> {
        let length = original.length;
        self.orders.report(What::Known(original.path.clone(), length)).await;
        let host = self.place.source.host();
        let hosts = self.shared().hosts.clone();
        let rest = Resting::now().with_files(true);
        let _permit = self.orders.beside(rest, hosts.open(&host), |activity| self.show(activity)).await?;
        let algorithm = self.driver.bounds(&self.place).sum;
        let sent = Arc::new(Sent::default());
        let all = ByteRange::new(0, length);
        let piece = Arc::new(Piece::new(original.clone(), all, algorithm, self.limiters.clone(), sent.clone()));
        let object = match self.send_piece(piece, &sent).await {
            Ok(object) => object,
            Err(Halt::Stopped) => return Err(Halt::Stopped),
            Err(halt) => return self.settled_after(halt, &original, &sent).await,
        };
        original.check()?;
        match self.proof_of(&object, &original, sent.sum()).await? {
            Proof::Wrong => Err(self.another_object().into()),
            proof => Ok(self.sent_whole(&original, proof, length)),
        }
    }

    /// An answer that is lost or an error may belong to a request that was obeyed: the object tells.
    pub(super) async fn settled_after(
        &mut self,
        halt: Halt,
        original: &Arc<Original>,
        sent: &Sent,
    ) -> Result<Ending, Halt> {
        original.check()?;
        if matches!(&halt, Halt::Fault(fault) if !may_be_done(fault.kind)) || self.may_be_an_old_one() {
            return Err(halt);
        }
        let stands = self.unless_stopped(self.ask(self.driver.head(&self.place))).await;
        let Some(object) =
            stands.ok().flatten().filter(|object| object.length.is_none_or(|told| told == original.length))
        else {
            return Err(halt);
        };
        // Of a large file that takes its time.
        self.show(Activity::Checking);
        // What stands there may be what stood there before: it proves itself, and teaches nothing.
        match self.compared(&object, original).await? {
            Proof::Right(algorithm) if self.sent == 0 && sent.bytes() == 0 && exists(&halt) => {
                Ok(unchanged(original, algorithm))
            }
            right @ Proof::Right(_) => Ok(self.sent_whole(original, right, sent.bytes().min(original.length))),
            _ => Err(halt),
        }
    }

    /// Ends an upload whose very file stands at the place, where that is asked for: an earlier run has sent it. One that was
    /// begun in parts goes on; the look is a help, and no more.
    pub(super) async fn stands_equal(
        &mut self,
        original: &Arc<Original>,
        bounds: Bounds,
    ) -> Result<Option<Ending>, Halt> {
        let is_first = self.retries == 0 && self.held.is_none() && self.given_up.is_empty();
        let is_asked = self.place.upload.unless_equal && bounds.takes_whole && !self.asks_for_more();
        if !is_asked || !is_first || self.kept().await?.is_some() {
            return Ok(None);
        }
        let object = match self.unless_stopped(self.ask(self.driver.head(&self.place))).await {
            Ok(Some(object)) if object.length == Some(original.length) => object,
            Err(Halt::Stopped) => return Err(Halt::Stopped),
            _ => return Ok(None),
        };
        // Of a large file that takes its time.
        self.show(Activity::Checking);
        let Proof::Right(algorithm) = self.compared(&object, original).await? else { return Ok(None) };
        original.check()?;
        Ok(Some(unchanged(original, algorithm)))
    }

    /// What an object proves, beside the file that is read for it.
    async fn compared(&self, object: &StoredObject, original: &Arc<Original>) -> Result<Proof, Halt> {
        let all = ByteRange::new(0, original.length);
        let bounds = self.driver.bounds(&self.place);
        let is_told = object.sum.as_ref().is_some_and(|told| told.algorithm == bounds.sum);
        let own_size = self.size(original, bounds).ok();
        let sizes = |etag: &String| sizes_of(etag, original.length, own_size, MOST_SIZES);
        if let Some(sizes) = object.etag.as_ref().filter(|_| !is_told).and_then(sizes) {
            return self.compared_in_parts(object, original, sizes).await;
        }
        let algorithms = vec![bounds.sum, Algorithm::Md5];
        let own = self.unless_stopped(sums(original.clone(), all, algorithms)).await?;
        Ok(compare(object, original.length, own.first(), own.last().map(|sum| sum.hex.as_str())))
    }

    /// The same of one that is called by the MD5s of its parts, which may be of one of these sizes.
    async fn compared_in_parts(
        &self,
        object: &StoredObject,
        original: &Arc<Original>,
        sizes: Vec<u64>,
    ) -> Result<Proof, Halt> {
        for size in sizes {
            let etag = self.unless_stopped(etag_in_parts(original.clone(), size)).await?;
            if let right @ Proof::Right(_) = compare(object, original.length, None, etag.as_deref()) {
                return Ok(right);
            }
        }
        Ok(Proof::Silent)
    }

    /// What the object proves: by the store's own checksum, or else by an ETag that is an MD5, for which the file is read. An
    /// answer that proves nothing may be that of something else: then what stands there is asked for, unless the login may
    /// only write.
    async fn proof_of(
        &self,
        object: &StoredObject,
        original: &Arc<Original>,
        sum: Option<Checksum>,
    ) -> Result<Proof, Halt> {
        let proof = compare(object, original.length, sum.as_ref(), None);
        if proof != Proof::Silent {
            return Ok(proof);
        }
        let all = ByteRange::new(0, original.length);
        let md5 = self.unless_stopped(sums(original.clone(), all, vec![Algorithm::Md5])).await?.pop();
        let proof = |object: &StoredObject| {
            compare(object, original.length, sum.as_ref(), md5.as_ref().map(|md5| md5.hex.as_str()))
        };
        if proof(object) != Proof::Silent {
            return Ok(proof(object));
        }
        if let (Some(told), Some(own)) = (&object.md5, &md5)
            && told != own
            && !self.is_called_so(told, original.length).await?
        {
            let detail = format!("the file has arrived damaged: the store says {told}, and it is {own}");
            return Err(Fault::new(FaultKind::PartDamaged, &self.place.source, detail).into());
        }
        let is_named = object.etag.is_some();
        match self.standing().await? {
            Some(stands) if is_named || stands.etag.is_some() || stands.sum.is_some() => Ok(proof(&stands)),
            None if is_named => Ok(Proof::Silent),
            _ => {
                let detail = "nothing that the store says shows that it has taken it";
                Err(Fault::new(FaultKind::BadAnswer, &self.place.source, detail).into())
            }
        }
    }

    /// True if a word that is not the MD5 of what was sent is just how the store calls it: it has as many bytes.
    async fn is_called_so(&self, told: &Checksum, length: u64) -> Result<bool, Halt> {
        let (namings, store, id) = (&self.shared().namings, &self.place.source, self.orders.id);
        if namings.are_others(store, id) {
            return Ok(true);
        }
        if !namings.note_word((id, 0), told) || self.unless_stopped(is_lost(told.clone(), length)).await? {
            return Ok(false);
        }
        let is_all = self.standing().await?.is_some_and(|stands| stands.length == Some(length));
        if is_all {
            namings.believe(store, id);
        }
        Ok(is_all)
    }

    /// The end of one that went at once: nothing was told of it before.
    fn sent_whole(&mut self, original: &Original, proof: Proof, bytes: u64) -> Ending {
        self.sent += bytes;
        let mut ending = self.done(original, proof);
        if let Ending::Done(complete) = &mut ending {
            complete.untold = true;
        }
        ending
    }

    async fn send_piece(&self, piece: Arc<Piece>, sent: &Sent) -> Result<StoredObject, Halt> {
        self.keep_what_stands().await?;
        let (clock, length) = (self.shared().clock, piece.length());
        let request = self.driver.put(&self.place, piece);
        let request = while_it_moves(request, sent, &self.place.source, self.shared().patience.stall);
        tokio::pin!(request);
        let (mut gauge, mut counted) = (Gauge::new(MEMORY), 0);
        loop {
            tokio::select! {
                biased;
                () = self.orders.stop.cancelled() => return Err(Halt::Stopped),
                outcome = &mut request => return Ok(outcome?),
                () = tokio::time::sleep(TICK) => {
                    let (now, bytes) = (clock.now(), sent.bytes());
                    gauge.add(bytes.saturating_sub(counted), now);
                    counted = bytes;
                    self.show_whole(length, live(length, bytes, &gauge, now));
                }
            }
        }
    }
}

/// True if an object that is to be left alone stands at the place.
fn exists(halt: &Halt) -> bool {
    matches!(halt, Halt::Fault(fault) if fault.kind == FaultKind::Exists)
}

/// The end of one whose very file an earlier run has sent, as this says.
fn unchanged(original: &Original, algorithm: Algorithm) -> Ending {
    let (target, bytes, checked) = (original.path.clone(), original.length, vec![algorithm]);
    Ending::Done(Complete { target, bytes, unchanged: true, checked, untold: true, ..Complete::default() })
}

fn live(length: u64, bytes: u64, gauge: &Gauge, now: Moment) -> Live {
    let (range, speed) = (ByteRange::new(0, length), gauge.rate(now));
    let state = if bytes == 0 { ConnectionState::Connecting } else { ConnectionState::Sending };
    let connection = Connection::new(1, range, bytes, speed, state);
    let (connections, eta) = (vec![connection], gauge.eta(length.saturating_sub(bytes), now));
    Live { activity: Activity::Sending, speed, eta, connections, allowed: 1, ..Live::default() }
}
