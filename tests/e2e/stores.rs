//! The real program and object stores in this process: S3, OSS and TOS, both ways.

use haul::model::Vendor;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::MIB;
use crate::support::store::{Instead, Refusing};
use crate::support::{Output, Sandbox, Store, eventually, is_part_of, sha256_of};

const VENDORS: [Vendor; 3] = Vendor::ALL;

/// A store, and a home whose environment has its login.
fn room(vendor: Vendor) -> (Store, Sandbox) {
    let (store, mut sandbox) = (Store::start(vendor), Sandbox::new());
    for (name, value) in store.variables() {
        sandbox.set(&name, value);
    }
    (store, sandbox)
}

fn bytes(seed: u64, length: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length as usize).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn get(sandbox: &Sandbox, url: &str, more: &[&str]) -> Output {
    sandbox.get(&[&["--retry-wait", "0.1", "--json", url], more].concat())
}

fn completed(output: &Output) -> Value {
    output.json().into_iter().find(|line| line["event"] == "completed").unwrap_or_else(|| panic!("{output:#?}"))
}

#[test]
fn an_object_comes_over_many_connections_and_is_compared_with_the_stores_checksum() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        let content = bytes(1, 8 * MIB);
        store.put("dir/a b.bin", content.clone());
        let output = get(&sandbox, &store.url("dir/a%20b.bin"), &["-x", "4"]).ok();
        assert_eq!(sandbox.names(), ["a b.bin"], "{vendor}");
        assert_eq!(sandbox.sha256("a b.bin"), sha256(&content), "{vendor}");
        let sum = if vendor == Vendor::S3 { "crc64nvme" } else { "crc64" };
        let checked = completed(&output)["checked"].clone();
        assert!(checked.as_array().unwrap().contains(&sum.into()), "{vendor}: {checked}");
        let again = get(&sandbox, &store.url("dir/a%20b.bin"), &[]).ok();
        assert_eq!(completed(&again)["unchanged"], true, "{vendor}");
    }
}

#[test]
fn a_byte_that_was_damaged_on_its_way_is_fetched_once_more() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        let content = bytes(2, 6 * MIB);
        store.put("a.bin", content.clone());
        store.faults(|faults| faults.corrupt_download = Some(1));
        let output = get(&sandbox, &store.url("a.bin"), &["-x", "1"]).ok();
        assert_eq!(sandbox.sha256("a.bin"), sha256(&content), "{vendor}");
        let repaired = output.json().into_iter().find(|line| line["event"] == "repaired").unwrap();
        assert_eq!(repaired["damaged"], 1, "{vendor}");
    }
}

#[test]
fn a_store_that_gives_no_ranges_is_read_in_one_stream() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        let content = bytes(8, 6 * MIB);
        store.put("a.bin", content.clone());
        store.faults(|faults| faults.no_ranges = true);
        get(&sandbox, &store.url("a.bin"), &["-x", "4"]).ok();
        assert_eq!(sandbox.sha256("a.bin"), sha256(&content), "{vendor}");
    }
}

