//! What can be done to the marked transfers or to the selected one, and to all of them.

use std::sync::Arc;

use tui_input::Input;

use super::super::view::key_of;
use super::super::{Effect, Mode, Pane, Question, State, Taken, Tone};
use super::link::linked;
use super::{edit, toast};
use crate::api::{Command, Position, Row, UNDO};
use crate::ask::read_pasted;
use crate::config::{Action, Chord, Key};
use crate::model::{Priority, Source, Status, TransferId, harmless, shortened};

/// What is said to a new URL for what has all its bytes.
const COMPLETE: &str = "it is complete, and needs no other URL";

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
            toast::show(state, Tone::Warning, format!("{text}{more}"));
        }
    } else if !paused.is_empty() {
        effects.push(Effect::Send(Command::Resume(ids(&paused))));
    } else if let [row] = &rows[..] {
        let text = why_not_paused(state, row.status);
        toast::show(state, Tone::Warning, text);
    } else if rows.is_empty() {
        nothing(state);
    } else {
        toast::show(state, Tone::Warning, "none of the marked ones can be paused or resumed");
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

/// What an action is about: what was said when the line for it was opened; in the details, the one that they show; else
/// the marked ones or, without marks, the selected one.
pub fn targets(state: &State) -> Vec<Arc<Row>> {
    placed(state).into_iter().map(|(_, row)| row).collect()
}

/// The same, with their places in the queue.
fn placed(state: &State) -> Vec<(usize, Arc<Row>)> {
    match (&state.about[..], state.pane) {
        // The marked ones may not be on the screen, and are not what the user looks at.
        ([], Pane::Details) => state.list.selected_place().into_iter().collect(),
        ([], Pane::List) => state.list.targets(),
        (about, _) => state.list.these(about),
    }
}

/// The ids of the marked transfers or of the selected one.
pub fn these(state: &State) -> Vec<TransferId> {
    targets(state).iter().map(|row| row.id).collect()
}

/// What an action is about that is about one transfer alone.
pub fn the_one(state: &State) -> Option<Arc<Row>> {
    if state.about.is_empty() { state.list.selected().cloned() } else { targets(state).into_iter().next() }
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
        toast::show(state, Tone::Warning, "nothing to pause, and nothing that is paused");
    }
}

/// Tries again what failed or waits.
pub fn retry(state: &mut State, effects: &mut Vec<Effect>) {
    let rows = targets(state);
    let waits =
        |row: &&Arc<Row>| matches!(row.status, Status::Failed | Status::Expired | Status::DiskFull) || row.waits();
    let waiting: Vec<&Arc<Row>> = rows.iter().filter(waits).collect();
    match (&rows[..], waiting.is_empty()) {
        (_, false) => effects.push(Effect::Send(Command::Retry(ids(&waiting)))),
        ([], _) => nothing(state),
        ([row], _) => {
            let text = format!("nothing to try again: it is {}", row.status);
            toast::show(state, Tone::Warning, text);
        }
        _ => toast::show(state, Tone::Warning, "nothing to try again among the marked ones"),
    }
}

/// Moves transfers in the queue, and keeps their order among themselves.
pub fn shift(state: &mut State, to: Position, effects: &mut Vec<Effect>) {
    let rows: Vec<(usize, TransferId)> = placed(state).into_iter().map(|(place, row)| (place, row.id)).collect();
    if rows.is_empty() {
        return;
    }
    let moves =
        past_shown(state, &rows, to).unwrap_or_else(|| vec![(rows.into_iter().map(|(_, id)| id).collect(), to)]);
    effects.extend(moves.into_iter().map(|(ids, to)| Effect::Send(Command::Move { ids, to })));
    if !state.list.sorting().is_queue() && !state.list.is_empty() {
        let by = state.list.sorting().column.describe();
        toast::show(state, Tone::Warning, format!("moved in the queue; the list is sorted by {by}"));
    }
}

