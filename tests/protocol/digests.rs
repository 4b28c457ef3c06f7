//! Digests in answers' headers, as the standards and the object stores write them.

use haul::model::{Announced, ByteRange, Weight};
use haul::protocol::{Asked, announced_digests};
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::driver::{first, part};
use crate::support::server::Answer;

/// Names and values.
type Fields<'a> = &'a [(&'a str, &'a str)];

fn headers(fields: Fields) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    fields.iter().map(field).collect()
}

/// `whole md5:...`, `10-19 sha256:...`, with a question mark for a hint.
fn said(digest: &Announced) -> String {
    let of = digest.range.map_or("whole".to_owned(), |range| format!("{}-{}", range.start, range.end - 1));
    let hint = if digest.weight == Weight::Hint { "?" } else { "" };
    format!("{of} {}{hint}", digest.checksum)
}

fn of(fields: Fields, part: Option<ByteRange>) -> Vec<String> {
    announced_digests(&headers(fields), part).iter().map(said).collect()
}

const HELLO: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
const HELLO_HEX: &str = "sha256:44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38";

#[test]
fn a_whole_file_is_announced_in_each_of_the_worlds_ways() {
    let hello = [format!("whole {HELLO_HEX}")];
    let unknown = format!("unixsum=30637, {HELLO};note=\"a, b\", sha3-512=:AAAA:");
    let cases: [(Fields, &[&str]); 14] = [
        (&[("repr-digest", HELLO)], &[&hello[0]]),
        (&[("content-digest", HELLO)], &[&hello[0]]),
        (&[("repr-digest", &unknown)], &[&hello[0]]),
        (&[("digest", "SHA-256=RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=,UNIXsum=30637")], &[&hello[0]]),
        (&[("content-md5", "Ojk9c3dhfxgoKVVHYwFbHQ==")], &["whole md5:3a393d7377617f182829554763015b1d"]),
        // Google: one field or two, whole objects always.
        (
            &[("x-goog-hash", "crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ==")],
            &["whole crc32c:9f4df1e8", "whole md5:3a393d7377617f182829554763015b1d"],
        ),
        (
            &[("x-goog-hash", "crc32c=n03x6A=="), ("x-goog-hash", "md5=Ojk9c3dhfxgoKVVHYwFbHQ==")],
            &["whole crc32c:9f4df1e8", "whole md5:3a393d7377617f182829554763015b1d"],
        ),
        // S3.
        (&[("x-amz-checksum-crc32c", "4waSgw=="), ("x-amz-checksum-type", "FULL_OBJECT")], &["whole crc32c:e3069283"]),
        (&[("x-amz-checksum-crc64nvme", "rosUhgp5mIg=")], &["whole crc64nvme:ae8b14860a799888"]),
        (&[("x-amz-checksum-sha256", "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=")], &[&hello[0]]),
        (
            &[
                ("x-amz-request-id", "4442587FB7D0A2F9"),
                ("x-amz-server-side-encryption", "AES256"),
                ("etag", "\"9a0364b9e99bb480dd25e1f0284c8555\""),
            ],
            &["whole md5:9a0364b9e99bb480dd25e1f0284c8555?"],
        ),
        // OSS, TOS, COS: the check value of CRC-64/XZ.
        (&[("x-oss-hash-crc64ecma", "11051210869376104954")], &["whole crc64:995dc9bbdf1939fa"]),
        (&[("x-tos-hash-crc64ecma", "11051210869376104954")], &["whole crc64:995dc9bbdf1939fa"]),
        (&[("x-cos-hash-crc64ecma", "0")], &["whole crc64:0000000000000000"]),
    ];
    for (fields, wanted) in cases {
        assert_eq!(of(fields, None), wanted, "{fields:?}");
    }
}

#[test]
fn beside_a_part_only_some_fields_speak_of_the_whole() {
    let part = Some(ByteRange::new(10, 20));
    let md5 = "Ojk9c3dhfxgoKVVHYwFbHQ==";
    for (field, value, wanted) in [
        ("repr-digest", HELLO, vec![format!("whole {HELLO_HEX}")]),
        ("content-digest", HELLO, vec![format!("10-19 {HELLO_HEX}")]),
        ("digest", "md5=Ojk9c3dhfxgoKVVHYwFbHQ==", vec!["whole md5:3a393d7377617f182829554763015b1d".to_owned()]),
        ("content-md5", md5, vec!["10-19 md5:3a393d7377617f182829554763015b1d?".to_owned()]),
        ("x-goog-hash", "crc32c=n03x6A==", vec!["whole crc32c:9f4df1e8".to_owned()]),
        ("x-oss-hash-crc64ecma", "1", vec!["whole crc64:0000000000000001".to_owned()]),
        // The part's own, perhaps.
        ("x-amz-checksum-crc32c", "4waSgw==", vec![]),
    ] {
        assert_eq!(of(&[(field, value)], part), wanted, "{field}");
    }
    let full = [("x-amz-checksum-crc32c", "4waSgw=="), ("x-amz-checksum-type", "FULL_OBJECT")];
    assert_eq!(of(&full, part), ["whole crc32c:e3069283"]);
}

