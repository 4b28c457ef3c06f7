//! Rows about what users order: limits, pauses, removals, mirrors, names, two callers, and disks without room. `oracles` says
//! which test holds which row.

use std::time::{Duration, Instant};

use haul::model::Vendor;
use serde_json::json;

use super::journey::row;
use super::oracle_rows::{at_a_time, cut_off, done, get, served};
use super::oracles::{LENGTH, file, happened, of_each, put, taken};
use super::secrets::files;
use super::waiting::{DISK, Disk};
use super::{MIB, TAKEN};
use crate::support::{Exit, Oracle, Relay, Sandbox, Terminal, eventually, header, is_part_of};

/// Types an order behind `:`.
fn order(terminal: &Terminal, order: &str) {
    terminal.keys(&format!(":{order}\r"));
}

/// Settings under which uploads come in parts and haul itself holds them to a rate.
fn slowly(sandbox: &Sandbox) {
    let folder = sandbox.downloads();
    let folder = folder.to_str().unwrap();
    sandbox.settings(&format!("(folder: {folder:?}, retry_wait: 0.05, connections: 2, upload_limit: \"6M\")"));
}

#[test]
fn row_24_no_byte_that_a_limit_holds_back_is_on_the_wire() {
    const RATE: u64 = 100_000;
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let relay = Relay::to(oracle.port());
        file(&sandbox, "a.bin", 40, 6 * MIB);
        let began = Instant::now();
        let url = oracle.url_over(relay.port(), "a.bin");
        let words = ["put", "-q", "--limit", "100K", "--part-size", "5M", "--threshold", "5M", "-x", "1"];
        let process = sandbox.start(&[&words[..], &["a.bin", &url]].concat());
        let most = || {
            let bytes = relay.bodies();
            // Looked at after the bytes: so much can have been earned until then, with what may go at once and the one chunk
            // that is owed.
            let earned = began.elapsed().as_secs_f64() * RATE as f64;
            let allowed = earned as u64 + RATE / 20 + (16 << 10) + 1024;
            assert!(bytes <= allowed, "{vendor}: {bytes} bytes are out, and {allowed} are allowed");
            bytes
        };
        eventually("some of it", || most() > RATE * 3 / 2);
        assert_eq!(relay.sending(), 1, "{vendor}: its request stands while it is held back");
        drop(process);
    });
}

#[test]
fn row_24_a_limit_holds_both_ways_and_may_be_smaller_than_a_read() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let sum = file(&sandbox, "a.bin", 33, 4 * MIB);
        let url = oracle.url("a.bin");
        for words in [["put", "-q", "--limit", "2M", "a.bin", &url], ["get", "-q", "--limit", "2M", "-oback", &url]] {
            let began = Instant::now();
            sandbox.run(&words).ok();
            // Never faster, apart from what may go at once.
            assert!(began.elapsed() > Duration::from_millis(1500), "{vendor}, {words:?}: {:?}", began.elapsed());
        }
        assert_eq!((oracle.sha256("a.bin"), sandbox.sha256("back")), (sum.clone(), sum), "{vendor}");
        let (sum, url) = (file(&sandbox, "b.bin", 34, 1500), oracle.url("b.bin"));
        sandbox.run(&["put", "-q", "--limit", "1K", "b.bin", &url]).ok();
        sandbox.get(&["-q", "--limit", "1K", "-o", "back.bin", &url]).ok();
        assert_eq!((oracle.sha256("b.bin"), sandbox.sha256("back.bin")), (sum.clone(), sum), "{vendor}");
    });
}

