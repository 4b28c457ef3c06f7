//! Pastes that come as keys: a terminal that does not mark a paste (screen, old ones) sends its characters as if they were
//! typed, and they would pause, remove and reorder transfers.

use std::time::Duration;

use super::Message;
use crate::config::{Chord, Key};

/// What a paste for haul begins with. Nobody types that where keys are orders.
const BEGINNINGS: [&str; 7] = ["http://", "https://", "chunk+http", "s3://", "oss://", "tos://", "curl "];
/// Characters of one read follow each other at once; no hand is so fast.
const NEXT: Duration = Duration::from_millis(5);
/// A long paste comes in pieces, and over a network with pauses between them.
const REST: Duration = Duration::from_millis(100);

/// Keys that are held back, since they may be the beginning of a paste, or are one.
#[derive(Debug, Default)]
pub struct Burst {
    keys: Vec<Chord>,
    /// The same as text.
    text: String,
    is_paste: bool,
}

impl Burst {
    /// How long the next key may take to belong to those that are held back; `None` if none are.
    pub fn patience(&self) -> Option<Duration> {
        (!self.keys.is_empty()).then_some(if self.is_paste { REST } else { NEXT })
    }

    /// Takes what comes next, and gives what is not held back.
    pub fn take(&mut self, message: Message) -> Vec<Message> {
        let Message::Key(chord) = message else { return self.before(message) };
        let Some(c) = character(chord) else { return self.before(message) };
        if self.is_paste || self.may_go_on(c) {
            self.hold(chord, c);
            return Vec::new();
        }
        let mut passed = self.end();
        if self.may_go_on(c) {
            self.hold(chord, c);
        } else {
            passed.push(message);
        }
        passed
    }

    /// Nothing more has come: gives what was held back.
    pub fn end(&mut self) -> Vec<Message> {
        let Self { keys, is_paste, .. } = std::mem::take(self);
        if is_paste { vec![Message::Burst(keys)] } else { keys.into_iter().map(Message::Key).collect() }
    }

    fn before(&mut self, message: Message) -> Vec<Message> {
        let mut passed = self.end();
        passed.push(message);
        passed
    }

    fn may_go_on(&self, c: char) -> bool {
        let rest =
            |beginning: &&str| beginning.strip_prefix(self.text.as_str()).is_some_and(|rest| rest.starts_with(c));
        BEGINNINGS.iter().any(rest)
    }

    fn hold(&mut self, chord: Chord, c: char) {
        self.keys.push(chord);
        if !self.is_paste {
            self.text.push(c);
            self.is_paste = BEGINNINGS.contains(&self.text.as_str());
        }
    }
}

/// The text that keys stand for.
pub fn text(keys: &[Chord]) -> String {
    keys.iter().copied().filter_map(character).collect()
}

/// The character that a key stands for in a text; `None` for keys that no paste holds.
fn character(chord: Chord) -> Option<char> {
    match (chord.ctrl, chord.alt, chord.key) {
        (false, false, Key::Char(c)) => Some(c),
        // Some terminals end a pasted line with a line feed.
        (false, false, Key::Enter) | (true, false, Key::Char('j')) => Some('\n'),
        (false, false, Key::Tab) => Some('\t'),
        _ => None,
    }
}
