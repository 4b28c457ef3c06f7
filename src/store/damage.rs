//! What of a queue could not be read.

use std::fmt;
use std::path::PathBuf;

/// Lines of a queue that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// How many.
    pub lines: usize,
    /// The file that has them still.
    pub path: PathBuf,
}

impl Damage {
    pub(super) fn of(lines: usize, path: PathBuf) -> Option<Self> {
        (lines > 0).then_some(Self { lines, path })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.lines {
            1 => write!(f, "1 line of the queue could not be read; it is kept in {path}"),
            lines => write!(f, "{lines} lines of the queue could not be read; they are kept in {path}"),
        }
    }
}