#[test]
fn the_settings_say_where_a_bucket_is_and_who_logs_in() {
    for vendor in VENDORS {
        let (store, sandbox) = (Store::start(vendor), Sandbox::new());
        store.put("a.txt", b"read".to_vec());
        let login = sandbox.path("login");
        std::fs::write(&login, r#"{"AccessKeyId":"test-id","SecretAccessKey":"test-secret"}"#).unwrap();
        let region = store.url("a").rsplit_once("region=").unwrap().1.to_owned();
        let settings = format!(
            "(stores: {{\"{0}://bkt\": (endpoint: {1:?}, region: {2:?}), \"{0}://\": (credentials: \"cat {3}\")}})",
            vendor.scheme(),
            store.endpoint(),
            region,
            login.display()
        );
        sandbox.settings(&settings);
        let url = format!("{}://bkt/a.txt", vendor.scheme());
        sandbox.get(&["-q", &url]).ok();
        assert_eq!(std::fs::read(sandbox.downloads().join("a.txt")).unwrap(), b"read", "{vendor}");
        sandbox.run(&["put", "-q", "a.txt", &format!("{}://bkt/b/", vendor.scheme())]).ok();
        assert_eq!(store.object("b/a.txt"), Some(b"read".to_vec()), "{vendor}");
        assert!(sandbox.run(&["ls", &format!("{}://bkt", vendor.scheme())]).ok().stdout.contains("a.txt"), "{vendor}");
    }
}

#[test]
fn a_kill_costs_little_of_a_download() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        let content = bytes(3, 12 * MIB);
        store.put("a.bin", content.clone());
        store.faults(|faults| faults.rate = Some(1_500_000));
        let url = store.url("a.bin");
        let process = sandbox.start(&["get", "--json", "-x", "4", &url]);
        let is_half = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            line["event"] == "progress" && line["done"].as_u64() > Some(6 * MIB)
        };
        eventually("half of it", || process.stdout().lines().any(is_half));
        process.signal(Signal::KILL);
        process.finish();
        assert!(sandbox.names().iter().all(|name| is_part_of(name, "a.bin")), "{:?}", sandbox.names());
        store.faults(|faults| faults.rate = None);
        let output = get(&sandbox, &url, &[]).ok();
        assert_eq!(sandbox.sha256("a.bin"), sha256(&content), "{vendor}");
        let fetched = completed(&output)["fetched"].as_u64().unwrap();
        assert!(fetched < 8 * MIB, "{vendor}: {fetched} bytes came again");
    }
}

#[test]
fn an_object_that_is_replaced_meanwhile_is_begun_again_and_never_mixed() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        let content = bytes(4, 8 * MIB);
        store.put("a.bin", content.clone());
        store.faults(|faults| faults.mutate_after = Some(2));
        let output = get(&sandbox, &store.url("a.bin"), &["-x", "4"]).ok();
        let other: Vec<u8> = content.iter().map(|byte| !byte).collect();
        assert_eq!(sandbox.sha256("a.bin"), sha256(&other), "{vendor}");
        assert!(output.json().iter().any(|line| line["event"] == "restarted"), "{vendor}: {output:#?}");
    }
}

#[test]
fn a_folder_comes_with_all_that_lies_below_it() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        store.faults(|faults| faults.page = 3);
        let keys =
            ["in/a.txt", "in/deep/er/b.txt", "in/deep/c d.txt", "in/folder/", "in/..x/.hidden", "in/z.txt", "out/no"];
        for key in keys {
            // A folder is marked by an object of no bytes.
            store.put(key, if key.ends_with('/') { b"" } else { key.as_bytes() });
        }
        let output = get(&sandbox, &store.url("in/"), &["-d", "there"]).ok();
        let there = sandbox.downloads().join("there");
        for (file, key) in [
            ("a.txt", "in/a.txt"),
            ("deep/er/b.txt", "in/deep/er/b.txt"),
            ("deep/c d.txt", "in/deep/c d.txt"),
            ("x/hidden", "in/..x/.hidden"),
            ("z.txt", "in/z.txt"),
        ] {
            let found = std::fs::read(there.join(file)).unwrap_or_else(|why| panic!("{vendor}: {file}: {why}"));
            assert_eq!(found, key.as_bytes(), "{vendor}");
        }
        assert_eq!(sandbox.names(), ["there"], "{vendor}");
        let done = output.json().iter().filter(|line| line["event"] == "completed").count();
        assert_eq!(done, 5, "{vendor}: {output:#?}");
        // The same once more fetches nothing.
        let again = get(&sandbox, &store.url("in/"), &["-d", "there"]).ok();
        let lines = again.json();
        let unchanged = lines.iter().filter(|line| line["event"] == "completed" && line["unchanged"] == true);
        assert_eq!(unchanged.count(), 5, "{vendor}: {again:#?}");
    }
}