#[test]
fn what_is_not_of_these_bytes_announces_nothing() {
    let tag = ("etag", "\"9a0364b9e99bb480dd25e1f0284c8555\"");
    let id = ("x-amz-request-id", "4442587FB7D0A2F9");
    let google = ("x-goog-hash", "crc32c=n03x6A==");
    let cases: [Fields; 20] = [
        &[],
        &[("repr-digest", "sha-256=RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=")],
        &[("repr-digest", "sha-256=:AAAA:")],
        &[("repr-digest", "sha-256=\"x\", md5=(1 2)")],
        &[("content-digest", ":::"), ("digest", "=,=;,"), ("content-md5", "?"), ("x-goog-hash", "md5")],
        &[("content-md5", "Ojk9c3dhfxgoKVVHYwFb")],
        // Another MD5 of the same bytes: nobody knows which is right.
        &[("content-md5", "Ojk9c3dhfxgoKVVHYwFbHQ=="), ("digest", "md5=1B2M2Y8AsgTpgAmY7PhCfg==")],
        // A sum of sums.
        &[("x-amz-checksum-crc32c", "4waSgw==-3")],
        &[("x-amz-checksum-crc32c", "4waSgw=="), ("x-amz-checksum-type", "COMPOSITE")],
        // No MD5: another server's, in pieces, encrypted, weak, no hex.
        &[tag],
        &[id, ("etag", "\"9a0364b9e99bb480dd25e1f0284c8555-12\"")],
        &[id, tag, ("x-amz-server-side-encryption", "aws:kms")],
        &[id, tag, ("x-amz-server-side-encryption-customer-algorithm", "AES256")],
        &[id, ("etag", "W/\"9a0364b9e99bb480dd25e1f0284c8555\"")],
        &[id, ("etag", "9a0364b9e99bb480dd25e1f0284c8555")],
        // Unpacked on the way, or packed.
        &[google, ("x-goog-stored-content-encoding", "gzip"), ("warning", "214 UploadServer gunzipped")],
        &[google, ("x-goog-stored-content-encoding", "gzip")],
        &[google, ("x-goog-stored-content-encoding", "identity"), ("content-encoding", "gzip")],
        &[("x-oss-hash-crc64ecma", "1"), ("content-encoding", "gzip"), ("etag", "W/\"1\"")],
        &[("x-oss-hash-crc64ecma", "-1"), ("x-tos-hash-crc64ecma", "18446744073709551616")],
    ];
    for fields in cases {
        assert_eq!(of(fields, None), [""; 0], "{fields:?}");
    }
    // Stored packed and sent as stored, it is what was announced.
    let stored = [google, ("x-goog-stored-content-encoding", "gzip"), ("content-encoding", "gzip")];
    assert_eq!(of(&stored, None), ["whole crc32c:9f4df1e8"]);
    assert_eq!(of(&[id, tag, ("content-encoding", "gzip")], None), ["whole md5:9a0364b9e99bb480dd25e1f0284c8555?"]);
}

#[test]
fn the_driver_hands_them_over_with_the_range_of_its_answer() {
    let answer = || Answer::new().header("Content-Digest", HELLO).header("Repr-Digest", HELLO);
    let got = first(answer().no_ranges(), Asked::Whole).unwrap().resource.digests;
    assert_eq!(got.iter().map(said).collect::<Vec<_>>(), [format!("whole {HELLO_HEX}")]);
    let got = part(answer(), 10, 20).unwrap().resource.digests;
    let wanted = [format!("whole {HELLO_HEX}"), format!("10-19 {HELLO_HEX}")];
    assert_eq!(got.iter().map(said).collect::<Vec<_>>(), wanted);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        fields in proptest::collection::vec(
            (0..9_usize, proptest::collection::vec(any::<u8>(), 0..80)), 0..8),
        text in "[a-z0-9=:,;\\\"() +/-]{0,120}",
    ) {
        let names = ["repr-digest", "content-digest", "digest", "content-md5", "x-goog-hash", "etag",
            "x-amz-checksum-sha256", "x-oss-hash-crc64ecma", "content-encoding"];
        let mut map = HeaderMap::new();
        for (name, value) in &fields {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                map.append(names[*name], value);
            }
        }
        for name in names {
            map.append(name, HeaderValue::from_str(&text).unwrap());
        }
        for digest in announced_digests(&map, Some(ByteRange::new(1, 2))) {
            prop_assert_eq!(digest.checksum.to_string().parse(), Ok(digest.checksum.clone()));
        }
    }
}