/// A step up or down where rows are hidden: past the next one that is shown, or nothing would be seen of it. `None` where a
/// step is one in the queue. Those that stand one behind the other pass it together.
fn past_shown(state: &State, rows: &[(usize, TransferId)], to: Position) -> Option<Vec<(Vec<TransferId>, Position)>> {
    if state.list.len() == state.list.total() || !matches!(to, Position::Up | Position::Down) {
        return None;
    }
    let row = |position| Some((state.list.place(position)?, state.list.get(position)?.id));
    let mut shown: Vec<(usize, TransferId)> = (0..state.list.len()).filter_map(row).collect();
    shown.sort_unstable_by_key(|(place, _)| *place);
    let rank = |place: usize| shown.binary_search_by_key(&place, |row| row.0).ok();
    let ranks = rows.iter().map(|(place, _)| rank(*place).map(|rank| (rank, rank)));
    let turns = to.in_turn(ranks.collect::<Option<Vec<_>>>()?, shown.len());
    let mut order: Vec<TransferId> = shown.iter().map(|row| row.1).collect();
    let step = |rank: usize| {
        let other = if to == Position::Up { rank.checked_sub(1)? } else { rank + 1 };
        let (id, next) = (order[rank], *order.get(other)?);
        order.swap(rank, other);
        Some((id, if to == Position::Up { Position::Before(next) } else { Position::After(next) }))
    };
    let mut moves: Vec<(Vec<TransferId>, Position)> = Vec::new();
    for (id, place) in turns.into_iter().filter_map(step) {
        match moves.last_mut() {
            Some((ids, last)) if *last == place => ids.push(id),
            _ => moves.push((vec![id], place)),
        }
    }
    Some(moves)
}

/// Says of files that are to go elsewhere which of them go there only at their end.
pub fn tell_late(state: &mut State, rows: &[Arc<Row>]) {
    let is_late = |row: &&Arc<Row>| row.status == Status::Running && !row.resumable && row.bytes_done() > 0;
    let late = rows.iter().filter(is_late).count();
    if late > 0 {
        let more = if rows.len() == 1 { String::new() } else { format!(" ({late} of {})", rows.len()) };
        let text = "the server gives no parts, so it is not stopped for that: it goes there once it is complete";
        toast::show(state, Tone::Warning, format!("{text}{more}"));
    }
}

/// Opens the box for a new URL of the selected transfer.
pub fn ask_url(state: &mut State) {
    let Some(row) = state.list.selected().cloned() else { return nothing(state) };
    if row.status == Status::Done {
        return toast::show(state, Tone::Warning, COMPLETE);
    }
    let name = harmless(&row.name).into_owned();
    state.mode = Mode::NewUrl { id: row.id, name, input: Input::default(), taken: Taken::default(), complaint: None };
}

/// A text was pasted into the box for a new URL: of a curl command the URL and the headers are taken, of a link its URL.
pub fn paste_url(state: &mut State, text: &str) {
    let Mode::NewUrl { input, taken, complaint, .. } = &mut state.mode else { return };
    let mut entries = match read_pasted(text) {
        None => {
            *complaint = None;
            return edit::insert(input, linked(text.trim()));
        }
        Some(Err(why)) => return *complaint = Some(why),
        Some(Ok(entries)) => entries,
    };
    *complaint = match (entries.pop(), entries.is_empty()) {
        (Some(entry), true) => {
            (*input, *taken) = (Input::new(entry.source.url().to_string()), Taken::default());
            taken.add(vec![entry]);
            None
        }
        _ => Some("that names several URLs, and one is needed".to_owned()),
    };
}

/// A key while the box for a new URL is open.
pub fn url_key(state: &mut State, chord: Chord, effects: &mut Vec<Effect>) {
    let Mode::NewUrl { id, input, taken, complaint, .. } = &mut state.mode else { return };
    let id = *id;
    let status = || state.list.these(&[id]).pop().map(|(_, row)| row.status);
    match chord.key {
        Key::Esc => state.mode = Mode::Browse,
        Key::Enter if input.value().trim().is_empty() => state.mode = Mode::Browse,
        Key::Enter => match Source::parse(linked(input.value().trim())) {
            Ok(source) => {
                let (status, headers) = (status(), taken.of(&source).to_vec());
                state.mode = Mode::Browse;
                match status {
                    // It went on while the URL was typed.
                    Some(Status::Done) => toast::show(state, Tone::Warning, COMPLETE),
                    Some(_) => effects.push(Effect::Send(Command::Relink { id, source, headers })),
                    None => toast::show(state, Tone::Warning, "it is not in the list any more"),
                }
            }
            Err(why) => *complaint = Some(shortened(&why).into_owned()),
        },
        _ => {
            if edit::edit(input, chord) {
                *complaint = None;
                taken.keep(input.value());
            }
        }
    }
}

