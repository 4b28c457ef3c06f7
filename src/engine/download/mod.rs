//! One download: its task, its workers, and the desk at which they meet its plan.

mod balance;
mod begin;
mod brought; // which mirror brought which bytes
mod clerk; // commits of finished files
mod comparison;
mod crew;
mod desk; // where workers meet the plan
mod durability;
mod finish;
mod found; // what is on disk of it already
mod metalink;
mod mirrors;
mod opening;
mod outlook; // what is shown
mod parts;
mod passing; // comparing one stream with what is on disk
mod pen; // the write buffer of a connection
mod pieces;
mod places; // the source and its mirrors
mod proof;
mod renew; // expired links
mod reopening;
mod room;
mod samples;
mod save;
mod scout; // a first look at a mirror
mod small;
mod sums;
mod task;
mod trouble; // what a connection's fault means
mod version;
mod worker;

pub(super) use clerk::Clerk;
pub(super) use task::run;
