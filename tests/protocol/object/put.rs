//! Uploads to a store of each vendor.

use haul::model::{Fault, FaultKind, Upload, Vendor};
use haul::protocol::{Put, StoredPart};

use super::stage::{PART, VENDORS, breaking, bytes, driver, payload, place, place_at, run, whole, with_headers};
use crate::support::Store;
use crate::support::store::{Lost, Refusing, Trailers};

/// A key with all that has to be encoded.
const KEY: &str = "dir/%E5%90%8D%20%2B%25%3F=&'%23.bin";
const PLAIN: &str = "dir/名 +%?=&'#.bin";

#[test]
fn a_whole_object_goes_in_one_request() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place, content) = (driver(&store), place(&store, KEY), bytes(1, 300_000));
        run(async {
            assert_eq!(driver.head(&place).await, Ok(None), "{vendor}");
            let stored = driver.put(&place, payload(&content)).await.unwrap();
            assert_eq!((stored.length, stored.sum), (Some(300_000), Some(whole(vendor, &content))), "{vendor}");
            let found = driver.head(&place).await.unwrap().unwrap();
            assert_eq!((found.length, found.etag), (Some(300_000), stored.etag), "{vendor}");
            assert_eq!(found.sum, Some(whole(vendor, &content)), "{vendor}");
            assert!(found.modified.is_some(), "{vendor}");
        });
        assert_eq!(store.object(PLAIN), Some(content), "{vendor}");
    }
}

#[test]
fn an_empty_object_is_an_object() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place) = (driver(&store), place(&store, "empty"));
        let stored = run(driver.put(&place, payload(b""))).unwrap();
        assert_eq!((stored.length, store.object("empty")), (Some(0), Some(Vec::new())), "{vendor}");
    }
}

#[test]
fn parts_become_one_object_whatever_their_order() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.least_part(PART as u64);
        let (driver, place, content) = (driver(&store), place(&store, KEY), bytes(2, 2 * PART + 77));
        run(async {
            let id = driver.create(&place).await.unwrap();
            for number in [3, 1, 2] {
                let part = content.chunks(PART).nth(number - 1).unwrap();
                let stored = driver.part(&place, &id, number as u32, payload(part)).await.unwrap();
                assert_eq!(stored.sum, Some(whole(vendor, part)), "{vendor}");
                assert_eq!(stored.length, Some(part.len() as u64), "{vendor}");
            }
            let parts = driver.parts(&place, &id).await.unwrap();
            assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 2, 3], "{vendor}");
            let stored = driver.complete(&place, &id, &parts, Some(whole(vendor, &content))).await.unwrap();
            assert_eq!((stored.length, stored.sum), (None, Some(whole(vendor, &content))), "{vendor}");
            assert!(stored.etag.unwrap().ends_with("-3\""), "{vendor}");
            assert_eq!(driver.parts(&place, &id).await.unwrap_err().kind, FaultKind::UploadGone, "{vendor}");
        });
        assert_eq!(store.object(PLAIN), Some(content), "{vendor}");
        assert_eq!(store.uploads(), [], "{vendor}");
    }
}

#[test]
fn lists_are_read_to_their_last_page() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.faults(|faults| faults.page = 2);
        let (driver, place, other) = (driver(&store), place(&store, KEY), place(&store, &format!("{KEY}.other")));
        run(async {
            let mut ids = Vec::new();
            for _ in 0..5 {
                ids.push(driver.create(&place).await.unwrap());
                driver.create(&other).await.unwrap();
            }
            ids.reverse();
            assert_eq!(driver.uploads(&place).await.unwrap(), ids, "{vendor}: the newest first, and of this key alone");
            for number in 1..=5 {
                driver.part(&place, &ids[0], number, payload(b"part")).await.unwrap();
            }
            let parts = driver.parts(&place, &ids[0]).await.unwrap();
            assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5], "{vendor}");
            assert!(parts.iter().all(|part| part.length == Some(4)), "{vendor}");
        });
    }
}

