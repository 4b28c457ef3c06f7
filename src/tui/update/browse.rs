//! What actions do while no box is open: moving about, opening and closing things.

use tui_input::Input;

use super::super::view::{details_room, help_room, list_height, shows_log};
use super::super::{Effect, Mode, Pane, State, Tab};
use super::{add, command, file, limit, send, sort, transfer};
use crate::api::{Command, Position, View};
use crate::config::{Action, Chord, Key};

/// Does what a key means in the list or in the details.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Add => add::open(state),
        Action::Upload => send::open(state),
        Action::Filter => state.mode = Mode::Filter(Input::new(state.list.filter().to_owned())),
        Action::Help => state.mode = Mode::Help { top: 0 },
        // Where there is no room for both, the other pane is the whole screen.
        Action::NextPane if !state.zoomed && details_room(state).1 == 0 => zoom(state),
        Action::NextPane => {
            state.pane = if state.pane == Pane::List { Pane::Details } else { Pane::List };
            state.zoomed &= state.pane == Pane::Details;
        }
        Action::Details => zoom(state),
        Action::Log => turn(state),
        Action::NextTab => next_tab(state, 1),
        Action::PreviousTab => next_tab(state, Tab::ALL.len() - 1),
        Action::Sort => sort::open(state),
        Action::Mark => {
            state.list.toggle_mark();
            state.list.step(1);
        }
        Action::MarkRange => state.list.mark_range(),
        Action::MarkAll => state.list.mark_all(),
        Action::ShowAll => state.list.set_view(View::All),
        Action::ShowActive => state.list.set_view(View::Active),
        Action::ShowQueued => state.list.set_view(View::Queued),
        Action::ShowDone => state.list.set_view(View::Done),
        Action::ShowFailed => state.list.set_view(View::Failed),
        Action::ShowUploads => state.list.set_view(View::Uploads),
        Action::Back => back(state),
        Action::Quit => leave(state, effects),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Redraw => effects.push(Effect::Redraw),
        Action::NextTransfer => state.list.step(1),
        Action::PreviousTransfer => state.list.step(-1),
        Action::Down | Action::Up | Action::Top | Action::Bottom | Action::PageDown | Action::PageUp => {
            travel(state, action);
        }
        Action::MoveDown | Action::MoveUp => {
            transfer::shift(state, if action == Action::MoveDown { Position::Down } else { Position::Up }, effects);
        }
        Action::TogglePause => transfer::toggle(state, effects),
        Action::PauseAll => transfer::toggle_all(state, effects),
        Action::Retry => transfer::retry(state, effects),
        Action::NewUrl => transfer::ask_url(state),
        Action::Remove => transfer::ask(state, false),
        Action::RemoveData => transfer::ask(state, true),
        Action::CopyUrl => transfer::copy(state, effects),
        Action::Command => command::open(state, ""),
        Action::Limit => command::open(state, "limit "),
        Action::LimitThis => command::open_about(state, command::LIMIT_THIS, transfer::these(state)),
        Action::StartAt => command::open_about(state, "at ", transfer::these(state)),
        Action::Rename => file::ask_name(state),
        Action::MoveFile => file::ask_folder(state),
        Action::Nothing => {}
        _ => order(state, action, effects),
    }
}

/// Does what a key means that stands for an order.
fn order(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::MoveTop => transfer::shift(state, Position::Top, effects),
        Action::MoveBottom => transfer::shift(state, Position::Bottom, effects),
        Action::StartNow => transfer::send(state, effects, Command::StartNow),
        Action::PriorityUp => transfer::prioritize(state, true, effects),
        Action::PriorityDown => transfer::prioritize(state, false, effects),
        Action::LimitUp => limit::raise(state, effects),
        Action::LimitDown => limit::lower(state, effects),
        Action::Check => transfer::send(state, effects, Command::Verify),
        Action::Open => file::open(state, effects),
        Action::OpenFolder => file::open_folder(state, effects),
        Action::CopyPath => file::copy_path(state, effects),
        Action::Undo => transfer::undo(state, effects),
        _ => {}
    }
}

