//! One line and one bar for each connection of a transfer.

use ratatui::text::{Line, Span};

use super::super::{Palette, Role};
use super::{bar, text, words};
use crate::api::{Connection, Live};
use crate::model::{percent, size};

/// The widest that a bar gets: beyond this it says nothing more.
const WIDEST: usize = 64;
/// `999 MB - 99.9 MB`, right-aligned on both sides of the dash.
const RANGE: usize = 19;

/// `receiving from 255.255.255.255`, or what one waits for.
const SAID: usize = 30;

/// One line for each connection.
pub fn lines(live: &Live, width: usize, palette: Palette) -> Vec<Line<'static>> {
    live.connections.iter().map(|connection| line(connection, width, palette)).collect()
}

fn line(connection: &Connection, width: usize, palette: Palette) -> Line<'static> {
    let plain = palette.style(Role::Plain);
    let (wordings, role) = words::connection(connection);
    // Number 4, percent 6, speed 11, the state's gap 2, the bar's gap 1; and the range where there is room for it. What
    // is left is shared by bar and state.
    let wide = width >= 70;
    let fixed = 4 + 6 + 11 + 2 + 1 + if wide { RANGE + 3 } else { 0 };
    let free = width.saturating_sub(fixed);
    let state_room = if free >= SAID + 15 { SAID } else { free.min(20) };
    let bar_room = free.saturating_sub(state_room).min(WIDEST);
    let mut spans = vec![Span::styled(text::right(&connection.number.to_string(), 4), palette.style(Role::Muted))];
    if wide {
        spans.push(Span::styled(format!("  {}", text::left(&range(connection), RANGE)), plain));
    }
    if bar_room >= 4 {
        spans.push(Span::raw(if wide { "  " } else { " " }));
        if connection.range.end == u64::MAX {
            let so_far = format!("{} so far", size(connection.position.saturating_sub(connection.range.start)));
            spans.push(Span::styled(text::left(&so_far, bar_room), palette.style(Role::Stored)));
        } else {
            spans.extend(bar::range(connection, bar_room as u16, palette));
        }
    }
    spans.push(Span::styled(format!(" {}", text::right(&done(connection), 5)), plain));
    spans.push(Span::styled(text::right(&connection.speed.to_string(), 11), palette.style(Role::Accent)));
    let said = text::choose(&wordings, state_room.max(width.saturating_sub(fixed + bar_room)).min(SAID));
    spans.push(Span::styled(format!("  {said}"), palette.style(role)));
    Line::from(spans)
}

fn range(connection: &Connection) -> String {
    let start = size(connection.range.start);
    let end = if connection.range.end == u64::MAX { "the end".to_owned() } else { size(connection.range.end) };
    format!("{} - {}", text::right(&start, 8), text::left(&end, 8))
}

fn done(connection: &Connection) -> String {
    let range = connection.range;
    if range.end == u64::MAX {
        return "-".to_owned();
    }
    format!("{} %", percent(connection.position.saturating_sub(range.start), range.len()))
}
