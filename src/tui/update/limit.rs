//! Limits: the one on all downloads, by steps or exactly, and those of single transfers.

use super::super::{Effect, State, Tone};
use super::{toast, transfer};
use crate::api::Command;
use crate::model::Rate;

/// The steps within a factor of ten.
const STEPS: [u64; 6] = [100, 150, 200, 300, 500, 750];
/// Limits by steps lie between these.
const LEAST: u64 = 10_000;
const MOST: u64 = 10_000_000_000;

/// The next step above a number of bytes a second, or the one below.
fn step(from: u64, up: bool) -> u64 {
    let powers = (2..=8).map(|power| 10_u64.pow(power));
    let all: Vec<u64> = powers.flat_map(|power| STEPS.map(|step| step * power)).collect();
    if up {
        all.iter().copied().find(|at| *at > from).unwrap_or(MOST)
    } else {
        all.iter().copied().rev().find(|at| *at < from).unwrap_or(LEAST)
    }
}

/// Raises the limit on all downloads; beyond the last step there is none.
pub fn raise(state: &mut State, effects: &mut Vec<Effect>) {
    match state.totals.limit.map(|limit| step(limit.bytes(), true)) {
        None => toast::show(state, Tone::Warning, "there is no limit on downloads"),
        Some(next) => set(state, Some(Rate::per_second(next)).filter(|rate| rate.bytes() < MOST), effects),
    }
}

/// Lowers it; if there is none, the first one is just below the speed of now.
pub fn lower(state: &mut State, effects: &mut Vec<Effect>) {
    let speed = state.totals.speed.bytes();
    let from = state.totals.limit.map_or(if speed > LEAST { speed } else { 10_000_001 }, Rate::bytes);
    set(state, Some(Rate::per_second(step(from, false).max(LEAST))), effects);
}

/// Sets or lifts the limit on all downloads.
pub fn set(state: &mut State, rate: Option<Rate>, effects: &mut Vec<Effect>) {
    effects.push(Effect::Send(Command::Limit(rate)));
    // The next step counts from this one, although the engine's word of it is still on its way.
    state.totals.limit = rate;
    let told = rate.map_or_else(
        || "no limit on downloads".to_owned(),
        |rate| format!("all downloads together: {}", rate.limit_text()),
    );
    toast::replace(state, Tone::Good, "all downloads together", told);
}

/// Sets or lifts the limits of the marked transfers or of the selected one.
pub fn set_each(state: &mut State, rate: Option<Rate>, effects: &mut Vec<Effect>) {
    let count = transfer::targets(state).len();
    transfer::send(state, effects, |ids| Command::LimitEach { ids, rate });
    let who = if count == 1 { "its own limit".to_owned() } else { format!("the limit of each of {count}") };
    if count > 0 {
        let rate = rate.map_or_else(|| "none".to_owned(), Rate::limit_text);
        toast::show(state, Tone::Good, format!("{who}: {rate}"));
    }
}
