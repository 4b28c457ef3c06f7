//! The terminal: taken over, given back, watched. There is one way back, `restore`, for every way out.

use std::fs::File;
use std::io::{self, IsTerminal, Stdout, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::ThreadId;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::process::{Signal, kill_current_process_group};

use super::State;
use super::beacon::{Beacon, GIVE_TITLE_BACK, PUT_OUT};
use super::clusters::Clusters;
use super::view::draw;

/// Asks the terminal to tell of clicks and of the wheel, with numbers of any size. Not of every move, as crossterm would
/// ask: each one would wake the loop.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
/// Takes that back.
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Columns and rows of a terminal that does not tell them.
const UNKNOWN: (u16, u16) = (80, 24);

/// True while the terminal is in our modes, so that it is given back once and not twice.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// 1 while the terminal's title is ours, 2 if its progress is too.
static LIT: AtomicU8 = AtomicU8::new(0);
/// The panic hook is laid over the previous one once.
static HOOK: Once = Once::new();

/// Standard output, which waits until all is taken, as a terminal does. `O_NONBLOCK` belongs to the open file and not to
/// the program, so another one may have left it set: a terminal that is slow for a moment is no failure there either.
struct Patient(Stdout);

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait(|out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wait(Write::flush)
    }
}

impl Patient {
    fn wait<T>(&mut self, act: impl Fn(&mut Stdout) -> io::Result<T>) -> io::Result<T> {
        loop {
            match act(&mut self.0) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    match poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(why) => return Err(why.into()),
                    }
                }
                done => return done,
            }
        }
    }
}

/// Standard output, as long as the terminal is ours. What is written after that is nobody's: ratatui shows the cursor
/// when it is dropped and, on a terminal that has hung up, panics over its failure.
struct Out(Patient);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if TAKEN.load(Ordering::SeqCst) { self.0.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) { self.0.flush() } else { Ok(()) }
    }
}

/// The terminal while the screen is up. Dropping it gives the terminal back.
pub struct Screen {
    beacon: Option<Beacon>,
    terminal: Terminal<CrosstermBackend<Out>>,
    clusters: Clusters,
    takes_mouse: bool,
    is_forgotten: bool,
}

impl Screen {
    /// Takes the terminal over, with or without its mouse.
    pub fn take(takes_mouse: bool, has_title: bool) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::other("standard output is no terminal, so there is nothing to show the screen on"));
        }
        if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return Err(io::Error::other("TERM=dumb is a terminal without a screen; haul --plain works there"));
        }
        hook_panics(std::thread::current().id());
        enter(takes_mouse)?;
        let terminal = on_stdout();
        let beacon = has_title.then(Beacon::from_environment);
        let clusters = Clusters::default();
        let screen = |terminal| Self { beacon, terminal, clusters, takes_mouse, is_forgotten: false };
        terminal.map(screen).inspect_err(|_| restore())
    }

    /// The terminal's size in cells: columns, rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| if size.area() == 0 { UNKNOWN } else { (size.width, size.height) })
    }

    /// Draws one frame; the terminal shows it at once and not in pieces, if it can.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.is_forgotten) {
            // Not `Terminal::clear`: it asks the terminal where the cursor is, and the answer goes to the thread that reads
            // keys. A new one knows nothing of what was drawn, so it draws everything.
            self.terminal = on_stdout()?;
            queue!(self.terminal.backend_mut(), Clear(ClearType::All))?;
        }
        let Self { terminal, clusters, .. } = self;
        let frame = |frame: &mut Frame| {
            draw(state, frame);
            clusters.settle(frame.buffer_mut());
        };
        let drawn = terminal.draw(frame).map(|_| ());
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        drawn?;
        self.show_outside(state)
    }

    /// Shows in the title how far haul is, if that has changed.
    fn show_outside(&mut self, state: &State) -> io::Result<()> {
        let Some(beacon) = &mut self.beacon else { return Ok(()) };
        let news = beacon.news(state);
        if news.is_empty() {
            return Ok(());
        }
        // Before it is lit, so that nothing can come in between that leaves it lit.
        LIT.store(if beacon.knows_progress() { 2 } else { 1 }, Ordering::SeqCst);
        execute!(self.terminal.backend_mut(), Print(news))
    }

    /// Tells the user something through the terminal.
    pub fn notify(&mut self, message: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print(message))
    }

    /// Puts a text on the clipboard, through the terminal (OSC 52), so that it works over SSH too.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Takes the terminal over again and forgets what was on it.
    pub fn retake(&mut self) -> io::Result<()> {
        // Another program may have set its own modes meanwhile, so ours are left first and then set anew.
        restore();
        enter(self.takes_mouse)?;
        if let Some(beacon) = &mut self.beacon {
            beacon.forget();
        }
        self.forget();
        Ok(())
    }

    /// Forgets what was drawn: the next frame is drawn as a whole. A terminal that was made smaller and larger again has cut
    /// or wrapped what it showed, also where it has the old size by the time that haul looks.
    pub fn forget(&mut self) {
        self.is_forgotten = true;
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Where frames are drawn. One that does not tell its size does not change it either, and is as large as most are.
fn on_stdout() -> io::Result<Terminal<CrosstermBackend<Out>>> {
    let backend = CrosstermBackend::new(Out(Patient(io::stdout())));
    if backend.size()?.area() > 0 {
        return Terminal::new(backend);
    }
    let (columns, rows) = UNKNOWN;
    Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, columns, rows)) })
}

