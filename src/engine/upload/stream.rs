//! A stream whose length nobody knows: each part is kept in a file without a name until the store has it. It can't be
//! resumed, so that nothing is left at the store if it ends early.

use std::collections::BTreeSet;
use std::mem::take;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use super::super::blocking::blocking;
use super::super::orders::Shared;
use super::super::report::{Complete, Ending, Report, What};
use super::original::Original;
use super::payload::{Piece, Sent};
use super::pipe::Pipe;
use super::proof::Proof;
use super::sender::Sender;
use super::task::{Halt, Task};
use crate::api::{Activity, Happening};
use crate::model::{ByteRange, Checksum, Fault, FaultKind, TransferId, Upload};
use crate::plan::{again_after, streamed_part_size};
use crate::protocol::{Bounds, StoredPart};
use crate::store::combined;

/// So long a thread that reads is waited for that was told to stop.
const MOMENT: Duration = Duration::from_secs(1);

/// What one part came to.
struct Arrived {
    /// Its first byte in the stream, and its bytes.
    start: u64,
    length: u64,
    part: StoredPart,
    sum: Checksum,
}

/// The parts of a stream that are on their way, and those that the store has.
#[derive(Default)]
struct Flow {
    sending: JoinSet<Result<Arrived, (u32, Fault)>>,
    under_way: BTreeSet<u32>,
    arrived: Vec<Arrived>,
}

impl Task {
    /// Sends a stream to its end.
    pub(super) async fn send_stream(&mut self) -> Result<Ending, Halt> {
        self.show(Activity::Connecting);
        if self.shared().streams.is_read(self.orders.id) {
            return Err(self.lost_stream().into());
        }
        let (path, id) = (self.place.upload.file.clone(), self.orders.id);
        let (folder, streams) = (self.shared().state.join("uploads"), self.shared().streams.clone());
        // However this ends, nobody goes on to read then.
        let stop = self.orders.stop.child_token();
        let _guard = stop.clone().drop_guard();
        let source = self.unless_stopped(blocking(move || Pipe::open(path, folder, id, streams, stop))).await?;
        let bounds = self.driver.bounds(&self.place);
        let threshold = self.place.upload.threshold.unwrap_or(Upload::THRESHOLD);
        let first_size = self.size_of_part(1, bounds).max(threshold.min(bounds.most_part));
        let mut flow = Flow::default();
        let (source, first) = self.read_on(source, first_size, &mut flow).await?;
        self.free_the_one_before().await?;
        if first.length < first_size && bounds.takes_whole {
            return self.send_short(Arc::new(first)).await;
        }
        self.keep_what_stands().await?;
        let upload = self.begin_stream().await?;
        self.tell_of_stream(None).await;
        self.tell(Happening::UploadCreated).await;
        match self.send_pieces(&mut flow, &upload, source, first, first_size, bounds).await {
            Ok(ending) => {
                self.forget().await;
                Ok(ending)
            }
            Err(halt) => {
                // A part that arrives after the upload was freed would stay for ever, at some stores.
                flow.sending.shutdown().await;
                for number in take(&mut flow.under_way) {
                    self.tell(Happening::PartAborted { number }).await;
                }
                self.give_back_stream(&upload, matches!(halt, Halt::Stopped)).await;
                Err(halt)
            }
        }
    }

    async fn tell_of_stream(&self, length: Option<u64>) {
        let target = self.place.upload.file.clone();
        self.tell(Happening::Answered { target, length, resumed: 0, resumable: false, stream: true }).await;
    }

    /// Sends a stream that has ended before it was worth parts: all its bytes are here, and can be sent again.
    async fn send_short(&mut self, all: Arc<Original>) -> Result<Ending, Halt> {
        let mut failures = 0;
        loop {
            let fault = match self.send_whole(all.clone()).await {
                Err(Halt::Fault(fault)) => fault,
                Ok(Ending::Done(complete)) => {
                    self.tell_of_stream(Some(complete.bytes)).await;
                    return Ok(Ending::Done(Complete { untold: false, ..complete }));
                }
                outcome => return outcome,
            };
            failures += 1;
            if self.begins_again(&fault) {
                self.tell(Happening::Restarted(fault)).await;
            } else {
                self.again(fault, failures).await?;
            }
        }
    }

