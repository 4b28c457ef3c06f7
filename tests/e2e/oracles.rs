//! The real program against the oracles: stores whose signature check is the vendor's own code, and which misbehave on
//! request. Where they are not at hand the tests say so and pass.
//!
//! What transfers with object stores have to be capable of, by number, and which tests hold it, against the oracles of all
//! vendors unless it says otherwise. They stand here and in `oracle_answers`, `oracle_logins`, `oracle_orders` and
//! `oracle_rows`, each named after its rows; what is beside them holds the same more closely, or what no oracle has.
//!
//! | row | capability | test |
//! |---|---|---|
//! | 1 | resume | `row_1_a_download_that_was_killed_...`; `e2e::{kills, power}` |
//! | 2 | 200 in place of 206 | `row_2_a_store_that_ignores_ranges_...` |
//! | 3 | other ranges than were asked for | `row_3_a_range_that_was_not_asked_for_...`; `scenarios/ranges.ron` |
//! | 4 | the object changes, between two runs and in one | `row_4_...` (two); `scenarios/versions.ron` |
//! | 5 | complete already; 416 | `row_5_what_is_complete_is_asked_for_once_...` |
//! | 6 | no length, no ranges, no byte | `row_6_no_length_no_ranges_and_no_byte_at_all_...` |
//! | 7 | connections at a time; one stalls | `row_7_segments_...`, `row_7_connections_...` |
//! | 8 | cuts, resets, refusals, Retry-After, host names | `row_8_...` (four); `scenarios/trouble.ron` |
//! | 9 | names, the rename, two that want one name | `row_9_a_file_that_is_there_stands_...`, `row_9_39_...` |
//! | 10 | records: where, garbage | `row_10_a_record_of_garbage_...`; `e2e::disk`, `store::checkpoint` |
//! | 11 | threshold, part size, number of parts | `row_11_...`; 10 000 parts: `plan::part` |
//! | 12 | the record does not fit the part file or the object | `row_12_...` (two), `row_4_...` |
//! | 13 | CRC-64 of the whole, damage mended | `row_13_...` |
//! | 14 | other checksums, lists of them | `row_14_...`; `e2e::integrity` |
//! | 15, 16, 17 | uploads that resume: OSS (V4 and V1), TOS, S3 | `row_15_16_17_...`, `row_15_the_first_signature_...`, `row_16_...`, `row_20_...` |
//! | 18 | the file changed between two runs | `row_18_...` |
//! | 19 | the answer to Complete is lost | `row_19_...` |
//! | 20 | the upload has expired | `row_20_...` |
//! | 21 | small files | `row_21_...` |
//! | 22, 23 | progress, events | `row_22_23_...`, `row_36_...`; hooks: `e2e::hooks`; the screen: `tui` |
//! | 24 | the client's limit | `row_24_...` (two); its mean and its changes, on paused time: `plan::bucket`, `engine::{schedules, uploads}` |
//! | 25 | the store's own limit (OSS, TOS; S3 has none) | `row_25_...` |
//! | 26 | cancel: kept, or given up here and at the store | `row_26_27_...`, `row_26_what_is_removed_...` |
//! | 27 | the same order goes on | `row_27_...`, `row_26_27_...`, `row_31_...` |
//! | 28 | logins from the environment; one that expires; nothing kept | `row_28_...` (two); files and commands: `protocol::object::{places, mending}`, `e2e::secrets` |
//! | 29 | regions, the vendors' hosts, own domains | `row_29_...` (two); `protocol::object::{places, mending}` |
//! | 30 | what an error tells | `row_30_...`; EC of OSS: `protocol::object::get` |
//! | 31 | versions: what is asked for (no oracle keeps several) | `row_31_...` |
//! | 32 | signed URLs; one that expires | `row_32_...` (two); on the screen: `e2e::waiting` |
//! | 33, 37 | copies at the store, FTP | none: haul has neither |
//! | 34 | the plain chunk upload | `row_34_...` |
//! | 35 | mirrors | `row_35_...`; `e2e::mirrors` |
//! | 36 | pause, resume, limit, speed and rest while it runs | `row_36_...`; `engine`, `tui` |
//! | 38 | -x, -s, -c | `row_38_...`, `cli::args`; BitTorrent: none |
//! | 39 | two callers | `row_9_39_...`, `row_39_...` |
//! | 40 | full disks; what may not be opened | `row_40_...` (two); `e2e::disk` |

