//! Answers that say that all is well, and are none: half of one, or the page of something that stands between.

use haul::model::{FaultKind, Vendor};
use haul::protocol::{Folder, List, Put};

use super::stage::{VENDORS, driver, payload, place, run};
use crate::support::Store;
use crate::support::store::Instead;

const PAGE: &str = "<html><body>log in first</body></html>";

#[test]
fn an_end_of_an_upload_that_is_no_answer_is_a_fault_and_the_parts_stay() {
    for vendor in VENDORS {
        for (instead, kind) in [
            (Instead::Beginning, FaultKind::Cut),
            (Instead::Text(""), FaultKind::BadAnswer),
            (Instead::Text(PAGE), FaultKind::BadAnswer),
            (Instead::Text("{}"), FaultKind::BadAnswer),
        ] {
            let store = Store::start(vendor);
            store.faults(|faults| faults.instead = Some(("CompleteMultipartUpload", 0, instead)));
            let (driver, place) = (driver(&store), place(&store, "a"));
            run(async {
                let id = driver.create(&place).await.unwrap();
                let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
                let fault = driver.complete(&place, &id, std::slice::from_ref(&part), None).await.unwrap_err();
                assert_eq!(fault.kind, kind, "{vendor}, {instead:?}: {fault}");
                driver.complete(&place, &id, &[part], None).await.unwrap();
            });
            assert!(store.object("a").is_some(), "{vendor}");
        }
    }
}

#[test]
fn a_page_of_a_list_that_is_none_does_not_end_it() {
    let error = "<Error><Code>InternalError</Code><Message>try again</Message></Error>";
    for vendor in VENDORS {
        for (text, kind) in [
            (PAGE, FaultKind::BadAnswer),
            ("{}", FaultKind::BadAnswer),
            ("", FaultKind::BadAnswer),
            (error, FaultKind::Status(500)),
        ] {
            let store = Store::start(vendor);
            store.faults(|faults| faults.page = 1);
            store.put("dir/a", b"a".to_vec());
            store.put("dir/b", b"b".to_vec());
            let (driver, source) = (driver(&store), store.source("dir/"));
            let folder = Folder { place: &source, headers: &[], deep: true };
            run(async {
                let first = driver.list(&folder, None).await.unwrap();
                store.faults(|faults| faults.instead = Some(("ListObjects", 0, Instead::Text(text))));
                let fault = driver.list(&folder, first.next.as_deref()).await.unwrap_err();
                assert_eq!(fault.kind, kind, "{vendor}, {text:?}: {fault}");
                assert_eq!(driver.list(&folder, first.next.as_deref()).await.unwrap().entries.len(), 1, "{vendor}");
            });
        }
    }
}

#[test]
fn lists_of_parts_and_of_uploads_are_lists() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place) = (driver(&store), place(&store, "a"));
        run(async {
            let id = driver.create(&place).await.unwrap();
            driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
            store.faults(|faults| faults.instead = Some(("ListParts", 0, Instead::Text(PAGE))));
            assert_eq!(driver.parts(&place, &id).await.unwrap_err().kind, FaultKind::BadAnswer, "{vendor}");
            store.faults(|faults| faults.instead = Some(("ListParts", 0, Instead::Text("{}"))));
            assert_eq!(driver.stored(&place, &id, 1).await.unwrap_err().kind, FaultKind::BadAnswer, "{vendor}");
            store.faults(|faults| faults.instead = Some(("ListMultipartUploads", 0, Instead::Text(PAGE))));
            assert_eq!(driver.uploads(&place).await.unwrap_err().kind, FaultKind::BadAnswer, "{vendor}");
            assert_eq!(
                (driver.parts(&place, &id).await.unwrap().len(), driver.uploads(&place).await.unwrap()),
                (1, vec![id])
            );
        });
    }
}

#[test]
fn blanks_around_a_name_are_part_of_it() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        for key in ["dir/a", "dir/a ", "dir/ b/c"] {
            store.put(key, key.as_bytes());
        }
        let (driver, source) = (driver(&store), store.source("dir/"));
        for (deep, wanted) in [(true, ["dir/ b/c", "dir/a", "dir/a "]), (false, ["dir/ b/", "dir/a", "dir/a "])] {
            let folder = Folder { place: &source, headers: &[], deep };
            let listed = run(driver.list(&folder, None)).unwrap();
            let mut names: Vec<String> = listed.entries.iter().map(|entry| format!("dir/{}", entry.name)).collect();
            names.sort_unstable();
            assert_eq!(names, wanted, "{vendor}");
        }
        let (one, other) = (place(&store, "up"), place(&store, "up%20"));
        run(async {
            let (one_id, other_id) = (driver.create(&one).await.unwrap(), driver.create(&other).await.unwrap());
            assert_eq!(driver.uploads(&one).await.unwrap(), [one_id], "{vendor}");
            assert_eq!(driver.uploads(&other).await.unwrap(), [other_id], "{vendor}");
        });
    }
}

