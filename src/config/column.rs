//! The columns of the list, as they are named in the settings, and by which the list can be sorted.

use serde::{Deserialize, Serialize};

/// A column of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Column {
    /// Its place in the queue, from 1.
    Number,
    /// What it is called.
    Name,
    /// Bytes of the file.
    Size,
    /// A bar over the file, with its parts.
    Progress,
    /// Percent of the file that is on disk.
    Done,
    /// What arrives.
    Speed,
    /// Time to go.
    Eta,
    /// Connections, open and allowed.
    Connections,
    /// What it does, or waits for, in words.
    State,
    /// What its category is called.
    Category,
    /// When it was added.
    Added,
    /// Which way its bytes go.
    Direction,
    /// Where it comes from.
    Host,
}

impl Column {
    /// Every column.
    pub const ALL: [Self; 13] = [
        Self::Number,
        Self::Name,
        Self::Size,
        Self::Progress,
        Self::Done,
        Self::Speed,
        Self::Eta,
        Self::Connections,
        Self::State,
        Self::Category,
        Self::Added,
        Self::Direction,
        Self::Host,
    ];

    /// The columns as haul comes, from left to right.
    pub const USUAL: [Self; 8] =
        [Self::Name, Self::Size, Self::Progress, Self::Done, Self::Speed, Self::Eta, Self::Connections, Self::State];

    /// What stands above it.
    pub fn heading(self) -> &'static str {
        self.words().0
    }

    /// What the list is sorted by then.
    pub fn describe(self) -> &'static str {
        self.words().1
    }

    /// True if people look for its largest values first.
    pub fn begins_with_largest(self) -> bool {
        matches!(self, Self::Added | Self::Size | Self::Progress | Self::Done | Self::Speed | Self::Connections)
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Number => ("No", "order of the queue"),
            Self::Name => ("Name", "name"),
            Self::Size => ("Size", "size of the file"),
            Self::Progress => ("Parts", "bytes on disk"),
            Self::Done => ("Done", "percent on disk"),
            Self::Speed => ("Speed", "speed"),
            Self::Eta => ("ETA", "time to go"),
            Self::Connections => ("Conn", "connections"),
            Self::State => ("State", "state"),
            Self::Category => ("Category", "category"),
            Self::Added => ("Added", "time of adding"),
            Self::Direction => ("Way", "direction"),
            Self::Host => ("Host", "host"),
        }
    }
}
