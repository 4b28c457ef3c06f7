//! The line behind `:`, with what was ordered before and what can be completed.

use std::str::FromStr;

use tui_input::Input;

use super::super::{CommandLine, Effect, Mode, State, past};
use super::{edit, order};
use crate::config::{Chord, Key, Order, complete};
use crate::model::{Categories, TransferId, shortened};

/// The order of two words.
pub const LIMIT_THIS: &str = "limit this ";

/// Opens the line. It is about what is selected when it is carried out.
pub fn open(state: &mut State, begun: &str) {
    open_about(state, begun, Vec::new());
}

/// Opens the line with something written in it already that is about these transfers, wherever the selection goes while
/// the rest is typed.
pub fn open_about(state: &mut State, begun: &str, about: Vec<TransferId>) {
    let input = Input::new(begun.to_owned());
    let word = if begun.starts_with(LIMIT_THIS) { LIMIT_THIS.len() } else { begun.find(' ').map_or(0, |at| at + 1) };
    let order = begun[..word].to_owned();
    state.mode = Mode::Command(CommandLine { input, order, about, ..CommandLine::default() });
}

/// A key while the line is open.
pub fn key(state: &mut State, chord: Chord, effects: &mut Vec<Effect>) {
    let State { mode: Mode::Command(line), past, categories, .. } = state else { return };
    match (chord.key, chord.ctrl) {
        (Key::Esc, _) => state.mode = Mode::Browse,
        (Key::Enter, _) => submit(state, effects),
        (Key::Tab, _) => offer(line, categories, true),
        (Key::BackTab, _) => offer(line, categories, false),
        (Key::Up, _) | (Key::Char('p'), true) => recall(line, past, true),
        (Key::Down, _) | (Key::Char('n'), true) => recall(line, past, false),
        // Nothing is left to take away, so the line goes.
        (Key::Backspace, _) if line.input.value().is_empty() => state.mode = Mode::Browse,
        // What is typed next is no order but what belongs to this one.
        (Key::Char('u'), true) if line.keeps_order() => {
            line.input = Input::new(line.order.clone());
            line.touched();
        }
        _ => {
            if edit::edit(&mut line.input, chord) {
                line.touched();
            }
        }
    }
}

/// A text that was pasted while the line is open.
pub fn paste(line: &mut CommandLine, text: &str) {
    edit::insert(&mut line.input, text);
    line.touched();
}

/// Does what is written, and remembers it; what can't be read stays, with the reason.
fn submit(state: &mut State, effects: &mut Vec<Effect>) {
    let Mode::Command(line) = &mut state.mode else { return };
    let written = line.input.value().trim().to_owned();
    if written.is_empty() {
        state.mode = Mode::Browse;
        return;
    }
    match Order::from_str(&written) {
        Ok(wanted) => {
            state.about = std::mem::take(&mut line.about);
            past::remember(&mut state.past, &written);
            state.mode = Mode::Browse;
            order::obey(state, wanted, effects);
            state.about.clear();
            effects.push(Effect::Remember(written));
        }
        Err(why) => line.complaint = Some(shortened(&why).into_owned()),
    }
}

/// Does what a line of the settings says.
pub fn run(state: &mut State, line: &str, effects: &mut Vec<Effect>) {
    match Order::from_str(line) {
        Ok(wanted) => order::obey(state, wanted, effects),
        Err(why) => super::toast::show(state, super::super::Tone::Bad, why),
    }
}

/// Completes the last word: the only way there is, or one after the other, round and round.
fn offer(line: &mut CommandLine, categories: &Categories, forwards: bool) {
    if line.offers.is_empty() {
        line.draft = line.input.value().to_owned();
        line.offers = complete(&line.draft, categories);
        line.offered = None;
    }
    let count = line.offers.len();
    if count == 0 {
        return;
    }
    let next = match (line.offered, forwards) {
        (None, true) => 0,
        (None, false) => count - 1,
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    };
    line.input = Input::new(line.offers[next].clone());
    line.offered = Some(next);
    if count == 1 {
        // The word is whole: the next Tab is for the next word.
        line.touched();
    }
}

/// Brings back a line that was ordered before: of those that begin with what is written, the next older or newer one.
fn recall(line: &mut CommandLine, past: &[String], older: bool) {
    if line.recalled.is_none() {
        line.draft = line.input.value().to_owned();
    }
    let from = line.recalled.unwrap_or(past.len());
    let fits = |at: &usize| past[*at].starts_with(&line.draft);
    let found = if older { (0..from).rev().find(fits) } else { (from.saturating_add(1)..past.len()).find(fits) };
    match found {
        Some(at) => (line.input, line.recalled) = (Input::new(past[at].clone()), Some(at)),
        None if older => {}
        None => (line.input, line.recalled) = (Input::new(line.draft.clone()), None),
    }
    line.complaint = None;
    line.offers.clear();
}
