//! Checksums, as far as a store knows them.

use haul::model::{Algorithm, Checksum, Vendor};
use haul::protocol::{Asked, Put};
use md5::Digest as _;

use super::stage::{bytes, driver, payload, place, run, whole, with_headers};
use crate::protocol::driver::{ask, question};
use crate::support::Store;
use crate::support::store::Refusing;

#[test]
fn a_store_that_refuses_headers_about_checksums_is_asked_without_them() {
    for refused in [(501, "NotImplemented"), (400, "InvalidArgument")] {
        let store = Store::start(Vendor::S3);
        store.faults(|faults| (faults.no_sum_headers, faults.no_sums) = (Some(refused), true));
        store.put("z", b"read".to_vec());
        let driver = driver(&store);
        for key in ["a", "b"] {
            let place = place(&store, key);
            run(async {
                assert_eq!(driver.head(&place).await, Ok(None), "{refused:?}");
                driver.put(&place, payload(b"written")).await.unwrap();
                assert_eq!(driver.head(&place).await.unwrap().unwrap().length, Some(7), "{refused:?}");
            });
        }
        assert_eq!(ask(&driver, question(&store.url("z"), Asked::From(0))).unwrap().bytes, b"read", "{refused:?}");
        let refusals = store.requests().into_iter().filter(|seen| seen.status == refused.0);
        assert_eq!(
            refusals.map(|seen| seen.call).collect::<Vec<_>>(),
            ["HeadObject", "PutObject"],
            "each is tried once"
        );
        // A driver that begins with a download learns it there.
        let driver = super::stage::driver(&store);
        assert_eq!(ask(&driver, question(&store.url("z"), Asked::From(0))).unwrap().bytes, b"read", "{refused:?}");
    }
}

#[test]
fn an_etag_is_an_md5_unless_the_object_is_encrypted() {
    let store = Store::start(Vendor::S3);
    store.faults(|faults| faults.no_sums = true);
    let (driver, plain) = (driver(&store), place(&store, "a"));
    let sealed = with_headers(place(&store, "b"), &[("x-amz-server-side-encryption", "aws:kms")]);
    let md5 = Checksum::of_bytes(Algorithm::Md5, &md5::Md5::digest(b"part"));
    for (place, wanted) in [(plain, md5), (sealed, None)] {
        run(async {
            let id = driver.create(&place).await.unwrap();
            assert_eq!(driver.part(&place, &id, 1, payload(b"part")).await.unwrap().md5, wanted);
            assert_eq!(driver.put(&place, payload(b"part")).await.unwrap().md5, wanted);
        });
    }
}

#[test]
fn an_upload_that_another_run_began_goes_on_without_checksums_where_the_store_refuses_them() {
    for refused in [(501, "NotImplemented"), (400, "InvalidArgument")] {
        let store = Store::start(Vendor::S3);
        store.faults(|faults| (faults.no_sum_headers, faults.no_sums) = (Some(refused), true));
        let place = place(&store, "a");
        let (one, two) = (bytes(1, 5 << 20), bytes(2, 1000));
        run(async {
            let id = driver(&store).create(&place).await.unwrap();
            // All that the first driver has learnt is gone.
            let driver = driver(&store);
            let first = driver.part(&place, &id, 1, payload(&one)).await.unwrap();
            let second = driver.part(&place, &id, 2, payload(&two)).await.unwrap();
            let driver = super::stage::driver(&store);
            let all = [one.clone(), two.clone()].concat();
            driver.complete(&place, &id, &[first, second], Some(whole(Vendor::S3, &all))).await.unwrap();
            assert!(store.object("a") == Some(all), "{refused:?}");
        });
        let tried = store.requests().into_iter().filter(|seen| seen.call == "UploadPart" && seen.part == Some(2));
        assert_eq!(tried.count(), 1, "{refused:?}: it is learnt with the first part");
    }
}

