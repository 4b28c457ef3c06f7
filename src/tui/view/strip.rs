//! A line of pieces, some of which the mouse can click.

use std::ops::Range;

use ratatui::text::{Line, Span};

/// A line under construction. What is drawn and what is clicked come from the same one, so that they can't differ.
#[derive(Clone, Debug)]
pub struct Strip<T> {
    line: Line<'static>,
    width: u16,
    places: Vec<(Range<u16>, T)>,
}

impl<T: Copy> Strip<T> {
    /// An empty line.
    pub fn new() -> Self {
        Self { line: Line::default(), width: 0, places: Vec::new() }
    }

    /// Adds a piece.
    pub fn push(&mut self, span: Span<'static>) {
        self.width = self.width.saturating_add(u16::try_from(span.width()).unwrap_or(u16::MAX));
        self.line.push_span(span);
    }

    /// Adds blanks.
    pub fn gap(&mut self, cells: u16) {
        self.push(Span::raw(" ".repeat(usize::from(cells))));
    }

    /// Adds pieces that mean something to the mouse.
    pub fn push_for(&mut self, target: T, spans: impl IntoIterator<Item = Span<'static>>) {
        let from = self.width;
        spans.into_iter().for_each(|span| self.push(span));
        self.places.push((from..self.width, target));
    }

    /// How many cells it takes.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// What is meant by a click so many cells from its beginning.
    pub fn at(&self, x: u16) -> Option<T> {
        self.places.iter().find(|(cells, _)| cells.contains(&x)).map(|(_, target)| *target)
    }

    /// What is to be drawn.
    pub fn line(self) -> Line<'static> {
        self.line
    }
}
