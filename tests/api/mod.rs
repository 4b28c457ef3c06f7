//! What a face is told: the words, and a transfer's log.

mod log;
mod words;
