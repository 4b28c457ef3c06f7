//! The views: which kind of transfers the list shows.

use crate::api::{Direction, Row};
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

    /// Its bit among the flags of a row.
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The bits of all views that show a row.
    pub(super) fn bits(row: &Row) -> u8 {
        Self::ALL.into_iter().filter(|view| view.holds(row)).map(Self::bit).sum()
    }
}
