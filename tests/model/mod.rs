//! The words: what they accept, what they refuse, and what they never show.

mod category;
mod hours;
mod listing;
mod metalink;
mod range;
mod sums;
mod words;
