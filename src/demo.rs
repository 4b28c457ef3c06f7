//! A small throttled server on loopback, so that haul can be tried without a network.
//!
//! It speaks just enough HTTP/1.1 for that: GET and HEAD, keep-alive, one range, ETag and If-Range. What it serves is
//! computed from the position, so that nothing is kept and every start serves the same files.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Bytes a second on a usual connection, give or take a quarter, so that the bars don't march in step.
const USUAL: u64 = 700_000;
/// Bytes a second on the slow connection, whose rest the others are to take over.
const SLOW: u64 = 90_000;
/// One connection in so many is slow.
const SLOW_ONE_IN: u64 = 8;
/// Pieces a second in which a connection sends, small enough that the bars move smoothly.
const PIECES: u32 = 25;
/// Connections at once; far more than the screen opens, and a bound all the same.
const CONNECTIONS: usize = 512;
/// The longest request head that is read.
const HEAD: usize = 16 * 1024;
/// Content comes in blocks of so many bytes, each a window into the table of noise.
const BLOCK: usize = 64 * 1024;

/// Name, size and content type of what is served.
const FILES: [(&str, u64, &str); 4] = [
    ("aurora-survey-2026.tar.zst", 300_000_000, "application/zstd"),
    ("night-sky-timelapse.mkv", 184_300_000, "video/x-matroska"),
    ("open-atlas-tiles.mbtiles", 96_700_000, "application/vnd.sqlite3"),
    ("field-handbook.pdf", 41_200_000, "application/pdf"),
];

/// The running server. It stops when this is dropped.
#[derive(Debug)]
pub struct Demo {
    address: SocketAddr,
    _stop: DropGuard,
}

impl Demo {
    /// Starts the server on a free port of 127.0.0.1, as tasks of the current runtime.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, stop.clone()));
        Ok(Self { address, _stop: stop.drop_guard() })
    }

    /// The URLs of the files, the largest first.
    pub fn urls(&self) -> Vec<String> {
        FILES.iter().map(|(name, ..)| format!("http://{}/{name}", self.address)).collect()
    }
}

async fn accept(listener: TcpListener, stop: CancellationToken) {
    let noise: Arc<[u8]> = noise().into();
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let mut number = 0;
    loop {
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        let Some(accepted) = stop.run_until_cancelled(listener.accept()).await else { return };
        // An error here is one lost connection (or no free file descriptor): the next one may do better.
        let Ok((stream, _)) = accepted else {
            sleep_until(Instant::now() + Duration::from_millis(50)).await;
            continue;
        };
        number += 1;
        let connection = Connection { stream, rate: rate_of(number), noise: noise.clone() };
        let stop = stop.clone();
        tokio::spawn(async move {
            // A client that goes away is no news.
            let _ = stop.run_until_cancelled(connection.serve()).await;
            drop(seat);
        });
    }
}

/// The rate of the connection with this number, counted from 1.
fn rate_of(number: u64) -> u64 {
    if number % SLOW_ONE_IN == 5 {
        return SLOW;
    }
    USUAL * 3 / 4 + scramble(number) % (USUAL / 2)
}

/// Noise of two blocks: a window of one block can begin anywhere in the first.
fn noise() -> Vec<u8> {
    (0..(2 * BLOCK / 8) as u64).flat_map(|word| scramble(word).to_le_bytes()).collect()
}

/// A number that looks random and is not (splitmix64).
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a client asks for.
#[derive(Debug)]
struct Request {
    head_only: bool,
    path: String,
    range: Option<String>,
    if_range: Option<String>,
    close: bool,
}

impl Request {
    /// Reads a request's head; `None` if it is not one that this server understands.
    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, path, version) = (first.next()?, first.next()?, first.next()?);
        if !matches!(method, "GET" | "HEAD") || !version.starts_with("HTTP/1.") {
            return None;
        }
        let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
        let header = |name: &str| {
            let found = headers.iter().find(|header| header.0.eq_ignore_ascii_case(name));
            found.map(|header| header.1.trim().to_owned())
        };
        let asked_close = header("connection").is_some_and(|value| value.to_ascii_lowercase().contains("close"));
        Some(Self {
            head_only: method == "HEAD",
            path: path.to_owned(),
            range: header("range"),
            if_range: header("if-range"),
            close: asked_close || version == "HTTP/1.0",
        })
    }

    /// What of a file of `length` bytes is asked for.
    fn part(&self, length: u64, etag: &str) -> Part {
        let same = self.if_range.as_deref().is_none_or(|held| held == etag);
        let range = self.range.as_deref().filter(|_| same).and_then(|text| text.strip_prefix("bytes="));
        let Some((first, last)) = range.and_then(|text| text.split_once('-')) else { return Part::Whole };
        let end = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if last >= first => (first, last.saturating_add(1).min(length)),
            (Ok(first), Err(_)) if last.is_empty() => (first, length),
            (Err(_), Ok(count)) if first.is_empty() => (length.saturating_sub(count), length),
            _ => return Part::Whole,
        };
        if end.0 < end.1 { Part::Range(end.0, end.1) } else { Part::None }
    }
}