#[test]
fn row_36_pause_holds_every_byte_back_and_limit_speed_and_rest_are_on_the_screen() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        slowly(&sandbox);
        let relay = Relay::to(oracle.port());
        let sum = file(&sandbox, "up.bin", 41, LENGTH + 8 * MIB);
        oracle.put("small.bin", 1000);
        let mut terminal = Terminal::start(&sandbox, &[], (180, 34));
        terminal.wait_for_text("press a");
        let source = sandbox.downloads().join("up.bin");
        terminal.upload(source.to_str().unwrap(), &oracle.url_over(relay.port(), "up.bin"));
        // What it does, how fast, and how long yet.
        terminal.wait_for("speed and rest", |screen| {
            row(screen, "up.bin").is_some_and(|row| row.contains("B/s") && row.contains("0:"))
        });
        eventually("a part", || !taken(&oracle).is_empty());
        terminal.keys(" ");
        terminal.wait_for("the pause", |screen| row(screen, "up.bin").is_some_and(|row| row.contains("paused")));
        // No request is left that more of its body could follow on.
        eventually("the requests to end", || relay.sending() == 0);
        let (bytes, requests) = (relay.bodies(), relay.requests().len());
        assert!(bytes < LENGTH + 8 * MIB, "{vendor}: it was all sent before the pause");
        assert_eq!(oracle.open_uploads(), 1, "{vendor}: what was sent is kept");
        // While it is paused haul does other things, and nothing of this.
        terminal.paste(&oracle.url("small.bin"));
        terminal.wait_for_line(&["small.bin", "100 %"]);
        assert_eq!((relay.bodies(), relay.requests().len()), (bytes, requests), "{vendor}: it is paused");

        // Its own limit while it runs, and without any.
        let before = taken(&oracle);
        order(&terminal, "mark up.bin");
        order(&terminal, "limit this 3M");
        order(&terminal, "resume");
        eventually("it to go on", || relay.bodies() > bytes);
        order(&terminal, "set upload_limit none");
        order(&terminal, "limit this none");
        eventually("the object", || oracle.sha256("up.bin") == sum);
        assert_eq!(oracle.open_uploads(), 0, "{vendor}");
        let all = taken(&oracle);
        assert!(all[before.len()..].iter().all(|part| !before.contains(part)), "{vendor}: {before:?} {all:?}");
        terminal.wait_for_line(&["up.bin", "100 %"]);
        terminal.leave();
        assert_eq!(terminal.finish(), Exit::Code(0));
    });
}

#[test]
fn row_26_what_is_removed_with_its_data_is_gone_here_and_at_the_store() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        slowly(&sandbox);
        file(&sandbox, "up.bin", 42, LENGTH + 8 * MIB);
        oracle.put("down.bin", 6 * MIB);
        let mut terminal = Terminal::start(&sandbox, &[], (180, 34));
        terminal.wait_for_text("press a");
        let source = sandbox.downloads().join("up.bin");
        terminal.upload(source.to_str().unwrap(), &oracle.url("up.bin"));
        eventually("a part", || !taken(&oracle).is_empty());
        oracle.faults(&json!({ "throttle": 100_000 }));
        terminal.paste(&oracle.url("down.bin"));
        eventually("a download", || sandbox.names().iter().any(|name| is_part_of(name, "down.bin")));
        let records = sandbox.path("state/checkpoints");
        eventually("a record", || std::fs::read_dir(&records).is_ok_and(|all| all.count() > 0));
        assert_eq!(oracle.open_uploads(), 1, "{vendor}");
        terminal.wait_for("both to be shown", |screen| row(screen, "up.bin").and(row(screen, "down.bin")).is_some());
        order(&terminal, "mark all");
        terminal.wait_for_text("2 marked");
        order(&terminal, "remove!");
        terminal.wait_for("both to go", |screen| row(screen, "up.bin").is_none() && row(screen, "down.bin").is_none());
        terminal.leave();
        assert_eq!(terminal.finish(), Exit::Code(0));
        assert_eq!(oracle.open_uploads(), 0, "{vendor}: the parts at the store");
        assert_eq!(sandbox.names(), ["up.bin"], "{vendor}: the part file, and nothing but it");
        let records: Vec<_> =
            ["state/uploads", "state/checkpoints"].iter().flat_map(|at| files(&sandbox.path(at))).collect();
        assert!(records.is_empty(), "{vendor}: {records:?}");
    });
}

