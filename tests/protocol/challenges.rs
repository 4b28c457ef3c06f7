//! Digest logins (RFC 7616), held against a server of the tests' own arithmetic.

use haul::model::FaultKind as Kind;
use haul::protocol::{Asked, Http};

use super::driver::{LENGTH, PATH, SEED, ask, driver, question};
use crate::support::guard::{Guard, fields, response};
use crate::support::server::{Answer, File, Running, Server};

const OFFER: &str = "Digest realm=\"a \\\"b\\\"\", nonce=\"{nonce}\", opaque=\"o\\\"p\", qop=\"auth\"{stale}";

fn offer(more: &str) -> String {
    format!("{OFFER}, {more}")
}

fn guarded(guard: &Guard) -> Running {
    Server::new().file(PATH, guard.before(File::new(SEED, LENGTH))).start()
}

fn get(driver: &Http, server: &Running, user: &str) -> Result<u64, haul::model::Fault> {
    let url = server.url(PATH).replace("http://", &format!("http://{user}@"));
    ask(driver, question(&url, Asked::From(0))).map(|got| got.bytes.len() as u64)
}

fn authorization(server: &Running, index: usize) -> String {
    server.seen().requests[index].header("authorization").unwrap_or("").to_owned()
}

#[test]
fn the_arithmetic_of_these_tests_is_the_rfcs() {
    // RFC 7616, section 3.9.1.
    for (algorithm, expected) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let header = format!(
            "Digest realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm={algorithm}, nc=00000001, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", qop=auth, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""
        );
        assert_eq!(response(&fields(&header).unwrap(), b"Mufasa", b"Circle of Life"), expected);
    }
}

#[test]
fn each_kind_of_challenge_is_answered() {
    for more in [
        "algorithm=MD5",
        "algorithm=md5",
        "algorithm=MD5-sess",
        "algorithm=SHA-256",
        "algorithm=SHA-256-sess",
        "algorithm=SHA-512-256",
        "charset=UTF-8, domain=\"/\", unknown=x",
    ] {
        let server = guarded(&Guard::new(&[&offer(more)]));
        let driver = driver();
        for _ in 0..3 {
            assert_eq!(get(&driver, &server, "me:hunter2").unwrap_or_else(|why| panic!("{more}: {why}")), LENGTH);
        }
        assert_eq!(server.seen().requests.len(), 4, "one refusal, and none once the nonce is known: {more}");
        assert!(authorization(&server, 0).starts_with("Basic ") && authorization(&server, 1).starts_with("Digest "));
    }
}

#[test]
fn other_qualities_are_answered_too() {
    for (quality, sent) in [
        ("", None),
        (", qop=\"auth-int\"", Some("auth-int")),
        (", qop=\"auth-int,auth\"", Some("auth")),
        (", qop=auth", Some("auth")),
    ] {
        let offer = format!("Digest realm=\"r\", nonce=\"{{nonce}}\", opaque=\"o\\\"p\"{quality}");
        let server = guarded(&Guard::new(&[&offer]));
        assert_eq!(get(&driver(), &server, "me:hunter2").unwrap(), LENGTH, "{quality}");
        let fields = fields(&authorization(&server, 1)).unwrap();
        assert_eq!(fields.get("qop").map(String::as_str), sent);
        assert_eq!((fields.contains_key("nc"), fields.contains_key("cnonce")), (sent.is_some(), sent.is_some()));
    }
}

#[test]
fn a_realm_and_a_nonce_are_answered_in_the_bytes_that_they_came_in() {
    let offer = "Digest realm=\"Gesch\u{fc}tzt, 100 %41\", nonce=\"{nonce}\", opaque=\"o\\\"p\", qop=\"auth\"{stale}";
    let server = guarded(&Guard::new(&[offer]));
    assert_eq!(get(&driver(), &server, "me:hunter2").unwrap(), LENGTH);
    // In Latin-1 too: that it is answered is all that can be seen here.
    let offer = b"Digest realm=\"\xe9\", nonce=n".to_vec();
    let answer = Answer::status(401).header_bytes("WWW-Authenticate", offer);
    let server = Server::new().file(PATH, File::new(SEED, LENGTH).answer(answer)).start();
    assert_eq!(get(&driver(), &server, "me:hunter2").unwrap_err().kind, Kind::Status(401));
    assert!(authorization(&server, 1).starts_with("Digest username=\"me\", realm="), "{}", authorization(&server, 1));
}

#[test]
fn the_strongest_of_several_challenges_is_answered() {
    let (weak, strong) = (offer("algorithm=MD5"), offer("algorithm=SHA-256"));
    let odd = offer("algorithm=NEW-1");
    let one = format!("Basic realm=\"x, y\", {weak}, {odd}, {strong}");
    for offers in [vec!["Negotiate", &weak, &odd, &strong], vec![&one], vec![&strong, "Basic realm=x", &weak]] {
        let server = guarded(&Guard::new(&offers));
        assert_eq!(get(&driver(), &server, "me:hunter2").unwrap(), LENGTH, "{offers:?}");
        assert_eq!(fields(&authorization(&server, 1)).unwrap()["algorithm"], "SHA-256");
    }
}