/// What of a file a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// All of it, or a range that is no range (RFC 9110, section 14.2: such a one is ignored).
    Whole,
    /// The bytes from the first up to, but not including, the second.
    Range(u64, u64),
    /// Bytes that the file does not have.
    None,
}

struct Connection {
    stream: TcpStream,
    rate: u64,
    noise: Arc<[u8]>,
}

impl Connection {
    async fn serve(self) -> io::Result<()> {
        let mut waiting = Vec::new();
        while let Some(head) = self.head(&mut waiting).await? {
            let Some(request) = Request::parse(&head) else {
                return self.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
            };
            self.answer(&request).await?;
            if request.close {
                break;
            }
        }
        Ok(())
    }

    /// The next request's head, without its last line; `None` at the end of the connection.
    async fn head(&self, waiting: &mut Vec<u8>) -> io::Result<Option<String>> {
        let mut chunk = [0; 2048];
        loop {
            if let Some(end) = waiting.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&waiting[..end]).into_owned();
                waiting.drain(..end + 4);
                return Ok(Some(head));
            }
            if waiting.len() > HEAD {
                return Ok(None);
            }
            self.stream.readable().await?;
            match self.stream.try_read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(count) => waiting.extend_from_slice(&chunk[..count]),
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                Err(why) => return Err(why),
            }
        }
    }

    async fn answer(&self, request: &Request) -> io::Result<()> {
        let name = request.path.trim_start_matches('/').split('?').next().unwrap_or("");
        let Some(file) = FILES.iter().position(|file| file.0 == name) else {
            return self.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        };
        let (_, length, kind) = FILES[file];
        let etag = format!("\"demo-{file}-{length}\"");
        let (status, range, (start, end)) = match request.part(length, &etag) {
            Part::Whole => ("200 OK", String::new(), (0, length)),
            Part::Range(start, end) => {
                let range = format!("Content-Range: bytes {start}-{}/{length}\r\n", end - 1);
                ("206 Partial Content", range, (start, end))
            }
            Part::None => {
                let range = format!("Content-Range: bytes */{length}\r\n");
                ("416 Range Not Satisfiable", range, (0, 0))
            }
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{range}Content-Type: {kind}\r\nETag: {etag}\r\n\
             Accept-Ranges: bytes\r\n\r\n",
            end - start,
        );
        self.send(head.as_bytes()).await?;
        if request.head_only { Ok(()) } else { self.body(file, start, end).await }
    }

    /// Sends the bytes `start..end` of a file, a piece at a time and no faster than the connection's rate.
    async fn body(&self, file: usize, start: u64, end: u64) -> io::Result<()> {
        let piece = (self.rate / u64::from(PIECES)).max(1);
        let mut due = Instant::now();
        let mut position = start;
        while position < end {
            sleep_until(due).await;
            let stop = position.saturating_add(piece).min(end);
            while position < stop {
                let bytes = self.content(file, position, stop);
                self.send(bytes).await?;
                position += bytes.len() as u64;
            }
            // Counted from now when the client was slow to read, so that no burst follows.
            due = (due + Duration::from_secs(1) / PIECES).max(Instant::now());
        }
        Ok(())
    }

    /// The bytes of a file from `position` on: up to `stop` or the end of the block, whichever comes first.
    fn content(&self, file: usize, position: u64, stop: u64) -> &[u8] {
        let block = position / BLOCK as u64;
        let window = scramble(block ^ ((file as u64) << 40)) as usize % BLOCK;
        let inside = (position % BLOCK as u64) as usize;
        let count = (stop - position).min((BLOCK - inside) as u64) as usize;
        &self.noise[window + inside..window + inside + count]
    }

    async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}
