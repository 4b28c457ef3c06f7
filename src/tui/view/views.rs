//! The line with the views and their counts, and at its right how the list is sorted and filtered, what is marked, and
//! where in it the selected transfer is.

use ratatui::text::Span;

use super::super::{Role, State};
use super::strip::Strip;
use super::{key_of, text};
use crate::api::View;
use crate::config::Action;
use crate::model::harmless;

/// The line; a click on a view shows it.
pub fn line(state: &State, height: usize, width: u16) -> Strip<View> {
    let said = said(state, height, usize::from(width) / 2);
    let room = width.saturating_sub(text::width(&said) as u16 + 2);
    let has_some = |view: &View| *view == state.list.view() || *view == View::All || state.list.count(*view) > 0;
    let some: Vec<View> = View::ALL.into_iter().filter(has_some).collect();
    let tries = [(&View::ALL[..], 3), (&View::ALL, 2), (&View::ALL, 1), (&some, 2), (&some, 1)];
    let fits = tries.into_iter().map(|(views, gap)| entries(state, views, gap)).find(|strip| strip.width() <= room);
    let mut strip = fits.unwrap_or_else(|| entries(state, &[state.list.view()], 1));
    if strip.width() <= room {
        strip.gap(room - strip.width());
        strip.push(Span::styled(format!(" {said} "), state.palette.style(Role::Warning)));
    }
    strip
}

fn entries(state: &State, views: &[View], gap: u16) -> Strip<View> {
    let palette = state.palette;
    let mut strip = Strip::new();
    for (number, view) in views.iter().enumerate() {
        strip.gap(if number == 0 { 1 } else { gap });
        let key = key_of(state, action(*view));
        let key = if key.is_empty() { key } else { format!("{key} ") };
        let count = state.list.count(*view);
        let role = match (*view == state.list.view(), *view, count) {
            (true, ..) => Role::Current,
            (_, _, 0) => Role::Muted,
            (_, View::Failed, _) => Role::Bad,
            _ => Role::Plain,
        };
        let key = Span::styled(key, palette.style(Role::Muted));
        strip.push_for(*view, [key, Span::styled(format!("{} {count}", view.label()), palette.style(role))]);
    }
    strip
}

/// The action that shows a view.
pub fn action(view: View) -> Action {
    match view {
        View::All => Action::ShowAll,
        View::Active => Action::ShowActive,
        View::Queued => Action::ShowQueued,
        View::Done => Action::ShowDone,
        View::Failed => Action::ShowFailed,
        View::Uploads => Action::ShowUploads,
    }
}

/// What else there is to say of the list; what matters least leaves first.
fn said(state: &State, height: usize, room: usize) -> String {
    let list = &state.list;
    let filter = match list.filter() {
        "" => String::new(),
        filter => format!("/{}: {}", harmless(filter), list.len()),
    };
    let marked = match list.marked() {
        (0, 0) => String::new(),
        (shown, 0) => format!("{shown} marked"),
        (shown, hidden) => format!("{shown} marked, {hidden} not shown"),
    };
    let sorting = list.sorting();
    let way = if sorting.is_descending { "▾" } else { "▴" };
    let sorting = if sorting.is_queue() { String::new() } else { format!("by {}{way}", sorting.column.describe()) };
    let place = if list.len() > height { format!("{} of {}", list.position() + 1, list.len()) } else { String::new() };
    let all = [marked, filter, sorting, place];
    let mut count = all.len();
    loop {
        let parts: Vec<&str> = all[..count].iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let said = parts.join("  ");
        if text::width(&said) <= room || count == 1 {
            return text::cut(&said, room);
        }
        count -= 1;
    }
}
