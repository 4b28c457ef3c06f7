//! Rows about what a store answers: other ranges than were asked for, no lengths, objects that change, connections that
//! stall, hosts and files that can't be had, and stores that say when to come again. `oracles` says which test holds which row.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use super::MIB;
use super::oracle_rows::{at_a_time, cut_off, get, served};
use super::oracles::{happened, of_each};
use crate::support::{Oracle, Output, Relay, Sandbox, Strace, header, strace_works};

/// The codes with which haul ends: trouble of the network, of the disk, and wrong answers.
const NETWORK: i32 = 4;
const DISK: i32 = 5;
const WRONG: i32 = 8;

/// A request for bytes that lie a little later than those that haul asks for, if these begin at one of `places`: the store
/// gives them, and says so.
fn shifted(head: &str, places: Range<u64>) -> String {
    const BY: u64 = 512;
    let range = header(head, "range").unwrap_or("bytes=0-");
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let first: u64 = first.parse().unwrap();
    if !places.contains(&first) {
        return head.to_owned();
    }
    let last = last.parse::<u64>().map_or(String::new(), |last| (last + BY).to_string());
    let later = format!("range: bytes={}-{last}\r\n", first + BY);
    let others = head.split_inclusive("\r\n").filter(|line| !line.starts_with("range:"));
    others.collect::<String>().replacen("\r\n", &format!("\r\n{later}"), 1)
}

/// Fetches `a.bin` over a relay.
fn get_over(relay: &Relay, oracle: &Oracle, sandbox: &Sandbox, more: &[&str]) -> Output {
    let url = oracle.url_over(relay.port(), "a.bin");
    sandbox.run(&[&["get", "--json", "--retry-wait", "0.05", "--retries", "3"], more, &[&url]].concat())
}

#[test]
fn row_3_a_range_that_was_not_asked_for_is_an_error_and_never_written() {
    const LENGTH: u64 = 6 * MIB;
    of_each(|vendor, oracle| {
        oracle.put("a.bin", LENGTH);
        // All ranges: there is no way to the file. And those behind its beginning: it comes in one stream, and no byte of
        // another place is in it, not even for as long as it takes to find out.
        for (places, code) in [(0..LENGTH, WRONG), (1..LENGTH - MIB, 0)] {
            // The first answer could bring all else before a wrong one is looked at: no body comes before haul asks once
            // more than it has connections.
            let (ask, body) = channel::<()>();
            let (asks, body) = (Mutex::new(vec![ask; if code == 0 { 5 } else { 1 }]), Mutex::new(body));
            let request = move |head: &str| {
                asks.lock().unwrap().pop();
                shifted(head, places.clone())
            };
            let relay = Relay::holding(oracle.port(), request, move |_| _ = body.lock().unwrap().recv());
            let sandbox = oracle.sandbox();
            let output = get_over(&relay, &oracle, &sandbox, &["-x", "4"]).code(code);
            let faults = output.json().into_iter().filter(|line| line["fault"] == "wrong_range");
            assert!(faults.count() > 0, "{vendor}: {output:#?}");
            assert!(output.stdout.contains("was asked for, and bytes from"), "{vendor}: {output:#?}");
            for event in ["repairing", "repaired", "doubted"] {
                assert_eq!(happened(&output, event).len(), 0, "{vendor}: bytes of other places were written");
            }
            if code == 0 {
                assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
            } else {
                assert_eq!(happened(&output, "failed")[0]["fault"], "wrong_range", "{vendor}: {output:#?}");
                assert!(!sandbox.downloads().join("a.bin").exists(), "{vendor}");
            }
        }
    });
}

#[test]
fn row_4_an_object_that_changes_while_it_comes_is_never_mixed_and_said_to_have_changed() {
    of_each(|vendor, oracle| {
        oracle.put("a.bin", 6 * MIB);
        let old = oracle.sha256("a.bin");
        oracle.faults(&json!({ "change_etag_after": 2, "throttle": 3_000_000 }));
        let sandbox = oracle.sandbox();
        let output = get(&oracle, &sandbox, &["-x", "4"]).ok();
        let new = oracle.sha256("a.bin");
        assert_ne!(old, new, "{vendor}: it did not change");
        assert_eq!(sandbox.sha256("a.bin"), new, "{vendor}");
        let restarted = happened(&output, "restarted");
        assert_eq!(restarted.len(), 1, "{vendor}: {output:#?}");
        assert_eq!(restarted[0]["fault"], "changed", "{vendor}");

        // By another order it stops there, and what it says is that.
        oracle.faults(&json!({ "reset": true, "change_etag_after": 2, "throttle": 3_000_000 }));
        let output = get(&oracle, &sandbox, &["-x", "4", "--on-change", "fail", "-o", "b.bin"]).code(WRONG);
        assert_eq!(happened(&output, "failed")[0]["fault"], "changed", "{vendor}: {output:#?}");
        assert!(!sandbox.downloads().join("b.bin").exists(), "{vendor}");
    });
}

