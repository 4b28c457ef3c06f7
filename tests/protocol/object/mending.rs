//! What the driver mends by itself, and what it says where it can't: another region, a clock that is off, a login that
//! has expired.

use std::collections::BTreeMap;
use std::sync::Arc;

use haul::model::{FaultKind, Source, StoreOptions, Upload, Vendor};
use haul::protocol::{Asked, Http, Put, Stores, Surroundings};

use super::stage::{VENDORS, announced, driver, driver_with, payload, place, place_at, run};
use crate::protocol::driver::{ask, options, question};
use crate::support::Store;
use crate::support::server::{Answer, Body, File, Server};
use crate::support::store::Refusing;

#[test]
fn the_right_region_is_learnt_once() {
    for vendor in [Vendor::S3, Vendor::Tos] {
        let store = Store::start(vendor);
        store.put("a", b"read".to_vec());
        let (place, url, driver) = (place(&store, "b"), store.url("a"), driver(&store));
        store.region("xx-other-7");
        assert_eq!(ask(&driver, question(&url, Asked::From(0))).unwrap().bytes, b"read", "{vendor}");
        run(driver.put(&place, payload(b"written"))).unwrap();
        let statuses: Vec<u16> = store.requests().iter().map(|seen| seen.status / 100).collect();
        assert_eq!(statuses, [4, 2, 2], "{vendor}: the second request knows it");
    }
}

#[test]
fn a_redirect_to_another_region_is_followed_also_where_it_has_no_body() {
    let store = Store::start(Vendor::S3);
    store.put("a", b"read".to_vec());
    let (place, url) = (place(&store, "a"), store.url("a"));
    store.region("eu-west-9");
    store.faults(|faults| faults.redirects = true);
    assert_eq!(ask(&driver(&store), question(&url, Asked::From(0))).unwrap().bytes, b"read");
    assert_eq!(run(driver(&store).head(&place)).unwrap().unwrap().length, Some(4));
    run(driver(&store).put(&place, payload(b"written"))).unwrap();
    assert_eq!(store.object("a"), Some(b"written".to_vec()));
    let statuses: Vec<u16> = store.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [301, 200, 301, 200, 301, 200]);
}

#[test]
fn a_redirect_that_names_no_region_is_told() {
    let elsewhere = Answer::redirect(307, "https://elsewhere.example:8443/bkt/a?secret");
    for (answer, words) in [
        (Answer::status(308), "sends on without saying where: the bucket may be in another region"),
        (elsewhere, "sends on to https://elsewhere.example:8443, and a request is signed for one host"),
    ] {
        let server = Server::new().file("/bkt/a", File::new(1, 10).answer(answer)).start();
        let url = format!("s3://bkt/a?region=us-east-1&anonymous=1&endpoint=http://{}", server.address());
        let fault = ask(&driver_with(Vec::new()), question(&url, Asked::From(0))).unwrap_err();
        assert!(matches!(fault.kind, FaultKind::Status(307 | 308)) && fault.detail.contains(words), "{fault}");
    }
}

#[test]
fn where_a_bucket_is_that_the_store_names_is_said_with_what_to_do() {
    let error = |code: &str, more: &str| {
        let text = format!("<Error><Code>{code}</Code><Message>Use the specified endpoint.</Message>{more}</Error>");
        Answer::status(403).body(Body::Bytes(text.into_bytes()))
    };
    let moved = |code: &str, more: &str| error(code, more).header("x-amz-bucket-region", "eu-west-9");
    let oss = "oss://bkt/a?addressing=path&region=cn-hangzhou";
    let s3 = "s3://bkt/a?region=us-east-1";
    for (url, answer, words, never) in [
        (
            oss,
            error("AccessDenied", "<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>"),
            "the bucket is at oss-cn-beijing.aliyuncs.com: say endpoint=oss-cn-beijing.aliyuncs.com",
            "lacks the right",
        ),
        (
            s3,
            moved("PermanentRedirect", "<Endpoint>bkt.s3.eu-west-9.amazonaws.com</Endpoint>"),
            "the bucket is at s3.eu-west-9.amazonaws.com: say endpoint=s3.eu-west-9.amazonaws.com",
            "say the bucket's own",
        ),
        (
            s3,
            moved("PermanentRedirect", ""),
            "the bucket is in the region eu-west-9, which this endpoint does not lead to: say the right one with endpoint=",
            "region=",
        ),
        (s3, moved("AccessDenied", ""), "lacks the right", "endpoint="),
        (s3, error("InvalidObjectState", ""), "archived: restore it at the store first", "endpoint="),
    ] {
        let server = Server::new().file("/bkt/a", File::new(1, 10).answer(answer)).start();
        let url = format!("{url}&endpoint=http://{}", server.address());
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"];
        let login = names.map(|name| (name.to_owned(), "test".to_owned())).to_vec();
        let fault = ask(&driver_with(login), question(&url, Asked::From(0))).unwrap_err();
        assert!(fault.detail.contains(words) && !fault.detail.contains(never), "{url}: {fault}");
    }
}

