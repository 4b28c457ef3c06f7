//! How a transfer stands, as the journal has it.

use serde::{Deserialize, Serialize};

use crate::model::{Fault, FaultKind, Status};

/// A status as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredStatus {
    /// Queued or running: both go on by themselves at the next start.
    #[default]
    Queued,
    /// Stopped by the user.
    Paused,
    /// Complete.
    Done,
    /// Given up.
    Failed,
    /// Its link has expired.
    Expired,
    /// Its disk is full.
    DiskFull,
}

/// Why a transfer was given up, as it is stored: the kind's word, with what, and what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFault(String, String, String);

impl StoredFault {
    pub(super) fn of(fault: &Fault) -> Self {
        Self(fault.kind.to_string(), fault.subject.clone(), fault.detail.clone())
    }

    pub(super) fn fault(&self) -> Fault {
        Fault::new(self.0.parse().unwrap_or(FaultKind::State), &self.1, self.2.clone())
    }
}

impl From<Status> for StoredStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued | Status::Running => Self::Queued,
            Status::Paused => Self::Paused,
            Status::Done => Self::Done,
            Status::Failed => Self::Failed,
            Status::Expired => Self::Expired,
            Status::DiskFull => Self::DiskFull,
        }
    }
}

impl From<StoredStatus> for Status {
    fn from(status: StoredStatus) -> Self {
        match status {
            StoredStatus::Queued => Self::Queued,
            StoredStatus::Paused => Self::Paused,
            StoredStatus::Done => Self::Done,
            StoredStatus::Failed => Self::Failed,
            StoredStatus::Expired => Self::Expired,
            StoredStatus::DiskFull => Self::DiskFull,
        }
    }
}
