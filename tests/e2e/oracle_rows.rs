//! Further rows of what transfers with object stores have to be capable of, each by its number; `oracles` says which test
//! holds which row.

use std::time::{Duration, Instant};

use haul::model::Vendor;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::MIB;
use super::oracles::{LENGTH, begun, file, happened, of_each, put, taken};
use crate::support::{Oracle, Output, Process, Sandbox, eventually, is_part_of};

/// Bytes that went out in answers to downloads.
pub(super) fn served(oracle: &Oracle) -> u64 {
    oracle.calls("GetObject").iter().map(|one| one["sent"].as_u64().unwrap()).sum()
}

/// How far a running download is.
pub(super) fn done(process: &Process) -> u64 {
    let text = process.stdout();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line["done"].as_u64()).max().unwrap_or(0)
}

/// Begins a download of `a.bin` that is slow, and kills it when a good part has come.
pub(super) fn cut_off(oracle: &Oracle, sandbox: &Sandbox, length: u64) {
    oracle.put("a.bin", length);
    let before = oracle.calls("GetObject").len();
    oracle.faults(&json!({ "reset": true, "throttle": 3_000_000 }));
    let process = sandbox.start(&["get", "--json", "-x", "2", &oracle.url("a.bin")]);
    eventually("a good part", || done(&process) > length / 3);
    process.signal(Signal::KILL);
    process.finish();
    // A request is in the oracle's log when it has ended.
    let begun = oracle.tell("faults")["n_get"].as_u64().unwrap() as usize;
    eventually("its requests to end", || oracle.calls("GetObject").len() >= before + begun);
    oracle.faults(&json!({ "reset": true }));
}

/// So many of these requests were answered at a time at least, where no answer is faster than this.
pub(super) fn at_a_time(calls: &[Value], rate: f64) -> usize {
    let span = |call: &Value| {
        let began = call["t"].as_f64().unwrap();
        (began, began + call["sent"].as_f64().unwrap() / rate)
    };
    let spans: Vec<(f64, f64)> = calls.iter().map(span).collect();
    let at = |moment: f64| spans.iter().filter(|(began, ended)| *began <= moment && moment < *ended).count();
    spans.iter().map(|(began, _)| at(*began)).max().unwrap_or(0)
}

pub(super) fn get(oracle: &Oracle, sandbox: &Sandbox, more: &[&str]) -> Output {
    let url = oracle.url("a.bin");
    sandbox.run(&[&["get", "--json", "--retry-wait", "0.05", "--retries", "20"], more, &[&url]].concat())
}

#[test]
fn row_1_a_download_that_was_killed_fetches_what_is_missing() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        cut_off(&oracle, &sandbox, 8 * MIB);
        let output = get(&oracle, &sandbox, &[]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
        let served = served(&oracle);
        assert!(served <= 10 * MIB, "{vendor}: {served} bytes came for 8 MiB, and two connections were cut");
        // It is told from there on, as soon as it is known.
        let lines = output.json();
        let answered = lines.iter().position(|line| line["event"] == "answered").unwrap();
        let resumed = lines[answered]["resumed"].as_u64().unwrap();
        assert!(resumed > MIB, "{vendor}: {output:#?}");
        let done: Vec<u64> = lines[answered..].iter().filter_map(|line| line["done"].as_u64()).collect();
        assert!(done.iter().all(|done| (resumed..=8 * MIB).contains(done)), "{vendor}: {resumed} {done:?}");
    });
}

#[test]
fn row_2_a_store_that_ignores_ranges_gives_the_right_file() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 3 * MIB);
        oracle.faults(&json!({ "no_range": true, "kill_after_bytes": 2_000_000, "kill_count": 1 }));
        get(&oracle, &sandbox, &["-x", "4"]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
    });
}

#[test]
fn row_4_an_object_that_changes_meanwhile_is_never_mixed() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        cut_off(&oracle, &sandbox, 6 * MIB);
        oracle.mutate("a.bin");
        let output = get(&oracle, &sandbox, &[]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
        assert_eq!(happened(&output, "restarted").len(), 1, "{vendor}: {output:#?}");
    });
}