#[test]
fn names_of_objects_lead_nowhere_but_below_the_folder() {
    let (store, sandbox) = room(Vendor::S3);
    for key in ["in/../../out.txt", "in/a\\..\\b.txt", "in//root.txt", "in/good.txt"] {
        store.put(key, key.as_bytes());
    }
    let output = get(&sandbox, &store.url("in/"), &["-d", "there"]).code(1);
    assert_eq!(sandbox.names(), ["there"]);
    let names = crate::support::names(&sandbox.downloads().join("there"));
    assert_eq!(names, ["b.txt", "good.txt", "root.txt"]);
    let lines = output.json();
    let listed = lines.iter().find(|line| line["event"] == "listed").unwrap();
    assert_eq!(listed["left_out"], 1, "{listed}");
}

#[test]
fn what_is_left_out_of_a_folder_is_told_in_silence_too() {
    let (store, sandbox) = room(Vendor::S3);
    for key in ["in/a.txt", "in/slashed/"] {
        store.put(key, key.as_bytes());
    }
    let output = sandbox.get(&["-q", "-d", "there", &store.url("in/")]).code(1);
    assert!(output.stderr.contains("one is left out, since no URL can hold its name"), "{output:#?}");
    assert_eq!(crate::support::names(&sandbox.downloads().join("there")), ["a.txt"]);
}

#[test]
fn a_metalink_in_a_folder_is_one_of_its_files() {
    let (store, sandbox) = room(Vendor::S3);
    let metalink = "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"evil\"><url>http://127.0.0.1:1/a</url></file></metalink>";
    store.put("in/list.meta4", metalink.as_bytes());
    get(&sandbox, &store.url("in/"), &[]).ok();
    assert_eq!(std::fs::read(sandbox.downloads().join("list.meta4")).unwrap(), metalink.as_bytes());
}

#[test]
fn what_lies_in_a_folder_is_called_as_its_key_is() {
    let (store, sandbox) = room(Vendor::S3);
    std::fs::write(sandbox.path("a.txt"), "a").unwrap();
    let file = sandbox.path("a.txt");
    for key in ["in/one.txt", "in/two.txt"] {
        let named = "Content-Disposition: attachment; filename=\"same.txt\"";
        sandbox.run(&["put", "-q", "-H", named, file.to_str().unwrap(), &store.url(key)]).ok();
    }
    get(&sandbox, &store.url("in/"), &["-d", "there"]).ok();
    assert_eq!(crate::support::names(&sandbox.downloads().join("there")), ["one.txt", "two.txt"]);
}

#[test]
fn a_list_that_goes_round_in_a_circle_is_given_up() {
    let (store, sandbox) = room(Vendor::S3);
    store.faults(|faults| faults.circle = true);
    let url = store.url("in/");
    for words in [&["ls", &url][..], &["get", "-q", &url]] {
        let output = sandbox.run(words).code(8);
        assert!(output.stderr.contains("the store's list goes round in a circle"), "{output:#?}");
    }
}

#[test]
fn a_state_folder_that_can_not_be_used_is_no_trouble_of_the_disk() {
    let (store, sandbox) = room(Vendor::S3);
    std::fs::write(sandbox.downloads().join("a.txt"), "a").unwrap();
    sandbox.run(&["put", "-q", "--state", "/proc/nothing", "a.txt", &store.url("a")]).code(9);
}

#[test]
fn a_folder_with_nothing_in_it_is_refused_and_a_list_that_fails_is_asked_again() {
    let (store, sandbox) = room(Vendor::Oss);
    get(&sandbox, &store.url("none/"), &[]).code(super::REFUSED);
    store.put("in/a.txt", b"a".to_vec());
    let refusing = Refusing { call: "ListObjects", times: 2, status: 503, code: "SlowDown" };
    store.faults(|faults| faults.refusing = vec![refusing]);
    get(&sandbox, &store.url("in/"), &[]).ok();
    assert_eq!(sandbox.names(), ["a.txt"]);
    for option in ["-o", "--checksum"] {
        let value = if option == "-o" { "name" } else { "md5:d41d8cd98f00b204e9800998ecf8427e" };
        sandbox.get(&[option, value, &store.url("in/")]).refused(&["is a folder"]);
    }
}

