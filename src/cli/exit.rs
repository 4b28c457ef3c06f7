//! With which code haul ends. The README's table is compared with this one by a test.

use std::process::ExitCode;

use crate::model::{Fault, FaultKind};

/// With what haul ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Every file is complete and checked.
    Complete,
    /// Something else failed, or several transfers failed for different reasons.
    Failed,
    /// The command line or the settings make no sense.
    Usage,
    /// The server refuses, and would refuse again.
    Refused,
    /// The network or the server gave trouble that did not end.
    Network,
    /// The disk is full or failed.
    Disk,
    /// The target exists, or another haul writes it.
    Taken,
    /// The finished bytes do not have the checksum that was asked for or announced.
    Checksum,
    /// The file changed on the server, or the server answers wrongly.
    Wrong,
    /// haul's own state can't be used.
    State,
    /// SIGHUP: the terminal went away.
    HungUp,
    /// SIGINT: Ctrl-C.
    Interrupted,
    /// SIGTERM: asked to end.
    Terminated,
}

/// All exit codes with what they mean, as the README shows them.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (
        Exit::Complete.code(),
        "every file is complete and checked (`run`: but those that it says are paused or given up)",
    ),
    (Exit::Failed.code(), "something else failed, or several transfers failed for different reasons"),
    (Exit::Usage.code(), "a mistake in the command line or in the settings"),
    (Exit::Refused.code(), "refused by the server for good (such as 401, 403, 404 and 410)"),
    (Exit::Network.code(), "network or server trouble that did not end (DNS, connect, TLS, cut, stalled, 429, 5xx)"),
    (Exit::Disk.code(), "the disk is full or failed"),
    (Exit::Taken.code(), "the target exists already or is written by another haul"),
    (Exit::Checksum.code(), "the file does not have the checksum that was asked for or announced, or no list names it"),
    (Exit::Wrong.code(), "the file changed on the server, or the server answers wrongly"),
    (Exit::State.code(), "haul's own state can't be used"),
    (Exit::HungUp.code(), "ended by SIGHUP"),
    (Exit::Interrupted.code(), "ended by SIGINT (Ctrl-C)"),
    (Exit::Terminated.code(), "ended by SIGTERM"),
];

/// What stands below the help.
pub(super) fn after_help() -> String {
    let code = |(code, meaning): &(u8, &str)| format!("  {code:<4} {}\n", meaning.replace('`', ""));
    let codes: String = EXIT_CODES.iter().map(code).collect();
    let honoured = "SSL_CERT_FILE, HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are honoured.";
    format!("haul alone opens the screen; URLs are queued. {honoured}\n\nExit codes:\n{codes}")
}

impl Exit {
    /// The number that a shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Network => 4,
            Self::Disk => 5,
            Self::Taken => 6,
            Self::Checksum => 7,
            Self::Wrong => 8,
            Self::State => 9,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What a transfer that was given up for this reason ends with.
    pub fn of(fault: &Fault) -> Self {
        match fault.kind {
            FaultKind::Status(408 | 425 | 429 | 500..) => Self::Network,
            FaultKind::Status(400..500) | FaultKind::Expired | FaultKind::UploadGone | FaultKind::Credentials => {
                Self::Refused
            }
            FaultKind::Resolve | FaultKind::Connect | FaultKind::Tls | FaultKind::Cut | FaultKind::Stalled => {
                Self::Network
            }
            // A status that is neither success nor an error is an answer that makes no sense here.
            FaultKind::Status(_)
            | FaultKind::RangeIgnored
            | FaultKind::WrongRange
            | FaultKind::Changed
            | FaultKind::Retagged
            | FaultKind::BadAnswer
            | FaultKind::WebPage
            | FaultKind::Different
            | FaultKind::SourceChanged
            | FaultKind::Redirect => Self::Wrong,
            FaultKind::DiskFull | FaultKind::Disk => Self::Disk,
            FaultKind::Exists | FaultKind::Busy => Self::Taken,
            FaultKind::Checksum | FaultKind::PartDamaged => Self::Checksum,
            FaultKind::State => Self::State,
            FaultKind::Request => Self::Usage,
        }
    }

    /// One end for several: what all have in common, else `Failed`; `Complete` if there are none.
    pub fn together(exits: impl IntoIterator<Item = Self>) -> Self {
        let mut exits = exits.into_iter();
        let Some(first) = exits.next() else { return Self::Complete };
        if exits.all(|exit| exit == first) { first } else { Self::Failed }
    }

    /// What a run that this signal stopped ends with.
    pub fn by_signal(number: i32) -> Self {
        match number {
            1 => Self::HungUp,
            2 => Self::Interrupted,
            15 => Self::Terminated,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