#[test]
fn row_5_what_is_complete_is_asked_for_once_and_not_fetched_again() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        for length in [2 * MIB, 0] {
            oracle.put("a.bin", length);
            // There are stores that have no range of an empty object: 416 is no error.
            get(&oracle, &sandbox, &["--overwrite"]).ok();
            let before = oracle.tell("log").as_array().unwrap().len();
            let output = get(&oracle, &sandbox, &[]).ok();
            assert_eq!(happened(&output, "completed")[0]["unchanged"], true, "{vendor}: {output:#?}");
            let log = oracle.tell("log");
            let asked = &log.as_array().unwrap()[before..];
            assert_eq!(asked.len(), 1, "{vendor}: {asked:#?}");
            assert_eq!((&asked[0]["op"], &asked[0]["status"]), (&json!("HeadObject"), &json!(304)), "{vendor}");
        }
        let calls = oracle.calls("GetObject");
        let is_refused = calls.iter().any(|call| call["status"] == 416);
        assert_eq!(is_refused, vendor != Vendor::S3, "{vendor}: {calls:#?}");
    });
}

#[test]
fn row_7_segments_come_side_by_side() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 8 * MIB);
        oracle.faults(&json!({ "throttle": 2_000_000 }));
        let output = get(&oracle, &sandbox, &["-x", "4"]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
        let parts = happened(&output, "part_done").len();
        assert!(parts >= 4, "{vendor}: {parts} parts");
        assert_eq!(sandbox.names(), ["a.bin"], "{vendor}: nothing is put together from pieces");
    });
}

#[test]
fn row_9_39_a_target_stands_when_it_is_complete_and_a_second_caller_is_refused() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 6 * MIB);
        oracle.faults(&json!({ "throttle": 1_500_000 }));
        let first = sandbox.start(&["get", "--json", "-x", "2", &oracle.url("a.bin")]);
        eventually("a part", || done(&first) > MIB);
        let names = sandbox.names();
        assert!(names.iter().all(|name| is_part_of(name, "a.bin")), "{vendor}: {names:?}");
        let second = get(&oracle, &sandbox, &["--retries", "0", "-o", "a.bin"]);
        assert_ne!(second.code, Some(0), "{vendor}: {second:#?}");
        oracle.faults(&json!({ "reset": true }));
        first.finish().ok();
        assert_eq!((sandbox.names(), sandbox.sha256("a.bin")), (vec!["a.bin".to_owned()], oracle.sha256("a.bin")));
    });
}

#[test]
fn row_10_a_record_of_garbage_costs_no_part() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let (sum, url) = (file(&sandbox, "a.bin", 30, LENGTH), oracle.url("a.bin"));
        begun(&oracle, &sandbox, &url);
        let before = taken(&oracle);
        for entry in std::fs::read_dir(sandbox.path("state/uploads")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "ron") {
                std::fs::write(path, "no record at all").unwrap();
            }
        }
        put(&sandbox, "a.bin", &url).ok();
        assert_eq!((oracle.sha256("a.bin"), oracle.open_uploads()), (sum, 0), "{vendor}");
        let all = taken(&oracle);
        assert!(all[before.len()..].iter().all(|part| !before.contains(part)), "{vendor}: {before:?} {all:?}");
    });
}

#[test]
fn row_11_threshold_and_part_size_mean_what_they_say_within_the_vendors_bounds() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let sum = file(&sandbox, "a.bin", 31, 6 * MIB);
        sandbox.run(&["put", "-q", "--threshold", "7M", "a.bin", &oracle.url("whole.bin")]).ok();
        assert_eq!((oracle.calls("PutObject").len(), taken(&oracle).len()), (1, 0), "{vendor}");
        let small = ["put", "-q", "--threshold", "6M", "--part-size", "1K", "a.bin", &oracle.url("parts.bin")];
        sandbox.run(&small).ok();
        let parts = if vendor == Vendor::Oss { 62 } else { 2 };
        assert_eq!(taken(&oracle).len(), parts, "{vendor}: the least that the vendor takes");
        assert_eq!((oracle.sha256("whole.bin"), oracle.sha256("parts.bin")), (sum.clone(), sum), "{vendor}");
    });
}

