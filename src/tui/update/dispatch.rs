//! The one door: every message comes in here and goes to the part that it concerns.

use ratatui::layout::Size;

use super::super::burst::text;
use super::super::view::{details_height, details_room, list_height};
use super::super::{Effect, Message, Mode, Pane, State, Tab, Tone};
use super::{add, browse, command, copied, edit, form, happened, mouse, sort, toast, transfer, twins};
use crate::api::{Snapshot, Totals};
use crate::ask::read_pasted;
use crate::config::{Action, Chord, Key};
use crate::model::Rate;

/// Changes the state by a message, and says what is to be done about it.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    let selected = state.list.selected().map(|row| row.id);
    // An event that no toast tells of, and a snapshot that is like the one before, change nothing that is seen; everything
    // else may.
    if !matches!(message, Message::Happened(_) | Message::Snapshot(_)) {
        state.stale = true;
    }
    // The words for the first start go with the first thing that the user does.
    state.welcomes &= !matches!(message, Message::Key(_) | Message::Mouse(_) | Message::Pasted(_) | Message::Burst(_));
    match message {
        Message::Key(chord) => key(state, chord, &mut effects),
        Message::Mouse(mouse) => mouse::act(state, mouse, &mut effects),
        // Many terminals send the key Enter for each line's end.
        Message::Pasted(text) => add::pasted(state, &text.replace("\r\n", "\n").replace('\r', "\n"), &mut effects),
        Message::Burst(keys) => burst(state, &keys, &mut effects),
        Message::Resized { columns, rows } => state.size = Size::new(columns, rows),
        Message::Snapshot(snapshot) => take(state, &snapshot, &mut effects),
        Message::Happened(event) => {
            state.heard = state.heard.max(event.number);
            happened::tell(state, &event);
            tell_of_end(state, &mut effects);
        }
        Message::Told(text) => toast::show(state, Tone::Good, text),
        Message::Answered(answer) => form::answered(state, answer, &mut effects),
        Message::Trouble(text) => toast::show(state, Tone::Bad, text),
        Message::Copied(text) => copied::heard(state, text),
        Message::Watched => {
            let text = "the clipboard is watched: URLs that are copied are offered";
            toast::show(state, Tone::Good, text);
        }
        Message::Unwatched(why) => {
            toast::show(state, Tone::Warning, format!("the clipboard can't be watched: {why}; pasting works"));
        }
        Message::Expired => toast::expire(state),
    }
    copied::note_own(state, &effects);
    copied::offer(state);
    if state.list.selected().map(|row| row.id) != selected {
        state.read_anew();
        state.stale = true;
    }
    settle(state);
    effects
}

/// Takes over what the engine shows.
fn take(state: &mut State, snapshot: &Snapshot, effects: &mut Vec<Effect>) {
    let busy = |totals: &Totals| totals.running + totals.queued > 0;
    let stands = |totals: &Totals| totals.paused + totals.disk_full;
    if busy(&snapshot.totals) {
        state.done_at = None;
    } else if busy(&state.totals) && stands(&snapshot.totals) <= stands(&state.totals) {
        // What was paused last, or lacks room, is not done.
        state.done_at = Some(snapshot.happened);
    }
    // A speed moves the line of the last minute on, also while it stays the same.
    let is_moving = |totals: &Totals| totals.speed.bytes() + totals.upload_speed.bytes() > 0;
    state.stale |= state.totals != snapshot.totals || is_moving(&snapshot.totals);
    state.totals = snapshot.totals;
    state.welcomes &= snapshot.rows.is_empty();
    tell_of_end(state, effects);
    let both = snapshot.totals.speed.bytes().saturating_add(snapshot.totals.upload_speed.bytes());
    state.history.note_total(state.now, Rate::per_second(both));
    let before = state.list.total();
    let changed = state.list.replace(snapshot.rows.clone());
    state.stale |= !changed.is_empty() || state.list.total() != before;
    for place in changed {
        if let Some(row) = snapshot.rows.get(place) {
            state.history.note(state.now, row);
        }
    }
}

/// Tells that all is done, once all was heard that came before: what is complete is told when the journal has it.
fn tell_of_end(state: &mut State, effects: &mut Vec<Effect>) {
    if state.done_at.is_none_or(|last| state.heard < last) {
        return;
    }
    state.done_at = None;
    let (complete, failed) = std::mem::take(&mut state.ended);
    if complete + failed > 0 {
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        effects.push(Effect::Notify(format!("{complete} complete{failed}")));
    }
}

