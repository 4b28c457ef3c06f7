//! The real program under strace: every file operation of a run with its data, runs that are killed or refused at one
//! system call, and a way to skip where tracing is not permitted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use super::sandbox::{Process, Sandbox};

/// The system calls that change what is on disk, and those that tell which file they are about. One that a platform
/// does not have is passed over (`?`).
const CALLS: &str = "?open,openat,close,dup,?dup2,?dup3,fcntl,write,pwrite64,pwritev,fsync,fdatasync,?syncfs,?rename,?renameat,\
                     renameat2,ftruncate,fallocate,?unlink,unlinkat,?mkdir,mkdirat,?link,linkat";

/// True if this machine has strace and lets it trace; says on stderr why not.
pub fn strace_works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-e", "trace=mkdir,mkdirat", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
        let works = command.status().is_ok_and(|status| status.success());
        if !works {
            eprintln!("skipped: strace is missing or not permitted here");
        }
        works
    })
}

/// How a run is traced.
#[derive(Clone, Debug, Default)]
pub struct Strace {
    options: Vec<String>,
    log: Option<PathBuf>,
}

impl Strace {
    /// Kills the program on its way into the `number`-th call of this name in any one thread; the call is not made.
    pub fn kill(call: &str, number: usize) -> Self {
        Self::inject(call, &format!("signal=SIGKILL:when={number}"))
    }

    /// Refuses a call with this error: `when` is `3` for the third in any one thread, `3+` for it and all that follow.
    pub fn refuse(call: &str, error: &str, when: &str) -> Self {
        Self::inject(call, &format!("error={error}:when={when}"))
    }

    /// Lets each call wait for so many seconds before it is made.
    pub fn delay(call: &str, seconds: u32) -> Self {
        Self::inject(call, &format!("delay_enter={seconds}s"))
    }

    /// Refuses each call with this error after so many seconds.
    pub fn refuse_late(call: &str, error: &str, seconds: u32) -> Self {
        Self::inject(call, &format!("error={error}:delay_enter={seconds}s"))
    }

    /// Has a call give these bytes where its argument of this number points to.
    pub fn answer(call: &str, argument: usize, bytes: &[u8]) -> Self {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        Self::inject(call, &format!("poke_exit=@arg{argument}={hex}"))
    }

    fn inject(call: &str, what: &str) -> Self {
        let mut options = vec!["-e".to_owned(), format!("trace={call}"), "-e".to_owned()];
        options.push(format!("inject={call}:{what}"));
        Self { options, log: None }
    }

    /// Each call stands in this file from the moment on at which it is entered.
    pub fn log(mut self, log: &Path) -> Self {
        self.log = Some(log.to_path_buf());
        self
    }

    /// Only where the call is about one of these files.
    pub fn on(mut self, paths: &[&Path]) -> Self {
        for path in paths {
            self.options.extend(["-P".to_owned(), path.to_str().unwrap().to_owned()]);
        }
        self
    }

    /// Starts the real program under it.
    pub fn start(&self, sandbox: &Sandbox, arguments: &[&str]) -> Process {
        launch(self.command(), sandbox, arguments)
    }

    /// The same with lines to its standard input, which stays open until what is given back is dropped.
    pub fn start_open(&self, sandbox: &Sandbox, arguments: &[&str], lines: &str) -> (Process, ChildStdin) {
        Process::spawn_open(prepared(self.command(), sandbox, arguments), lines)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("strace");
        let log = self.log.as_deref().unwrap_or(Path::new("/dev/null"));
        command.args(["-f", "-qq", "-o"]).arg(log).args(["-e", "signal=none"]).args(&self.options);
        command
    }
}

/// Starts the real program with all its file operations written to a log.
pub fn record(sandbox: &Sandbox, log: &Path, more: &[&str], arguments: &[&str]) -> Process {
    launch(recorded(log, more), sandbox, arguments)
}

/// The same with lines to its standard input, which stays open until what is given back is dropped.
pub fn record_open(sandbox: &Sandbox, log: &Path, arguments: &[&str], lines: &str) -> (Process, ChildStdin) {
    Process::spawn_open(prepared(recorded(log, &[]), sandbox, arguments), lines)
}

fn recorded(log: &Path, more: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-xx", "-s", "16777216", "-e", "signal=none", "-o"]).arg(log);
    command.args(["-e", &format!("trace={CALLS}")]).args(more);
    command
}

fn launch(command: Command, sandbox: &Sandbox, arguments: &[&str]) -> Process {
    Process::spawn(prepared(command, sandbox, arguments), "")
}

