//! Keys and pastes from the terminal, on a thread of their own.
//!
//! Not on the loop's thread: crossterm reads on until a sequence is whole, and spins on a terminal that has hung up, so
//! a stream polled by the loop could take the loop with it.

use std::io;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Message;
use crate::config::{Chord, Key};

/// Messages that may wait for the loop before the reader waits too.
const WAITING: usize = 64;

/// Starts to read. Dropping the guard ends it.
pub fn read() -> io::Result<(mpsc::Receiver<Message>, DropGuard)> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let thread = std::thread::Builder::new().name("haul-keys".to_owned());
    thread.spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = forward(sender) => {}
            }
        });
    })?;
    Ok((receiver, guard))
}

async fn forward(sender: mpsc::Sender<Message>) {
    let mut events = EventStream::new();
    // An error means that the terminal is gone, which the watch tells; then there is nothing more to read.
    while let Some(Ok(event)) = events.next().await {
        let Some(message) = message(event) else { continue };
        if sender.send(message).await.is_err() {
            return;
        }
    }
}

fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) => chord(key).map(Message::Key),
        Event::Paste(text) => Some(Message::Pasted(text)),
        Event::Resize(columns, rows) => Some(Message::Resized { columns, rows }),
        Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

/// The key in the keymap's words; `None` for what it has no word for, and for releases.
fn chord(event: KeyEvent) -> Option<Chord> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let key = match event.code {
        KeyCode::Char(c) if ctrl => Key::Char(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(number @ 1..=12) => Key::F(number),
        _ => return None,
    };
    Some(Chord { ctrl, alt: event.modifiers.contains(KeyModifiers::ALT), key })
}