use haul::model::Vendor;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::MIB;
use crate::support::{Oracle, Output, Sandbox, eventually};

/// Bytes of the file that goes up: three parts of 5 MiB and a rest.
pub(super) const LENGTH: u64 = 15 * MIB + 12_345;

fn bytes(seed: u64, length: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length as usize).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// A file in the folder that the program runs in; its SHA-256.
pub(super) fn file(sandbox: &Sandbox, name: &str, seed: u64, length: u64) -> String {
    let bytes = bytes(seed, length);
    std::fs::write(sandbox.downloads().join(name), &bytes).unwrap();
    sha256(&bytes)
}

const PUT: [&str; 10] =
    ["put", "--json", "--retry-wait", "0.05", "--retries", "20", "--part-size", "5M", "--threshold", "5M"];

pub(super) fn put(sandbox: &Sandbox, name: &str, url: &str) -> Output {
    sandbox.run(&[&PUT[..], &["-x", "3", name, url]].concat())
}

pub(super) fn happened(output: &Output, event: &str) -> Vec<Value> {
    output.json().into_iter().filter(|line| line["event"] == event).collect()
}

pub(super) fn of_each(test: impl Fn(Vendor, Oracle)) {
    for vendor in Vendor::ALL {
        let Some(oracle) = Oracle::start(vendor, &[]) else { return };
        test(vendor, oracle);
    }
}

#[test]
fn row_8_downloads_end_right_whatever_the_store_does_to_them() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let sum = file(&sandbox, "source", 1, 5 * MIB);
        oracle.sdk(&["upload", sandbox.downloads().join("source").to_str().unwrap(), "dir/a b.bin"]);
        oracle.faults(
            &json!({ "kill_after_bytes": 300_000, "fail_rate": 0.3, "drop_rate": 0.1, "fail_codes": [503, 500] }),
        );
        let url = oracle.url("dir/a%20b.bin");
        sandbox.get(&["-q", "-x", "4", "--retry-wait", "0.05", "--retries", "30", &url]).ok();
        assert_eq!(sandbox.sha256("a b.bin"), sum, "{vendor}");
        let sent: u64 = oracle.calls("GetObject").iter().map(|one| one["sent"].as_u64().unwrap()).sum();
        assert!(sent < 6 * MIB, "{vendor}: {sent} bytes came for 5 MiB");
    });
}

#[test]
fn row_8_uploads_end_right_whatever_the_store_does_to_them() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let sum = file(&sandbox, "a.bin", 2, LENGTH);
        let faults = json!({
            "kill_upload_after_bytes": 3_000_000, "kill_upload_count": 3, "fail_rate": 0.2, "drop_rate": 0.1,
        });
        oracle.faults(&faults);
        put(&sandbox, "a.bin", &oracle.url("dir/a%20b.bin")).ok();
        assert_eq!(oracle.sha256("dir/a%20b.bin"), sum, "{vendor}");
        assert_eq!(oracle.open_uploads(), 0, "{vendor}");
    });
}

#[test]
fn row_13_a_damaged_byte_is_found_by_the_stores_checksum_and_mended() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 6 * MIB);
        let sum = oracle.sha256("a.bin");
        oracle.faults(&json!({ "corrupt_nth": 1 }));
        let output = sandbox.get(&["--json", "-x", "1", &oracle.url("a.bin")]).ok();
        assert_eq!(sandbox.sha256("a.bin"), sum, "{vendor}");
        assert_eq!(happened(&output, "repaired")[0]["damaged"], 1, "{vendor}");
        // Nobody tells the checksum of a piece: that of all of it tells where the byte must be, and one block comes again.
        let sent: u64 = oracle.calls("GetObject").iter().map(|one| one["sent"].as_u64().unwrap()).sum();
        assert!(sent <= 7 * MIB, "{vendor}: {sent} bytes came for 6 MiB");
        let checked = happened(&output, "completed")[0]["checked"].clone();
        let algorithm = if vendor == Vendor::S3 { "crc64nvme" } else { "crc64" };
        assert!(checked.as_array().unwrap().contains(&algorithm.into()), "{vendor}: {checked}");
    });
}

