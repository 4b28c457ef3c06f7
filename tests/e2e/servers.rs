//! Servers as they are: without ranges, without lengths, busy, forgetful, cut off. The file must come all the same.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use super::{MIB, PATH, REFUSED, fetch, file, holds_only, serve};
use crate::support::Sandbox;
use crate::support::server::{Answer, Ending, File, Framing, Honour, Running, Seen, Server, Wrong};

/// Fetches the file and compares it; returns what the server saw.
#[track_caller]
fn comes_from(server: &Running) -> Seen {
    let sandbox = Sandbox::new();
    fetch(&sandbox, server, &["-x", "4"]).ok();
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    server.seen()
}

#[track_caller]
fn comes(answer: Answer) -> Seen {
    comes_from(&serve(answer))
}

/// A server that answers its requests by a script and then well.
fn scripted(numbers: impl std::ops::RangeBounds<usize> + Send + Sync + 'static, answer: Answer) -> Running {
    Server::new().file(PATH, file(Answer::new()).script(numbers, answer)).start()
}

#[test]
fn ranges_that_are_ignored() {
    let seen = comes(Answer::new().no_ranges());
    assert!(seen.sent(PATH).total < 5 * MIB, "the whole was sent more than once: {}", seen.sent(PATH).total);
}

#[test]
fn ranges_that_are_advertised_and_ignored() {
    comes(Answer::new().no_ranges().header("Accept-Ranges", "bytes"));
}

#[test]
fn ranges_that_are_ignored_only_later() {
    comes_from(&scripted(2.., Answer::new().no_ranges()));
}

#[test]
fn chunks_in_place_of_a_length() {
    comes(Answer::new().no_ranges().framing(Framing::Chunked));
    comes(Answer::new().framing(Framing::Chunked));
}

#[test]
fn chunks_and_no_content_range() {
    comes(Answer::new().framing(Framing::Chunked).wrong(Wrong::Absent));
}

#[test]
fn the_end_of_the_connection_in_place_of_a_length() {
    comes(Answer::new().no_ranges().framing(Framing::Close));
    comes(Answer::new().no_ranges().http10());
}

#[test]
fn a_206_without_content_range() {
    comes(Answer::new().wrong(Wrong::Absent));
}

#[test]
fn a_206_that_does_not_know_the_total() {
    comes(Answer::new().wrong(Wrong::UnknownTotal));
}

#[test]
fn a_206_that_is_shorter_than_asked() {
    comes(Answer::new().wrong(Wrong::Shorter(100_000)));
}

#[test]
fn weak_and_missing_validators() {
    comes(Answer::new().etag("W/\"v1\""));
    comes(Answer::new().no_etag());
    comes(Answer::new().no_etag().last_modified("Mon, 01 Jan 2024 00:00:00 GMT"));
}

#[test]
fn if_range_is_sent_with_a_strong_etag_only() {
    let seen = comes(Answer::new());
    assert!(seen.requests[1..].iter().all(|request| request.header("if-range").is_none_or(|held| held == "\"v1\"")));
    let seen = comes(Answer::new().etag("W/\"v1\""));
    assert!(seen.requests.iter().all(|request| !request.header("if-range").is_some_and(|held| held.contains("W/"))));
}

#[test]
fn if_range_that_is_ignored_or_fails_with_an_etag() {
    comes(Answer::new().if_range(Honour::Ignored));
    comes(Answer::new().if_range(Honour::EtagFails).last_modified("Mon, 01 Jan 2024 00:00:00 GMT"));
    comes(Answer::new().if_range(Honour::EtagFails));
}

#[test]
fn a_coding_that_nobody_asked_for_is_stored_as_sent() {
    let seen = comes(Answer::new().gzip());
    assert!(
        seen.requests.iter().all(|request| request.header("accept-encoding").is_none_or(|held| held == "identity"))
    );
}

#[test]
fn bytes_after_the_end() {
    comes(Answer::new().extra(1000));
}

#[test]
fn cuts_go_on_where_they_were_cut() {
    // A reset loses what its server has not sent yet, by TCP's own rules; what fits into the window that a connection
    // begins with has been sent.
    for (bytes, ending) in [(300_000, Ending::Cut), (60_000, Ending::Reset)] {
        let seen = comes(Answer::new().ending(bytes, ending));
        let sent = seen.sent(PATH);
        assert!(sent.twice() < MIB, "{} bytes sent twice after {ending:?}", sent.twice());
    }
}

#[test]
fn a_server_that_gives_a_little_each_time_gets_all_the_patience_that_is_needed() {
    // Far more cuts than --retries allows failures without progress.
    let seen = comes(Answer::new().ending(150_000, Ending::Cut));
    assert!(seen.requests.len() > 20, "{}", seen.requests.len());
}

#[test]
fn a_stalled_connection_is_replaced() {
    comes_from(&scripted(2..=2, Answer::new().ending(100_000, Ending::Stall)));
    comes_from(&scripted(1..=1, Answer::new().ending(0, Ending::Stall)));
}

