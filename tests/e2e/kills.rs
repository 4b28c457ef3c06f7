//! SIGKILL at random moments: the file is right in the end, and little of it was sent twice.
//!
//! What a kill may cost: with K kills, a file of S bytes and a rate of R, each kill loses what the last L seconds brought,
//! so K * L * R must stay below the allowed share of S. With 20 kills, 64 MiB and 5 %, the whole has to take 400 * L
//! seconds: 20 s if haul puts down what it has 20 times a second, 200 s if it does so twice a second.

use rustix::process::Signal;

use crate::support::server::{Answer, File, Server};
use crate::support::{Nginx, Sandbox, eventually, is_part_of};

const KILLS: usize = 20;
const LENGTH: u64 = 64 << 20;
/// Bytes a second on each of eight connections: the whole takes 20 seconds and the starts.
const RATE: u64 = 420_000;
/// The same for nginx; lower, for the sake of its bursts.
const NGINX_RATE: u64 = 210_000;
/// The share of the file, in percent, that may be sent twice.
const TWICE: u64 = 5;

/// Random places in the file, in order; the seed is told, so that a failure can be had again.
fn moments() -> Vec<u64> {
    let seed = std::env::var("HAUL_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("HAUL_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut moments: Vec<u64> = (0..KILLS).map(|_| random.u64(LENGTH / 50..LENGTH / 100 * 97)).collect();
    moments.sort_unstable();
    moments
}

/// How much each run may bring before it is killed. nginx sends the first second's worth at once, and what is in the
/// kernel when a program dies counts as sent, so each run lives longer than that.
fn amounts() -> Vec<u64> {
    let burst = 8 * NGINX_RATE;
    let mut random = fastrand::Rng::new();
    (0..KILLS).map(|_| random.u64(burst + burst / 20..burst * 3 / 2)).collect()
}

#[track_caller]
fn nothing_at_the_targets_name(sandbox: &Sandbox) {
    let names = sandbox.names();
    assert!(names.iter().all(|name| is_part_of(name, "big.iso")) && names.len() <= 1, "{names:?}");
}

#[test]
fn twenty_kills_cost_little_and_nothing_is_lost() {
    let file = File::new(64, LENGTH).answer(Answer::new());
    let sum = file.sha256();
    // A small send buffer: what the kernel holds when the program dies counts as sent.
    let server = Server::new().file("/big.iso", file).rate(RATE).send_buffer(8 * 1024).start();
    let sandbox = Sandbox::new();
    let url = server.url("/big.iso");
    let arguments = ["get", "-q", "-x", "8", "--retry-wait", "0.1", url.as_str()];
    for moment in moments() {
        let process = sandbox.start(&arguments);
        server.wait("the moment to kill", |seen| seen.sent("/big.iso").once.total() >= moment);
        process.signal(Signal::KILL);
        assert_eq!(process.finish().code, None, "it ended by itself");
        server.wait("the dead connections", |seen| seen.open == 0);
        nothing_at_the_targets_name(&sandbox);
    }
    sandbox.start(&arguments).finish().ok();
    assert_eq!(sandbox.names(), ["big.iso"]);
    assert_eq!(sandbox.sha256("big.iso"), sum);
    let twice = server.seen().sent("/big.iso").twice();
    println!("{twice} of {LENGTH} bytes were sent twice after {KILLS} kills");
    assert!(twice * 100 < LENGTH * TWICE, "{twice} of {LENGTH} bytes were sent twice after {KILLS} kills");
}

/// The same against nginx, which does not tell how far it is: the moments come from what haul says of itself.
fn twenty_kills_against_nginx(url: impl Fn(&Nginx) -> String) {
    // Small chunks, since nginx would otherwise send a second's worth at once.
    let limits = format!("limit_rate {NGINX_RATE}; sendfile_max_chunk 4k;");
    let Some(nginx) = Nginx::start(&limits) else { return };
    let sum = nginx.file("big.iso", 64, LENGTH);
    let sandbox = Sandbox::new();
    let (url, authority) = (url(&nginx), nginx.authority());
    let authority = authority.to_str().unwrap();
    let arguments = ["get", "--json", "-x", "8", "--retry-wait", "0.1", "--ca-cert", authority, url.as_str()];
    for brought in amounts() {
        let process = sandbox.start(&arguments);
        let done = || {
            let said = process.stdout();
            let lines = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            let numbers = lines.filter_map(|line| line["done"].as_u64().or(line["resumed"].as_u64()));
            numbers.fold((u64::MAX, 0), |(first, last), number| (first.min(number), last.max(number)))
        };
        eventually("the moment to kill", || matches!(done(), (first, last) if last >= first.saturating_add(brought)));
        process.signal(Signal::KILL);
        assert_eq!(process.finish().code, None, "it ended by itself");
        nothing_at_the_targets_name(&sandbox);
    }
    sandbox.start(&arguments).finish().ok();
    assert_eq!(sandbox.names(), ["big.iso"]);
    assert_eq!(sandbox.sha256("big.iso"), sum);
    // A line stands in the log only when its connection is over, so that none may be missing here.
    let sent = || -> u64 { nginx.log().lines().filter_map(|line| line.split(' ').nth(1)?.parse::<u64>().ok()).sum() };
    eventually("the log of the last request", || sent() >= LENGTH);
    let twice = sent() - LENGTH;
    println!("{twice} of {LENGTH} bytes were sent twice by nginx after {KILLS} kills");
    assert!(twice * 100 < LENGTH * TWICE, "{twice} of {LENGTH} bytes were sent twice by nginx after {KILLS} kills");
}

#[test]
fn twenty_kills_against_nginx_over_http() {
    twenty_kills_against_nginx(|nginx| nginx.http("big.iso"));
}

#[test]
fn twenty_kills_against_nginx_over_https() {
    twenty_kills_against_nginx(|nginx| nginx.https("big.iso"));
}
