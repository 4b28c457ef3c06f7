//! One connection: reads requests, writes answers, counts what goes out.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::answer::{Answer, Body, Chunks, Ending, Framing, Gate};
use super::content::content;
use super::head::{Plan, chunk_line, head, last_chunk, plan};
use super::listen::{File, Shared};
use super::record::{Request, Seen};

/// A slice of a body that is sent without a rate.
const SLICE: u64 = 64 * 1024;

/// Undoes a count when it is dropped, however the connection ends.
struct Counted {
    shared: Arc<Shared>,
    undo: fn(&mut Seen),
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.shared.record(self.undo);
    }
}

pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let stream = Arc::new(stream);
    let open = shared.crowd_with(&stream);
    let mut number = 0;
    shared.record(|seen| {
        seen.connections += 1;
        seen.open += 1;
        seen.most = seen.most.max(open);
        number = seen.connections;
    });
    let _open = Counted { shared: shared.clone(), undo: |seen| seen.open -= 1 };
    stream.set_nodelay(true)?;
    if shared.refuse_beyond.is_some_and(|most| open > most) {
        return stream.set_zero_linger();
    }
    let connection = Connection { stream, shared, number };
    let mut waiting = Vec::new();
    while let Some(head) = connection.head(&mut waiting).await? {
        let request = connection.record(&head);
        if !connection.answer(&request).await? {
            break;
        }
    }
    Ok(())
}

struct Connection {
    stream: Arc<TcpStream>,
    shared: Arc<Shared>,
    number: usize,
}

