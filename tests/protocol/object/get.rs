//! Downloads from a store of each vendor.

use std::sync::Arc;

use haul::model::{Algorithm, ByteRange, FaultKind, Ranges, Resource, Vendor};
use haul::protocol::{Asked, Request};

use super::stage::{VENDORS, bytes, driver, whole};
use crate::protocol::driver::{ask, header, question};
use crate::support::Store;
use crate::support::store::Instead;

const KEY: &str = "dir/%E5%90%8D%20%2B%25%3F=&'%23.bin";
const PLAIN: &str = "dir/名 +%?=&'#.bin";
const LENGTH: usize = 300_000;

fn serving(vendor: Vendor) -> (Store, Vec<u8>) {
    let (store, content) = (Store::start(vendor), bytes(7, LENGTH));
    store.put(PLAIN, content.clone());
    (store, content)
}

fn asking(store: &Store, asked: Asked) -> Request {
    question(&store.url(KEY), asked)
}

/// A part of an object that an earlier answer has described.
fn part(store: &Store, start: u64, end: u64) -> Request {
    let first = ask(&driver(store), asking(store, Asked::From(0))).unwrap();
    let expected = Some(Arc::new(Resource { digests: Vec::new(), ..first.resource }));
    Request { expected, ..asking(store, Asked::Part(ByteRange::new(start, end))) }
}

#[test]
fn the_first_answer_describes_the_object_and_what_it_hashes_to() {
    for vendor in VENDORS {
        let (store, content) = serving(vendor);
        let got = ask(&driver(&store), asking(&store, Asked::From(0))).unwrap();
        assert_eq!((got.start, got.end, got.bytes), (0, Some(LENGTH as u64), content.clone()), "{vendor}");
        assert_eq!(got.resource.length, Some(LENGTH as u64), "{vendor}");
        assert_eq!(got.resource.ranges, Ranges::Served, "{vendor}");
        assert!(got.resource.validator.strong_etag().is_some(), "{vendor}");
        let sum = whole(vendor, &content);
        let told = got.resource.digests.iter().find(|digest| digest.checksum.algorithm == sum.algorithm).unwrap();
        assert_eq!((&told.checksum, told.range), (&sum, None), "{vendor}");
        assert_eq!(store.requests().len(), 1, "{vendor}: one request tells all");
    }
}

#[test]
fn a_part_is_asked_for_under_the_condition_that_it_is_of_the_same_version() {
    for vendor in VENDORS {
        let (store, content) = serving(vendor);
        let got = ask(&driver(&store), part(&store, 1000, 2000)).unwrap();
        assert_eq!((got.start, got.end, got.bytes), (1000, Some(2000), content[1000..2000].to_vec()), "{vendor}");
        let seen = store.requests().pop().unwrap();
        assert_eq!(seen.header("range"), Some("bytes=1000-1999"), "{vendor}");
        assert!(seen.header("if-match").is_some(), "{vendor}");
        let strict = (vendor == Vendor::Oss).then_some("standard");
        assert_eq!(seen.header("x-oss-range-behavior"), strict, "{vendor}");
    }
}

#[test]
fn an_object_that_was_replaced_is_noticed_before_a_byte_of_it_comes() {
    for vendor in VENDORS {
        let (store, _) = serving(vendor);
        let request = part(&store, 1000, 2000);
        store.put(PLAIN, bytes(8, LENGTH));
        let fault = ask(&driver(&store), request).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Changed, "{vendor}: {fault}");
        assert!(fault.detail.contains("PreconditionFailed"), "{vendor}: {fault}");
        // Of this request alone: the store may still be counting the answer before it.
        assert!(store.requests().pop().unwrap().sent < 1000, "{vendor}");
    }
}

#[test]
fn an_object_that_is_at_hand_already_is_not_sent_again() {
    for vendor in VENDORS {
        let (store, _) = serving(vendor);
        let validator = ask(&driver(&store), asking(&store, Asked::From(0))).unwrap().resource.validator;
        let unless = |validator| Request { unless: validator, ..asking(&store, Asked::From(0)) };
        let got = ask(&driver(&store), unless(Some(validator.clone()))).unwrap();
        assert!(got.unchanged && got.bytes.is_empty(), "{vendor}");
        assert_eq!(store.requests().pop().unwrap().call, "HeadObject", "{vendor}");
        // Another one comes in answer to GET, and of one that is gone the store's words are told.
        store.put(PLAIN, bytes(8, LENGTH));
        let got = ask(&driver(&store), unless(Some(validator.clone()))).unwrap();
        assert!(!got.unchanged && got.bytes == bytes(8, LENGTH), "{vendor}");
        let gone = question(&store.url("gone"), Asked::From(0));
        let fault = ask(&driver(&store), Request { unless: Some(validator), ..gone }).unwrap_err();
        assert!(fault.detail.contains("NoSuchKey"), "{vendor}: {fault}");
    }
}

#[test]
fn a_range_beyond_the_end_and_an_empty_object_are_told_apart() {
    for vendor in VENDORS {
        let (store, _) = serving(vendor);
        store.put("empty", Vec::new());
        let got = ask(&driver(&store), question(&store.url("empty"), Asked::From(0))).unwrap();
        assert_eq!((got.resource.length, got.end, got.bytes), (Some(0), Some(0), Vec::new()), "{vendor}");
        assert!(got.resource.validator.strong_etag().is_some(), "{vendor}: it is not known again");
        let beyond = LENGTH as u64 + 10;
        let fault = ask(&driver(&store), asking(&store, Asked::Part(ByteRange::new(beyond, beyond + 5)))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::WrongRange, "{vendor}: {fault}");
        assert!(fault.detail.contains("request REQUEST-0001"), "{vendor}: {fault}");
    }
}

