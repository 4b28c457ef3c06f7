//! Answers that are used, and answers that are refused, with nothing but one request at a time.

use std::net::Ipv4Addr;

use haul::model::{ByteRange, FaultKind as Kind, Ranges};
use haul::protocol::{Asked, Request};

use super::driver::{Got, LENGTH, PATH, SEED, ask, driver, first, known, part, question, serve};
use crate::support::server::{Answer, Ending, File, Framing, Server, Wrong, content};

/// A raw answer: its first line, its headers, its body.
fn raw(status: &str, headers: &str, body: &str) -> Answer {
    Answer::raw(format!("HTTP/1.1 {status}\r\n{headers}\r\n\r\n{body}"))
}

#[track_caller]
fn refused(answer: Answer, kind: Kind) {
    let shown = format!("{answer:?}");
    match part(answer, 200, 300) {
        Err(fault) => assert_eq!(fault.kind, kind, "{fault}\n{shown}"),
        Ok(got) => panic!("{got:?} was accepted of {shown}"),
    }
}

/// The answer is used, and its bytes are those of the file from where it says.
#[track_caller]
fn used(got: Got, start: u64, end: u64) -> Got {
    assert_eq!((got.start, got.broke.as_ref()), (start, None));
    assert_eq!(got.bytes, content(SEED, start, end));
    got
}

#[test]
fn a_good_server_is_believed() {
    let got = used(first(Answer::new(), Asked::From(0)).unwrap(), 0, LENGTH);
    assert_eq!((got.end, got.unchanged), (Some(LENGTH), false));
    assert_eq!(got.peer, Some(Ipv4Addr::LOCALHOST.into()));
    assert_eq!((got.resource.length, got.resource.ranges), (Some(LENGTH), Ranges::Served));
    assert_eq!(got.resource.validator.etag.as_deref(), Some("\"v1\""));
    let got = used(part(Answer::new(), 200, 300).unwrap(), 200, 300);
    assert_eq!((got.end, got.resource.length), (Some(300), Some(LENGTH)));
}

#[test]
fn a_request_is_what_it_is_to_be() {
    let server = serve(Answer::new());
    let driver = driver();
    for (asked, range) in [
        (Asked::Whole, None),
        (Asked::From(0), Some("bytes=0-")),
        (Asked::From(7), Some("bytes=7-")),
        (Asked::Part(ByteRange::new(5, 6)), Some("bytes=5-5")),
    ] {
        server.forget();
        ask(&driver, question(&server.url(PATH), asked)).unwrap();
        let seen = server.seen();
        let request = &seen.requests[0];
        assert_eq!((request.method.as_str(), request.header("range")), ("GET", range));
        assert_eq!((request.header("accept-encoding"), request.header("referer")), (Some("identity"), None));
        assert_eq!(request.header("user-agent"), Some("haul/test"));
    }
}

#[test]
fn odd_but_legal_answers_are_used() {
    used(part(Answer::new().wrong(Wrong::UnknownTotal), 200, 300).unwrap(), 200, 300);
    let shorter = used(part(Answer::new().wrong(Wrong::Shorter(40)), 200, 300).unwrap(), 200, 260);
    assert_eq!(shorter.end, Some(260));
    used(part(Answer::new().framing(Framing::Chunked), 200, 300).unwrap(), 200, 300);
    used(part(Answer::new().framing(Framing::Close), 200, 300).unwrap(), 200, 300);
    used(part(Answer::new().http10(), 200, 300).unwrap(), 200, 300);
    let unknown = first(Answer::new().wrong(Wrong::UnknownTotal), Asked::From(0)).unwrap();
    assert_eq!((unknown.resource.length, unknown.end), (None, Some(LENGTH)));
    for range in ["BYTES 200-202/1000", "Bytes 200-202/1000", "bytes=200-202/1000", " bytes  200-202/ 1000 "] {
        let answer = raw("206 x", &format!("ETag: \"v1\"\r\nContent-Length: 3\r\nContent-Range: {range}"), "abc");
        assert_eq!(part(answer, 200, 203).unwrap().bytes, b"abc", "{range}");
    }
}

#[test]
fn a_part_may_begin_earlier_and_end_later() {
    let got =
        part(raw("206 x", "ETag: \"v1\"\r\nContent-Range: bytes 190-309/1000", &"x".repeat(120)), 200, 300).unwrap();
    assert_eq!((got.start, got.end, got.bytes.len()), (190, Some(310), 120));
}

#[test]
fn interim_answers_and_missing_reasons_are_passed_over() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let answer =
        Answer::raw(format!("{interim}HTTP/1.1 206\r\nETag: \"v1\"\r\nContent-Range: bytes 200-202/1000\r\n\r\nabc"));
    assert_eq!(part(answer, 200, 203).unwrap().bytes, b"abc");
}

