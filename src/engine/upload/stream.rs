//! A stream whose length nobody knows: each part is kept in a file without a name until the store has it. It can't be
//! resumed, so that nothing is left at the store if it ends early.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::super::download::blocking;
use super::super::report::Ending;
use super::original::{Original, opened, unread};
use super::payload::{Piece, Sent};
use super::proof::Proof;
use super::sender::Sender;
use super::task::{Halt, Task};
use crate::api::{Activity, Happening};
use crate::model::{ByteRange, Checksum, Fault, FaultKind, Patience, TransferId, Upload};
use crate::plan::{Verdict, verdict};
use crate::protocol::{Bounds, StoredPart};
use crate::store::combined;

/// Parts grow as the stream does: after so many of a size comes the double.
const OF_A_SIZE: u32 = 1000;
/// The first parts have so many bytes.
const FIRST: u64 = 16 << 20;
/// So much is copied at once.
const STEP: usize = 256 << 10;

/// What one part came to.
struct Arrived {
    /// Its first byte in the stream, and its bytes.
    start: u64,
    length: u64,
    part: StoredPart,
    sum: Checksum,
}

/// The stream, and the folder where its pieces are kept meanwhile.
struct Source {
    stream: File,
    path: PathBuf,
    folder: PathBuf,
    id: TransferId,
}

impl Source {
    fn open(path: PathBuf, folder: PathBuf, id: TransferId) -> Result<Self, Fault> {
        let stream = opened(&path).map_err(|why| unread(&path, "reading the stream", &why))?;
        Ok(Self { stream, path, folder, id })
    }

    /// The next bytes of the stream, at most so many; fewer at its end.
    fn next(&mut self, most: u64) -> Result<Original, Fault> {
        let kept = |why: io::Error| Fault::disk(self.folder.display(), "keeping a piece of the stream", &why);
        let mut file = nameless(&self.folder, self.id).map_err(kept)?;
        let (mut buffer, mut left) = (vec![0; STEP], most);
        while left > 0 {
            let step = left.min(STEP as u64) as usize;
            match self.stream.read(&mut buffer[..step]) {
                Ok(0) => break,
                Ok(count) => {
                    file.write_all(&buffer[..count]).map_err(kept)?;
                    left -= count as u64;
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(Fault::disk(self.path.display(), "reading the stream", &why)),
            }
        }
        Original::nameless(file, self.path.clone())
    }
}

/// A new file that has lost its name by the time that it is handed out: it goes with whoever holds it.
fn nameless(folder: &Path, id: TransferId) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("{id}.piece"));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// How many bytes a part of a stream has.
fn size_of_part(number: u32, wanted: Option<u64>, bounds: Bounds) -> u64 {
    let doublings = (number - 1) / OF_A_SIZE;
    let size = wanted.unwrap_or(FIRST).max(bounds.least_part).saturating_mul(1 << doublings.min(20));
    size.min(bounds.most_part)
}

impl Task {
    /// Sends a stream to its end.
    pub(super) async fn send_stream(&mut self) -> Result<Ending, Halt> {
        self.show(Activity::Connecting);
        let (path, id) = (self.place.upload.file.clone(), self.orders.id);
        let folder = self.shared().state.join("uploads");
        let source = self.unless_stopped(blocking(move || Source::open(path, folder, id))).await?;
        let bounds = self.driver.bounds(&self.place);
        let threshold = self.place.upload.threshold.unwrap_or(Upload::THRESHOLD);
        let first_size = size_of_part(1, self.place.upload.part_size, bounds).max(threshold.min(bounds.most_part));
        let (source, first) = self.read(source, first_size).await?;
        self.free_the_one_before().await?;
        if first.length < first_size && bounds.takes_whole {
            return self.send_short(Arc::new(first)).await;
        }
        let target = self.place.upload.file.clone();
        self.tell(Happening::Answered { target, length: None, resumed: 0, resumable: false }).await;
        self.keep_what_stands().await?;
        let upload = self.begin_stream().await?;
        self.tell(Happening::UploadCreated).await;
        match self.send_pieces(&upload, source, first, first_size, bounds).await {
            Ok(ending) => {
                self.forget().await;
                Ok(ending)
            }
            Err(halt) => {
                self.give_back_stream(&upload, matches!(halt, Halt::Stopped)).await;
                Err(halt)
            }
        }
    }

    /// Sends a stream that has ended before it was worth parts: all its bytes are here, and can be sent again.
    async fn send_short(&mut self, all: Arc<Original>) -> Result<Ending, Halt> {
        let mut failures = 0;
        loop {
            let fault = match self.send_whole(all.clone()).await {
                Err(Halt::Fault(fault)) => fault,
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

    /// Reads on, on a thread that may block: it may wait for the stream for ever.
    async fn read(&self, mut source: Source, most: u64) -> Result<(Source, Original), Halt> {
        self.unless_stopped(blocking(move || {
            let piece = source.next(most)?;
            Ok((source, piece))
        }))
        .await
    }

    /// The same while parts are sent: one that is refused ends it, however long the stream is silent.
    async fn read_on(
        &mut self,
        mut source: Source,
        most: u64,
        sending: &mut JoinSet<Result<Arrived, Fault>>,
        arrived: &mut Vec<Arrived>,
    ) -> Result<(Source, Original), Halt> {
        let reading = blocking(move || {
            let piece = source.next(most)?;
            Ok((source, piece))
        });
        tokio::pin!(reading);
        let stop = self.orders.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Halt::Stopped),
                read = &mut reading => return Ok(read?),
                Some(next) = sending.join_next() => {
                    let next = next.unwrap_or_else(|_| Err(self.lost_part()))?;
                    self.landed(next, arrived).await;
                }
            }
        }
    }