fn prepared(mut command: Command, sandbox: &Sandbox, arguments: &[&str]) -> Command {
    command.arg(env!("CARGO_BIN_EXE_haul")).args(arguments).current_dir(sandbox.downloads());
    command.env_clear().envs(sandbox.variables().iter().cloned());
    command
}

/// One system call. The moments are places in the log: another call's effects came before this one if its end lies
/// before this one's beginning.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Its arguments; strings decoded.
    pub arguments: Vec<Argument>,
    /// When it was entered.
    pub began: usize,
    /// When it returned; `usize::MAX` if it never did.
    pub ended: usize,
    /// What it gave: a number of its own, or `None` for a failure or if it never returned.
    pub result: Option<u64>,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A string or a buffer.
    Bytes(Vec<u8>),
    /// Anything else, as strace writes it.
    Word(String),
}

impl Call {
    /// The argument as a number; `None` if it is none.
    pub fn number(&self, index: usize) -> Option<u64> {
        match self.arguments.get(index)? {
            Argument::Word(word) => word.parse().ok(),
            Argument::Bytes(_) => None,
        }
    }

    /// What a call writes, and where if it tells: all its buffers, and the last of its words.
    pub fn written(&self) -> (Vec<u8>, Option<u64>) {
        let buffers = self.arguments.iter().filter_map(|argument| match argument {
            Argument::Bytes(bytes) => Some(bytes.as_slice()),
            Argument::Word(_) => None,
        });
        (buffers.collect::<Vec<_>>().concat(), self.number(self.arguments.len() - 1))
    }

    /// The `count`-th string among the arguments as a path, which may be relative to the sandbox's downloads.
    pub fn path(&self, count: usize) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStrExt;
        let strings = self.arguments.iter().filter_map(|argument| match argument {
            Argument::Bytes(bytes) => Some(bytes),
            Argument::Word(_) => None,
        });
        strings.skip(count).map(|bytes| PathBuf::from(std::ffi::OsStr::from_bytes(bytes))).next()
    }

    /// True if one of the words holds this flag.
    pub fn has(&self, flag: &str) -> bool {
        self.arguments
            .iter()
            .any(|argument| matches!(argument, Argument::Word(word) if word.split('|').any(|part| part == flag)))
    }
}

/// Reads a log.
pub fn calls(log: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(log).unwrap();
    let mut calls: Vec<Call> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (moment, line) in text.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("<... ") {
            let Some(index) = open.remove(thread) else { continue };
            let (calls, rest) = (&mut calls[index], rest.split_once("resumed>").map_or("", |(_, rest)| rest));
            let (arguments, result) = ending(rest);
            calls.arguments.extend(arguments);
            (calls.ended, calls.result) = (moment, result);
            continue;
        }
        let Some((name, rest)) = rest.split_once('(') else { continue };
        let mut call =
            Call { name: name.to_owned(), arguments: Vec::new(), began: moment, ended: usize::MAX, result: None };
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            call.arguments = split(begun);
            open.insert(thread, calls.len());
        } else {
            (call.arguments, call.result) = ending(rest);
            // One that was killed on its way in ends with a question mark.
            call.ended = if rest.trim_end().ends_with("= ?") { usize::MAX } else { moment };
        }
        calls.push(call);
    }
    calls
}

/// The rest of a call's line: further arguments and what it gave.
fn ending(rest: &str) -> (Vec<Argument>, Option<u64>) {
    let Some((arguments, result)) = rest.rsplit_once(") ") else { return (split(rest), None) };
    // `(INJECTED)` and the words of an error stand in brackets too.
    let (arguments, result) = match arguments.rsplit_once(") ") {
        Some((arguments, middle)) if middle.trim_start().starts_with('=') => (arguments, middle.trim_start()),
        _ => (arguments, result.trim_start()),
    };
    let given = result.trim_start_matches('=').trim_start().split(' ').next().and_then(|word| word.parse().ok());
    (split(arguments.trim_end().trim_end_matches(')')), given)
}

/// Arguments apart, and the parts of those that are lists; with -xx no string holds a comma or a bracket.
fn split(arguments: &str) -> Vec<Argument> {
    let words = arguments.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| word.split_once("iov_base=").map_or(word, |(_, base)| base))
        .map(|word| match word.trim_end_matches('.').strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(hex) => {
                let bytes = hex.split("\\x").skip(1);
                Argument::Bytes(bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect())
            }
            None => Argument::Word(word.to_owned()),
        })
        .collect()
}