/// Begins an upload that is slow, and kills it once the store has two parts of it.
pub(super) fn begun(oracle: &Oracle, sandbox: &Sandbox, url: &str) {
    oracle.faults(&json!({ "throttle": 4_000_000 }));
    let process = sandbox.start(&[&PUT[..], &["-x", "2", "a.bin", url]].concat());
    let sent = || oracle.calls("UploadPart").iter().filter(|one| one["status"] == 200).count() >= 2;
    eventually("two parts", sent);
    process.signal(Signal::KILL);
    process.finish();
    oracle.faults(&json!({ "reset": true }));
}

/// The numbers of the parts that the store took.
pub(super) fn taken(oracle: &Oracle) -> Vec<u64> {
    let calls = oracle.calls("UploadPart");
    calls.iter().filter(|one| one["status"] == 200).map(|one| one["part"].as_u64().unwrap()).collect()
}

#[test]
fn row_15_16_17_a_killed_upload_sends_only_what_is_missing_and_compares_the_whole() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let (sum, url) = (file(&sandbox, "a.bin", 4, LENGTH), oracle.url("a.bin"));
        begun(&oracle, &sandbox, &url);
        let before = taken(&oracle);
        let output = put(&sandbox, "a.bin", &url).ok();
        assert_eq!(oracle.sha256("a.bin"), sum, "{vendor}");
        let all = taken(&oracle);
        let again: Vec<&u64> = all[before.len()..].iter().filter(|part| before.contains(part)).collect();
        assert!(again.is_empty(), "{vendor}: parts {again:?} were sent twice");
        let checked = happened(&output, "completed")[0]["checked"].clone();
        assert!(!checked.as_array().unwrap().is_empty(), "{vendor}: the whole was not compared: {output:#?}");
        assert_eq!(oracle.open_uploads(), 0, "{vendor}");
    });
}

#[test]
fn row_15_the_first_signature_of_oss_resumes_uploads_too() {
    let Some(oracle) = Oracle::start(Vendor::Oss, &[]) else { return };
    let sandbox = oracle.sandbox();
    let (sum, url) = (file(&sandbox, "a.bin", 4, LENGTH), format!("{}&signature=v1", oracle.url("a.bin")));
    begun(&oracle, &sandbox, &url);
    let before = taken(&oracle);
    let output = put(&sandbox, "a.bin", &url).ok();
    assert_eq!((oracle.sha256("a.bin"), oracle.open_uploads()), (sum.clone(), 0));
    assert!(taken(&oracle)[before.len()..].iter().all(|part| !before.contains(part)), "{before:?}");
    assert_eq!(happened(&output, "completed")[0]["checked"], json!(["crc64"]));
    let log = oracle.calls("UploadPart");
    assert!(log.iter().all(|one| one["auth"] == "v1-header"), "{log:?}");
    sandbox.get(&["-q", "-o", "back.bin", &url]).ok();
    assert_eq!(sandbox.sha256("back.bin"), sum);
}

#[test]
fn row_16_an_upload_whose_record_was_lost_is_found_at_the_store() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let (sum, url) = (file(&sandbox, "a.bin", 5, LENGTH), oracle.url("a.bin"));
        begun(&oracle, &sandbox, &url);
        let before = taken(&oracle);
        std::fs::remove_dir_all(sandbox.path("state")).unwrap();
        std::fs::create_dir(sandbox.path("state")).unwrap();
        put(&sandbox, "a.bin", &url).ok();
        assert_eq!(oracle.sha256("a.bin"), sum, "{vendor}");
        let all = taken(&oracle);
        assert!(all[before.len()..].iter().all(|part| !before.contains(part)), "{vendor}: {before:?} {all:?}");
        assert_eq!(oracle.open_uploads(), 0, "{vendor}");
    });
}

#[test]
fn row_18_a_file_that_has_changed_begins_anew_and_leaves_nothing_behind() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let url = oracle.url("a.bin");
        file(&sandbox, "a.bin", 6, LENGTH);
        begun(&oracle, &sandbox, &url);
        let sum = file(&sandbox, "a.bin", 7, LENGTH);
        let output = put(&sandbox, "a.bin", &url).ok();
        assert_eq!(oracle.sha256("a.bin"), sum, "{vendor}");
        assert_eq!(oracle.open_uploads(), 0, "{vendor}");
        assert_eq!(happened(&output, "upload_aborted").len(), 1, "{vendor}: {output:#?}");
    });
}

