//! What a face is told: the words.

mod words;
