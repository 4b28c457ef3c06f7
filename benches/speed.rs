//! haul against curl and aria2c on this machine: 1 GiB from nginx on loopback to a file, interleaved, medians.
//!
//! `cargo bench --bench speed [-- ROUNDS]`. Ratios matter, not the absolute figures: the machine may be shared. CPU is
//! user and system time of the client alone.

#![allow(clippy::expect_used, clippy::print_stdout)]

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

const LENGTH: usize = 1 << 30;
/// `/proc` counts CPU in hundredths of a second.
const TICK: f64 = 0.01;

/// What one run cost.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
    peak_mib: f64,
}

/// nginx, ended when dropped.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let rounds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().expect("a folder");
    fill(&folder.path().join("gig.bin"));
    let Some((_nginx, url)) = serve(folder.path()) else {
        return println!("nginx is not installed: apt-get install nginx-light");
    };
    let commands: Vec<(&str, Vec<String>)> =
        commands(&url, folder.path()).into_iter().filter(|(_, words)| is_there(&words[0])).collect();
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); commands.len()];
    for _ in 0..rounds {
        for ((_, words), costs) in commands.iter().zip(&mut costs) {
            costs.push(run(words, &folder.path().join("out.bin")));
        }
    }
    let curl = commands.iter().position(|(name, _)| *name == "curl").map(|at| median(&costs[at], |cost| cost.cpu));
    println!("{:<12} {:>9} {:>9} {:>9} {:>12}", "", "CPU s", "wall s", "peak MiB", "CPU : curl");
    for ((name, _), costs) in commands.iter().zip(&costs) {
        let cpu = median(costs, |cost| cost.cpu);
        let (wall, peak) = (median(costs, |cost| cost.wall), median(costs, |cost| cost.peak_mib));
        let ratio = curl.map_or_else(String::new, |curl| format!("{:.2}", cpu / curl));
        println!("{name:<12} {cpu:>9.2} {wall:>9.2} {peak:>9.1} {ratio:>12}");
    }
}

fn commands(url: &str, folder: &Path) -> Vec<(&'static str, Vec<String>)> {
    let state = folder.join("state").display().to_string();
    let out = folder.join("out.bin").display().to_string();
    let haul = |connections: &str| {
        let words = [env!("CARGO_BIN_EXE_haul"), "--state", &state, "get", "-q", "-x", connections, url, "-o", &out];
        words.map(str::to_owned).to_vec()
    };
    let dir = format!("--dir={}", folder.display());
    vec![
        ("haul -x 8", haul("8")),
        ("haul -x 1", haul("1")),
        ("curl", ["curl", "-s", "-o", &out, url].map(str::to_owned).to_vec()),
        ("aria2c -x 8", ["aria2c", "-q", "-x8", "-s8", "-k1M", &dir, "-o", "out.bin", url].map(str::to_owned).to_vec()),
    ]
}

/// Random bytes enough that nothing on the way can be clever about them.
fn fill(path: &Path) {
    let mut random = fastrand::Rng::with_seed(1);
    let mut block = vec![0; 1 << 20];
    let mut file = File::create(path).expect("the file to serve");
    for _ in 0..LENGTH / block.len() {
        random.fill(&mut block);
        file.write_all(&block).expect("room for the file to serve");
    }
}

fn serve(root: &Path) -> Option<(Nginx, String)> {
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let root = root.display();
    let text = format!(
        "daemon off; master_process off; pid {root}/nginx.pid; error_log {root}/nginx.log;\nevents {{}}\n\
         http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    );
    let config = PathBuf::from(format!("{root}/nginx.conf"));
    fs::write(&config, text).ok()?;
    let nginx =
        Command::new("nginx").arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let nginx = Nginx(nginx);
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            return None;
        }
        std::thread::yield_now();
    }
    Some((nginx, format!("http://127.0.0.1:{port}/gig.bin")))
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn run(words: &[String], out: &Path) -> Cost {
    let _ = fs::remove_file(out);
    rustix::fs::sync();
    let began = Instant::now();
    let mut child = Command::new(&words[0]).args(&words[1..]).stdout(Stdio::null()).spawn().expect("the program");
    let process = child.id();
    let peak = std::thread::spawn(move || watch_peak(process));
    let pid = Pid::from_child(&child);
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("the program's end");
    let wall = began.elapsed().as_secs_f64();
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the program's figures");
    let ticks: Vec<f64> = stat.split(' ').skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    let status = child.wait().expect("the program's status");
    assert!(status.success(), "{words:?} failed");
    assert_eq!(fs::metadata(out).map_or(0, |meta| meta.len()), LENGTH as u64);
    Cost { cpu: ticks.iter().sum::<f64>() * TICK, wall, peak_mib: peak.join().unwrap_or(0.0) }
}

/// The most memory that a process ever had, in MiB; looked at until it ends.
fn watch_peak(process: u32) -> f64 {
    let mut peak = 0.0;
    while let Ok(text) = fs::read_to_string(format!("/proc/{process}/status")) {
        let line = text.lines().find(|line| line.starts_with("VmHWM"));
        let Some(kib) = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()) else { break };
        peak = kib / 1024.0;
        std::thread::sleep(Duration::from_millis(20));
    }
    peak
}

fn median(costs: &[Cost], value: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
