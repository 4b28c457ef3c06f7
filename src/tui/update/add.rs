//! Adding: URLs that are pasted anywhere, and the box that takes them. What is no URL is told and, where there is a box
//! to keep it in, kept.

use tui_input::Input;

use super::super::{Effect, Mode, State, Tone};
use super::{command, edit, toast};
use crate::api::Command;
use crate::config::{Chord, Key};
use crate::model::{Source, Spec, TransferId};

/// A text taken apart.
struct Sorted<'a> {
    sources: Vec<Source>,
    wrong: Vec<&'a str>,
    /// Why the first wrong one is wrong.
    why: Option<String>,
}

/// Finds the URLs in a text; they are parted by blanks, and may stand in quotes or angle brackets.
fn sort(text: &str) -> Sorted<'_> {
    let mut sorted = Sorted { sources: Vec::new(), wrong: Vec::new(), why: None };
    for word in text.split_whitespace() {
        match Source::parse(word.trim_matches(['<', '>', '"', '\'', '`'])) {
            Ok(source) => sorted.sources.push(source),
            Err(why) => {
                sorted.why.get_or_insert(why);
                sorted.wrong.push(word);
            }
        }
    }
    sorted
}

/// A text was pasted: into the box if it is open, else its URLs are added at once.
pub fn pasted(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    let sorted = sort(text);
    match &mut state.mode {
        Mode::Add { input, complaint } | Mode::NewUrl { input, complaint, .. } => {
            edit::insert(input, text);
            *complaint = None;
        }
        Mode::Command(line) => command::paste(line, text),
        Mode::Filter(_) if sorted.sources.is_empty() => edit::filter_paste(state, text),
        _ => {
            let told = add(state, &sorted, effects);
            toast::show(state, told.0, told.1, effects);
        }
    }
}

/// A key while the box is open.
pub fn key(state: &mut State, chord: Chord, effects: &mut Vec<Effect>) {
    let Mode::Add { input, complaint } = &mut state.mode else { return };
    match chord.key {
        Key::Esc => state.mode = Mode::Browse,
        Key::Enter => {
            let text = input.value().to_owned();
            submit(state, &text, effects);
        }
        _ => {
            if edit::edit(input, chord) {
                *complaint = None;
            }
        }
    }
}

fn submit(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    let sorted = sort(text);
    if text.trim().is_empty() {
        state.mode = Mode::Browse;
        return;
    }
    let (tone, told) = add(state, &sorted, effects);
    if sorted.wrong.is_empty() {
        state.mode = Mode::Browse;
        toast::show(state, tone, told, effects);
    } else {
        // What was not understood stays in the box, so that it can be mended.
        state.mode = Mode::Add { input: Input::new(sorted.wrong.join(" ")), complaint: Some(told) };
    }
}

/// Adds what can be added, all in one command, and says how it went.
fn add(state: &mut State, sorted: &Sorted<'_>, effects: &mut Vec<Effect>) -> (Tone, String) {
    let why = sorted.why.as_deref().unwrap_or("there is no text");
    let batch: Vec<(TransferId, Spec)> = sorted
        .sources
        .iter()
        .map(|source| (TransferId::mint(), Spec::new(source.clone(), state.folder.clone())))
        .collect();
    let (good, bad) = (batch.len(), sorted.wrong.len());
    let Some(first) = batch.first().map(|entry| entry.0) else {
        return (Tone::Bad, format!("nothing to add: {why}"));
    };
    effects.push(Effect::Send(Command::Add(batch)));
    state.list.await_arrival(first);
    match (good, bad) {
        (1, 0) => (Tone::Good, "1 URL added".to_owned()),
        (_, 0) => (Tone::Good, format!("{good} URLs added")),
        _ => (Tone::Warning, format!("{good} added, {bad} not understood: {why}")),
    }
}
