//! What can be done to the selected transfer, and to all of them.

use tui_input::Input;

use super::super::view::key_of;
use super::super::{Effect, Mode, Question, State, Tone};
use super::{edit, toast};
use crate::api::{Activity, Command, Row};
use crate::config::{Action, Chord, Key};
use crate::model::{Source, Status, harmless, size};

/// Pauses the selected transfer, or lets it go on.
pub fn toggle(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(row) = state.list.selected().cloned() else { return nothing(state, effects) };
    match row.status {
        Status::Queued | Status::Running | Status::DiskFull => {
            effects.push(Effect::Send(Command::Pause(vec![row.id])));
            if !row.resumable && row.bytes_done() > 0 {
                let text = "the server gives no parts: when it goes on, it begins again from its first byte";
                toast::show(state, Tone::Warning, text, effects);
            }
        }
        Status::Paused => effects.push(Effect::Send(Command::Resume(vec![row.id]))),
        Status::Failed => {
            let (retry, remove) = (key_of(state, Action::Retry), key_of(state, Action::Remove));
            let text = format!("it has failed: {retry} tries again, {remove} takes it out of the list");
            toast::show(state, Tone::Warning, text, effects);
        }
        Status::Expired => {
            let key = key_of(state, Action::NewUrl);
            toast::show(state, Tone::Warning, format!("its link has expired: {key} gives it a new URL"), effects);
        }
        Status::Done => {
            let text = format!("it is complete: {} takes it out of the list", key_of(state, Action::Remove));
            toast::show(state, Tone::Warning, text, effects);
        }
    }
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
    let Some(row) = state.list.selected().cloned() else { return nothing(state, effects) };
    let waits = matches!(row.status, Status::Failed | Status::Expired | Status::DiskFull) || is_waiting(&row);
    if waits {
        effects.push(Effect::Send(Command::Retry(vec![row.id])));
    } else {
        let text = format!("nothing to try again: it is {}", row.status);
        toast::show(state, Tone::Warning, text, effects);
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

/// Asks whether the selected transfer is to be removed.
pub fn ask(state: &mut State, data: bool) {
    let Some(row) = state.list.selected() else { return };
    let held = row.bytes_done();
    let consequence = match (row.status, data) {
        (Status::Done, _) => "The finished file stays.".to_owned(),
        (_, false) => "What is on the disk stays.".to_owned(),
        (_, true) if held == 0 => "Nothing of it is on the disk yet.".to_owned(),
        (_, true) => format!("Its partial data ({}) will be deleted.", size(held)),
    };
    let name = harmless(&row.name).into_owned();
    state.mode = Mode::Confirm(Question { id: row.id, name, consequence, data });
}

/// Removes what was asked about.
pub fn remove(question: &Question, effects: &mut Vec<Effect>) {
    effects.push(Effect::Send(Command::Remove { ids: vec![question.id], data: question.data }));
}

/// Copies the selected transfer's URL, with everything that it needs to work elsewhere.
pub fn copy(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(row) = state.list.selected().cloned() else { return nothing(state, effects) };
    effects.push(Effect::Copy(row.source.url().to_string()));
    toast::show(state, Tone::Good, format!("copied the URL of {}", row.name), effects);
}

fn nothing(state: &mut State, effects: &mut Vec<Effect>) {
    toast::show(state, Tone::Warning, "no transfer is selected", effects);
}
