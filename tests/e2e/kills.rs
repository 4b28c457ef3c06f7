//! SIGKILL at random moments: the file is right in the end, and little of it was sent twice.
//!
//! What a kill may cost: with K kills, a file of S bytes and a rate of R, each kill loses what the last L seconds brought,
//! so K * L * R must stay below the allowed share of S. With 20 kills and 5 %, the whole has to take 400 * L seconds,
//! whatever S is: 20 s if haul puts down what it has 20 times a second, 200 s if it does so twice a second. What TLS costs,
//! handshakes and halves of records, follows the connections and not the time: S is large enough that it is a small share.

use rustix::process::Signal;

use crate::support::server::{Answer, Ending, File, Running, Server};
use crate::support::{Nginx, Sandbox, Wire, eventually, is_part_of};

const KILLS: usize = 20;
const LENGTH: u64 = 128 << 20;
/// Bytes a second on each of eight connections: the whole takes 20 seconds and the starts.
const RATE: u64 = 840_000;
/// The share of the file, in percent, that may be sent twice.
const TWICE: u64 = 5;

/// A random seed; it is told, so that a failure can be had again.
fn seed() -> u64 {
    let seed = std::env::var("HAUL_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("HAUL_TEST_SEED={seed}");
    seed
}

/// Random places in the file, in order.
fn moments(kills: usize, seed: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut moments: Vec<u64> = (0..kills).map(|_| random.u64(LENGTH / 50..LENGTH / 100 * 97)).collect();
    moments.sort_unstable();
    moments
}

#[track_caller]
fn nothing_at_the_targets_name(sandbox: &Sandbox) {
    let names = sandbox.names();
    assert!(names.iter().all(|name| is_part_of(name, "big.iso")) && names.len() <= 1, "{names:?}");
}

/// Fetches `/big.iso`, killing the program each time that the server has sent so many bytes of it.
fn fetch_with_kills(sandbox: &Sandbox, server: &Running, arguments: &[&str], moments: &[u64]) {
    for moment in moments {
        let process = sandbox.start(arguments);
        server.wait("the moment to kill", |seen| seen.sent("/big.iso").once.total() >= *moment);
        process.signal(Signal::KILL);
        assert_eq!(process.finish().code, None, "it ended by itself");
        server.wait("the dead connections", |seen| seen.open == 0);
        nothing_at_the_targets_name(sandbox);
    }
    sandbox.start(arguments).finish().ok();
    assert_eq!(sandbox.names(), ["big.iso"]);
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
    fetch_with_kills(&sandbox, &server, &arguments, &moments(KILLS, seed()));
    assert_eq!(sandbox.sha256("big.iso"), sum);
    let twice = server.seen().sent("/big.iso").twice();
    println!("{twice} of {LENGTH} bytes were sent twice after {KILLS} kills");
    assert!(twice * 100 < LENGTH * TWICE, "{twice} of {LENGTH} bytes were sent twice after {KILLS} kills");
}

/// The same against nginx as Debian ships it. A wire in front of it has the rate and counts what crosses: nginx's own
/// log counts what it has given to the kernel, a second's worth at once with its `limit_rate`, and much of that has not
/// left the machine when the program dies. The moments come from what has crossed.
fn twenty_kills_against_nginx(port: impl Fn(&Nginx) -> u16, url: impl Fn(u16) -> String) {
    let Some(nginx) = Nginx::start("") else { return };
    let sum = nginx.file("big.iso", 64, LENGTH);
    let wire = Wire::to(port(&nginx), RATE);
    let sandbox = Sandbox::new();
    let (url, authority) = (url(wire.port()), nginx.authority());
    let authority = authority.to_str().unwrap();
    let arguments = ["get", "-q", "-x", "8", "--retry-wait", "0.1", "--ca-cert", authority, url.as_str()];
    for moment in moments(KILLS, seed()) {
        let process = sandbox.start(&arguments);
        eventually("the moment to kill", || wire.crossed() >= moment);
        process.signal(Signal::KILL);
        assert_eq!(process.finish().code, None, "it ended by itself");
        nothing_at_the_targets_name(&sandbox);
    }
    sandbox.start(&arguments).finish().ok();
    assert_eq!(sandbox.names(), ["big.iso"]);
    assert_eq!(sandbox.sha256("big.iso"), sum);
    // All that crossed is counted: heads of answers and handshakes too.
    let twice = wire.crossed() - LENGTH;
    println!("{twice} of {LENGTH} bytes crossed in vain after {KILLS} kills");
    assert!(twice * 100 < LENGTH * TWICE, "{twice} of {LENGTH} bytes crossed in vain after {KILLS} kills");
}

#[test]
fn twenty_kills_against_nginx_over_http() {
    twenty_kills_against_nginx(Nginx::http_port, |port| format!("http://127.0.0.1:{port}/big.iso"));
}

#[test]
fn twenty_kills_against_nginx_over_https() {
    twenty_kills_against_nginx(Nginx::https_port, |port| format!("https://localhost:{port}/big.iso"));
}

/// A hundred kills, against a server at its worst: every answer is cut, one in five is a 503, one connection in ten is
/// dropped before it is answered.
#[test]
fn a_hundred_kills_against_a_server_that_cuts_refuses_and_drops() {
    const KILLS: usize = 100;
    const RATE: u64 = 420_000;
    /// The share of the file, in percent, that may be sent twice.
    const TWICE: u64 = 10;
    let seed = seed();
    let file = File::new(65, LENGTH).rule(move |request| {
        let mut random = fastrand::Rng::with_seed(seed ^ (request.number as u64) << 16);
        Some(match random.u8(..10) {
            0 => Answer::raw(""),
            1 | 2 => Answer::status(503),
            _ => Answer::new().ending(random.u64(1..2 << 20), Ending::Cut),
        })
    });
    let sum = file.sha256();
    let server = Server::new().file("/big.iso", file).rate(RATE).send_buffer(8 * 1024).start();
    let sandbox = Sandbox::new();
    let url = server.url("/big.iso");
    let arguments = ["get", "-q", "-x", "8", "--retries", "100", "--retry-wait", "0.02", url.as_str()];
    fetch_with_kills(&sandbox, &server, &arguments, &moments(KILLS, seed));
    assert_eq!(sandbox.sha256("big.iso"), sum);
    let seen = server.seen();
    let (twice, requests) = (seen.sent("/big.iso").twice(), seen.requests.len());
    println!("{twice} of {LENGTH} bytes were sent twice after {KILLS} kills, in {requests} requests");
    assert!(twice * 100 < LENGTH * TWICE, "{twice} of {LENGTH} bytes were sent twice after {KILLS} kills");
}
