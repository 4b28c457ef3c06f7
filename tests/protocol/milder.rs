//! Servers that are odd, and what is asked of them in place of giving up; and answers that look right and are not the file's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use haul::model::{FaultKind as Kind, Resource, Secret, Source, Validator};
use haul::protocol::{Asked, Http, HttpOptions, Request};

use super::driver::{LENGTH, PATH, SEED, ask, driver, first, header, known, options, part, question, serve};
use crate::support::server::{Answer, Ending, File, Request as Asking, Running, Server, content};

const OLD: &str = "Mon, 01 Jan 2024 00:00:00 GMT";

/// A head in letters, as no `Answer` makes it, and three bytes.
fn raw(head: &str) -> Answer {
    Answer::raw(format!("HTTP/1.1 {head}\r\nContent-Length: 3\r\n\r\nabc"))
}

/// The question for the bytes from 200 on of a file that is known so.
fn rest(server: &Running, known: Resource) -> Request {
    Request { expected: Some(Arc::new(known)), ..question(&server.url(PATH), Asked::From(200)) }
}

#[test]
fn a_packed_transfer_is_no_file() {
    for codings in ["gzip, chunked", "gzip", "x-other, chunked", "deflate"] {
        let chunked = if codings.ends_with("chunked") { "3\r\nabc\r\n0\r\n\r\n" } else { "abc" };
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: {codings}\r\n\r\n{chunked}");
        let fault = first(Answer::raw(head), Asked::From(0)).unwrap_err();
        assert_eq!(fault.kind, Kind::BadAnswer, "{codings}: {fault}");
        let head = format!(
            "HTTP/1.1 206 x\r\nConnection: close\r\nETag: \"v1\"\r\nContent-Range: bytes 200-202/1000\r\n\
             Transfer-Encoding: {codings}\r\n\r\n{chunked}"
        );
        assert_eq!(part(Answer::raw(head), 200, 203).unwrap_err().kind, Kind::BadAnswer, "{codings}");
    }
    let plain = "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(first(Answer::raw(plain), Asked::From(0)).unwrap().bytes, b"abc");
    // A coding that is none takes nothing from the length: that the connection ends says not that this is all.
    let short = "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\nConnection: close\r\n\r\nabc";
    assert_eq!(first(Answer::raw(short), Asked::From(0)).unwrap().end, Some(5));
}