    async fn send_pieces(
        &mut self,
        upload: &str,
        mut source: Source,
        first: Original,
        first_size: u64,
        bounds: Bounds,
    ) -> Result<Ending, Halt> {
        let mut sending: JoinSet<Result<Arrived, Fault>> = JoinSet::new();
        let mut arrived: Vec<Arrived> = Vec::new();
        let (mut piece, mut number, mut length, mut size) = (first, 1, 0, first_size);
        loop {
            let is_last = piece.length < size;
            let start = length;
            length += piece.length;
            if piece.length > 0 || number == 1 {
                let bytes = piece.length;
                let sender = self.sender(upload, piece, bounds);
                let patience = self.shared().patience;
                sending.spawn(async move {
                    let (part, sum) = persistently(sender, number, patience).await?;
                    Ok(Arrived { start, length: bytes, part, sum })
                });
            }
            if is_last {
                break;
            }
            while sending.len() >= usize::from(self.connections()) {
                self.take_one(&mut sending, &mut arrived).await?;
            }
            number += 1;
            if number > bounds.most_parts {
                let detail = "the stream is longer than this store takes in one object";
                return Err(Fault::new(FaultKind::Request, &self.place.source, detail).into());
            }
            size = size_of_part(number, self.place.upload.part_size, bounds);
            (source, piece) = self.read_on(source, size, &mut sending, &mut arrived).await?;
        }
        while !sending.is_empty() {
            self.take_one(&mut sending, &mut arrived).await?;
        }
        self.end_stream(upload, length, arrived).await
    }

    fn sender(&self, upload: &str, piece: Original, bounds: Bounds) -> Sender {
        let range = ByteRange::new(0, piece.length);
        let piece = Piece::new(Arc::new(piece), range, bounds.sum, self.limiters(), Arc::new(Sent::default()));
        Sender {
            driver: self.driver.clone(),
            place: self.place.clone(),
            upload: upload.to_owned(),
            piece,
            stall: self.shared().patience.stall,
            id: self.orders.id,
            namings: self.shared().namings.clone(),
        }
    }

    async fn take_one(
        &mut self,
        sending: &mut JoinSet<Result<Arrived, Fault>>,
        arrived: &mut Vec<Arrived>,
    ) -> Result<(), Halt> {
        let next = async { sending.join_next().await.and_then(Result::ok).unwrap_or_else(|| Err(self.lost_part())) };
        let next = self.unless_stopped(next).await?;
        self.landed(next, arrived).await;
        Ok(())
    }

    fn lost_part(&self) -> Fault {
        Fault::new(FaultKind::State, &self.place.source, "a part's task was lost")
    }

    /// The store has a part.
    async fn landed(&mut self, next: Arrived, arrived: &mut Vec<Arrived>) {
        let range = ByteRange::new(next.start, next.start + next.length);
        self.sent += range.len();
        self.tell(Happening::PartDone { number: next.part.number, range }).await;
        arrived.push(next);
        self.show_streamed();
    }

    async fn end_stream(&mut self, upload: &str, length: u64, mut arrived: Vec<Arrived>) -> Result<Ending, Halt> {
        self.show(Activity::Finishing);
        arrived.sort_by_key(|next| next.start);
        let sums: Vec<(Checksum, u64)> = arrived.iter().map(|next| (next.sum.clone(), next.length)).collect();
        let (parts, whole): (Vec<_>, _) = (arrived.into_iter().map(|next| next.part).collect(), combined(&sums));
        let mut failures = 0;
        let proof = loop {
            let fault = match self.assemble(upload, length, &parts, whole.as_ref()).await {
                Ok(proof) => break proof,
                Err(Halt::Stopped) => return Err(Halt::Stopped),
                Err(Halt::Fault(fault)) => fault,
            };
            failures += 1;
            self.again(fault, failures).await?;
        };
        if proof == Proof::Wrong {
            return Err(self.is_another().into());
        }
        Ok(self.ended(self.place.upload.file.clone(), length, proof))
    }
}

/// Sends a part as often as the verdict allows.
async fn persistently(sender: Sender, number: u32, patience: Patience) -> Result<(StoredPart, Checksum), Fault> {
    let mut failures = 0;
    loop {
        let fault = match sender.clone().send(number).await {
            Ok(arrived) => return Ok(arrived),
            Err(fault) => fault,
        };
        failures += 1;
        let Verdict::Again { after } = verdict(&fault, failures, false, &patience, fastrand::f64()) else {
            return Err(fault);
        };
        sleep(after.max(Duration::from_millis(1))).await;
    }
}
