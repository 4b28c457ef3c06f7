//! `--json`: one object a line, numbers as integers, text from outside made harmless.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::exit::Exit;
use super::followed::Known;
use super::outcome::Outcome;
use crate::api::{Happening, Row};
use crate::model::{Fault, FaultKind, harmless};

/// What every line about a transfer has.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    id: String,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(flatten)]
    detail: Detail,
}

/// What only some lines have.
#[derive(Serialize)]
#[serde(untagged)]
enum Detail {
    Plain {},
    Answered {
        length: Option<u64>,
        resumed: u64,
        resumable: bool,
    },
    Progress {
        done: u64,
        length: Option<u64>,
        /// Bytes a second.
        speed: u64,
        eta_seconds: Option<u64>,
        connections: usize,
    },
    Left {
        done: u64,
        length: Option<u64>,
        /// True if the next run goes on from there.
        resumable: bool,
    },
    Completed {
        bytes: u64,
        fetched: u64,
        took_ms: u64,
        unchanged: bool,
        /// The algorithms in which the file was compared and found right.
        checked: Vec<String>,
    },
    Repaired {
        damaged: u64,
        blocks: u64,
    },
    Described {
        places: usize,
        others: usize,
        left_out: usize,
    },
    Listed {
        others: usize,
        left_out: usize,
    },
    Joined {
        left_out: usize,
    },
    Part {
        part: u32,
        /// The first byte, and one past the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        start: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        end: Option<u64>,
    },
    PartFault {
        part: u32,
        #[serde(flatten)]
        trouble: Trouble,
    },
    Verified {
        checksum: String,
        /// False if nobody has said what it should be.
        compared: bool,
    },
    Fault(Trouble),
}

/// What went wrong.
#[derive(Serialize)]
struct Trouble {
    /// A word for programs.
    fault: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// A sentence for people.
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u64>,
    /// With what haul ends if this is the only reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
}

/// The line for what happened.
pub(super) fn fact(known: &Known, happening: &Happening) -> String {
    let (event, detail) = match happening {
        Happening::Added => ("added", Detail::Plain {}),
        Happening::Started => ("started", Detail::Plain {}),
        Happening::Answered { length, resumed, resumable, .. } => {
            ("answered", Detail::Answered { length: *length, resumed: *resumed, resumable: *resumable })
        }
        Happening::Retried { fault, after } => ("retried", trouble(fault, Some(*after), None)),
        Happening::Dropped(fault) => ("mirror_dropped", trouble(fault, None, None)),
        Happening::Restarted(fault) => ("restarted", trouble(fault, None, None)),
        Happening::Relinked(_) | Happening::Became(_) => ("relinked", Detail::Plain {}),
        Happening::Described { places, others, left_out } => {
            ("metalink", Detail::Described { places: *places, others: others.len(), left_out: *left_out })
        }
        Happening::Listed { others, left_out } => {
            ("listed", Detail::Listed { others: others.len(), left_out: *left_out })
        }
        Happening::Joined { left_out } => ("joined", Detail::Joined { left_out: *left_out }),
        Happening::Expired(fault) => ("link_expired", trouble(fault, None, Some(Exit::of(fault)))),
        Happening::DiskFull(fault) => ("disk_full", trouble(fault, None, None)),
        Happening::UploadCreated => ("upload_created", Detail::Plain {}),
        Happening::UploadAborted => ("upload_aborted", Detail::Plain {}),
        Happening::UploadLeft(fault) => ("upload_left", trouble(fault, None, None)),
        Happening::PartDone { number, range } => {
            ("part_done", Detail::Part { part: *number, start: Some(range.start), end: Some(range.end) })
        }
        Happening::PartAborted { number } => ("part_aborted", Detail::Part { part: *number, start: None, end: None }),
        Happening::PartFailed { number, fault, after } => {
            ("part_failed", Detail::PartFault { part: *number, trouble: told(fault, *after, None) })
        }
        Happening::Renamed(_) => ("renamed", Detail::Plain {}),
        Happening::Paused => ("paused", Detail::Plain {}),
        Happening::Repairing(fault) => ("repairing", trouble(fault, None, None)),
        Happening::Repaired { damaged, blocks } => {
            ("repaired", Detail::Repaired { damaged: *damaged, blocks: *blocks })
        }
        Happening::Doubted(fault) => ("doubted", trouble(fault, None, None)),
        Happening::Unnoted(fault) => ("unnoted", trouble(fault, None, None)),
        Happening::Completed { bytes, fetched, took, unchanged, checked, .. } => {
            let (bytes, fetched, unchanged, took_ms) = (*bytes, *fetched, *unchanged, millis(*took));
            let checked = checked.iter().map(ToString::to_string).collect();
            ("completed", Detail::Completed { bytes, fetched, took_ms, unchanged, checked })
        }
        Happening::Failed(fault) => ("failed", trouble(fault, None, Some(Exit::of(fault)))),
        Happening::Refused(fault) => ("refused", trouble(fault, None, Some(Exit::of(fault)))),
        Happening::Removed => ("removed", Detail::Plain {}),
        Happening::Restored => ("restored", Detail::Plain {}),
        Happening::Moved(_) => ("moved", Detail::Plain {}),
        Happening::Denied(fault) => ("denied", trouble(fault, None, None)),
        Happening::Verified { checksum, compared } => {
            ("verified", Detail::Verified { checksum: checksum.to_string(), compared: *compared })
        }
        Happening::Damaged(fault) => ("damaged", trouble(fault, None, None)),
    };
    line(event, known, detail)
}

