//! States in words: what a transfer or a connection does, what it waits for, and what the user can press.

use std::num::NonZero;
use std::time::Duration;

use super::super::{Role, State};
use super::footer::key_of;
use crate::api::{Activity, Connection, ConnectionState, Direction, Errand, Live, Row};
use crate::config::Action;
use crate::model::{Fault, FaultKind, Priority, Status, harmless, size};

/// What is said of a transfer that a stop would throw back to its first byte.
pub const UNRESUMABLE: &str = "can't be resumed";

/// The glyph that goes before a name.
pub fn glyph(row: &Row) -> (&'static str, Role) {
    match (row.status, row.live.as_ref().map(|live| live.activity)) {
        (Status::Queued, _) => ("·", Role::Muted),
        (Status::Paused, _) => ("‖", Role::Warning),
        (Status::Done, _) => ("✓", Role::Good),
        (Status::Failed | Status::Expired, _) => ("✗", Role::Bad),
        (Status::DiskFull, _) | (Status::Running, Some(Activity::Waiting(_) | Activity::Queued)) => {
            ("…", Role::Warning)
        }
        (Status::Running, _) if row.direction == Direction::Upload => ("↑", Role::Accent),
        (Status::Running, _) => ("↓", Role::Accent),
    }
}

/// What a transfer's state column says, in several wordings, longest first.
pub fn transfer(state: &State, row: &Row) -> (Vec<String>, Role) {
    match row.errand {
        Some(Errand::Moving) => return (vec!["its file is being moved".to_owned(), "moving".to_owned()], Role::Accent),
        Some(Errand::Verifying) => {
            return (vec!["its file is being read back".to_owned(), "comparing".to_owned()], Role::Accent);
        }
        None => {}
    }
    match row.status {
        Status::Queued => queued(state, row),
        Status::Paused => {
            let key = key_of(state, Action::TogglePause);
            (vec![format!("paused: {key} resumes"), "paused".to_owned()], Role::Warning)
        }
        Status::Expired => {
            let key = key_of(state, Action::NewUrl);
            (vec![format!("link expired: press {key}"), format!("expired: {key}"), "expired".to_owned()], Role::Bad)
        }
        Status::DiskFull => (disk_full(state, row), Role::Warning),
        Status::Done => (vec!["complete".to_owned(), "done".to_owned()], Role::Good),
        Status::Failed => (failed(state, row.fault.as_deref()), Role::Bad),
        Status::Running => running(state, row),
    }
}

/// What a transfer waits for that could run: a time, the hours of the queue, or its turn.
fn queued(state: &State, row: &Row) -> (Vec<String>, Role) {
    let priority = match row.spec.priority {
        Priority::Normal => String::new(),
        other => format!(", {other} priority"),
    };
    let now = key_of(state, Action::StartNow);
    if let Some(start) = &row.start {
        let said = format!("starts {}", start.text);
        return (vec![format!("{said}{priority} ({now}: now)"), said, start.text.clone()], Role::Warning);
    }
    if state.totals.shut {
        let said = "waits for the hours of the queue".to_owned();
        return (vec![format!("{said} ({now}: now)"), said, "waits for hours".to_owned()], Role::Warning);
    }
    (vec![format!("queued{priority}"), "queued".to_owned()], Role::Muted)
}

fn failed(state: &State, fault: Option<&Fault>) -> Vec<String> {
    let key = key_of(state, Action::Retry);
    let Some(fault) = fault else { return vec![format!("failed ({key} retries)"), "failed".to_owned()] };
    let why = reason(fault.kind);
    vec![
        format!("failed: {why} ({key} retries)"),
        format!("{why} ({key} retries)"),
        format!("failed: {why}"),
        why,
        "failed".to_owned(),
    ]
}

/// It goes on by itself, so the key is said only where there is much room.
fn disk_full(state: &State, row: &Row) -> Vec<String> {
    let key = key_of(state, Action::Retry);
    let mut wordings = vec!["disk full".to_owned(), "full".to_owned()];
    if let Some(short) = row.short.map(NonZero::get) {
        let said = format!("disk full, {} short", size(short));
        wordings.splice(0..0, [format!("{said} ({key}: now)"), said, format!("{} short", size(short))]);
    }
    wordings
}

