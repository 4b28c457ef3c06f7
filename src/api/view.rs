//! The views: kinds of transfers, as lists show them and as words name them.

use super::{Direction, Filter, Row};
use crate::model::Status;

/// A kind of transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// All.
    #[default]
    All,
    /// Those that run.
    Active,
    /// Those that are to run: they wait for their turn or for room, or are paused.
    Queued,
    /// Those that are complete.
    Done,
    /// Those that need somebody: given up, or with an expired link.
    Failed,
    /// Those that send.
    Uploads,
}

impl View {
    /// Every view, in the order of its keys.
    pub const ALL: [Self; 6] = [Self::All, Self::Active, Self::Queued, Self::Done, Self::Failed, Self::Uploads];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Active => "Active",
            Self::Queued => "Queued",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Uploads => "Uploads",
        }
    }

    /// True if it shows a row.
    pub fn holds(self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::Active => row.status == Status::Running,
            Self::Queued => matches!(row.status, Status::Queued | Status::Paused | Status::DiskFull),
            Self::Done => row.status == Status::Done,
            Self::Failed => matches!(row.status, Status::Failed | Status::Expired),
            Self::Uploads => row.direction == Direction::Upload,
        }
    }

    /// The one that is called so, in capitals or not.
    pub fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.label().eq_ignore_ascii_case(name))
    }
}

/// Which transfers the words behind `mark` name. They name the same ones on the screen and in plain mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// None.
    None,
    /// Those that the user stopped, and not all of the view that they are in.
    Paused,
    /// Those of a view.
    View(View),
    /// Those that pass a filter.
    Filter(Filter),
}

impl Choice {
    /// What words name: a state or a view, or else rows that hold them.
    pub fn of(words: &str) -> Self {
        match (words, View::called(words)) {
            ("none", _) => Self::None,
            ("paused", _) => Self::Paused,
            (_, Some(view)) => Self::View(view),
            _ => Self::Filter(Filter::parse(words)),
        }
    }

    /// True if it names a row.
    pub fn holds(&self, row: &Row) -> bool {
        match self {
            Self::None => false,
            Self::Paused => row.status == Status::Paused,
            Self::View(view) => view.holds(row),
            Self::Filter(filter) => filter.passes(row),
        }
    }
}
