//! What happened, in words for people. The one place where they are made: the lines of `haul get` and the log on the
//! screen say the same.

use std::borrow::Cow;
use std::time::Duration;

use super::Happening;
use crate::model::{Fault, Rate, brief_duration, brief_wait, repaired, size};

/// How much attention a line wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is as it should be.
    Info,
    /// It went well.
    Success,
    /// It needs patience or attention.
    Warning,
    /// It failed.
    Error,
}

impl Happening {
    /// One short word that goes before the sentence, of at most five letters.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Added => "add",
            Self::Started => "start",
            Self::Answered { .. } | Self::Repaired { .. } | Self::Dropped(_) | Self::Doubted(_) | Self::Unnoted(_) => {
                "note"
            }
            Self::Retried { .. } | Self::PartFailed { .. } => "again",
            Self::Restarted(_) => "anew",
            Self::Repairing(_) | Self::Verified { .. } => "check",
            Self::Relinked(_)
            | Self::Became(_)
            | Self::Described { .. }
            | Self::Listed { .. }
            | Self::Joined { .. } => "link",
            Self::DiskFull(_) => "wait",
            Self::UploadCreated
            | Self::PartDone { .. }
            | Self::PartAborted { .. }
            | Self::UploadAborted
            | Self::UploadLeft(_) => "part",
            Self::Paused => "pause",
            Self::Completed { .. } => "done",
            Self::Failed(_) | Self::Refused(_) | Self::Expired(_) | Self::Damaged(_) => "fail",
            Self::Removed => "gone",
            Self::Restored => "back",
            Self::Denied(_) => "deny",
            Self::Moved(_) | Self::Renamed(_) => "move",
        }
    }

    /// True for a detail that people need not be told.
    pub fn is_detail(&self) -> bool {
        matches!(
            self,
            Self::UploadCreated
                | Self::PartDone { .. }
                | Self::PartAborted { .. }
                | Self::PartFailed { after: None, .. }
                | Self::Renamed(_)
                | Self::Became(_)
                | Self::Added
        )
    }

    /// True if nothing more comes of the transfer unless somebody says so: it is complete, given up, refused, gone, paused, or one
    /// with others.
    pub fn ends(&self) -> bool {
        let is_over = matches!(self, Self::Completed { .. } | Self::Failed(_) | Self::Refused(_) | Self::Expired(_));
        is_over || matches!(self, Self::Removed | Self::Paused | Self::Joined { .. })
    }

    /// How much attention it wants.
    pub fn level(&self) -> Level {
        match self {
            Self::Added
            | Self::Started
            | Self::Answered { resumable: true, .. }
            | Self::Relinked(_)
            | Self::Became(_)
            | Self::Described { .. }
            | Self::Listed { .. }
            | Self::Joined { .. }
            | Self::UploadCreated
            | Self::PartDone { .. }
            | Self::PartAborted { .. }
            | Self::UploadAborted
            | Self::Renamed(_)
            | Self::Paused
            | Self::Moved(_)
            | Self::Verified { compared: false, .. }
            | Self::Restored
            | Self::Removed => Level::Info,
            Self::Completed { .. } | Self::Verified { compared: true, .. } => Level::Success,
            Self::Answered { resumable: false, .. }
            | Self::Retried { .. }
            | Self::PartFailed { .. }
            | Self::Restarted(_)
            | Self::UploadLeft(_)
            | Self::Repairing(_)
            | Self::Repaired { .. }
            | Self::Dropped(_)
            | Self::Doubted(_)
            | Self::Unnoted(_)
            | Self::Denied(_)
            | Self::DiskFull(_) => Level::Warning,
            Self::Damaged(_) | Self::Failed(_) | Self::Refused(_) | Self::Expired(_) => Level::Error,
        }
    }

    /// The sentence. Without secrets; what came from outside is not yet made harmless for a terminal.
    pub fn sentence(&self) -> Cow<'static, str> {
        self.sentence_about("")
    }

    /// The sentence for a place where this URL or file stands already: a fault of it does not name it again.
    pub fn sentence_about(&self, known: &str) -> Cow<'static, str> {
        let why = |fault: &Fault| if fault.subject == known { fault.detail.clone() } else { fault.to_string() };
        let said = match self {
            Self::Added => return "it waits for its turn".into(),
            Self::Started => return "the server is asked".into(),
            Self::Paused => return "it goes on when you resume it".into(),
            Self::Removed => return "it is not in the queue any more".into(),
            Self::UploadCreated => return "the store has begun an upload in parts".into(),
            Self::UploadAborted => return "the store has freed parts that are of no use any more".into(),
            Self::PartDone { number, range } => format!("part {number} has arrived ({})", size(range.len())),
            Self::PartAborted { number } => format!("part {number} was on its way when it was stopped"),
            Self::PartFailed { number, fault, after: None } => format!("part {number}: {}", why(fault)),
            Self::PartFailed { number, fault, after: Some(after) } => {
                format!("part {number}: {}; its connection goes on in {}", why(fault), brief_wait(*after))
            }
            Self::Restored => return "it is in the list again".into(),
            Self::Moved(target) => format!("to {}", target.display()),
            Self::Renamed(target) => format!("all of it has come, and is {} now", target.display()),
            Self::Verified { checksum, compared: true } => format!("the file is as it should be, {checksum}"),
            Self::Verified { checksum, compared: false } => {
                format!("the file has {checksum}; nobody said what it should have")
            }
            Self::Answered { length, stream: true, .. } => streamed(*length),
            Self::Answered { length, resumed, resumable, .. } => answered(*length, *resumed, *resumable),
            Self::Retried { fault, after } if after.is_zero() => format!("{}; next attempt at once", why(fault)),
            Self::Retried { fault, after } => format!("{}; next attempt in {}", why(fault), brief_wait(*after)),
            Self::Restarted(fault) => format!("from the first byte, since {}", why(fault)),
            Self::UploadLeft(fault) => {
                format!("what was sent before can't be freed, and stays at the store: {}", why(fault))
            }
            Self::Repairing(fault) => format!("{}; it is fetched once more and compared", why(fault)),
            Self::Dropped(fault) => format!("this place is not asked any more: {fault}"),
            Self::Repaired { damaged, blocks } => repaired(*damaged, *blocks),
            Self::Relinked(source) | Self::Became(source) => format!("from {source} from now on"),
            Self::Described { places, others, left_out } => described(*places, others.len(), *left_out),
            Self::Listed { others, left_out } => listed(others.len(), *left_out),
            Self::Joined { left_out } => format!("what it leads to is in the list already{}", left(*left_out)),
            Self::Completed { bytes, unchanged: true, .. } => {
                format!("{}, complete since an earlier run and unchanged", size(*bytes))
            }
            Self::Completed { bytes, fetched, took, .. } => completed(*bytes, *fetched, *took),
            Self::Denied(fault)
            | Self::Damaged(fault)
            | Self::Doubted(fault)
            | Self::Unnoted(fault)
            | Self::DiskFull(fault)
            | Self::Failed(fault)
            | Self::Refused(fault)
            | Self::Expired(fault) => why(fault),
        };
        said.into()
    }
}

