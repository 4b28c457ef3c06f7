//! Keys, pastes and the mouse from the terminal, on a thread of their own.
//!
//! Not on the loop's thread: crossterm reads on until a sequence is whole, and spins on a terminal that has hung up, so
//! a stream polled by the loop could take the loop with it.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Burst, Gesture, Message, Mouse};
use crate::config::{Chord, Key};

/// Messages that may wait for the loop before the reader waits too.
const WAITING: usize = 64;
/// Two clicks at one place within this time are a double click.
const DOUBLE: Duration = Duration::from_millis(400);

/// Starts to read. Dropping the guard ends it.
pub fn read() -> io::Result<(mpsc::Receiver<Message>, DropGuard)> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
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
    let (mut clicks, mut burst) = (Clicks::default(), Burst::default());
    loop {
        let passed = match next(&mut events, burst.patience()).await {
            Some(Ok(event)) => message(event, &mut clicks).map_or_else(Vec::new, |message| burst.take(message)),
            None => burst.end(),
            // The terminal is gone, which the watch tells; then there is nothing more to read.
            Some(Err(_)) => return,
        };
        for message in passed {
            if sender.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// What comes next; `None` if nothing does within that time.
async fn next(events: &mut EventStream, patience: Option<Duration>) -> Option<io::Result<Event>> {
    let event = events.next();
    let event = match patience {
        Some(span) => tokio::time::timeout(span, event).await.ok()?,
        None => event.await,
    };
    Some(event.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into())))
}

fn message(event: Event, clicks: &mut Clicks) -> Option<Message> {
    match event {
        Event::Key(key) => chord(key).map(Message::Key),
        Event::Paste(text) => Some(Message::Pasted(text)),
        Event::Resize(columns, rows) => Some(Message::Resized { columns, rows }),
        Event::Mouse(mouse) => clicks.gesture(mouse, Instant::now()).map(Message::Mouse),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Remembers the last click, to know a double click.
#[derive(Default)]
struct Clicks {
    last: Option<(Instant, u16, u16)>,
}

impl Clicks {
    /// What the mouse did; `None` for what means nothing here.
    fn gesture(&mut self, event: MouseEvent, now: Instant) -> Option<Mouse> {
        let (x, y) = (event.column, event.row);
        let gesture = match event.kind {
            MouseEventKind::ScrollUp => Gesture::WheelUp,
            MouseEventKind::ScrollDown => Gesture::WheelDown,
            MouseEventKind::Down(MouseButton::Right) => Gesture::OtherClick,
            MouseEventKind::Down(MouseButton::Left) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                Gesture::OtherClick
            }
            MouseEventKind::Down(MouseButton::Left) => self.click(x, y, now),
            _ => return None,
        };
        Some(Mouse { x, y, gesture })
    }

    fn click(&mut self, x: u16, y: u16, now: Instant) -> Gesture {
        let is_second = |(at, column, row): (Instant, u16, u16)| now - at < DOUBLE && (column, row) == (x, y);
        if self.last.take().is_some_and(is_second) {
            return Gesture::DoubleClick;
        }
        self.last = Some((now, x, y));
        Gesture::Click
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
