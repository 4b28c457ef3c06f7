//! What every driver does that can show folders: list what lies below a URL, page by page.

use super::BoxFuture;
use crate::model::{Fault, Header, Listing, Source};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Folder<'a> {
    /// The folder, or the beginning of the names that are wanted.
    pub place: &'a Source,
    /// Headers that the user gave for its origin.
    pub headers: &'a [Header],
    /// True for all that lies below it, however deep; false for what lies right in it.
    pub deep: bool,
}

/// A driver for lists.
pub trait List: Send + Sync {
    /// One page; `after` is the page before's `next`.
    fn list<'a>(&'a self, folder: &'a Folder<'a>, after: Option<&'a str>) -> BoxFuture<'a, Result<Listing, Fault>>;
}
