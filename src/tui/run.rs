//! The loop: waits for whatever comes first, lets `update` think, does what it asks, and draws when a frame is due.

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::clipboard::{self, ClipboardWatch};
use super::courier::Courier;
use super::outside::Outside;
use super::terminal::{self, Screen};
use super::{Effect, Frames, Message, Palette, Setup, State, beacon, input, past, update};
use crate::api::{Command, Event, Handle, Signalled, Snapshot};
use crate::config::Notify;
use crate::model::Moment;

/// After a wake-up so many more messages are taken before a frame is drawn.
const DRAIN: usize = 64;
/// What is said of an engine that hears nothing any more.
const STOPPED: &str = "the engine has stopped: leave and start haul again";
/// How long after Ctrl-Z the program is sure to be stopped, if it can be.
const STOPS_WITHIN: Duration = Duration::from_millis(300);

/// Why the screen is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user left.
    Quit,
    /// A signal of this number asked the program to end.
    Signal(i32),
    /// The terminal hung up.
    TerminalLost,
}

/// Shows the screen until the user leaves, a signal comes or the terminal is gone; the terminal is as it was before.
/// Blocks the calling thread, which has a small runtime of its own, so that the screen never waits for the engine's.
pub fn run(handle: Handle, setup: Setup, signalled: Signalled) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(async { Loop::start(handle, setup, signalled)?.run().await });
    terminal::restore();
    // A reader that is stuck in a dead terminal is not waited for.
    runtime.shutdown_background();
    match exit {
        Err(why) if terminal::is_gone(&why) => Ok(Exit::TerminalLost),
        other => other,
    }
}

/// Everything that the loop listens to and speaks to.
struct Loop {
    screen: Screen,
    state: State,
    frames: Frames,
    started: Instant,
    keys: mpsc::Receiver<Message>,
    outside: Outside,
    heard: mpsc::Receiver<Message>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    events: broadcast::Receiver<Event>,
    signalled: Signalled,
    stop: Signal,
    go_on: Signal,
    courier: Courier,
    lost: mpsc::Receiver<()>,
    /// The file with the lines that were typed behind `:`.
    past: Option<PathBuf>,
    clipboard: Option<ClipboardWatch>,
    engine_lives: bool,
    _watch: terminal::Watch,
    _reader: tokio_util::sync::DropGuard,
}

/// What woke the loop.
enum Wake {
    Message(Message),
    Stop,
    GoOn,
    /// A command that waited is on its way.
    Sent,
    Frame,
    End(Exit),
}

impl Loop {
    fn start(handle: Handle, setup: Setup, signalled: Signalled) -> io::Result<Self> {
        let by_number = |number: rustix::process::Signal| signal(SignalKind::from_raw(number.as_raw()));
        let stop = by_number(rustix::process::Signal::TSTP)?;
        let go_on = by_number(rustix::process::Signal::CONT)?;
        let (told, lost) = mpsc::channel(1);
        let watch = terminal::watch(move || {
            // Fails only if the loop has ended, and then nobody needs to be told.
            let _ = told.blocking_send(());
        })?;
        let (takes_mouse, has_title) = (setup.mouse, setup.habits.title);
        let (past, watches) = (setup.past.clone(), setup.clipboard);
        let mut state = {
            let palette = Palette::from_environment(setup.theme);
            State::new(setup, palette)
        };
        state.past = past.as_deref().map(past::load).unwrap_or_default();
        let (snapshots, events) = (handle.snapshots(), handle.events());
        let courier = Courier::start(handle);
        let screen = Screen::take(takes_mouse, has_title)?;
        let (keys, reader) = input::read()?;
        let (outside, heard) = Outside::new();
        let started = Instant::now();
        let mut this = Self {
            screen,
            state,
            frames: Frames::default(),
            started,
            keys,
            outside,
            heard,
            snapshots,
            events,
            signalled,
            stop,
            go_on,
            courier,
            lost,
            past,
            clipboard: None,
            engine_lives: true,
            _watch: watch,
            _reader: reader,
        };
        this.snapshots.mark_changed();
        if watches {
            this.watch(true);
        }
        let (columns, rows) = this.screen.size()?;
        let _ = update(&mut this.state, Message::Resized { columns, rows });
        Ok(this)
    }

    async fn run(mut self) -> io::Result<Exit> {
        let exit = loop {
            if let ControlFlow::Break(exit) = self.turn().await? {
                break exit;
            }
        };
        // Dropping the screen gives the terminal back; then the engine hears what was asked for last.
        drop(self.screen);
        self.courier.finish().await;
        Ok(exit)
    }

    /// One wake-up: its message, what else has come, and a frame if one is due.
    async fn turn(&mut self) -> io::Result<ControlFlow<Exit>> {
        if std::mem::take(&mut self.state.stale) {
            self.frames.want();
        }
        let mut next = match self.wait().await {
            Wake::Message(message) => Some(message),
            Wake::Stop => return self.suspend().await.map(ControlFlow::Continue),
            Wake::GoOn => return self.come_back().map(ControlFlow::Continue),
            Wake::Frame | Wake::Sent => None,
            Wake::End(exit) => return Ok(ControlFlow::Break(exit)),
        };
        let mut taken = 0;
        while let Some(message) = next {
            self.state.now = Moment::after(self.started.elapsed());
            if matches!(message, Message::Resized { .. }) {
                self.screen.forget();
            }
            if matches!(message, Message::Key(_) | Message::Mouse(_) | Message::Pasted(_)) {
                self.frames.hurry();
            }
            for effect in update(&mut self.state, message) {
                if let ControlFlow::Break(exit) = self.perform(effect).await? {
                    return Ok(ControlFlow::Break(exit));
                }
            }
            taken += 1;
            next = if taken <= DRAIN { self.poll() } else { None };
        }
        self.show()?;
        Ok(ControlFlow::Continue(()))
    }