#[test]
fn an_upload_is_taken_up_only_if_its_checksums_are_of_a_kind_that_haul_sends() {
    let store = Store::start(Vendor::S3);
    let (one, two) = (bytes(1, 5 << 20), bytes(2, 1000));
    store.begun("a", Some("CRC32"), &[(1, &one)]);
    let plain = store.begun("a", None, &[(1, &one)]);
    let (driver, place) = (driver(&store), place(&store, "a"));
    run(async {
        let own = driver.create(&place).await.unwrap();
        assert_eq!(driver.uploads(&place).await.unwrap(), [own.clone(), plain.clone()]);
        // That this one takes none says nothing of the others.
        for (id, sums) in [(&plain, false), (&own, true)] {
            let mut parts = vec![driver.part(&place, id, 1, payload(&one)).await.unwrap()];
            parts.push(driver.part(&place, id, 2, payload(&two)).await.unwrap());
            assert!(parts.iter().all(|part| part.sum.is_some() == sums), "{parts:?}");
            let all = [one.clone(), two.clone()].concat();
            driver.complete(&place, id, &parts, Some(whole(Vendor::S3, &all))).await.unwrap();
            assert!(store.object("a") == Some(all));
        }
    });
}

#[test]
fn a_request_that_is_refused_without_checksums_too_says_nothing_of_checksums() {
    // As S3 says it of a header of the user's that it does not like.
    let refusing = |call| vec![Refusing { call, times: 2, status: 400, code: "InvalidArgument" }];
    let store = Store::start(Vendor::S3);
    let (driver, place) = (driver(&store), place(&store, "a"));
    run(async {
        store.faults(|faults| faults.refusing = refusing("CreateMultipartUpload"));
        driver.create(&place).await.unwrap_err();
        let id = driver.create(&place).await.unwrap();
        let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
        assert!(part.sum.is_some(), "the next upload goes with them: {part:?}");
        store.faults(|faults| faults.refusing = refusing("PutObject"));
        driver.put(&place, payload(b"whole")).await.unwrap_err();
        driver.put(&place, payload(b"whole")).await.unwrap();
    });
    let last = store.requests().pop().unwrap();
    assert!(last.header("x-amz-checksum-crc64nvme").is_some(), "{last:?}");
}

#[test]
fn a_last_call_that_is_refused_without_the_checksum_too_says_nothing_of_checksums() {
    let store = Store::start(Vendor::S3);
    let refusing = Refusing { call: "CompleteMultipartUpload", times: 2, status: 400, code: "BadDigest" };
    store.faults(|faults| faults.refusing = vec![refusing]);
    let (driver, place) = (driver(&store), place(&store, "a"));
    run(async {
        let id = driver.create(&place).await.unwrap();
        let parts = [driver.part(&place, &id, 1, payload(b"part")).await.unwrap()];
        let sum = || Some(whole(Vendor::S3, b"part"));
        driver.complete(&place, &id, &parts, sum()).await.unwrap_err();
        driver.complete(&place, &id, &parts, sum()).await.unwrap();
    });
    let last = store.requests().pop().unwrap();
    assert!(last.header("x-amz-checksum-crc64nvme").is_some(), "{last:?}");
}

#[test]
fn an_etag_that_is_called_weak_on_the_way_names_the_same_part() {
    let store = Store::start(Vendor::S3);
    store.faults(|faults| (faults.weak_etags, faults.sums_of_bodies) = (true, true));
    let (driver, place) = (driver(&store), place(&store, "a"));
    run(async {
        let id = driver.create(&place).await.unwrap();
        let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
        assert_eq!(part.md5, Checksum::of_bytes(Algorithm::Md5, &md5::Md5::digest(b"part")));
        driver.complete(&place, &id, &[part], Some(whole(Vendor::S3, b"part"))).await.unwrap();
    });
    assert!(store.object("a").is_some_and(|bytes| bytes == b"part"));
}
