//! What people write, read; and what came from outside, shown without harm.

use std::time::Duration;

use haul::model::{
    Algorithm, Checksum, Fault, FaultKind, Header, Moment, Rate, Source, Status, TransferId, Validator, brief_duration,
    harmless, percent, short_duration, shortened, size,
};

#[test]
fn rates_are_read_as_people_write_them() {
    for (text, bytes) in [
        ("1", 1),
        ("500K", 500 * 1024),
        ("500k", 500 * 1024),
        ("5M", 5 * 1024 * 1024),
        ("1.5MiB", 3 * 512 * 1024),
        ("2MB", 2_000_000),
        ("2 MB/s", 2_000_000),
        ("3kB", 3_000),
        ("1G", 1 << 30),
        ("1TiB", 1 << 40),
        ("800B", 800),
        (" 7 ", 7),
    ] {
        assert_eq!(text.parse::<Rate>(), Ok(Rate::per_second(bytes)), "{text:?}");
    }
    for text in ["", "0", "fast", "5X", "-1", "1.2.3M", "5Mbit", "M", "NaN", "inf", "1e30", "99999999T", "5 M M"] {
        let why = text.parse::<Rate>().unwrap_err();
        assert!(why.contains("is not a rate") && why.contains("500K"), "{text:?}: {why}");
    }
    assert_eq!(Rate::per_second(1_800_000).to_string(), "1.8 MB/s");
}

#[test]
fn a_limit_is_shown_in_the_unit_in_which_it_was_written() {
    for (text, shown) in [
        ("500K", "500 KiB/s"),
        ("500KB", "500 kB/s"),
        ("64kB", "64.0 kB/s"),
        ("5M", "5 MiB/s"),
        ("1.5MiB", "1.5 MiB/s"),
        ("2MB", "2.0 MB/s"),
        ("1G", "1 GiB/s"),
        ("10GB", "10.0 GB/s"),
        ("800", "800 B/s"),
    ] {
        assert_eq!(text.parse::<Rate>().unwrap().limit_text(), shown, "{text}");
    }
}

#[test]
fn a_time_to_go_has_seven_cells_whatever_it_is() {
    let (hour, day) = (3_600, 86_400);
    for (seconds, said) in [
        (33, "0:33"),
        (10 * hour - 1, "9:59:59"),
        (10 * hour, "10:00 h"),
        (13 * hour + 58 * 60, "13:58 h"),
        (day - 1, "23:59 h"),
        (day + 9 * hour, "1 d 9 h"),
        (day + 10 * hour, "34 h"),
        (2 * day + 3 * hour, "2 d 3 h"),
        (4 * day + 10 * hour, "4 d"),
        (12 * day + 4 * hour, "12 d"),
        (100 * day - 1, "99 d"),
        (100 * day, "> 99 d"),
    ] {
        assert_eq!(short_duration(Duration::from_secs(seconds)), said, "{seconds} s");
        assert!(said.len() <= 7);
    }
}

#[test]
fn checksums_are_read_and_written() {
    let hex = "AB".repeat(32);
    let sum: Checksum = format!("sha256:{hex}").parse().unwrap();
    assert_eq!(sum, Checksum { algorithm: Algorithm::Sha256, hex: hex.to_lowercase() });
    assert_eq!(sum.to_string().parse(), Ok(sum.clone()));
    assert_eq!(format!("SHA-256={hex}").parse(), Ok(sum));
    for (name, digits) in [
        ("md5", 32),
        ("sha1", 40),
        ("sha224", 56),
        ("sha256", 64),
        ("sha384", 96),
        ("sha512", 128),
        ("sha512-256", 64),
        ("blake3", 64),
        ("crc32", 8),
        ("crc32c", 8),
        ("crc64", 16),
        ("crc64nvme", 16),
    ] {
        let sum: Checksum = format!("{name}:{}", "a".repeat(digits)).parse().unwrap();
        assert_eq!((sum.algorithm.to_string(), sum.algorithm.bytes() * 2), (name.to_owned(), digits));
        for wrong in [digits - 1, digits + 1] {
            assert!(format!("{name}:{}", "a".repeat(wrong)).parse::<Checksum>().is_err(), "{name} {wrong}");
        }
    }
    for text in
        ["", "sha256", "crc16:0000", "sha256:", "crc64:99999999999999999999", &format!("sha256:{}", "g".repeat(64))]
    {
        assert!(text.parse::<Checksum>().is_err(), "{text:?}");
    }
}