    /// Reads on, on a thread that may block: it may wait for the stream for ever. A part that is refused meanwhile ends it,
    /// however long the stream is silent.
    async fn read_on(&mut self, mut source: Pipe, most: u64, flow: &mut Flow) -> Result<(Pipe, Original), Halt> {
        let reading = blocking(move || {
            let piece = source.next(most)?;
            Ok((source, piece))
        });
        tokio::pin!(reading);
        let stop = self.orders.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    // It sees that too, and until then it may read.
                    let _ = timeout(MOMENT, reading).await;
                    return Err(Halt::Stopped);
                }
                read = &mut reading => return Ok(read?),
                Some(next) = flow.sending.join_next() => {
                    self.ended_part(next, flow).await?;
                }
            }
        }
    }

    async fn send_pieces(
        &mut self,
        flow: &mut Flow,
        upload: &str,
        mut source: Pipe,
        first: Original,
        first_size: u64,
        bounds: Bounds,
    ) -> Result<Ending, Halt> {
        let (mut piece, mut number, mut length, mut size) = (first, 1, 0, first_size);
        loop {
            let is_last = piece.length < size;
            let start = length;
            length += piece.length;
            if piece.length > 0 || number == 1 {
                let bytes = piece.length;
                let (limiters, sent) = (self.limiters.clone(), Arc::new(Sent::default()));
                let piece = Piece::new(Arc::new(piece), ByteRange::new(0, bytes), bounds.sum, limiters, sent);
                let (sender, task) = (Sender::new(self, upload, piece), self.part_task());
                flow.under_way.insert(number);
                flow.sending.spawn(async move {
                    let (part, sum) = task.send(sender, number).await.map_err(|fault| (number, fault))?;
                    Ok(Arrived { start, length: bytes, part, sum })
                });
            }
            if is_last {
                break;
            }
            while flow.sending.len() >= usize::from(self.connections()) {
                self.take_one(flow).await?;
            }
            number += 1;
            if number > bounds.most_parts {
                let detail = "the stream is longer than this store takes in one object";
                return Err(Fault::new(FaultKind::Request, &self.place.source, detail).into());
            }
            size = self.size_of_part(number, bounds);
            (source, piece) = self.read_on(source, size, flow).await?;
        }
        while !flow.sending.is_empty() {
            self.take_one(flow).await?;
        }
        self.end_stream(upload, length, take(&mut flow.arrived)).await
    }

    fn size_of_part(&self, number: u32, bounds: Bounds) -> u64 {
        streamed_part_size(number, self.place.upload.part_size, bounds.least_part, bounds.most_part)
    }

    fn part_task(&self) -> PartTask {
        let orders = &self.orders;
        PartTask {
            shared: orders.shared.clone(),
            reports: orders.reports.clone(),
            nudge: orders.nudge.clone(),
            id: orders.id,
        }
    }

    async fn take_one(&mut self, flow: &mut Flow) -> Result<(), Halt> {
        let next = async { Ok(flow.sending.join_next().await) };
        match self.unless_stopped(next).await? {
            Some(next) => Ok(self.ended_part(next, flow).await?),
            None => Ok(()),
        }
    }

    /// The fault of a stream that was read from, and did not come to its end.
    pub(super) fn lost_stream(&self) -> Fault {
        let detail = "what was read of the stream is gone, so that it can't go on; remove it, begin what writes to it anew, and \
                      add it anew";
        Fault::new(FaultKind::Disk, self.place.upload.file.display(), detail)
    }

    /// The fault of work on a part that has panicked.
    pub(super) fn lost_part(&self) -> Fault {
        let detail = "a part's task was lost, which is a bug of haul";
        Fault::new(FaultKind::State, &self.place.source, detail)
    }

    /// The store has a part, or does not take it.
    async fn ended_part(
        &mut self,
        part: Result<Result<Arrived, (u32, Fault)>, JoinError>,
        flow: &mut Flow,
    ) -> Result<(), Fault> {
        let next = match part {
            Ok(Ok(next)) => next,
            Ok(Err((number, fault))) => {
                flow.under_way.remove(&number);
                self.tell(Happening::PartFailed { number, fault: fault.clone(), after: None }).await;
                return Err(fault);
            }
            Err(_) => return Err(self.lost_part()),
        };
        let range = ByteRange::new(next.start, next.start + next.length);
        self.sent += range.len();
        flow.under_way.remove(&next.part.number);
        self.tell(Happening::PartDone { number: next.part.number, range }).await;
        flow.arrived.push(next);
        self.show_streamed();
        Ok(())
    }

    async fn end_stream(&mut self, upload: &str, length: u64, mut arrived: Vec<Arrived>) -> Result<Ending, Halt> {
        self.show(Activity::Finishing);
        arrived.sort_by_key(|next| next.start);
        let sums: Vec<(Checksum, u64)> = arrived.iter().map(|next| (next.sum.clone(), next.length)).collect();
        let (parts, whole): (Vec<_>, _) = (arrived.into_iter().map(|next| next.part).collect(), combined(&sums));
        let proof = self.persist(|| self.assemble(upload, length, &parts, whole.as_ref())).await?;
        if proof == Proof::Wrong {
            return Err(self.another_object().into());
        }
        Ok(self.ended(self.place.upload.file.clone(), length, proof))
    }
}

/// What a part that is sent beside its task has of that one.
struct PartTask {
    shared: Arc<Shared>,
    reports: mpsc::Sender<Report>,
    /// Ends a wait for the next attempt.
    nudge: Arc<Notify>,
    id: TransferId,
}

impl PartTask {
    /// Sends a part as often as the verdict allows, each time on a connection that its host bears.
    async fn send(self, sender: Sender, number: u32) -> Result<(StoredPart, Checksum), Fault> {
        let (host, mut failures) = (sender.place.source.host(), 0);
        loop {
            let permit = self.shared.hosts.open(&host).await;
            let fault = match sender.clone().send(number).await {
                Ok(arrived) => return Ok(arrived),
                Err(fault) => fault,
            };
            drop(permit);
            failures += 1;
            let patience = &self.shared.patience;
            let Some(after) = again_after(&fault, failures, patience, fastrand::f64()) else { return Err(fault) };
            let what = What::Happened(Happening::PartFailed { number, fault, after: Some(after) });
            let _ = self.reports.send(Report { id: self.id, what }).await;
            pin!(self.nudge.notified()).enable();
            tokio::select! {
                () = self.nudge.notified() => {}
                () = sleep(after.max(Duration::from_millis(1))) => {}
            }
        }
    }
}
