//! What can be done to the marked transfers or to the selected one, and to all of them.

use std::sync::Arc;
use std::time::Duration;

use tui_input::Input;

use super::super::view::key_of;
use super::super::{Effect, Mode, Question, State, Tone};
use super::{edit, toast};
use crate::api::{Activity, Command, Place, Row};
use crate::config::{Action, Chord, Key};
use crate::model::{Source, Status, TransferId, harmless, size};

/// How long a removal can be taken back.
const UNDO: Duration = Duration::from_secs(10);

/// Pauses transfers, or lets them go on: the marked ones or, without marks, the selected one. Of several, those that can be
/// paused are; once none is left, those that are paused go on.
pub fn toggle(state: &mut State, effects: &mut Vec<Effect>) {
    let rows = targets(state);
    let with =
        |wanted: &[Status]| -> Vec<&Arc<Row>> { rows.iter().filter(|row| wanted.contains(&row.status)).collect() };
    let moving = with(&[Status::Queued, Status::Running, Status::DiskFull]);
    let paused = with(&[Status::Paused]);
    if !moving.is_empty() {
        effects.push(Effect::Send(Command::Pause(ids(&moving))));
        let costs = moving.iter().filter(|row| !row.resumable && row.bytes_done() > 0).count();
        if costs > 0 {
            let text = "the server gives no parts: when it goes on, it begins again from its first byte";
            let more = if rows.len() == 1 { String::new() } else { format!(" ({costs} of {})", moving.len()) };
            toast::show(state, Tone::Warning, format!("{text}{more}"), effects);
        }
    } else if !paused.is_empty() {
        effects.push(Effect::Send(Command::Resume(ids(&paused))));
    } else if let [row] = &rows[..] {
        let text = why_not_paused(state, row.status);
        toast::show(state, Tone::Warning, text, effects);
    } else if rows.is_empty() {
        nothing(state, effects);
    } else {
        toast::show(state, Tone::Warning, "none of the marked ones can be paused or resumed", effects);
    }
}

fn why_not_paused(state: &State, status: Status) -> String {
    let (retry, remove) = (key_of(state, Action::Retry), key_of(state, Action::Remove));
    match status {
        Status::Failed => format!("it has failed: {retry} tries again, {remove} takes it out of the list"),
        Status::Expired => format!("its link has expired: {} gives it a new URL", key_of(state, Action::NewUrl)),
        _ => format!("it is complete: {remove} takes it out of the list"),
    }
}

/// What an action is about: the marked ones or, without marks, the selected one.
pub fn targets(state: &State) -> Vec<Arc<Row>> {
    state.list.targets().into_iter().map(|(_, row)| row).collect()
}

fn ids<'a>(rows: impl IntoIterator<Item = &'a &'a Arc<Row>>) -> Vec<TransferId> {
    rows.into_iter().map(|row| row.id).collect()
}

/// Pauses all; once none is left to pause, lets all go on.
pub fn toggle_all(state: &mut State, effects: &mut Vec<Effect>) {
    if state.totals.queued + state.totals.running + state.totals.disk_full > 0 {
        effects.push(Effect::Send(Command::PauseAll));
    } else if state.totals.paused > 0 {
        effects.push(Effect::Send(Command::ResumeAll));
    } else {
        toast::show(state, Tone::Warning, "nothing to pause, and nothing that is paused", effects);
    }
}

/// Tries again what failed or waits.
pub fn retry(state: &mut State, effects: &mut Vec<Effect>) {
    let rows = targets(state);
    let waits =
        |row: &&Arc<Row>| matches!(row.status, Status::Failed | Status::Expired | Status::DiskFull) || is_waiting(row);
    let waiting: Vec<&Arc<Row>> = rows.iter().filter(waits).collect();
    match (&rows[..], waiting.is_empty()) {
        (_, false) => effects.push(Effect::Send(Command::Retry(ids(&waiting)))),
        ([], _) => nothing(state, effects),
        ([row], _) => {
            let text = format!("nothing to try again: it is {}", row.status);
            toast::show(state, Tone::Warning, text, effects);
        }
        _ => toast::show(state, Tone::Warning, "nothing to try again among the marked ones", effects),
    }
}

