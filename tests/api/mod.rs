//! What a face is told: the words, and a transfer's log.

mod index;
mod log;
mod words;
