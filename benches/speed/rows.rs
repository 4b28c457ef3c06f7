//! The rows: what each measures, with which tools.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::bench::{Bench, SMALL_FILES, small};
use super::idle;
use super::nginx::Nginx;
use super::process::{self, Cost};
use super::script::{Manner, Server};
use super::tools::{Job, List, Tool};
use Tool::{Aria2c, Axel, Curl, Floor, Haul, HaulChoosing, Wget2};

const MIB: f64 = 1_048_576.0;

/// One row.
pub struct Row {
    pub name: &'static str,
    pub title: &'static str,
    /// What a run's figures are; less is better in each. The first is the one that the plot shows.
    pub columns: &'static [&'static str],
    pub tools: &'static [Tool],
    pub needs_nginx: bool,
    /// One run of one tool: its figures, in the columns' order.
    pub run: fn(&Bench, Tool) -> Result<Vec<f64>, String>,
}

const COST: &[&str] = &["wall s", "CPU s", "peak MiB"];
const PARTS: &[Tool] = &[Haul, Aria2c, Axel];
const PLAIN: &[Tool] = &[Haul, Curl, Wget2, Aria2c, Axel, Floor];

/// All rows, in the order in which they run.
pub const ROWS: &[Row] = &[
    row("x1", "1 GiB over HTTP, 1 connection", COST, PLAIN, |bench, tool| fetch(bench, tool, 1024, 1, Nginx::plain)),
    row("x8", "1 GiB over HTTP, 8 connections (curl: 1)", COST, PLAIN, |bench, tool| {
        fetch(bench, tool, 1024, 8, Nginx::plain)
    }),
    row(
        "tls",
        "1 GiB over TLS 1.3, 8 connections (curl: 1)",
        COST,
        &[Haul, Curl, Wget2, Aria2c, Axel],
        |bench, tool| fetch(bench, tool, 1024, 8, Nginx::tls),
    ),
    row(
        "each",
        "128 MiB, 10 MB/s for each connection, 16 connections",
        COST,
        &[Haul, HaulChoosing, Aria2c, Axel, Floor],
        each,
    ),
    row("four", "128 MiB, 10 MB/s for each of 4 connections, 503 beyond, 8 asked for", COST, PARTS, |bench, tool| {
        fetch(bench, tool, 128, 8, Nginx::four)
    }),
    scripted(
        "slow",
        "128 MiB, 8 connections of 4 MiB/s, one drops to 0.2 MiB/s after 1.5 s",
        COST,
        PARTS,
        |bench, tool| victim(bench, tool, 0.2 * MIB),
    ),
    scripted("stalled", "the same, but it stops sending altogether", COST, PARTS, |bench, tool| {
        victim(bench, tool, 0.0)
    }),
    scripted("kill", "256 MiB, kill -9 after 1.6 s, then resume", &["fetched again MiB"], PARTS, kill),
    scripted("resume", "resume of half a GiB: the first new byte", &["ms"], &[Haul, Curl, Wget2, Aria2c, Axel], resume),
    row(
        "small",
        "10,000 files of 16 KiB from a list, 16 at once",
        COST,
        &[Haul, Curl, Wget2, Aria2c],
        |bench, tool| many(bench, tool, SMALL_FILES, false),
    ),
    row("small-tls", "3,000 of them over TLS", COST, &[Haul, Curl, Wget2, Aria2c], |bench, tool| {
        many(bench, tool, 3_000.0, true)
    }),
    scripted("limit", "60 MiB at 5 MiB/s, 8 connections (curl: 1)", LIMIT, &[Haul, Aria2c, Axel, Curl], limit),
    scripted(
        "idle",
        "10,000 idle items",
        &["start s", "MiB", "CPU ms/s", "bytes drawn in 3 s"],
        &[Haul, Aria2c],
        idle::run,
    ),
    scripted("queue", "100,000 URLs in the queue", QUEUE, &[Haul], |bench, _| idle::long(bench, bench.count(1e5))),
    scripted("million", "1,000,000 URLs in the queue", QUEUE, &[Haul], |bench, _| idle::long(bench, bench.count(1e6))),
    row(
        "start",
        "start-up: --version, and a file of 1 byte",
        &["ms for 1 byte", "ms for --version"],
        &Tool::ALL,
        start,
    ),
];

