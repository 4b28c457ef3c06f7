//! The filter: words that rows have to hold, or must not hold, in their name, host, category or state.

use super::{Activity, Direction, Row};
use crate::model::Status;

/// Words that rows have to hold, or must not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    /// In lower case.
    text: String,
    /// It stands behind `category:`, and is the beginning of a category's name.
    is_category: bool,
    /// True if rows must not hold it.
    is_negated: bool,
}

impl Filter {
    /// Reads words parted by blanks; a `!` before one negates it.
    pub fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let word = |written: &str| {
            let bare = written.strip_prefix('!');
            let text = bare.unwrap_or(written);
            let category = text.strip_prefix("category:");
            Word {
                text: category.unwrap_or(text).to_owned(),
                is_category: category.is_some(),
                is_negated: bare.is_some(),
            }
        };
        let words =
            text.split_whitespace().map(word).filter(|word| word.is_category || !word.text.is_empty()).collect();
        Self { text, words }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if a row passes it.
    pub fn passes(&self, row: &Row) -> bool {
        self.words.iter().all(|word| holds(row, word) != word.is_negated)
    }

    /// True if every row that passes this one passes the other one too: then a key in the box needs to look only at the
    /// rows that are shown.
    pub fn narrows(&self, other: &Self) -> bool {
        let narrower = |new: &Word, old: &Word| {
            let grown = if old.is_negated { new.text == old.text } else { new.text.starts_with(&old.text) };
            grown && new.is_negated == old.is_negated && new.is_category == old.is_category
        };
        self.words.len() >= other.words.len()
            && self.words.iter().zip(&other.words).all(|(new, old)| narrower(new, old))
    }
}

fn holds(row: &Row, Word { text: word, is_category, .. }: &Word) -> bool {
    let category = row.category.as_deref().unwrap_or("");
    if *is_category {
        return category.to_lowercase().starts_with(word);
    }
    let host = row.source.url().host_str().unwrap_or("");
    contains(&row.name, word)
        || contains(host, word)
        || contains(category, word)
        || states(row).into_iter().any(|state| contains(state, word))
        || contains(if row.direction == Direction::Upload { "upload" } else { "download" }, word)
        // Few look for a port, so few need pay for writing it out.
        || (word.contains(':') && contains(&row.source.host(), word))
}

/// The words for what a row does.
fn states(row: &Row) -> [&'static str; 2] {
    match (row.status, row.live.as_ref().map(|live| live.activity)) {
        (Status::Running, Some(Activity::Waiting(_) | Activity::Queued)) => ["active running", "waiting"],
        (Status::Running, Some(Activity::Checking)) => ["active running", "checking"],
        (Status::Running, Some(Activity::Repairing)) => ["active running", "repairing"],
        (Status::Running, _) => ["active running", ""],
        // As the view does, which has all that is to run.
        (Status::Paused, _) => ["queued", "paused"],
        (Status::Expired, _) => ["link expired", ""],
        (Status::DiskFull, _) => ["queued", "disk full"],
        (status, _) => [status.word(), ""],
    }
}

/// True if a text holds a word, which is in lower case. Without an allocation, since a filter looks at every row.
fn contains(text: &str, word: &str) -> bool {
    let [first, rest @ ..] = word.as_bytes() else { return true };
    if !word.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    let bytes = text.as_bytes();
    let Some(last) = bytes.len().checked_sub(word.len()) else { return false };
    let fits =
        |at: usize| bytes[at].eq_ignore_ascii_case(first) && bytes[at + 1..=at + rest.len()].eq_ignore_ascii_case(rest);
    (0..=last).any(fits)
}