#[test]
fn row_6_no_length_no_ranges_and_no_byte_at_all_come_in_one_stream() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 3 * MIB);
        let sum = oracle.sha256("a.bin");
        let single = |output: &Output, what: &str| {
            let answered = happened(output, "answered");
            assert_eq!(answered.len(), 1, "{vendor}, {what}: {output:#?}");
            assert_eq!(answered[0]["resumable"], false, "{vendor}, {what}: {output:#?}");
        };

        // No ranges: one request, the whole of it, and it is said that nothing of it can be resumed.
        oracle.faults(&json!({ "no_range": true }));
        let relay = Relay::changing(oracle.port(), str::to_owned, |head| {
            head.replace("Accept-Ranges: bytes", "Accept-Ranges: none")
        });
        let output = get_over(&relay, &oracle, &sandbox, &["-x", "4", "-o", "a.bin"]).ok();
        single(&output, "no ranges");
        assert_eq!(relay.requests().len(), 1, "{vendor}: one stream");
        assert_eq!(sandbox.sha256("a.bin"), sum, "{vendor}");

        // No length either: the end of the connection is the end of the object.
        let relay = Relay::changing(oracle.port(), str::to_owned, |head| {
            let kept =
                head.split_inclusive("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
            let head = kept.collect::<String>().replacen("\r\n", "\r\nConnection: close\r\n", 1);
            head.replace("Accept-Ranges: bytes", "Accept-Ranges: none")
        });
        let output = get_over(&relay, &oracle, &sandbox, &["-x", "4", "-o", "endless.bin"]).ok();
        single(&output, "no length");
        assert_eq!(happened(&output, "answered")[0]["length"], Value::Null, "{vendor}: {output:#?}");
        assert_eq!(relay.requests().len(), 1, "{vendor}: one stream");
        assert_eq!(sandbox.sha256("endless.bin"), sum, "{vendor}");

        // No byte: an empty file, from stores that answer a range of it with 416, and from such that answer with 200.
        for faults in [json!({ "reset": true }), json!({ "no_range": true })] {
            oracle.faults(&faults);
            oracle.put("a.bin", 0);
            get(&oracle, &sandbox, &["--overwrite", "-o", "empty.bin"]).ok();
            assert_eq!(std::fs::read(sandbox.downloads().join("empty.bin")).unwrap(), b"", "{vendor}, {faults}");
        }
        assert_eq!(sandbox.names(), ["a.bin", "empty.bin", "endless.bin"], "{vendor}: nothing else is left");
    });
}

#[test]
fn row_7_connections_run_at_a_time_and_one_that_stalls_leaves_its_rest_to_the_others() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 8 * MIB);
        oracle.faults(&json!({ "throttle": 1_000_000 }));
        get(&oracle, &sandbox, &["-x", "4"]).ok();
        let most = at_a_time(&oracle.calls("GetObject"), 1_000_000.0);
        assert_eq!(most, 4, "{vendor}: {:#?}", oracle.calls("GetObject"));

        // One connection of four gets no answer, and haul would wait an hour for it.
        let (count, (end, ended)) = (AtomicUsize::new(0), channel::<()>());
        let ended = Mutex::new(ended);
        let relay = Relay::changing(oracle.port(), str::to_owned, move |head| {
            if count.fetch_add(1, Ordering::SeqCst) == 1 {
                let _ = ended.lock().unwrap().recv();
            }
            head.to_owned()
        });
        let output = get_over(&relay, &oracle, &sandbox, &["-x", "4", "--timeout", "3600", "-o", "b.bin"]).ok();
        drop(end);
        assert!(relay.requests().len() > 2, "{vendor}: nobody was held: {output:#?}");
        assert_eq!(sandbox.sha256("b.bin"), oracle.sha256("a.bin"), "{vendor}: {output:#?}");
    });
}

#[test]
fn row_8_a_store_that_says_when_to_come_again_is_asked_then_and_resets_cost_nothing() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 2 * MIB);
        oracle.faults(&json!({
            "fail_first": 1, "fail_codes": [429], "retry_after": 1,
            "kill_after_bytes": 300_000, "kill_mode": "rst", "kill_count": 4,
        }));
        get(&oracle, &sandbox, &["-x", "1"]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
        let calls = oracle.calls("GetObject");
        assert_eq!(calls[0]["status"], 429, "{vendor}: {calls:#?}");
        let waited = calls[1]["t"].as_f64().unwrap() - calls[0]["t"].as_f64().unwrap();
        assert!(waited >= 0.99, "{vendor}: asked again after {waited} s");
        let sent: u64 = calls.iter().map(|call| call["sent"].as_u64().unwrap()).sum();
        assert!(sent < 4 * MIB, "{vendor}: {sent} bytes came for 2 MiB");
    });
}

