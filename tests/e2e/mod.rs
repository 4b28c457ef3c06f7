//! The real program against servers that behave, misbehave and go away. Every file is compared byte for byte.

mod blocks;
mod chunks;
mod crash;
mod cuts;
mod disk;
mod doubts;
mod families;
mod get;
mod hooks;
mod hostile;
mod hosts;
mod inodes;
mod integrity;
mod journey;
mod keeping;
mod kills;
mod leftovers;
mod logins;
mod metalinks;
mod mirrors;
mod moves;
mod names;
mod nginx;
mod oracle_answers;
mod oracle_logins;
mod oracle_orders;
mod oracle_rows;
mod oracles;
mod orders;
mod plain;
mod power;
mod queue;
mod secrets;
mod servers;
mod signals;
mod small;
mod stdin;
mod stores;
mod terminal;
mod tls;
mod together;
mod waiting;

use crate::support::server::{Answer, File, Running, Server};
use crate::support::{Output, Sandbox};

/// Exit codes, as the README's table has them.
const REFUSED: i32 = 3;
const NETWORK: i32 = 4;
const TAKEN: i32 = 6;
const CHECKSUM: i32 = 7;

const MIB: u64 = 1 << 20;

/// The URL's path that most tests use.
const PATH: &str = "/file.bin";

/// A server with one file of 4 MiB, which is enough for four connections.
fn serve(answer: Answer) -> Running {
    Server::new().file(PATH, file(answer)).start()
}

fn file(answer: Answer) -> File {
    File::new(11, 4 * MIB).answer(answer)
}

/// Fetches the file with little patience.
fn fetch(sandbox: &Sandbox, server: &Running, more: &[&str]) -> Output {
    let url = server.url(PATH);
    sandbox.get(&[&["--retry-wait", "0.1", "--timeout", "3", "--retries", "3", url.as_str()], more].concat())
}

/// Panics unless the download folder holds this one file, right to its last byte, and nothing else.
#[track_caller]
fn holds_only(sandbox: &Sandbox, name: &str, sha256: &str) {
    assert_eq!(sandbox.names(), [name]);
    assert_eq!(sandbox.sha256(name), sha256, "{name} is not what the server has");
}

/// Panics if the download folder holds anything but part files.
#[track_caller]
fn holds_no_finished_file(sandbox: &Sandbox) {
    let is_part = |name: &String| name.strip_suffix(".part").is_some();
    let finished: Vec<String> = sandbox.names().into_iter().filter(|name| !is_part(name)).collect();
    assert!(finished.is_empty(), "{finished:?}");
}
