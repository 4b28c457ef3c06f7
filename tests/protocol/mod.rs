//! The driver for http: held against servers that are right, odd and wrong. A wrong answer is a fault of the right kind
//! before any byte of it is used.

mod addresses;
mod answers;
mod challenges;
mod cookies;
mod digests;
mod disposition;
mod driver;
mod heard;
mod lanes;
mod links;
mod logins;
mod milder;
mod object;
mod redirects;
mod retry_after;
#[cfg(target_os = "linux")]
mod sockets;
mod validators;