#[test]
fn row_12_a_lost_record_and_an_object_of_another_length_give_the_right_file() {
    of_each(|vendor, oracle| {
        for what in ["record lost", "record garbled", "object grown"] {
            let sandbox = oracle.sandbox();
            cut_off(&oracle, &sandbox, 6 * MIB);
            if what == "object grown" {
                oracle.put("a.bin", 7 * MIB);
            }
            for entry in std::fs::read_dir(sandbox.path("state/checkpoints")).unwrap() {
                let path = entry.unwrap().path();
                match what {
                    "record lost" => std::fs::remove_file(path).unwrap(),
                    "record garbled" => std::fs::write(path, "no record at all").unwrap(),
                    _ => {}
                }
            }
            get(&oracle, &sandbox, &[]).ok();
            assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}, {what}");
        }
    });
}

#[test]
fn row_14_each_kind_of_checksum_is_compared_and_lists_beside_the_object_are_found() {
    // What these kinds make of the digits from 1 to 9 stands in their descriptions.
    const RIGHT: [(&str, &str); 5] = [
        ("md5", "25f9e794323b453885f5181f1b624d0b"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ("crc32c", "e3069283"),
        ("crc64", "995dc9bbdf1939fa"),
    ];
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put_text("a.bin", "123456789");
        for (kind, sum) in RIGHT {
            let output = get(&oracle, &sandbox, &["--overwrite", "--checksum", &format!("{kind}:{sum}")]).ok();
            let checked = happened(&output, "completed")[0]["checked"].clone();
            assert!(checked.as_array().unwrap().contains(&kind.into()), "{vendor}: {checked}");
            let other = format!("{kind}:{}{}", &sum[1..], &sum[..1]);
            get(&oracle, &sandbox, &["-o", "no.bin", "--checksum", &other]).code(super::CHECKSUM);
            assert!(!sandbox.downloads().join("no.bin").exists(), "{vendor}, {kind}");
        }
        for (list, sum) in [("MD5SUMS", RIGHT[0].1), ("SHA1SUMS", RIGHT[1].1), ("SHA256SUMS", RIGHT[2].1)] {
            for (folder, text, code) in
                [("right", sum.to_owned(), 0), ("wrong", "0".repeat(sum.len()), super::CHECKSUM)]
            {
                let sandbox = oracle.sandbox();
                let folder = format!("{folder}-{list}");
                oracle.put_text(&format!("{folder}/a.bin"), "123456789");
                oracle.put_text(&format!("{folder}/{list}"), &format!("{text}  a.bin\n"));
                let url = oracle.url(&format!("{folder}/a.bin"));
                sandbox.run(&["get", "--json", "--checksums-from", "auto", &url]).code(code);
                assert_eq!(sandbox.downloads().join("a.bin").exists(), code == 0, "{vendor}, {list}");
            }
        }
    });
}

#[test]
fn row_8_a_host_that_is_not_found_is_a_sentence_and_another_place_takes_over() {
    // No label is longer than 63 bytes (RFC 1035, section 2.3.4), so that nobody has to be asked for this one.
    let nowhere = format!("{}.test", "x".repeat(64));
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 2 * MIB);
        let url = oracle.url("a.bin").replace("127.0.0.1", &nowhere);
        let get = |more: &[&str]| sandbox.run(&[&["get", "--json", "--retry-wait=0.05", "--retries=2"], more].concat());
        let output = get(&[&url]).code(NETWORK).refused(&[&nowhere]);
        assert_eq!(happened(&output, "retried").len(), 2, "{vendor}: a name may be found again soon: {output:#?}");
        assert_eq!(sandbox.names(), [""; 0], "{vendor}");
        get(&["--mirror", &oracle.url("a.bin"), &url]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
    });
}

#[test]
fn row_40_a_part_file_that_may_not_be_opened_is_told_and_goes_on_when_it_may() {
    if !strace_works() {
        return;
    }
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        cut_off(&oracle, &sandbox, 6 * MIB);
        let part = sandbox.downloads().join(sandbox.names().remove(0));
        let kept = served(&oracle);
        let strace = Strace::refuse("openat", "EACCES", "1+").on(&[&part]);
        let output = strace.start(&sandbox, &["get", "--json", "--retries=1", &oracle.url("a.bin")]).finish();
        output.code(DISK).refused(&["not permitted", part.to_str().unwrap()]);
        assert!(part.exists() && served(&oracle) - kept < MIB, "{vendor}");
        let output = get(&oracle, &sandbox, &[]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
        let fetched = happened(&output, "completed")[0]["fetched"].as_u64().unwrap();
        assert!(fetched < 5 * MIB, "{vendor}: {fetched} bytes came although a third was kept");
    });
}
