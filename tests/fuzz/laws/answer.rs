//! Answers to a request for bytes: one that is accepted brings bytes that were asked for, of the version that is known,
//! and one that is refused is told in a harmless sentence without secrets.

use haul::model::{ByteRange, Ranges, Resource, Source, Validator, harmless};
use haul::protocol::{Accepted, Asked, Head, check, content_range};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::name::{assert_safe, is_harmless};
use super::pick::Pick;

pub fn hold(bytes: &[u8]) -> bool {
    let mut pick = Pick::new(bytes);
    let at = Source::parse("https://me:Hunter2@host/a?token=Hunter2").unwrap();
    let asked = match pick.byte() % 8 {
        0 => Asked::Whole,
        1..=3 => Asked::From(small(&mut pick)),
        _ => Asked::Part(ByteRange::new(small(&mut pick), small(&mut pick))),
    };
    let expected = pick.maybe(|pick| Resource {
        length: pick.maybe(small),
        ranges: Ranges::Served,
        validator: Validator { etag: pick.maybe(tag), last_modified: pick.maybe(date) },
        twins: pick.maybe(|pick| pick.maybe(tag)).into_iter().collect(),
        fresh: pick.maybe(date),
        name: None,
        at: at.clone(),
        media: pick.maybe(|pick| choose(pick, &MEDIA).to_owned()),
        coding: pick.maybe(|pick| choose(pick, &["gzip", "br"]).to_owned()),
        digests: Vec::new(),
        duplicates: Vec::new(),
    });
    let status = [206, 206, 206, 200, 203, 416, 304, 404, 503, 429, 301][usize::from(pick.byte() % 11)];
    let headers = headers(&mut pick);
    let head = Head { status, headers: &headers, at: &at };
    match check(asked, expected.as_ref(), &head) {
        Ok(accepted) => {
            right(asked, expected.as_ref(), &head, &accepted);
            true
        }
        Err(fault) => {
            let told = fault.to_string();
            assert!(is_harmless(&told) && !told.contains("Hunter2"), "{told:?}");
            assert!(!matches!(status, 200 | 206) || !format!("{:?}", fault.kind).starts_with("Status"), "{fault:?}");
            false
        }
    }
}

fn right(asked: Asked, expected: Option<&Resource>, head: &Head<'_>, accepted: &Accepted) {
    let told = || format!("{asked:?} of {expected:?} was answered by {head:?}, accepted as {accepted:?}");
    let Accepted { resource, start, end, unchanged } = accepted;
    assert_eq!(*unchanged, head.status == 304, "{}", told());
    let texts = [&resource.validator.etag, &resource.validator.last_modified, &resource.media, &resource.coding];
    assert!(texts.into_iter().flatten().all(|text| is_harmless(text)), "{}", told());
    resource.name.iter().for_each(|name| drop(assert_safe(name)));
    if *unchanged {
        return;
    }
    assert!(end.is_none_or(|end| *start <= end && resource.length.is_none_or(|length| end <= length)), "{}", told());
    if let Some(known) = expected {
        assert!(known.validator.agrees_with(&resource.validator), "{}", told());
        let lengths = (known.length, resource.length);
        assert!(lengths.0.is_none() || lengths.1.is_none() || lengths.0 == lengths.1, "{}", told());
        assert!(head.status == 416 || known.coding == resource.coding, "{}", told());
    }
    let fields = |name: &str| head.headers.get_all(name).iter().collect::<Vec<_>>();
    let framed = if fields("transfer-encoding").is_empty() { fields("content-length") } else { Vec::new() };
    let promised = framed.first().and_then(|value| value.to_str().ok()?.split(',').next()?.trim().parse::<u64>().ok());
    match head.status {
        206 => {
            assert!(asked != Asked::Whole, "{}", told());
            let ranges = fields("content-range");
            assert!(ranges.iter().all(|range| *range == ranges[0]), "{}", told());
            let range = content_range(&harmless(&String::from_utf8_lossy(ranges[0].as_bytes()))).unwrap();
            assert_eq!(range.span, Some((*start, end.unwrap())), "{}", told());
            assert!(*start <= asked.start() && asked.start() < end.unwrap(), "{}", told());
            assert!(promised.is_none_or(|promised| promised == end.unwrap() - start), "{}", told());
            assert!(resource.media.as_deref() != Some("multipart/byteranges"), "{}", told());
        }
        200 | 203 => {
            assert!(asked.start() == 0 && *start == 0 && *end == promised && resource.length == *end, "{}", told());
        }
        416 => assert!(*start == asked.start() && *end == Some(*start) && resource.length == *end, "{}", told()),
        status => panic!("{status} was accepted: {}", told()),
    }
}

const MEDIA: [&str; 4] = ["application/zip", "text/html", "multipart/byteranges", "application/xhtml+xml"];

fn choose<'a>(pick: &mut Pick<'_>, among: &[&'a str]) -> &'a str {
    among[usize::from(pick.byte()) % among.len()]
}

/// Numbers that often meet, and some at the end of what a number can be.
fn small(pick: &mut Pick<'_>) -> u64 {
    match pick.byte() {
        byte @ 0..=200 => u64::from(byte % 12),
        byte @ 201..=220 => u64::MAX - u64::from(byte % 4),
        byte @ 221..=230 => (i64::MAX as u64) + u64::from(byte % 3),
        _ => pick.number(),
    }
}

fn tag(pick: &mut Pick<'_>) -> String {
    choose(pick, &["\"a\"", "\"b\"", "W/\"a\"", "a", ""]).to_owned()
}

fn date(pick: &mut Pick<'_>) -> String {
    choose(pick, &["Sat, 15 Nov 1997 12:45:26 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", "yesterday"]).to_owned()
}

fn headers(pick: &mut Pick<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for _ in 0..pick.byte() % 10 {
        let (name, value) = match pick.byte() % 11 {
            0..=2 => ("content-range", range(pick)),
            3 => ("content-length", small(pick).to_string()),
            4 => ("etag", tag(pick)),
            5 => ("last-modified", date(pick)),
            6 => ("content-type", format!("{}; charset=utf-8", choose(pick, &MEDIA))),
            7 => ("content-encoding", choose(pick, &["gzip", "br", "identity", "", "GZIP"]).to_owned()),
            8 => ("transfer-encoding", "chunked".to_owned()),
            9 => ("retry-after", small(pick).to_string()),
            _ => {
                let names =
                    ["content-range", "content-length", "etag", "content-disposition", "content-type", "retry-after"];
                let name = choose(pick, &names);
                let value = HeaderValue::from_bytes(pick.bytes(30));
                headers.append(HeaderName::from_static(name), value.unwrap_or(HeaderValue::from_static("")));
                continue;
            }
        };
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
    }
    headers
}

fn range(pick: &mut Pick<'_>) -> String {
    let total = if pick.byte().is_multiple_of(3) { "*".to_owned() } else { small(pick).to_string() };
    match pick.byte() % 8 {
        0 => format!("bytes */{total}"),
        _ => format!("bytes {}-{}/{total}", small(pick), small(pick)),
    }
}
