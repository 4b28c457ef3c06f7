//! The words: what they accept, what they refuse, and what they never show.

mod category;
mod faults;
mod hours;
mod listing;
mod metalink;
mod range;
mod sums;
mod words;
