//! What lies in a folder of a store, page by page.

use std::collections::HashSet;

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

/// So many pages in a row may bring nothing new: a store that looks through what was deleted sends empty ones.
const MOST_BARREN: u32 = 1000;

/// How far a list was read, so that one that never ends is noticed.
#[derive(Debug, Default)]
pub struct Pages {
    /// What pages were asked for with: a list that comes to one of them again would never end.
    seen: HashSet<String>,
    /// The first and the last name of the last page that had any.
    ends: Option<(String, String)>,
    barren: u32,
}

impl Pages {
    /// A page has come. Fails with a sentence if no end is to be expected.
    pub fn turn(&mut self, page: &Listing) -> Result<(), &'static str> {
        let Some(next) = &page.next else { return Ok(()) };
        if !self.seen.insert(next.clone()) {
            return Err("the store's list goes round in a circle");
        }
        let ends =
            page.entries.first().zip(page.entries.last()).map(|(one, other)| (one.name.clone(), other.name.clone()));
        let is_barren = ends.is_none() || ends == self.ends;
        self.barren = if is_barren { self.barren + 1 } else { 0 };
        self.ends = ends.or_else(|| self.ends.take());
        if self.barren > MOST_BARREN {
            return Err("the store's list does not end: its pages bring nothing new");
        }
        Ok(())
    }
}