#[test]
fn a_wrong_region_that_the_store_does_not_name_is_told() {
    let store = Store::start(Vendor::Oss);
    let (driver, url) = (driver(&store), store.url("a"));
    store.region("cn-other");
    let fault = ask(&driver, question(&url, Asked::From(0))).unwrap_err();
    assert!(fault.detail.contains("signed for the region cn-north-1: say the bucket's own with region="), "{fault}");
}

#[test]
fn the_stores_clock_is_believed() {
    for vendor in VENDORS {
        for ahead in [-7200, 7200] {
            let store = Store::start(vendor);
            store.put("a", b"read".to_vec());
            store.ahead(ahead);
            let driver = driver(&store);
            assert_eq!(ask(&driver, question(&store.url("a"), Asked::From(0))).unwrap().bytes, b"read", "{vendor}");
            run(driver.put(&place(&store, "b"), payload(b"written"))).unwrap();
            let statuses: Vec<u16> = store.requests().iter().map(|seen| seen.status / 100).collect();
            assert_eq!(statuses, [4, 2, 2], "{vendor}, {ahead} s");
        }
    }
}

#[test]
fn a_login_that_has_expired_is_looked_for_again() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.put("a", b"read".to_vec());
        store.token(Some("first"));
        let home = tempfile::tempdir().unwrap();
        let (file, driver) = (home.path().join("login.json"), by_command(&store, home.path()));
        let login = |token: &str| {
            let text = format!(
                "{{\"Version\":1,\"AccessKeyId\":\"test-id\",\"SecretAccessKey\":\"test-secret\",\"SessionToken\":\"{token}\"}}"
            );
            std::fs::write(&file, text).unwrap();
        };
        login("first");
        assert_eq!(ask(&driver, question(&store.url("a"), Asked::From(0))).unwrap().bytes, b"read", "{vendor}");
        store.token(Some("second"));
        login("second");
        assert_eq!(ask(&driver, question(&store.url("a"), Asked::From(0))).unwrap().bytes, b"read", "{vendor}");
        run(driver.put(&place(&store, "b"), payload(b"written"))).unwrap();
        store.token(Some("third"));
        let fault = run(driver.put(&place(&store, "b"), payload(b"written"))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Credentials, "{vendor}: {fault}");
        assert!(fault.detail.contains("renew"), "{vendor}: {fault}");
        assert!(!format!("{fault:?}").contains("second"), "{vendor}: {fault:?}");
    }
}

#[test]
fn a_command_that_prints_without_end_is_ended() {
    let store = Store::start(Vendor::S3);
    let driver = with_command(&store, "yes".to_owned());
    let fault = ask(&driver, question(&store.url("a"), Asked::From(0))).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Credentials, "{fault}");
    assert!(fault.detail.contains("prints more than 65536 bytes"), "{fault}");
}

#[test]
fn a_part_whose_announcement_is_refused_is_sent_without() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        let refusing = Refusing { call: "UploadPart", times: 1, status: 417, code: "ExpectationFailed" };
        store.faults(|faults| faults.refusing = vec![refusing]);
        let (driver, place) = (driver(&store), place(&store, "a"));
        run(async {
            let id = driver.create(&place).await.unwrap();
            driver.part(&place, &id, 1, announced(b"part")).await.unwrap();
        });
        let parts = store.requests().into_iter().filter(|seen| seen.call == "UploadPart");
        assert_eq!(parts.map(|seen| seen.header("expect").is_some()).collect::<Vec<_>>(), [true, false], "{vendor}");
    }
}

#[test]
fn a_command_whose_answer_nobody_waited_for_is_not_asked_again() {
    let (store, home) = (Store::start(Vendor::S3), tempfile::tempdir().unwrap());
    let (pipe, runs) = (home.path().join("pipe"), home.path().join("runs"));
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let command = format!("echo run >> {}; cat {}", runs.display(), pipe.display());
    let (driver, place) = (with_command(&store, command), place(&store, "a"));
    run(async {
        // The pipe opens when the command reads it; the transfer's patience ends there.
        let mut open = tokio::task::spawn_blocking(move || std::fs::File::create(pipe).unwrap());
        let mut pipe = tokio::select! {
            pipe = &mut open => pipe.unwrap(),
            _ = driver.head(&place) => panic!("it has no login yet"),
        };
        let login = r#"{"AccessKeyId":"test-id","SecretAccessKey":"test-secret"}"#;
        std::io::Write::write_all(&mut pipe, login.as_bytes()).unwrap();
        drop(pipe);
        let again = tokio::time::timeout(std::time::Duration::from_secs(15), driver.head(&place));
        assert_eq!(again.await.expect("the command is waited for").unwrap(), None);
    });
    assert_eq!(std::fs::read_to_string(runs).unwrap(), "run\n");
}

