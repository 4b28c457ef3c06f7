//! An object store in this process: S3, OSS or TOS over plain HTTP, with its own check of every signature, faults on
//! request, and an account of all that came.
//!
//! `Store::start(vendor)`, then `url(key)` and `variables()` for the program or a driver; `put` and `object` look past the
//! wire; `faults(|faults| ..)` makes it misbehave; `requests()` and `uploads()` tell what happened.

mod answer;
mod faults;
mod framing;
mod listing;
mod multipart;
mod objects;
mod request;
mod server;
mod sums;
mod verify;

pub use faults::{Faults, Instead, Lost, Refusing};
pub use framing::Trailers;
pub use request::Seen;
pub use server::{OpenUpload, Store};