#[test]
fn who_may_read_an_object_is_said_at_its_end_too_where_oss_wants_it() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place) = (driver(&store), place(&store, "a"));
        let place = super::stage::with_headers(place, &[("x-oss-object-acl", "private"), ("x-oss-meta-a", "b")]);
        run(async {
            let id = driver.create(&place).await.unwrap();
            let part = driver.part(&place, &id, 1, payload(b"part")).await.unwrap();
            driver.complete(&place, &id, &[part], None).await.unwrap();
        });
        let seen = store.requests().into_iter().find(|seen| seen.call == "CompleteMultipartUpload").unwrap();
        assert_eq!(seen.header("x-oss-object-acl").is_some(), vendor == Vendor::Oss, "{vendor}");
        assert_eq!(seen.header("x-oss-meta-a"), None, "{vendor}");
    }
}

#[test]
fn a_key_that_was_not_asked_for_is_not_taken() {
    let listed =
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>other/z</Key></Contents></ListBucketResult>";
    let store = Store::start(Vendor::S3);
    store.faults(|faults| faults.instead = Some(("ListObjects", 0, Instead::Text(listed))));
    let (driver, source) = (driver(&store), store.source("dir/"));
    let folder = Folder { place: &source, headers: &[], deep: true };
    assert_eq!(run(driver.list(&folder, None)).unwrap_err().kind, FaultKind::BadAnswer);
}

#[test]
fn a_login_that_a_store_repeats_is_not_shown() {
    let told = "<Error><Code>AccessDenied</Code><Message>you sent AWS4-HMAC-SHA256 Credential=test-id/20260101/us-east-1/s3/aws4_request, \
                SignedHeaders=host, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef and OSS \
                test-id:MDEyMzQ1Njc4OWFiY2RlZjAxMjM= here</Message></Error>";
    let store = Store::start(Vendor::S3);
    store.faults(|faults| faults.instead = Some(("ListObjects", 0, Instead::Text(told))));
    let (driver, source) = (driver(&store), store.source("dir/"));
    let fault = run(driver.list(&Folder { place: &source, headers: &[], deep: true }, None)).unwrap_err();
    assert!(fault.detail.contains("you sent AWS4-HMAC-SHA256 Credential=***"), "{fault}");
    assert!(fault.detail.contains("Signature=*** and OSS test-id:*** here"), "{fault}");
    assert!(!fault.detail.contains("0123456789abcdef") && !fault.detail.contains("MDEy"), "{fault}");
}

#[test]
fn an_endpoint_with_a_login_is_refused_and_not_shown() {
    for endpoint in ["http://u:s3cret@127.0.0.1:1", "http://u:s3cret%40127.0.0.1:1", "u:s3cret@host"] {
        let why = haul::model::Source::parse(&format!("s3://bkt/key?endpoint={endpoint}")).unwrap_err();
        assert!(why.contains("an endpoint with a login") && !why.contains("s3cret"), "{why}");
    }
}

/// S3 alone says nothing in answer to a HEAD.
#[test]
fn a_head_that_is_denied_is_answered_by_a_get_that_finds_nothing() {
    let store = Store::start(Vendor::S3);
    store.refuse("HeadObject", 403, "AccessDenied");
    let (driver, place) = (driver(&store), place(&store, "a"));
    run(async {
        assert_eq!(driver.head(&place).await, Ok(None));
        driver.put(&place, payload(b"part")).await.unwrap();
        assert_eq!(driver.head(&place).await.unwrap_err().kind, FaultKind::Status(403));
    });
}

