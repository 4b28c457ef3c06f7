//! What people ask for, as they write it.

mod curl;
mod list;
mod path;
mod pattern;
mod send;