#[test]
fn a_nonce_that_is_too_old_costs_one_request() {
    for says in [true, false] {
        let guard = Guard::new(&[&offer("algorithm=MD5")]).uses(2);
        let server = guarded(&if says { guard } else { guard.says_no_stale() });
        let driver = driver();
        for _ in 0..4 {
            assert_eq!(get(&driver, &server, "me:hunter2").unwrap(), LENGTH, "{says}");
        }
        assert_eq!(server.seen().requests.len(), 6, "{says}");
    }
}

#[test]
fn the_next_nonce_is_taken_from_the_answer() {
    let server = guarded(&Guard::new(&[&offer("algorithm=SHA-256")]).uses(1).names_next());
    let driver = driver();
    for _ in 0..4 {
        assert_eq!(get(&driver, &server, "me:hunter2").unwrap(), LENGTH);
    }
    assert_eq!(server.seen().requests.len(), 5);
}

#[test]
fn a_wrong_password_is_told_after_two_requests() {
    let server = guarded(&Guard::new(&[&offer("algorithm=MD5"), "Basic realm=x"]));
    let driver = driver();
    for _ in 0..2 {
        server.forget();
        let fault = get(&driver, &server, "me:hunter3").unwrap_err();
        assert_eq!((fault.kind, server.seen().requests.len()), (Kind::Status(401), 2), "{fault}");
        let words = fault.to_string();
        assert!(words.contains("does not accept the login") && !words.contains("hunter"), "{words}");
    }
    assert_eq!(get(&driver, &server, "me:hunter2").unwrap(), LENGTH, "another login is another matter");
}

#[test]
fn a_server_that_always_says_stale_is_given_up() {
    let answer = Answer::status(401).header("WWW-Authenticate", "Digest realm=r, nonce=\"n\", qop=auth, stale=true");
    let server = Server::new().file(PATH, File::new(SEED, LENGTH).answer(answer)).start();
    let fault = get(&driver(), &server, "me:hunter2").unwrap_err();
    assert_eq!((fault.kind, server.seen().requests.len()), (Kind::Status(401), 3), "{fault}");
}

#[test]
fn a_server_that_goes_back_to_basic_is_followed() {
    let guard = Guard::new(&[&offer("algorithm=MD5")]);
    let server = guarded(&guard);
    let driver = driver();
    get(&driver, &server, "me:hunter2").unwrap();
    server.change(PATH, |file| {
        *file = File::new(SEED, LENGTH).rule(|request| {
            let basic = request.header("authorization").is_some_and(|value| value.starts_with("Basic "));
            (!basic).then(|| Answer::status(401).header("WWW-Authenticate", "Basic realm=x"))
        });
    });
    assert_eq!(get(&driver, &server, "me:hunter2").unwrap(), LENGTH);
}

#[test]
fn names_that_are_no_ascii_are_sent_as_the_server_wants_them() {
    let user = "jos\u{e9} \"x\"".as_bytes().to_vec();
    let login = "jos%C3%A9%20%22x%22:pa%C3%9F";
    for (more, name, value) in [
        ("charset=UTF-8", "username*", "UTF-8''jos%C3%A9%20%22x%22"),
        ("userhash=true, algorithm=SHA-256", "userhash", "true"),
    ] {
        let guard = Guard::new(&[&offer(more)]);
        let server = guarded(&guard.login(&user, "pa\u{df}".as_bytes()));
        assert_eq!(get(&driver(), &server, login).unwrap(), LENGTH, "{more}");
        let sent = fields(&authorization(&server, 1)).unwrap();
        assert_eq!(sent[name], value, "{sent:?}");
        assert_eq!(sent.contains_key("username"), name == "userhash", "{sent:?}");
    }
}

#[test]
fn a_digest_stays_with_its_origin() {
    let other = Server::new().file("/b", File::new(SEED, LENGTH).answer(Answer::status(401))).start();
    other.change("/b", |file| {
        file.answer = file.answer.clone().header("WWW-Authenticate", "Digest realm=r, nonce=n, qop=auth");
    });
    let server = Server::new().file(PATH, File::new(SEED, 0).answer(Answer::redirect(302, &other.url("/b")))).start();
    get(&driver(), &server, "me:hunter2").unwrap_err();
    let requests = other.seen().requests;
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization"), None);
}

#[test]
fn odd_challenges_do_no_harm() {
    let long = format!("Digest realm=r, nonce=\"{}\", qop=auth", "n".repeat(5000));
    for odd in [
        long.as_str(),
        "Digest",
        "Digest ",
        "Digest realm",
        "Digest realm=\"",
        "Digest nonce=\"n\"",
        "Digest realm=r, nonce=n, qop=\"other\"",
        "Digest realm=r, nonce=n, algorithm=\"\"",
        "=,=",
        ",,,",
        "Negotiate abc==",
        "Digest realm=\"\\",
        "Basic",
    ] {
        let answer = Answer::status(401).header("WWW-Authenticate", odd).header("Authentication-Info", odd);
        let server = Server::new().file(PATH, File::new(SEED, LENGTH).answer(answer)).start();
        let fault = get(&driver(), &server, "me:hunter2").unwrap_err();
        assert_eq!((fault.kind, server.seen().requests.len()), (Kind::Status(401), 1), "{odd:?}: {fault}");
    }
}
