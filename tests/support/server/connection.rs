//! One connection: reads requests, writes answers, counts what goes out.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::answer::{Answer, Body, Ending, Framing, Gate, Honour, Wrong};
use super::content::content;
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
    let mut number = 0;
    shared.record(|seen| {
        seen.connections += 1;
        seen.open += 1;
        seen.most = seen.most.max(seen.open);
        number = seen.connections;
    });
    let _open = Counted { shared: shared.clone(), undo: |seen| seen.open -= 1 };
    stream.set_nodelay(true)?;
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
    stream: TcpStream,
    shared: Arc<Shared>,
    number: usize,
}

/// What an answer sends: its first line, its headers, and which bytes of what.
struct Plan {
    status: u16,
    range: Option<String>,
    start: u64,
    end: u64,
    of_file: bool,
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
        let mut request = Request { method, path, headers, connection: self.number, number: 0, connections: 0 };
        self.shared.record(|seen| {
            request.number = seen.requests.iter().filter(|earlier| earlier.path == request.path).count() + 1;
            request.connections = seen.open;
            seen.requests.push(request.clone());
        });
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
        if let Some(raw) = &answer.raw {
            self.send(raw, |_| {}).await?;
            return Ok(false);
        }
        let plan = plan(request, &file, &answer);
        self.send(head(&plan, &answer, &file).as_bytes(), |_| {}).await?;
        let wants_close = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let bodiless = request.method == "HEAD" || matches!(plan.status, 204 | 304);
        let whole = bodiless || self.body(request, &file, &answer, &plan).await?;
        Ok(whole && answer.framing != Framing::Close && !wants_close && answer.lengths.is_empty())
    }

    /// Sends a body; false if it ended before its end, or in another way that leaves no connection to go on with.
    async fn body(&self, request: &Request, file: &File, answer: &Answer, plan: &Plan) -> io::Result<bool> {
        let mut due = Instant::now();
        let mut at = plan.start;
        let chunked = answer.framing == Framing::Chunked;
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
            if at >= plan.end {
                break;
            }
            let rate = answer.rate.or(*self.shared.rate.lock().unwrap());
            let (slice, span) = rate.map_or((SLICE, std::time::Duration::ZERO), Answer::slice);
            let stops = [answer.ending.map(|stop| stop.0), answer.gate.as_ref().map(|stop| stop.0)];
            let next_stop = stops.into_iter().flatten().filter(|stop| *stop > done).min().unwrap_or(u64::MAX);
            let stop = plan.end.min(at + slice).min(plan.start.saturating_add(next_stop));
            let mut bytes = match &answer.body {
                Body::File => content(file.seed, at, stop),
                Body::Bytes(bytes) => bytes[at as usize..stop as usize].to_vec(),
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
                self.send(format!("{:x}\r\n", bytes.len()).as_bytes(), |_| {}).await?;
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
            self.send(b"0\r\n\r\n", |_| {}).await?;
        }
        self.send(&vec![b'X'; answer.extra], |_| {}).await?;
        Ok(answer.extra == 0)
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

fn plan(request: &Request, file: &File, answer: &Answer) -> Plan {
    if let (Some(status), Body::File) = (answer.status, &answer.body) {
        return Plan { status, range: None, start: 0, end: file.length, of_file: true };
    }
    if let Body::Bytes(bytes) = &answer.body {
        let status = answer.status.unwrap_or(200);
        return Plan { status, range: None, start: 0, end: bytes.len() as u64, of_file: false };
    }
    let held = |name: &str, value: &Option<String>| value.is_some() && request.header(name) == value.as_deref();
    if held("if-none-match", &answer.etag) || held("if-modified-since", &answer.last_modified) {
        return Plan { status: 304, range: None, start: 0, end: 0, of_file: true };
    }
    let same = match (request.header("if-range"), answer.if_range) {
        (None, _) | (_, Honour::Ignored) => true,
        (Some(held), Honour::EtagFails) => !held.contains('"'),
        (Some(held), Honour::Right) if held.starts_with('"') => answer.etag.as_deref() == Some(held),
        (Some(held), Honour::Right) => answer.last_modified.as_deref() == Some(held),
    };
    let whole = Plan { status: 200, range: None, start: 0, end: file.length, of_file: true };
    let asked = request.header("range").filter(|_| same && answer.ranges).and_then(|text| wanted(text, file.length));
    match asked {
        None => whole,
        Some((start, end)) if start >= end => {
            Plan { status: 416, range: Some(format!("bytes */{}", file.length)), end: 0, ..whole }
        }
        Some((start, end)) => partial(start, end, file, answer),
    }
}

fn partial(start: u64, end: u64, file: &File, answer: &Answer) -> Plan {
    let (start, end) = match answer.wrong {
        Wrong::Shifted(by) => ((start + by).min(file.length), (end + by).min(file.length)),
        Wrong::Shorter(by) => (start, end.saturating_sub(by).max(start + 1)),
        _ => (start, end),
    };
    let last = end.saturating_sub(1);
    let range = match &answer.wrong {
        Wrong::Says(text) => Some(text.clone()),
        Wrong::Absent => None,
        Wrong::Total(total) => Some(format!("bytes {start}-{last}/{total}")),
        Wrong::UnknownTotal => Some(format!("bytes {start}-{last}/*")),
        _ => Some(format!("bytes {start}-{last}/{}", file.length)),
    };
    Plan { status: 206, range, start, end, of_file: true }
}

/// The bytes that a Range header asks for; an empty range if there are none, `None` if the header is to be ignored.
fn wanted(range: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last >= first => Some((first, last.saturating_add(1).min(length))),
        (Ok(first), Err(_)) if last.is_empty() => Some((first, length)),
        (Err(_), Ok(count)) if first.is_empty() => Some((length.saturating_sub(count), length)),
        _ => None,
    }
}

fn head(plan: &Plan, answer: &Answer, file: &File) -> String {
    let mut lines = vec![format!("{} {} {}", answer.version, plan.status, reason(plan.status))];
    let mut header = |name: &str, value: &str| lines.push(format!("{name}: {value}"));
    if answer.framing == Framing::Chunked && plan.status != 304 {
        header("Transfer-Encoding", "chunked");
    }
    if answer.framing == Framing::Close {
        header("Connection", "close");
    }
    if !answer.lengths.is_empty() {
        answer.lengths.iter().for_each(|length| header("Content-Length", length));
    } else if answer.framing == Framing::Length && plan.status != 304 {
        header("Content-Length", &(plan.end - plan.start).to_string());
    }
    if let Some(range) = &plan.range {
        header("Content-Range", range);
    }
    if plan.of_file && file.length > 0 && answer.ranges {
        header("Accept-Ranges", "bytes");
    }
    if let Some(etag) = &answer.etag {
        header("ETag", etag);
    }
    if let Some(date) = &answer.last_modified {
        header("Last-Modified", date);
    }
    for (name, value) in &answer.headers {
        header(name, value);
    }
    lines.join("\r\n") + "\r\n\r\n"
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        404 => "Not Found",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
