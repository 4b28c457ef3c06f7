//! The selected transfer's speed over the last minute and over the whole time that it ran.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{RenderDirection, Sparkline};

use super::super::{Role, State, Trace};
use super::text;
use crate::api::Row;
use crate::model::{Rate, brief_duration};

/// Draws both graphs or, where there are only a few lines, the one of the last minute.
pub fn draw(state: &State, row: &Row, frame: &mut Frame, area: Rect) {
    let Some(trace) = state.history.of(row.id) else {
        let said = "It has not run since haul was started, so there is no speed to show.";
        let pieces = text::wrap(said, usize::from(area.width).saturating_sub(2));
        for (piece, place) in pieces.into_iter().zip(area.rows()) {
            frame.render_widget(Line::styled(format!(" {piece}"), state.palette.style(Role::Muted)), place);
        }
        return;
    };
    let both = area.height >= 6;
    let [upper, lower] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(u16::from(both))]).areas(area);
    let minute: Vec<u64> = trace.minute().collect();
    graph(state, "Last minute", &minute, minute.len() as u64, frame, upper);
    if both {
        graph(state, "Whole transfer", &trace.whole(), trace.seconds(), frame, lower);
    }
}

/// One graph, with a line of words above it.
fn graph(state: &State, title: &str, speeds: &[u64], seconds: u64, frame: &mut Frame, area: Rect) {
    let said = |bytes: u64| Rate::per_second(bytes).to_string();
    let mean = speeds.iter().sum::<u64>() / (speeds.len() as u64).max(1);
    let highest = speeds.iter().copied().max().unwrap_or(0);
    let time = brief_duration(std::time::Duration::from_secs(seconds));
    let title = format!(" {title} ({time})");
    let rest = format!("  mean {}  highest {}", text::right(&said(mean), 10), text::right(&said(highest), 10));
    let words =
        [Span::styled(title, state.palette.style(Role::Strong)), Span::styled(rest, state.palette.style(Role::Muted))];
    frame.render_widget(Line::from_iter(words), Rect { height: area.height.min(1), ..area });
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let place = Rect { x: below.x + 1.min(below.width), width: below.width.saturating_sub(2), ..below };
    frame.render_widget(sparkline(state, &stretched(speeds, usize::from(place.width))), place);
}

/// The speed of everything over the last minute, in one line.
pub fn total(state: &State, width: u16) -> Sparkline<'static> {
    let speeds: Vec<u64> = state.history.total().minute().rev().take(usize::from(width)).collect();
    sparkline(state, &speeds).direction(RenderDirection::RightToLeft)
}

/// True if there is something to draw of everything.
pub fn has_total(trace: &Trace) -> bool {
    trace.minute().any(|speed| speed > 0)
}

fn sparkline(state: &State, speeds: &[u64]) -> Sparkline<'static> {
    Sparkline::default().data(speeds.iter().copied()).style(state.palette.style(Role::Accent))
}

/// As many values as there are cells: the nearest one for each, so that a graph fills its place.
fn stretched(speeds: &[u64], cells: usize) -> Vec<u64> {
    (0..cells).filter_map(|cell| speeds.get(cell * speeds.len() / cells.max(1)).copied()).collect()
}