#[test]
fn checksums_are_taken_as_the_world_writes_them() {
    for (text, wanted) in [
        // The empty file's, as S3, an RFC 9530 field and a web page's integrity attribute have it.
        ("md5:1B2M2Y8AsgTpgAmY7PhCfg==", "md5:d41d8cd98f00b204e9800998ecf8427e"),
        ("md5=1B2M2Y8AsgTpgAmY7PhCfg", "md5:d41d8cd98f00b204e9800998ecf8427e"),
        (
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            "SHA-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        // "123456789": the check values of the catalogue of CRCs, in the stores' ways.
        ("crc32c:4waSgw==", "crc32c:e3069283"),
        ("crc32:CBF43926", "crc32:cbf43926"),
        ("crc64-ecma:11051210869376104954", "crc64:995dc9bbdf1939fa"),
        ("crc64:995DC9BBDF1939FA", "crc64:995dc9bbdf1939fa"),
        ("crc64nvme:rosUhgp5mIg=", "crc64nvme:ae8b14860a799888"),
        (
            "sha512/256:c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
            "sha512-256:c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
        ),
    ] {
        assert_eq!(text.parse::<Checksum>().map(|sum| sum.to_string()), Ok(wanted.to_owned()), "{text}");
    }
}

#[test]
fn urls_that_could_be_read_in_two_ways_are_refused() {
    for text in ["http://host/a", "https://[::1]:8443/a%20b?c=d#e", "HTTP://HOST", "http://münchen.example/a"] {
        assert!(Source::parse(text).is_ok(), "{text:?}");
    }
    for text in [
        "",
        "host/a",
        "/a",
        "ftp://host/a",
        "file:///etc/passwd",
        "data:,a",
        "http://",
        "http://host/a b",
        "http://host/\n",
        "http://good\\@evil/",
        "http://host/\u{1b}[2J",
        "javascript:alert(1)",
        "http://host:99999/",
    ] {
        let why = Source::parse(text).unwrap_err();
        assert!(!why.is_empty() && why.chars().all(|c| !c.is_control()), "{text:?}: {why:?}");
    }
}

/// WHATWG's rules skip the empty host and take `a` for one; a parser by RFC 3986 does not.
#[test]
fn a_url_that_is_nearly_one_is_told_how_to_write_it() {
    for (text, says) in [
        ("s3:/b/k", "\"s3:/b/k\" names no bucket: write s3://bucket/key"),
        ("oss:", "\"oss:\" names no bucket: write oss://bucket/key"),
        ("localhost:8765/a.bin", "write https://localhost:8765/a.bin or http://localhost:8765/a.bin"),
        ("example.com:8080", "\"example.com:8080\" is not a URL: write https://example.com:8080"),
        ("mailto:me", "haul knows no mailto: URLs"),
        ("ftp://h:21/a", "haul knows no ftp: URLs"),
    ] {
        let why = Source::parse(text).unwrap_err();
        assert!(why.contains(says), "{text}: {why}");
    }
}

#[test]
fn an_empty_host_is_refused() {
    for text in ["http:///a", "http:a/b", "http:/a/b"] {
        assert!(Source::parse(text).is_err(), "{text:?} was taken for {:?}", Source::parse(text));
    }
}

#[test]
fn a_source_shows_no_secret() {
    let secret = "hunter2";
    for url in [
        "https://me:hunter2@host/a",
        "https://host/a?token=hunter2",
        "https://host/a?access_key=hunter2",
        "https://host/a?pwd=hunter2",
        "https://host/a?x=1&X-Amz-Signature=hunter2&y=2",
        "https://host/a?Signature=hunter2",
        "https://host/a?x-oss-security-token=hunter2",
        "https://host/a?X-Amz-Credential=hunter2",
        "https://host/a?Password=hunter2",
        "https://host/a?X-Goog-Signature=hunter2",
        "https://host/a?%74oken=hunter2",
        "https://host/a?client_secret=hunter2",
        "https://host/a#hunter2",
    ] {
        let source = Source::parse(url).unwrap();
        assert!(!source.to_string().contains(secret), "{source}");
        assert!(!format!("{source:?}").contains(secret), "{source:?}");
        assert!(source.url().as_str().contains(secret), "the wire needs it: {url}");
    }
    for text in [
        "https://me:hunter2@ho st/a",
        "https://me:hunter2@host:99999/",
        "https://me:hun#ter/hunter2@host/",
        "me:hunter2@host/a b",
        "https:me:hunter2@host/",
        "https://host/a b?token=hunter2&x",
        "https:/me:hunter2@ho st/://a@b",
        "https://host/a b#hunter2",
        "https://host/a b#x@hunter2",
        "https://host/a b?sig=x@hunter2&x",
        "https://me:p?s@host/a b&sig=hunter2?x",
    ] {
        let why = Source::parse(text).unwrap_err();
        assert!(!why.contains(secret), "{why}");
    }
    let shown = |query: &str| Source::parse(&format!("https://host/a?{query}")).unwrap().to_string();
    assert_eq!(shown("page=2&token=x&size=9"), "https://host/a?page=2&token=***&size=9");
    // Tencent's, Akamai's and nginx's.
    for signed in ["sign=Q&t=9", "hdnts=exp=1~acl=/*~hmac=Q", "st=Q&e=9", "md5=Q&expires=9"] {
        let shown = shown(signed);
        assert!(shown.contains("=***") && !shown.contains('Q'), "{shown}");
        assert!(Source::parse(&format!("https://host/a?{signed}")).unwrap().is_passing(), "{signed}");
    }
}

#[test]
fn a_source_guesses_a_name_and_tells_its_host() {
    let segment = |url: &str| Source::parse(url).unwrap().last_segment();
    assert_eq!(segment("http://host/a/b%20c.iso?x=y"), Some("b c.iso".to_owned()));
    assert_eq!(segment("http://host/a/"), Some("a".to_owned()));
    assert_eq!(segment("http://host/"), None);
    assert_eq!(segment("http://host/caf%E9.pdf"), Some("caf%E9.pdf".to_owned()), "no UTF-8, and kept as it is");
    assert_eq!(segment("http://host/..%2f..%2fetc"), Some("../../etc".to_owned()));
    assert_eq!(Source::parse("http://host:80/").unwrap().host(), "host");
    assert_eq!(Source::parse("http://host:8080/").unwrap().host(), "host:8080");
}

#[test]
fn headers_are_read_and_never_shown() {
    let header = Header::parse("Authorization:  Bearer hunter2 ").unwrap();
    assert_eq!((header.name.as_str(), header.value.as_str()), ("Authorization", "Bearer hunter2"));
    assert!(!format!("{header:?}").contains("hunter2"));
    for text in ["", "no colon", ": value", "a b: c", "a: b\r\nc: d", "a: \u{0}", "ä: b"] {
        let why = Header::parse(text).unwrap_err();
        assert!(why.contains("Name: value"), "{text:?}: {why}");
    }
}

#[test]
fn what_could_steer_a_terminal_is_shown_as_a_mark() {
    assert_eq!(harmless("a file (1).tar.gz"), "a file (1).tar.gz");
    assert_eq!(harmless("日本語 é 🎉"), "日本語 é 🎉");
    for text in ["\u{1b}[2J", "a\nb", "a\rb", "\u{9b}31m", "\u{7f}", "\0", "a\tb"] {
        assert!(harmless(text).chars().all(|c| !c.is_control()), "{text:?}");
    }
    for c in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{2028}', '\u{ad}', '\u{e0041}', '\u{61c}'] {
        assert_eq!(harmless(&format!("a{c}b")), "a\u{fffd}b", "{:x}", u32::from(c));
    }
    let fault = Fault::new(FaultKind::BadAnswer, "http://host/\u{1b}]0;x\u{7}", "said \u{1b}[31mno");
    assert!(fault.to_string().chars().all(|c| !c.is_control()), "{fault}");
}