#[test]
fn a_notice_in_place_of_a_part_is_no_other_version_of_the_file() {
    let asked = |head: &str, known: &dyn Fn(Resource) -> Resource| {
        let server = serve(raw(head));
        let file = known((*super::driver::known(&server, Some("\"v1\""), None)).clone());
        ask(&driver(), rest(&server, file)).unwrap_err().kind
    };
    let as_it_is = |file: Resource| file;
    let plain = |file: Resource| Resource { media: Some("text/plain".to_owned()), ..file };
    let bare = |file: Resource| Resource { validator: Validator::default(), ..file };
    assert_eq!(asked("200 OK\r\nContent-Type: text/plain", &as_it_is), Kind::WebPage);
    // What says which version it is, a server that never did, and a file of the same type: these are other versions.
    assert_eq!(asked("200 OK\r\nContent-Type: text/plain\r\nETag: \"v2\"", &as_it_is), Kind::Changed);
    assert_eq!(asked("200 OK\r\nContent-Type: text/plain", &bare), Kind::Changed);
    assert_eq!(asked("200 OK\r\nContent-Type: text/plain", &plain), Kind::Changed);
    // Of two types one is not the file's, whatever else is known.
    let typed = |file: Resource| Resource { media: Some("application/zip".to_owned()), ..bare(file) };
    let endless = |file: Resource| Resource { length: None, media: Some("application/zip".to_owned()), ..file };
    assert_eq!(asked("200 OK\r\nContent-Type: text/plain", &typed), Kind::WebPage);
    assert_eq!(asked("200 OK\r\nContent-Type: text/plain", &endless), Kind::WebPage);
    let server = serve(Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let file = (*known(&server, Some("\"v1\""), None)).clone();
    for file in [file.clone(), endless(file.clone()), bare(file)] {
        assert_eq!(ask(&driver(), rest(&server, file)).unwrap_err().kind, Kind::WebPage, "an answer without a body");
    }
}

#[test]
fn what_is_served_in_ranges_and_is_a_page_is_no_other_version_of_the_file() {
    let asked = |answer: Answer, length: u64| {
        let server = Server::new().file(PATH, File::new(SEED, length).answer(answer)).start();
        ask(&driver(), rest(&server, (*known(&server, Some("W/\"v1\""), None)).clone())).unwrap_err().kind
    };
    let page = || Answer::new().etag("\"page\"").header("Content-Type", "text/html");
    assert_eq!(asked(page(), 500), Kind::WebPage, "a part of it");
    assert_eq!(asked(page(), 100), Kind::WebPage, "no such byte in it");
    assert_eq!(asked(Answer::new().etag("\"v2\""), 500), Kind::Changed);
    assert_eq!(asked(Answer::new().etag("\"v2\""), 100), Kind::Changed);
}

#[test]
fn a_refusal_that_contradicts_the_file_itself_is_no_change_of_it() {
    let refusal =
        |asked: &Asking| asked.header("range").map(|_| Answer::status(416).header("Content-Range", "bytes */7"));
    let server = Server::new().file(PATH, File::new(SEED, LENGTH).rule(refusal)).start();
    let fault = ask(&driver(), rest(&server, (*known(&server, Some("\"v1\""), None)).clone())).unwrap_err();
    assert_eq!(fault.kind, Kind::WrongRange, "{fault}");
}

#[test]
fn the_page_of_a_refusal_is_no_part_of_the_file() {
    let page =
        |range: &str| raw(&format!("416 x\r\nETag: \"page\"\r\nLast-Modified: {OLD}\r\nContent-Encoding: gzip{range}"));
    let server = serve(page(""));
    let known = (*known(&server, Some("\"v1\""), None)).clone();
    assert_eq!(ask(&driver(), rest(&server, known.clone())).unwrap_err().kind, Kind::WrongRange);
    let server = serve(page("\r\nContent-Range: bytes */200"));
    let open = Resource { length: None, at: Source::parse(&server.url(PATH)).unwrap(), ..known.clone() };
    let got = ask(&driver(), rest(&server, open)).unwrap();
    assert_eq!((got.end, got.resource.length), (Some(200), Some(200)));
    assert_eq!((got.resource.validator, got.resource.coding), (known.validator, None));
}

#[test]
fn a_date_of_just_now_tells_no_versions_apart() {
    let http = httpdate::fmt_http_date;
    let now = SystemTime::now();
    let dated = |date: &str, more: &str| {
        let answer = raw(&format!("200 OK\r\nETag: \"v1\"\r\nLast-Modified: {date}{more}"));
        first(answer, Asked::Whole).unwrap().resource.validator
    };
    assert_eq!(dated(&http(now), "").last_modified, None, "it may be written again in this second");
    assert_eq!(dated(&http(now - Duration::from_secs(3600)), "").last_modified.map(|_| ()), Some(()));
    assert_eq!(dated(OLD, &format!("\r\nDate: {OLD}")).last_modified, None, "by the server's clock");
    assert_eq!(dated(OLD, "").last_modified.as_deref(), Some(OLD));
    let cached = format!("\r\nDate: {OLD}\r\nAge: 3600");
    assert_eq!(dated(OLD, &cached).last_modified.as_deref(), Some(OLD), "a cache has had it for an hour");
    let untagged = first(raw(&format!("200 OK\r\nLast-Modified: {}", http(now))), Asked::Whole).unwrap();
    assert_eq!(untagged.resource.validator.last_modified, Some(http(now)), "it is all that there is");
    assert_eq!(untagged.resource.fresh, Some(http(now)));
}

#[test]
fn where_redirects_led_may_be_gone() {
    let server = Server::new().file("/a", File::new(SEED, 0).answer(Answer::redirect(302, "/b")));
    let server = server.file("/b", File::new(SEED, LENGTH)).start();
    let mut known = (*known(&server, Some("\"v1\""), None)).clone();
    // Nobody listens on the port of one who has gone.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    known.at = Source::parse(&format!("http://{gone}/b")).unwrap();
    let request = |known| Request { expected: Some(Arc::new(known)), ..question(&server.url("/a"), Asked::From(5)) };
    assert_eq!(ask(&driver(), request(known.clone())).unwrap().start, 5);
    for status in [500, 502, 504] {
        let broken = serve(Answer::status(status));
        known.at = Source::parse(&broken.url(PATH)).unwrap();
        assert_eq!(ask(&driver(), request(known.clone())).unwrap().start, 5, "{status}");
    }
}

#[test]
fn a_redirect_that_sets_a_cookie_may_lead_back() {
    let back = Answer::redirect(302, PATH).header("Set-Cookie", "seen=yes; Path=/");
    let server = Server::new().file(PATH, File::new(SEED, LENGTH).script(1..=1, back)).start();
    let got = ask(&driver(), question(&server.url(PATH), Asked::From(0))).unwrap();
    assert_eq!((got.bytes, server.seen().requests.len()), (content(SEED, 0, LENGTH), 2));
}

#[test]
fn a_server_that_refuses_ranges_is_asked_for_all_of_it() {
    for status in [400, 403, 405, 406, 412, 413, 501] {
        let refusal = move |asked: &Asking| asked.header("range").map(|_| Answer::status(status));
        let server = Server::new().file(PATH, File::new(SEED, LENGTH).rule(refusal)).start();
        let got = ask(&driver(), question(&server.url(PATH), Asked::From(0))).unwrap();
        assert_eq!((got.start, got.bytes), (0, content(SEED, 0, LENGTH)), "{status}");
    }
    // The first word stands. One who is busy is not asked twice at once, nor who means the signature of a URL.
    for (query, status, times) in [
        ("", 404, 1),
        ("", 410, 1),
        ("", 403, 2),
        ("", 500, 1),
        ("", 501, 2),
        ("", 503, 1),
        ("", 405, 2),
        ("?X-Amz-Signature=1", 403, 1),
        ("?X-Amz-Signature=1", 404, 1),
    ] {
        let path = format!("{PATH}{query}");
        let server = Server::new().file(&path, File::new(SEED, LENGTH).answer(Answer::status(status))).start();
        let fault = ask(&driver(), question(&server.url(&path), Asked::From(0))).unwrap_err();
        assert_eq!((fault.kind, server.seen().requests.len()), (Kind::Status(status), times), "{query}");
    }
}

#[test]
fn what_the_request_for_all_of_it_ends_with_counts_where_it_says_more() {
    for (status, kind) in [(503, 503), (429, 429), (401, 401), (403, 403), (404, 405), (400, 405)] {
        let refusal = move |asked: &Asking| {
            Some(Answer::status(if asked.header("range").is_some() { 405 } else { status }).header("Retry-After", "7"))
        };
        let server = Server::new().file(PATH, File::new(SEED, LENGTH).rule(refusal)).start();
        let fault = ask(&driver(), question(&server.url(PATH), Asked::From(0))).unwrap_err();
        assert_eq!(fault.kind, Kind::Status(kind), "{fault}");
    }
}

#[test]
fn a_condition_that_is_refused_is_left_out() {
    let refusal = |asked: &Asking| asked.header("if-range").map(|_| Answer::status(412));
    let server = Server::new().file(PATH, File::new(SEED, LENGTH).rule(refusal)).start();
    let (driver, known) = (driver(), (*known(&server, Some("\"v1\""), None)).clone());
    for requests in [2, 3] {
        assert_eq!(ask(&driver, rest(&server, known.clone())).unwrap().start, 200);
        assert_eq!(server.seen().requests.len(), requests, "it is known by then");
    }
}

#[test]
fn heads_that_other_clients_read_are_read() {
    let many = "\r\nX-Line: x".repeat(300);
    for head in [format!("200 OK{many}"), "200 OK\r\nX-Folded: a\r\n b".to_owned(), "200 OK\r\nX-Blank : a".to_owned()]
    {
        let got = first(raw(&head), Asked::From(0));
        assert_eq!(got.unwrap().bytes, b"abc", "{head:.80}");
    }
}

/// A line that is none, in bytes: as servers send them that put a script's words into the head.
fn garbled(status: &str, line: &[u8], rest: &str) -> Answer {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nETag: \"v1\"\r\n");
    Answer::raw([head.as_bytes(), line, b"\r\n", rest.as_bytes()].concat())
}