#[test]
fn row_12_a_part_file_that_was_cut_or_edited_never_becomes_the_file() {
    of_each(|vendor, oracle| {
        for damage in ["cut", "edit", "delete"] {
            let sandbox = oracle.sandbox();
            cut_off(&oracle, &sandbox, 6 * MIB);
            let name = sandbox.names().into_iter().find(|name| is_part_of(name, "a.bin")).unwrap();
            let path = sandbox.downloads().join(name);
            match damage {
                "cut" => std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1000).unwrap(),
                "edit" => {
                    let mut bytes = std::fs::read(&path).unwrap();
                    bytes[500_000] ^= 1;
                    std::fs::write(&path, bytes).unwrap();
                }
                _ => std::fs::remove_file(&path).unwrap(),
            }
            get(&oracle, &sandbox, &[]).ok();
            assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}, {damage}");
        }
    });
}

#[test]
fn row_22_23_progress_and_events_come_in_their_order_both_ways() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        file(&sandbox, "a.bin", 32, LENGTH);
        let up = put(&sandbox, "a.bin", &oracle.url("a.bin")).ok();
        std::fs::remove_file(sandbox.downloads().join("a.bin")).unwrap();
        oracle.faults(&json!({ "throttle": 4_000_000 }));
        let down = get(&oracle, &sandbox, &["-x", "4"]).ok();
        let orders: [(&Output, &[&str]); 2] = [
            (&up, &["started", "upload_created", "answered", "part_done", "completed"]),
            (&down, &["started", "answered", "part_done", "renamed", "completed"]),
        ];
        for (output, order) in orders {
            let lines = output.json();
            let at = |event: &&str| lines.iter().position(|line| line["event"] == **event).unwrap_or(usize::MAX);
            let places: Vec<usize> = order.iter().map(at).collect();
            assert!(places.is_sorted() && !places.contains(&usize::MAX), "{vendor}: {places:?} of {order:?}");
            let done: Vec<u64> = lines.iter().filter_map(|line| line["done"].as_u64()).collect();
            assert!(done.is_sorted() && done.iter().all(|bytes| *bytes <= LENGTH), "{vendor}: {done:?}");
            let parts = happened(output, "part_done");
            let bytes = parts.iter().map(|part| part["end"].as_u64().unwrap() - part["start"].as_u64().unwrap());
            assert_eq!(bytes.sum::<u64>(), LENGTH, "{vendor}: {parts:?}");
        }
    });
}

#[test]
fn row_26_27_an_interrupt_keeps_the_parts_and_the_same_order_goes_on() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let (sum, url) = (file(&sandbox, "a.bin", 35, LENGTH), oracle.url("a.bin"));
        oracle.faults(&json!({ "throttle": 3_000_000 }));
        let process =
            sandbox.start(&["put", "--json", "--threshold", "5M", "--part-size", "5M", "-x", "1", "a.bin", &url]);
        eventually("a part", || !taken(&oracle).is_empty());
        let began = Instant::now();
        process.signal(Signal::INT);
        process.finish();
        assert!(began.elapsed() < Duration::from_secs(30), "{vendor}: a pause waits for no part");
        assert_eq!(oracle.open_uploads(), 1, "{vendor}: it is kept");
        oracle.faults(&json!({ "reset": true }));
        let before = taken(&oracle);
        put(&sandbox, "a.bin", &url).ok();
        assert_eq!((oracle.sha256("a.bin"), oracle.open_uploads()), (sum, 0), "{vendor}");
        let all = taken(&oracle);
        assert!(all[before.len()..].iter().all(|part| !before.contains(part)), "{vendor}: {before:?} {all:?}");
    });
}

#[test]
fn row_28_a_login_for_a_while_comes_from_the_environment() {
    for vendor in Vendor::ALL {
        let Some(oracle) = Oracle::start(vendor, &["--token", "a-token"]) else { return };
        let mut sandbox = oracle.sandbox();
        let sum = file(&sandbox, "a.bin", 36, 6 * MIB);
        put(&sandbox, "a.bin", &oracle.url("a.bin")).refused(&["403"]);
        sandbox.set(
            match vendor {
                Vendor::S3 => "AWS_SESSION_TOKEN",
                Vendor::Oss => "OSS_SESSION_TOKEN",
                Vendor::Tos => "TOS_SECURITY_TOKEN",
            },
            "a-token",
        );
        put(&sandbox, "a.bin", &oracle.url("a.bin")).ok();
        assert_eq!(oracle.sha256("a.bin"), sum, "{vendor}");
        sandbox.get(&["-q", "-o", "back.bin", &oracle.url("a.bin")]).ok();
        assert_eq!(sandbox.sha256("back.bin"), sum, "{vendor}");
    }
}
