//! What a run without a screen waits for while nothing runs.

use crate::api::{Row, Snapshot, Start};
use crate::model::Status;

/// What keeps all that is queued from starting, if that is the hour; else the next one starts in a moment.
pub(super) fn waited_for(snapshot: &Snapshot) -> Option<String> {
    let queued = snapshot.totals.queued;
    if queued == 0 || snapshot.totals.running > 0 {
        return None;
    }
    if snapshot.totals.shut {
        return Some("for the hours of the queue: outside of them nothing starts".to_owned());
    }
    let waiting = snapshot.rows.iter().filter(|row| row.status == Status::Queued);
    let starts: Vec<(&Row, &Start)> = waiting.filter_map(|row| Some((&**row, row.start.as_deref()?))).collect();
    let (row, start) = starts.iter().min_by_key(|(_, start)| start.at).filter(|_| starts.len() == queued)?;
    Some(match queued {
        1 => format!("{} starts at {}", row.name, start.text),
        more => format!("{more} transfers start later, {} as the first at {}", row.name, start.text),
    })
}
