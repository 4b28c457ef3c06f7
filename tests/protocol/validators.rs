//! Which version of a file: If-Range, If-None-Match, and what an answer says all the same.

use std::sync::Arc;

use haul::model::{ByteRange, FaultKind as Kind, Resource, Source, Validator};
use haul::protocol::{Asked, Request};

use super::driver::{LENGTH, PATH, SEED, ask, driver, first, known, question, serve};
use crate::support::server::{Answer, File, Framing, Honour, Request as Asking, Running, Server};

const DATE: &str = "Sat, 15 Nov 2025 12:45:26 GMT";
const OTHER: &str = "Sun, 16 Nov 2025 12:45:26 GMT";

fn middle(server: &Running, etag: Option<&str>, date: Option<&str>) -> Request {
    let expected = Some(known(server, etag, date));
    Request { expected, ..question(&server.url(PATH), Asked::Part(ByteRange::new(200, 300))) }
}

#[test]
fn if_range_holds_what_the_standard_allows() {
    for (etag, date, expected) in [
        (Some("\"v1\""), None, Some("\"v1\"")),
        (Some("\"v1\""), Some(DATE), Some("\"v1\"")),
        (Some("W/\"v1\""), None, None),
        (Some("W/\"v1\""), Some(DATE), None),
        (Some("unquoted"), Some(DATE), None),
        (None, Some(DATE), Some(DATE)),
        (None, None, None),
    ] {
        let mut answer = Answer::new().no_etag().if_range(Honour::Ignored);
        answer = etag.map_or(answer.clone(), |etag| answer.etag(etag));
        answer = date.map_or(answer.clone(), |date| answer.last_modified(date));
        let server = serve(answer);
        let got = ask(&driver(), middle(&server, etag, date)).unwrap();
        assert_eq!((got.start, got.end), (200, Some(300)));
        assert_eq!(server.seen().requests[0].header("if-range"), expected, "{etag:?} {date:?}");
    }
}

#[test]
fn a_date_of_just_now_is_no_condition() {
    let server = serve(Answer::new().no_etag().last_modified(DATE));
    let fresh = Some(DATE.to_owned());
    let expected = Resource { fresh, ..(*known(&server, None, Some(DATE))).clone() };
    let request = Request { expected: Some(Arc::new(expected)), ..question(&server.url(PATH), Asked::From(200)) };
    assert_eq!(ask(&driver(), request).unwrap().start, 200);
    assert_eq!(server.seen().requests[0].header("if-range"), None);
}

#[test]
fn another_coding_is_a_change() {
    let way = |coding: Option<&str>| coding.map(str::to_owned);
    for (before, now) in [(None, Some("gzip")), (Some("gzip"), None), (Some("gzip"), Some("br"))] {
        let answer = Answer::new().no_ranges();
        let server = serve(now.map_or(answer.clone(), |now| answer.header("Content-Encoding", now)));
        let expected = Resource { coding: way(before), ..(*known(&server, Some("\"v1\""), None)).clone() };
        let request = Request { expected: Some(Arc::new(expected)), ..question(&server.url(PATH), Asked::From(0)) };
        let fault = ask(&driver(), request).unwrap_err();
        assert_eq!(fault.kind, Kind::Changed, "{before:?} {now:?}: {fault}");
    }
}

#[test]
fn parts_of_a_coded_file_go_together_under_a_strong_etag_and_one_coding() {
    let asked = |answer: Answer, etag: Option<&str>, coding: Option<&str>| {
        let server = serve(answer);
        let expected = Resource { coding: coding.map(str::to_owned), ..(*known(&server, etag, None)).clone() };
        let request = Request { expected: Some(Arc::new(expected)), ..question(&server.url(PATH), Asked::From(200)) };
        ask(&driver(), request).map(|got| got.start).map_err(|fault| fault.kind)
    };
    let packed = || Answer::new().header("Content-Encoding", "gzip");
    let (strong, weak) = (Some("\"v1\""), Some("W/\"v1\""));
    assert_eq!(asked(packed(), strong, Some("gzip")), Ok(200));
    assert_eq!(asked(packed(), None, Some("gzip")), Ok(200), "at another place of the same file");
    assert_eq!(asked(packed().etag("W/\"v1\""), weak, Some("gzip")), Err(Kind::RangeIgnored));
    assert_eq!(asked(packed().no_etag(), strong, Some("gzip")), Err(Kind::RangeIgnored));
    assert_eq!(asked(packed(), strong, None), Err(Kind::RangeIgnored), "the others came as they are");
    assert_eq!(asked(packed(), strong, Some("br")), Err(Kind::Changed));
    assert_eq!(asked(packed().etag("\"v2\""), strong, Some("gzip")), Err(Kind::Changed));
    // What is packed part by part has no length before it is.
    assert_eq!(asked(packed().framing(Framing::Chunked), strong, Some("gzip")), Err(Kind::RangeIgnored));
    let first = |answer| first(answer, Asked::From(0)).map(|got| got.resource.gives_parts());
    assert_eq!(first(packed()).ok(), Some(true));
    assert_eq!(first(packed().no_ranges()).ok(), Some(false));
    assert_eq!(first(packed().etag("W/\"v1\"")).map_err(|fault| fault.kind), Err(Kind::RangeIgnored));
}

