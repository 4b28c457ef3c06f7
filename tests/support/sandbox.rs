//! A home of its own for the program under test, and the program run in it without a terminal.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// How long a run may take before it is killed; only a test that fails ever waits so long.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A home, a state folder and a download folder that nothing else uses, and that go away with the test.
pub struct Sandbox {
    folder: TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Sandbox {
    /// A new one. Its settings say where downloads go, and to try again soon.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("haul-test-").tempdir().unwrap();
        let sandbox = Self { folder, environment: Vec::new() };
        for name in ["home", "state", "downloads", "config", "run"] {
            std::fs::create_dir(sandbox.path(name)).unwrap();
        }
        let folder = sandbox.downloads();
        sandbox.settings(&format!("(folder: {:?}, retry_wait: 0.2)", folder.to_str().unwrap()));
        sandbox.environment()
    }

    fn environment(mut self) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let fixed = [("PATH", path), ("TERM", "xterm-256color".into()), ("LANG", "C.UTF-8".into())];
        let places = [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "home/.config"),
            ("XDG_DATA_HOME", "home/.local/share"),
            ("XDG_STATE_HOME", "home/.local/state"),
            ("XDG_CACHE_HOME", "home/.cache"),
            ("XDG_RUNTIME_DIR", "run"),
            ("TMPDIR", "run"),
            ("HAUL_STATE", "state"),
            ("HAUL_CONFIG", "config/config.ron"),
        ];
        let places = places.map(|(name, place)| (OsString::from(name), self.path(place).into_os_string()));
        self.environment = fixed.into_iter().map(|(name, value)| (name.into(), value)).chain(places).collect();
        self
    }

    /// A path within it.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The folder that downloads go to, which is also the folder that the program runs in.
    pub fn downloads(&self) -> PathBuf {
        self.path("downloads")
    }

    /// Writes the settings file.
    pub fn settings(&self, ron: &str) {
        std::fs::write(self.path("config/config.ron"), ron).unwrap();
    }

    /// Sets a variable for every program that is started from now on.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.environment.push((name.into(), value.as_ref().into()));
    }

    /// The environment that programs get, and nothing beside it: no proxies, no NO_COLOR, no one's settings.
    pub fn variables(&self) -> &[(OsString, OsString)] {
        &self.environment
    }

    /// Starts the real program.
    pub fn start(&self, arguments: &[&str]) -> Process {
        self.start_with_input(arguments, "")
    }

    /// Starts the real program with a text on its standard input.
    pub fn start_with_input(&self, arguments: &[&str], input: &str) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haul"));
        command.args(arguments).current_dir(self.downloads());
        command.env_clear().envs(self.environment.iter().cloned());
        Process::spawn(command, input)
    }

    /// Runs the real program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.start(arguments).finish()
    }

    /// Runs the real program to its end in a shell that first does something, such as setting a limit.
    pub fn run_within(&self, first: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{first} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_haul")]).args(arguments);
        command.current_dir(self.downloads()).env_clear().envs(self.environment.iter().cloned());
        Process::spawn(command, "").finish()
    }

    /// Runs `haul get` with further arguments to its end.
    pub fn get(&self, arguments: &[&str]) -> Output {
        self.run(&[&["get"], arguments].concat())
    }

    /// The names in the download folder, sorted.
    pub fn names(&self) -> Vec<String> {
        names(&self.downloads())
    }

    /// The SHA-256 of a file in the download folder, in lower-case hex.
    pub fn sha256(&self, name: &str) -> String {
        sha256_of(&self.downloads().join(name))
    }
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// True if the name is that of a part file of `target`: `<target>.<16 hex digits>.part`.
pub fn is_part_of(name: &str, target: &str) -> bool {
    let digits = name.strip_prefix(target).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".part"));
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digits.is_some_and(|digits| digits.len() == 16 && digits.chars().all(hex))
}

/// A file's SHA-256 in lower-case hex.
pub fn sha256_of(path: &Path) -> String {
    use std::fmt::Write as _;
    let bytes = std::fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Waits until something is so that nothing tells of, such as a file's existence; panics if that does not come.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "waited in vain for: {what}");
        // Nobody unparks this thread: it looks again a little later.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// What a run that has ended left.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Output {
    /// Panics with all that the run said unless it ended with 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// Panics with all that the run said unless it ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Panics unless it failed with a code of its own (no signal, no panic) and a sentence that holds these words.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        assert!(!matches!(self.code, None | Some(0 | 101)), "{self:#?}");
        let said = self.stderr.to_lowercase();
        assert!(!said.contains("panicked") && !said.contains("backtrace"), "{self:#?}");
        let missing: Vec<&&str> = words.iter().filter(|word| !said.contains(&word.to_lowercase())).collect();
        assert!(missing.is_empty(), "the sentence lacks {missing:?}: {self:#?}");
        self
    }

    /// The objects that it wrote, one a line.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}\n{self:#?}"));
        self.stdout.lines().map(read).collect()
    }
}

