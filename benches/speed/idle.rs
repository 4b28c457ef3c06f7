//! The rows of idle items: what a long queue costs that nobody works off.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::Signal;

use super::bench::{Bench, small};
use super::process;
use super::tools::Tool;

/// How long it is looked at.
const LOOK: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(30);

/// Start-up in seconds, memory in MiB, CPU in ms a second, bytes drawn; ten thousand items.
pub fn run(bench: &Bench, tool: Tool) -> Result<Vec<f64>, String> {
    let list = list(bench, bench.count(10_000.0))?;
    if !tool.is_haul() {
        return aria2c(bench, &list);
    }
    add(bench, &list)?;
    screen(bench)
}

/// Seconds to add so many, seconds until the screen shows them, memory in MiB once all are paused.
pub fn long(bench: &Bench, count: usize) -> Result<Vec<f64>, String> {
    let list = list(bench, count)?;
    let added = add(bench, &list)?;
    let shown = screen(bench)?;
    Ok(vec![added, shown[0], shown[1]])
}

/// A file of URLs where nothing listens, and nobody asks.
fn list(bench: &Bench, count: usize) -> Result<String, String> {
    let list = bench.out().join("urls");
    let mut urls = String::new();
    for number in 0..count {
        let _ = writeln!(urls, "http://127.0.0.1:1/{}", small(number));
    }
    fs::write(&list, urls).map_err(|error| error.to_string())?;
    Ok(list.display().to_string())
}

/// Puts them into haul's queue; the seconds that it took.
fn add(bench: &Bench, list: &str) -> Result<f64, String> {
    let words = [&Tool::Haul.program(), "add", "-i", list].map(str::to_owned);
    Ok(process::run(&words, &bench.out())?.wall)
}

/// The screen, on a queue that was added before and is paused at once.
fn screen(bench: &Bench) -> Result<Vec<f64>, String> {
    let (program, out) = (Tool::Haul.program(), bench.out());
    let size = PtySize { rows: 34, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).map_err(|error| error.to_string())?;
    let mut command = CommandBuilder::new(program);
    command.env("HOME", out.join("home"));
    command.env("HAUL_STATE", out.join("state"));
    command.env("TERM", "xterm-256color");
    let mut from = pair.master.try_clone_reader().map_err(|error| error.to_string())?;
    let mut keys = pair.master.take_writer().map_err(|error| error.to_string())?;
    let drawn: Arc<Mutex<Vec<u8>>> = Arc::default();
    let began = Instant::now();
    let mut child = pair.slave.spawn_command(command).map_err(|error| error.to_string())?;
    drop(pair.slave);
    let to = drawn.clone();
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            to.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..count]);
        }
    });
    let shown = || drawn.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let name = small(1).into_bytes();
    while !shown().windows(name.len()).any(|window| window == name) {
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            return Err("the list was not drawn".to_owned());
        }
        thread::sleep(Duration::from_millis(1));
    }
    let start = began.elapsed().as_secs_f64();
    let _ = keys.write_all(b"p").and_then(|()| keys.flush());
    thread::sleep(Duration::from_secs(2));
    let process = child.process_id().unwrap_or(0);
    let (bytes, cpu) = (shown().len(), process::cpu(process));
    thread::sleep(LOOK);
    let used = (process::cpu(process) - cpu) * 1000.0 / LOOK.as_secs_f64();
    let (memory, drawn) = (process::memory(process, "VmRSS").unwrap_or(0.0), shown().len() - bytes);
    let _ = keys.write_all(b"q").and_then(|()| keys.flush());
    let _ = child.wait();
    Ok(vec![start, memory, used, drawn as f64])
}

/// The daemon, with every download paused.
fn aria2c(bench: &Bench, list: &str) -> Result<Vec<f64>, String> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.map_err(|error| error.to_string())?.port();
    let listen = format!("--rpc-listen-port={port}");
    let words = ["aria2c", "--no-conf", "-q", "--enable-rpc", &listen, "--pause=true", "-i", list].map(str::to_owned);
    let began = Instant::now();
    let child = process::start(&words, &bench.out())?;
    let figures = look(&child, began, port);
    process::stop(child, Signal::KILL);
    figures
}

fn look(child: &Child, began: Instant, port: u16) -> Result<Vec<f64>, String> {
    while !answers(port) {
        if began.elapsed() > PATIENCE {
            return Err("it does not answer".to_owned());
        }
        thread::sleep(Duration::from_millis(1));
    }
    let start = began.elapsed().as_secs_f64();
    thread::sleep(Duration::from_secs(2));
    let cpu = process::cpu(child.id());
    thread::sleep(LOOK);
    let used = (process::cpu(child.id()) - cpu) * 1000.0 / LOOK.as_secs_f64();
    Ok(vec![start, process::memory(child.id(), "VmRSS").unwrap_or(0.0), used, 0.0])
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.write_all(b"GET /jsonrpc?method=aria2.getVersion&id=1 HTTP/1.0\r\n\r\n");
    matches!(stream.read(&mut [0; 16]), Ok(1..))
}
