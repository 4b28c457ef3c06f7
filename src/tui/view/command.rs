//! The line behind `:`, and above it what it takes, what it can become, or what was wrong with it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::super::{CommandLine, Role, State};
use super::{footer, text};
use crate::config::ORDERS;
use crate::model::harmless;

/// The most lines above it.
const MOST: usize = 3;

/// Draws the line.
pub fn draw(line: &CommandLine, frame: &mut Frame, area: Rect) {
    let sign = 2.min(area.width);
    frame.render_widget(Span::raw(" :"), Rect { width: sign, ..area });
    footer::edit(&line.input, frame, Rect { x: area.x + sign, width: area.width - sign, ..area });
}

/// Draws what is said of it, on the lowest lines of a place.
pub fn hint(state: &State, line: &CommandLine, frame: &mut Frame, area: Rect) {
    let (said, role) = match (&line.complaint, line.offered) {
        (Some(why), _) => (why.clone(), Role::Bad),
        (None, Some(at)) => (offers(line, at), Role::Strong),
        (None, None) => (usage(line.input.value()), Role::Muted),
    };
    let lines = text::wrap(&harmless(&said), usize::from(area.width).saturating_sub(2));
    let height = lines.len().min(MOST).min(usize::from(area.height)) as u16;
    let place = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, place);
    for (piece, place) in lines.into_iter().zip(place.rows()) {
        frame.render_widget(Line::styled(format!(" {piece}"), state.palette.style(role)), place);
    }
}

/// What the last word can become, from the one that it is now on.
fn offers(line: &CommandLine, at: usize) -> String {
    let last = |whole: &String| whole.trim_end().rsplit(' ').next().unwrap_or("").to_owned();
    let all: Vec<String> = line.offers[at..].iter().chain(&line.offers[..at]).map(last).collect();
    all.join(", ")
}

/// What is written behind the word that stands there, or all words that it could become.
fn usage(written: &str) -> String {
    let first = written.split_whitespace().next().unwrap_or("");
    let is_it = |name: &str| name == first || (name == "!" && first.starts_with('!'));
    if let Some(word) = ORDERS.iter().find(|word| is_it(word.name) || word.alias == Some(first)) {
        let takes = if word.takes.is_empty() { String::new() } else { format!(" {}", word.takes) };
        return format!("{}{takes}: {}", word.name, word.does);
    }
    let known: Vec<&str> = ORDERS.iter().map(|word| word.name).filter(|name| name.starts_with(first)).collect();
    if known.is_empty() { "no order begins so".to_owned() } else { known.join(", ") }
}