fn answered(length: Option<u64>, resumed: u64, resumable: bool) -> String {
    let mut said = match (resumed, length) {
        (0, Some(length)) => format!("the file has {}", size(length)),
        (0, None) => "its length is not known beforehand".to_owned(),
        (resumed, Some(length)) => format!("goes on at {} of {}", size(resumed), size(length)),
        (resumed, None) => format!("goes on at {}", size(resumed)),
    };
    if !resumable {
        said.push_str("; the server gave no part: after a stop all of it may be sent again");
    }
    said
}

fn streamed(length: Option<u64>) -> String {
    let what = length
        .map_or_else(|| "its length is not known beforehand".to_owned(), |length| format!("it has {}", size(length)));
    format!("{what}; a stream gives its bytes once, so that nothing is kept if it fails or is stopped")
}

fn listed(others: usize, left_out: usize) -> String {
    let left = match left_out {
        0 => String::new(),
        1 => "; one is left out, since no URL can hold its name".to_owned(),
        more => format!("; {more} are left out, since no URL can hold their names"),
    };
    match others {
        0 if left_out > 0 => left.trim_start_matches("; ").to_owned(),
        1 => format!("another object lies in this folder{left}"),
        more => format!("{more} more objects lie in this folder{left}"),
    }
}

fn described(places: usize, others: usize, left_out: usize) -> String {
    let places = if places == 1 { "one place".to_owned() } else { format!("{places} places") };
    let more = match others {
        0 => String::new(),
        1 => ", and another file".to_owned(),
        more => format!(", and {more} more files"),
    };
    format!("this is a metalink: it tells {places} of the file{more}{}", left(left_out))
}

/// What is said of files of a metalink that can't be had.
fn left(out: usize) -> String {
    let may = "(http and https, and only https where the metalink came over it)";
    match out {
        0 => String::new(),
        1 => format!("; one file is left out: haul may ask none of its places {may}"),
        more => format!("; {more} files are left out: haul may ask none of their places {may}"),
    }
}

/// `147 MB in 0:12 (12.3 MB/s)`; the speed is that of the bytes that came over the network.
pub fn completed(bytes: u64, fetched: u64, took: Duration) -> String {
    let whole = size(bytes);
    let seconds = took.as_secs_f64();
    if seconds <= 0.0 {
        return whole;
    }
    let speed = Rate::per_second((fetched as f64 / seconds).round() as u64);
    let part = if fetched < bytes { format!("{} transferred, ", size(fetched)) } else { String::new() };
    format!("{whole} in {} ({part}{speed})", brief_duration(took))
}
