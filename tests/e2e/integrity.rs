//! Bytes that come damaged, digests that servers announce, and lists of checksums beside a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::{CHECKSUM, MIB, PATH, fetch, file, holds_no_finished_file, holds_only, serve};
use crate::support::server::{Answer, Gate, Running, Server, content};
use crate::support::{Output, Sandbox};

const LENGTH: u64 = 4 * MIB;

/// Repr-Digest of the file with this seed.
fn digest(seed: u64) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha2::Sha256::digest(content(seed, 0, LENGTH))))
}

fn sum() -> String {
    file(Answer::new()).sha256()
}

/// A server whose first answer has one byte that is another.
fn damaging(answer: &Answer) -> Running {
    Server::new().file(PATH, file(answer.clone()).script(1..=1, answer.clone().damage(3 * MIB / 2))).start()
}

fn told(output: &Output, event: &str) -> Vec<Value> {
    output.json().into_iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn a_block_that_came_damaged_is_fetched_again_and_told_of() {
    let announcing = Answer::new().header("Repr-Digest", &digest(11));
    let checksum = format!("sha256:{}", sum());
    for (answer, more) in [(announcing, vec![]), (Answer::new(), vec!["--checksum", &checksum])] {
        let server = damaging(&answer);
        let sandbox = Sandbox::new();
        let output = fetch(&sandbox, &server, &[&["--json", "-x", "1"], &more[..]].concat()).ok();
        holds_only(&sandbox, "file.bin", &sum());
        let repaired = told(&output, "repaired");
        assert_eq!(
            (repaired[0]["damaged"].clone(), repaired[0]["blocks"].clone()),
            (json!(1), json!(4)),
            "{output:#?}"
        );
        assert_eq!(told(&output, "repairing").len(), 1);
        assert_eq!(told(&output, "completed")[0]["checked"], json!(["sha256"]));
        let seen = server.seen();
        assert_eq!(seen.sent(PATH).total, 2 * LENGTH);
        let cached: Vec<Option<&str>> = seen.of(PATH).iter().map(|request| request.header("cache-control")).collect();
        assert_eq!((cached[0], cached[cached.len() - 1]), (None, Some("no-cache")), "no cache is asked twice");
    }
}

#[test]
fn it_is_said_in_words_too() {
    let server = damaging(&Answer::new().header("Repr-Digest", &digest(11)));
    let output = fetch(&Sandbox::new(), &server, &["-x", "1"]).ok();
    assert!(output.stderr.contains("1 of 4 blocks was damaged and was fetched again"), "{output:#?}");
}

#[test]
fn without_a_word_from_anyone_nothing_is_claimed() {
    let output = fetch(&Sandbox::new(), &serve(Answer::new()), &["--json"]).ok();
    assert_eq!(told(&output, "completed")[0]["checked"], json!([]));
}

#[test]
fn a_server_that_announces_another_file_is_not_believed_until_it_is_told_to_be() {
    let server = serve(Answer::new().header("Repr-Digest", &digest(12)));
    let sandbox = Sandbox::new();
    fetch(&sandbox, &server, &["-x", "1"]).refused(&["file.bin", "sha256", "--no-digests"]).code(CHECKSUM);
    holds_no_finished_file(&sandbox);
    let sent = server.seen().total();
    assert_eq!(sent, 2 * LENGTH, "once, and once more to compare");
    fetch(&sandbox, &server, &["--no-digests"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    assert_eq!(server.seen().total(), sent, "what came was kept");
}

#[test]
fn a_mistyped_checksum_costs_no_third_fetch() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    let wrong = format!("sha256:{}", "0".repeat(64));
    fetch(&sandbox, &server, &["-x", "1", "--checksum", &wrong]).refused(&["file.bin", "asked for"]).code(CHECKSUM);
    holds_no_finished_file(&sandbox);
    let sent = server.seen().total();
    fetch(&sandbox, &server, &["--checksum", &format!("sha256:{}", sum())]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    assert_eq!(server.seen().total(), sent);
}

#[test]
fn a_list_beside_the_file_decides() {
    let list = |sum: &str| {
        let text = format!("{}  other.bin\n{sum} *file.bin\n", "1".repeat(64));
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", text.len());
        Answer::raw(head + &text)
    };
    let beside =
        |answer: Answer| Server::new().file(PATH, file(Answer::new())).file("/SHA256SUMS", file(answer)).start();
    let server = beside(list(&sum()));
    let sandbox = Sandbox::new();
    let output = fetch(&sandbox, &server, &["--json", "--checksums-from", "auto"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    assert_eq!(told(&output, "completed")[0]["checked"], json!(["sha256"]));
    for (server, from) in [
        (beside(list(&"2".repeat(64))), "auto".to_owned()),
        (serve(Answer::new()), "auto".to_owned()),
        (serve(Answer::new()), server.url("/SHA256SUMS")),
    ] {
        let sandbox = Sandbox::new();
        let run = fetch(&sandbox, &server, &["--checksums-from", &from]);
        if from == "auto" {
            run.refused(&["file.bin"]).code(CHECKSUM);
            holds_no_finished_file(&sandbox);
        } else {
            // Another host's list does as well.
            run.ok();
            holds_only(&sandbox, "file.bin", &sum());
        }
    }
}

#[test]
fn a_kill_in_the_middle_of_a_repair_costs_time_and_nothing_else() {
    let gate = Gate::new();
    let answer = Answer::new().header("Repr-Digest", &digest(11));
    let damaged = file(answer.clone()).script(1..=1, answer.clone().damage(3 * MIB / 2));
    let held = damaged.script(2..=2, answer.gate(2 * MIB, &gate));
    let server = Server::new().file(PATH, held).start();
    let sandbox = Sandbox::new();
    let process = sandbox.start(&["get", "-q", "-x", "1", &server.url(PATH)]);
    server.wait("half of the second fetch", |seen| seen.total() >= LENGTH + 2 * MIB);
    process.signal(Signal::KILL);
    assert_eq!(process.finish().code, None, "it ended by itself");
    gate.open();
    holds_no_finished_file(&sandbox);
    let output = fetch(&sandbox, &server, &["--json", "-x", "1"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    assert_eq!(told(&output, "completed")[0]["checked"], json!(["sha256"]));
    let sent = server.seen().total();
    assert!(sent <= 3 * LENGTH, "{sent}");
}