/// A refused HEAD has no words, so that what is mended is heard of in answer to a GET.
#[test]
fn what_a_get_has_mended_is_mended_for_the_head_too() {
    for (object, ahead) in [(&b"read"[..], 7200), (b"read", -7200), (b"", 7200)] {
        let store = Store::start(Vendor::S3);
        store.put("a", object);
        store.ahead(ahead);
        let (driver, place) = (driver(&store), place(&store, "a"));
        let found = run(driver.head(&place)).unwrap().unwrap();
        assert_eq!(found.length, Some(object.len() as u64));
    }
}

#[test]
fn an_answer_to_bytes_that_says_something_else_is_no_success() {
    let error = "<Error><Code>InternalError</Code><Message>try again</Message></Error>";
    for vendor in VENDORS {
        for (text, kind) in [(PAGE, FaultKind::BadAnswer), (error, FaultKind::Status(500))] {
            let store = Store::start(vendor);
            // What stands there already is as long, and its name tells nothing of its bytes.
            store.put("a", b"old!".to_vec());
            let (driver, place) = (driver(&store), place(&store, "a"));
            run(async {
                let id = driver.create(&place).await.unwrap();
                store.faults(|faults| faults.instead = Some(("PutObject", 0, Instead::Text(text))));
                assert_eq!(driver.put(&place, payload(b"new!")).await.unwrap_err().kind, kind, "{vendor}, {text}");
                store.faults(|faults| faults.instead = Some(("UploadPart", 0, Instead::Text(text))));
                let fault = driver.part(&place, &id, 1, payload(b"part")).await.unwrap_err();
                assert_eq!(fault.kind, kind, "{vendor}, {text}: {fault}");
            });
        }
    }
}

/// What it becomes in memory is many times as large as what came.
#[test]
fn an_answer_of_a_million_pieces_is_none() {
    for vendor in VENDORS {
        let text = if vendor == Vendor::Tos {
            format!("{{\"UploadId\":\"id\",\"Bucket\":[{}0]}}", "0,".repeat(1 << 20))
        } else {
            format!("<Result><UploadId>id</UploadId>{}</Result>", "<a/>".repeat(1 << 20))
        };
        let store = Store::start(vendor);
        store.faults(|faults| faults.instead = Some(("CreateMultipartUpload", 0, Instead::Text(text.leak()))));
        let (driver, place) = (driver(&store), place(&store, "a"));
        assert_eq!(run(driver.create(&place)).unwrap_err().kind, FaultKind::BadAnswer, "{vendor}");
    }
}

#[test]
fn a_404_about_an_upload_tells_that_it_is_gone_whatever_it_is_called() {
    for vendor in VENDORS {
        for (code, kind) in [("NoSuchKey", FaultKind::UploadGone), ("NoSuchBucket", FaultKind::Status(404))] {
            let store = Store::start(vendor);
            let (driver, place) = (driver(&store), place(&store, "a"));
            run(async {
                let id = driver.create(&place).await.unwrap();
                store.refuse("ListParts", 404, code);
                assert_eq!(driver.parts(&place, &id).await.unwrap_err().kind, kind, "{vendor}, {code}");
                store.refuse("UploadPart", 404, code);
                let fault = driver.part(&place, &id, 1, payload(b"part")).await.unwrap_err();
                assert_eq!(fault.kind, kind, "{vendor}, {code}: {fault}");
                store.refuse("AbortMultipartUpload", 404, code);
                let freed = driver.abort(&place, &id).await;
                assert_eq!(freed.is_ok(), kind == FaultKind::UploadGone, "{vendor}, {code}");
                store.refuse("PutObject", 404, code);
                let fault = driver.put(&place, payload(b"new!")).await.unwrap_err();
                assert_eq!(fault.kind, FaultKind::Status(404), "{vendor}, {code}: it is about no upload");
            });
        }
    }
}

/// A gateway that knows no path for a moment answers so to anything.
#[test]
fn a_mute_404_frees_nothing_while_the_upload_stands_in_the_stores_list() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let (driver, place) = (driver(&store), place(&store, "a"));
        run(async {
            let id = driver.create(&place).await.unwrap();
            store.refuse("AbortMultipartUpload", 404, "");
            assert_eq!(driver.abort(&place, &id).await.unwrap_err().kind, FaultKind::Status(404), "{vendor}");
            store.forget_uploads();
            assert!(!driver.abort(&place, &id).await.unwrap(), "{vendor}: it is gone");
            store.refuse("", 404, "");
            assert_eq!(
                driver.abort(&place, &id).await.unwrap_err().kind,
                FaultKind::Status(404),
                "{vendor}: nobody knows"
            );
        });
    }
}
