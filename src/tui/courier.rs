//! Takes commands to the engine, in their order and however many an action makes, and waits for it where the screen must not.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::api::{Command, Handle};

/// Commands that are on their way to the engine.
const COMMANDS: usize = 64;
/// How long the last commands may take to reach the engine when the user leaves.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Takes commands to the engine.
pub struct Courier {
    commands: mpsc::Sender<Command>,
    /// Those that found no place there.
    waiting: VecDeque<Command>,
    delivery: JoinHandle<()>,
}

impl Courier {
    /// Begins to work. Needs tokio's runtime.
    pub fn start(handle: Handle) -> Self {
        let (commands, queue) = mpsc::channel(COMMANDS);
        Self { commands, waiting: VecDeque::new(), delivery: tokio::spawn(deliver(handle, queue)) }
    }

    /// Takes a command along; false if the engine has ended, and none reaches it any more.
    pub fn send(&mut self, command: Command) -> bool {
        self.waiting.push_back(command);
        while let Ok(place) = self.commands.try_reserve()
            && let Some(command) = self.waiting.pop_front()
        {
            place.send(command);
        }
        !self.commands.is_closed()
    }

    /// Sends one of those that wait, once there is a place for it. Never resolves while none waits.
    pub async fn send_on(&mut self) {
        if self.waiting.is_empty() {
            return pending().await;
        }
        match self.commands.reserve().await {
            Ok(place) => {
                if let Some(command) = self.waiting.pop_front() {
                    place.send(command);
                }
            }
            Err(_) => self.waiting.clear(),
        }
    }

    /// The engine hears what was asked for last.
    pub async fn finish(self) {
        let Self { commands, waiting, delivery } = self;
        let last_words = async {
            for command in waiting {
                // There is nobody to tell it to any more.
                let _ = commands.send(command).await;
            }
            drop(commands);
            delivery.await
        };
        let _ = timeout(LAST_WORDS, last_words).await;
    }
}

async fn deliver(handle: Handle, mut queue: mpsc::Receiver<Command>) {
    while let Some(command) = queue.recv().await {
        if !handle.send(command).await {
            return;
        }
    }
}
