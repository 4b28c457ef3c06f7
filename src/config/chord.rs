//! A key with its modifiers, as it is written in the settings: `q`, `D`, `ctrl-c`, `space`, `pgup`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A key without modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A character as typed; an upper-case letter includes its shift.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key, 1 to 12.
    F(u8),
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    /// Control is held.
    pub ctrl: bool,
    /// Alt is held.
    pub alt: bool,
    /// The key.
    pub key: Key,
}

const NAMED: [(&str, Key); 16] = [
    ("space", Key::Char(' ')),
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("backtab", Key::BackTab),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
    ("minus", Key::Char('-')),
];

impl From<Key> for Chord {
    fn from(key: Key) -> Self {
        Self { ctrl: false, alt: false, key }
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no key: write q, D, ctrl-c, alt-x, space, enter, esc, tab, up, pgdn, f5");
        let mut rest = text;
        let (mut ctrl, mut alt) = (false, false);
        loop {
            if let Some(tail) = rest.strip_prefix("ctrl-").filter(|tail| !tail.is_empty()) {
                (ctrl, rest) = (true, tail);
            } else if let Some(tail) = rest.strip_prefix("alt-").filter(|tail| !tail.is_empty()) {
                (alt, rest) = (true, tail);
            } else {
                break;
            }
        }
        let mut characters = rest.chars();
        let key = match (characters.next(), characters.next()) {
            (Some(c), None) if !c.is_control() && c != ' ' => Key::Char(c),
            _ => match rest.strip_prefix('f').and_then(|number| number.parse().ok()) {
                Some(number @ 1..=12) => Key::F(number),
                _ => NAMED.iter().find(|entry| entry.0 == rest).map(|entry| entry.1).ok_or_else(wrong)?,
            },
        };
        Ok(Self { ctrl, alt, key })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            out.write_str("ctrl-")?;
        }
        if self.alt {
            out.write_str("alt-")?;
        }
        let bare = !self.ctrl && !self.alt;
        match (self.key, NAMED.iter().find(|entry| entry.1 == self.key)) {
            (Key::Char('-'), _) if bare => out.write_str("-"),
            (_, Some((name, _))) => out.write_str(name),
            (Key::Char(c), None) => write!(out, "{c}"),
            (Key::F(number), None) => write!(out, "f{number}"),
            (key, None) => write!(out, "{key:?}"),
        }
    }
}

impl Serialize for Chord {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Chord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
