//! The words: what they accept, what they refuse, and what they never show.

mod hours;
mod metalink;
mod range;
mod sums;
mod words;
