//! Rows about who asks, where, and for which version: limits that a store keeps, logins that expire, regions, what a refusal
//! tells, and URLs that were signed. `oracles` says which test holds which row.

use haul::model::Vendor;
use rustix::process::Signal;
use serde_json::json;

use super::oracle_rows::{cut_off, done, get, served};
use super::oracles::{LENGTH, file, happened, of_each, put, taken};
use super::secrets::{files, holds_none};
use super::{MIB, REFUSED};
use crate::support::{Oracle, Relay, Sandbox, eventually, header, is_part_of};

#[test]
fn row_25_the_stores_own_limit_is_asked_for_with_its_signature() {
    for vendor in [Vendor::Oss, Vendor::Tos] {
        let Some(oracle) = Oracle::start(vendor, &[]) else { return };
        let sandbox = oracle.sandbox();
        let relay = Relay::to(oracle.port());
        let sum = file(&sandbox, "a.bin", 34, 6 * MIB);
        let name = format!("x-{vendor}-traffic-limit", vendor = vendor.scheme());
        for (key, threshold) in [("whole.bin", "7M"), ("parts.bin", "5M")] {
            let url = oracle.url_over(relay.port(), key);
            let words = ["put", "-q", "--threshold", threshold, "--part-size", "5M", "--traffic-limit", "1M"];
            sandbox.run(&[&words[..], &["a.bin", &url]].concat()).ok();
            assert_eq!(oracle.sha256(key), sum, "{vendor}");
        }
        // In bits, with each body; and the vendor's own code has found it signed.
        let bodies = relay.requests().into_iter().filter(|head| head.starts_with("PUT "));
        let limits: Vec<Option<String>> = bodies.map(|head| header(&head, &name).map(str::to_owned)).collect();
        assert_eq!(limits, vec![Some("8388608".to_owned()); 3], "{vendor}");
    }
}

#[test]
fn row_28_a_login_that_expires_in_the_middle_is_looked_for_again_and_kept_nowhere() {
    const TOKENS: [&str; 2] = ["token-of-the-first-hour", "token-of-the-second-hour"];
    for vendor in Vendor::ALL {
        let mut sandbox = Sandbox::new();
        sandbox.set("HAUL_LOG", "trace");
        let state = sandbox.path("oracle");
        let Some(oracle) = Oracle::lasting(vendor, &state, &["--token", TOKENS[0]]) else { return };
        let login = sandbox.path("login");
        let logs_in = |token: &str| {
            let all = json!({ "AccessKeyId": "oracle-ak", "SecretAccessKey": "oracle-sk", "SessionToken": token });
            std::fs::write(&login, all.to_string()).unwrap();
        };
        logs_in(TOKENS[0]);
        let asks = format!("\"{}://\": (credentials: \"cat {}\")", vendor.scheme(), login.display());
        sandbox.settings(&format!("(retry_wait: 0.05, stores: {{{asks}}})"));
        let sum = file(&sandbox, "a.bin", 36, LENGTH);
        oracle.faults(&json!({ "throttle": 4_000_000 }));
        let log = sandbox.path("log");
        let words = ["--log", log.to_str().unwrap(), "put", "--json", "--retries", "100"];
        let more = ["--threshold", "5M", "--part-size", "5M", "-x", "2", "a.bin", &oracle.url("a.bin")];
        let process = sandbox.start(&[&words[..], &more].concat());
        eventually("a part", || !taken(&oracle).is_empty());
        let before = taken(&oracle);

        // From now on the store takes the other token alone, and knows what it has.
        logs_in(TOKENS[1]);
        let oracle = oracle.again(&state, &["--token", TOKENS[1]]);
        let output = process.finish().ok();
        assert_eq!((oracle.sha256("a.bin"), oracle.open_uploads()), (sum, 0), "{vendor}");
        let refused = oracle.tell("log").as_array().unwrap().iter().any(|call| call["status"] == 403);
        assert!(refused, "{vendor}: the old token was not tried");
        let again = taken(&oracle);
        assert!(again.iter().all(|part| !before.contains(part)), "{vendor}: {before:?} {again:?}");

        let secrets = TOKENS.iter().chain(&["oracle-sk"]).map(|secret| (*secret).to_owned()).collect::<Vec<_>>();
        holds_none("what was printed", (output.stdout + &output.stderr).as_bytes(), &secrets);
        holds_none("the log", &std::fs::read(&log).unwrap(), &secrets);
        for file in files(&sandbox.path("state")) {
            holds_none(&file.display().to_string(), &std::fs::read(&file).unwrap(), &secrets);
        }
    }
}

