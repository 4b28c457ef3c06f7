//! Object stores: URLs, signatures, and the drivers against a store in this process.

mod doubts;
mod get;
mod keys;
mod list;
mod mending;
mod places;
mod put;
mod room;
mod signatures;
mod stage;
mod sums;
mod urls;
