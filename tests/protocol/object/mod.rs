//! Object stores: URLs, signatures, and the drivers against a store in this process.

mod get;
mod mending;
mod put;
mod signatures;
mod stage;
mod urls;
