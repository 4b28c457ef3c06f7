//! Syllables of several characters on the terminal. For ratatui one of Devanagari, Thai or Tamil stands in one cell and covers
//! those behind it; when something narrower takes its place, the terminal is counted on to clear them. Most terminals have put a
//! character into each of them, which would stay there: as the list is scrolled, bits of a name would be left in other rows.

use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, CellDiffOption};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The bytes of the shortest syllable that covers other cells: two characters of a script that has them.
const SHORTEST: usize = 4;

/// The half-width sound marks of Japanese have a cell of their own. ratatui counts two for each, and would leave in the second
/// what was there.
const SOUND_MARKS: [char; 2] = ['\u{ff9e}', '\u{ff9f}'];

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
        for index in 0..frame.content.len() {
            let symbol = frame.content[index].symbol();
            if symbol.len() < SHORTEST {
                continue;
            }
            let (first, width) = (symbol.chars().next().and_then(UnicodeWidthChar::width), symbol.width() as u16);
            let is_marked = symbol.contains(SOUND_MARKS);
            if first.is_some_and(|first| first < usize::from(width)) {
                let (x, y) = frame.pos_of(index);
                self.covered.extend((1..width).map(|offset| (x.saturating_add(offset), y)));
            }
            if let (true, Some(width)) = (is_marked, NonZeroU16::new(width)) {
                frame.content[index].set_diff_option(CellDiffOption::ForcedWidth(width));
            }
        }
    }
}
