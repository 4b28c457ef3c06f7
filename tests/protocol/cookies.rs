//! Cookies: of a cookies.txt, of servers on the way, of the user; and where they do not go.

use std::sync::Arc;

use haul::model::FaultKind as Kind;
use haul::protocol::{Asked, Cookies, Http, HttpOptions, Request};
use proptest::prelude::*;

use super::driver::{LENGTH, PATH, SEED, ask, driver, header, options, question, serve};
use crate::support::server::{Answer, File, Running, Server};

/// A line of a cookies.txt for this server's address.
fn line(name: &str, value: &str) -> String {
    format!("127.0.0.1\tFALSE\t/\tFALSE\t0\t{name}\t{value}\n")
}

fn with(text: &str) -> Http {
    let cookies = Cookies::parse(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}"));
    Http::new(HttpOptions { cookies, ..options() })
}

fn get(driver: &Http, url: &str) {
    ask(driver, question(url, Asked::From(0))).unwrap();
}

/// The Cookie of each request, in order.
fn cookies(server: &Running) -> Vec<String> {
    let cookie = |request: &crate::support::server::Request| {
        let all: Vec<_> = request.headers.iter().filter(|header| header.0 == "cookie").collect();
        assert!(all.len() < 2, "one header for all: {all:?}");
        all.first().map_or(String::new(), |header| header.1.clone())
    };
    server.seen().requests.iter().map(cookie).collect()
}

/// What a server that sets these gets back for a further request for `path`.
fn set_then(values: &[&str], path: &str) -> String {
    let set = values.iter().fold(Answer::new(), |answer, value| answer.header("Set-Cookie", value));
    let server = Server::new().file("/d/a", File::new(SEED, LENGTH).answer(set)).start();
    server.put(path, File::new(SEED, LENGTH).answer(Answer::new()));
    let driver = driver();
    get(&driver, &server.url("/d/a"));
    get(&driver, &server.url(path));
    cookies(&server).pop().unwrap()
}

#[test]
fn a_cookies_txt_is_read_as_curl_and_yt_dlp_write_it() {
    let curl = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n";
    for (text, expected) in [
        (line("a", "1"), "a=1"),
        (curl.to_owned() + &line("a", "1") + &line("b", "x=y \"z\""), "a=1; b=x=y \"z\""),
        ("\u{feff}".to_owned() + &line("a", "1").replace('\n', "\r\n"), "a=1"),
        ("#HttpOnly_".to_owned() + &line("a", "1"), "a=1"),
        (line("a", "").replace("\ta\t", "\ta"), "a="),
        (line("", "1"), ""),
        (line("a", "1") + &line("a", "2"), "a=2"),
        (".127.0.0.1\tTRUE\t/\tFALSE\t0\ta\t1".to_owned(), "a=1"),
        ("127.0.0.1\tFALSE\t/\tFALSE\t4102444800\ta\t1".to_owned(), "a=1"),
        ("127.0.0.1\tFALSE\t/\tFALSE\t4102444800.75\ta\t1".to_owned(), "a=1"),
        ("127.0.0.1\tFALSE\t/\tFALSE\t\ta\t1".to_owned(), "a=1"),
        ("127.0.0.1\tFALSE\t/\tFALSE\t1000000000\ta\t1".to_owned(), ""),
        ("127.0.0.1\tfalse\t/a\tfalse\t-1\ta\t1".to_owned(), ""),
        ("127.0.0.1\tFALSE\t/\tTRUE\t0\ta\t1".to_owned(), ""),
        ("127.0.0.1\tFALSE\t/a.bin\tFALSE\t0\ta\t1\n".to_owned() + &line("a", "2"), "a=1; a=2"),
        ("localhost\tTRUE\t/\tFALSE\t0\ta\t1\n27.0.0.1\tTRUE\t/\tFALSE\t0\ta\t1".to_owned(), ""),
        (line("a", "\u{e9}"), "a=\u{e9}"),
    ] {
        let server = serve(Answer::new());
        get(&with(&text), &server.url(PATH));
        assert_eq!(cookies(&server), [expected], "{text:?}");
    }
}