#[test]
fn a_line_of_the_head_that_is_none_is_passed_over() {
    let whole = "Content-Length: 3\r\n\r\nabc";
    for line in [
        &b"X Y: a"[..],
        b": a",
        b"<br />",
        b"X-\xe9: a",
        b"X: a\x01b",
        b"X: \x7f",
        b"Content-Disposition: attachment; filename=\"\x02\"",
    ] {
        let (server, driver) = (serve(garbled("200 OK", line, whole)), driver());
        for requests in [2, 3] {
            let got = ask(&driver, question(&server.url(PATH), Asked::From(0)));
            assert_eq!(got.unwrap_or_else(|why| panic!("{line:?}: {why}")).bytes, b"abc");
            assert_eq!(server.seen().requests.len(), requests, "it is known by then: {line:?}");
        }
    }
    let chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(first(garbled("200 OK", b"<br />", chunked), Asked::From(0)).unwrap().bytes, b"abc");
    let in_part = format!("Content-Range: bytes 200-202/{LENGTH}\r\n{whole}");
    assert_eq!(part(garbled("206 x", b"<br />", &in_part), 200, 203).unwrap().bytes, b"abc");
}

#[test]
fn where_the_end_of_the_body_is_in_doubt_a_garbled_head_is_refused() {
    for (line, rest) in [
        (&b"<br />"[..], "\r\nabc"),
        (b"Content-Length: 3\x01", "\r\nabc"),
        (b"<br />", "Transfer-Encoding: identity\r\n\r\nabc"),
        (b"<br />", "Transfer-Encoding: chunked\r\nContent-Length: 13\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        (b"<br />", "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
        (b"X: a\0b", "Content-Length: 3\r\n\r\nabc"),
        (b"X: a\rb", "Content-Length: 3\r\n\r\nabc"),
    ] {
        let fault = first(garbled("200 OK", line, rest), Asked::From(0)).unwrap_err();
        assert_eq!(fault.kind, Kind::BadAnswer, "{line:?}: {fault}");
    }
}

#[test]
fn what_the_user_accepts_takes_the_place_of_everything() {
    let server = serve(Answer::new());
    let headers = Arc::from([header("accept", "text/plain")]);
    ask(&driver(), Request { headers, ..question(&server.url(PATH), Asked::Whole) }).unwrap();
    let seen = server.seen().requests;
    let accepts: Vec<&str> = seen[0].headers.iter().filter(|one| one.0 == "accept").map(|one| one.1.as_str()).collect();
    assert_eq!(accepts, ["text/plain"]);
}

#[test]
fn a_proxy_is_named_where_it_is_at_fault() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let through = |proxy: String| Http::new(HttpOptions { proxy: Some(Secret::from(proxy)), ..options() });
    let asked = |proxy: String, url: &str| ask(&through(proxy), question(url, Asked::Whole)).unwrap_err();
    let fault = asked(format!("http://{gone}"), "http://example.invalid/a");
    assert!(fault.detail.contains(&format!("through the proxy {gone}")), "{fault}");
    let fault = asked(format!("http://{gone}"), "https://example.invalid/a");
    assert!(fault.kind == Kind::Connect && fault.detail.contains("no connection"), "the proxy says nothing: {fault}");
    for written in [format!(" {gone}"), format!("HTTP://{gone}"), format!("SOCKS5://{gone} ")] {
        let fault = asked(written.clone(), "http://example.invalid/a");
        assert!(fault.detail.contains(&format!("through the proxy {gone}")), "{written}: {fault}");
    }
    let server = Server::new().file("/a", File::new(SEED, 9)).start();
    for none in ["socks://127.0.0.1:9", "tor://127.0.0.1:9", "", "::::"] {
        let fault = asked(none.to_owned(), &server.url("/a"));
        assert_eq!((fault.kind, &*fault.subject), (Kind::Request, "proxy"), "{none}: {fault}");
    }
    assert!(server.seen().requests.is_empty(), "nobody is asked without the proxy");
    for (status, kind, says) in
        [(407, Kind::Status(407), "asked for"), (403, Kind::Connect, "does not connect"), (502, Kind::Connect, "proxy")]
    {
        let proxy =
            Server::new().file("example.invalid:443", File::new(SEED, 0).answer(Answer::status(status))).start();
        let fault = asked(format!("http://{}", proxy.address()), "https://example.invalid/a");
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.detail.contains(says) && fault.detail.contains(&proxy.address().to_string()), "{fault}");
    }
    let cut =
        Server::new().file("example.invalid:443", File::new(SEED, 9).answer(Answer::new().ending(0, Ending::Reset)));
    let cut = cut.start();
    let fault = asked(format!("http://{}", cut.address()), "https://example.invalid/a");
    assert!(matches!(fault.kind, Kind::Connect | Kind::Cut), "{fault}");
}
