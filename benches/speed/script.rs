//! A small scripted server: so much for each connection, one that gets slow or silent, a hold, and a log of what was sent.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_send_buffer_size;

/// A connection counts as one that fetches once it has sent this much; a probe does not.
const COUNTS: u64 = 1 << 20;
/// Which of those gets slow or silent.
const VICTIM: u64 = 3;
/// The longest piece that is sent at once, unpaced and paced.
const PIECE: usize = 256 * 1024;
const PACED_PIECE: usize = 32 * 1024;

/// How the server answers.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Bytes a second for each connection.
    pub pace: Option<f64>,
    /// The third connection gets this slow so long after its answer began; 0 is silence.
    pub victim: Option<(Duration, f64)>,
    /// After so many bytes in all, nothing more is sent.
    pub hold: Option<u64>,
    /// Sends no sooner than the client takes it, in pieces small enough to tell 100 ms apart.
    pub precise: bool,
}

/// The running server. It stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    file: PathBuf,
    manner: Manner,
    sent: AtomicU64,
    fetching: AtomicU64,
    over: AtomicBool,
    log: Mutex<Vec<(Instant, usize)>>,
}

impl Server {
    /// Serves one file, at any path.
    pub fn start(file: &Path, manner: Manner) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("a port"), file, manner)
    }

    /// The same at a URL that an earlier server had.
    pub fn again(file: &Path, manner: Manner, url: &str) -> Result<Self, String> {
        let address = url.trim_start_matches("http://").split('/').next().unwrap_or("");
        let began = Instant::now();
        loop {
            // The earlier one may still be on its way out.
            match TcpListener::bind(address) {
                Ok(listener) => return Ok(Self::on(listener, file, manner)),
                Err(error) if began.elapsed() > Duration::from_secs(5) => return Err(error.to_string()),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn on(listener: TcpListener, file: &Path, manner: Manner) -> Self {
        let address = listener.local_addr().expect("the port's number");
        let shared = Arc::new(Shared {
            file: file.to_owned(),
            manner,
            sent: AtomicU64::new(0),
            fetching: AtomicU64::new(0),
            over: AtomicBool::new(false),
            log: Mutex::default(),
        });
        let server = Self { address, shared: shared.clone() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), shared) = (stream, shared.clone()) else { continue };
                // A client that goes away is no news.
                thread::spawn(move || shared.serve(stream));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}/file.bin", self.address)
    }

    /// Bytes of content that were sent in all.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// When how many bytes were sent, piece by piece.
    pub fn log(&self) -> Vec<(Instant, usize)> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// A request, as far as this server cares.
struct Request {
    head_only: bool,
    range: Option<(u64, Option<u64>)>,
    closes: bool,
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        if self.manner.precise {
            set_socket_send_buffer_size(&stream, 8 * 1024)?;
        }
        let file = File::open(&self.file)?;
        let length = file.metadata()?.len();
        let mut is_victim = false;
        while let Some(request) = read_request(&mut stream)? {
            let (from, to) = request
                .range
                .map_or((0, length), |(from, last)| (from, last.map_or(length, |last| (last + 1).min(length))));
            if from >= to {
                let head = format!("HTTP/1.1 416 No\r\nContent-Range: bytes */{length}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(head.as_bytes())?;
                continue;
            }
            stream.write_all(head(&request, (from, to), length).as_bytes())?;
            if !request.head_only {
                self.send(&mut stream, &file, (from, to), &mut is_victim)?;
            }
            if request.closes {
                break;
            }
        }
        Ok(())
    }

    fn send(&self, stream: &mut TcpStream, file: &File, range: (u64, u64), is_victim: &mut bool) -> io::Result<()> {
        let (mut at, mut counts) = (range.0, false);
        let began = Instant::now();
        // Since when at which pace, and how much came since then.
        let (mut since, mut pace, mut came) = (began, self.manner.pace, 0);
        let mut piece = vec![
            0;
            if self.manner.precise {
                8 * 1024
            } else if pace.is_some() {
                PACED_PIECE
            } else {
                PIECE
            }
        ];
        while at < range.1 {
            if let Some((after, slow)) = self.manner.victim.filter(|_| *is_victim && pace == self.manner.pace)
                && began.elapsed() >= after
            {
                (since, pace, came) = (Instant::now(), Some(slow), 0);
            }
            if pace == Some(0.0) || self.manner.hold.is_some_and(|hold| self.sent.load(Ordering::Relaxed) >= hold) {
                self.stay_silent(stream)?;
                continue;
            }
            if let Some(pace) = pace {
                let due = since + Duration::from_secs_f64(came as f64 / pace);
                thread::sleep(due.saturating_duration_since(Instant::now()).min(Duration::from_millis(250)));
                if Instant::now() < due {
                    continue;
                }
            }
            let count = piece.len().min((range.1 - at) as usize);
            file.read_exact_at(&mut piece[..count], at)?;
            stream.write_all(&piece[..count])?;
            (at, came) = (at + count as u64, came + count);
            self.sent.fetch_add(count as u64, Ordering::Relaxed);
            self.log.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), count));
            if !counts && at - range.0 >= COUNTS {
                counts = true;
                *is_victim |= self.fetching.fetch_add(1, Ordering::Relaxed) + 1 == VICTIM;
            }
        }
        Ok(())
    }

    /// Waits a moment, and ends with an error when the client has gone.
    fn stay_silent(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        let gone = matches!(stream.peek(&mut [0]), Ok(0)) || self.over.load(Ordering::Relaxed);
        stream.set_read_timeout(None)?;
        thread::sleep(Duration::from_millis(1));
        if gone { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

fn head(request: &Request, (from, to): (u64, u64), length: u64) -> String {
    let (status, range) = match request.range {
        Some(_) => ("206 Partial Content", format!("Content-Range: bytes {from}-{}/{length}\r\n", to - 1)),
        None => ("200 OK", String::new()),
    };
    let connection = if request.closes { "close" } else { "keep-alive" };
    format!(
        "HTTP/1.1 {status}\r\nConnection: {connection}\r\nAccept-Ranges: bytes\r\nETag: \"{length:x}\"\r\n\
         Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\n{range}\
         Content-Length: {}\r\n\r\n",
        to - from
    )
}

/// Reads a request's head; `None` at the end of the connection.
fn read_request(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).to_lowercase();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let range = field("range:").and_then(|range| {
        let (from, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse().ok()?, last.parse().ok()))
    });
    let is_old = text.lines().next().is_some_and(|line| line.ends_with("http/1.0"));
    let connection = field("connection:");
    let closes = connection == Some("close") || (is_old && connection != Some("keep-alive"));
    Ok(Some(Request { head_only: text.starts_with("head "), range, closes }))
}