#[test]
fn what_is_no_cookies_txt_is_refused_with_its_line() {
    for (text, words) in [
        ("{\"cookies\": []}", &["line 1", "tabs"][..]),
        ("# fine\n\n127.0.0.1 FALSE / FALSE 0 a 1", &["line 3", "tabs"]),
        ("127.0.0.1\tyes\t/\tFALSE\t0\ta\t1", &["line 1", "second"]),
        ("127.0.0.1\tTRUE\t/\tno\t0\ta\t1", &["line 1", "fourth"]),
        ("127.0.0.1\tTRUE\tx\tFALSE\t0\ta\t1", &["line 1", "path"]),
        ("127.0.0.1\tTRUE\t/\tFALSE\tsoon\ta\t1", &["line 1", "time"]),
        ("\tTRUE\t/\tFALSE\t0\ta\t1", &["line 1", "domain"]),
        ("a/b\tTRUE\t/\tFALSE\t0\ta\t1", &["line 1", "domain"]),
        ("me@a\tTRUE\t/\tFALSE\t0\ta\t1", &["line 1", "domain"]),
        ("a:80\tTRUE\t/\tFALSE\t0\ta\t1", &["line 1", "domain"]),
        ("127.0.0.1\tTRUE\t/\tFALSE\t0\ta\thunter2\u{7}", &["line 1", "control"]),
        ("127.0.0.1\tTRUE\t/\tFALSE\t0\ta\thunter2\tx", &["line 1", "8 fields"]),
    ] {
        let why = Cookies::parse(text.as_bytes()).unwrap_err();
        assert!(words.iter().all(|word| why.contains(word)) && !why.contains("hunter2"), "{text:?}: {why}");
    }
    assert!(Cookies::parse(b"a\xe9").unwrap_err().contains("line 1"));
    let fault = Cookies::read(std::path::Path::new("/nowhere/cookies.txt")).unwrap_err();
    assert!(fault.kind == Kind::Request && fault.to_string().starts_with("/nowhere/cookies.txt"), "{fault}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cookies.txt");
    std::fs::write(&path, line("a", "hunter2")).unwrap();
    assert!(!format!("{:?}", Cookies::read(&path).unwrap()).contains("hunter2"));
}

#[test]
fn servers_cookies_follow_their_rules() {
    for (set, path, expected) in [
        ("a=1", "/d/b", "a=1"),
        ("a=1", "/b", ""),
        ("a=1; Path=/", "/b", "a=1"),
        ("a=1; Path=/d/b", "/d/b", "a=1"),
        ("a=1; Path=/d/b", "/d/bc", ""),
        ("a=1; Path=odd", "/d/b", "a=1"),
        ("a=1; Max-Age=0", "/d/b", ""),
        ("a=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/d/b", "a=1"),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/d/b", ""),
        ("a=1; Secure", "/d/b", ""),
        ("a=1; HttpOnly; SameSite=Strict", "/d/b", "a=1"),
        ("a=1; Domain=127.0.0.1", "/d/b", "a=1"),
        ("a=1; Domain=0.0.1", "/d/b", ""),
        ("a=1; Domain=example.org", "/d/b", ""),
        ("a=1; Domain=1", "/d/b", ""),
        ("__Secure-a=1", "/d/b", ""),
        ("__Host-a=1; Path=/", "/d/b", ""),
        ("=1", "/d/b", ""),
        ("a", "/d/b", ""),
        ("", "/d/b", ""),
        ("a=\"x y\"; Path=/", "/d/b", "a=\"x y\""),
    ] {
        assert_eq!(set_then(&[set], path), expected, "{set:?} {path}");
    }
    assert_eq!(set_then(&["a=1", "b=2; Path=/", "a=3", "b=; Max-Age=-1; Path=/"], "/d/b"), "a=3");
}

