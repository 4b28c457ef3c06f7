//! A stream that people or programs may stop reading at any time. A reader that has gone never ends a download.

use std::io::{self, ErrorKind, Write};

/// Writes whole lines for as long as there is a reader.
pub struct Outlet<W> {
    to: W,
    is_closed: bool,
    is_torn: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Outlet<W> {
    /// An outlet to `to`.
    pub fn new(to: W) -> Self {
        Self { to, is_closed: false, is_torn: false, failed: None }
    }

    /// Writes the text as it stands and flushes it; a failure is told at the end alone, and nothing follows a closed pipe. After
    /// another failure (a full disk) the next text begins on a line of its own.
    pub fn write(&mut self, text: &str) {
        if self.is_closed || text.is_empty() {
            return;
        }
        let begin: &[u8] = if self.is_torn { b"\n" } else { b"" };
        let result = self.to.write_all(begin).and_then(|()| self.to.write_all(text.as_bytes()));
        match result.and_then(|()| self.to.flush()) {
            Ok(()) => self.is_torn = false,
            Err(why) => {
                self.is_torn = true;
                self.is_closed = why.kind() == ErrorKind::BrokenPipe;
                self.failed.get_or_insert(why);
            }
        }
    }

    /// Why not all of it was written, unless the reader has gone.
    pub fn trouble(&self) -> Option<String> {
        self.failed.as_ref().filter(|why| why.kind() != ErrorKind::BrokenPipe).map(ToString::to_string)
    }

    /// Whether all of it was written, or why not.
    pub fn end(self) -> io::Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    /// True once the reader has gone.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }
}