#[test]
fn sizes_and_spans_are_short_and_steady() {
    for (bytes, shown) in [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_800_000, "1.8 MB"),
        (99_900_000, "99.9 MB"),
        (147_000_000, "147 MB"),
        (3_700_000_000, "3.7 GB"),
        (1 << 50, "1.1 PB"),
    ] {
        assert_eq!(size(bytes), shown);
    }
    assert!(size(u64::MAX).ends_with("EB"));
    for (seconds, shown) in [(0, "0:00"), (33, "0:33"), (3_492, "58:12"), (11_045, "3:04:05"), (187_200, "2 d 4 h")] {
        assert_eq!(brief_duration(Duration::from_secs(seconds)), shown);
    }
    assert_eq!(brief_duration(Duration::MAX), "never");
    for (done, total, shown) in [(0, 10, 0), (999, 1000, 99), (10, 10, 100), (11, 10, 100), (0, 0, 100)] {
        assert_eq!(percent(done, total), shown);
    }
    assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
}

#[test]
fn only_the_changes_in_the_picture_are_legal() {
    use Status::{DiskFull, Done, Expired, Failed, Paused, Queued, Running};
    let all = Status::ALL;
    let legal = [
        (Queued, Running),
        (Queued, Paused),
        (Running, Queued),
        (Running, Paused),
        (Running, Done),
        (Running, Failed),
        (Paused, Queued),
        (Failed, Queued),
        (Running, Expired),
        (Running, DiskFull),
        (Expired, Queued),
        (DiskFull, Queued),
        (DiskFull, Paused),
    ];
    for from in all {
        for to in all {
            assert_eq!(from.may_become(to), legal.contains(&(from, to)), "{from} -> {to}");
        }
    }
}

