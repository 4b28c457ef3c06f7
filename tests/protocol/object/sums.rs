//! Checksums, as far as a store knows them.

use haul::model::{Algorithm, Checksum, Vendor};
use haul::protocol::{Asked, Put};
use md5::Digest as _;

use super::stage::{driver, payload, place, run, with_headers};
use crate::protocol::driver::{ask, question};
use crate::support::Store;

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