/// Brings what depends on sizes and rows into its bounds.
fn settle(state: &mut State) {
    // Keys must not go to a pane that is not on the screen.
    if state.list.is_empty() || (!state.zoomed && details_height(state) == 0) {
        (state.zoomed, state.zoomed_for_log) = (false, false);
        state.pane = Pane::List;
    }
    let height = list_height(state);
    state.list.follow(height);
    let (length, height) = details_room(state);
    let last = length.saturating_sub(height);
    let follows = state.tab == Tab::Log && state.follows;
    state.details_top = if follows { last } else { state.details_top.min(last) };
}

/// Keys that came as a paste does. As long as keys are text they are put in line by line, so that a line that is sent with its
/// end is taken; what follows is a paste where keys are orders.
fn burst(state: &mut State, keys: &[Chord], effects: &mut Vec<Effect>) {
    let mut rest = keys;
    while !rest.is_empty() && takes_text(&state.mode) {
        let (line, more) = rest.split_at(line_end(rest));
        if !line.is_empty() {
            add::put_in(state, &text(line));
        }
        rest = match more {
            [enter, more @ ..] => {
                key(state, *enter, effects);
                more
            }
            [] => more,
        };
    }
    let rest = text(rest);
    if !rest.trim().is_empty() {
        add::pasted(state, &rest, effects);
    }
}

/// How many keys come before the Enter that ends the first line. A curl command is one, however many lines it was copied as.
fn line_end(keys: &[Chord]) -> usize {
    let is_enter = |chord: &Chord| chord.key == Key::Enter;
    if read_pasted(&text(keys)).is_some() {
        return keys.iter().rposition(|chord| !is_enter(chord)).map_or(0, |last| last + 1);
    }
    keys.iter().position(is_enter).unwrap_or(keys.len())
}

fn takes_text(mode: &Mode) -> bool {
    matches!(mode, Mode::Add(_) | Mode::Send(_) | Mode::NewUrl { .. } | Mode::Filter(_) | Mode::Command(_))
}

/// A key was pressed, or clicked in the last line.
pub fn key(state: &mut State, chord: Chord, effects: &mut Vec<Effect>) {
    let action = state.keys.action(chord);
    // These three are heard everywhere, but only with a modifier: without one the key may be text.
    let global = (chord.ctrl || chord.alt).then_some(action).flatten();
    match global {
        Some(Action::Quit) => return effects.push(Effect::Quit),
        Some(Action::Suspend) => return effects.push(Effect::Suspend),
        Some(Action::Redraw) => return effects.push(Effect::Redraw),
        _ => {}
    }
    match &mut state.mode {
        Mode::Browse => {
            if let Some(line) = state.habits.bindings.line(chord).map(str::to_owned) {
                command::run(state, &line, effects);
            } else if let Some(action) = action {
                browse::act(state, action, effects);
            }
        }
        Mode::Add(_) | Mode::Send(_) => form::key(state, chord, effects),
        Mode::Twins(_) => twins::key(state, chord, effects),
        Mode::NewUrl { .. } => transfer::url_key(state, chord, effects),
        Mode::Filter(_) => edit::filter_key(state, chord),
        Mode::Command(_) => command::key(state, chord, effects),
        Mode::Confirm(question) => {
            let question = question.clone();
            match answer(chord) {
                Some(true) => {
                    state.mode = Mode::Browse;
                    transfer::remove(state, question, effects);
                }
                Some(false) => state.mode = Mode::Browse,
                None => {}
            }
        }
        Mode::Leave => match (answer(chord), action) {
            (Some(true), _) | (_, Some(Action::Quit)) => effects.push(Effect::Quit),
            (Some(false), _) => state.mode = Mode::Browse,
            _ => {}
        },
        Mode::Sort { .. } => sort::key(state, chord, action),
        Mode::Help { .. } => browse::help_key(state, chord, action),
    }
}

/// Yes or no. Over a slow line Esc and a key right after it come as one with Alt, which is no answer.
fn answer(chord: Chord) -> Option<bool> {
    match (chord.ctrl || chord.alt, chord.key) {
        (_, Key::Esc) | (false, Key::Char('n' | 'N')) => Some(false),
        (false, Key::Char('y' | 'Y') | Key::Enter) => Some(true),
        _ => None,
    }
}
