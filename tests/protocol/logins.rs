//! Logins: of the URL, of netrc, of a header; to whom they go, and to whom never.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use haul::model::{Fault, FaultKind as Kind, Secret};
use haul::protocol::{Asked, Http, HttpOptions, Netrc, Request};
use proptest::prelude::*;
use tempfile::TempDir;

use super::driver::{LENGTH, PATH, SEED, ask, driver, header, options, question, serve};
use crate::support::server::{Answer, File, Running, Server};

fn netrc(text: &str) -> Http {
    Http::new(HttpOptions { netrc: Netrc::parse(text.as_bytes()).unwrap(), ..options() })
}

/// The user and the password of each request's Basic login, as bytes with a colon between them.
fn shown(server: &Running) -> Vec<Option<Vec<u8>>> {
    let decode = |value: &str| BASE64_STANDARD.decode(value.strip_prefix("Basic ").unwrap()).unwrap();
    server.seen().requests.iter().map(|request| request.header("authorization").map(decode)).collect()
}

/// What a server saw of one request for a URL with this before its host.
fn shown_to(driver: &Http, user: &str) -> Option<Vec<u8>> {
    let server = serve(Answer::new());
    let url = server.url(PATH).replace("http://", &format!("http://{user}"));
    ask(driver, question(&url, Asked::From(0))).unwrap();
    let mut shown = shown(&server);
    assert_eq!(shown.len(), 1);
    shown.remove(0)
}

fn away(to: &str) -> File {
    File::new(SEED, 0).answer(Answer::redirect(302, to))
}