#[test]
fn row_35_a_mirror_that_fails_crawls_or_has_another_file_is_left_and_the_rest_finish() {
    for vendor in Vendor::ALL {
        let (Some(good), Some(bad)) = (Oracle::start(vendor, &[]), Oracle::start(vendor, &[])) else { return };
        good.put("a.bin", 8 * MIB);
        good.faults(&json!({ "throttle": 2_000_000 }));
        for what in ["fails", "is not there", "crawls", "is other", "is longer"] {
            let sandbox = good.sandbox();
            bad.faults(&json!({ "reset": true }));
            bad.put("a.bin", if what == "is longer" { 9 * MIB } else { 8 * MIB });
            match what {
                "fails" => bad.faults(&json!({ "fail_rate": 1.0, "fail_codes": [403] })),
                "is other" => bad.mutate("a.bin"),
                "crawls" => bad.faults(&json!({ "throttle": 2000 })),
                _ => {}
            }
            let mirror = bad.url(if what == "is not there" { "none.bin" } else { "a.bin" });
            let before = served(&bad);
            let output = get(&good, &sandbox, &["-x", "4", "--mirror", &mirror]).ok();
            assert_eq!(sandbox.sha256("a.bin"), good.sha256("a.bin"), "{vendor}, {what}");
            let dropped = happened(&output, "mirror_dropped");
            assert_eq!(dropped.len(), usize::from(what != "crawls"), "{vendor}, {what}: {output:#?}");
            let came = served(&bad) - before;
            assert!(what == "is other" || what == "is longer" || came < MIB, "{vendor}, {what}: {came} bytes");
        }
        // And one that is right brings a share of it.
        let sandbox = good.sandbox();
        bad.faults(&json!({ "reset": true, "throttle": 2_000_000 }));
        bad.put("a.bin", 8 * MIB);
        let before = served(&bad);
        get(&good, &sandbox, &["-x", "4", "--mirror", &bad.url("a.bin")]).ok();
        assert_eq!(sandbox.sha256("a.bin"), good.sha256("a.bin"), "{vendor}");
        assert!(served(&bad) - before > MIB, "{vendor}: the other place was not used");
    }
}

#[test]
fn row_38_what_aria2s_users_type_means_connections_and_going_on() {
    of_each(|vendor, oracle| {
        oracle.put("a.bin", 6 * MIB);
        for (words, most) in [(&["-s", "3"][..], 3), (&["-x", "16", "-s", "2"], 2)] {
            let sandbox = oracle.sandbox();
            oracle.faults(&json!({ "throttle": 1_000_000 }));
            let before = oracle.calls("GetObject").len();
            get(&oracle, &sandbox, &[&["-c"], words].concat()).ok();
            assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
            let calls = oracle.calls("GetObject").split_off(before);
            assert_eq!(at_a_time(&calls, 1_000_000.0), most, "{vendor}, {words:?}: {calls:#?}");
        }
        let sandbox = oracle.sandbox();
        cut_off(&oracle, &sandbox, 6 * MIB);
        let before = served(&oracle);
        get(&oracle, &sandbox, &["-c"]).ok();
        assert!(served(&oracle) - before < 5 * MIB, "{vendor}: it began anew");
    });
}

