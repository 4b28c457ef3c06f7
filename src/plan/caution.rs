//! Whether a part is announced before it is sent: a store that refuses one for the moment need not get its bytes first.

/// A smaller part is sent in about the time that its announcement waits.
const LEAST: u64 = 4 << 20;
/// So many parts have to be taken without a refusal until the next is sent unasked.
const TAKEN: u32 = 8;

/// What the last parts met with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caution {
    /// Parts that are still to be announced.
    left: u32,
}

impl Caution {
    /// A part was refused for the moment.
    pub fn refused(&mut self) {
        self.left = TAKEN;
    }

    /// A part was taken.
    pub fn taken(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// True if the next part, of so many bytes, is announced, and waits a moment for what is said to that.
    pub fn announces(self, bytes: u64) -> bool {
        self.left > 0 && bytes >= LEAST
    }
}
