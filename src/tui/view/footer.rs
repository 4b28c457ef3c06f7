//! The last line: the keys of where the user is, made from the keymap.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;
use tui_input::Input;

use super::super::{Mode, Pane, Role, State};
use super::strip::Strip;
use super::{command, shows_log, text};
use crate::api::Totals;
use crate::config::{Action, Chord, Key};
use crate::model::{Status, harmless};

/// The shortest key that does this, as it is written; empty if none does.
pub fn key_of(state: &State, action: Action) -> String {
    keys_of(state, action).first().map_or_else(String::new, ToString::to_string)
}

/// The keys that do this, shortest name first, without those that the user has put an order on. These three are heard
/// with a modifier before any order.
pub fn keys_of(state: &State, action: Action) -> Vec<Chord> {
    let is_global =
        |chord: &Chord| (chord.ctrl || chord.alt) && matches!(action, Action::Quit | Action::Suspend | Action::Redraw);
    let mut keys = state.keys.keys(action);
    keys.retain(|chord| is_global(chord) || state.habits.bindings.line(*chord).is_none());
    keys
}

/// Draws the keys, or the filter while it is typed.
pub fn draw(state: &State, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    match &state.mode {
        Mode::Filter(input) => filter(state, input, frame, area),
        Mode::Command(line) => command::draw(line, frame, area),
        _ => frame.render_widget(keys(state, area.width).line(), area),
    }
}

/// A key and what it does here.
type Entry = (Chord, String);

/// The keys of where the user is; a click on one is as good as the key.
pub fn keys(state: &State, width: u16) -> Strip<Chord> {
    match &state.mode {
        Mode::Filter(_) | Mode::Command(_) => Strip::new(),
        Mode::Leave => line(state, width, &fixed(&[(Key::Char('y'), "yes, leave"), (Key::Char('n'), "no")]), &[]),
        Mode::Browse => browse(state, width),
        Mode::Add(_) | Mode::Send(_) => {
            let does = if matches!(state.mode, Mode::Send(_)) { "send" } else { "add" };
            let keys = [(Key::Enter, does), (Key::Esc, "close"), (Key::Down, "next line"), (Key::Tab, "complete")];
            line(state, width, &fixed(&keys), &[])
        }
        Mode::Twins(_) => {
            let keys = [
                (Key::Char('j'), "join"),
                (Key::Char('r'), "rename"),
                (Key::Char('s'), "skip"),
                (Key::Esc, "add nothing"),
            ];
            line(state, width, &fixed(&keys), &[])
        }
        Mode::NewUrl { .. } => line(state, width, &fixed(&[(Key::Enter, "use it"), (Key::Esc, "close")]), &[]),
        Mode::Sort { .. } => {
            let keys = [(Key::Enter, "sort"), (Key::Down, "choose"), (Key::Esc, "close")];
            line(state, width, &fixed(&keys), &[])
        }
        Mode::Confirm(_) => line(state, width, &fixed(&[(Key::Char('y'), "yes, remove"), (Key::Char('n'), "no")]), &[]),
        Mode::Help { .. } => {
            let entries = [(Action::Back, "close"), (Action::Down, "scroll")];
            // The user's own orders are for the list: here its key does what it always does.
            let key = |action| state.keys.keys(action).into_iter().next();
            let entries: Vec<Entry> =
                entries.into_iter().filter_map(|(action, word)| Some((key(action)?, word.to_owned()))).collect();
            line(state, width, &entries, &[])
        }
    }
}

fn fixed(entries: &[(Key, &str)]) -> Vec<Entry> {
    entries.iter().map(|(key, label)| (Chord::from(*key), (*label).to_owned())).collect()
}

/// What a key does, with the shortest one that does it; `None` if none does.
fn entry(state: &State, action: Action, label: &str) -> Option<Entry> {
    Some((*keys_of(state, action).first()?, label.to_owned()))
}