#[test]
fn a_folder_can_be_queued_and_worked_off() {
    let (store, sandbox) = room(Vendor::Tos);
    for name in ["in/a", "in/b", "in/deep/c"] {
        store.put(name, name.as_bytes());
    }
    sandbox.run(&["add", &store.url("in/")]).ok();
    sandbox.run(&["run", "-q"]).ok();
    assert_eq!(sandbox.names(), ["a", "b", "deep"]);
    let list: Value = serde_json::from_str(&sandbox.run(&["list", "--json"]).ok().stdout).unwrap();
    let statuses: Vec<&str> = list.as_array().unwrap().iter().map(|item| item["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["done", "done", "done"]);
}

#[test]
fn what_came_of_a_folder_is_not_listed_again_after_its_list_was_stopped() {
    let (store, sandbox) = room(Vendor::S3);
    for name in ["in/a", "in/b", "in/c", "in/d"] {
        store.put(name, name.as_bytes());
    }
    // The third page is none.
    let instead = Some(("ListObjects", 2, Instead::Text("<Error><Code>Bad</Code></Error>")));
    store.faults(|faults| (faults.page, faults.instead) = (1, instead));
    sandbox.run(&["add", &store.url("in/")]).ok();
    sandbox.run(&["run", "-q", "--retries", "0"]).code(4);
    sandbox.run(&["add", &store.url("in/")]).ok();
    sandbox.run(&["run", "-q"]).ok();
    assert_eq!(sandbox.names(), ["a", "b", "c", "d"]);
    let list: Value = serde_json::from_str(&sandbox.run(&["list", "--json"]).ok().stdout).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 4, "{list:#}");
}

#[test]
fn ls_shows_sizes_dates_and_names_page_by_page() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        store.faults(|faults| faults.page = 2);
        store.put("in/a.txt", bytes(1, 1500));
        store.put("in/b\u{1b}[31m.txt", bytes(1, 3));
        store.put("in/deep/c.txt", bytes(1, 3));
        let shown = sandbox.run(&["ls", &store.url("in/")]).ok().stdout;
        assert!(shown.starts_with("    SIZE  MODIFIED (UTC)       NAME\n"), "{vendor}: {shown}");
        let line = shown.lines().find(|line| line.ends_with("  a.txt")).unwrap();
        assert!(line.starts_with("  1.5 kB  2026-01-02 "), "{vendor}: {line}");
        assert!(shown.lines().any(|line| line.starts_with("       -  -  ") && line.ends_with("  deep/")), "{shown}");
        assert!(!shown.contains('\u{1b}'), "{vendor}: {shown}");
        let lines = sandbox.run(&["ls", "-r", "--json", &store.url("in/")]).ok().json();
        let names: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["a.txt", "b\u{fffd}[31m.txt", "deep/c.txt"], "{vendor}");
        assert_eq!((lines[0]["size"].as_u64(), lines[0]["folder"].as_bool()), (Some(1500), Some(false)), "{vendor}");
        sandbox.run(&["ls", &store.url("none/")]).code(super::REFUSED);
    }
}

#[test]
fn ls_asks_again_what_may_pass_in_the_words_of_a_transfer() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        store.put("in/a.txt", b"a".to_vec());
        let refusing = |times| vec![Refusing { call: "ListObjects", times, status: 503, code: "SlowDown" }];
        store.faults(|faults| {
            faults.refusing = refusing(2);
            faults.dropping = vec![("ListObjects", 1)];
        });
        let output = sandbox.run(&["ls", "--json", "--retry-wait", "0.05", &store.url("in/")]).ok();
        assert_eq!(output.json()[0]["name"], "a.txt", "{vendor}");
        let again: Vec<&str> = output.stderr.lines().filter(|line| line.starts_with("again ")).collect();
        assert_eq!(again.len(), 3, "{vendor}: {again:?}");
        assert!(again.iter().any(|line| line.contains("SlowDown") && line.contains("next attempt in")), "{again:?}");
        // What lasts is told, and what no waiting mends at once.
        store.faults(|faults| faults.refusing = refusing(9));
        sandbox.run(&["ls", "--retries", "1", "--retry-wait", "0.05", &store.url("in/")]).refused(&["SlowDown"]);
        let denied = Refusing { call: "ListObjects", times: 9, status: 403, code: "AccessDenied" };
        store.faults(|faults| faults.refusing = vec![denied]);
        let denied = sandbox.run(&["ls", &store.url("in/")]);
        denied.refused(&["AccessDenied"]);
    }
}