/// The others fetch its rest, and nobody waits until its time is up.
#[test]
fn a_connection_that_died_is_not_waited_for() {
    for after in [100_000, 900_000] {
        let server = scripted(2..=2, Answer::new().ending(after, Ending::Stall));
        let sandbox = Sandbox::new();
        sandbox.get(&["-x", "4", "--timeout", "3600", &server.url(PATH)]).ok();
        holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    }
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    for status in [429, 503] {
        let start = std::time::Instant::now();
        comes_from(&scripted(1..=1, Answer::busy(status, 2)));
        assert!(start.elapsed().as_millis() >= 1900, "came again after {:?}", start.elapsed());
    }
    for status in [408, 500, 502, 504] {
        comes_from(&scripted(1..=2, Answer::status(status)));
    }
}

#[test]
fn a_busy_server_near_the_end_costs_nothing_that_is_there() {
    // Slow enough that little is in the kernel when a connection is closed: what is there counts as sent.
    let slow = file(Answer::new().rate(2_000_000)).script(4..=6, Answer::busy(429, 1));
    let seen = comes_from(&Server::new().file(PATH, slow).send_buffer(8 * 1024).start());
    assert!(seen.sent(PATH).twice() < MIB, "{} bytes sent twice", seen.sent(PATH).twice());
}

#[test]
fn a_limit_of_connections_is_learnt() {
    for refusal in [Answer::status(503), Answer::status(429), Answer::status(403), Answer::raw("")] {
        let file = file(Answer::new().rate(2_000_000));
        let server = Server::new().file(PATH, file).at_most(2, refusal).start();
        let seen = comes_from(&server);
        assert!(seen.requests.len() < 60, "{} requests against a limit", seen.requests.len());
    }
}

#[test]
fn redirects_are_followed() {
    for status in [301, 302, 303, 307, 308] {
        let away = serve(Answer::new());
        let server = Server::new()
            .file(PATH, File::new(1, 0).answer(Answer::redirect(status, "/next?a=b")))
            .file("/next?a=b", File::new(1, 0).answer(Answer::redirect(status, &away.url(PATH))))
            .start();
        comes_from(&server);
    }
}

#[test]
fn a_redirect_that_has_expired_is_asked_for_again() {
    let cut = file(Answer::new()).script(1..=1, Answer::new().ending(100_000, Ending::Cut));
    let target = Server::new().file("/signed", cut.script(2..=2, Answer::status(403))).start();
    let server =
        Server::new().file(PATH, File::new(1, 0).answer(Answer::redirect(302, &target.url("/signed")))).start();
    let sandbox = Sandbox::new();
    fetch(&sandbox, &server, &["-x", "1", "-o", "file.bin"]).ok();
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    assert!(server.seen().requests.len() >= 2, "the original URL was not asked again");
}

#[test]
fn a_one_time_url_works_over_one_connection() {
    comes_from(&scripted(2.., Answer::status(403)));
}

#[test]
fn a_proxy_from_the_environment_is_used_and_no_proxy_is_honoured() {
    let proxy = Server::new().file("http://files.example.test/file.bin", file(Answer::new())).start();
    let mut sandbox = Sandbox::new();
    sandbox.set("http_proxy", format!("http://{}", proxy.address()));
    sandbox.set("no_proxy", "127.0.0.1");
    sandbox.get(&["http://files.example.test/file.bin", "-o", "through.bin"]).ok();
    assert_eq!(sandbox.sha256("through.bin"), file(Answer::new()).sha256());
    let asked = proxy.seen().requests.len();
    let server = serve(Answer::new());
    fetch(&sandbox, &server, &[]).ok();
    assert_eq!(proxy.seen().requests.len(), asked);
    sandbox.set("no_proxy", "*");
    fetch(&sandbox, &server, &["-o", "again.bin"]).ok();
    assert_eq!(proxy.seen().requests.len(), asked, "no host is asked through it, by name or by address");
}

#[test]
fn a_proxy_of_the_environment_that_is_none_is_an_error() {
    let server = serve(Answer::new());
    for proxy in ["ftp://127.0.0.1:9", "::::"] {
        let mut sandbox = Sandbox::new();
        sandbox.set("http_proxy", proxy);
        let ended = fetch(&sandbox, &server, &[]).code(2);
        assert!(ended.stderr.contains("http_proxy: this variable holds no proxy's URL"), "{}", ended.stderr);
    }
    assert!(server.seen().requests.is_empty(), "the site itself was asked");
}

#[test]
fn a_socks_proxy_that_refuses_the_login_is_asked_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (told, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut said = [0; 512];
            // RFC 1928, section 3, and RFC 1929, section 2: a login is wanted, and this one is wrong.
            for answer in [[5, 2], [1, 1]] {
                let _ = stream.read(&mut said).and_then(|_| stream.write_all(&answer));
            }
            let _ = told.send(());
        }
    });
    let mut sandbox = Sandbox::new();
    sandbox.set("all_proxy", format!("socks5h://me:hunter2@{address}"));
    let ended = sandbox.get(&["--retry-wait", "0.1", "http://files.example.test/file.bin"]);
    let ended = ended.refused(&[&format!("through the proxy {address}"), "login"]).code(REFUSED);
    assert!(!ended.stderr.contains("hunter2"), "{ended:#?}");
    asked.recv().unwrap();
    assert!(asked.try_recv().is_err(), "a wrong password is tried once");
}