#[test]
fn ids_are_sixteen_hex_digits() {
    let id = TransferId::from_bits(0xab);
    assert_eq!(id.to_string(), "00000000000000ab");
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in ["", "ab", "00000000000000ag", "+0000000000000ab", "00000000000000abc"] {
        assert!(text.parse::<TransferId>().is_err(), "{text:?}");
    }
    assert_ne!(TransferId::mint(), TransferId::mint());
}

#[test]
fn validators_agree_unless_something_that_both_give_differs() {
    let validator = |etag: &str, date: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Validator { etag: some(etag), last_modified: some(date) }
    };
    assert!(validator("\"a\"", "").agrees_with(&validator("\"a\"", "Mon")));
    assert!(validator("", "").agrees_with(&validator("\"a\"", "")));
    assert!(!validator("\"a\"", "").agrees_with(&validator("\"b\"", "")));
    assert!(!validator("\"a\"", "Mon").agrees_with(&validator("\"a\"", "Tue")));
    assert_eq!(validator("\"a\"", "").strong_etag(), Some("\"a\""));
    assert_eq!(validator("W/\"a\"", "").strong_etag(), None);
    assert!(validator("", "").is_none());
}

#[test]
fn moments_never_go_below_zero() {
    let early = Moment::from_millis(10);
    let late = early + Duration::from_millis(5);
    assert_eq!(late.since(early), Duration::from_millis(5));
    assert_eq!(early.since(late), Duration::ZERO);
}

#[test]
fn a_long_text_is_told_by_its_beginning_and_its_end() {
    for count in [0, 1, 549, 550, 551] {
        assert_eq!(shortened(&"ä".repeat(count)), "ä".repeat(count), "{count}");
    }
    let long = format!("{}{}{}", "a".repeat(400), "b".repeat(100_000), "c".repeat(150));
    let told = shortened(&long);
    assert!(told.starts_with(&"a".repeat(400)) && told.ends_with(&"c".repeat(150)), "{told}");
    assert!(told.chars().count() < 560, "{}", told.chars().count());
}
