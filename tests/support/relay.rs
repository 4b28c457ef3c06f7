//! A relay between the program and a store, where the store's own account is not enough: it keeps the head of each request,
//! counts the bytes of bodies as they leave the program, and may change heads on their way.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

type Edit = dyn Fn(&str) -> String + Send + Sync;
type Wait = dyn Fn(&str) + Send + Sync;

/// A running relay. It takes nobody any more once this is dropped.
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    to: u16,
    request: Box<Edit>,
    answer: Box<Edit>,
    body: Box<Wait>,
    requests: Mutex<Vec<String>>,
    bodies: AtomicU64,
    sending: AtomicUsize,
    stopping: AtomicBool,
}

impl Relay {
    /// One to a port of this machine.
    pub fn to(port: u16) -> Self {
        Self::changing(port, str::to_owned, str::to_owned)
    }

    /// One that makes other heads of the requests' and of the answers'. An answer whose head has lost its length ends with
    /// its connection.
    pub fn changing(
        port: u16,
        request: impl Fn(&str) -> String + Send + Sync + 'static,
        answer: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::start(port, Box::new(request), Box::new(answer), Box::new(|_| ()))
    }

    /// One that makes other heads of the requests', and carries an answer's body once `body`, which gets its head, returns.
    pub fn holding(
        port: u16,
        request: impl Fn(&str) -> String + Send + Sync + 'static,
        body: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self::start(port, Box::new(request), Box::new(str::to_owned), Box::new(body))
    }

    fn start(to: u16, request: Box<Edit>, answer: Box<Edit>, body: Box<Wait>) -> Self {
        let shared = Arc::new(Shared {
            to,
            request,
            answer,
            body,
            requests: Mutex::default(),
            bodies: AtomicU64::new(0),
            sending: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if own.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let own = own.clone();
                std::thread::spawn(move || own.serve(&client));
            }
        });
        Self { port, shared }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// How many bytes of requests' bodies have come from the program.
    pub fn bodies(&self) -> u64 {
        self.shared.bodies.load(Ordering::SeqCst)
    }

    /// How many requests there are whose body is not all here, and whose connection stands: more of them may come.
    pub fn sending(&self) -> usize {
        self.shared.sending.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that listens.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    /// Carries both ways until either side ends.
    fn serve(&self, client: &TcpStream) {
        let Ok(store) = TcpStream::connect(("127.0.0.1", self.to)) else { return };
        // What was asked and is not answered yet: an answer to HEAD tells the length of a body that does not come.
        let asked = Mutex::new(VecDeque::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _ = self.carry_requests(client, &store, &asked);
                let _ = store.shutdown(Shutdown::Both);
                let _ = client.shutdown(Shutdown::Both);
            });
            let _ = self.carry_answers(&store, client, &asked);
            let _ = store.shutdown(Shutdown::Both);
            let _ = client.shutdown(Shutdown::Both);
        });
    }

    fn carry_requests(&self, from: &TcpStream, to: &TcpStream, asked: &Mutex<VecDeque<bool>>) -> std::io::Result<()> {
        let mut stream = Stream::new(from, to);
        while let Some(head) = stream.head()? {
            assert!(header(&head, "transfer-encoding").is_none(), "no body in chunks is carried: {head}");
            let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            asked.lock().unwrap().push_back(head.starts_with("HEAD "));
            self.requests.lock().unwrap().push(head.clone());
            stream.write((self.request)(&head).as_bytes())?;
            self.sending.fetch_add(1, Ordering::SeqCst);
            let carried = stream.body(length, |bytes| _ = self.bodies.fetch_add(bytes, Ordering::SeqCst));
            self.sending.fetch_sub(1, Ordering::SeqCst);
            carried?;
        }
        Ok(())
    }

    fn carry_answers(&self, from: &TcpStream, to: &TcpStream, asked: &Mutex<VecDeque<bool>>) -> std::io::Result<()> {
        let mut stream = Stream::new(from, to);
        while let Some(head) = stream.head()? {
            let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
            if status < 200 {
                stream.write(head.as_bytes())?;
                continue;
            }
            let is_bare = asked.lock().unwrap().pop_front() == Some(true) || matches!(status, 204 | 304);
            let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            let edited = (self.answer)(&head);
            stream.write(edited.as_bytes())?;
            (self.body)(&head);
            stream.body(if is_bare { 0 } else { length }, |_| ())?;
            if header(&edited, "content-length").is_none() && !is_bare {
                break;
            }
        }
        Ok(())
    }
}

/// The value of a header, by its name in lower case.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

/// One direction of a connection.
struct Stream<'a> {
    from: &'a TcpStream,
    to: &'a TcpStream,
    held: Vec<u8>,
}

impl<'a> Stream<'a> {
    fn new(from: &'a TcpStream, to: &'a TcpStream) -> Self {
        Self { from, to, held: Vec::new() }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.to.write_all(bytes)
    }

    fn fill(&mut self) -> std::io::Result<bool> {
        let mut buffer = vec![0; 1 << 16];
        let count = self.from.read(&mut buffer)?;
        self.held.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }

    /// The next head, with its blank line; `None` at the end.
    fn head(&mut self) -> std::io::Result<Option<String>> {
        loop {
            if let Some(at) = self.held.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.held.split_off(at + 4);
                let head = std::mem::replace(&mut self.held, rest);
                return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Carries so many bytes, and counts them as they come.
    fn body(&mut self, mut length: u64, count: impl Fn(u64)) -> std::io::Result<()> {
        while length > 0 {
            if self.held.is_empty() && !self.fill()? {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let some = (self.held.len() as u64).min(length);
            count(some);
            let rest = self.held.split_off(some as usize);
            let now = std::mem::replace(&mut self.held, rest);
            self.write(&now)?;
            length -= some;
        }
        Ok(())
    }
}