/// Moves transfers in the queue, and keeps their order among themselves.
pub fn shift(state: &mut State, to: Place, effects: &mut Vec<Effect>) {
    let mut rows = state.list.targets();
    rows.sort_by_key(|(place, _)| *place);
    let last = state.list.total().saturating_sub(1);
    let is_down = to == Place::Down;
    if is_down {
        rows.reverse();
    }
    // Those that stand at the end already stay, or the ones behind would jump over them.
    let (several, end) = (rows.len() > 1, |number: usize| if is_down { last - number } else { number });
    let stays = |(number, (place, _)): &(usize, (usize, Arc<Row>))| several && *place == end(*number);
    let moves = rows.into_iter().enumerate().skip_while(stays);
    effects.extend(moves.map(|(_, (_, row))| Effect::Send(Command::Move { id: row.id, to })));
    if !state.list.sorting().is_queue() && !state.list.is_empty() {
        let by = state.list.sorting().column.describe();
        toast::show(state, Tone::Warning, format!("moved in the queue; the list is sorted by {by}"), effects);
    }
}

/// True if the transfer, or one of its connections, waits before a further attempt.
fn is_waiting(row: &Row) -> bool {
    use crate::api::ConnectionState;
    row.live.as_ref().is_some_and(|live| {
        matches!(live.activity, Activity::Waiting(_))
            || live.connections.iter().any(|connection| matches!(connection.state, ConnectionState::Waiting(_)))
    })
}

/// Opens the box for a new URL of the selected transfer.
pub fn ask_url(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(row) = state.list.selected().cloned() else { return nothing(state, effects) };
    if row.status == Status::Done {
        return toast::show(state, Tone::Warning, "it is complete, and needs no other URL", effects);
    }
    let name = harmless(&row.name).into_owned();
    state.mode = Mode::NewUrl { id: row.id, name, input: Input::default(), complaint: None };
}

/// A key while the box for a new URL is open.
pub fn url_key(state: &mut State, chord: Chord, effects: &mut Vec<Effect>) {
    let Mode::NewUrl { id, input, complaint, .. } = &mut state.mode else { return };
    let id = *id;
    match chord.key {
        Key::Esc => state.mode = Mode::Browse,
        Key::Enter if input.value().trim().is_empty() => state.mode = Mode::Browse,
        Key::Enter => match Source::parse(bare(input.value())) {
            Ok(source) => {
                effects.push(Effect::Send(Command::Relink { id, source }));
                state.mode = Mode::Browse;
            }
            Err(why) => *complaint = Some(why),
        },
        _ => {
            if edit::edit(input, chord) {
                *complaint = None;
            }
        }
    }
}

/// A URL without what people put around it.
fn bare(text: &str) -> &str {
    text.trim().trim_matches(['<', '>', '"', '\'', '`'])
}

/// Asks whether transfers are to be removed.
pub fn ask(state: &mut State, data: bool) {
    let rows = targets(state);
    let Some(first) = rows.first() else { return };
    let held: u64 = rows.iter().filter(|row| row.status != Status::Done).map(|row| row.bytes_done()).sum();
    let all_done = rows.iter().all(|row| row.status == Status::Done);
    let one = rows.len() == 1;
    let consequence = match (all_done, data) {
        (true, _) if one => "The finished file stays.".to_owned(),
        (true, _) => "The finished files stay.".to_owned(),
        (false, false) => "What is on the disk stays.".to_owned(),
        (false, true) if held == 0 && one => "Nothing of it is on the disk yet.".to_owned(),
        (false, true) if held == 0 => "Nothing of them is on the disk yet.".to_owned(),
        (false, true) if one => format!("Its partial data ({}) will be deleted.", size(held)),
        (false, true) => format!("Their partial data ({}) will be deleted; finished files stay.", size(held)),
    };
    let name = if one { harmless(&first.name).into_owned() } else { format!("{} transfers", rows.len()) };
    let ids = rows.iter().map(|row| row.id).collect();
    state.mode = Mode::Confirm(Question { ids, name, consequence, data });
}

