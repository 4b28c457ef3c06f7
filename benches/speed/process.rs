//! Runs a tool and says what it cost. CPU is user and system time of the tool alone, as the kernel counts it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// `/proc` counts CPU in hundredths of a second.
const TICK: f64 = 0.01;
/// A tool that has not ended after so long is ended, and has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a running tool's memory is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What one run cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub wall: f64,
    pub cpu: f64,
    pub peak_mib: f64,
}

/// Starts a tool with a home of its own, so that nobody's settings count.
pub fn start(words: &[String], out: &Path) -> Result<Child, String> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(out).env("HOME", out.join("home")).env("HAUL_STATE", out.join("state"));
    for name in ["XDG_CONFIG_HOME", "HAUL_CONFIG", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env_remove(name);
    }
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn().map_err(|error| format!("{}: {error}", words[0]))
}

/// Runs a tool to its end.
pub fn run(words: &[String], out: &Path) -> Result<Cost, String> {
    let began = Instant::now();
    let child = start(words, out)?;
    finish(child, began).map_err(|why| format!("{}: {why}", words.join(" ")))
}

/// Waits for a tool's end.
pub fn finish(mut child: Child, began: Instant) -> Result<Cost, String> {
    let pid = Pid::from_child(&child);
    let watch = thread::spawn(move || watch(pid, began + PATIENCE));
    // It stays a zombie until its figures are read.
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).map_err(|error| error.to_string())?;
    let wall = began.elapsed().as_secs_f64();
    let cpu = cpu(child.id());
    let status = child.wait().map_err(|error| error.to_string())?;
    let peak_mib = watch.join().unwrap_or(0.0);
    if status.success() { Ok(Cost { wall, cpu, peak_mib }) } else { Err(format!("{status} after {wall:.1} s")) }
}

/// Ends a tool: politely, then not.
pub fn stop(mut child: Child, signal: Signal) {
    let pid = Pid::from_child(&child);
    let _ = kill_process(pid, signal);
    let began = Instant::now();
    while matches!(child.try_wait(), Ok(None)) {
        if began.elapsed() > Duration::from_secs(5) {
            let _ = child.kill();
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Seconds of CPU that a process and its threads have used.
pub fn cpu(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in brackets, may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() * TICK
}

/// A figure of `/proc/PID/status` in MiB, such as `VmHWM` or `VmRSS`.
pub fn memory(process: u32, name: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// The most memory that a process ever had, looked at until it ends; at the deadline it is killed.
fn watch(pid: Pid, until: Instant) -> f64 {
    let mut peak = 0.0;
    while let Some(now) = memory(pid.as_raw_nonzero().get().cast_unsigned(), "VmHWM") {
        peak = now;
        if Instant::now() > until {
            let _ = kill_process(pid, Signal::KILL);
        }
        thread::sleep(LOOK);
    }
    peak
}
