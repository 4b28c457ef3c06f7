//! All keys and words, made from the keymap and from what the line for orders reads, so that the help can't lie.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Pane, Role, State};
use super::footer::keys_of;
use super::{bands, text};
use crate::config::{Action, ORDERS};
use crate::model::harmless;

/// What some actions are about, and which they are.
type Group = (&'static str, &'static [Action]);

/// The actions by what they are about, each once.
const GROUPS: [Group; 4] = [
    (
        "The selected transfer, or the marked ones",
        &[
            Action::TogglePause,
            Action::Retry,
            Action::NewUrl,
            Action::Remove,
            Action::RemoveData,
            Action::MoveUp,
            Action::MoveDown,
            Action::CopyUrl,
            Action::Mark,
            Action::MarkRange,
            Action::MarkAll,
            Action::MoveTop,
            Action::MoveBottom,
            Action::StartNow,
            Action::StartAt,
            Action::PriorityUp,
            Action::PriorityDown,
            Action::LimitThis,
            Action::Rename,
            Action::MoveFile,
            Action::Check,
            Action::Open,
            Action::OpenFolder,
            Action::CopyPath,
        ],
    ),
    (
        "The list",
        &[
            Action::Add,
            Action::Upload,
            Action::PauseAll,
            Action::Undo,
            Action::LimitUp,
            Action::LimitDown,
            Action::Limit,
            Action::Filter,
            Action::Sort,
            Action::ShowAll,
            Action::ShowActive,
            Action::ShowQueued,
            Action::ShowDone,
            Action::ShowFailed,
            Action::ShowUploads,
        ],
    ),
    (
        "Moving about",
        &[
            Action::Down,
            Action::Up,
            Action::Top,
            Action::Bottom,
            Action::NextTransfer,
            Action::PreviousTransfer,
            Action::PageDown,
            Action::PageUp,
            Action::NextPane,
            Action::Details,
            Action::NextTab,
            Action::PreviousTab,
            Action::Log,
            Action::Back,
        ],
    ),
    ("haul", &[Action::Command, Action::Help, Action::Redraw, Action::Suspend, Action::Quit]),
];
/// Cells for the keys.
const KEYS: usize = 20;
/// Cells for the words.
const WORDS: usize = 30;
/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 130;

/// How many lines the help has, and how many are shown.
pub fn help_room(state: &State) -> (usize, usize) {
    let whole = bands::whole(state);
    let area = bands::middle(&bands::bands(state, whole), whole);
    (lines(state, area.width).len(), usize::from(area.height))
}

/// Draws the help in place of the list and the details.
pub fn draw(state: &State, top: usize, frame: &mut Frame, area: Rect) {
    let lines = lines(state, area.width);
    let top = top.min(lines.len().saturating_sub(usize::from(area.height)));
    for (line, place) in lines.iter().skip(top).zip(area.rows()) {
        frame.render_widget(line, place);
    }
}

fn lines(state: &State, width: u16) -> Vec<Line<'static>> {
    // Here the user's own orders are not heard.
    let key = |action| state.keys.keys(action).first().map_or_else(String::new, ToString::to_string);
    let (back, help) = (key(Action::Back), key(Action::Help));
    let leave = format!(" {back} or {help} closes this help.");
    let mut lines = vec![Line::styled(text::cut(&leave, usize::from(width)), state.palette.style(Role::Strong))];
    // What the keys are for where the user is comes first.
    let about_details = |group: &Group| state.pane == Pane::Details && group.1.contains(&Action::NextTab);
    let (first, rest): (Vec<Group>, Vec<Group>) = GROUPS.into_iter().partition(about_details);
    let groups = first.into_iter().chain(rest);
    let column = if width < TWO_COLUMNS { width } else { width / 2 };
    let mut groups: Vec<Vec<Line>> = groups.map(|group| group_lines(state, group.0, group.1, column)).collect();
    if let Some(last) = groups.last_mut() {
        last.extend(own_lines(state, column));
    }
    if width < TWO_COLUMNS {
        lines.extend(groups.into_iter().flatten());
        lines.extend(word_lines(state, width));
        return lines;
    }
    let half = usize::from(column);
    let mut sides = groups.chunks(2).map(<[_]>::concat);
    let (left, right) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
    for number in 0..left.len().max(right.len()) {
        let mut line = left.get(number).cloned().unwrap_or_default();
        line.push_span(Span::raw(" ".repeat(half.saturating_sub(line.width()))));
        line.spans.extend(right.get(number).cloned().unwrap_or_default().spans);
        lines.push(line);
    }
    lines.extend(word_lines(state, width));
    lines
}

/// The words of the line for orders, below the key that opens it.
fn word_lines(state: &State, width: u16) -> Vec<Line<'static>> {
    let words = ORDERS.iter().map(|word| {
        let alias = word.alias.map_or_else(String::new, |alias| format!(" ({alias})"));
        let space = if word.takes.is_empty() || word.name == "!" { "" } else { " " };
        (format!("{}{alias}{space}{}", word.name, word.takes), word.does)
    });
    let mut lines = vec![Line::default(), heading(state, "Words behind :")];
    for (word, help) in words {
        lines.extend(entry(state, &word, help, (WORDS, width)));
    }
    lines
}

/// The user's own keys for orders.
fn own_lines(state: &State, width: u16) -> Vec<Line<'static>> {
    let palette = state.palette;
    let key_cells = KEYS.min(usize::from(width) / 2);
    let room = usize::from(width).saturating_sub(key_cells + 3);
    let own = state.habits.bindings.iter().map(|(chord, line)| {
        let key = text::left(&chord.to_string(), key_cells);
        let keys = Span::styled(format!("   {key}"), palette.style(Role::Strong));
        Line::from(vec![keys, Span::raw(text::cut(&harmless(line), room))])
    });
    let mut lines: Vec<Line> = own.collect();
    if !lines.is_empty() {
        lines.splice(0..0, [Line::default(), heading(state, "Your own keys")]);
    }
    lines
}

fn group_lines(state: &State, title: &'static str, actions: &[Action], width: u16) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default(), heading(state, title)];
    for action in actions {
        let keys = keys_of(state, *action);
        if keys.is_empty() {
            continue;
        }
        let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ");
        lines.extend(entry(state, &keys, action.describe(), (KEYS, width)));
    }
    lines
}

fn heading(state: &State, title: &'static str) -> Line<'static> {
    Line::from(vec![Span::raw(" "), Span::styled(title, state.palette.style(Role::Accent))])
}

/// A key or a word, in so many cells, and what it does: below it, where it takes more.
fn entry(state: &State, what: &str, does: &str, (cells, width): (usize, u16)) -> Vec<Line<'static>> {
    let cells = cells.min(usize::from(width) / 2);
    let room = usize::from(width).saturating_sub(cells + 3);
    let strong = state.palette.style(Role::Strong);
    let mut lines = Vec::new();
    let mut beside = what;
    // A blank keeps the two apart.
    if text::width(what) >= cells {
        let pieces = text::wrap(what, usize::from(width).saturating_sub(3));
        lines.extend(pieces.into_iter().map(|piece| Line::styled(format!("   {piece}"), strong)));
        beside = "";
    }
    for piece in text::wrap(does, room) {
        let what = Span::styled(format!("   {}", text::left(beside, cells)), strong);
        lines.push(Line::from(vec![what, Span::raw(piece)]));
        beside = "";
    }
    lines
}
