//! A scripted driver on tokio's clock: what a server does, without a server. On paused time an hour passes at once.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use haul::model::{
    Algorithm, Announced, ByteRange, Checksum, Fault, FaultKind, Ranges, Resource, Source, Validator, Weight,
};
use haul::protocol::{Answer, Asked, Body, BoxFuture, Chunk, Fetch, Request};
use sha2::Digest as _;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

mod script;

use script::Damage;
pub use script::{Act, Ask, FakeFile, Over};

/// Bytes of a chunk.
const CHUNK: u64 = 16 << 10;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Opened {
    pub path: String,
    pub asked: Asked,
    pub at: Instant,
    /// True if it was answered with bytes.
    pub served: bool,
}

#[derive(Default)]
struct State {
    files: HashMap<String, FakeFile>,
    opened: Vec<Opened>,
    open: HashMap<String, usize>,
    most_open: usize,
    room: Option<u64>,
    looks: usize,
    at_look: Option<Box<dyn FnOnce() + Send>>,
    hung: Option<PathBuf>,
    given: HashMap<String, u64>,
}

/// The fake server with its driver.
#[derive(Clone, Default)]
pub struct Fake {
    state: Arc<Mutex<State>>,
    closed: Arc<Notify>,
    back: Arc<Condvar>,
}

impl Fake {
    /// Puts a file at a path such as `/a.bin`, or another one in its place.
    pub fn put(&self, path: &str, file: FakeFile) {
        self.lock().files.insert(path.to_owned(), file);
    }

    /// From now on the disk has so many bytes of room, as far as it is asked.
    pub fn set_room(&self, room: Option<u64>) {
        self.lock().room = room;
    }

    /// From now on the disk that is mounted here says nothing to those who ask for its room, until it is back.
    pub fn hang_disk(&self, mount: Option<&Path>) {
        self.lock().hung = mount.map(Path::to_path_buf);
        self.back.notify_all();
    }

    /// What happens while the disk is asked for its room for the first time from now on.
    pub fn at_first_look(&self, happens: impl FnOnce() + Send + 'static) {
        self.lock().at_look = Some(Box::new(happens));
    }

    /// How often the disk was asked.
    pub fn looks(&self) -> usize {
        self.lock().looks
    }