/// Leaves; while transfers run, asks first.
fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    if state.totals.running > 0 && state.habits.confirm_quit {
        state.mode = Mode::Leave;
    } else {
        effects.push(Effect::Quit);
    }
}

fn zoom(state: &mut State) {
    if state.zoomed {
        back(state);
    } else if state.list.selected().is_some() {
        state.zoomed = true;
        state.pane = Pane::Details;
    }
}

/// Shows the log, or what was there before it.
fn turn(state: &mut State) {
    if shows_log(state) {
        return close_log(state);
    }
    if state.list.selected().is_none() {
        return;
    }
    state.tab = Tab::Log;
    state.read_anew();
    state.zoomed_for_log = !state.zoomed && details_room(state).1 == 0;
    if state.zoomed_for_log {
        zoom(state);
    }
}

/// Shows another page of the details; where there is no room for them beside the list, on the whole screen.
pub fn show_tab(state: &mut State, tab: Tab) {
    state.tab = tab;
    state.read_anew();
}

fn next_tab(state: &mut State, by: usize) {
    let at = Tab::ALL.iter().position(|tab| *tab == state.tab).unwrap_or(0);
    show_tab(state, Tab::ALL[(at + by) % Tab::ALL.len()]);
    if !state.zoomed && details_room(state).1 == 0 {
        zoom(state);
    }
}

fn close_log(state: &mut State) {
    state.tab = Tab::Connections;
    state.read_anew();
    if state.zoomed_for_log {
        leave_details(state);
    }
}

/// Closes one thing: the one that was opened last.
fn back(state: &mut State) {
    if state.zoomed || state.pane == Pane::Details {
        leave_details(state);
        // What can't be seen beside the list is closed too.
        if state.tab == Tab::Log && !shows_log(state) {
            state.tab = Tab::Connections;
        }
    } else if shows_log(state) {
        close_log(state);
    } else if state.list.marked() != (0, 0) {
        state.list.unmark();
    } else if !state.list.filter().is_empty() {
        state.list.set_filter("");
    } else if state.toasts.is_empty() {
        state.list.set_view(View::All);
    } else {
        state.toasts.clear();
    }
}

fn leave_details(state: &mut State) {
    (state.zoomed, state.zoomed_for_log) = (false, false);
    state.pane = Pane::List;
    state.read_anew();
}

fn travel(state: &mut State, action: Action) {
    if state.pane == Pane::Details {
        let (length, height) = details_room(state);
        state.details_top = scrolled(state.details_top, action, length, height);
        state.follows = state.details_top + height >= length;
        return;
    }
    let page = list_height(state).max(1).cast_signed();
    match action {
        Action::Down => state.list.step(1),
        Action::Up => state.list.step(-1),
        Action::PageDown => state.list.step(page),
        Action::PageUp => state.list.step(-page),
        Action::Top => state.list.go(0),
        Action::Bottom => state.list.go(usize::MAX),
        _ => {}
    }
}

/// Where a text of so many lines begins after a key, in a window of so many.
fn scrolled(top: usize, action: Action, length: usize, height: usize) -> usize {
    let page = height.saturating_sub(1).max(1);
    let wanted = match action {
        Action::Down => top + 1,
        Action::Up => top.saturating_sub(1),
        Action::PageDown => top + page,
        Action::PageUp => top.saturating_sub(page),
        Action::Top => 0,
        Action::Bottom => length,
        _ => top,
    };
    wanted.min(length.saturating_sub(height))
}

/// A key while the help is shown. Whatever closes or leaves elsewhere closes it.
pub fn help_key(state: &mut State, chord: Chord, action: Option<Action>) {
    match action {
        Some(Action::Help | Action::Quit | Action::Back) => state.mode = Mode::Browse,
        _ if matches!(chord.key, Key::Esc | Key::Char('q')) => state.mode = Mode::Browse,
        Some(action) => scroll_help(state, action),
        None => {}
    }
}

/// Moves the help by a key.
pub fn scroll_help(state: &mut State, action: Action) {
    let (length, height) = help_room(state);
    if let Mode::Help { top } = &mut state.mode {
        *top = scrolled(*top, action, length, height);
    }
}
