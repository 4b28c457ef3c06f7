//! Redirects, followed with care; and secrets, which stay where they belong.

use std::sync::Arc;

use haul::model::{FaultKind as Kind, Source};
use haul::protocol::{Asked, Request};

use super::driver::{LENGTH, PATH, SEED, ask, driver, header, known, question, serve};
use crate::support::server::{Answer, Ending, File, Running, Server};

/// A server on which `/` followed by a number leads to the next lower one, and `/0` is the file.
fn stairs(height: usize) -> Running {
    let mut server = Server::new().file("/0", File::new(SEED, LENGTH));
    for step in 1..=height {
        let answer = Answer::redirect(302, &format!("/{}", step - 1));
        server = server.file(&format!("/{step}"), File::new(SEED, 0).answer(answer));
    }
    server.start()
}

/// A server whose `/a` leads to this place.
fn leads(to: &str) -> Running {
    let file = File::new(SEED, LENGTH);
    let away = File::new(SEED, 0).answer(Answer::redirect(302, to));
    Server::new().file("/a", away).file("/d/b", file.clone()).file("/b", file.clone()).file("/d/%E9", file).start()
}

#[test]
fn each_kind_of_redirect_is_followed_with_the_same_question() {
    for status in [300, 301, 302, 303, 307, 308] {
        let away = File::new(SEED, 0).answer(Answer::redirect(status, "/b"));
        let server = Server::new().file("/a", away).file("/b", File::new(SEED, LENGTH)).start();
        let got = ask(&driver(), question(&server.url("/a"), Asked::From(7))).unwrap();
        assert_eq!((got.start, got.resource.at.url().as_str()), (7, server.url("/b").as_str()), "{status}");
        let seen = server.seen();
        assert!(seen.requests.iter().all(|request| request.range() == Some((7, None)) && request.method == "GET"));
    }
}