#[test]
fn a_key_that_looks_encoded_is_asked_on_from_as_it_is() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.faults(|faults| faults.page = 1);
        let (driver, place) = (driver(&store), place(&store, "100%2525"));
        run(async {
            for _ in 0..3 {
                driver.create(&place).await.unwrap();
            }
            assert_eq!(driver.uploads(&place).await.unwrap().len(), 3, "{vendor}");
        });
    }
}

#[test]
fn an_upload_that_is_given_up_is_gone_and_giving_it_up_twice_is_no_fault() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place) = (driver(&store), place(&store, "a"));
        run(async {
            let id = driver.create(&place).await.unwrap();
            driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
            assert!(driver.abort(&place, &id).await.unwrap(), "{vendor}");
            assert!(!driver.abort(&place, &id).await.unwrap(), "{vendor}: nothing is freed twice");
            let fault = driver.part(&place, &id, 2, payload(b"part")).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::UploadGone, "{vendor}");
        });
        assert_eq!(store.uploads(), [], "{vendor}");
    }
}

#[test]
fn a_part_that_arrives_damaged_is_noticed() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.faults(|faults| faults.corrupt_upload = Some(1));
        let (driver, place, content) = (driver(&store), place(&store, "a"), bytes(3, 100_000));
        run(async {
            let id = driver.create(&place).await.unwrap();
            let part = driver.part(&place, &id, 1, payload(&content)).await;
            match vendor {
                // The checksum goes with the request, and the store refuses.
                Vendor::S3 => assert_eq!(part.unwrap_err().kind, FaultKind::PartDamaged),
                // It comes with the answer, and whoever sent the part compares.
                _ => assert_ne!(part.unwrap().sum, Some(whole(vendor, &content)), "{vendor}"),
            }
        });
    }
}

#[test]
fn a_whole_that_is_another_one_is_told_by_its_checksum() {
    let store = Store::start(Vendor::S3);
    let (driver, place) = (driver(&store), place(&store, "a"));
    run(async {
        let id = driver.create(&place).await.unwrap();
        let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
        // The parts are those that were sent, so the header is at fault: the caller compares what the answer tells.
        let object = driver.complete(&place, &id, &[part], Some(whole(Vendor::S3, b"other"))).await.unwrap();
        assert_eq!(object.sum, Some(whole(Vendor::S3, b"part")));
    });
    assert_eq!(store.object("a").unwrap(), b"part");
}

#[test]
fn a_whole_of_other_parts_than_were_sent_is_refused() {
    let store = Store::start(Vendor::S3);
    let (driver, place) = (driver(&store), place(&store, "a"));
    run(async {
        let id = driver.create(&place).await.unwrap();
        let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
        driver.part(&place, &id, 2, payload(b"another's")).await.unwrap();
        let fault = driver.complete(&place, &id, &[part], Some(whole(Vendor::S3, b"other"))).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Checksum, "{fault}");
    });
    assert_eq!(store.object("a"), None);
}

#[test]
fn a_store_that_knows_no_checksums_is_uploaded_to_without_them() {
    let store = Store::start(Vendor::S3);
    store.faults(|faults| faults.no_sums = true);
    let (driver, place, content) = (driver(&store), place(&store, "a"), bytes(4, 1000));
    run(async {
        let id = driver.create(&place).await.unwrap();
        let part = driver.part(&place, &id, 1, payload(&content)).await.unwrap();
        assert_eq!(part.sum, None);
        driver.complete(&place, &id, &[part], Some(whole(Vendor::S3, &content))).await.unwrap();
        driver.create(&place).await.unwrap();
    });
    assert_eq!(store.object("a"), Some(content));
    let creations = store.requests().into_iter().filter(|seen| seen.call == "CreateMultipartUpload");
    assert_eq!(creations.map(|seen| seen.status).collect::<Vec<_>>(), [400, 200, 200], "it is tried once");
    let part = store.requests().into_iter().find(|seen| seen.call == "UploadPart").unwrap();
    assert_eq!(part.header("x-amz-checksum-crc64nvme"), None);
}

