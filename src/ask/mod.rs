//! What people ask for, as they write it: URLs with patterns, lists, "copy as cURL" commands, and the files of an upload.
//! Both faces read it with the same words.

mod curl;
mod list;
mod path;
mod pattern;
mod send;
mod terms;

pub use curl::{read_curl, read_pasted};
pub use list::{Entry, read_entries, read_metalink};
pub use path::{Offers, complete, seen_from};
pub use pattern::{MOST_OF_A_PATTERN, expand, sources};
pub use send::{Gathered, Sending, placed};
pub use terms::{Single, Terms, added, once};