#[test]
fn the_first_request_has_no_condition() {
    let server = serve(Answer::new());
    ask(&driver(), question(&server.url(PATH), Asked::From(0))).unwrap();
    let whole =
        Request { expected: Some(known(&server, Some("\"v1\""), None)), ..question(&server.url(PATH), Asked::Whole) };
    ask(&driver(), whole).unwrap();
    assert!(server.seen().requests.iter().all(|request| request.header("if-range").is_none()));
}

#[test]
fn another_version_is_a_change_whatever_the_server_thinks_of_if_range() {
    for honour in [Honour::Right, Honour::Ignored] {
        for (answer, etag, date) in [
            (Answer::new().etag("\"v2\""), Some("\"v1\""), None),
            (Answer::new().etag("W/\"v2\""), Some("W/\"v1\""), None),
            (Answer::new().no_etag().last_modified(OTHER), None, Some(DATE)),
            (Answer::new().last_modified(OTHER), Some("\"v1\""), Some(DATE)),
        ] {
            let server = serve(answer.if_range(honour));
            let fault = ask(&driver(), middle(&server, etag, date)).unwrap_err();
            assert_eq!(fault.kind, Kind::Changed, "{honour:?} {etag:?} {date:?}: {fault}");
        }
    }
}

#[test]
fn an_etag_of_the_same_bytes_is_as_good() {
    let asked = |etag: Option<&str>| {
        let server =
            serve(etag.map_or(Answer::new().no_etag(), |etag| Answer::new().etag(etag)).if_range(Honour::Ignored));
        let twins = vec![Some("\"v2\"".to_owned()), None];
        let expected = Resource { twins, ..(*known(&server, Some("\"v1\""), None)).clone() };
        ask(&driver(), Request { expected: Some(Arc::new(expected)), ..middle(&server, None, None) })
    };
    for etag in [Some("\"v1\""), Some("\"v2\""), None] {
        assert_eq!(asked(etag).unwrap().start, 200, "{etag:?}");
    }
    assert_eq!(asked(Some("\"v3\"")).unwrap_err().kind, Kind::Changed);
}

#[test]
fn bytes_tell_where_an_etag_was_weakened_or_the_date_of_just_now_stays() {
    let asked = |answer: Answer, known: &dyn Fn(Resource) -> Resource| {
        let server = serve(answer.if_range(Honour::Ignored));
        let expected = known((*super::driver::known(&server, Some("\"v1\""), None)).clone());
        let expected = Some(Arc::new(expected));
        let question = Request { expected, ..question(&server.url(PATH), Asked::Part(ByteRange::new(200, 300))) };
        ask(&driver(), question).unwrap_err().kind
    };
    let weak = |known: Resource| {
        let validator = Validator { etag: Some("W/\"v1\"".to_owned()), ..Validator::default() };
        Resource { validator, ..known }
    };
    assert_eq!(asked(Answer::new().etag("W/\"v1\""), &|known| known), Kind::Retagged);
    assert_eq!(asked(Answer::new().etag("\"v1\""), &weak), Kind::Retagged);
    assert_eq!(asked(Answer::new().etag("W/\"v2\""), &|known| known), Kind::Changed);
    let fresh = |known: Resource| Resource { fresh: Some(DATE.to_owned()), ..known };
    let dated = |date: &str| Answer::new().etag("\"v2\"").last_modified(date).header("Date", DATE);
    assert_eq!(asked(dated(DATE), &fresh), Kind::Retagged);
    assert_eq!(asked(dated(OTHER), &fresh), Kind::Changed);
}

#[test]
fn what_an_answer_does_not_tell_is_no_change() {
    let server = serve(Answer::new().etag("W/\"v1\""));
    assert_eq!(ask(&driver(), middle(&server, Some("W/\"v1\""), Some(DATE))).unwrap().start, 200);
    let server = serve(Answer::new().etag("\"new\"").last_modified(DATE));
    assert_eq!(ask(&driver(), middle(&server, None, None)).unwrap().start, 200);
}