const QUEUE: &[&str] = &["s to add", "s to the screen", "MiB"];
const LIMIT: &[&str] = &["error %", "worst 100 ms : limit", "CPU s"];

const fn row(
    name: &'static str,
    title: &'static str,
    columns: &'static [&'static str],
    tools: &'static [Tool],
    run: fn(&Bench, Tool) -> Result<Vec<f64>, String>,
) -> Row {
    Row { name, title, columns, tools, needs_nginx: true, run }
}

const fn scripted(
    name: &'static str,
    title: &'static str,
    columns: &'static [&'static str],
    tools: &'static [Tool],
    run: fn(&Bench, Tool) -> Result<Vec<f64>, String>,
) -> Row {
    Row { name, title, columns, tools, needs_nginx: false, run }
}

fn nginx(bench: &Bench) -> Result<&Nginx, String> {
    bench.nginx.as_ref().ok_or_else(|| "nginx is not installed".to_owned())
}

fn figures(cost: Cost) -> Vec<f64> {
    vec![cost.wall, cost.cpu, cost.peak_mib]
}

fn job<'a>(bench: &Bench, url: &'a str, connections: u16) -> Job<'a> {
    Job { url, target: bench.target(), connections, authority: None, resumes: false, limit: None }
}

fn fetch(
    bench: &Bench,
    tool: Tool,
    mib: u64,
    connections: u16,
    url: impl Fn(&Nginx, &str) -> String,
) -> Result<Vec<f64>, String> {
    let nginx = nginx(bench)?;
    let url = url(nginx, &format!("{mib}m.bin"));
    let authority = url.starts_with("https:").then(|| nginx.authority());
    let words = tool.fetch(&Job { authority, ..job(bench, &url, connections) });
    let cost = process::run(&words, &bench.out())?;
    bench.compare(mib)?;
    Ok(figures(cost))
}

fn each(bench: &Bench, tool: Tool) -> Result<Vec<f64>, String> {
    fetch(bench, tool, 128, 16, Nginx::each)
}

fn victim(bench: &Bench, tool: Tool, pace: f64) -> Result<Vec<f64>, String> {
    let victim = Some((Duration::from_millis(1500), pace));
    let server = Server::start(&bench.file(128), Manner { pace: Some(4.0 * MIB), victim, ..Manner::default() });
    let cost = process::run(&tool.fetch(&job(bench, &server.url(), 8)), &bench.out())?;
    bench.compare(128)?;
    Ok(figures(cost))
}

fn kill(bench: &Bench, tool: Tool) -> Result<Vec<f64>, String> {
    let server = Server::start(&bench.file(256), Manner { pace: Some(10.0 * MIB), ..Manner::default() });
    let url = server.url();
    let words = tool.fetch(&Job { resumes: true, ..job(bench, &url, 8) });
    let child = process::start(&words, &bench.out())?;
    std::thread::sleep(Duration::from_millis(1600));
    process::stop(child, Signal::KILL);
    process::run(&words, &bench.out())?;
    bench.compare(256)?;
    Ok(vec![server.sent().saturating_sub(bench.size(256)) as f64 / MIB])
}