#[test]
fn row_29_the_vendors_own_hosts_tell_the_region_and_have_the_bucket_in_their_names() {
    of_each(|vendor, oracle| {
        let mut sandbox = oracle.sandbox();
        // As a proxy it is asked in the names that the vendor's hosts have, and checks what was signed for those.
        sandbox.set("http_proxy", format!("http://127.0.0.1:{}", oracle.port()));
        let hosts: &[&str] = match vendor {
            Vendor::S3 => &["s3.us-east-1.amazonaws.com"],
            Vendor::Oss => &["oss-cn-hangzhou.aliyuncs.com", "oss-cn-hangzhou-internal.aliyuncs.com"],
            Vendor::Tos => &["tos-cn-beijing.volces.com", "tos-cn-beijing.ivolces.com"],
        };
        for (seed, host) in hosts.iter().enumerate() {
            let sum = file(&sandbox, "a.bin", seed as u64, 6 * MIB);
            let url = format!("{}://bkt/in/a%20b.bin?endpoint=http://{host}", vendor.scheme());
            put(&sandbox, "a.bin", &url).ok();
            assert_eq!(oracle.sha256("in/a%20b.bin"), sum, "{vendor}, {host}");
            sandbox.get(&["-q", "--overwrite", "-o", "back.bin", &url]).ok();
            assert_eq!(sandbox.sha256("back.bin"), sum, "{vendor}, {host}");
        }
        let log = oracle.tell("log");
        let asked = log.as_array().unwrap();
        assert!(asked.iter().all(|call| call["style"] == "vhost"), "{vendor}: {asked:#?}");

        // A region that is not the bucket's is mended where the store tells the right one, and else explained.
        let direct = oracle.sandbox();
        let elsewhere =
            oracle.url("in/a%20b.bin").replace(&format!("region={}", oracle.region()), "region=else-where-1");
        let output = direct.get(&["-q", "-o", "back.bin", &elsewhere]);
        if vendor == Vendor::S3 {
            output.ok();
        } else {
            output.refused(&["the region else-where-1: say the bucket's own with region="]);
        }
    });
}

#[test]
fn row_29_a_domain_of_the_buckets_own_is_signed_for() {
    for vendor in Vendor::ALL {
        let Some(oracle) = Oracle::start(vendor, &["--cname", "*=bkt"]) else { return };
        let sandbox = oracle.sandbox();
        let (sum, url) = (file(&sandbox, "a.bin", 37, 6 * MIB), format!("{}&addressing=cname", oracle.url("a.bin")));
        put(&sandbox, "a.bin", &url).ok();
        assert_eq!(oracle.sha256("a.bin"), sum, "{vendor}");
        sandbox.get(&["-q", "-o", "back.bin", &url]).ok();
        assert_eq!(sandbox.sha256("back.bin"), sum, "{vendor}");
    }
}

#[test]
fn row_30_a_refusal_tells_code_status_request_and_place_and_the_log_has_the_request_too() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        let (log, url) = (sandbox.path("log"), oracle.url("none.bin"));
        let host = format!("127.0.0.1:{}", oracle.port());
        let output = sandbox.run(&["--log", log.to_str().unwrap(), "get", "-q", &url]);
        let said = output.stderr.clone();
        output.refused(&["NoSuchKey", "404", &host, &url]);
        // Of all three, this oracle alone has the finer code.
        assert_eq!(said.contains("EC 0000-00000000"), vendor == Vendor::Tos, "{vendor}: {said}");
        let request = said.split_once("request ").unwrap().1.split([',', ')']).next().unwrap();
        assert_eq!((request.len(), request.bytes().all(|c| c.is_ascii_hexdigit())), (24, true), "{vendor}: {said}");
        let logged = std::fs::read_to_string(log).unwrap();
        assert!(logged.contains(request), "{vendor}: {request} is not in the log: {logged}");
    });
}

#[test]
fn row_31_a_version_is_asked_for_in_each_request_and_is_a_transfer_of_its_own() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 6 * MIB);
        let relay = Relay::to(oracle.port());
        let url = |version: &str| format!("{}&versionId={version}", oracle.url_over(relay.port(), "a.bin"));
        let fetch = |version: &str, more: &[&str]| {
            let words = ["get", "--json", "-x", "4", "--retry-wait", "0.05"];
            sandbox.run(&[&words[..], more, &[&url(version)]].concat())
        };
        fetch("one", &[]).ok();
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
        let asked = relay.requests();
        assert!(asked.len() > 1, "{vendor}: {asked:#?}");
        for head in &asked {
            assert!(head.lines().next().unwrap().contains("versionId=one"), "{vendor}: {head}");
        }
        // The same version is there already; another one is another file.
        let same = fetch("one", &[]).ok();
        assert_eq!(happened(&same, "completed")[0]["unchanged"], true, "{vendor}: {same:#?}");
        oracle.mutate("a.bin");
        fetch("two", &[]).ok();
        assert_eq!(sandbox.names(), ["a (1).bin", "a.bin"], "{vendor}");
        assert_eq!(sandbox.sha256("a (1).bin"), oracle.sha256("a.bin"), "{vendor}");
        assert_ne!(sandbox.sha256("a (1).bin"), sandbox.sha256("a.bin"), "{vendor}");
    });
}