#[test]
fn row_9_a_file_that_is_there_stands_until_the_new_one_is_whole_and_names_do_not_collide() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        std::fs::write(sandbox.downloads().join("a.bin"), "old").unwrap();
        oracle.put("a.bin", 6 * MIB);
        oracle.put("b/a.bin", 2 * MIB);
        oracle.faults(&json!({ "throttle": 1_500_000 }));
        let process = sandbox.start(&["get", "--json", "-x", "2", "--overwrite", &oracle.url("a.bin")]);
        eventually("some of it", || done(&process) > MIB);
        assert_eq!(std::fs::read(sandbox.downloads().join("a.bin")).unwrap(), b"old", "{vendor}");
        oracle.faults(&json!({ "reset": true }));
        process.finish().ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");

        // Two that want one name in one folder, at once.
        let both = oracle.sandbox();
        both.get(&["-q", &oracle.url("a.bin"), &oracle.url("b/a.bin")]).ok();
        assert_eq!(both.names(), ["a (1).bin", "a.bin"], "{vendor}");
        let mut sums = [both.sha256("a.bin"), both.sha256("a (1).bin")];
        let mut stored = [oracle.sha256("a.bin"), oracle.sha256("b/a.bin")];
        sums.sort_unstable();
        stored.sort_unstable();
        assert_eq!(sums, stored, "{vendor}");
    });
}

#[test]
fn row_39_a_second_upload_of_the_same_file_to_the_same_place_is_refused() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let (sum, url) = (file(&sandbox, "a.bin", 43, LENGTH), oracle.url("a.bin"));
        oracle.faults(&json!({ "throttle": 3_000_000 }));
        let words = ["put", "--json", "--threshold", "5M", "--part-size", "5M", "-x", "1", "a.bin", &url];
        let first = sandbox.start(&words);
        eventually("a part", || !taken(&oracle).is_empty());
        let second = put(&sandbox, "a.bin", &url).code(TAKEN);
        assert_eq!(happened(&second, "failed")[0]["fault"], "busy", "{vendor}: {second:#?}");
        oracle.faults(&json!({ "reset": true }));
        first.finish().ok();
        assert_eq!((oracle.sha256("a.bin"), oracle.open_uploads()), (sum, 0), "{vendor}");
        let mut all = taken(&oracle);
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4], "{vendor}: each part once");
    });
}

#[test]
fn row_40_a_full_disk_is_told_with_the_file_and_what_came_goes_on_when_there_is_room() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 6 * MIB);
        let Some(disk) = Disk::mount(&sandbox.downloads(), 3 * MIB) else { return };
        let output = get(&oracle, &sandbox, &[]).code(DISK);
        let target = sandbox.downloads().join("a.bin");
        for words in ["the disk is full", target.to_str().unwrap()] {
            assert!(output.stderr.contains(words), "{vendor}: {words} is not in {output:#?}");
        }
        assert_eq!(sandbox.names(), [""; 0], "{vendor}: nothing was begun");

        // A store that does not tell how much there is: the disk fills in the middle.
        let relay = Relay::changing(oracle.port(), str::to_owned, |head| {
            if !head.starts_with("HTTP/1.1 20") {
                return head.to_owned();
            }
            let range = header(head, "content-range").and_then(|range| range.split_once('/'));
            let head = range.map_or(head.to_owned(), |(range, length)| {
                head.replace(&format!("{range}/{length}"), &format!("{range}/*"))
            });
            let kept =
                head.split_inclusive("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
            kept.collect::<String>().replacen("\r\n", "\r\nConnection: close\r\n", 1)
        });
        let fetch = || sandbox.run(&["get", "--json", "-x", "1", &oracle.url_over(relay.port(), "a.bin")]);
        let output = fetch().code(DISK);
        assert!(output.stderr.contains(target.to_str().unwrap()), "{vendor}: {output:#?}");
        let part = sandbox.names().remove(0);
        assert!(is_part_of(&part, "a.bin"), "{vendor}: {part}");
        let kept = sandbox.downloads().join(part).metadata().unwrap().len();
        disk.resize(16 * MIB);
        let output = fetch().ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
        let fetched = happened(&output, "completed")[0]["fetched"].as_u64().unwrap();
        assert!(kept > 2 * MIB && fetched < 5 * MIB, "{vendor}: {kept} bytes were kept, and {fetched} came");
    });
}
