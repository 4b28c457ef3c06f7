//! What the screen has done outside of itself: programs that it starts, files that it writes. How that went comes back as a
//! message, and the screen never waits for it.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use super::{Inquiry, Message, disk, past};
use crate::shell::{Environment, Program};

/// Messages that may wait for the loop.
const WAITING: usize = 16;
/// How long the desktop may take to show a message.
const NOTIFIED: Duration = Duration::from_secs(10);
/// So many programs run at once; more of them wait.
const AT_ONCE: usize = 8;

/// Has things done.
pub struct Outside {
    told: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
}

impl Outside {
    /// What has things done, and where it tells how they went.
    pub fn new() -> (Self, mpsc::Receiver<Message>) {
        let (told, heard) = mpsc::channel(WAITING);
        (Self { told, room: Arc::new(Semaphore::new(AT_ONCE)) }, heard)
    }

    /// Opens a file or a folder with what the desktop has for it.
    pub fn open(&self, path: PathBuf) {
        let told = self.told.clone();
        tokio::spawn(async move {
            let is_there = path.clone();
            let is_there = tokio::task::spawn_blocking(move || is_there.symlink_metadata()).await;
            let why = match is_there {
                Ok(Err(why)) => Some(format!("{} can't be opened: {why}", path.display())),
                _ => Program::Open(path).run(&Environment::new(), None).await.err(),
            };
            if let Some(why) = why {
                // Fails only if the loop has ended.
                let _ = told.send(Message::Trouble(why)).await;
            }
        });
    }

    /// Asks the disk on a thread of its own, which the end of haul does not wait for.
    pub fn ask(&self, inquiry: Inquiry) {
        let told = self.told.clone();
        tokio::task::spawn_blocking(move || {
            // Fails only if the loop has ended.
            let _ = told.blocking_send(Message::Answered(disk::look(inquiry)));
        });
    }

    /// Shows a message of the desktop.
    pub fn notify(&self, text: &str) {
        let (told, program) = (self.told.clone(), Program::Notify(text.to_owned()));
        tokio::spawn(async move {
            if let Err(why) = program.run(&Environment::new(), Some(NOTIFIED)).await {
                let _ = told.send(Message::Trouble(why)).await;
            }
        });
    }

    /// Runs a command of the shell.
    pub fn shell(&self, command: String, environment: Environment) {
        let (told, room) = (self.told.clone(), self.room.clone());
        tokio::spawn(async move {
            let _turn = room.acquire().await;
            let program = Program::Shell(command);
            let message = match program.run(&environment, None).await {
                Ok(said) if said.is_empty() => Message::Told(format!("done: {}", program.name())),
                Ok(said) => Message::Told(said),
                Err(why) => Message::Trouble(why),
            };
            let _ = told.send(message).await;
        });
    }

    /// Where messages for the loop go.
    pub fn told(&self) -> mpsc::Sender<Message> {
        self.told.clone()
    }

    /// Keeps a line for the next start, if lines are kept and this one may be.
    pub fn remember(&self, file: Option<PathBuf>, line: String) {
        let Some(file) = file.filter(|_| past::may_be_kept(&line)) else { return };
        let told = self.told.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(why) = past::keep(&file, &line) {
                let _ = told.blocking_send(Message::Trouble(format!("{} can't be written: {why}", file.display())));
            }
        });
    }

    /// Writes a new file.
    pub fn write(&self, path: PathBuf, text: String) {
        let told = self.told.clone();
        tokio::task::spawn_blocking(move || {
            let message = match write_new(&path, &text) {
                Ok(()) => Message::Told(format!("written to {}", path.display())),
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                    Message::Trouble(format!("{} exists already, and is not replaced", path.display()))
                }
                Err(why) => Message::Trouble(format!("{} can't be written: {why}", path.display())),
            };
            let _ = told.blocking_send(message);
        });
    }
}

/// A file that was not there before, for its owner alone: URLs may hold logins.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
