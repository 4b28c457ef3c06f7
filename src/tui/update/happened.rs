//! What the engine tells, as far as a person wants to be told.

use std::path::Path;

use super::super::{Effect, State, Tone};
use super::{add, toast};
use crate::api::{Event, Happening};
use crate::model::{Fault, FaultKind, TransferId, brief_duration, repaired, size};

/// So many characters of a URL are told, of its beginning and of its end.
const TOLD_OF_A_URL: (usize, usize) = (28, 16);

/// Tells of an event, if it is one to tell of.
pub fn tell(state: &mut State, event: &Event, effects: &mut Vec<Effect>) {
    match &event.happening {
        Happening::Completed { .. } => state.ended.0 += 1,
        Happening::Failed(_) | Happening::Expired(_) => state.ended.1 += 1,
        _ => {}
    }
    let (tone, text) = match &event.happening {
        Happening::Refused(fault) => {
            state.list.forget(event.id);
            // That they were was said before the disk had its say.
            if fault.kind != FaultKind::Busy {
                state.toasts.retain(|toast| !add::tells_of_added(&toast.text));
            }
            (Tone::Bad, format!("not added: {}", brief(fault)))
        }
        Happening::Failed(fault) => (Tone::Bad, format!("failed: {}", brief(fault))),
        Happening::Expired(fault) | Happening::Damaged(fault) => (Tone::Bad, brief(fault)),
        Happening::DiskFull(fault) | Happening::Denied(fault) | Happening::Unnoted(fault) => {
            (Tone::Warning, brief(fault))
        }
        Happening::Relinked(source) => (Tone::Good, format!("goes on from {source}")),
        Happening::Described { .. } | Happening::Listed { .. } | Happening::Verified { .. } => {
            (Tone::Good, event.happening.sentence().into_owned())
        }
        Happening::Restarted(fault) => (Tone::Warning, format!("begins again: {}", brief(fault))),
        Happening::UploadLeft(_) => (Tone::Warning, event.happening.sentence().into_owned()),
        Happening::Repairing(fault) => (Tone::Warning, format!("fetched once more: {}", brief(fault))),
        Happening::Repaired { damaged, blocks } => (Tone::Warning, repaired(*damaged, *blocks)),
        Happening::Doubted(fault) => (Tone::Warning, format!("taken all the same: {}", brief(fault))),
        Happening::Completed { target, bytes, took, unchanged, .. } => {
            let name = file_name(target);
            let how = match (*unchanged, took.as_secs()) {
                (true, _) => "was complete already, and the server has no newer one".to_owned(),
                (false, 0) => format!("is complete, {}", size(*bytes)),
                (false, _) => format!("is complete, {} in {}", size(*bytes), brief_duration(*took)),
            };
            (Tone::Good, format!("{name} {how}"))
        }
        Happening::Moved(target) => (Tone::Good, format!("moved to {}", target.display())),
        Happening::Restored => return restored(state, event.id),
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
        | Happening::Paused
        | Happening::Removed => return,
    };
    match tone {
        Tone::Good => toast::mention(state, text, effects),
        _ => toast::show(state, tone, text, effects),
    }
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