/// A file of this text and mode.
fn file(text: &str, mode: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netrc");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

#[test]
fn the_urls_login_is_sent_as_its_bytes() {
    for (user, bytes) in [
        ("me:hunter2@", &b"me:hunter2"[..]),
        ("me@", b"me:"),
        (":hunter2@", b":hunter2"),
        ("me:p%40ss%3Aw%2Frd%20%25@", b"me:p@ss:w/rd %"),
        ("jos\u{e9}:pa\u{df}@", "jos\u{e9}:pa\u{df}".as_bytes()),
        ("jos%C3%A9:x@", "jos\u{e9}:x".as_bytes()),
        // Latin-1, which is no UTF-8.
        ("jos%E9:pa%DF@", b"jos\xe9:pa\xdf"),
    ] {
        assert_eq!(shown_to(&driver(), user).as_deref(), Some(bytes), "{user}");
    }
    assert_eq!(shown_to(&driver(), ""), None);
}

#[test]
fn a_login_comes_back_with_the_way_back_to_its_origin_and_goes_nowhere_else() {
    let other = Server::new().start();
    let server = Server::new().file("/b", File::new(SEED, LENGTH)).start();
    let named = server.url("/b").replace("127.0.0.1", "localhost");
    other.put("/over", away(&server.url("/b")));
    server.put("/a", away(&other.url("/over")));
    // The same server under another name is another origin.
    server.put("/name", away(&named));
    for path in ["/a", "/name"] {
        let url = server.url(path).replace("http://", "http://me:hunter2@");
        ask(&driver(), question(&url, Asked::From(0))).unwrap();
    }
    let login = Some(b"me:hunter2".to_vec());
    assert_eq!(shown(&other), [None]);
    assert_eq!(shown(&server), [login.clone(), login.clone(), login, None]);
}

#[test]
fn a_header_goes_before_all_other_logins() {
    let driver = netrc("machine 127.0.0.1 login netrc password x");
    let server = serve(Answer::new());
    let url = server.url(PATH).replace("http://", "http://me:hunter2@");
    let headers: Arc<[_]> = Arc::from([header("authorization", "Bearer mine")]);
    ask(&driver, Request { headers, ..question(&url, Asked::From(0)) }).unwrap();
    let requests = server.seen().requests;
    let all: Vec<_> = requests[0].headers.iter().filter(|header| header.0 == "authorization").collect();
    assert_eq!(all, [&("authorization".to_owned(), "Bearer mine".to_owned())]);
}

#[test]
fn netrc_is_read_as_curl_reads_it() {
    let host = "127.0.0.1";
    for (text, user, bytes) in [
        ("machine HOST login me password hunter2", "", Some(&b"me:hunter2"[..])),
        ("machine\nHOST\n\tlogin me\r\n  account x password hunter2 port 21", "", Some(b"me:hunter2")),
        ("MACHINE HOST LOGIN me PASSWORD hunter2", "", Some(b"me:hunter2")),
        ("machine HOST login \"m e\" password \"a\\\"b\\\\c\\td\"", "", Some(b"m e:a\"b\\c\td")),
        ("machine HOST login me password a\"b\\c", "", Some(b"me:a\"b\\c")),
        ("# machine HOST login x\nmachine HOST # a comment\n login me password #1", "", Some(b"me:#1")),
        ("machine other login x password y machine HOST login me password z", "", Some(b"me:z")),
        ("machine HOST login me password z\nmachine HOST login me2 password z2", "me2@", Some(b"me2:z2")),
        ("machine HOST login me password z\nmachine HOST login me2 password z2", "", Some(b"me:z")),
        ("machine HOST login me password z", "you@", Some(b"you:")),
        ("machine HOST login me password z", "me:own@", Some(b"me:own")),
        ("machine HOST password z", "you@", Some(b"you:z")),
        ("machine HOST login me", "", Some(b"me:")),
        ("machine HOST", "", None),
        ("login me password z", "", None),
        ("default login any password z", "", Some(b"any:z")),
        ("default login any password z", "you@", Some(b"you:")),
        ("default login any password z machine HOST login me password z", "", Some(b"me:z")),
        ("macdef init\nmachine HOST login x\n\nmachine HOST login me password z", "", Some(b"me:z")),
        ("machine 127.0.0.10 login x password y machine 27.0.0.1 login x password y", "", None),
        ("", "", None),
    ] {
        let driver = netrc(&text.replace("HOST", host));
        assert_eq!(shown_to(&driver, user).as_deref(), bytes, "{text:?} {user}");
    }
    // A password may be bytes that are no UTF-8.
    // Editors of another system begin a file with a byte order mark.
    let logins = Netrc::parse(b"\xef\xbb\xbfmachine 127.0.0.1 login me password \xe9").unwrap();
    let driver = Http::new(HttpOptions { netrc: logins, ..options() });
    assert_eq!(shown_to(&driver, ""), Some(b"me:\xe9".to_vec()));
}

#[test]
fn a_mistake_in_netrc_is_told_with_its_line() {
    for (text, words) in [
        ("machine a\nlogin \"b", "line 2"),
        ("\n\nmachine a login \"b\npassword c\"", "line 3"),
        ("machine a\n\npassword", "line 3"),
        ("macdef x\ny\n\nmachine", "line 4"),
    ] {
        let why = Netrc::parse(text.as_bytes()).unwrap_err();
        assert!(why.contains(words), "{text:?}: {why}");
    }
}

#[test]
fn netrc_is_looked_up_again_after_each_redirect_and_for_the_hosts_that_it_names() {
    let other = Server::new().file("/b", File::new(SEED, LENGTH)).start();
    let there = other.url("/b").replace("127.0.0.1", "localhost");
    let server = Server::new().file("/a", away(&there)).start();
    let text = "machine localhost login there password t machine 127.0.0.1 login here password h";
    let asked = |text: &str| {
        server.forget();
        other.forget();
        ask(&netrc(text), question(&server.url("/a"), Asked::From(0))).unwrap();
        (shown(&server).remove(0), shown(&other).remove(0))
    };
    assert_eq!(asked(text), (Some(b"here:h".to_vec()), Some(b"there:t".to_vec())));
    assert_eq!(asked("machine 127.0.0.1 login here password h"), (Some(b"here:h".to_vec()), None));
    // A default names no host: it is for those that the user asks for.
    assert_eq!(asked("default login any password a"), (Some(b"any:a".to_vec()), None));
}

#[test]
fn no_plain_redirect_fetches_the_login_of_another_host_from_netrc() {
    // A proxy, so that a name can be asked for that no DNS has.
    let proxy = Server::new().file("http://named.example/b", File::new(SEED, LENGTH)).start();
    proxy.put("http://evil.example/a", away("http://named.example/b"));
    let logins = Netrc::parse(b"machine named.example login me password hunter2").unwrap();
    let through = Some(Secret::from(format!("http://{}", proxy.address())));
    let driver = Http::new(HttpOptions { netrc: logins, proxy: through, ..options() });
    ask(&driver, question("http://evil.example/a", Asked::From(0))).unwrap();
    ask(&driver, question("http://named.example/b", Asked::From(0))).unwrap();
    assert_eq!(shown(&proxy), [None, None, Some(b"me:hunter2".to_vec())]);
}

#[test]
fn a_netrc_that_others_can_read_is_refused_with_the_way_out() {
    for (mode, fine) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o644, false), (0o620, false)] {
        let (_folder, path) = file("machine 127.0.0.1 login me password hunter2", mode);
        let read = Netrc::read(&path);
        assert_eq!(read.is_ok(), fine, "{mode:o}: {read:?}");
        let shown = shown_to(&Http::new(HttpOptions { netrc: Netrc::usual(&path), ..options() }), "");
        assert_eq!(shown.is_some(), fine, "{mode:o}");
        if let Err(fault) = read {
            assert_eq!(fault.kind, Kind::Request);
            let words = fault.to_string();
            assert!(words.contains("chmod 600") && words.contains(&path.display().to_string()), "{words}");
        }
    }
    let missing = std::path::Path::new("/nowhere/netrc");
    assert!(Netrc::read(missing).is_err());
    assert_eq!(shown_to(&Http::new(HttpOptions { netrc: Netrc::usual(missing), ..options() }), ""), None);
}

