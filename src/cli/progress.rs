//! The words in which people are told of a transfer.

use std::borrow::Cow;
use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::followed::Known;
use super::outcome::Outcome;
use crate::api::{Activity, Happening, Live, Row, completed};
use crate::model::{brief_duration, brief_wait, harmless, percent, size};

/// From so many columns on, a live line has room for a bar.
const ROOM_FOR_BAR: usize = 90;
/// Columns of a bar.
const BAR: usize = 24;
/// Columns that a name is given when there is room.
const NAME: usize = 32;

/// The line that tells what happened; none for what people need not be told.
pub(super) fn fact(known: &Known, happening: &Happening) -> Option<String> {
    let sentence = match happening {
        _ if happening.is_detail() => return None,
        Happening::Answered { resumed: 0, resumable: true, .. } => return None,
        Happening::Started => known.url.clone().into(),
        _ => happening.sentence(),
    };
    Some(format!("{:<5} {}  {sentence}", happening.word(), known.name))
}

/// What is said of one that is not complete when haul stops.
pub(super) fn left(known: &Known, row: Option<&Row>) -> String {
    let rest = match row {
        Some(row) if row.bytes_done() > 0 && row.resumable => {
            format!("{} kept: the next run goes on from there", amount(row, row.bytes_done()))
        }
        _ => "not complete".to_owned(),
    };
    format!("{:<5} {}  {rest}", "stop", known.name)
}

/// How several transfers ended that were followed for so long; nothing where it was one, or where none is complete.
pub(super) fn all(outcome: &Outcome, took: Duration) -> Option<String> {
    let Outcome { complete, bytes, moved, .. } = *outcome;
    let others = [(outcome.failed.len(), "failed"), (outcome.left.len(), "not complete")];
    if complete == 0 || complete + others.iter().map(|(count, _)| count).sum::<usize>() < 2 {
        return None;
    }
    let others = others.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("; {count} {word}"));
    let others: String = others.collect();
    Some(format!("{:<5} {complete} complete, {}{others}", "all", completed(bytes, moved, took)))
}

/// The line about a running transfer where lines stay.
pub(super) fn plain(row: &Row) -> String {
    let mut parts = vec![share(row), amount(row, row.bytes_reached())];
    parts.extend(movement(row));
    if let Some(live) = row.live.as_ref().filter(|live| live.connections.len() > 1) {
        parts.push(format!("{} connections", live.connections.len()));
    }
    parts.retain(|part| !part.is_empty());
    format!("{:<5} {}  {}", "at", row.name, parts.join("  "))
}

/// The line about a running transfer where it is drawn again and again, at most `columns` wide.
pub(super) fn live(row: &Row, columns: usize) -> String {
    let moves = movement(row);
    let speed = moves.first().map_or("", String::as_str);
    let eta = moves.get(1).map_or("", String::as_str);
    let tail = format!("  {:>4}  {:<17}  {speed:<10}  {eta}", share(row), amount(row, row.bytes_reached()));
    let bar = if columns >= ROOM_FOR_BAR { format!("  {}", bar(row)) } else { String::new() };
    let room = columns.saturating_sub(bar.width() + tail.width()).clamp(8, NAME);
    let name = harmless(&row.name);
    let name = cut(&name, room);
    let fill = " ".repeat(room.saturating_sub(name.width()));
    cut(format!("{name}{fill}{bar}{tail}").trim_end(), columns)
}

/// What moves: a speed and a remaining time, or what the transfer does instead.
fn movement(row: &Row) -> Vec<String> {
    let Some(live) = &row.live else { return Vec::new() };
    let word = match live.activity {
        Activity::Receiving | Activity::Sending => return moving(live),
        Activity::Connecting => "connecting".to_owned(),
        Activity::Waiting(after) => format!("again in {}", brief_wait(after)),
        Activity::Queued => "waits for its turn".to_owned(),
        Activity::Checking => {
            live.compared().map_or_else(|| "checking".to_owned(), |share| format!("checking {share}%"))
        }
        Activity::Repairing => "repairing".to_owned(),
        Activity::Finishing => "finishing".to_owned(),
    };
    vec![word]
}

fn moving(live: &Live) -> Vec<String> {
    let left = live.eta.map(|eta| format!("{} left", brief_duration(eta)));
    [live.speed.to_string()].into_iter().chain(left).collect()
}

fn share(row: &Row) -> String {
    row.length.map_or_else(String::new, |length| format!("{}%", percent(row.bytes_reached(), length)))
}

fn amount(row: &Row, bytes: u64) -> String {
    let done = size(bytes);
    row.length.map_or_else(|| done.clone(), |length| format!("{done} of {}", size(length)))
}

fn bar(row: &Row) -> String {
    let filled = row.length.map_or(0, |length| percent(row.bytes_reached(), length) as usize * BAR / 100);
    format!("[{}{}]", "=".repeat(filled), " ".repeat(BAR - filled))
}

/// The text in at most so many columns, cut between characters as people see them.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut width = 0;
    for grapheme in text.graphemes(true) {
        width += grapheme.width();
        if width >= columns {
            break;
        }
        kept.push_str(grapheme);
    }
    let mark: Cow<'_, str> = if columns == 0 { "".into() } else { "…".into() };
    kept + &mark
}