#[test]
fn a_command_that_has_worked_before_may_work_again() {
    let store = Store::start(Vendor::S3);
    store.token(Some("first"));
    let home = tempfile::tempdir().unwrap();
    let (file, driver, place) = (home.path().join("login.json"), by_command(&store, home.path()), place(&store, "a"));
    assert_eq!(run(driver.head(&place)).unwrap_err().kind, FaultKind::Credentials, "it never worked");
    let login = |token: &str| {
        let text = format!(r#"{{"AccessKeyId":"test-id","SecretAccessKey":"test-secret","SessionToken":"{token}"}}"#);
        std::fs::write(&file, text).unwrap();
    };
    login("first");
    run(driver.put(&place, payload(b"written"))).unwrap();
    store.token(Some("second"));
    std::fs::remove_file(&file).unwrap();
    let fault = run(driver.put(&place, payload(b"written"))).unwrap_err();
    assert!(haul::plan::may_pass(fault.kind) && fault.detail.contains("could not be renewed"), "{fault}");
    login("second");
    run(driver.put(&place, payload(b"written"))).unwrap();
}

/// By this machine's clock, which may be wrong, it has ended long ago.
#[test]
fn a_command_is_not_asked_for_each_request() {
    let (store, home) = (Store::start(Vendor::S3), tempfile::tempdir().unwrap());
    let runs = home.path().join("runs");
    let login = r#"{"AccessKeyId":"test-id","SecretAccessKey":"test-secret","Expiration":"2020-01-01T00:00:00Z"}"#;
    let driver = with_command(&store, format!("echo run >> {}; echo '{login}'", runs.display()));
    run(async {
        for _ in 0..3 {
            driver.put(&place(&store, "a"), payload(b"written")).await.unwrap();
        }
    });
    assert_eq!(std::fs::read_to_string(runs).unwrap(), "run\n");
}

/// Each run may ask the user for a second factor.
#[test]
fn a_command_whose_login_is_refused_is_not_asked_for_each_request() {
    let (store, home) = (Store::start(Vendor::S3), tempfile::tempdir().unwrap());
    let runs = home.path().join("runs");
    let login = r#"{"AccessKeyId":"test-id","SecretAccessKey":"wrong"}"#;
    let driver = with_command(&store, format!("echo run >> {}; echo '{login}'", runs.display()));
    run(async {
        for _ in 0..3 {
            let fault = driver.put(&place(&store, "a"), payload(b"written")).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Credentials, "{fault}");
        }
    });
    assert_eq!(std::fs::read_to_string(runs).unwrap(), "run\nrun\n", "once more, in case it has another one");
}

/// A driver whose login a command tells that prints a file.
fn by_command(store: &Store, home: &std::path::Path) -> Stores {
    with_command(store, format!("cat {}/login.json", home.display()))
}

fn with_command(store: &Store, command: String) -> Stores {
    let scheme = store.source("a").url().scheme().to_owned();
    let options = StoreOptions { credentials: Some(command), ..StoreOptions::default() };
    let settings = BTreeMap::from([(format!("{scheme}://bkt"), options)]);
    Stores::new(Arc::new(Http::new(self::options())), settings, Surroundings::new(Vec::new(), None))
}

#[test]
fn wrong_keys_are_told_apart() {
    for vendor in VENDORS {
        for (which, word) in [(0, "does not know this access key"), (1, "the secret key does not belong")] {
            let store = Store::start(vendor);
            let mut variables = store.variables();
            variables[which].1 = "wrong".to_owned();
            let driver = driver_with(variables);
            for fault in [
                ask(&driver, question(&store.url("a"), Asked::From(0))).unwrap_err(),
                run(driver.put(&place(&store, "a"), payload(b"new"))).unwrap_err(),
            ] {
                assert_eq!(fault.kind, FaultKind::Credentials, "{vendor}: {fault}");
                assert!(fault.detail.contains(word), "{vendor}: {fault}");
            }
            assert_eq!(store.object("a"), None, "{vendor}");
        }
    }
}

#[test]
fn no_login_at_all_is_told_with_where_to_put_one() {
    for (vendor, word) in
        [(Vendor::S3, "AWS_ACCESS_KEY_ID"), (Vendor::Oss, "OSS_ACCESS_KEY_ID"), (Vendor::Tos, "TOS_ACCESS_KEY")]
    {
        let store = Store::start(vendor);
        let fault = ask(&driver_with(Vec::new()), question(&store.url("a"), Asked::From(0))).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Credentials, "{vendor}");
        assert!(fault.detail.contains(word) && fault.detail.contains("anonymous"), "{fault}");
        assert!(store.requests().is_empty());
    }
}

#[test]
fn a_domain_of_the_buckets_own_is_signed_for() {
    for vendor in VENDORS {
        let store = Store::start(vendor);
        store.cname();
        store.put("a b", b"read".to_vec());
        let url = format!("{}&addressing=cname", store.url("a%20b"));
        let driver = driver(&store);
        assert_eq!(ask(&driver, question(&url, Asked::From(0))).unwrap().bytes, b"read", "{vendor}");
        let place = place_at(Source::parse(&url.replacen("a%20b", "c", 1)).unwrap(), Upload::default());
        run(driver.put(&place, payload(b"written"))).unwrap();
        assert_eq!(store.object("c"), Some(b"written".to_vec()), "{vendor}");
    }
}
