//! Toasts: a line each, at most three, gone by themselves.

use std::time::Duration;

use super::super::{State, Toast, Tone};
use crate::model::{harmless, shortened};

/// How many are shown at once.
const MOST: usize = 3;
/// What a text weighs that tells of something good.
const GOOD: u8 = 0;

/// Shows a text in place of an earlier one that begins so.
pub fn replace(state: &mut State, tone: Tone, begins: &str, text: impl AsRef<str>) {
    state.toasts.retain(|toast| !toast.text.starts_with(begins));
    show(state, tone, text);
}

/// Shows a text for a while. When there are more than fit, what went well makes room first, and what failed last.
pub fn show(state: &mut State, tone: Tone, text: impl AsRef<str>) {
    show_for(state, tone, text, tone.lasts());
}

/// Shows what went well by itself, unless what weighs more has all the room: it is seen in the list too.
pub fn mention(state: &mut State, text: impl AsRef<str>) {
    let now = state.now;
    let weighs_more = |toast: &&Toast| toast.until > now && weight(toast) > (false, GOOD);
    if state.toasts.iter().filter(weighs_more).count() < MOST {
        show(state, Tone::Good, text);
    }
}

/// Shows a text for so long, and lets no other one take its place until then.
pub fn keep(state: &mut State, tone: Tone, text: impl AsRef<str>, span: Duration) {
    show_for(state, tone, text, span);
    if let Some(toast) = state.toasts.last_mut() {
        toast.stays = true;
    }
}

/// Takes those away whose time is over. What failed stays when what went well beside it is gone.
pub fn expire(state: &mut State) {
    let now = state.now;
    state.toasts.retain(|toast| toast.until > now);
}

fn show_for(state: &mut State, tone: Tone, text: impl AsRef<str>, span: Duration) {
    let text = harmless(&shortened(text.as_ref())).into_owned();
    let now = state.now;
    state.toasts.retain(|toast| toast.text != text && toast.until > now);
    if state.toasts.len() >= MOST {
        let least = (0..state.toasts.len()).min_by_key(|at| weight(&state.toasts[*at])).unwrap_or(0);
        state.toasts.remove(least);
    }
    state.toasts.push(Toast::new(text, tone, now + span));
    state.stale = true;
}

/// What weighs least makes room first.
fn weight(toast: &Toast) -> (bool, u8) {
    let tone = match toast.tone {
        Tone::Good => GOOD,
        Tone::Warning => 1,
        Tone::Bad => 2,
    };
    (toast.stays, tone)
}