/// The line for how far a running transfer is.
pub(super) fn progress(known: &Known, row: &Row) -> String {
    let live = row.live.as_deref();
    let detail = Detail::Progress {
        done: row.bytes_reached(),
        length: row.length.or(known.length),
        speed: live.map_or(0, |live| live.speed.bytes()),
        eta_seconds: live.and_then(|live| live.eta).map(|eta| eta.as_secs()),
        connections: live.map_or(0, |live| live.connections.len()),
    };
    line("progress", known, detail)
}

/// The line for one that is not complete when haul stops.
pub(super) fn left(known: &Known, row: Option<&Row>) -> String {
    let (done, resumable) = row.map_or((0, false), |row| (row.bytes_done(), row.resumable));
    let length = row.and_then(|row| row.length).or(known.length);
    line("left", known, Detail::Left { done, length, resumable })
}

/// The last line where something is not complete, which is about no single transfer.
pub(super) fn stopped(outcome: &Outcome) -> String {
    let Outcome { complete, failed, left, .. } = outcome;
    let (failed, left) = (failed.len(), left.len());
    format!("{{\"event\":\"stopped\",\"complete\":{complete},\"failed\":{failed},\"left\":{left}}}\n")
}

fn line(event: &'static str, known: &Known, detail: Detail) -> String {
    let target = known.target.as_deref().map(shown);
    let line = Line { event, id: known.id.to_string(), url: &known.url, target, detail };
    // Strings and integers always have a JSON form, so there is no failure to tell.
    serde_json::to_string(&line).map_or_else(|_| String::new(), |text| text + "\n")
}

fn shown(path: &Path) -> String {
    harmless(&path.to_string_lossy()).into_owned()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn trouble(fault: &Fault, after: Option<Duration>, exit: Option<Exit>) -> Detail {
    Detail::Fault(told(fault, after, exit))
}

fn told(fault: &Fault, after: Option<Duration>, exit: Option<Exit>) -> Trouble {
    let status = if let FaultKind::Status(code) = fault.kind { Some(code) } else { None };
    Trouble {
        fault: word(fault.kind),
        status,
        message: harmless(&fault.to_string()).into_owned(),
        after_ms: after.map(millis),
        exit: exit.map(Exit::code),
    }
}

fn word(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Resolve => "resolve",
        FaultKind::Connect => "connect",
        FaultKind::Tls => "tls",
        FaultKind::Cut => "cut",
        FaultKind::Stalled => "stalled",
        FaultKind::Status(_) => "status",
        FaultKind::RangeIgnored => "range_ignored",
        FaultKind::WrongRange => "wrong_range",
        FaultKind::Changed => "changed",
        FaultKind::Retagged => "retagged",
        FaultKind::BadAnswer => "bad_answer",
        FaultKind::WebPage => "web_page",
        FaultKind::Expired => "link_expired",
        FaultKind::Different => "different_file",
        FaultKind::Redirect => "redirect",
        FaultKind::DiskFull => "disk_full",
        FaultKind::Disk => "disk",
        FaultKind::Exists => "exists",
        FaultKind::Busy => "busy",
        FaultKind::Checksum => "checksum",
        FaultKind::State => "state",
        FaultKind::Request => "request",
        FaultKind::UploadGone => "upload_gone",
        FaultKind::PartDamaged => "part_damaged",
        FaultKind::Credentials => "credentials",
        FaultKind::SourceChanged => "source_changed",
    }
}
