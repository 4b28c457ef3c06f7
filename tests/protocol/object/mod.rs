//! Object stores: URLs, signatures, and the drivers against a store in this process.

mod put;
mod signatures;
mod stage;
mod urls;