    /// Sleeps until something happens or a frame is due. There is no tick: an idle screen costs nothing.
    async fn wait(&mut self) -> Wake {
        let frame = self.frames.deadline().map(|at| self.started + at.since(Moment::ZERO));
        let toast = self.state.toast_until().map(|at| self.started + at.since(Moment::ZERO));
        tokio::select! {
            number = self.signalled.come() => Wake::End(Exit::Signal(number)),
            Some(()) = self.lost.recv() => Wake::End(Exit::TerminalLost),
            _ = self.stop.recv() => Wake::Stop,
            _ = self.go_on.recv() => Wake::GoOn,
            Some(message) = self.keys.recv() => Wake::Message(message),
            Some(message) = self.heard.recv() => Wake::Message(message),
            changed = self.snapshots.changed(), if self.engine_lives => {
                self.engine_lives = changed.is_ok();
                Wake::Message(self.latest())
            }
            told = self.events.recv(), if self.engine_lives => {
                if let Ok(event) = told {
                    return Wake::Message(Message::Happened(event));
                }
                // What was missed is in the snapshot.
                self.engine_lives = !matches!(told, Err(RecvError::Closed));
                Wake::Message(self.latest())
            }
            () = self.courier.send_on() => Wake::Sent,
            () = until(toast) => Wake::Message(Message::Expired),
            () = until(frame) => Wake::Frame,
        }
    }

    /// One more message, if one has come already.
    fn poll(&mut self) -> Option<Message> {
        if let Ok(message) = self.keys.try_recv() {
            return Some(message);
        }
        match self.events.try_recv() {
            Ok(event) => return Some(Message::Happened(event)),
            Err(TryRecvError::Lagged(_)) => return Some(self.latest()),
            Err(TryRecvError::Empty | TryRecvError::Closed) => {}
        }
        self.snapshots.has_changed().is_ok_and(|changed| changed).then(|| self.latest())
    }

    /// The engine's latest state; or, once it has none to come, that it has ended.
    fn latest(&mut self) -> Message {
        if self.engine_lives {
            Message::Snapshot(self.snapshots.borrow_and_update().clone())
        } else {
            Message::Trouble(STOPPED.to_owned())
        }
    }

    /// Draws if a frame is due.
    fn show(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.state.stale) {
            self.frames.want();
        }
        let now = Moment::after(self.started.elapsed());
        if self.frames.is_due(now) {
            // A frame fills the terminal as it is now, so what keys and clicks mean must go by that size too, although the
            // word of the change is still on its way.
            self.measure()?;
            self.screen.draw(&self.state)?;
            self.frames.drawn(now);
        }
        Ok(())
    }

    async fn perform(&mut self, effect: Effect) -> io::Result<ControlFlow<Exit>> {
        match effect {
            Effect::Send(command) => self.send(command),
            Effect::Notify(text) => self.notify(&text)?,
            Effect::Open(path) => self.outside.open(path),
            Effect::Shell { command, environment } => self.outside.shell(command, environment),
            Effect::Write { path, text } => self.outside.write(path, text),
            Effect::Ask(inquiry) => self.outside.ask(inquiry),
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Remember(line) => self.outside.remember(self.past.clone(), line),
            Effect::Watch(on) => self.watch(on),
            Effect::Redraw => self.screen.forget(),
            Effect::Suspend => self.suspend().await?,
            Effect::Quit => return Ok(ControlFlow::Break(Exit::Quit)),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn send(&mut self, command: Command) {
        if !self.courier.send(command) {
            self.trouble(STOPPED);
        }
    }

    /// Begins or ends to watch the clipboard. What came of it is told by the watch itself.
    fn watch(&mut self, on: bool) {
        self.clipboard = None;
        if on {
            match ClipboardWatch::start(clipboard::desktop, clipboard::PACE, self.outside.told()) {
                Ok(watch) => self.clipboard = Some(watch),
                Err(why) => self.trouble(&format!("the clipboard can't be watched: {why}")),
            }
        }
    }

    fn notify(&mut self, text: &str) -> io::Result<()> {
        let notify = self.state.habits.notify;
        if notify == Notify::Desktop {
            self.outside.notify(text);
        }
        beacon::message(notify, text).map_or(Ok(()), |message| self.screen.notify(&message))
    }

    fn trouble(&mut self, text: &str) {
        // It may be long since a message came.
        self.state.now = Moment::after(self.started.elapsed());
        let _ = update(&mut self.state, Message::Trouble(text.to_owned()));
    }

    /// Puts the program in the background; comes back here when it is in the foreground again.
    async fn suspend(&mut self) -> io::Result<()> {
        terminal::stop_job()?;
        // The stop takes hold here. A job without a shell above it is not stopped by this signal, which is as well:
        // nobody could wake it.
        let was_stopped = timeout(STOPS_WITHIN, self.go_on.recv()).await.is_ok();
        self.come_back()?;
        if !was_stopped {
            self.trouble("there is no shell to go back to: haul stays here");
        }
        Ok(())
    }

    /// Takes the terminal over again and draws everything anew, in the size that it has now.
    fn come_back(&mut self) -> io::Result<()> {
        self.screen.retake()?;
        self.state.stale = true;
        self.measure()
    }

    /// Takes over the size that the terminal has now.
    fn measure(&mut self) -> io::Result<()> {
        let (columns, rows) = self.screen.size()?;
        if (columns, rows) != (self.state.size.width, self.state.size.height) {
            let _ = update(&mut self.state, Message::Resized { columns, rows });
        }
        Ok(())
    }
}

/// Sleeps until a moment; for ever, if there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
