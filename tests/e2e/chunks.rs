//! The real program and the plain chunk upload.

use serde_json::{Value, json};

use super::MIB;
use crate::support::chunks::Chunks;
use crate::support::{Output, Sandbox};

const NAME: &str = "a b.bin";

fn bytes(seed: u64, length: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length as usize).collect()
}

fn room(length: u64) -> (Chunks, Sandbox, Vec<u8>) {
    let (chunks, sandbox, content) = (Chunks::start(), Sandbox::new(), bytes(1, length));
    std::fs::write(sandbox.downloads().join(NAME), &content).unwrap();
    (chunks, sandbox, content)
}

fn put(sandbox: &Sandbox, chunks: &Chunks, more: &[&str]) -> Output {
    let (url, own) = (chunks.url(""), ["put", "--json", "--retry-wait", "0.05", "--part-size", "1M"]);
    sandbox.run(&[&own[..], more, &[NAME, &url]].concat())
}

fn events(output: &Output) -> Vec<String> {
    output.json().iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn chunks_become_the_file_and_the_whole_is_compared() {
    for length in [0, 1, MIB, 3 * MIB + 77] {
        let (chunks, sandbox, content) = room(length);
        let output = put(&sandbox, &chunks, &[]).ok();
        assert_eq!(chunks.file(NAME), Some(content), "{length}");
        let completed = output.json().into_iter().find(|line| line["event"] == "completed").unwrap();
        assert_eq!(completed["checked"], Value::from(vec!["md5"]), "{length}");
        let mut seen = chunks.seen();
        seen.sort_unstable();
        assert_eq!(seen, (0..length.div_ceil(MIB).max(1)).collect::<Vec<_>>(), "{length}: each once");
    }
}

#[test]
fn chunks_that_arrive_damaged_that_are_refused_and_that_the_server_loses_are_sent_again() {
    let (chunks, sandbox, content) = room(5 * MIB);
    chunks.damage(1);
    chunks.lose(3);
    chunks.refuse(503);
    let output = put(&sandbox, &chunks, &[]).ok();
    assert_eq!(chunks.file(NAME), Some(content));
    let failed = events(&output).iter().filter(|event| *event == "part_failed").count();
    assert_eq!(failed, 2, "{output:#?}");
    assert_eq!(chunks.seen().len(), 5 + 2 + 1, "the damaged, the refused and the lost one once more");
}

#[test]
fn chunks_that_the_server_has_are_not_sent_again_although_the_record_was_lost() {
    let (chunks, sandbox, content) = room(4 * MIB);
    chunks.refuse(403);
    put(&sandbox, &chunks, &["-x", "1"]).code(super::REFUSED);
    assert_eq!(chunks.seen(), [0]);
    // A login that is missing is fatal: what came before it stays.
    let login = ["-H", "Authorization: Bearer open"];
    chunks.lose(2);
    put(&sandbox, &chunks, &[&login[..], &["-x", "1", "--retries", "0"]].concat()).code(super::CHECKSUM);
    let before = chunks.seen().len();
    std::fs::remove_dir_all(sandbox.path("state")).unwrap();
    put(&sandbox, &chunks, &login).ok();
    assert_eq!(chunks.seen()[before..], [2], "only the one that is missing");
    assert_eq!(chunks.header("authorization").as_deref(), Some("Bearer open"));
    assert_eq!(chunks.file(NAME), Some(content));
}

#[test]
fn what_can_not_be_sent_so_is_told() {
    let (chunks, sandbox, _) = room(10);
    let named = chunks.url("?filename=other.bin");
    sandbox.run(&["put", "-q", NAME, &named]).ok();
    assert!(chunks.file("other.bin").is_some() && chunks.file(NAME).is_none());
    sandbox.run(&["put", "-q", "-", &chunks.url("")]).refused(&["no name"]);
    sandbox.run(&["put", "-q", "-", &named]).refused(&["length beforehand"]);
    sandbox.run(&["put", "-q", "--no-clobber", NAME, &chunks.url("")]).refused(&["--no-clobber"]);
    sandbox.run(&["put", "-q", "--storage-class", "IA", NAME, &chunks.url("")]).refused(&["--storage-class"]);
    sandbox.run(&["put", "-q", "--content-type", "text/html", NAME, &chunks.url("")]).refused(&["--content-type"]);
    assert!(chunks.file(NAME).is_none());
    sandbox.get(&[&chunks.url("/a")]).refused(&["chunk+http"]);
}

#[test]
fn an_error_in_a_success_is_an_error() {
    for answer in [json!({ "error": "disk full" }), json!({ "ok": false }), json!({ "success": false })] {
        let (chunks, sandbox, _) = room(10);
        chunks.merge_says(answer.clone());
        let output = put(&sandbox, &chunks, &["--retries", "1"]).code(8);
        let words = answer["error"].as_str().unwrap_or("no reason is given");
        assert!(output.stdout.contains(&format!("the server refused: {words} (HTTP 200)")), "{output:#?}");
    }
    let (chunks, sandbox, _) = room(10);
    chunks.merge_says(json!({ "error": null, "ok": true }));
    put(&sandbox, &chunks, &[]).ok();
}
