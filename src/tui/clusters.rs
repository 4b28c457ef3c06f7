//! Syllables of several characters on the terminal. For ratatui one of Devanagari, Thai or Tamil stands in one cell and covers
//! those behind it; when something narrower takes its place, the terminal is counted on to clear them. Most terminals have put a
//! character into each of them, which would stay there: as the list is scrolled, bits of a name would be left in other rows.

use ratatui::buffer::{Buffer, CellDiffOption};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The bytes of the shortest syllable that covers other cells: two characters of a script that has them.
const SHORTEST: usize = 4;

/// The cells that syllables covered in the last frame.
#[derive(Debug, Default)]
pub struct Clusters {
    covered: Vec<(u16, u16)>,
}

impl Clusters {
    /// To be called with each frame before it is compared with the last one: what was covered in that is written anew, unless it
    /// is covered again.
    pub fn settle(&mut self, frame: &mut Buffer) {
        for place in self.covered.drain(..) {
            if let Some(cell) = frame.cell_mut(place) {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
        for (index, cell) in frame.content().iter().enumerate() {
            let symbol = cell.symbol();
            if symbol.len() < SHORTEST {
                continue;
            }
            let (shown, width) = (symbol.chars().filter(|c| c.width() > Some(0)).count(), symbol.width());
            if shown > 1 {
                let (x, y) = frame.pos_of(index);
                self.covered.extend((1..width as u16).map(|offset| (x.saturating_add(offset), y)));
            }
        }
    }
}
