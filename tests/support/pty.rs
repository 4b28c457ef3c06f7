//! A terminal of its own for the real program: it types, pastes, resizes, and reads the screen as a person would.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use vt100::{Parser, Screen};

use super::sandbox::Sandbox;

/// How long a test waits for the screen; only a test that fails ever waits so long.
const DEADLINE: Duration = Duration::from_secs(30);

/// What the reading thread and the test share.
struct Shown {
    parser: Parser,
    raw: Vec<u8>,
    /// The terminal takes no output.
    stalls: bool,
    /// The terminal is being shut: the thread is to let go of it.
    closing: bool,
    /// The thread reads no more.
    over: bool,
}

type Shared = Arc<(Mutex<Shown>, Condvar)>;
type Typing = Arc<Mutex<Box<dyn Write + Send>>>;

/// The real program in a real pty. It is killed when this is dropped.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    typing: Typing,
    shown: Shared,
    id: Pid,
    ended: Receiver<Exit>,
    exit: Option<Exit>,
    reader: Option<JoinHandle<()>>,
}

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(u32),
    /// By a signal.
    Signal,
}

impl Terminal {
    /// Starts the real program on a screen of so many columns and rows.
    pub fn start(sandbox: &Sandbox, arguments: &[&str], (columns, rows): (u16, u16)) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_haul"));
        command.args(arguments);
        Self::spawn(sandbox, command, (columns, rows))
    }

    /// Starts any program in the same way.
    pub fn spawn(sandbox: &Sandbox, mut command: CommandBuilder, (columns, rows): (u16, u16)) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        for (name, value) in sandbox.variables() {
            command.env(name, value);
        }
        command.cwd(sandbox.downloads());
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let id = Pid::from_raw(child.process_id().unwrap().cast_signed()).unwrap();
        let (tell, ended) = sync_channel(1);
        std::thread::spawn(move || {
            let status = child.wait().unwrap();
            let exit = if status.signal().is_some() { Exit::Signal } else { Exit::Code(status.exit_code()) };
            let _ = tell.send(exit);
        });
        let parser = Parser::new(nonzero(rows), nonzero(columns), 0);
        let shown: Shared = Arc::new((
            Mutex::new(Shown { parser, raw: Vec::new(), stalls: false, closing: false, over: false }),
            Condvar::new(),
        ));
        let typing: Typing = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let from = pair.master.try_clone_reader().unwrap();
        let (to, answers) = (shown.clone(), typing.clone());
        let reader = std::thread::spawn(move || read(from, &to, &answers));
        Self { master: Some(pair.master), typing, shown, id, ended, exit: None, reader: Some(reader) }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.0.lock().unwrap()
    }

    /// Types keys as they come from a keyboard: `"a"`, `"\r"`, `"\x1b"`, `"\x03"`.
    pub fn keys(&self, keys: &str) {
        let mut typing = self.typing.lock().unwrap();
        typing.write_all(keys.as_bytes()).and_then(|()| typing.flush()).expect("a terminal that still takes keys");
    }

    /// Types an upload into the screen's box for them.
    pub fn upload(&self, file: &str, place: &str) {
        self.keys("U");
        self.wait_for_text("the store's own");
        self.keys(file);
        self.wait_for_text(file);
        self.keys("\x1b[B");
        self.keys(place);
        self.wait_for_text(place);
        self.keys("\r");
        self.wait_for("the box to close", |screen| !screen.contents().contains("the store's own"));
    }

    /// Leaves the screen, and answers the question that is asked while transfers run.
    pub fn leave(&self) {
        self.keys("q");
        let until = Instant::now() + DEADLINE;
        let mut shown = self.lock();
        while !shown.over && !shown.parser.screen().contents().contains("Leave?") {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "neither left nor asked:\n{}", shown.parser.screen().contents());
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
        let asks = !shown.over;
        drop(shown);
        if asks {
            // It may be gone already, if what ran has ended in between.
            let _ = self.typing.lock().unwrap().write_all(b"y");
        }
    }

    /// Pastes a text in brackets, as terminals do for programs that asked for it.
    pub fn paste(&self, text: &str) {
        self.wait_for("bracketed paste to be asked for", Screen::bracketed_paste);
        self.keys(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Makes the terminal larger or smaller, and tells the program.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut shown = self.lock();
        shown.parser.screen_mut().set_size(nonzero(rows), nonzero(columns));
        // What is seen from now on was drawn for the new size, and is not the cut rest of the old one.
        shown.parser.process(b"\x1b[2J");
        drop(shown);
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// The screen as it is.
    pub fn screen(&self) -> Screen {
        self.lock().parser.screen().clone()
    }

    /// The text of the screen as it is.
    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Everything that the program wrote, as it wrote it.
    pub fn raw(&self) -> Vec<u8> {
        self.lock().raw.clone()
    }

    /// Waits until the screen is as asked; panics with what it shows if that does not come.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_so: impl Fn(&Screen) -> bool) -> Screen {
        let until = Instant::now() + DEADLINE;
        let mut shown = self.lock();
        loop {
            let screen = shown.parser.screen();
            if is_so(screen) {
                return screen.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the screen waited in vain for: {what}\n{}", screen.contents());
            assert!(!shown.over, "the program ended before: {what}\n{}", screen.contents());
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits until the screen shows a text somewhere.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) -> Screen {
        self.wait_for(text, |screen| screen.contents().contains(text))
    }

    /// Waits until a line of the screen shows all of these words.
    #[track_caller]
    pub fn wait_for_line(&self, words: &[&str]) -> String {
        let line = |screen: &Screen| {
            let lines = screen.rows(0, u16::MAX);
            lines.into_iter().find(|line| words.iter().all(|word| line.contains(word)))
        };
        line(&self.wait_for(&format!("a line with {words:?}"), |screen| line(screen).is_some())).unwrap()
    }

    /// The screen once so many bytes more were drawn and then none for a moment, so that no frame is half there.
    pub fn between_frames(&self, bytes: usize) -> Screen {
        const MOMENT: Duration = Duration::from_millis(25);
        let until = Instant::now() + DEADLINE;
        let mut shown = self.lock();
        let enough = shown.raw.len() + bytes;
        loop {
            let before = shown.raw.len();
            shown = self.shown.1.wait_timeout(shown, MOMENT).unwrap().0;
            if before >= enough && shown.raw.len() == before {
                return shown.parser.screen().clone();
            }
            assert!(Instant::now() < until, "nothing more was drawn:\n{}", shown.parser.screen().contents());
        }
    }

    /// Reads nothing more of what the program writes, until its end.
    pub fn stall(&self) {
        self.lock().stalls = true;
    }

    /// Reads on what the program writes.
    pub fn go_on(&self) {
        self.lock().stalls = false;
        self.shown.1.notify_all();
    }

    /// True if the program's first thread waits for the terminal to take what it writes. Panics if the program has ended.
    #[track_caller]
    pub fn holds_up(&self) -> bool {
        assert!(Path::new(&format!("/proc/{}", self.id.as_raw_nonzero())).exists(), "the program has ended");
        let place = std::fs::read_to_string(format!("/proc/{}/wchan", self.id.as_raw_nonzero())).unwrap_or_default();
        let call = std::fs::read_to_string(format!("/proc/{}/syscall", self.id.as_raw_nonzero())).unwrap_or_default();
        let mut words = call.split_whitespace();
        // Number 1 is write(2) of x86-64, 64 that of ARM.
        let number = words.next();
        let writes = matches!(number, Some("1" | "64")) && words.next() == Some("0x1");
        // And 7, 271 and 73 are poll(2) and ppoll(2), for which it has no other use: the runtime waits in epoll.
        writes || matches!(number, Some("7" | "271" | "73")) || place == "n_tty_write"
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(self.id, signal);
    }

    /// Closes the terminal as a window that is shut: the kernel sends SIGHUP, and reads find the terminal dead.
    pub fn hang_up(&mut self) {
        self.lock().closing = true;
        // The thread waits in a read, and lets go with the next byte: a new size makes a screen draw, and a key that
        // does nothing is echoed where nothing is drawn.
        let (rows, columns) = self.screen().size();
        self.resize(columns.get() - 1, rows.get());
        self.keys("\0");
        let shown = self.lock();
        let (shown, late) = self.shown.1.wait_timeout_while(shown, DEADLINE, |shown| !shown.over).unwrap();
        assert!(!late.timed_out(), "the terminal can't be shut: nothing was drawn after a resize");
        drop(shown);
        self.master = None;
        // Its drop types a line's end and Ctrl-D, and closes the last handle.
        *self.typing.lock().unwrap() = Box::new(std::io::sink());
    }

    /// Waits for the program's end and for the last that it wrote; kills it and panics if that takes too long.
    #[track_caller]
    pub fn finish_within(&mut self, span: Duration) -> Exit {
        let Ok(exit) = self.ended.recv_timeout(span) else {
            self.signal(Signal::KILL);
            panic!("not ended after {span:?}:\n{}", self.text());
        };
        self.exit = Some(exit);
        self.lock().stalls = false;
        self.shown.1.notify_all();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        exit
    }

    /// Waits for the program's end; kills it and panics if that takes too long.
    #[track_caller]
    pub fn finish(&mut self) -> Exit {
        self.finish_within(DEADLINE)
    }

    /// Panics unless the terminal is as the program found it: main screen, cursor shown, no paste brackets, no mouse.
    #[track_caller]
    pub fn is_restored(&self) {
        let screen = self.screen();
        let raw = String::from_utf8_lossy(&self.raw()).into_owned();
        let tail: String = raw.chars().skip(raw.chars().count().saturating_sub(300)).collect();
        assert!(!screen.alternate_screen(), "still on the alternate screen: {tail:?}");
        assert!(!screen.hide_cursor(), "the cursor is still hidden: {tail:?}");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on: {tail:?}");
        assert!(screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None, "the mouse is still taken: {tail:?}");
        let (on, off) = (raw.rfind("\x1b[?1049h"), raw.rfind("\x1b[?1049l"));
        assert!(on.is_none() || on < off, "the alternate screen is entered and not left: {tail:?}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Once its end is known its number may belong to another process.
        if self.exit.is_none() && self.ended.try_recv().is_err() {
            self.signal(Signal::KILL);
            let _ = self.ended.recv();
        }
    }
}

fn nonzero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

fn read(mut from: Box<dyn Read + Send>, shown: &Shared, answers: &Typing) {
    let mut chunk = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let bytes = &chunk[..count];
        let position = {
            let mut state = shown.0.lock().unwrap();
            state.parser.process(bytes);
            state.raw.extend_from_slice(bytes);
            state.parser.screen().cursor_position()
        };
        // A terminal answers when it is asked where its cursor is and what it can do.
        let asked = |question: &[u8]| bytes.windows(question.len()).any(|window| window == question);
        let mut typing = answers.lock().unwrap();
        if asked(b"\x1b[6n") {
            let _ = write!(typing, "\x1b[{};{}R", position.0 + 1, position.1 + 1);
        }
        if asked(b"\x1b[c") {
            let _ = write!(typing, "\x1b[?62;22c");
        }
        drop(typing);
        shown.1.notify_all();
        let state = shown.1.wait_while(shown.0.lock().unwrap(), |state| state.stalls).unwrap();
        if state.closing {
            break;
        }
        drop(state);
    }
    drop(from);
    shown.0.lock().unwrap().over = true;
    shown.1.notify_all();
}