/// The real program while it runs. It is killed when this is dropped.
pub struct Process {
    id: Pid,
    ended: Receiver<ExitStatus>,
    status: Option<ExitStatus>,
    stdout: (Arc<Mutex<Vec<u8>>>, Option<JoinHandle<()>>),
    stderr: (Arc<Mutex<Vec<u8>>>, Option<JoinHandle<()>>),
}

impl Process {
    /// Starts any program in the same way.
    pub fn spawn(command: Command, input: &str) -> Self {
        Self::spawn_open(command, input).0
    }

    /// The same with its standard input left open as long as that is held.
    pub fn spawn_open(mut command: Command, input: &str) -> (Self, ChildStdin) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap()));
        let mut stdin = child.stdin.take().unwrap();
        // A program that does not read its input may be gone before it is written.
        let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
        let id = Pid::from_child(&child);
        (Self { id, ended: wait(child), status: None, stdout, stderr }, stdin)
    }

    /// True once it says no more.
    pub fn is_over(&self) -> bool {
        self.stdout.1.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(self.id, signal);
    }

    /// Its number.
    pub fn number(&self) -> i32 {
        self.id.as_raw_nonzero().get()
    }

    /// Sends a signal to the first program that it has started, as strace does with the one that it traces.
    pub fn signal_child(&self, signal: Signal) {
        // Either may have ended by itself meanwhile.
        if let Some(child) = self.child() {
            let _ = kill_process(child, signal);
        }
    }

    /// True once the first program that it has started has ended, whether or not anybody has taken notice of that.
    pub fn child_is_over(&self) -> bool {
        let Some(child) = self.child() else { return true };
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero())).unwrap_or_default();
        stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
    }

    fn child(&self) -> Option<Pid> {
        let children = format!("/proc/{0}/task/{0}/children", self.number());
        let text = std::fs::read_to_string(children).unwrap_or_default();
        text.split_whitespace().next().and_then(|number| Pid::from_raw(number.parse().ok()?))
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.0.lock().unwrap()).into_owned()
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.0.lock().unwrap()).into_owned()
    }

    /// Waits for its end; kills it and panics if that takes longer than `DEADLINE`.
    pub fn finish(self) -> Output {
        self.finish_within(DEADLINE)
    }

    /// Waits for its end; kills it and panics if that takes longer than `span`.
    pub fn finish_within(mut self, span: Duration) -> Output {
        let ended = self.ended.recv_timeout(span);
        let late = matches!(ended, Err(RecvTimeoutError::Timeout));
        if late {
            self.signal(Signal::KILL);
        }
        let status = ended.ok().or_else(|| self.ended.recv().ok());
        self.status = status;
        let text = |stream: &mut (Arc<Mutex<Vec<u8>>>, Option<JoinHandle<()>>)| {
            stream.1.take().unwrap().join().unwrap();
            String::from_utf8_lossy(&stream.0.lock().unwrap()).into_owned()
        };
        let (stdout, stderr) = (text(&mut self.stdout), text(&mut self.stderr));
        let output = Output { code: status.and_then(|status| status.code()), stdout, stderr };
        assert!(!late, "not ended after {span:?}: {output:#?}");
        output
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Once its end is known its number may belong to another process.
        if self.status.is_none() && self.ended.try_recv().is_err() {
            if std::thread::panicking() {
                eprintln!("it still ran, and had said:\n{}\n{}", self.stdout(), self.stderr());
            }
            self.signal(Signal::KILL);
            let _ = self.ended.recv();
        } else if std::thread::panicking() && self.status.is_none() {
            eprintln!("it had ended, and had said:\n{}\n{}", self.stdout(), self.stderr());
        }
    }
}

fn wait(mut child: Child) -> Receiver<ExitStatus> {
    let (tell, told) = sync_channel(1);
    std::thread::spawn(move || {
        let _ = tell.send(child.wait().unwrap());
    });
    told
}

fn drain(mut from: impl Read + Send + 'static) -> (Arc<Mutex<Vec<u8>>>, Option<JoinHandle<()>>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = all.clone();
    let thread = std::thread::spawn(move || {
        let mut chunk = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            into.lock().unwrap().extend_from_slice(&chunk[..count]);
        }
    });
    (all, Some(thread))
}