#[test]
fn row_19_an_answer_to_complete_that_is_lost_costs_nothing() {
    of_each(|vendor, oracle| {
        for fault in ["drop", "500", "error200"] {
            let sandbox = oracle.sandbox();
            let key = format!("{fault}.bin");
            let sum = file(&sandbox, "a.bin", 8, 6 * MIB);
            oracle.faults(&json!({ "complete_fault": fault }));
            let before = taken(&oracle).len();
            put(&sandbox, "a.bin", &oracle.url(&key)).ok();
            assert_eq!(oracle.sha256(&key), sum, "{vendor}, {fault}");
            assert_eq!(taken(&oracle).len() - before, 2, "{vendor}, {fault}: parts were sent again");
        }
        assert_eq!(oracle.open_uploads(), 0, "{vendor}");
    });
}

#[test]
fn row_20_an_upload_that_the_store_forgets_begins_anew_once() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let sum = file(&sandbox, "a.bin", 9, LENGTH);
        oracle.faults(&json!({ "lose_upload_after_parts": 2 }));
        let output = put(&sandbox, "a.bin", &oracle.url("a.bin")).ok();
        assert_eq!(oracle.sha256("a.bin"), sum, "{vendor}");
        assert_eq!(happened(&output, "restarted").len(), 1, "{vendor}: {output:#?}");
        assert_eq!(oracle.open_uploads(), 0, "{vendor}");
    });
}

#[test]
fn row_21_small_and_empty_files_go_and_come_in_one_request() {
    of_each(|vendor, oracle| {
        for (name, length) in [("small", 1000), ("empty", 0)] {
            let sandbox = oracle.sandbox();
            let sum = file(&sandbox, "a.bin", 10, length);
            let url = oracle.url(name);
            sandbox.run(&["put", "-q", "a.bin", &url]).ok();
            sandbox.get(&["-q", &url]).ok();
            assert_eq!(sandbox.sha256(name), sum, "{vendor}");
        }
        assert_eq!(
            (oracle.calls("PutObject").len(), oracle.calls("InitiateMultipartUpload").len()),
            (2, 0),
            "{vendor}"
        );
    });
}

#[test]
fn row_32_a_signed_url_is_taken_by_the_vendors_own_check() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let sum = file(&sandbox, "a.bin", 11, 3 * MIB);
        sandbox.run(&["put", "-q", "a.bin", &oracle.url("dir/%E5%90%8D%20+.bin")]).ok();
        let url = sandbox.run(&["presign", &oracle.url("dir/%E5%90%8D%20+.bin")]).ok().stdout;
        Sandbox::new().get(&["-q", "-o", "back.bin", url.trim()]).ok();
        sandbox.get(&["-q", "-o", "back.bin", url.trim()]).ok();
        assert_eq!(sandbox.sha256("back.bin"), sum, "{vendor}");
    });
}

#[test]
fn lists_and_folders_are_read_from_the_vendors_form() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        for name in ["one.bin", "two &+.bin"] {
            std::fs::create_dir_all(sandbox.downloads().join("in/deep")).unwrap();
            file(&sandbox, &format!("in/deep/{name}"), 12, 1000);
        }
        sandbox.run(&["put", "-q", "in", &oracle.url("up/")]).ok();
        let lines = sandbox.run(&["ls", "-r", "--json", &oracle.url("up/")]).ok().json();
        let names: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["deep/one.bin", "deep/two &+.bin"], "{vendor}");
        sandbox.get(&["-q", "-d", "back", &oracle.url("up/")]).ok();
        for name in ["one.bin", "two &+.bin"] {
            let (sent, back) = (format!("in/deep/{name}"), format!("back/deep/{name}"));
            assert_eq!(sandbox.sha256(&back), sandbox.sha256(&sent), "{vendor}");
        }
    });
}

