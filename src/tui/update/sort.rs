//! What the list is sorted by.

use super::super::{Mode, State};
use crate::config::{Action, Chord, Column, Key};

/// Opens the box, at what the list is sorted by now.
pub fn open(state: &mut State) {
    let column = state.list.sorting().column;
    let at = Column::ALL.iter().position(|other| *other == column).unwrap_or(0);
    state.mode = Mode::Sort { at };
}

/// A key while the box is open.
pub fn key(state: &mut State, chord: Chord, action: Option<Action>) {
    let Mode::Sort { at } = &mut state.mode else { return };
    match (chord.key, action) {
        (Key::Enter, _) => {
            let at = *at;
            choose(state, at);
        }
        (Key::Esc, _) | (_, Some(Action::Back | Action::Quit)) => state.mode = Mode::Browse,
        (Key::Up, _) => *at = moved(*at, Action::Up),
        // The key that opened it goes on to the next.
        (Key::Down, _) | (_, Some(Action::Sort)) => *at = moved(*at, Action::Down),
        (_, Some(action)) => *at = moved(*at, action),
        _ => {}
    }
}

/// Where a key goes in the box, round and round.
pub fn moved(at: usize, action: Action) -> usize {
    let count = Column::ALL.len();
    match action {
        Action::Down => (at + 1) % count,
        Action::Up => (at + count - 1) % count,
        Action::Top => 0,
        Action::Bottom => count - 1,
        _ => at,
    }
}

/// Sorts by a column of the box, and closes it.
pub fn choose(state: &mut State, at: usize) {
    state.mode = Mode::Browse;
    if let Some(column) = Column::ALL.get(at) {
        by(state, *column);
    }
}

/// Sorts by a column; by the same one a second time, the other way round.
pub fn by(state: &mut State, column: Column) {
    let sorting = state.list.sorting().next(column);
    state.list.sort(sorting);
}