/// Sends an order about the marked transfers or the selected one.
pub fn send(state: &mut State, effects: &mut Vec<Effect>, order: impl FnOnce(Vec<TransferId>) -> Command) {
    let ids: Vec<TransferId> = targets(state).iter().map(|row| row.id).collect();
    if ids.is_empty() { nothing(state, effects) } else { effects.push(Effect::Send(order(ids))) }
}

/// Sends an order about the selected transfer.
pub fn send_one(state: &mut State, effects: &mut Vec<Effect>, order: impl FnOnce(TransferId) -> Command) {
    match state.list.selected().map(|row| row.id) {
        Some(id) => effects.push(Effect::Send(order(id))),
        None => nothing(state, effects),
    }
}

/// Removes what was asked about, and says how to take that back.
pub fn remove(state: &mut State, question: Question, effects: &mut Vec<Effect>) {
    let undo = key_of(state, Action::Undo);
    effects.push(Effect::Send(Command::Remove { ids: question.ids, data: question.data }));
    state.removed_at = Some(state.now);
    if !undo.is_empty() {
        toast::show_for(state, Tone::Good, format!("removed {}; {undo} takes that back", question.name), UNDO, effects);
    }
}

/// Removes without a question what a line names.
pub fn remove_now(state: &mut State, data: bool, effects: &mut Vec<Effect>) {
    ask(state, data);
    match std::mem::replace(&mut state.mode, Mode::Browse) {
        Mode::Confirm(question) => remove(state, question, effects),
        _ => nothing(state, effects),
    }
}

/// Takes the last removal back.
pub fn undo(state: &mut State, effects: &mut Vec<Effect>) {
    let lately = state.removed_at.is_some_and(|at| state.now.since(at) <= UNDO);
    if state.totals.undoable == 0 && !lately {
        return toast::show(
            state,
            Tone::Warning,
            "nothing to take back: a removal can be undone for ten seconds",
            effects,
        );
    }
    state.removed_at = None;
    state.toasts.retain(|toast| !toast.text.starts_with("removed "));
    effects.push(Effect::Send(Command::Undo));
}

/// Raises or lowers the priority of each of the marked transfers or of the selected one.
pub fn prioritize(state: &mut State, up: bool, effects: &mut Vec<Effect>) {
    let rows = targets(state);
    let Some(first) = rows.first() else { return nothing(state, effects) };
    let now = first.spec.priority;
    let priority = if up { now.raised() } else { now.lowered() };
    effects.push(Effect::Send(Command::Prioritize { ids: rows.iter().map(|row| row.id).collect(), priority }));
    toast::replace(state, Tone::Good, "priority: ", format!("priority: {priority}"), effects);
}

/// Copies the transfers' URLs, with everything that they need to work elsewhere.
pub fn copy(state: &mut State, effects: &mut Vec<Effect>) {
    let rows = targets(state);
    let Some(first) = rows.first() else { return nothing(state, effects) };
    let urls: Vec<&str> = rows.iter().map(|row| row.source.url().as_str()).collect();
    effects.push(Effect::Copy(urls.join("\n")));
    let told = match rows.len() {
        1 => format!("copied the URL of {}", first.name),
        count => format!("copied {count} URLs"),
    };
    toast::show(state, Tone::Good, told, effects);
}

pub fn nothing(state: &mut State, effects: &mut Vec<Effect>) {
    toast::show(state, Tone::Warning, "no transfer is selected", effects);
}
