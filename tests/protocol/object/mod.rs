//! Object stores: URLs, signatures, and the drivers against a store in this process.

mod doubts;
mod get;
mod list;
mod mending;
mod places;
mod put;
mod signatures;
mod stage;
mod sums;
mod urls;
