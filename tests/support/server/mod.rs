//! A scripted HTTP/1.1 server on loopback, in a thread of its own. What it answers is data; what it was asked and what it
//! sent is counted. It writes its answers raw, so that it can lie in every way that servers do.
//!
//! ```ignore
//! let server = Server::new().file("/a.iso", File::new(7, 1 << 20)).rate(100_000).start();
//! server.change("/a.iso", |file| file.answer = Answer::new().etag("\"v2\""));
//! server.wait("half of it", |seen| seen.sent("/a.iso").total > 1 << 19);
//! assert_eq!(server.seen().sent("/a.iso").twice(), 0);
//! ```

mod answer;
mod connection;
mod content;
mod head;
mod listen;
mod record;
#[cfg(test)]
mod trial;

pub use answer::{Answer, Body, Chunks, Ending, Framing, Gate, Honour, Wrong};
pub use content::{content, sha256};
pub use listen::{File, Running, Server};
pub use record::{Request, Seen, Sent};