#[test]
fn whole_files_without_a_length_end_with_the_connection() {
    let got = first(raw("200 OK", "Connection: close", "abc"), Asked::From(0)).unwrap();
    assert_eq!((got.bytes.as_slice(), got.end, got.resource.length), (&b"abc"[..], None, None));
    assert_eq!(got.resource.ranges, Ranges::Ignored);
    let got = first(Answer::raw("HTTP/1.0 200 OK\r\n\r\nabc"), Asked::Whole).unwrap();
    assert_eq!((got.bytes.as_slice(), got.end), (&b"abc"[..], None));
    let got = first(Answer::new().no_ranges().framing(Framing::Chunked), Asked::From(0)).unwrap();
    assert_eq!((used(got, 0, LENGTH).end), None);
    let got = first(raw("203 x", "Content-Length: 3", "abc"), Asked::From(0)).unwrap();
    assert_eq!(got.end, Some(3));
}

#[test]
fn an_empty_file_is_a_file() {
    let server = Server::new().file(PATH, File::new(SEED, 0)).start();
    for asked in [Asked::From(0), Asked::Whole] {
        let got = ask(&driver(), question(&server.url(PATH), asked)).unwrap();
        assert_eq!((got.end, got.resource.length, got.bytes.len()), (Some(0), Some(0), 0), "{asked:?}");
    }
}

#[test]
fn the_end_of_a_file_of_unknown_length_is_found_by_416() {
    let server = serve(Answer::new());
    let mut unknown = (*known(&server, Some("\"v1\""), None)).clone();
    unknown.length = None;
    let expected = Some(std::sync::Arc::new(unknown));
    let question = Request { expected, ..question(&server.url(PATH), Asked::From(LENGTH)) };
    let got = ask(&driver(), question).unwrap();
    assert_eq!((got.start, got.end, got.bytes.len()), (LENGTH, Some(LENGTH), 0));
    assert_eq!(got.resource.length, Some(LENGTH));
}

#[test]
fn the_whole_file_in_place_of_a_part_is_no_part() {
    refused(Answer::new().no_ranges(), Kind::RangeIgnored);
    refused(Answer::new().no_ranges().framing(Framing::Chunked), Kind::RangeIgnored);
    refused(Answer::new().no_ranges().etag("\"v2\""), Kind::Changed);
    refused(Answer::page(), Kind::WebPage);
    let got = used(part(Answer::new().no_ranges(), 0, 300).unwrap(), 0, LENGTH);
    assert_eq!(got.resource.ranges, Ranges::Ignored);
    // Nothing says that it is the version that the other parts are of.
    let fault = part(Answer::new().no_ranges().no_etag(), 0, 300).unwrap_err();
    assert_eq!(fault.kind, Kind::Retagged, "{fault}");
}

#[test]
fn a_content_range_that_makes_no_sense_is_none() {
    refused(Answer::new().wrong(Wrong::Absent), Kind::WrongRange);
    refused(Answer::new().wrong(Wrong::Shifted(1)), Kind::WrongRange);
    refused(Answer::new().wrong(Wrong::Total(999)), Kind::Changed);
    for range in [
        "",
        "bytes",
        "bytes */1000",
        "bytes 200-299",
        "bytes 299-200/1000",
        "bytes 200-299/299",
        "bytes 200-299/300/400",
        "items 200-299/1000",
        "bytes -200-299/1000",
        "bytes +200-299/1000",
        "bytes 0x200-0x299/1000",
        "bytes 200-18446744073709551615/*",
        "bytes 200-99999999999999999999/*",
        "bytes 200-299/99999999999999999999",
        "bytes 200-299/-1",
        "bytes 200 - 299 / 1000, 300-399/1000",
        "bytes 0-99/1000",
        "bytes 0-199/1000",
        "bytes 201-299/1000",
    ] {
        let answer = raw("206 x", &format!("Content-Range: {range}"), &"x".repeat(100));
        refused(answer, Kind::WrongRange);
    }
}

#[test]
fn a_part_that_contradicts_itself_or_what_is_known_is_refused() {
    let says = |range: &str, more: &str| raw("206 x", &format!("Content-Range: bytes {range}{more}"), &"x".repeat(100));
    refused(says("200-299/1000", "\r\nContent-Length: 50"), Kind::WrongRange);
    refused(says("200-299/1000", "\r\nContent-Type: multipart/byteranges; boundary=x"), Kind::WrongRange);
    refused(says("200-299/1000", "\r\nContent-Range: bytes 0-99/1000"), Kind::WrongRange);
    refused(says("200-299/1001", ""), Kind::Changed);
    refused(says("200-1999/*", ""), Kind::WrongRange);
    refused(says("200-299/1000", "\r\nETag: \"v2\""), Kind::Changed);
    // Nothing says that it is of the version that is known: the bytes are to be compared.
    refused(says("200-299/1000", ""), Kind::Retagged);
    refused(says("200-299/1000", "\r\nContent-Encoding: gzip"), Kind::RangeIgnored);
    let fault = first(says("0-99/1000", ""), Asked::Whole).unwrap_err();
    assert_eq!(fault.kind, Kind::WrongRange, "nobody asked for a part");
}