#[test]
fn a_store_that_compares_the_wholes_checksum_with_the_request_is_told_it_once() {
    let store = Store::start(Vendor::S3);
    store.faults(|faults| faults.sums_of_bodies = true);
    let (driver, content) = (driver(&store), bytes(4, 1000));
    for key in ["a", "b"] {
        let place = place(&store, key);
        run(async {
            let id = driver.create(&place).await.unwrap();
            let part = driver.part(&place, &id, 1, payload(&content)).await.unwrap();
            driver.complete(&place, &id, &[part], Some(whole(Vendor::S3, &content))).await.unwrap();
        });
        assert_eq!(store.object(key).as_deref(), Some(&*content));
    }
    let completions = store.requests().into_iter().filter(|seen| seen.call == "CompleteMultipartUpload");
    assert_eq!(completions.map(|seen| seen.status).collect::<Vec<_>>(), [400, 200, 200]);
}

#[test]
fn an_error_inside_a_success_is_a_fault() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.faults(|faults| faults.complete = Some(Lost::Error200));
        let (driver, place) = (driver(&store), place(&store, "a"));
        run(async {
            let id = driver.create(&place).await.unwrap();
            let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
            let fault = driver.complete(&place, &id, std::slice::from_ref(&part), None).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Status(500), "{vendor}: {fault}");
            driver.complete(&place, &id, &[part], None).await.unwrap();
        });
        assert!(store.object("a").is_some(), "{vendor}");
    }
}

#[test]
fn a_lost_answer_to_the_last_call_is_a_cut_and_then_the_upload_is_gone() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.faults(|faults| faults.complete = Some(Lost::Answer));
        let (driver, place) = (driver(&store), place(&store, "a"));
        run(async {
            let id = driver.create(&place).await.unwrap();
            let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
            let fault = driver.complete(&place, &id, std::slice::from_ref(&part), None).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Cut, "{vendor}: {fault}");
            let fault = driver.complete(&place, &id, &[part], None).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::UploadGone, "{vendor}: {fault}");
            assert_eq!(driver.head(&place).await.unwrap().unwrap().sum, Some(whole(vendor, b"part")), "{vendor}");
        });
    }
}

#[test]
fn a_part_that_is_not_what_the_list_says_is_asked_for_again() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place) = (driver(&store), place(&store, "a"));
        run(async {
            let id = driver.create(&place).await.unwrap();
            let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
            let other = StoredPart { etag: "\"0\"".to_owned(), ..part };
            let fault = driver.complete(&place, &id, &[other], None).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::PartDamaged, "{vendor}: {fault}");
        });
    }
}

#[test]
fn what_stands_there_is_left_alone_where_it_is_to_be_kept() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.put("a", b"old".to_vec());
        let upload = Upload { keep: true, ..Upload::default() };
        let (driver, place) = (driver(&store), place_at(store.source("a"), upload));
        let fault = run(driver.put(&place, payload(b"new"))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Exists, "{vendor}: {fault}");
        run(async {
            let id = driver.create(&place).await.unwrap();
            let part = driver.part(&place, &id, 1, payload(b"new")).await.unwrap();
            let fault = driver.complete(&place, &id, &[part], None).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Exists, "{vendor}: {fault}");
        });
        assert_eq!(store.object("a"), Some(b"old".to_vec()), "{vendor}");
    }
}

#[test]
fn an_object_is_made_as_the_user_describes_it() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let name = if vendor == Vendor::S3 { "amz" } else { vendor.scheme() };
        let upload = Upload { storage_class: Some("COLD".to_owned()), ..Upload::default() };
        let meta = format!("X-{name}-Meta-Owner");
        let headers = [(meta.as_str(), "two   blanks"), ("Cache-Control", "max-age=60")];
        let place = with_headers(place_at(store.source("page.html"), upload), &headers);
        let driver = driver(&store);
        run(driver.put(&place, payload(b"<p>"))).unwrap();
        for (wanted, value) in [
            ("content-type", "text/html"),
            ("cache-control", "max-age=60"),
            (&format!("x-{name}-storage-class"), "COLD"),
            (&format!("x-{name}-meta-owner"), "two blanks"),
        ] {
            assert_eq!(store.header_of("page.html", wanted).as_deref(), Some(value), "{vendor}: {wanted}");
        }
    }
}