#[test]
fn a_url_that_was_signed_needs_no_login() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        store.put("a.txt", b"read".to_vec());
        let url = sandbox.run(&["presign", "--expires", "10m", &store.url("a.txt")]).ok().stdout;
        let other = Sandbox::new();
        other.get(&["-o", "a.txt", url.trim()]).ok();
        assert_eq!(std::fs::read(other.downloads().join("a.txt")).unwrap(), b"read", "{vendor}");
        sandbox.run(&["presign", "--expires", "8d", &store.url("a.txt")]).code(2);
        sandbox.run(&["presign", "--expires", "soon", &store.url("a.txt")]).code(2);
    }
    // An old bucket whose name can be part of no host.
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ACCESS_KEY_ID", "test-id");
    sandbox.set("AWS_SECRET_ACCESS_KEY", "test-secret");
    let own = "s3://bkt/a?endpoint=https://s3.dualstack.eu-west-1.amazonaws.com";
    let url = sandbox.run(&["presign", own]).ok().stdout;
    assert!(url.contains("%2Feu-west-1%2Fs3%2F"), "{url}");
    let url = sandbox.run(&["presign", "--expires", "10m", "s3://MyBucket/a.txt?region=us-east-1"]).ok().stdout;
    assert!(url.contains("amazonaws.com/MyBucket/a.txt?"), "{url}");
}

#[test]
fn a_url_that_ends_with_its_login_is_said_to() {
    let (store, sandbox) = (Store::start(Vendor::S3), Sandbox::new());
    let end = httpdate::fmt_http_date(std::time::SystemTime::now() + std::time::Duration::from_secs(1800));
    let login = json!({ "AccessKeyId": "id", "SecretAccessKey": "key", "SessionToken": "token", "Expiration": end });
    std::fs::write(sandbox.path("login"), login.to_string()).unwrap();
    sandbox.settings(&format!("(stores: {{\"s3://\": (credentials: \"cat {}\")}})", sandbox.path("login").display()));
    for (span, is_told) in [("12h", true), ("1m", false)] {
        let output = sandbox.run(&["presign", "--expires", span, &store.url("a")]).ok();
        assert_eq!(output.stderr.contains("the login ends at "), is_told, "{output:#?}");
        assert_eq!(output.stdout.lines().count(), 1, "{output:#?}");
    }
}

#[test]
fn a_small_file_is_put_whole_and_a_large_one_in_parts() {
    for vendor in VENDORS {
        let (store, sandbox) = room(vendor);
        let (small, large) = (bytes(5, 1000), bytes(6, 12 * MIB));
        std::fs::write(sandbox.downloads().join("small.bin"), &small).unwrap();
        std::fs::write(sandbox.downloads().join("large.bin"), &large).unwrap();
        let put =
            |file: &str| sandbox.run(&["put", "-q", "--threshold", "8M", "--part-size", "5M", file, &store.url("in/")]);
        put("small.bin").ok();
        put("large.bin").ok();
        assert_eq!(store.object("in/small.bin"), Some(small), "{vendor}");
        assert_eq!(store.object("in/large.bin").map(|bytes| sha256(&bytes)), Some(sha256(&large)), "{vendor}");
        assert_eq!((store.count("PutObject"), store.count("UploadPart")), (1, 3), "{vendor}");
        assert_eq!(store.uploads(), [], "{vendor}");
        assert_eq!(sha256_of(&sandbox.downloads().join("large.bin")), sha256(&large));
    }
}
