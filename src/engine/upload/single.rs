//! A small file: one request, and the proof that it has arrived.

use std::sync::Arc;

use super::super::report::Ending;
use super::original::Original;
use super::payload::{Piece, Sent};
use super::proof::{Proof, compare, sums};
use super::task::{Halt, Task};
use super::watch::while_it_moves;
use crate::api::{Activity, Connection, ConnectionState, Happening, Live};
use crate::model::{Algorithm, ByteRange, Checksum, Moment};
use crate::plan::Meter;
use crate::protocol::{Payload, StoredObject};

/// How often the screen's figures are renewed, and over about how long the speed is a mean.
const TICK: std::time::Duration = std::time::Duration::from_millis(125);
const MEMORY: std::time::Duration = std::time::Duration::from_secs(4);

/// What a small file hashes to: as the store tells it, and as most ETags are.
struct Sums {
    own: Option<Checksum>,
    md5: Option<Checksum>,
}

impl Task {
    /// Sends all of the file at once.
    pub(super) async fn send_whole(&mut self, original: Arc<Original>) -> Result<Ending, Halt> {
        let length = original.length;
        let target = original.path.clone();
        self.tell(Happening::Answered { target, length: Some(length), resumed: 0, resumable: true }).await;
        let host = self.place.source.host();
        let hosts = self.shared().hosts.clone();
        let _permit = self.unless_stopped(async { Ok(hosts.open(&host).await) }).await?;
        let all = ByteRange::new(0, length);
        let algorithm = self.driver.bounds(&self.place).sum;
        let mut found = self.unless_stopped(sums(original.clone(), all, vec![algorithm, Algorithm::Md5])).await?;
        let sums = Sums { md5: found.pop(), own: found.pop() };
        let sent = Arc::new(Sent::default());
        let (limiters, sum) = (self.limiters(), sums.own.clone());
        let piece =
            Arc::new(Piece { original: original.clone(), range: all, sum, count: None, limiters, sent: sent.clone() });
        match self.send_piece(piece, &sent).await {
            Err(Halt::Stopped) => Err(Halt::Stopped),
            outcome => self.settled_whole(outcome, &original, &sums).await,
        }
    }

    async fn send_piece(&self, piece: Arc<Piece>, sent: &Sent) -> Result<StoredObject, Halt> {
        let (clock, length) = (self.shared().clock, piece.length());
        let request = self.driver.put(&self.place, piece);
        let request = while_it_moves(request, sent, &self.place.source, self.shared().patience.stall);
        tokio::pin!(request);
        let (mut meter, mut counted) = (Meter::new(MEMORY, clock.now()), 0);
        loop {
            tokio::select! {
                biased;
                () = self.orders.stop.cancelled() => return Err(Halt::Stopped),
                outcome = &mut request => return Ok(outcome?),
                () = tokio::time::sleep(TICK) => {
                    let (now, bytes) = (clock.now(), sent.bytes());
                    meter.add(bytes.saturating_sub(counted), now);
                    counted = bytes;
                    self.show_whole(length, live(length, bytes, &meter, now));
                }
            }
        }
    }

    /// What became of it. An answer that is lost or an error may belong to a request that was obeyed: the object tells.
    async fn settled_whole(
        &mut self,
        outcome: Result<StoredObject, Halt>,
        original: &Arc<Original>,
        sums: &Sums,
    ) -> Result<Ending, Halt> {
        original.check()?;
        let etag = sums.md5.as_ref().map(|sum| sum.hex.clone());
        let proof = |object: &StoredObject| compare(object, original.length, sums.own.as_ref(), etag.as_deref());
        let proof = match outcome {
            Ok(object) => proof(&object),
            Err(halt) => {
                let stands = self.unless_stopped(self.ask(self.driver.head(&self.place))).await;
                match stands.ok().flatten().map(|object| proof(&object)) {
                    Some(right @ Proof::Right(_)) => right,
                    _ => return Err(halt),
                }
            }
        };
        if proof == Proof::Wrong {
            return Err(self.is_another().into());
        }
        self.sent += original.length;
        Ok(self.done(original, proof))
    }
}

fn live(length: u64, bytes: u64, meter: &Meter, now: Moment) -> Live {
    let (range, speed) = (ByteRange::new(0, length), meter.rate(now));
    let state = if bytes == 0 { ConnectionState::Connecting } else { ConnectionState::Sending };
    let connection =
        Connection { number: 1, range, position: bytes, speed, state, host: None, address: None, fault: None };
    let (connections, eta) = (vec![connection], meter.eta(length.saturating_sub(bytes), now));
    Live { activity: Activity::Sending, speed, eta, connections, allowed: 1, ..Live::default() }
}
