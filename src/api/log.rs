//! What happened to one transfer in this session, with the time of day.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use super::{Happening, Level};

/// The longest sentence that is kept, in characters: it may name an address that a server chose.
const LONGEST: usize = 500;

/// The last things that happened to a transfer, the oldest first. A clone costs one reference count, and an empty one
/// nothing at all.
#[derive(Clone, Debug, Default)]
pub struct Log(Option<Arc<VecDeque<LogEntry>>>);

/// A line of a transfer's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When, in seconds since 1970 in UTC; of several in a row that are the same, the last one.
    pub at: u64,
    /// How much attention it wants.
    pub level: Level,
    /// What kind of thing, in one short word.
    pub word: &'static str,
    /// What happened.
    pub sentence: Arc<str>,
    /// How often in a row.
    pub times: u32,
    /// True if it tells of parts that have arrived; then the sentence is of the last of them.
    pub is_arrival: bool,
}

impl Log {
    /// How many lines are kept.
    pub const MOST: usize = 100;

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |lines| lines.len())
    }

    /// True if nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The lines, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &LogEntry> {
        self.0.iter().flat_map(|lines| lines.iter())
    }

    /// True if this belongs into the log. Being put into the queue, paused there or taken out of it begins none: a long
    /// queue would cost a line for each.
    pub fn takes(&self, happening: &Happening) -> bool {
        match happening {
            // What is told of the attempt says of a part that was to come what went wrong.
            Happening::PartFailed { after: None, .. }
            | Happening::Added
            | Happening::Refused(_)
            | Happening::Denied(_)
            | Happening::Removed
            | Happening::Restored => false,
            Happening::Paused => !self.is_empty(),
            _ => true,
        }
    }

    /// Adds what happened at a time, to a transfer of this URL, if it belongs here.
    pub fn add(&mut self, at: u64, happening: &Happening, url: &str) {
        if !self.takes(happening) {
            return;
        }
        let (word, level) = (happening.word(), happening.level());
        let sentence = shortened(happening.sentence_about(url));
        let lines = Arc::make_mut(self.0.get_or_insert_default());
        // A large file has thousands of parts: those that arrive one after the other share a line.
        let arrives = matches!(happening, Happening::PartDone { .. });
        if let Some(last) = lines.back_mut().filter(|last| arrives && last.is_arrival) {
            (last.at, last.times, last.sentence) = (at, last.times.saturating_add(1), sentence.into());
            return;
        }
        // A server that cuts often must not push the beginning out with one and the same line.
        if let Some(last) = lines.back_mut().filter(|last| last.word == word && *last.sentence == *sentence) {
            (last.at, last.times) = (at, last.times.saturating_add(1));
            return;
        }
        if lines.len() >= Self::MOST {
            lines.pop_front();
        }
        lines.push_back(LogEntry { at, level, word, sentence: sentence.into(), times: 1, is_arrival: arrives });
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0 = None;
    }
}

/// The sentence, or its beginning and its end: what is wrong stands at one of them.
fn shortened(sentence: Cow<'static, str>) -> Cow<'static, str> {
    let length = sentence.chars().count();
    if length <= LONGEST {
        return sentence;
    }
    let half = LONGEST / 2;
    let beginning = sentence.chars().take(half);
    beginning.chain(['…']).chain(sentence.chars().skip(length - half + 1)).collect()
}
