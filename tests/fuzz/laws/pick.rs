//! Choices drawn from the bytes of a fuzzer: when they run out, every choice is the first.

/// Bytes from which choices are drawn, from the front on.
pub struct Pick<'a>(&'a [u8]);

impl<'a> Pick<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// At most so many bytes.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A number of up to eight bytes, small ones as likely as large ones.
    pub fn number(&mut self) -> u64 {
        let size = usize::from(self.byte() % 9);
        self.bytes(size).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A number below this one, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// A text of up to this many bytes.
    pub fn text(&mut self, longest: usize) -> String {
        let size = usize::from(self.byte()) % (longest + 1);
        String::from_utf8_lossy(self.bytes(size)).into_owned()
    }

    pub fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.byte() % 2 == 1).then(|| draw(self))
    }
}
