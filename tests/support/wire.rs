//! A wire between a client and a server that can't pace or count by itself: every connection has a rate, and every
//! byte that crosses towards the client is counted.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many slices of its rate a connection gives in a second.
const SLICES: u64 = 100;
/// The kernel's buffer towards the client (it doubles the number): what lies in it when the client dies has crossed.
const BUFFER: u32 = 8 * 1024;

/// A running wire. It is cut when this is dropped.
pub struct Wire {
    address: SocketAddr,
    crossed: Arc<AtomicU64>,
    cut: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// A wire to a port of this machine that lets `rate` bytes a second through to each client.
    pub fn to(port: u16, rate: u64) -> Self {
        let (crossed, cut) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let (count, until) = (crossed.clone(), cut.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let socket = TcpSocket::new_v4().unwrap();
                // Before listening, so that accepted connections have it from their first byte.
                socket.set_send_buffer_size(BUFFER).unwrap();
                socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
                let listener = socket.listen(1024).unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let tasks = TaskTracker::new();
                while let Some(accepted) = until.run_until_cancelled(listener.accept()).await {
                    let (client, _) = accepted.unwrap();
                    let (count, until) = (count.clone(), until.clone());
                    tasks.spawn(async move {
                        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
                        let asked = AtomicU64::new(0);
                        let both = async {
                            // The end of either direction is the end of the connection.
                            tokio::select! {
                                () = copy(&client, &server, None, &asked) => {}
                                () = copy(&server, &client, Some(rate), &count) => {}
                            }
                        };
                        until.run_until_cancelled(both).await;
                    });
                }
                tasks.close();
                tasks.wait().await;
            });
        });
        Self { address: told.recv().unwrap(), crossed, cut, thread: Some(thread) }
    }

    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many bytes have crossed towards clients: heads, bodies, and what TLS adds.
    pub fn crossed(&self) -> u64 {
        self.crossed.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut.cancel();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            // A panic on a panic would hide the first.
            assert!(ended.is_ok() || std::thread::panicking(), "the wire's thread panicked");
        }
    }
}

/// Copies until either side ends.
async fn copy(from: &TcpStream, to: &TcpStream, rate: Option<u64>, count: &AtomicU64) {
    let (slice, span) = rate.map_or((1 << 16, Duration::ZERO), |rate| (rate / SLICES, Duration::from_secs(1) / 100));
    let mut buffer = vec![0; slice.max(1) as usize];
    let mut due = Instant::now();
    loop {
        if !span.is_zero() {
            sleep_until(due).await;
            // Counted from now when the client was slow to read, so that no burst follows.
            due = (due + span).max(Instant::now());
        }
        let got = loop {
            if from.readable().await.is_err() {
                return;
            }
            match from.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(got) => break got,
                Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        };
        let mut rest = &buffer[..got];
        while !rest.is_empty() {
            if to.writable().await.is_err() {
                return;
            }
            match to.try_write(rest) {
                Ok(sent) => {
                    count.fetch_add(sent as u64, Ordering::SeqCst);
                    rest = &rest[sent..];
                }
                Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}