#[test]
fn relative_and_odd_places_are_found() {
    for (to, at) in [
        ("b", "/b"),
        ("./d/../b", "/b"),
        ("/d/b", "/d/b"),
        ("d/b#part", "/d/b"),
        ("  /b  ", "/b"),
        ("?x=1", "/a?x=1"),
        ("/d/é b", "/d/%C3%A9%20b"),
    ] {
        let server = leads(to);
        server.put("/a?x=1", File::new(SEED, LENGTH));
        server.put("/d/%C3%A9%20b", File::new(SEED, LENGTH));
        let got = ask(&driver(), question(&server.url("/a"), Asked::From(0))).unwrap();
        assert_eq!(got.resource.at.url().as_str(), server.url(at), "{to:?}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_kept_as_they_are() {
    let server = leads("/b");
    server.put("/a", File::new(SEED, 0).answer(Answer::raw(&b"HTTP/1.1 302 x\r\nLocation: /d/\xe9\r\n\r\n"[..])));
    let got = ask(&driver(), question(&server.url("/a"), Asked::From(0))).unwrap();
    assert_eq!(got.resource.at.url().path(), "/d/%E9");
}

#[test]
fn twenty_are_followed_and_no_more() {
    let server = stairs(21);
    assert_eq!(ask(&driver(), question(&server.url("/20"), Asked::From(0))).unwrap().bytes.len() as u64, LENGTH);
    let fault = ask(&driver(), question(&server.url("/21"), Asked::From(0))).unwrap_err();
    assert_eq!(fault.kind, Kind::Redirect, "{fault}");
}

#[test]
fn circles_are_noticed() {
    let away = |to: &str| File::new(SEED, 0).answer(Answer::redirect(302, to));
    let server = Server::new().file("/a", away("/b")).file("/b", away("/c")).file("/c", away("/b#x")).start();
    let fault = ask(&driver(), question(&server.url("/a"), Asked::From(0))).unwrap_err();
    assert_eq!((fault.kind, server.seen().requests.len()), (Kind::Redirect, 3), "{fault}");
}

#[test]
fn places_that_haul_does_not_go_to() {
    for to in [
        "ftp://host/a",
        "file:///etc/passwd",
        "data:,a",
        "javascript:alert(1)",
        "http://",
        "http://host:99999/",
        "http://[::1/",
        "/a\tb",
    ] {
        let server = leads(to);
        let fault = ask(&driver(), question(&server.url("/a"), Asked::From(0))).unwrap_err();
        assert_eq!(fault.kind, Kind::Redirect, "{to:?}: {fault}");
    }
    let server = serve(Answer::status(302));
    let fault = ask(&driver(), question(&server.url(PATH), Asked::From(0))).unwrap_err();
    assert_eq!(fault.kind, Kind::Redirect, "{fault}");
}

#[test]
fn the_users_headers_go_to_the_sources_own_origin_and_nowhere_else() {
    let other = Server::new().file("/b", File::new(SEED, LENGTH)).start();
    let server = leads("/b");
    // Another port is another origin.
    server.put("/away", File::new(SEED, 0).answer(Answer::redirect(302, &other.url("/b"))));
    let headers: Arc<[_]> =
        Arc::from([header("Authorization", "Bearer x"), header("Cookie", "a=b"), header("X-Own", "1")]);
    for path in ["/a", "/away"] {
        let request = Request { headers: headers.clone(), ..question(&server.url(path), Asked::From(0)) };
        assert_eq!(ask(&driver(), request).unwrap().bytes.len() as u64, LENGTH);
    }
    for name in ["authorization", "cookie", "x-own"] {
        assert!(server.seen().requests.iter().all(|request| request.header(name).is_some()), "{name}");
        assert!(other.seen().requests.iter().all(|request| request.header(name).is_none()), "{name}");
    }
    assert_eq!(other.seen().requests.len(), 1);
}

#[test]
fn the_urls_credentials_stay_with_their_origin_too() {
    let other = Server::new().file("/b", File::new(SEED, LENGTH)).start();
    let server = leads("/b");
    server.put("/away", File::new(SEED, 0).answer(Answer::redirect(302, &other.url("/b"))));
    server.put("/full", File::new(SEED, 0).answer(Answer::redirect(302, &server.url("/b"))));
    for path in ["/a", "/full", "/away"] {
        let url = server.url(path).replace("http://", "http://me:hunter2@");
        assert_eq!(ask(&driver(), question(&url, Asked::From(0))).unwrap().bytes.len() as u64, LENGTH);
    }
    let basic = Some("Basic bWU6aHVudGVyMg==");
    let seen = server.seen();
    assert!(seen.requests.iter().all(|request| request.header("authorization") == basic), "{:#?}", seen.requests);
    assert_eq!(other.seen().requests[0].header("authorization"), None);
}

#[test]
fn where_redirects_led_is_asked_first_and_when_that_has_expired_the_way_from_its_beginning() {
    let server = leads("/b");
    let mut known = (*known(&server, Some("\"v1\""), None)).clone();
    known.at = Source::parse(&server.url("/d/b")).unwrap();
    let request = || Request { expected: Some(Arc::new(known.clone())), ..question(&server.url("/a"), Asked::From(5)) };
    let paths = || server.seen().requests.iter().map(|request| request.path.clone()).collect::<Vec<_>>();
    ask(&driver(), request()).unwrap();
    assert_eq!(paths(), ["/d/b"]);
    for status in [401, 403, 404, 410] {
        server.forget();
        server.change("/d/b", |file| file.answer = Answer::status(status));
        assert_eq!(ask(&driver(), request()).unwrap().start, 5);
        assert_eq!(paths(), ["/d/b", "/a", "/b"], "{status}");
    }
    server.change("/d/b", |file| file.answer = Answer::status(503));
    assert_eq!(ask(&driver(), request()).unwrap_err().kind, Kind::Status(503));
}

#[test]
fn no_fault_tells_a_secret() {
    let secret = "hunter2";
    let server = Server::new()
        .file("/404?token=hunter2", File::new(SEED, 0).answer(Answer::status(404)))
        .file("/noise?token=hunter2", File::new(SEED, 0).answer(Answer::raw("rubbish\r\n\r\n")))
        .file("/silent?token=hunter2", File::new(SEED, 0).answer(Answer::raw("")))
        .file("/circle?token=hunter2", File::new(SEED, 0).answer(Answer::redirect(302, "/circle?token=hunter2")))
        .file("/ftp?token=hunter2", File::new(SEED, 0).answer(Answer::redirect(302, "ftp://me:hunter2@host/")))
        .file("/odd?token=hunter2", File::new(SEED, 0).answer(Answer::redirect(302, "http://me:hunter2@:x/")))
        .file("/cut?token=hunter2", File::new(SEED, LENGTH).answer(Answer::new().ending(10, Ending::Cut)))
        .start();
    let gone = serve(Answer::new()).url("/gone?token=hunter2");
    let paths = ["/404", "/noise", "/silent", "/circle", "/ftp", "/odd", "/cut"];
    let urls = paths.map(|path| server.url(&format!("{path}?token=hunter2")));
    for url in urls.into_iter().chain([gone]) {
        let url = url.replace("http://", "http://me:hunter2@");
        let fault = match ask(&driver(), question(&url, Asked::From(0))) {
            Err(fault) => fault,
            Ok(got) => got.broke.expect("nothing goes well here"),
        };
        assert!(!format!("{fault} {fault:?}").contains(secret), "{fault:?}");
        assert!(fault.to_string().contains("127.0.0.1"), "it says which URL: {fault}");
    }
}