impl Connection {
    async fn head(&self, waiting: &mut Vec<u8>) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = waiting.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&waiting[..end]).into_owned();
                waiting.drain(..end + 4);
                return Ok(Some(head));
            }
            let count = self.read(waiting).await?;
            if count == 0 {
                return Ok(None);
            }
        }
    }

    async fn read(&self, into: &mut Vec<u8>) -> io::Result<usize> {
        let mut chunk = [0; 4096];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut chunk) {
                Ok(count) => {
                    into.extend_from_slice(&chunk[..count]);
                    return Ok(count);
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                Err(why) => return Err(why),
            }
        }
    }

    fn record(&self, head: &str) -> Request {
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or("").split(' ');
        let method = first.next().unwrap_or("").to_owned();
        let path = first.next().unwrap_or("").to_owned();
        let header =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        let headers = lines.filter_map(header).collect();
        let mut request =
            Request { method, path, headers, connection: self.number, number: 0, connections: 0, answering: 0 };
        let open = self.shared.crowd();
        self.shared.record(|seen| {
            request.number = seen.requests.iter().filter(|earlier| earlier.path == request.path).count() + 1;
            request.connections = open;
            request.answering = seen.answering;
            seen.requests.push(request.clone());
        });
        self.shared.news.notify_waiters();
        request
    }

    /// Answers one request; false if the connection is over then.
    async fn answer(&self, request: &Request) -> io::Result<bool> {
        let file = self.shared.files.lock().unwrap().get(&request.path).cloned();
        let (file, mut answer) = match file {
            Some(file) => {
                let answer = file.answer_to(request);
                (file, answer)
            }
            None => (File::new(0, 0), Answer::status(404)),
        };
        let mut full = false;
        self.shared.record(|seen| {
            full = self.shared.crowd.as_ref().is_some_and(|(most, _)| seen.answering >= *most);
            seen.answering += 1;
            if !full {
                seen.most_answering = seen.most_answering.max(seen.answering);
            }
        });
        let _answering = Counted { shared: self.shared.clone(), undo: |seen| seen.answering -= 1 };
        if let (true, Some((_, refusal))) = (full, &self.shared.crowd) {
            answer = refusal.clone();
        }
        if let Some(gate) = &answer.delay {
            self.hold(gate).await?;
        }
        if let Some(ending) = answer.silence {
            self.end(ending).await?;
            return Ok(false);
        }
        if let Some(raw) = &answer.raw {
            self.send(raw, |_| {}).await?;
            return Ok(false);
        }
        if answer.endless {
            self.send(b"HTTP/1.1 200 OK\r\n", |_| {}).await?;
            loop {
                self.send(b"X-Again: and again and again and again and again\r\n", |_| {}).await?;
            }
        }
        let plan = plan(request, &file, &answer);
        self.send(&head(&plan, &answer, &file), |_| {}).await?;
        let wants_close = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let bodiless = request.method == "HEAD" || matches!(plan.status, 204 | 304);
        let whole = bodiless || self.body(request, &file, &answer, &plan).await?;
        Ok(whole && answer.framing != Framing::Close && !wants_close && answer.lengths.is_empty())
    }

    /// Sends a body; false if it ended before its end, or in another way that leaves no connection to go on with.
    async fn body(&self, request: &Request, file: &File, answer: &Answer, plan: &Plan) -> io::Result<bool> {
        let mut due = Instant::now();
        let mut at = plan.start;
        let chunked = matches!(answer.framing, Framing::Chunked | Framing::Both);
        loop {
            let done = at - plan.start;
            if let Some((after, ending)) = answer.ending
                && done >= after
                && at < plan.end
            {
                self.end(ending).await?;
                return Ok(false);
            }
            if let Some((after, gate)) = &answer.gate
                && done >= *after
            {
                self.hold(gate).await?;
            }
            if let Some((after, requests)) = answer.until
                && done >= after
            {
                self.until(requests).await?;
            }
            if at >= plan.end {
                break;
            }
            let rate = answer.rate.or(*self.shared.rate.lock().unwrap());
            let (slice, span) = rate.map_or((SLICE, std::time::Duration::ZERO), Answer::slice);
            let gate = answer.gate.as_ref().map(|stop| stop.0);
            let stops = [answer.ending.map(|stop| stop.0), gate, answer.until.map(|stop| stop.0)];
            let next_stop = stops.into_iter().flatten().filter(|stop| *stop > done).min().unwrap_or(u64::MAX);
            let stop = plan.end.min(at + slice).min(plan.start.saturating_add(next_stop));
            let mut bytes = match &answer.body {
                Body::File => content(file.seed, at, stop),
                Body::Bytes(bytes) => bytes[at as usize..stop as usize].to_vec(),
                Body::Shifted(by) => content(file.seed, at + by, stop + by),
                Body::Of(seed) => content(*seed, at, stop),
                Body::Zeros => vec![0; (stop - at) as usize],
            };
            if let Some(damage) = answer.damage.filter(|damage| (at..stop).contains(damage)) {
                bytes[(damage - at) as usize] ^= 1;
            }
            if !span.is_zero() {
                sleep_until(due).await;
                // Counted from now when the client was slow to read, so that no burst follows.
                due = (due + span).max(Instant::now());
            }
            if chunked {
                self.send(&chunk_line(&answer.chunks, bytes.len()), |_| {}).await?;
            }
            let mut position = at;
            self.send(&bytes, |count| {
                if plan.of_file {
                    let (start, end) = (position, position + count as u64);
                    position = end;
                    self.shared.record(|seen| seen.sent.entry(request.path.clone()).or_default().add(start, end));
                }
            })
            .await?;
            if chunked {
                self.send(b"\r\n", |_| {}).await?;
            }
            at = stop;
        }
        if chunked {
            self.send(last_chunk(&answer.chunks), |_| {}).await?;
        }
        self.send(&vec![b'X'; answer.extra], |_| {}).await?;
        Ok(answer.extra == 0 && answer.chunks != Chunks::NoLast)
    }

    async fn end(&self, ending: Ending) -> io::Result<()> {
        match ending {
            Ending::Cut => Ok(()),
            Ending::Reset => self.stream.set_zero_linger(),
            Ending::Stall => self.gone().await,
        }
    }

    /// Waits at a gate; fails when the client goes away before it opens.
    async fn hold(&self, gate: &Gate) -> io::Result<()> {
        tokio::select! {
            () = gate.pass() => Ok(()),
            gone = self.gone() => gone.and(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Waits until the server has seen so many requests; fails when the client goes away before.
    async fn until(&self, requests: usize) -> io::Result<()> {
        let enough = async {
            loop {
                let news = self.shared.news.notified();
                if self.shared.seen.lock().unwrap().requests.len() >= requests {
                    return;
                }
                news.await;
            }
        };
        tokio::select! {
            () = enough => Ok(()),
            gone = self.gone() => gone.and(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Waits until the client closes the connection.
    async fn gone(&self) -> io::Result<()> {
        let mut ignored = Vec::new();
        while self.read(&mut ignored).await? > 0 {}
        Ok(())
    }

    async fn send(&self, mut bytes: &[u8], mut count: impl FnMut(usize)) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(sent) => {
                    self.shared.record(|seen| seen.wire += sent as u64);
                    count(sent);
                    bytes = &bytes[sent..];
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}
