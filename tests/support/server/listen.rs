//! The server itself: its files, its thread, and what a test can do while it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeBounds;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::Answer;
use super::connection;
use super::content::sha256;
use super::record::{Request, Seen};

/// How long a test waits for anything; only a test that fails ever waits so long.
const DEADLINE: Duration = Duration::from_secs(30);

type Rule = Arc<dyn Fn(&Request) -> Option<Answer> + Send + Sync>;

/// One path and how it is answered.
#[derive(Clone)]
pub struct File {
    /// Which content.
    pub seed: u64,
    /// How many bytes.
    pub length: u64,
    /// How requests are answered for which nothing else is said.
    pub answer: Answer,
    rules: Vec<Rule>,
}

impl File {
    /// A file of `length` bytes, answered as a good server does.
    pub fn new(seed: u64, length: u64) -> Self {
        Self { seed, length, answer: Answer::new(), rules: Vec::new() }
    }

    /// How requests are answered for which nothing else is said.
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// How the requests with these numbers (from 1, for this path) are answered: `1..=1`, `3..`, `..5`.
    pub fn script(self, numbers: impl RangeBounds<usize> + Send + Sync + 'static, answer: Answer) -> Self {
        self.rule(move |request| numbers.contains(&request.number).then(|| answer.clone()))
    }

    /// An answer that depends on the request; the first rule that has one is followed.
    pub fn rule(mut self, rule: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// The SHA-256 of the whole file, in lower-case hex.
    pub fn sha256(&self) -> String {
        sha256(self.seed, self.length)
    }

    pub(super) fn answer_to(&self, request: &Request) -> Answer {
        self.rules.iter().find_map(|rule| rule(request)).unwrap_or_else(|| self.answer.clone())
    }
}

impl fmt::Debug for File {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "File({}, {} bytes, {:?})", self.seed, self.length, self.answer)
    }
}

/// What the server's thread and the test share.
pub(super) struct Shared {
    pub files: Mutex<BTreeMap<String, File>>,
    pub seen: Mutex<Seen>,
    pub changed: Condvar,
    pub rate: Mutex<Option<u64>>,
    pub crowd: Option<(usize, Answer)>,
    /// Told when a request has come.
    pub news: Notify,
    pub refuse_beyond: Option<usize>,
    streams: Mutex<Vec<Weak<TcpStream>>>,
}

impl Shared {
    /// How many connections stand, this new one included.
    pub fn crowd_with(&self, stream: &Arc<TcpStream>) -> usize {
        self.streams.lock().unwrap().push(Arc::downgrade(stream));
        self.crowd()
    }

    /// How many connections stand. One that the client has closed does not, though its answer may not have noticed yet.
    pub fn crowd(&self) -> usize {
        let mut streams = self.streams.lock().unwrap();
        streams.retain(|stream| stream.upgrade().is_some_and(|stream| stands(&stream)));
        streams.len()
    }

    pub fn record(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.notify_all();
    }
}

/// False once the client has closed it or torn it down.
fn stands(stream: &TcpStream) -> bool {
    let peeked = recv(stream, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    matches!(peeked, Ok((_, 1..)) | Err(Errno::AGAIN))
}

/// A running server, or one that is being described. It stops when it is dropped.
pub struct Server {
    files: BTreeMap<String, File>,
    rate: Option<u64>,
    crowd: Option<(usize, Answer)>,
    send_buffer: Option<u32>,
    refuse_beyond: Option<usize>,
}

impl Server {
    /// A server without files.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { files: BTreeMap::new(), rate: None, crowd: None, send_buffer: None, refuse_beyond: None }
    }

    /// One file; the path begins with `/`.
    pub fn file(mut self, path: &str, file: File) -> Self {
        self.files.insert(path.to_owned(), file);
        self
    }

    /// Bytes a second for each connection.
    pub fn rate(mut self, rate: u64) -> Self {
        self.rate = Some(rate);
        self
    }

    /// At most so many answers at once; those beyond get `answer`, such as `Answer::busy(503, 1)`.
    pub fn at_most(mut self, answers: usize, answer: Answer) -> Self {
        self.crowd = Some((answers, answer));
        self
    }

    /// The kernel's send buffer for each connection (it doubles the number), so that little is in flight.
    pub fn send_buffer(mut self, bytes: u32) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// At most so many connections at once; those beyond are torn down (RST) as soon as they are made.
    pub fn refuse_beyond(mut self, connections: usize) -> Self {
        self.refuse_beyond = Some(connections);
        self
    }

    /// Starts it.
    pub fn start(self) -> Running {
        let shared = Arc::new(Shared {
            files: Mutex::new(self.files),
            seen: Mutex::default(),
            changed: Condvar::new(),
            rate: Mutex::new(self.rate),
            crowd: self.crowd,
            news: Notify::new(),
            refuse_beyond: self.refuse_beyond,
            streams: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let (inner, until, buffer) = (shared.clone(), stop.clone(), self.send_buffer);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let socket = TcpSocket::new_v4().unwrap();
                // Before listening, so that accepted connections have it from their first byte.
                if let Some(bytes) = buffer {
                    socket.set_send_buffer_size(bytes).unwrap();
                }
                socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
                let listener = socket.listen(1024).unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let tasks = TaskTracker::new();
                while let Some(accepted) = until.run_until_cancelled(listener.accept()).await {
                    let (stream, _) = accepted.unwrap();
                    let (shared, until) = (inner.clone(), until.clone());
                    tasks.spawn(async move {
                        let _ = until.run_until_cancelled(connection::serve(stream, shared)).await;
                    });
                }
                tasks.close();
                tasks.wait().await;
            });
        });
        Running { shared, address: told.recv().unwrap(), stop, thread: Some(thread) }
    }
}

/// A running server. It stops when it is dropped.
pub struct Running {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that it saw and sent so far.
    pub fn seen(&self) -> Seen {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Forgets what it saw and sent; what is open stays counted.
    pub fn forget(&self) {
        self.shared.record(|seen| {
            let (open, answering) = (seen.open, seen.answering);
            *seen = Seen { open, most: open, answering, most_answering: answering, ..Seen::default() };
        });
    }

    /// Changes a file, for requests from now on.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut File)) {
        change(self.shared.files.lock().unwrap().get_mut(path).expect("a path that the server has"));
    }

    /// Puts a file at a path, new or in place of another.
    pub fn put(&self, path: &str, file: File) {
        self.shared.files.lock().unwrap().insert(path.to_owned(), file);
    }

    /// Sets or lifts the rate of each connection, also for bodies that are on their way.
    pub fn set_rate(&self, rate: Option<u64>) {
        *self.shared.rate.lock().unwrap() = rate;
    }

    /// Waits until what it saw and sent is as asked; panics with what it saw if that does not come.
    pub fn wait(&self, what: &str, is_so: impl Fn(&Seen) -> bool) -> Seen {
        let until = Instant::now() + DEADLINE;
        let mut seen = self.shared.seen.lock().unwrap();
        while !is_so(&seen) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let told = format!("{seen:#?}");
                // Whoever still answers would panic on what a panic has locked, and end all tests.
                drop(seen);
                panic!("the server waited in vain for: {what}\n{told}");
            }
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
        seen.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            // A panic on a panic would hide the first.
            assert!(ended.is_ok() || std::thread::panicking(), "the server's thread panicked");
        }
    }
}