#[test]
fn row_31_a_version_is_signed_for_a_question_too() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        oracle.put("a.bin", 1000);
        let version = format!("{}&versionId=one", oracle.url("a.bin"));
        let signed = sandbox.run(&["presign", "--method", "HEAD", &version]).ok().stdout;
        let url = url::Url::parse(signed.trim()).unwrap();
        assert!(url.query().unwrap().contains("versionId=one"), "{vendor}: {url}");
        let path = &url[url::Position::BeforePath..];
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", oracle.port())).unwrap();
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        std::io::Write::write_all(
            &mut stream,
            format!("HEAD {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes(),
        )
        .unwrap();
        let answer = std::io::read_to_string(stream).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{vendor}: {answer}");
        sandbox.run(&["presign", "--method", "PUT", &version]).refused(&["versionId"]);
    });
}

#[test]
fn row_32_a_signed_url_that_has_expired_is_told_and_a_new_one_goes_on() {
    for vendor in Vendor::ALL {
        let place = Sandbox::new();
        let state = place.path("oracle");
        let Some(oracle) = Oracle::lasting(vendor, &state, &[]) else { return };
        let (signs, fetches) = (oracle.sandbox(), Sandbox::new());
        oracle.put("a.bin", 6 * MIB);
        oracle.put("other/a.bin", 6 * MIB);
        oracle.mutate("other/a.bin");
        let sign = |key: &str, span: &str| {
            let url = signs.run(&["presign", "--expires", span, &oracle.url(key)]).ok().stdout;
            url.trim().to_owned()
        };
        let (short, long) = (sign("a.bin", "10m"), sign("a.bin", "3h"));
        let other = sign("other/a.bin", "3h");
        oracle.faults(&json!({ "throttle": 3_000_000 }));
        let process = fetches.start(&["get", "--json", "-x", "2", "-o", "a.bin", &short]);
        eventually("a third", || done(&process) > 2 * MIB);
        process.signal(Signal::KILL);
        process.finish();

        // An hour later.
        let sum = oracle.sha256("a.bin");
        let oracle = oracle.again(&state, &["--clock-offset", "3600"]);
        let output = fetches.run(&["get", "--json", "-o", "a.bin", &short]).code(REFUSED);
        assert_eq!(happened(&output, "link_expired").len(), 1, "{vendor}: {output:#?}");
        assert!(output.stderr.contains("are kept") && output.stderr.contains(":url NEWURL"), "{vendor}: {output:#?}");
        assert!(fetches.names().iter().all(|name| is_part_of(name, "a.bin")), "{vendor}");
        // What another URL has is compared first, and is not mixed in.
        fetches.run(&["get", "--json", "-o", "a.bin", &other]).code(8);
        let before = served(&oracle);
        fetches.run(&["get", "--json", "-o", "a.bin", &long]).ok();
        assert_eq!(fetches.sha256("a.bin"), sum, "{vendor}");
        let came = served(&oracle) - before;
        assert!(came < 5 * MIB, "{vendor}: {came} bytes came of what was there for a third");
    }
}

#[test]
fn row_27_the_same_order_goes_on_and_another_target_is_another_transfer() {
    of_each(|vendor, oracle| {
        let sandbox = oracle.sandbox();
        cut_off(&oracle, &sandbox, 6 * MIB);
        let before = served(&oracle);
        get(&oracle, &sandbox, &["-o", "other.bin"]).ok();
        let whole = served(&oracle) - before;
        assert!(whole >= 6 * MIB, "{vendor}: {whole} bytes came for another target");
        get(&oracle, &sandbox, &[]).ok();
        let rest = served(&oracle) - before - whole;
        assert!(rest < 5 * MIB, "{vendor}: {rest} bytes came of what was there for a third");
        assert_eq!(sandbox.sha256("a.bin"), sandbox.sha256("other.bin"), "{vendor}");
        assert_eq!(sandbox.sha256("a.bin"), oracle.sha256("a.bin"), "{vendor}");
    });
}