#[test]
fn a_server_that_asks_for_a_login_is_told_why_there_is_none() {
    let asks = |driver: &Http, user: &str, headers: Arc<[_]>| -> Fault {
        let server = serve(Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\""));
        let url = server.url(PATH).replace("http://", &format!("http://{user}"));
        let fault = ask(driver, Request { headers, ..question(&url, Asked::From(0)) }).unwrap_err();
        assert_eq!((fault.kind, server.seen().requests.len()), (Kind::Status(401), 1), "{fault}");
        fault
    };
    let none = || Arc::from([]);
    let (_folder, path) = file("machine 127.0.0.1 login me password hunter2", 0o644);
    let unused = Http::new(HttpOptions { netrc: Netrc::usual(&path), ..options() });
    assert!(asks(&unused, "", none()).to_string().contains("chmod 600"));
    assert!(asks(&driver(), "me:hunter2@", none()).to_string().contains("does not accept the login"));
    let headers = Arc::from([header("Authorization", "Bearer hunter2")]);
    assert!(asks(&driver(), "", headers).to_string().contains("-H"));
    assert!(asks(&driver(), "", none()).to_string().contains("asks for a login"));
    let by_netrc = netrc("machine 127.0.0.1 login me password hunter2");
    let fault = asks(&by_netrc, "", none());
    assert!(!format!("{fault} {fault:?} {by_netrc:?}").contains("hunter2"), "{fault:?} {by_netrc:?}");
}

#[test]
fn a_proxys_login_goes_to_the_proxy_and_no_further() {
    let proxy = Server::new().file("http://example.invalid/a", File::new(SEED, LENGTH)).start();
    let url = format!("http://me:hunter2@{}", proxy.address());
    let options = HttpOptions { proxy: Some(Secret::from(url)), ..options() };
    assert!(!format!("{options:?}").contains("hunter2"), "{options:?}");
    let driver = Http::new(options);
    ask(&driver, question("http://example.invalid/a", Asked::From(0))).unwrap();
    let requests = proxy.seen().requests;
    assert_eq!(requests[0].header("proxy-authorization"), Some("Basic bWU6aHVudGVyMg=="));
    assert_eq!(requests[0].header("authorization"), None);
    let wrong =
        HttpOptions { proxy: Some(Secret::from("http://me:hunter2@:x/".to_owned())), ..super::driver::options() };
    let fault = ask(&Http::new(wrong), question("http://example.invalid/a", Asked::From(0))).unwrap_err();
    assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
}

#[test]
fn no_request_names_where_it_came_from() {
    let other = Server::new().file("/b", File::new(SEED, LENGTH)).start();
    let server = Server::new().file("/a?token=hunter2", away(&other.url("/b"))).start();
    ask(&driver(), question(&server.url("/a?token=hunter2"), Asked::From(0))).unwrap();
    let all = [server.seen().requests, other.seen().requests].concat();
    assert!(all.len() == 2 && all.iter().all(|request| request.header("referer").is_none()), "{all:#?}");
}

proptest! {
    #[test]
    fn any_bytes_are_a_netrc_or_a_mistake(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Netrc::parse(&text);
    }

    #[test]
    fn any_words_are_a_netrc_or_a_mistake(
        words in proptest::collection::vec(
            prop_oneof![
                Just("machine "), Just("default"), Just("\n"), Just("login "), Just("password "), Just("macdef"),
                Just("\n\n"), Just("\""), Just("\\"), Just("#"), Just("host"), Just(" "), Just("\r\n"), Just("\u{e9}"),
            ],
            0..40,
        ),
    ) {
        let _ = Netrc::parse(words.concat().as_bytes());
    }
}

#[test]
fn a_way_to_log_in_that_haul_does_not_know_is_named() {
    for user in ["", "me:hunter2@"] {
        let server =
            serve(Answer::status(401).header("WWW-Authenticate", "NTLM").header("WWW-Authenticate", "Negotiate"));
        let url = server.url(PATH).replace("http://", &format!("http://{user}"));
        let fault = ask(&driver(), question(&url, Asked::From(0))).unwrap_err();
        assert_eq!((fault.kind, server.seen().requests.len()), (Kind::Status(401), 1), "{fault}");
        assert!(fault.to_string().contains("NTLM, Negotiate"), "{fault}");
    }
}
