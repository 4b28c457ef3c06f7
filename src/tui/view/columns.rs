//! Which columns fit, and how wide they are. As the screen gets narrow, what tells least leaves first; then the bar
//! shrinks; at 40 columns name, percent and speed are left.

use super::super::State;
use crate::config::Column;

/// The order in which columns leave, and how many cells the name and the other columns without a width of their own must
/// have left for a column to stay.
const LEAVING: [(Column, u16); 12] = [
    (Column::State, 60),
    (Column::Host, 50),
    (Column::Added, 44),
    (Column::Direction, 40),
    (Column::Category, 36),
    (Column::Number, 30),
    (Column::Connections, 26),
    (Column::Eta, 26),
    (Column::Size, 26),
    (Column::Progress, 30),
    (Column::Speed, 10),
    (Column::Done, 8),
];
/// The narrowest that a name gets while there is something beside it that can shrink.
const NAME: u16 = 12;

/// The columns that are shown, with their widths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The selection's mark, the state's glyph and the user's mark.
    pub lead: u16,
    /// Blanks between two columns.
    pub gap: u16,
    /// From left to right.
    pub cells: Vec<(Column, u16)>,
}

impl Columns {
    /// The columns for a width.
    pub fn fit(state: &State, width: u16) -> Self {
        let mut columns = Self {
            lead: 3.min(width),
            gap: if width >= 110 { 2 } else { 1 },
            cells: state.columns.iter().map(|column| (*column, fixed(*column, state.list.total()))).collect(),
        };
        for (column, need) in LEAVING {
            if columns.free(width) < need {
                columns.cells.retain(|cell| cell.0 != column);
            }
        }
        columns.share(width);
        columns
    }

    /// The columns in whose place a transfer that has nothing to count says in words what it does or waits for, and how
    /// many cells they have together.
    pub fn words(&self) -> (&[(Column, u16)], u16) {
        let in_words =
            |cell: &(Column, u16)| matches!(cell.0, Column::Speed | Column::Eta | Column::Connections | Column::State);
        let runs = || self.cells.chunk_by(|a, b| in_words(a) && in_words(b)).filter(|run| in_words(&run[0]));
        let with_state = runs().find(|run| run.iter().any(|cell| cell.0 == Column::State));
        let run = with_state.or_else(|| runs().next()).unwrap_or_default();
        let gaps = self.gap * (run.len() as u16).saturating_sub(1);
        (run, run.iter().map(|cell| cell.1).sum::<u16>() + gaps)
    }

    /// What is left beside the columns of fixed width for the others, with the blanks between those.
    fn free(&self, width: u16) -> u16 {
        let fixed = self.cells.iter().filter(|cell| cell.1 > 0).map(|cell| cell.1 + self.gap);
        width.saturating_sub(self.lead + fixed.sum::<u16>())
    }

    /// Deals out what is left: a share for the state and the host, then three fifths for the name, the rest for the bar.
    fn share(&mut self, width: u16) {
        let mut rest = self.free(width);
        let whole = rest;
        let has_bar = self.cells.iter().any(|cell| cell.0 == Column::Progress);
        for (column, cells) in &mut self.cells {
            *cells = match column {
                Column::State => (whole / 4).min(44),
                Column::Host => (whole / 5).clamp(8, 32),
                _ => continue,
            };
            rest = rest.saturating_sub(*cells + self.gap);
        }
        let name = if has_bar { (rest * 3 / 5).clamp(NAME, 52) } else { rest };
        for (column, cells) in &mut self.cells {
            match column {
                Column::Name => *cells = name,
                Column::Progress => *cells = rest.saturating_sub(name + self.gap),
                _ => {}
            }
        }
    }
}

/// The cells of a column whose texts are alike in length; 0 for the others.
fn fixed(column: Column, total: usize) -> u16 {
    match column {
        // Room for the arrow of a sorted column, and for the last number.
        Column::Number => (total.max(1).ilog10() as u16 + 1).max(3),
        Column::Size => 8,
        Column::Done | Column::Connections => 5,
        Column::Speed | Column::Category => 10,
        Column::Eta => 7,
        Column::Added => 11,
        Column::Direction => 4,
        Column::Name | Column::Progress | Column::State | Column::Host => 0,
    }
}
