//! What the engine tells, as far as a person wants to be told.

use std::path::Path;

use super::super::{State, Tone};
use super::{add, toast};
use crate::api::{Event, Happening};
use crate::model::{Fault, FaultKind, TransferId, brief_duration, repaired, size};

/// So many characters of a URL are told, of its beginning and of its end.
const TOLD_OF_A_URL: (usize, usize) = (28, 16);

/// Tells of an event, if it is one to tell of.
pub fn tell(state: &mut State, event: &Event) {
    let happening = &event.happening;
    match happening {
        Happening::Completed { .. } => state.ended.0 += 1,
        Happening::Failed(_) | Happening::Expired(_) => state.ended.1 += 1,
        Happening::Restored => restored(state, event.id),
        Happening::Refused(fault) => {
            state.list.forget(event.id);
            // That they were was said before the disk had its say.
            if fault.kind != FaultKind::Busy {
                state.toasts.retain(|toast| !add::tells_of_added(&toast.text));
            }
        }
        _ => {}
    }
    let Some(text) = said(happening) else { return };
    match Tone::from(happening.level()) {
        Tone::Good => toast::mention(state, text),
        tone => toast::show(state, tone, text),
    }
}

/// What is said of it; `None` for what the list shows anyway.
fn said(happening: &Happening) -> Option<String> {
    Some(match happening {
        Happening::Refused(fault) => format!("not added: {}", brief(fault)),
        Happening::Failed(fault) => format!("failed: {}", brief(fault)),
        Happening::Restarted(fault) => format!("begins again: {}", brief(fault)),
        Happening::Repairing(fault) => format!("fetched once more: {}", brief(fault)),
        Happening::Doubted(fault) => format!("taken all the same: {}", brief(fault)),
        Happening::Expired(fault)
        | Happening::Damaged(fault)
        | Happening::DiskFull(fault)
        | Happening::Denied(fault)
        | Happening::Unnoted(fault) => brief(fault),
        Happening::Relinked(source) => format!("goes on from {source}"),
        Happening::Repaired { damaged, blocks } => repaired(*damaged, *blocks),
        Happening::Moved(target) => format!("moved to {}", target.display()),
        Happening::Described { .. }
        | Happening::Listed { .. }
        | Happening::Joined { .. }
        | Happening::Verified { .. }
        | Happening::UploadLeft(_) => happening.sentence().into_owned(),
        Happening::Completed { target, bytes, took, unchanged, .. } => {
            let name = file_name(target);
            match (*unchanged, took.as_secs()) {
                (true, _) => format!("{name} was complete already, and the server has no newer one"),
                (false, 0) => format!("{name} is complete, {}", size(*bytes)),
                (false, _) => format!("{name} is complete, {} in {}", size(*bytes), brief_duration(*took)),
            }
        }
        Happening::Added
        | Happening::Started
        | Happening::Answered { .. }
        | Happening::Retried { .. }
        | Happening::Dropped(_)
        | Happening::UploadCreated
        | Happening::UploadAborted
        | Happening::PartDone { .. }
        | Happening::PartFailed { .. }
        | Happening::PartAborted { .. }
        | Happening::Renamed(_)
        | Happening::Became(_)
        | Happening::Paused
        | Happening::Restored
        | Happening::Removed => return None,
    })
}

/// A fault in a line that has to hold the reason: a long URL goes without its middle.
fn brief(fault: &Fault) -> String {
    let (subject, (head, tail)) = (&fault.subject, TOLD_OF_A_URL);
    let cuts = subject.char_indices().nth(head).zip(subject.char_indices().nth_back(tail));
    match cuts.filter(|(end, start)| subject.contains("://") && end.0 < start.0) {
        Some(((end, _), (start, _))) => format!("{}…{}: {}", &subject[..end], &subject[start..], fault.detail),
        None => fault.to_string(),
    }
}

/// The first one that comes back when a removal is undone is selected.
fn restored(state: &mut State, id: TransferId) {
    if std::mem::take(&mut state.restores) {
        state.list.await_arrival(id);
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