#[test]
fn what_haul_has_begun_or_sent_the_sdks_finish_and_fetch_and_the_other_way_round() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let (sum, url) = (file(&sandbox, "a.bin", 14, LENGTH), oracle.url("a.bin"));
        let path = sandbox.downloads().join("a.bin");
        let path = path.to_str().unwrap();
        begun(&oracle, &sandbox, &url);
        oracle.sdk(&["finish", path, "a.bin"]);
        assert_eq!((oracle.sha256("a.bin"), oracle.open_uploads()), (sum.clone(), 0), "{vendor}");
        // It turns out to be there when haul goes on.
        let sent = taken(&oracle).len();
        put(&sandbox, "a.bin", &url).ok();
        assert_eq!(taken(&oracle).len(), sent, "{vendor}: it was there already");

        oracle.sdk(&["begin", path, "b.bin", &(5 * MIB).to_string(), "2"]);
        let sent = taken(&oracle).len();
        put(&sandbox, "a.bin", &oracle.url("b.bin")).ok();
        assert_eq!((oracle.sha256("b.bin"), oracle.open_uploads()), (sum, 0), "{vendor}");
        let mut further = taken(&oracle)[sent..].to_vec();
        further.sort_unstable();
        assert_eq!(further, [3, 4], "{vendor}");
        oracle.sdk(&["download", "b.bin", sandbox.downloads().join("back.bin").to_str().unwrap()]);
        assert_eq!(sandbox.sha256("back.bin"), sandbox.sha256("a.bin"), "{vendor}");
    });
}

#[test]
fn row_34_the_plain_chunk_upload_goes_on_and_sends_damaged_and_lost_chunks_again() {
    let Some(oracle) = Oracle::chunks() else { return };
    let sandbox = oracle.sandbox();
    let url = format!("chunk+http://127.0.0.1:{}/upload", oracle.port());
    let sum_at =
        |name: &str| oracle.tell(&format!("sha256?filename={name}"))["sha256"].as_str().unwrap_or("").to_owned();
    let chunks = || -> Vec<u64> {
        let log = oracle.tell("log");
        let good = log.as_array().unwrap().iter().filter(|one| one["status"] == 200 && one["path"] == "/upload");
        good.filter_map(|one| one["chunk"].as_u64()).collect()
    };
    let put = |name: &str, more: &[&str]| {
        let own = ["put", "--json", "--retry-wait", "0.05", "--retries", "20", "--part-size", "1M"];
        sandbox.start(&[&own[..], more, &[name, &url]].concat())
    };

    // Killed, and finished: only what is missing is sent.
    let sum = file(&sandbox, "a b.bin", 20, 8 * MIB + 77);
    oracle.faults(&json!({ "throttle": 2_000_000 }));
    let process = put("a b.bin", &["-x", "2"]);
    eventually("two chunks", || process.stdout().lines().filter(|line| line.contains("\"part_done\"")).count() >= 2);
    process.signal(Signal::KILL);
    process.finish();
    oracle.faults(&json!({ "reset": true }));
    let before = chunks();
    assert!(before.len() >= 2, "{before:?}");
    let output = put("a b.bin", &[]).finish().ok();
    assert_eq!(sum_at("a%20b.bin"), sum);
    let after = chunks();
    assert!(after.iter().all(|chunk| !before.contains(chunk)), "{before:?} {after:?}");
    assert_eq!(happened(&output, "completed")[0]["checked"], json!(["md5"]));

    // Cut, refused, and forgotten by the server.
    let sum = file(&sandbox, "b.bin", 21, 6 * MIB);
    let faults = json!({
        "kill_upload_after_bytes": 300_000, "kill_upload_count": 3, "drop_rate": 0.1, "fail_rate": 0.2, "lose_chunk": 3,
    });
    oracle.faults(&faults);
    put("b.bin", &[]).finish().ok();
    assert_eq!(sum_at("b.bin"), sum);

    // A small and an empty file are one chunk; a name can be given; a stream has no length.
    oracle.faults(&json!({ "reset": true }));
    for (name, length) in [("small", 10), ("empty", 0)] {
        let sum = file(&sandbox, name, 22, length);
        put(name, &[]).finish().ok();
        assert_eq!(sum_at(name), sum);
    }
    sandbox.run(&["put", "-q", "b.bin", &format!("{url}?filename=other.bin")]).ok();
    assert_eq!(sum_at("other.bin"), sum);
    sandbox.run(&["put", "-q", "-", &url]).refused(&["no name"]);
    sandbox.run(&["put", "-q", "-", &format!("{url}?filename=x")]).refused(&["length beforehand"]);
}