#[test]
fn a_limit_that_the_store_keeps_is_told_in_bits() {
    for (vendor, header, value) in [
        (Vendor::Oss, "x-oss-traffic-limit", "8388608"),
        (Vendor::Tos, "x-tos-traffic-limit", "8388608"),
        (Vendor::S3, "x-amz-traffic-limit", ""),
    ] {
        let store = Store::start(vendor);
        let upload = Upload { traffic_limit: Some(haul::model::Rate::per_second(1 << 20)), ..Upload::default() };
        let (driver, place) = (driver(&store), place_at(store.source("a"), upload));
        run(driver.put(&place, payload(b"new"))).unwrap();
        let seen = store.requests().pop().unwrap();
        assert_eq!(seen.header(header).unwrap_or(""), value, "{vendor}");
    }
}

#[test]
fn a_payload_that_breaks_breaks_the_request_with_its_own_fault() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place, content) = (driver(&store), place(&store, "a"), bytes(5, 400_000));
        let changed = Fault::new(FaultKind::SourceChanged, "/a/file", "it has become shorter");
        let fault = run(driver.put(&place, breaking(&content, 200_000, changed.clone()))).unwrap_err();
        assert_eq!(fault, changed, "{vendor}");
        assert_eq!(store.object("a"), None, "{vendor}");
    }
}

#[test]
fn a_refusal_tells_who_said_what_where_and_when_to_come_again() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.faults(|faults| {
            faults.refusing = vec![Refusing { call: "PutObject", times: 1, status: 503, code: "SlowDown" }];
            faults.retry_after = Some(7);
        });
        let (driver, place) = (driver(&store), place(&store, "a"));
        let fault = run(driver.put(&place, payload(b"new"))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Status(503), "{vendor}");
        assert_eq!(fault.retry_after, Some(std::time::Duration::from_secs(7)), "{vendor}");
        let text = fault.to_string();
        let host = format!("127.0.0.1:{}", store.port());
        for word in ["SlowDown", "injected", "HTTP 503", "REQUEST-0001", &host, &format!("{}://bkt/a", vendor.scheme())]
        {
            assert!(text.contains(word), "{vendor}: {word} is not in {text}");
        }
        assert_eq!(text.contains("EC 0003-00000001"), vendor != Vendor::S3, "{text}");
    }
}

/// Sends four parts to a store that makes this of checksums behind the bytes; how many of the requests had them there.
fn trailed(trailers: Trailers) -> (usize, usize) {
    let store = Store::start(Vendor::S3);
    store.least_part(1);
    store.faults(|faults| faults.trailers = trailers);
    // Chunks of a MiB, and a rest.
    let (driver, place, content) = (driver(&store), place(&store, "a.bin"), bytes(9, (3 << 20) + 77));
    run(async {
        let id = driver.create(&place).await.unwrap();
        let mut parts = Vec::new();
        for (index, part) in content.chunks((1 << 20) + 5).enumerate() {
            parts.push(driver.part(&place, &id, index as u32 + 1, payload(part)).await.unwrap());
        }
        driver.complete(&place, &id, &parts, Some(whole(Vendor::S3, &content))).await.unwrap();
    });
    assert!(store.object("a.bin") == Some(content), "{trailers:?}: the object is not what was sent");
    let seen: Vec<_> = store.requests().into_iter().filter(|seen| seen.call == "UploadPart").collect();
    (seen.iter().filter(|seen| seen.header("x-amz-trailer").is_some()).count(), seen.len())
}

#[test]
fn a_store_that_compares_checksums_behind_the_bytes_gets_each_part_so() {
    assert_eq!(trailed(Trailers::Compared), (4, 4));
}

#[test]
fn a_store_that_says_nothing_of_them_shows_by_its_etag_that_it_takes_them() {
    assert_eq!(trailed(Trailers::Silent), (4, 4));
}

#[test]
fn a_store_that_refuses_them_or_takes_them_for_bytes_is_tried_once() {
    assert_eq!(trailed(Trailers::Refused), (1, 5));
    assert_eq!(trailed(Trailers::Kept), (1, 5));
}