/// Asks whether transfers are to be removed.
pub fn ask(state: &mut State, data: bool) {
    let rows = targets(state);
    let Some(first) = rows.first() else { return };
    let name = if rows.len() == 1 { harmless(&first.name).into_owned() } else { format!("{} transfers", rows.len()) };
    let ids = rows.iter().map(|row| row.id).collect();
    state.mode = Mode::Confirm(Question { ids, name, data });
}

/// Sends an order about the marked transfers or the selected one.
pub fn send(state: &mut State, effects: &mut Vec<Effect>, order: impl FnOnce(Vec<TransferId>) -> Command) {
    let ids = these(state);
    if ids.is_empty() { nothing(state) } else { effects.push(Effect::Send(order(ids))) }
}

/// Sends an order about the selected transfer.
pub fn send_one(state: &mut State, effects: &mut Vec<Effect>, order: impl FnOnce(TransferId) -> Command) {
    match the_one(state).map(|row| row.id) {
        Some(id) => effects.push(Effect::Send(order(id))),
        None => nothing(state),
    }
}

/// Removes what was asked about, and says how to take that back.
pub fn remove(state: &mut State, question: Question, effects: &mut Vec<Effect>) {
    let undo = key_of(state, Action::Undo);
    effects.push(Effect::Send(Command::Remove { ids: question.ids, data: question.data }));
    state.removed_at = Some(state.now);
    if !undo.is_empty() {
        toast::keep(state, Tone::Good, format!("removed {}; {undo} takes that back", question.name), UNDO);
    }
}

/// Removes without a question what a line names.
pub fn remove_now(state: &mut State, data: bool, effects: &mut Vec<Effect>) {
    ask(state, data);
    match std::mem::replace(&mut state.mode, Mode::Browse) {
        Mode::Confirm(question) => remove(state, question, effects),
        _ => nothing(state),
    }
}

/// Takes the last removal back.
pub fn undo(state: &mut State, effects: &mut Vec<Effect>) {
    let lately = state.removed_at.is_some_and(|at| state.now.since(at) <= UNDO);
    if state.totals.undoable == 0 && !lately {
        return toast::show(state, Tone::Warning, "nothing to take back: a removal can be undone for ten seconds");
    }
    (state.removed_at, state.restores) = (None, true);
    state.toasts.retain(|toast| !toast.text.starts_with("removed "));
    effects.push(Effect::Send(Command::Undo));
}

/// Raises or lowers the priority of each of the marked transfers or of the selected one.
pub fn prioritize(state: &mut State, up: bool, effects: &mut Vec<Effect>) {
    let rows = targets(state);
    let open: Vec<&Arc<Row>> = rows.iter().filter(|row| row.status != Status::Done).collect();
    if rows.is_empty() {
        return nothing(state);
    }
    if open.is_empty() {
        let text = "it is complete: a priority says what comes next, and nothing of it comes any more";
        return toast::show(state, Tone::Warning, text);
    }
    let next = |row: &Row| if up { row.spec.priority.raised() } else { row.spec.priority.lowered() };
    // Each goes a step from where it is.
    let mut groups: Vec<(Priority, Vec<TransferId>)> = Vec::new();
    for row in &open {
        let priority = next(row);
        match groups.iter_mut().find(|group| group.0 == priority) {
            Some((_, ids)) => ids.push(row.id),
            None => groups.push((priority, vec![row.id])),
        }
    }
    let told: Vec<String> = groups.iter().map(|(priority, _)| priority.to_string()).collect();
    let send = |(priority, ids)| Effect::Send(Command::Prioritize { ids, priority });
    effects.extend(groups.into_iter().map(send));
    toast::replace(state, Tone::Good, "priority: ", format!("priority: {}", told.join(", ")));
}

/// Copies the transfers' URLs, with everything that they need to work elsewhere.
pub fn copy(state: &mut State, effects: &mut Vec<Effect>) {
    let rows = targets(state);
    let Some(first) = rows.first() else { return nothing(state) };
    let urls: Vec<&str> = rows.iter().map(|row| row.source.url().as_str()).collect();
    effects.push(Effect::Copy(urls.join("\n")));
    let told = match rows.len() {
        1 => format!("copied the URL of {}", first.name),
        count => format!("copied {count} URLs"),
    };
    toast::show(state, Tone::Good, told);
}

pub fn nothing(state: &mut State) {
    let text = match state.about.len() {
        0 => "no transfer is selected",
        1 => "it is not in the list any more",
        _ => "none of them is in the list any more",
    };
    toast::show(state, Tone::Warning, text);
}
