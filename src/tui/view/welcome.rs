//! The words for the first start, above those of the empty list; gone with the first key.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::{Role, State};
use super::{key_of, text};
use crate::config::Action;

/// Draws them at the beginning of the list's place, as far as they leave its middle alone.
pub fn draw(state: &State, frame: &mut Frame, area: Rect) {
    if !state.welcomes || !state.list.is_empty() {
        return;
    }
    let width = usize::from(area.width).saturating_sub(2).min(76);
    // The empty list's own words begin in the middle; a line between the two is left.
    let room = usize::from(area.height.saturating_sub(2) / 2).saturating_sub(1);
    let Some(lines) = wording(state).iter().map(|said| text::wrap(said, width)).find(|lines| lines.len() <= room)
    else {
        return;
    };
    let skipped = usize::from(lines.len() + 1 < room);
    for (line, place) in lines.into_iter().zip(area.rows().skip(skipped)) {
        frame.render_widget(Line::styled(line, state.palette.style(Role::Accent)).centered(), place);
    }
}

/// What is said, in as many words as there is room for.
fn wording(state: &State) -> [String; 2] {
    let key = |action, does: &str| {
        let key = key_of(state, action);
        if key.is_empty() { None } else { Some(format!("{key} {does}")) }
    };
    let said = |entries: &[Option<String>]| entries.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ");
    let keys = said(&[key(Action::Help, "shows all of them"), key(Action::Command, "takes orders in words")]);
    let quit = said(&[key(Action::Quit, "leaves")]);
    let long = format!(
        "Your first time here? What you paste begins at once, in parts over several connections. The last line always has the \
         keys for what is selected; {keys}. {quit}: everything is saved, and the next start goes on."
    );
    let few = said(&[key(Action::Help, "keys"), key(Action::Quit, "leaves, all is saved")]);
    [long, format!("First time? Paste a URL. {few}.")]
}