    /// What the engine asks for the disk's room.
    pub fn room(&self) -> haul::engine::RoomAt {
        let fake = self.clone();
        Arc::new(move |path| {
            let mut state = fake.lock();
            state.looks += 1;
            if let Some(happens) = state.at_look.take() {
                happens();
            }
            let state = fake
                .back
                .wait_while(state, |state| state.hung.as_ref().is_some_and(|mount| path.starts_with(mount)))
                .unwrap();
            state.room.map_or_else(|| haul::store::room(path), Ok)
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Requests for a file so far.
    pub fn opened(&self, path: &str) -> Vec<Opened> {
        self.lock().opened.iter().filter(|opened| opened.path == path).cloned().collect()
    }

    /// How many requests for a file were answered with a refusal.
    pub fn refused(&self, path: &str) -> usize {
        self.opened(path).iter().filter(|opened| !opened.served).count()
    }

    /// Bytes of a file given so far.
    pub fn given(&self, path: &str) -> u64 {
        self.lock().given.get(path).copied().unwrap_or(0)
    }

    /// Connections open now, over all files.
    pub fn open_now(&self) -> usize {
        self.lock().open.values().sum()
    }

    /// The most connections that were open at once.
    pub fn most_open(&self) -> usize {
        self.lock().most_open
    }

    /// The most requests for a file that came within one second.
    pub fn most_a_second(&self, path: &str) -> usize {
        let opened = self.opened(path);
        let within = |from: &Opened| {
            let end = from.at + Duration::from_secs(1);
            opened.iter().filter(|other| other.at >= from.at && other.at < end).count()
        };
        opened.iter().map(within).max().unwrap_or(0)
    }

    async fn answer(&self, request: Request) -> Result<Answer, Fault> {
        let first = request.expected.as_ref().map_or(&request.source, |known| &known.at);
        let path = first.url().path().to_owned();
        let (file, act, index) = self.ask(&path, request.asked)?;
        sleep(act.delay).await;
        assert!(!act.panics, "a scripted bug");
        if act.silent {
            std::future::pending::<()>().await;
        }
        if let Some(fault) = act.fault {
            return Err(fault);
        }
        let seat = self.seat(&path, &file).await?;
        let answer = describe(&request, &file, &act)?;
        self.lock().opened[index].served = true;
        let from = answer.start;
        let end = answer.end.unwrap_or(file.bytes.len() as u64);
        let body = Scripted {
            bytes: file.bytes.clone(),
            position: from,
            end: (end + act.surplus).min(file.bytes.len() as u64),
            rate: act.rate.unwrap_or(file.rate),
            cut: act.cut.map(|after| from + after),
            stall: act.stall.map(|after| from + after),
            pause: act.pause.map(|(after, span)| (from + after, span)),
            due: Instant::now(),
            timer: None,
            damages: file.damages.clone(),
            seat,
        };
        let mut resource = answer.resource;
        if file.part_digests {
            let hash = sha2::Sha256::digest(&file.bytes[from as usize..end as usize]);
            let checksum = Checksum::of_bytes(Algorithm::Sha256, &hash).unwrap();
            let range = Some(ByteRange::new(from, end));
            resource.digests.push(Announced { range, checksum, weight: Weight::Firm });
        }
        Ok(Answer {
            resource,
            start: from,
            end: answer.end,
            unchanged: answer.unchanged,
            ends: file.ends,
            body: Box::new(body),
        })
    }

    fn ask(&self, path: &str, asked: Asked) -> Result<(FakeFile, Act, usize), Fault> {
        let mut state = self.lock();
        let at = Instant::now();
        let number = state.opened.iter().filter(|opened| opened.path == path).count() + 1;
        state.opened.push(Opened { path: path.to_owned(), asked, at, served: false });
        let index = state.opened.len() - 1;
        let open = state.open.get(path).copied().unwrap_or(0);
        let Some(file) = state.files.get(path).cloned() else {
            return Err(Fault::new(FaultKind::Status(404), path, "the fake server has no such file"));
        };
        drop(state);
        let act = (file.script)(&Ask { number, asked, at, open });
        Ok((file, act, index))
    }

    /// A connection, if the server gives one more.
    async fn seat(&self, path: &str, file: &FakeFile) -> Result<Seat, Fault> {
        loop {
            let closed = self.closed.notified();
            {
                let mut state = self.lock();
                let open: usize = state.open.values().sum();
                match file.limit {
                    Some((most, Over::Refused(status))) if open >= most => {
                        return Err(Fault::new(FaultKind::Status(status), path, "too many connections"));
                    }
                    Some((most, Over::Waits)) if open >= most => {}
                    _ => {
                        *state.open.entry(path.to_owned()).or_default() += 1;
                        state.most_open = state.most_open.max(open + 1);
                        return Ok(Seat { fake: self.clone(), path: path.to_owned() });
                    }
                }
            }
            closed.await;
        }
    }
}

impl Fetch for Fake {
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Answer, Fault>> {
        Box::pin(self.answer(request))
    }
}

/// An answer's head, checked as a driver does.
struct Described {
    resource: Resource,
    start: u64,
    end: Option<u64>,
    unchanged: bool,
}

fn describe(request: &Request, file: &FakeFile, act: &Act) -> Result<Described, Fault> {
    let length = file.bytes.len() as u64;
    let fault = |kind, detail: &str| Err(Fault::new(kind, &request.source, detail));
    let ranged = file.ranges && !act.whole && request.asked != Asked::Whole;
    let etag = act.etag.clone().or_else(|| file.validator.etag.clone()).filter(|_| !act.untagged);
    let validator = Validator { etag, ..file.validator.clone() };
    let resource = Resource {
        length: file.tells_length.then_some(length),
        ranges: if ranged { Ranges::Served } else { Ranges::Ignored },
        validator: validator.clone(),
        twins: Vec::new(),
        fresh: None,
        name: file.name.clone(),
        at: file.leads_to.clone().unwrap_or_else(|| request.source.clone()),
        media: file.media.clone(),
        coding: None,
        digests: file.digests.clone(),
        duplicates: Vec::new(),
    };
    if request.unless.as_ref().is_some_and(|unless| unless.etag.is_some() && unless.etag == file.validator.etag) {
        return Ok(Described { resource, start: 0, end: Some(0), unchanged: true });
    }
    if let Some(known) = &request.expected {
        if !ranged {
            known.check_stand_in(&resource)?;
        }
        let same_length = known.length.is_none_or(|known| !file.tells_length || known == length);
        let (before, now) = (&known.validator, known.read(&validator));
        let lacks = ranged && before.strong_etag().is_some() && now.etag.is_none();
        if !before.agrees_with(&now) || !same_length || lacks {
            let dated = before.last_modified.is_some() && before.last_modified == now.last_modified;
            let kind = if (dated || lacks) && same_length { FaultKind::Retagged } else { FaultKind::Changed };
            return fault(kind, "the file on the server has changed");
        }
    }
    if !ranged {
        if request.asked.start() > 0 {
            return fault(FaultKind::RangeIgnored, "the whole file came");
        }
        return Ok(Described { end: resource.length, resource, start: 0, unchanged: false });
    }
    let start = request.asked.start();
    let end = match request.asked {
        Asked::Part(range) => range.end.min(length),
        _ => length,
    };
    if start > length || (start == length && length > 0 && file.tells_length) {
        return fault(FaultKind::WrongRange, "no such byte");
    }
    let start = act.early.map_or(start, |early| early.min(start));
    let end = act.most.map_or(end, |most| end.min(start + most));
    Ok(Described { resource, start, end: Some(end), unchanged: false })
}

/// A connection's place; given back by its drop.
struct Seat {
    fake: Fake,
    path: String,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(open) = self.fake.lock().open.get_mut(&self.path) {
            *open -= 1;
        }
        self.fake.closed.notify_waiters();
    }
}

/// A body that comes as its script says.
struct Scripted {
    bytes: Bytes,
    position: u64,
    end: u64,
    rate: u64,
    cut: Option<u64>,
    stall: Option<u64>,
    pause: Option<(u64, Duration)>,
    due: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    damages: Vec<Damage>,
    seat: Seat,
}

impl Body for Scripted {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>> {
        if self.stall == Some(self.position) {
            return Poll::Pending;
        }
        if self.cut == Some(self.position) {
            let fault = Fault::new(FaultKind::Cut, &self.seat.path, "the connection was reset");
            return Poll::Ready(Some(Err(fault)));
        }
        if self.position >= self.end {
            return Poll::Ready(None);
        }
        let pause = self.pause.map(|(at, _)| at).filter(|at| *at > self.position);
        let next = [self.cut, self.stall, pause].into_iter().flatten().fold(self.end, u64::min);
        let size = (next - self.position).min(CHUNK).min((self.rate / 4).max(1));
        if self.timer.is_none() {
            if let Some((_, span)) = self.pause.take_if(|(at, _)| *at == self.position) {
                self.due += span;
            }
            self.due += Duration::from_secs_f64(size as f64 / self.rate as f64);
            self.timer = Some(Box::pin(sleep_until(self.due)));
        }
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(context));
        }
        self.timer = None;
        // One who did not read for a while (a speed limit) finds what has gathered meanwhile in small measure only.
        self.due = self.due.max(Instant::now() - Duration::from_millis(20));
        let span = self.position..self.position + size;
        let mut chunk = self.bytes.slice(span.start as usize..span.end as usize);
        for damage in self.damages.iter().filter(|damage| span.contains(&damage.at) && damage.happens()) {
            let mut bytes = chunk.to_vec();
            bytes[(damage.at - span.start) as usize] ^= 1;
            chunk = bytes.into();
        }
        self.position += size;
        *self.seat.fake.lock().given.entry(self.seat.path.clone()).or_default() += size;
        Poll::Ready(Some(Ok(chunk)))
    }
}
