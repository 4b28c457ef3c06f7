//! The mouse: whatever it does can be done with a key too.

use super::super::view::{Spot, spot};
use super::super::{Effect, Gesture, Mode, Mouse, Pane, State};
use super::{browse, dispatch, form, sort};
use crate::config::Action;

/// Lines that a turn of the wheel goes.
const WHEEL: usize = 3;

/// The mouse did something.
pub fn act(state: &mut State, mouse: Mouse, effects: &mut Vec<Effect>) {
    let spot = spot(state, mouse.x, mouse.y);
    match mouse.gesture {
        Gesture::WheelUp => wheel(state, spot, Action::Up, effects),
        Gesture::WheelDown => wheel(state, spot, Action::Down, effects),
        Gesture::Click => click(state, spot, effects),
        Gesture::DoubleClick => match spot {
            Spot::Row(position) if state.list.position() == position => browse::act(state, Action::Details, effects),
            Spot::Details => browse::act(state, Action::Details, effects),
            _ => click(state, spot, effects),
        },
        Gesture::OtherClick => {
            if let Spot::Row(position) = spot {
                state.list.go(position);
                state.list.toggle_mark();
            }
        }
    }
}

fn click(state: &mut State, spot: Spot, effects: &mut Vec<Effect>) {
    match spot {
        Spot::Row(position) => {
            state.list.go(position);
            state.pane = Pane::List;
        }
        Spot::List => state.pane = Pane::List,
        Spot::Details => state.pane = Pane::Details,
        Spot::Heading(column) => sort::by(state, column),
        Spot::View(view) => state.list.set_view(view),
        Spot::Tab(tab) => browse::show_tab(state, tab),
        Spot::Key(chord) => dispatch::key(state, chord, effects),
        Spot::Slot(at) => form::choose(state, at),
        Spot::Choice(at) => sort::choose(state, at),
        Spot::Elsewhere => {}
    }
}

/// Scrolls what the mouse is over.
fn wheel(state: &mut State, spot: Spot, action: Action, effects: &mut Vec<Effect>) {
    match (&mut state.mode, spot) {
        (Mode::Help { .. }, _) => (0..WHEEL).for_each(|_| browse::scroll_help(state, action)),
        (Mode::Sort { at }, _) => *at = sort::moved(*at, action),
        (Mode::Browse | Mode::Filter(_), Spot::Details | Spot::Tab(_)) => {
            let pane = std::mem::replace(&mut state.pane, Pane::Details);
            (0..WHEEL).for_each(|_| browse::act(state, action, effects));
            state.pane = pane;
        }
        (Mode::Browse | Mode::Filter(_), Spot::Row(_) | Spot::List) => {
            let by = WHEEL.cast_signed();
            state.list.step(if action == Action::Up { -by } else { by });
        }
        _ => {}
    }
}
