//! One download: its task, its workers, and the desk at which they meet its plan.

mod balance;
mod begin;
mod brought;
mod clerk;
mod comparison;
mod crew;
mod desk;
mod durability;
mod finish;
mod found;
mod metalink;
mod mirrors;
mod opening;
mod outlook;
mod parts;
mod passing;
mod pen;
mod pieces;
mod places;
mod proof;
mod renew;
mod reopening;
mod room;
mod samples;
mod save;
mod scout;
mod small;
mod sums;
mod task;
mod trouble;
mod version;
mod worker;

pub(super) use clerk::Clerk;
pub(super) use task::run;
