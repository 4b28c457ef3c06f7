//! A program, started in a process group of its own, with nothing to read and nothing of its own on the screen.

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Environment;
use crate::model::harmless;

/// How much of what a program says is kept.
const KEPT: usize = 4096;
/// How long after a program's end what it has said is waited for: one that it left behind may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// How long a program has to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// What is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A program with its arguments, as they are.
    Run(Vec<OsString>),
    /// A line for the user's shell.
    Shell(String),
    /// What the desktop has for a file or a folder. It may outlive haul, so it says nothing to it.
    Open(PathBuf),
    /// What shows a message of the desktop.
    Notify(String),
}

/// The program that shows messages of the desktop.
const NOTIFIER: &str = if cfg!(target_os = "macos") { "osascript" } else { "notify-send" };
/// The program that opens files and folders on a desktop.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

impl Program {
    /// What it is called in messages.
    pub fn name(&self) -> String {
        let name = match self {
            Self::Run(words) => words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default(),
            // The rest of the line, and what it sets before, may hold a password.
            Self::Shell(line) => {
                line.split_whitespace().find(|word| !word.contains('=')).unwrap_or("the shell").to_owned()
            }
            Self::Open(_) => OPENER.to_owned(),
            Self::Notify(_) => NOTIFIER.to_owned(),
        };
        harmless(&name).chars().take(80).collect()
    }

    /// Why it does not run.
    fn unstarted(&self, why: &io::Error) -> String {
        let name = self.name();
        match (self, why.kind()) {
            (Self::Open(path), io::ErrorKind::NotFound) => {
                let path = harmless(&path.to_string_lossy()).into_owned();
                format!("{path} is not opened: there is no {name} here, with which a desktop opens files")
            }
            (_, io::ErrorKind::NotFound) => format!("{name} can't be started: there is no such program here"),
            _ => format!("{name} can't be started: {why}"),
        }
    }

    fn command(&self) -> Option<Command> {
        match self {
            Self::Run(words) => {
                let mut command = Command::new(words.first()?);
                command.args(&words[1..]);
                Some(command)
            }
            Self::Shell(line) => {
                let mut command = Command::new("/bin/sh");
                command.arg("-c").arg(line);
                Some(command)
            }
            Self::Notify(text) => {
                let mut command = Command::new(NOTIFIER);
                if cfg!(target_os = "macos") {
                    // The text is ours: numbers and plain words.
                    command.arg("-e").arg(format!("display notification \"{text}\" with title \"haul\""));
                } else {
                    command.args(["--app-name=haul", "haul", text]);
                }
                Some(command)
            }
            Self::Open(path) => {
                let mut command = Command::new(OPENER);
                command.arg(path);
                Some(command)
            }
        }
    }

    /// Runs it to its end and tells the last line that it said. It is ended after `patience`, if there is one; dropping the
    /// future leaves it running.
    pub async fn run(&self, environment: &Environment, patience: Option<Duration>) -> Result<String, String> {
        self.run_until(environment, patience, &CancellationToken::new()).await
    }

    /// The same, and it is ended too when `stop` says so, with all that it has started.
    pub async fn run_until(
        &self,
        environment: &Environment,
        patience: Option<Duration>,
        stop: &CancellationToken,
    ) -> Result<String, String> {
        let name = self.name();
        let mut command = self.command().ok_or_else(|| "no program is named".to_owned())?;
        command.envs(environment.iter().map(|(variable, value)| (variable, value)));
        let pipe = || if matches!(self, Self::Open(_)) { Stdio::null() } else { Stdio::piped() };
        command.stdin(Stdio::null()).stdout(pipe()).stderr(pipe()).process_group(0);
        let mut child = command.spawn().map_err(|why| self.unstarted(&why))?;
        let said = tokio::spawn(last_line(child.stdout.take()));
        let complained = tokio::spawn(last_line(child.stderr.take()));
        let status = wait(&mut child, patience, stop, &name).await?;
        let hear = async |line| timeout(LAST_WORDS, line).await.ok().and_then(Result::ok).unwrap_or_default();
        let complaint = hear(complained).await;
        if status.success() {
            return Ok(hear(said).await);
        }
        Err(failure(&name, status, &complaint))
    }
}

async fn wait(
    child: &mut Child,
    patience: Option<Duration>,
    stop: &CancellationToken,
    name: &str,
) -> Result<ExitStatus, String> {
    let over = async {
        match patience {
            Some(patience) => sleep(patience).await,
            None => pending().await,
        }
    };
    let why = tokio::select! {
        biased;
        ended = child.wait() => return ended.map_err(|why| format!("{name}: {why}")),
        () = stop.cancelled() => "haul ends".to_owned(),
        () = over => format!("it took longer than {} s", patience.unwrap_or_default().as_secs()),
    };
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    for signal in [Signal::TERM, Signal::KILL] {
        if let Some(group) = group {
            // It may have ended by itself meanwhile.
            let _ = kill_process_group(group, signal);
        }
        if timeout(GRACE, child.wait()).await.is_ok() {
            break;
        }
    }
    Err(format!("{name} was ended: {why}"))
}

fn failure(name: &str, status: ExitStatus, complaint: &str) -> String {
    let how = match status.code() {
        Some(127) => "was not found (127)".to_owned(),
        Some(code) => format!("ended with code {code}"),
        None => "was ended by a signal".to_owned(),
    };
    if complaint.is_empty() { format!("{name} {how}") } else { format!("{name} {how}: {complaint}") }
}

/// The last line that is not empty, harmless; all is read, so that nobody waits for a full pipe.
async fn last_line(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else { return String::new() };
    let (mut kept, mut chunk) = (Vec::new(), [0; 1024]);
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..count]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
    let text = String::from_utf8_lossy(&kept);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    harmless(line).chars().take(200).collect()
}
