//! Toasts: a line each, at most three, gone by themselves.

use std::time::Duration;

use super::super::{Effect, State, Toast, Tone};
use crate::model::harmless;

/// How many are shown at once.
const MOST: usize = 3;

/// Shows a text in place of an earlier one that begins so.
pub fn replace(state: &mut State, tone: Tone, begins: &str, text: impl AsRef<str>, effects: &mut Vec<Effect>) {
    state.toasts.retain(|toast| !toast.text.starts_with(begins));
    show(state, tone, text, effects);
}

/// Shows a text for a while. What failed stays longest when there are more than fit.
pub fn show(state: &mut State, tone: Tone, text: impl AsRef<str>, effects: &mut Vec<Effect>) {
    show_for(state, tone, text, tone.lasts(), effects);
}

/// Shows a text for so long.
pub fn show_for(state: &mut State, tone: Tone, text: impl AsRef<str>, span: Duration, effects: &mut Vec<Effect>) {
    let text = harmless(text.as_ref()).into_owned();
    state.toasts.retain(|toast| toast.text != text);
    if state.toasts.len() >= MOST {
        let least = state.toasts.iter().position(|toast| toast.tone != Tone::Bad).unwrap_or(0);
        state.toasts.remove(least);
    }
    state.toasts.push(Toast { text, tone });
    state.stale = true;
    effects.push(Effect::Wake(span));
}