#[test]
fn a_store_that_ignores_ranges_is_noticed() {
    for vendor in VENDORS {
        let (store, _) = serving(vendor);
        let request = part(&store, 1000, 2000);
        store.faults(|faults| faults.no_ranges = true);
        let fault = ask(&driver(&store), request).unwrap_err();
        assert_eq!(fault.kind, FaultKind::RangeIgnored, "{vendor}: {fault}");
    }
}

#[test]
fn an_object_that_is_stored_packed_comes_in_parts() {
    for vendor in VENDORS {
        let (store, content) = serving(vendor);
        store.describe(PLAIN, ("Content-Encoding".to_owned(), "gzip".to_owned()));
        let first = ask(&driver(&store), asking(&store, Asked::From(0))).unwrap();
        assert!(first.resource.gives_parts(), "{vendor}: {first:?}");
        let got = ask(&driver(&store), part(&store, 1000, 2000)).unwrap();
        assert_eq!(got.bytes, content[1000..2000], "{vendor}");
    }
}

#[test]
fn a_missing_object_a_missing_bucket_and_a_missing_right_say_so() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let fault = ask(&driver(&store), asking(&store, Asked::From(0))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Status(404), "{vendor}");
        let host = format!("127.0.0.1:{}", store.port());
        for word in ["NoSuchKey", "HTTP 404", "request REQUEST-0001", &host, vendor.scheme()] {
            assert!(fault.to_string().contains(word), "{vendor}: {word} is not in {fault}");
        }
        assert_eq!(fault.to_string().contains("EC 0003-00000001"), vendor != Vendor::S3, "{fault}");
        let elsewhere = store.url("a").replacen("://bkt/", "://other/", 1);
        let fault = ask(&driver(&store), question(&elsewhere, Asked::From(0))).unwrap_err();
        assert!(fault.detail.contains("there is no bucket \"other\""), "{vendor}: {fault}");
        let anonymous = format!("{}&anonymous=1", store.url("a"));
        let fault = ask(&driver(&store), question(&anonymous, Asked::From(0))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Status(403), "{vendor}");
        assert!(fault.detail.contains("leave anonymous out"), "{vendor}: {fault}");
        store.refuse("GetObject", 403, "AccessDenied");
        let fault = ask(&driver(&store), asking(&store, Asked::From(0))).unwrap_err();
        let right = format!("the login lacks the right to read {}://bkt", vendor.scheme());
        assert!(fault.detail.contains(&right), "{vendor}: {fault}");
    }
}

#[test]
fn everyone_may_read_what_is_public() {
    for vendor in VENDORS {
        let (store, content) = serving(vendor);
        store.public();
        let url = format!("{}&anonymous=1", store.url(KEY));
        let got = ask(&super::stage::driver_with(Vec::new()), question(&url, Asked::From(0))).unwrap();
        assert_eq!(got.bytes, content, "{vendor}");
        assert_eq!(store.requests()[0].header("authorization"), None, "{vendor}");
    }
}

#[test]
fn a_version_is_asked_for_and_the_users_headers_are_signed() {
    for vendor in VENDORS {
        let (store, _) = serving(vendor);
        let name = if vendor == Vendor::S3 { "amz" } else { vendor.scheme() };
        let payer = header(&format!("X-{name}-Request-Payer"), "requester");
        let url = format!("{}&versionId=abc%2F1", store.url(KEY));
        let request = Request { headers: Arc::from([payer]), ..question(&url, Asked::From(0)) };
        ask(&driver(&store), request).unwrap();
        let seen = store.requests().pop().unwrap();
        assert_eq!(seen.parameter("versionId"), Some("abc/1"), "{vendor}");
        assert_eq!(seen.header(&format!("x-{name}-request-payer")), Some("requester"), "{vendor}");
    }
}

#[test]
fn a_folder_is_no_object() {
    let store = Store::start(Vendor::S3);
    let fault = ask(&driver(&store), question(&store.url("dir/"), Asked::From(0))).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Request, "{fault}");
}

#[test]
fn the_first_signature_of_oss_reads_too() {
    let (store, content) = serving(Vendor::Oss);
    let url = format!("{}&signature=v1", store.url(KEY));
    let got = ask(&driver(&store), question(&url, Asked::From(0))).unwrap();
    assert_eq!(got.bytes, content);
    assert!(store.requests()[0].header("authorization").unwrap().starts_with("OSS test-id:"));
    assert_eq!(got.resource.digests[0].checksum.algorithm, Algorithm::Crc64);
}

#[test]
fn a_page_without_a_name_and_a_date_is_no_object() {
    for vendor in VENDORS {
        for text in ["<html>log in first</html>", "<Error><Code>InternalError</Code></Error>"] {
            let (store, _) = serving(vendor);
            store.faults(|faults| faults.instead = Some(("GetObject", 0, Instead::Text(text))));
            let fault = ask(&driver(&store), asking(&store, Asked::From(0))).err().unwrap();
            assert_eq!(fault.kind, FaultKind::BadAnswer, "{vendor}, {text}: {fault}");
        }
    }
}
