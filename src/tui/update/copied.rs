//! What was copied on the desktop: URLs are offered in the box that adds, once each, and never added by themselves.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::{Effect, Mode, State, Tone};
use super::{add, form, toast};

/// Something was copied. It is offered when no box is open.
pub fn heard(state: &mut State, text: String) {
    if add::is_wanted(&text) && state.offered.insert(hash(&text)) {
        state.copied = Some(text);
    }
}

/// What haul copies itself is not to be offered.
pub fn note_own(state: &mut State, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Copy(text) = effect {
            state.offered.insert(hash(text));
        }
    }
}

/// Offers what waits for that.
pub fn offer(state: &mut State) {
    if !matches!(state.mode, Mode::Browse) {
        return;
    }
    let Some(text) = state.copied.take() else { return };
    add::open(state);
    if let Some(form) = form::open(state) {
        form::paste(form, &text);
    }
    toast::show(state, Tone::Good, "this was copied: enter adds it, esc does not");
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.trim().hash(&mut hasher);
    hasher.finish()
}