#[test]
fn a_part_without_a_word_on_its_version_is_in_doubt_unless_a_condition_vouches_for_it() {
    let asked = |etag: Option<&str>, known: &dyn Fn(Resource) -> Resource| {
        let server = serve(Answer::new().no_etag().if_range(Honour::Ignored));
        let expected = Some(Arc::new(known((*super::driver::known(&server, etag, Some(DATE))).clone())));
        ask(&driver(), Request { expected, ..middle(&server, None, None) }).map(|got| got.start).map_err(|why| why.kind)
    };
    let fresh = |known: Resource| Resource { fresh: Some(DATE.to_owned()), ..known };
    assert_eq!(asked(None, &|known| known), Ok(200));
    assert_eq!(asked(None, &fresh), Err(Kind::Retagged));
    assert_eq!(asked(Some("W/\"v1\""), &|known| known), Err(Kind::Retagged));
    // Its bytes were compared: a part that says nothing is of this version.
    assert_eq!(asked(None, &|known| Resource { twins: vec![None], ..fresh(known) }), Ok(200));
}

#[test]
fn what_one_file_of_a_server_taught_of_if_range_mixes_no_versions_of_another() {
    // The first one misreads it; the second heeds it, and its parts do not say of which version they are.
    let silent = |date: &'static str| {
        move |asked: &Asking| match asked.header("if-range") {
            Some(held) if held != date => Some(Answer::new().no_etag().no_ranges().last_modified(date)),
            _ => Some(Answer::new().no_etag().if_range(Honour::Ignored)),
        }
    };
    for (date, expected) in [(DATE, Ok(200)), (OTHER, Err(Kind::Changed))] {
        let second = File::new(SEED, LENGTH).rule(silent(date));
        let first = File::new(SEED, LENGTH).answer(Answer::new().if_range(Honour::EtagFails));
        let server = Server::new().file(PATH, first).file("/other", second).start();
        let driver = driver();
        assert_eq!(ask(&driver, middle(&server, Some("\"v1\""), None)).unwrap().start, 200);
        let source = Source::parse(&server.url("/other")).unwrap();
        let known = Resource { at: source.clone(), ..(*known(&server, None, Some(DATE))).clone() };
        let got = ask(&driver, Request { expected: Some(Arc::new(known)), source, ..middle(&server, None, None) });
        assert_eq!(got.map(|got| got.start).map_err(|why| why.kind), expected, "{date}");
    }
}

#[test]
fn a_server_whose_parts_say_nothing_goes_on_to_be_asked_under_a_condition() {
    let misread = |asked: &Asking| {
        let told = Answer::new().no_etag().no_ranges().last_modified(DATE);
        Some(asked.header("if-range").map_or(Answer::new().no_etag(), |_| told))
    };
    let server = Server::new().file(PATH, File::new(SEED, LENGTH).rule(misread)).start();
    let driver = driver();
    for _ in 0..2 {
        assert_eq!(ask(&driver, middle(&server, None, Some(DATE))).unwrap_err().kind, Kind::Retagged);
    }
    let seen = server.seen();
    let conditions: Vec<bool> = seen.requests.iter().map(|request| request.header("if-range").is_some()).collect();
    assert_eq!(conditions, [true, false, true, false]);
}

#[test]
fn a_server_that_fails_its_own_etag_is_asked_once_more_without() {
    let server = serve(Answer::new().if_range(Honour::EtagFails));
    let got = ask(&driver(), middle(&server, Some("\"v1\""), None)).unwrap();
    assert_eq!((got.start, got.end), (200, Some(300)));
    let seen = server.seen();
    let conditions: Vec<bool> = seen.requests.iter().map(|request| request.header("if-range").is_some()).collect();
    assert_eq!(conditions, [true, false]);
}

#[test]
fn a_version_at_hand_may_be_unchanged() {
    let server = serve(Answer::new());
    let unless = |etag: &str| Some(Validator { etag: Some(etag.to_owned()), last_modified: None });
    let asked = |unless| Request { unless, ..question(&server.url(PATH), Asked::From(0)) };
    let got = ask(&driver(), asked(unless("\"v1\""))).unwrap();
    assert!(got.unchanged && got.bytes.is_empty());
    assert_eq!(server.seen().requests[0].header("if-none-match"), Some("\"v1\""));
    let got = ask(&driver(), asked(unless("\"v0\""))).unwrap();
    assert!(!got.unchanged && got.bytes.len() as u64 == LENGTH);
}
