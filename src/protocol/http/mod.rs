//! HTTP and HTTPS over reqwest: one request at a time, its answer checked before a byte of it is used.

mod addresses;
mod auth;
mod body;
mod challenge;
mod check;
mod client;
mod cookies;
mod digests;
mod disposition;
mod error;
mod fetch;
mod fields;
mod lanes;
mod links;
mod netrc;
mod proxy;
mod refusal;
mod tls;

pub use addresses::{Use, in_turn};
pub(super) use auth::Login;
pub(super) use body::{Stream, ends};
pub use check::{Accepted, Head, check};
pub use client::HttpOptions;
pub use cookies::Cookies;
pub use digests::announced_digests;
pub use disposition::file_name;
pub(super) use fetch::Call;
pub use fetch::Http;
pub use fields::{ContentRange, content_range, retry_after};
pub use links::duplicates;
pub use netrc::Netrc;
pub(super) use refusal::{beginning, begun};