#[test]
fn cookies_are_bounded_in_number_and_size() {
    assert_eq!(set_then(&[&format!("a={}", "x".repeat(4096)), "b=1"], "/d/b"), "b=1");
    assert_eq!(set_then(&[&format!("a=1; Comment={}", "x".repeat(9000)), "b=1"], "/d/b"), "b=1");
    let many: Vec<String> = (0..80).map(|number| format!("c{number}={}", "x".repeat(1000))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let got = set_then(&many, "/d/b");
    assert!((7000..=8190).contains(&got.len()), "{}", got.len());
    let few: Vec<String> = (0..80).map(|number| format!("c{number}=1")).collect();
    let few: Vec<&str> = few.iter().map(String::as_str).collect();
    assert_eq!(set_then(&few, "/d/b").split("; ").count(), 50);
}

#[test]
fn cookies_of_one_domain_are_bounded_over_many_answers() {
    let driver = driver();
    let server = Server::new().start();
    for round in 0..4 {
        let set = (0..40)
            .fold(Answer::new(), |answer, number| answer.header("Set-Cookie", &format!("c{round}x{number}=1; Path=/")));
        server.put("/a", File::new(SEED, LENGTH).answer(set));
        get(&driver, &server.url("/a"));
    }
    server.put("/b", File::new(SEED, LENGTH).answer(Answer::new().header("Set-Cookie", "c0x0=2; Path=/")));
    get(&driver, &server.url("/b"));
    get(&driver, &server.url("/b"));
    let last = cookies(&server).pop().unwrap();
    assert_eq!(last.split("; ").count(), 50);
    assert!(last.contains("c0x0=2"), "one that is known may change: {last}");
}

#[test]
fn cookies_set_on_the_way_are_sent_along_it_and_to_no_other_host() {
    let other = Server::new().file("/b", File::new(SEED, LENGTH)).start();
    let elsewhere = other.url("/b").replace("127.0.0.1", "localhost");
    let redirect = |to: &str| Answer::redirect(302, to).header("Set-Cookie", "way=1; Path=/");
    let server = Server::new().file("/end", File::new(SEED, LENGTH)).start();
    server.put("/gate", File::new(SEED, 0).answer(redirect("/end")));
    server.put("/away", File::new(SEED, 0).answer(redirect(&elsewhere)));
    // A cookie is for a host and all its ports (RFC 6265, section 8.5).
    server.put("/port", File::new(SEED, 0).answer(redirect(&other.url("/b"))));
    let driver = with(&line("own", "1"));
    for path in ["/gate", "/away", "/port"] {
        get(&driver, &server.url(path));
    }
    assert_eq!(cookies(&server), ["own=1", "own=1; way=1", "own=1; way=1", "own=1; way=1"]);
    assert_eq!(cookies(&other), ["", "own=1; way=1"]);
}

#[test]
fn a_cookie_that_the_user_gives_stays_with_its_origin_and_goes_before_others() {
    let other = Server::new().file("/b", File::new(SEED, LENGTH)).start();
    let server = Server::new().file("/a", File::new(SEED, 0).answer(Answer::redirect(302, &other.url("/b")))).start();
    let driver = with(&(line("jar", "1") + &line("same", "jar")));
    let headers: Arc<[_]> = Arc::from([header("Cookie", "same=mine; x=\u{e9}"), header("cookie", "y=2")]);
    ask(&driver, Request { headers, ..question(&server.url("/a"), Asked::From(0)) }).unwrap();
    assert_eq!(cookies(&server), ["same=mine; x=\u{e9}; y=2; jar=1"]);
    assert_eq!(cookies(&other), ["jar=1; same=jar"]);
}

#[test]
fn a_login_by_cookie_lets_the_way_be_asked_again() {
    // The first request is sent to a page that sets a cookie and sends back.
    let file = File::new(SEED, LENGTH).rule(|request| {
        let known = request.header("cookie").is_some_and(|value| value.contains("session=1"));
        (!known).then(|| Answer::redirect(302, "/login"))
    });
    let login = Answer::redirect(302, "/a?again").header("Set-Cookie", "session=1; Path=/; HttpOnly");
    let server = Server::new().file("/a", file.clone()).file("/a?again", file);
    let server = server.file("/login", File::new(SEED, 0).answer(login)).start();
    let driver = driver();
    get(&driver, &server.url("/a"));
    get(&driver, &server.url("/a"));
    assert_eq!(server.seen().requests.len(), 4, "the second time nobody asks");
}

proptest! {
    #[test]
    fn any_bytes_are_a_cookies_txt_or_a_mistake(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Cookies::parse(&text);
    }

    #[test]
    fn any_fields_are_a_cookies_txt_or_a_mistake(
        fields in proptest::collection::vec(
            prop_oneof![
                Just("\t".to_owned()), Just("\n".to_owned()), Just("TRUE".to_owned()), Just("FALSE".to_owned()),
                Just("/".to_owned()), Just("a.b".to_owned()), Just("#HttpOnly_".to_owned()), Just(".".to_owned()),
                Just("[::1]".to_owned()), Just("99999999999999999999".to_owned()), Just("9223372036854775807".to_owned()),
                ".{0,4}",
            ],
            0..30,
        ),
    ) {
        let _ = Cookies::parse(fields.concat().as_bytes());
    }

    #[test]
    fn any_line_of_seven_fields_does_no_harm(
        domain in "[a-z.0-9:\\[\\]-]{0,12}", path in "/.{0,5}", time in any::<i64>(), name in ".{0,5}", value in ".{0,5}",
    ) {
        let _ = Cookies::parse(format!("{domain}\tTRUE\t{path}\tFALSE\t{time}\t{name}\t{value}").as_bytes());
    }
}

#[test]
fn the_oldest_cookies_of_a_domain_make_room_for_new_ones() {
    let driver = driver();
    let server = Server::new().start();
    let set = |round: u32, count: u32, what: &str| {
        let answer = (0..count).fold(Answer::new(), |answer, number| {
            answer.header("Set-Cookie", &format!("c{round}x{number:02}=1; Path=/{what}"))
        });
        server.put("/a", File::new(SEED, LENGTH).answer(answer));
        get(&driver, &server.url("/a"));
    };
    set(1, 20, "");
    set(2, 20, "");
    // Those that are over count no more.
    set(2, 20, "; Max-Age=0");
    set(3, 20, "");
    set(4, 15, "");
    server.put("/b", File::new(SEED, LENGTH).answer(Answer::new()));
    get(&driver, &server.url("/b"));
    let last = cookies(&server).pop().unwrap();
    assert_eq!(last.split("; ").count(), 50);
    for (name, is_kept) in [("c1x00", false), ("c1x04", false), ("c1x05", true), ("c2x19", false), ("c4x14", true)] {
        assert_eq!(last.contains(&format!("{name}=")), is_kept, "{name}: {last}");
    }
}