fn browse(state: &State, width: u16) -> Strip<Chord> {
    use Action::{
        Add, Back, CopyUrl, Details, Down, Filter, Help, Log, Mark, NewUrl, NextPane, NextTab, PauseAll, Quit, Remove,
        Retry, Sort, TogglePause,
    };
    let status = state.list.selected().map(|row| row.status);
    let actions: Vec<Action> = match (state.pane, status) {
        (Pane::Details, Some(Status::Expired)) => vec![Back, Down, NextTab, NewUrl, Retry, Remove, CopyUrl, NextPane],
        (Pane::Details, Some(Status::Done)) => vec![Back, Down, NextTab, Remove, CopyUrl, NextPane],
        (Pane::Details, Some(Status::Paused)) => vec![Back, Down, NextTab, TogglePause, Remove, CopyUrl, NextPane],
        (Pane::Details, _) => vec![Back, Down, NextTab, TogglePause, Retry, Remove, CopyUrl, NextPane],
        (Pane::List, None) => vec![Add],
        (Pane::List, _) if state.list.marked().0 > 0 => vec![TogglePause, Retry, Remove, CopyUrl, Mark, Back],
        (Pane::List, Some(Status::Failed)) => {
            vec![Add, Retry, Remove, Filter, Sort, Details, Mark, Log, CopyUrl, NextPane, PauseAll]
        }
        (Pane::List, Some(Status::Expired)) => {
            vec![Add, NewUrl, Retry, Remove, Filter, Sort, Details, Mark, Log, CopyUrl, NextPane, PauseAll]
        }
        (Pane::List, Some(Status::DiskFull)) => {
            vec![Add, Retry, TogglePause, Remove, Filter, Sort, Details, Mark, Log, NextPane, PauseAll]
        }
        (Pane::List, Some(Status::Done)) => {
            vec![Add, Remove, Filter, Sort, CopyUrl, Details, Mark, Log, NextPane, PauseAll]
        }
        (Pane::List, Some(Status::Paused)) => {
            vec![Add, TogglePause, Remove, Filter, Sort, Details, Mark, PauseAll, NextPane, Log, CopyUrl]
        }
        (Pane::List, Some(_)) => {
            vec![Add, TogglePause, Remove, Filter, Sort, Details, Mark, PauseAll, NextPane, Log, CopyUrl, Retry]
        }
    };
    let label = |action: Action| match (action, status, state.pane) {
        (TogglePause, ..) if resumes(state) => "resume",
        (PauseAll, ..) if is_all_paused(&state.totals) => "resume all",
        (Down, _, Pane::Details) => "scroll",
        (Back, _, Pane::Details) => "list",
        (Back, ..) => "unmark",
        (Log, ..) if shows_log(state) => "back",
        _ => action.label(),
    };
    let entries = |actions: &[Action]| -> Vec<Entry> {
        actions.iter().filter_map(|action| entry(state, *action, label(*action))).collect()
    };
    line(state, width, &entries(&actions), &entries(&[Help, Quit]))
}

/// True if the key that pauses what is selected or marked lets it go on.
fn resumes(state: &State) -> bool {
    let list = &state.list;
    let selected = || list.selected().is_some_and(|row| row.status == Status::Paused);
    if state.pane == Pane::Details || list.marked().0 == 0 {
        return selected();
    }
    let marked = (0..list.len()).filter(|position| list.is_marked(*position)).filter_map(|position| list.get(position));
    let mut any = false;
    for row in marked {
        match row.status {
            Status::Queued | Status::Running | Status::DiskFull => return false,
            Status::Paused => any = true,
            Status::Expired | Status::Done | Status::Failed => {}
        }
    }
    any
}

/// True if the key that pauses all lets all go on.
fn is_all_paused(totals: &Totals) -> bool {
    totals.paused > 0 && totals.queued + totals.running + totals.disk_full == 0
}

/// Keys from the left as long as there is room; those at the right are always there.
fn line(state: &State, width: u16, left: &[Entry], right: &[Entry]) -> Strip<Chord> {
    let strong = state.palette.style(Role::Strong);
    let muted = state.palette.style(Role::Muted);
    let add = |strip: &mut Strip<Chord>, (chord, label): &Entry| {
        let key = Span::styled(chord.to_string(), strong);
        strip.push_for(*chord, [Span::raw(" "), key, Span::styled(format!(" {label} "), muted)]);
    };
    let measure = |entries: &[Entry]| {
        let mut strip = Strip::new();
        for entry in entries {
            add(&mut strip, entry);
        }
        strip.width()
    };
    let room = width.saturating_sub(measure(right));
    let mut strip = Strip::new();
    for entry in left {
        if strip.width() + measure(std::slice::from_ref(entry)) > room {
            break;
        }
        add(&mut strip, entry);
    }
    strip.gap(room - strip.width());
    for entry in right {
        add(&mut strip, entry);
    }
    strip
}

fn filter(state: &State, input: &Input, frame: &mut Frame, area: Rect) {
    let hint = format!("  {} of {}   enter keep   esc clear ", state.list.len(), state.list.total());
    let hint = if usize::from(area.width) >= text::width(&hint) + 16 { hint } else { String::new() };
    let room = area.width.saturating_sub(text::width(&hint) as u16);
    let field = Rect { width: room, ..area };
    frame.render_widget(Span::styled(" /", state.palette.style(Role::Strong)), field);
    edit(input, frame, Rect { x: field.x + 2.min(room), width: room.saturating_sub(2), ..field });
    let muted = state.palette.style(Role::Muted);
    frame.render_widget(Span::styled(hint, muted), Rect { x: area.x + room, width: area.width - room, ..area });
}

/// Draws a line of text that is being edited, with the cursor in it.
pub fn edit(input: &Input, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    let width = usize::from(area.width) - 1;
    let text = harmless(input.value());
    // By what is shown, since a character that takes no cell is shown as one that does.
    let before = text.char_indices().nth(input.cursor()).map_or(text.len(), |(at, _)| at);
    let shown = text::tail(&text[..before], width);
    let cursor = text::width(shown) as u16;
    let line = format!("{shown}{}", text::head(&text[before..], width + 1 - usize::from(cursor)));
    frame.render_widget(Span::raw(line), area);
    frame.set_cursor_position(Position::new(area.x + cursor, area.y));
}
