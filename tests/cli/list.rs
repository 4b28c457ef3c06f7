//! `haul list` and `haul add`.

use std::path::PathBuf;

use haul::cli::{ListItem, write_added, write_list};
use haul::model::{Status, TransferId};

use super::support::source;

fn items() -> Vec<ListItem> {
    let item = |bits, name: &str, status, length, done| ListItem {
        id: TransferId::from_bits(bits),
        name: name.to_owned(),
        url: format!("https://example.org/{bits}"),
        target: PathBuf::from("/downloads").join(name),
        why: None,
        status,
        limit: None,
        priority: None,
        category: None,
        added: None,
        start_at: None,
        starts: None,
        length,
        done,
    };
    vec![
        item(1, "one.iso", Status::Running, Some(2_000_000), 500_000),
        item(2, "tw\u{1b}[31mo\u{202e}\u{9b}", Status::Queued, None, 0),
        item(3, "three", Status::Done, Some(0), 0),
    ]
}

fn written(items: &[ListItem], json: bool) -> String {
    let mut out = Vec::new();
    write_list(items, json, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_is_one_document() {
    let document: serde_json::Value = serde_json::from_str(&written(&items(), true)).unwrap();
    let first = serde_json::json!({
        "id": "0000000000000001", "name": "one.iso", "url": "https://example.org/1", "target": "/downloads/one.iso",
        "status": "running", "length": 2_000_000, "done": 500_000,
    });
    assert_eq!(document[0], first);
    assert!(document[1]["length"].is_null());
    assert_eq!(document.as_array().unwrap().len(), 3);
    assert_eq!(written(&[], true), "[]\n");
}

#[test]
fn a_table_for_people() {
    let text = written(&items(), false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "0000000000000001  running   25%    2.0 MB  one.iso  https://example.org/1");
    assert_eq!(lines[3], "0000000000000003  done     100%       0 B  three  https://example.org/3");
    assert_eq!(written(&[], false), "The queue is empty.\n");
}

#[test]
fn nothing_printed_steers_a_terminal() {
    for json in [false, true] {
        let text = written(&items(), json);
        assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{text:?}");
    }
}

#[test]
fn what_was_added_is_told_without_secrets() {
    let mut out = Vec::new();
    let added = [(TransferId::from_bits(7), source("https://me:pw@example.org/a?token=x"))];
    write_added(&added, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "0000000000000007  https://example.org/a?token=***\n");
}