fn resume(bench: &Bench, tool: Tool) -> Result<Vec<f64>, String> {
    let half = bench.size(1024) / 2;
    let server = Server::start(&bench.file(1024), Manner { hold: Some(half), ..Manner::default() });
    let url = server.url();
    let child = process::start(&tool.fetch(&job(bench, &url, 8)), &bench.out())?;
    let began = Instant::now();
    while server.sent() < half {
        if began.elapsed() > Duration::from_secs(60) {
            process::stop(child, Signal::KILL);
            return Err("the first half did not come".to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // What is on its way is to arrive, and to be taken note of.
    std::thread::sleep(Duration::from_millis(1500));
    process::stop(child, Signal::INT);
    drop(server);
    rustix::fs::sync();
    // The URL has to stay the same: the second server listens where the first one did.
    let server = Server::again(&bench.file(1024), Manner::default(), &url)?;
    let words = tool.fetch(&Job { resumes: true, ..job(bench, &url, 8) });
    let began = Instant::now();
    let child = process::start(&words, &bench.out())?;
    process::finish(child, began)?;
    bench.compare(1024)?;
    let first = server.log().first().map(|(at, _)| at.duration_since(began));
    Ok(vec![first.ok_or("nothing was sent")?.as_secs_f64() * 1000.0])
}

fn many(bench: &Bench, tool: Tool, count: f64, tls: bool) -> Result<Vec<f64>, String> {
    let (nginx, count, out) = (nginx(bench)?, bench.count(count), bench.out());
    let folder = out.join("files");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let url = |number| {
        let path = format!("small/{}", small(number));
        if tls { nginx.tls(&path) } else { nginx.plain(&path) }
    };
    let (mut urls, mut curl) = (String::new(), String::new());
    for number in 0..count {
        let _ = writeln!(urls, "{}", url(number));
        let _ = writeln!(curl, "url = \"{}\"\noutput = \"{}\"", url(number), folder.join(small(number)).display());
    }
    let (urls_file, curl_file) = (out.join("urls"), out.join("curl"));
    fs::write(&urls_file, urls).and_then(|()| fs::write(&curl_file, curl)).map_err(|error| error.to_string())?;
    let authority = tls.then(|| nginx.authority());
    let list = List { urls: &urls_file, curl: &curl_file, folder: &folder, authority };
    let words = tool.fetch_all(&list).ok_or("it has no lists")?;
    let cost = process::run(&words, &out)?;
    bench.compare_small(count)?;
    Ok(figures(cost))
}

fn limit(bench: &Bench, tool: Tool) -> Result<Vec<f64>, String> {
    const LIMIT: f64 = 5.0 * MIB;
    let server = Server::start(&bench.file(60), Manner { precise: true, ..Manner::default() });
    let url = server.url();
    let words = tool.fetch(&Job { limit: Some(LIMIT as u64), ..job(bench, &url, 8) });
    let cost = process::run(&words, &bench.out())?;
    bench.compare(60)?;
    let log = server.log();
    let worst = worst_window(&log, Duration::from_millis(100));
    let (first, last) = log.first().zip(log.last()).ok_or("nothing was sent")?;
    let rate = server.sent() as f64 / last.0.duration_since(first.0).as_secs_f64();
    Ok(vec![100.0 * (rate / LIMIT - 1.0).abs(), worst as f64 / (LIMIT / 10.0), cost.cpu])
}

/// The most bytes that were sent within any span of this length.
fn worst_window(log: &[(Instant, usize)], span: Duration) -> usize {
    let (mut from, mut sum, mut worst) = (0, 0, 0);
    for (at, count) in log {
        sum += count;
        while at.duration_since(log[from].0) >= span {
            sum -= log[from].1;
            from += 1;
        }
        worst = worst.max(sum);
    }
    worst
}

fn start(bench: &Bench, tool: Tool) -> Result<Vec<f64>, String> {
    let url = nginx(bench)?.plain("one");
    let fetched = process::run(&tool.fetch(&job(bench, &url, 1)), &bench.out())?;
    if fs::read(bench.target()).ok().as_deref() != Some(b"1") {
        return Err("the byte did not come".to_owned());
    }
    let version = process::run(&[tool.program(), "--version".to_owned()], &bench.out())?;
    Ok(vec![fetched.wall * 1000.0, version.wall * 1000.0])
}