fn running(state: &State, row: &Row) -> (Vec<String>, Role) {
    let Some(live) = &row.live else { return (vec!["starting".to_owned()], Role::Plain) };
    let said = |words: &str| vec![words.to_owned()];
    match live.activity {
        Activity::Connecting => (said("connecting"), Role::Plain),
        Activity::Waiting(span) => {
            let key = key_of(state, Action::Retry);
            let asked = row.fault.as_ref().is_some_and(|fault| fault.retry_after.is_some_and(|wait| !wait.is_zero()));
            let short = if asked { format!("{}, Retry-After", waits(span)) } else { waits(span) };
            let mut wordings = vec![format!("{short} ({key}: now)"), short.clone()];
            if let Some(fault) = &row.fault {
                let why = reason(fault.kind);
                wordings.insert(0, format!("{short}: {why}"));
                wordings.insert(0, format!("{short}: {why} ({key}: now)"));
            }
            (wordings, Role::Warning)
        }
        Activity::Queued => {
            let said = "waits for its turn again".to_owned();
            (vec![said, "waits for its turn".to_owned(), "waits".to_owned()], Role::Warning)
        }
        Activity::Checking => (checking(live), Role::Accent),
        Activity::Repairing => (said("repairing"), Role::Warning),
        Activity::Finishing => (said("finishing"), Role::Plain),
        Activity::Sending => (said("sending"), Role::Plain),
        Activity::Receiving => match &live.remark {
            Some(remark) => (vec![harmless(remark).into_owned()], Role::Warning),
            None if !row.resumable => (said(UNRESUMABLE), Role::Warning),
            None => (said("receiving"), Role::Plain),
        },
    }
}

/// Of bytes that are compared as they come once more it is told how far that is.
fn checking(live: &Live) -> Vec<String> {
    let mut wordings = vec!["checking".to_owned()];
    if let Some(share) = live.compared() {
        wordings.splice(0..0, [format!("checking what is here: {share} %"), format!("checking: {share} %")]);
    }
    wordings
}

/// What a connection does, in several wordings, longest first: whose address answers on it and, where a file comes from
/// several places, which host; or what went wrong before the wait.
pub fn connection(connection: &Connection) -> (Vec<String>, Role) {
    match connection.state {
        ConnectionState::Connecting => (busy("connecting", "to", connection), Role::Plain),
        ConnectionState::Receiving => (busy("receiving", "from", connection), Role::Plain),
        ConnectionState::Sending => (busy("sending", "to", connection), Role::Plain),
        ConnectionState::Slow => {
            let long = "slow: others take over its rest".to_owned();
            (vec![long, "slow: loses its rest".to_owned(), "slow".to_owned()], Role::Warning)
        }
        ConnectionState::Waiting(span) => {
            let why = connection.fault.as_ref().map(|fault| format!("{}: {}", waits(span), reason(fault.kind)));
            (why.into_iter().chain([waits(span)]).collect(), Role::Warning)
        }
    }
}

fn busy(word: &str, link: &str, connection: &Connection) -> Vec<String> {
    match (&connection.host, connection.address) {
        (None, None) => vec![word.to_owned()],
        (None, Some(address)) => {
            vec![format!("{word} {link} {address}"), format!("{link} {address}"), word.to_owned()]
        }
        (Some(host), None) => vec![format!("{word} {link} {host}"), host.to_string()],
        (Some(host), Some(address)) => {
            vec![format!("{word} {link} {host} ({address})"), format!("{word} {link} {host}"), host.to_string()]
        }
    }
}

/// Seconds are rounded up: a wait that is said to be 0 s long would be none.
fn waits(span: Duration) -> String {
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    format!("waits {seconds} s")
}

/// A fault in two or three words.
pub fn reason(kind: FaultKind) -> String {
    let words = match kind {
        FaultKind::Resolve => "host not found",
        FaultKind::Connect => "no connection",
        FaultKind::Tls => "no secure connection",
        FaultKind::Cut => "cut off",
        FaultKind::Stalled => "stalled",
        FaultKind::Status(code) => return status(code),
        FaultKind::RangeIgnored => "gives no parts",
        FaultKind::WrongRange => "wrong part sent",
        FaultKind::Changed | FaultKind::Retagged | FaultKind::SourceChanged => "file has changed",
        FaultKind::BadAnswer => "unusable answer",
        FaultKind::WebPage => "a page came",
        FaultKind::Expired => "link expired",
        FaultKind::Different => "another file",
        FaultKind::Redirect => "bad redirect",
        FaultKind::DiskFull => "disk full",
        FaultKind::Disk => "disk error",
        FaultKind::Exists => "target exists",
        FaultKind::Busy => "target in use",
        FaultKind::Checksum => "wrong checksum",
        FaultKind::State => "state unreadable",
        FaultKind::Request => "bad request",
        FaultKind::UploadGone => "upload gone",
        FaultKind::PartDamaged => "part damaged",
        FaultKind::Credentials => "no login",
    };
    words.to_owned()
}

fn status(code: u16) -> String {
    let words = match code {
        401 => "login needed",
        403 => "forbidden",
        404 => "not found",
        410 => "gone",
        429 => "asked too often",
        500..=599 => "server error",
        _ => "refused",
    };
    format!("{words} ({code})")
}
