//! What is read of a stream, which gives its bytes once: nobody reads on when it was told to stop, and who has read of it
//! can't begin again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio_util::sync::CancellationToken;

use super::original::{Original, opened, unread};
use crate::model::{Fault, FaultKind, Lock, TransferId};

/// So much is copied at once.
const STEP: usize = 256 << 10;
/// So long a silent stream is waited for before a look at whether it is to be read at all: 100 ms.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The transfers that have read bytes of their streams in this run. Another attempt would send the rest as if it were all.
#[derive(Debug, Default)]
pub(in crate::engine) struct Streams(Lock<BTreeSet<TransferId>>);

impl Streams {
    fn note_read(&self, id: TransferId) {
        self.0.lock().insert(id);
    }

    /// A transfer's stream was read to its end: the next one begins at its own beginning. One that is removed is not forgotten,
    /// for an undo brings it back.
    pub(in crate::engine) fn forget(&self, id: TransferId) {
        self.0.lock().remove(&id);
    }

    /// True if bytes of its stream were read.
    pub(super) fn is_read(&self, id: TransferId) -> bool {
        self.0.lock().contains(&id)
    }
}

/// The stream, and the folder where its pieces are kept meanwhile.
pub(super) struct Pipe {
    stream: File,
    path: PathBuf,
    folder: PathBuf,
    id: TransferId,
    streams: Arc<Streams>,
    stop: CancellationToken,
}

impl Pipe {
    /// Opens it. May block until somebody writes to it.
    pub(super) fn open(
        path: PathBuf,
        folder: PathBuf,
        id: TransferId,
        streams: Arc<Streams>,
        stop: CancellationToken,
    ) -> Result<Self, Fault> {
        let stream = opened(&path).map_err(|why| unread(&path, "reading the stream", &why))?;
        Ok(Self { stream, path, folder, id, streams, stop })
    }

    /// The next bytes of the stream, at most so many; fewer at its end. Fails if it is told to stop.
    pub(super) fn next(&mut self, most: u64) -> Result<Original, Fault> {
        let kept = |why: io::Error| Fault::disk(self.folder.display(), "keeping a piece of the stream", &why);
        let mut file = nameless(&self.folder, self.id).map_err(kept)?;
        let (mut buffer, mut left) = (vec![0; STEP], most);
        while left > 0 {
            let step = left.min(STEP as u64) as usize;
            self.wait()?;
            match (&self.stream).read(&mut buffer[..step]) {
                Ok(0) => break,
                Ok(count) => {
                    self.streams.note_read(self.id);
                    file.write_all(&buffer[..count]).map_err(kept)?;
                    left -= count as u64;
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(Fault::disk(self.path.display(), "reading the stream", &why)),
            }
        }
        Original::nameless(file, self.path.clone())
    }

    /// Waits until there is something to read. What can't be waited for is read.
    fn wait(&self) -> Result<(), Fault> {
        while !self.stop.is_cancelled() {
            let mut asked = [PollFd::new(&self.stream, PollFlags::IN)];
            if !matches!(poll(&mut asked, Some(&LOOK)), Ok(0) | Err(Errno::INTR)) {
                return Ok(());
            }
        }
        Err(Fault::new(FaultKind::State, self.path.display(), "nobody waits for the stream any more"))
    }
}

/// A new file that has lost its name by the time that it is handed out: it goes with whoever holds it.
fn nameless(folder: &Path, id: TransferId) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("{id}.piece"));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}