#[test]
fn framing_is_read_by_the_letter() {
    for lengths in
        [&["100", "101"][..], &["1e2"], &["+100"], &["-1"], &["100, 101"], &["99999999999999999999"], &["0x64"]]
    {
        let fault = first(Answer::new().lengths(lengths), Asked::Whole).unwrap_err();
        assert_eq!(fault.kind, Kind::BadAnswer, "{lengths:?}: {fault}");
    }
    let huge = first(Answer::new().no_ranges().lengths(&["9223372036854775808"]), Asked::Whole).unwrap_err();
    assert_eq!(huge.kind, Kind::BadAnswer, "{huge}");
    let twice = first(Answer::new().no_ranges().lengths(&["1000", "1000"]), Asked::Whole).unwrap();
    assert_eq!(twice.end, Some(1000));
}

#[test]
fn noise_is_no_answer() {
    for noise in [
        "",
        "rubbish\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ] {
        let fault = first(Answer::raw(noise), Asked::From(0)).unwrap_err();
        assert!(matches!(fault.kind, Kind::BadAnswer | Kind::Cut), "{noise:?}: {:?} {fault}", fault.kind);
    }
    let flood = first(Answer::new().flood(2000), Asked::From(0)).unwrap_err();
    assert_eq!(flood.kind, Kind::BadAnswer, "{flood}");
}

#[test]
fn a_body_that_ends_too_early_is_cut_and_keeps_its_bytes() {
    for ending in [Ending::Cut, Ending::Reset] {
        let got = first(Answer::new().ending(400, ending), Asked::From(0)).unwrap();
        assert_eq!(got.broke.as_ref().map(|fault| fault.kind), Some(Kind::Cut), "{ending:?}");
        assert!(content(SEED, 0, 400).starts_with(&got.bytes));
    }
    let chunked = first(Answer::new().framing(Framing::Chunked).ending(400, Ending::Cut), Asked::From(0)).unwrap();
    assert_eq!(chunked.broke.unwrap().kind, Kind::Cut, "the last chunk is missing");
    let size = raw("200 OK", "Transfer-Encoding: chunked", "fffffffffffffffff\r\nabc");
    assert!(first(size, Asked::Whole).unwrap().broke.is_some(), "a chunk of more bytes than there are");
}

#[test]
fn bytes_behind_a_bodys_end_are_not_part_of_it() {
    used(first(Answer::new().extra(50), Asked::From(0)).unwrap(), 0, LENGTH);
}

#[test]
fn refusals_keep_their_status_and_say_what_to_do() {
    for (status, words) in [
        (401, "login"),
        (403, "forbids"),
        (404, "no such file"),
        (407, "proxy"),
        (410, "gone"),
        (429, "too many"),
        (500, "trouble"),
        (503, "busy"),
        (511, "log in to this network"),
        (418, "refused"),
        (202, "not ready"),
        (204, "no content"),
        (300, "without saying where"),
    ] {
        let fault = part(Answer::status(status), 200, 300).unwrap_err();
        assert_eq!(fault.kind, Kind::Status(status));
        let told = fault.to_string();
        assert!(told.contains(words) && told.contains(&status.to_string()), "{told}");
    }
}

#[test]
fn no_such_bytes() {
    let beyond = |range: &str| raw("416 x", &format!("Content-Range: {range}\r\nContent-Length: 0"), "");
    refused(beyond("bytes */1000"), Kind::WrongRange);
    refused(beyond("bytes */50"), Kind::Changed);
    refused(beyond("nonsense"), Kind::WrongRange);
    for range in ["bytes */1000", "nonsense"] {
        let fault = first(beyond(range), Asked::From(0)).unwrap_err();
        assert_eq!(fault.kind, Kind::RangeIgnored, "the whole of it can be asked for");
    }
    assert_eq!(first(beyond("bytes */0"), Asked::From(0)).unwrap().end, Some(0));
}

/// To believe it would make an empty file of the answer, and call it complete.
#[test]
fn not_modified_is_an_answer_only_to_who_asked_for_it() {
    let fault = first(raw("304 Not Modified", "ETag: \"v1\"", ""), Asked::From(0)).unwrap_err();
    assert_eq!(fault.kind, Kind::BadAnswer, "{fault}");
    refused(raw("304 Not Modified", "ETag: \"v1\"", ""), Kind::BadAnswer);
}

#[test]
fn nobody_listens() {
    let gone = serve(Answer::new()).url(PATH);
    let fault = ask(&driver(), question(&gone, Asked::From(0))).unwrap_err();
    assert_eq!(fault.kind, Kind::Connect, "{fault}");
}
