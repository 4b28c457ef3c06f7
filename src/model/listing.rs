//! What lies in a folder of a store, page by page.

use super::Source;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name below the folder that was asked for, with the folders in between. From outside, and not yet safe.
    pub name: String,
    /// Its URL; `None` if no URL can hold its name.
    pub source: Option<Source>,
    /// True if it stands for all that lies below it.
    pub is_folder: bool,
    /// Its bytes.
    pub length: Option<u64>,
    /// When it was last written, in seconds since 1970.
    pub modified: Option<u64>,
    /// Its ETag, as the store writes it.
    pub etag: Option<String>,
}

/// One page of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// What is on it, in the store's order.
    pub entries: Vec<Listed>,
    /// What the next page is asked for with; `None` on the last one.
    pub next: Option<String>,
}
