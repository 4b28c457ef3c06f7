//! What goes where: the bands of the screen, and what leaves first when the terminal gets low.

use ratatui::layout::Rect;

use super::super::State;

/// The bands of the screen from top to bottom. One without a line is not drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bands {
    /// Totals.
    pub header: Rect,
    /// The views.
    pub views: Rect,
    /// The rule below the views.
    pub rule: Rect,
    /// The names of the columns.
    pub columns: Rect,
    /// The transfers.
    pub list: Rect,
    /// The rule with the selected transfer's name.
    pub title: Rect,
    /// The selected transfer.
    pub details: Rect,
    /// The rule above the keys.
    pub last_rule: Rect,
    /// The keys.
    pub footer: Rect,
}

/// The tallest that the details get while the list is shown: eight connections and what there is to say.
const DETAILS: u16 = 18;

/// Deals out the lines of the screen.
pub fn bands(state: &State, area: Rect) -> Bands {
    let height = area.height;
    let header = u16::from(height >= 5);
    let views = u16::from(height >= 12 && !state.zoomed);
    let rule = u16::from(height >= 28 && !state.zoomed);
    let columns = u16::from(height >= 7 && !state.zoomed);
    let footer = u16::from(height >= 3);
    let last_rule = u16::from(height >= 18);
    let room = height - (header + views + rule + columns + footer + last_rule).min(height);
    let (list, title, details) = match (state.zoomed, height) {
        (true, 0..6) => (0, 0, room),
        (true, _) => (0, 1, room - 1),
        (false, 0..16) => (room, 0, 0),
        (false, _) if state.list.total() == 0 => (room, 0, 0),
        (false, _) => {
            let fair = (room * 11 / 20).min(DETAILS);
            // A short list leaves the lines that it does not fill, but for one, to the details.
            let wanted = u16::try_from(state.list.total()).unwrap_or(u16::MAX).saturating_add(1);
            let details = (room - wanted.min(room - fair)).min(DETAILS);
            (room - details, 1, details - 1)
        }
    };
    let mut top = area.y;
    let mut band = |lines: u16| {
        let rect = Rect::new(area.x, top, area.width, lines).intersection(area);
        top = top.saturating_add(lines);
        rect
    };
    Bands {
        header: band(header),
        views: band(views),
        rule: band(rule),
        columns: band(columns),
        list: band(list),
        title: band(title),
        details: band(details),
        last_rule: band(last_rule),
        footer: band(footer),
    }
}

/// The whole terminal.
pub fn whole(state: &State) -> Rect {
    Rect::new(0, 0, state.size.width, state.size.height)
}

/// How many transfers fit.
pub fn list_height(state: &State) -> usize {
    usize::from(bands(state, whole(state)).list.height)
}

/// The part between the totals and the keys, for what takes the place of the list and the details.
pub fn middle(bands: &Bands, area: Rect) -> Rect {
    let top = bands.views.bottom().max(bands.header.bottom()).max(area.y);
    let bottom = if bands.last_rule.height > 0 { bands.last_rule.y } else { bands.footer.y };
    let bottom = if bands.footer.height > 0 { bottom } else { area.bottom() };
    Rect::new(area.x, top, area.width, bottom.saturating_sub(top))
}
