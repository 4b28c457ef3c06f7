//! What lies in a bucket, and URLs that are good by themselves.

use std::time::Duration;

use haul::model::{FaultKind, Header, Listed, Vendor};
use haul::protocol::{Asked, Folder, Http, List};

use super::stage::{VENDORS, bytes, driver, driver_with, run};
use crate::protocol::driver::{ask, options, question};
use crate::support::Store;

const KEYS: [&str; 6] = ["dir/a&b <c>.bin", "dir/deep/er/x", "dir/deep/y", "dir/plus+ %41?", "dir/名", "elsewhere"];

fn listed(store: &Store, below: &str, deep: bool) -> Vec<Listed> {
    let (driver, place, headers) = (driver(store), store.source(below), Vec::<Header>::new());
    let folder = Folder { place: &place, headers: &headers, deep };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = run(driver.list(&folder, after.as_deref())).unwrap();
        all.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn names(listed: &[Listed]) -> Vec<(&str, bool)> {
    let mut names: Vec<_> = listed.iter().map(|entry| (entry.name.as_str(), entry.is_folder)).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_folder_shows_what_lies_right_in_it_and_all_below_it() {
    for vendor in VENDORS {
        for page in [0, 1, 2] {
            let store = Store::start(vendor);
            store.faults(|faults| faults.page = page);
            for (key, length) in KEYS.into_iter().zip(1..) {
                store.put(key, bytes(1, length));
            }
            let flat = listed(&store, "dir/", false);
            let wanted = [("a&b <c>.bin", false), ("deep/", true), ("plus+ %41?", false), ("名", false)];
            assert_eq!(names(&flat), wanted, "{vendor}, {page} a page");
            let deep = listed(&store, "dir/", true);
            let wanted =
                [("a&b <c>.bin", false), ("deep/er/x", false), ("deep/y", false), ("plus+ %41?", false), ("名", false)];
            assert_eq!(names(&deep), wanted, "{vendor}, {page} a page");
            assert_eq!(listed(&store, "", true).len(), KEYS.len(), "{vendor}: the bucket itself");
            assert_eq!(names(&listed(&store, "dir/de", false)), [("deep/", true)], "{vendor}: a beginning");
            assert_eq!(listed(&store, "nothing/", true), [], "{vendor}");
        }
    }
}

#[test]
fn each_entry_leads_to_its_object() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        for key in KEYS {
            store.put(key, key.as_bytes());
        }
        for entry in listed(&store, "dir/", true) {
            let source = entry.source.unwrap();
            assert!(entry.modified.is_some() && entry.etag.is_some(), "{vendor}: {}", entry.name);
            let got = ask(&driver(&store), question(source.url().as_str(), Asked::From(0))).unwrap();
            assert_eq!(got.bytes, format!("dir/{}", entry.name).as_bytes(), "{vendor}");
            assert_eq!(entry.length, Some(got.bytes.len() as u64), "{vendor}");
        }
    }
}

#[test]
fn a_name_that_no_url_can_hold_leads_nowhere() {
    let store = Store::start(Vendor::S3);
    store.put("dir/../up", b"x".to_vec());
    store.put("dir/good", b"x".to_vec());
    let all = listed(&store, "dir/", true);
    let sources: Vec<_> = all.iter().map(|entry| (entry.name.as_str(), entry.source.is_some())).collect();
    assert_eq!(sources, [("../up", false), ("good", true)]);
}

#[test]
fn a_list_that_is_refused_says_which_right_is_missing() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.refuse("ListObjects", 403, "AccessDenied");
        let (driver, place) = (driver(&store), store.source("dir/"));
        let folder = Folder { place: &place, headers: &[], deep: true };
        let fault = run(driver.list(&folder, None)).unwrap_err();
        let right = format!("the login lacks the right to list {}://bkt", vendor.scheme());
        assert!(fault.detail.contains(&right), "{vendor}: {fault}");
    }
}

#[test]
fn a_signed_url_is_good_for_everyone_and_for_its_method_alone() {
    for vendor in VENDORS {
        for old in [false, true] {
            if old && vendor != Vendor::Oss {
                continue;
            }
            let store = Store::start(vendor);
            store.put("dir/a b+名.bin", b"read".to_vec());
            store.token(Some("a/token+="));
            let more = if old { "&signature=v1" } else { "" };
            let place = format!("{}{more}", store.url("dir/a%20b+%E5%90%8D.bin"));
            let place = haul::model::Source::parse(&place).unwrap();
            let driver = driver(&store);
            let url = run(driver.presign(&place, "GET", Duration::from_secs(60))).unwrap().url;
            let got = ask(&Http::new(options()), question(url.as_str(), Asked::From(0))).unwrap();
            assert_eq!(got.bytes, b"read", "{vendor}, {old}");
            let shown = question(url.as_str(), Asked::Whole).source.to_string();
            assert!(!shown.contains("token%2B"), "{vendor}: {shown}");
            let other = run(driver.presign(&place, "PUT", Duration::from_secs(60))).unwrap().url;
            let fault = ask(&Http::new(options()), question(other.as_str(), Asked::From(0))).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Status(403), "{vendor}: {fault}");
        }
    }
}

#[test]
fn the_region_of_a_signed_url_is_found_out_where_nobody_says_it() {
    let store = Store::start(Vendor::S3);
    store.put("a", b"read".to_vec());
    store.region("eu-west-9");
    store.ahead(7200);
    let signed = |endpoint: &str, key: &str| {
        let place = haul::model::Source::parse(&format!("s3://bkt/{key}?endpoint={endpoint}")).unwrap();
        run(driver(&store).presign(&place, "GET", Duration::from_secs(60))).unwrap()
    };
    let found = signed(&store.endpoint(), "a");
    assert_eq!(found.guess, None);
    let got = ask(&Http::new(options()), question(found.url.as_str(), Asked::From(0))).unwrap();
    assert_eq!(got.bytes, b"read");
    // What is not there yet may be signed for all the same.
    assert_eq!(signed(&store.endpoint(), "b").guess, None);
    // Nobody listens there.
    assert_eq!(signed("http://127.0.0.1:1", "a").guess.as_deref(), Some("us-east-1"));
}

#[test]
fn what_can_not_be_signed_is_told() {
    let store = Store::start(Vendor::S3);
    let week = Duration::from_secs(7 * 86_400);
    let signed = |url: String, span| {
        let place = haul::model::Source::parse(&url).unwrap();
        run(driver(&store).presign(&place, "GET", span))
    };
    assert!(signed(store.url("a"), week).is_ok());
    for (url, span, word) in [
        (store.url("a"), week + Duration::from_secs(1), "7 days"),
        (store.url("dir/"), week, "folder"),
        (format!("{}&anonymous=1", store.url("a")), week, "anonymous"),
        ("http://host/a".to_owned(), week, "s3:"),
    ] {
        let fault = signed(url, span).unwrap_err();
        assert!(fault.detail.contains(word), "{fault}");
    }
    let place = store.source("a");
    assert_eq!(run(driver_with(Vec::new()).presign(&place, "GET", week)).unwrap_err().kind, FaultKind::Credentials);
}
