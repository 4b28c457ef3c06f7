//! Which columns fit, and how wide they are. What leaves first as the screen gets narrow: connections, ETA, size, then
//! the bar shrinks; at 40 columns name, percent and speed are left.

/// Widths of the columns; one of 0 cells is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The selection's mark, the state's glyph and a blank.
    pub lead: u16,
    /// Name.
    pub name: u16,
    /// Bytes of the file.
    pub size: u16,
    /// The bar.
    pub parts: u16,
    /// Percent.
    pub percent: u16,
    /// Speed.
    pub speed: u16,
    /// Time to go.
    pub eta: u16,
    /// Connections, open and allowed.
    pub connections: u16,
    /// The state in words.
    pub state: u16,
    /// Blanks between two columns.
    pub gap: u16,
}

impl Columns {
    /// The columns for a width.
    pub fn fit(width: u16) -> Self {
        let mut columns = Self {
            lead: 3,
            size: 8,
            percent: 5,
            speed: 10,
            eta: 7,
            connections: 5,
            gap: if width >= 110 { 2 } else { 1 },
            ..Self::default()
        };
        let drops: [fn(&mut Self); 5] = [
            |columns| columns.connections = 0,
            |columns| columns.eta = 0,
            |columns| columns.size = 0,
            |columns| columns.speed = 0,
            |columns| columns.percent = 0,
        ];
        // Name and bar together need this much; the bar is given up before speed and percent are.
        let needs = [26, 26, 26, 10, 8];
        for (drop, need) in drops.into_iter().zip(needs) {
            if columns.free(width) < need {
                drop(&mut columns);
            }
        }
        columns.share(width);
        columns
    }

    /// What is left for name, bar and state beside the columns of fixed width.
    fn free(&self, width: u16) -> u16 {
        let fixed = [self.size, self.percent, self.speed, self.eta, self.connections];
        let taken: u16 = fixed.into_iter().filter(|cells| *cells > 0).map(|cells| cells + self.gap).sum();
        width.saturating_sub(self.lead + taken)
    }

    fn share(&mut self, width: u16) {
        let free = self.free(width);
        if width >= 104 {
            self.state = (free / 4).min(44);
        }
        let rest = free - self.state - if self.state > 0 { self.gap } else { 0 };
        if rest < 20 {
            (self.name, self.parts) = (rest, 0);
            return;
        }
        self.name = (rest * 3 / 5).clamp(12, 52);
        self.parts = rest - self.name - self.gap;
    }

    /// How many cells a text may take that stands in place of speed, ETA, connections and state.
    pub fn tail(&self) -> u16 {
        let cells = [self.speed, self.eta, self.connections, self.state].into_iter().filter(|cells| *cells > 0);
        let (sum, count) = cells.fold((0, 0), |(sum, count), cells| (sum + cells, count + 1));
        sum + self.gap * u16::saturating_sub(count, 1)
    }
}