fn enter(takes_mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    let mouse = if takes_mouse { MOUSE_ON } else { "" };
    let entered = enable_raw_mode()
        .and_then(|()| execute!(Patient(io::stdout()), EnterAlternateScreen, EnableBracketedPaste, Hide, Print(mouse)));
    entered.inspect_err(|_| restore())
}

/// Gives the terminal back as it was. Harmless when there is nothing to give back.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = Patient(io::stdout());
        // Nothing can be done about a terminal that does not listen any more.
        let _ = give_back(&mut out).and_then(|()| out.flush());
        let _ = disable_raw_mode();
    }
}

/// The same as well as it can be done while another thread may be drawing on a terminal that takes no output: nothing is waited
/// for.
pub fn abandon() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut modes = Vec::new();
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        if let (Ok(()), Ok(mut terminal)) =
            (give_back(&mut modes), File::options().write(true).custom_flags(flags).open("/dev/tty"))
        {
            let _ = terminal.write(&modes);
        }
        let _ = disable_raw_mode();
    }
}

/// Writes what takes the terminal out of our modes.
fn give_back(out: &mut impl Write) -> io::Result<()> {
    let put_out = match LIT.swap(0, Ordering::SeqCst) {
        0 => "",
        1 => GIVE_TITLE_BACK,
        _ => PUT_OUT,
    };
    queue!(
        out,
        EndSynchronizedUpdate,
        Print(put_out),
        Print(MOUSE_OFF),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    )
}

/// A panic on the screen's own thread gives the terminal back before it is told. One on another thread (a task that
/// the engine survives) must not write over the screen: it goes to the log.
fn hook_panics(own: ThreadId) {
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().id() != own && TAKEN.load(Ordering::SeqCst) {
                tracing::error!("{panic}");
                return;
            }
            restore();
            previous(panic);
        }));
    });
}

/// Stops this program and its whole job, as Ctrl-Z does in a terminal that is not in raw mode. Not by SIGTSTP, which haul
/// hears itself since others send it: this one does the same to all who do nothing about it, and nothing where no shell is
/// there to go on.
pub fn stop_job() -> io::Result<()> {
    restore();
    kill_current_process_group(Signal::TTIN).map_err(io::Error::from)
}

/// The terminal that keys come from: standard input or, if that is something else, the controlling one.
fn keys_from() -> io::Result<OwnedFd> {
    if io::stdin().is_terminal() {
        io::stdin().as_fd().try_clone_to_owned()
    } else {
        let none = |why| io::Error::other(format!("there is no terminal to read keys from (/dev/tty: {why})"));
        File::open("/dev/tty").map(OwnedFd::from).map_err(none)
    }
}

/// Ends the watch when it is dropped.
pub struct Watch {
    _stop: io::PipeWriter,
}

/// Watches the terminal on a thread of its own and calls `lost` once when it is gone. crossterm does not tell: its
/// reader spins on a terminal that has hung up. The thread sleeps in `poll` until then.
pub fn watch(lost: impl FnOnce() + Send + 'static) -> io::Result<Watch> {
    let terminal = keys_from()?;
    let (stopped, stop) = io::pipe()?;
    let thread = std::thread::Builder::new().name("haul-terminal".to_owned());
    thread.spawn(move || {
        if hangs_up(&terminal, &stopped) {
            lost();
        }
    })?;
    Ok(Watch { _stop: stop })
}

/// Sleeps until the terminal hangs up (true) or the watch ends (false).
fn hangs_up(terminal: &OwnedFd, stopped: &io::PipeReader) -> bool {
    loop {
        // No event is asked for: hang-up and error are reported all the same.
        let mut both = [PollFd::new(terminal, PollFlags::empty()), PollFd::new(stopped, PollFlags::empty())];
        match poll(&mut both, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) if !both[1].revents().is_empty() => return false,
            Ok(_) if !both[0].revents().is_empty() => return true,
            Ok(_) => {}
        }
    }
}

/// True if an error means that the terminal is gone.
pub fn is_gone(why: &io::Error) -> bool {
    // EIO is what a write to a terminal gives that has hung up.
    matches!(why.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected)
        || why.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}
