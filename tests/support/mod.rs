//! The test house's tools: a scripted server, nginx, the real program, and a terminal to read it by.

// The floors use these tools by and by; one that no floor uses today is still a tool.
#![allow(dead_code, unused_imports)]

pub mod begun;
pub mod builders;
pub mod chunks;
pub mod clock;
pub mod depot;
pub mod fetch;
pub mod guard;
pub mod http2;
pub mod image;
pub mod nginx;
pub mod oracle;
#[cfg(target_os = "linux")]
pub mod pair;
pub mod power;
pub mod pty;
pub mod relay;
pub mod sandbox;
pub mod server;
pub mod shelf;
pub mod store;
pub mod strace;
#[cfg(test)]
mod trial;
mod trouble;
pub mod wire;

pub use nginx::Nginx;
pub use oracle::Oracle;
pub use power::{Image, Recording};
pub use pty::{Exit, Terminal};
pub use relay::{Relay, header};
pub use sandbox::{Output, Process, Sandbox, eventually, is_part_of, names, sha256_of};
pub use store::Store;
pub use strace::{Strace, strace_works};
pub use wire::Wire;
