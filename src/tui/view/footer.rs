//! The last line: the keys of where the user is, made from the keymap.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use tui_input::Input;

use super::super::{Mode, Pane, Role, State};
use super::{shows_log, text};
use crate::config::Action;
use crate::model::{Status, harmless};

/// The shortest key that does this, as it is written; empty if none does.
pub fn key_of(state: &State, action: Action) -> String {
    state.keys.keys(action).first().map_or_else(String::new, ToString::to_string)
}

/// Draws the keys, or the filter while it is typed.
pub fn draw(state: &State, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    match &state.mode {
        Mode::Filter(input) => filter(state, input, frame, area),
        Mode::Browse => browse(state, frame, area),
        Mode::Add { .. } => line(state, frame, area, &pairs(&[("enter", "add"), ("esc", "close")]), &[]),
        Mode::NewUrl { .. } => line(state, frame, area, &pairs(&[("enter", "use it"), ("esc", "close")]), &[]),
        Mode::Confirm(_) => line(state, frame, area, &pairs(&[("y", "yes, remove"), ("n", "no")]), &[]),
        Mode::Help { .. } => {
            let back = (key_of(state, Action::Back), "close".to_owned());
            line(state, frame, area, &[back, (key_of(state, Action::Down), "scroll".to_owned())], &[]);
        }
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, label)| ((*key).to_owned(), (*label).to_owned())).collect()
}

fn browse(state: &State, frame: &mut Frame, area: Rect) {
    use Action::{
        Add, Back, CopyUrl, Details, Down, Filter, Help, Log, NewUrl, NextPane, PauseAll, Quit, Remove, Retry,
        TogglePause,
    };
    let status = state.list.selected().map(|row| row.status);
    let actions: Vec<Action> = match (state.pane, status) {
        (Pane::Details, Some(Status::Expired)) => vec![Back, Down, Log, NewUrl, Retry, Remove, CopyUrl, NextPane],
        (Pane::Details, _) => vec![Back, Down, Log, TogglePause, Retry, Remove, CopyUrl, NextPane],
        (Pane::List, None) => vec![Add],
        (Pane::List, Some(Status::Failed)) => {
            vec![Add, Retry, Remove, Filter, Details, Log, CopyUrl, NextPane, PauseAll]
        }
        (Pane::List, Some(Status::Expired)) => {
            vec![Add, NewUrl, Retry, Remove, Details, Log, Filter, CopyUrl, NextPane, PauseAll]
        }
        (Pane::List, Some(Status::DiskFull)) => {
            vec![Add, Retry, TogglePause, Remove, Details, Log, Filter, NextPane, PauseAll]
        }
        (Pane::List, Some(Status::Done)) => vec![Add, Remove, Filter, CopyUrl, Details, Log, NextPane, PauseAll],
        (Pane::List, Some(_)) => {
            vec![Add, TogglePause, Remove, Filter, Details, Log, PauseAll, NextPane, CopyUrl, Retry]
        }
    };
    let label = |action: Action| match (action, status, state.pane) {
        (TogglePause, Some(Status::Paused), _) => "resume",
        (Down, _, Pane::Details) => "scroll",
        (Back, ..) => "list",
        (Log, ..) if shows_log(state) => "back",
        _ => action.label(),
    };
    let entry = |action: Action| (key_of(state, action), label(action).to_owned());
    let left: Vec<(String, String)> = actions.into_iter().map(entry).collect();
    line(state, frame, area, &left, &[entry(Help), entry(Quit)]);
}

/// Keys from the left as long as there is room; those at the right are always there.
fn line(state: &State, frame: &mut Frame, area: Rect, left: &[(String, String)], right: &[(String, String)]) {
    let strong = state.palette.style(Role::Strong);
    let muted = state.palette.style(Role::Muted);
    let spans = |(key, label): &(String, String)| -> Vec<Span<'static>> {
        if key.is_empty() {
            return Vec::new();
        }
        vec![Span::raw(" "), Span::styled(key.clone(), strong), Span::styled(format!(" {label} "), muted)]
    };
    let end: Line = right.iter().flat_map(spans).collect();
    let end_width = (end.width() as u16).min(area.width);
    let room = usize::from(area.width - end_width);
    let mut line = Line::default();
    for more in left.iter().map(spans) {
        let wider: usize = more.iter().map(Span::width).sum();
        if line.width() + wider > room {
            break;
        }
        line.spans.extend(more);
    }
    frame.render_widget(line, area);
    frame.render_widget(end, Rect { x: area.right() - end_width, width: end_width, ..area });
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
    let scroll = input.visual_scroll(width);
    let shown = harmless(input.value()).into_owned();
    let line = Paragraph::new(shown).scroll((0, scroll as u16));
    frame.render_widget(line, area);
    let cursor = input.visual_cursor().saturating_sub(scroll).min(width) as u16;
    frame.set_cursor_position(Position::new(area.x + cursor, area.y));
}
