//! One file from several places: used at once, and one that fails, lies or crawls costs nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

use super::{CHECKSUM, MIB, NETWORK, PATH, holds_no_finished_file, holds_only};
use crate::support::server::{Answer, Ending, File, Request, Running, Server, content};
use crate::support::{Output, Sandbox};

pub const LENGTH: u64 = 8 * MIB;
/// Slow enough that each place is needed.
pub const RATE: u64 = 2 << 20;

pub fn file(answer: Answer) -> File {
    File::new(11, LENGTH).answer(answer)
}

pub fn sum() -> String {
    file(Answer::new()).sha256()
}

/// A server of the file; each has an ETag of its own.
pub fn place(tag: &str, answer: Answer) -> Running {
    Server::new().rate(RATE).file(PATH, file(answer.etag(tag))).start()
}

pub fn good(tag: &str) -> Running {
    place(tag, Answer::new())
}

/// Fetches the file from these places, the first of which is the primary one.
fn fetch(sandbox: &Sandbox, places: &[&Running], more: &[&str]) -> Output {
    let urls: Vec<String> = places.iter().map(|place| place.url(PATH)).collect();
    let mut words = vec!["--json", "--retry-wait", "0.1", "--timeout", "3", "--retries", "3", urls[0].as_str()];
    words.extend(urls[1..].iter().flat_map(|url| ["--mirror", url.as_str()]));
    sandbox.get(&[&words, more].concat())
}

pub fn sent(place: &Running) -> u64 {
    place.seen().sent(PATH).total
}

pub fn events(output: &Output, event: &str) -> usize {
    output.json().iter().filter(|line| line["event"] == event).count()
}

#[test]
fn all_places_are_used_at_once_and_what_was_given_for_one_reaches_no_other() {
    let (a, b, c) = (good("\"a\""), good("\"b\""), good("\"c\""));
    let sandbox = Sandbox::new();
    fetch(&sandbox, &[&a, &b, &c], &["-x", "6", "-H", "X-Key: hunter2"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    let shares = [&a, &b, &c].map(sent);
    assert!(shares.iter().all(|share| *share > MIB), "{shares:?}");
    assert!(shares.iter().sum::<u64>() < LENGTH + 2 * MIB, "{shares:?}");
    assert!(a.seen().requests.iter().all(|request| request.header("x-key") == Some("hunter2")));
    for mirror in [&b, &c] {
        let seen = mirror.seen();
        assert!(seen.requests.iter().all(|request| request.header("x-key").is_none()), "a header reached a mirror");
        let asked = seen.requests.iter().filter_map(|request| request.header("if-range"));
        assert!(asked.into_iter().all(|tag| tag != "\"a\""), "a validator of another place was sent");
    }
}

#[test]
fn another_file_is_dropped_before_a_byte_of_it_is_used() {
    let other = |file: File| Server::new().rate(RATE).file(PATH, file).start();
    for liar in [other(File::new(12, LENGTH)), other(File::new(11, LENGTH - 1)), other(File::new(11, LENGTH + 1))] {
        let a = good("\"a\"");
        let sandbox = Sandbox::new();
        let output = fetch(&sandbox, &[&a, &liar], &["-x", "4"]).ok();
        holds_only(&sandbox, "file.bin", &sum());
        assert_eq!(events(&output, "mirror_dropped"), 1, "{output:#?}");
        assert!(sent(&liar) < MIB, "{}", sent(&liar));
        assert!(sent(&a) < LENGTH + MIB);
    }
}

#[test]
fn places_without_the_file_are_passed_over() {
    for bad in [Answer::status(404), Answer::status(403), Answer::page(), Answer::new().no_ranges()] {
        for primary in [true, false] {
            let (bad, b, c) = (place("\"a\"", bad.clone()), good("\"b\""), good("\"c\""));
            let places = if primary { [&bad, &b, &c] } else { [&b, &bad, &c] };
            let sandbox = Sandbox::new();
            fetch(&sandbox, &places, &["-x", "4"]).ok();
            holds_only(&sandbox, "file.bin", &sum());
            assert!(bad.seen().requests.len() < 10, "{}", bad.seen().requests.len());
        }
    }
}

#[test]
fn a_place_that_dies_leaves_its_work_to_the_others() {
    for first in [true, false] {
        // From its fourth request on it answers nothing more, and those before end early.
        let dying = file(Answer::new().ending(MIB, Ending::Reset)).script(4.., Answer::status(503));
        let (dying, b) = (Server::new().rate(RATE).file(PATH, dying).start(), good("\"b\""));
        let sandbox = Sandbox::new();
        let places = if first { [&dying, &b] } else { [&b, &dying] };
        fetch(&sandbox, &places, &["-x", "4"]).ok();
        holds_only(&sandbox, "file.bin", &sum());
        assert!(sent(&b) < LENGTH + MIB, "what the other had brought was kept");
    }
}

#[test]
fn a_place_that_stalls_is_not_waited_for() {
    let (a, stalling) = (good("\"a\""), place("\"b\"", Answer::new().ending(100_000, Ending::Stall)));
    let sandbox = Sandbox::new();
    fetch(&sandbox, &[&a, &stalling], &["-x", "4"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
}

/// At its rate the first lease alone would take minutes.
#[test]
fn a_place_that_crawls_holds_up_nothing() {
    for first in [true, false] {
        let crawling = Server::new().rate(4096).file(PATH, file(Answer::new().etag("\"c\""))).start();
        let b = good("\"b\"");
        let places = if first { [&crawling, &b] } else { [&b, &crawling] };
        let sandbox = Sandbox::new();
        fetch(&sandbox, &places, &["-x", "4"]).ok();
        holds_only(&sandbox, "file.bin", &sum());
        assert!(sent(&crawling) < MIB, "{}", sent(&crawling));
    }
}

/// Its connections are too slow to be worth another one there, or the file is too small: not so at the mirror.
#[test]
fn a_small_file_does_not_stay_with_a_first_place_that_crawls() {
    let comes_from_the_mirror = |length: u64| {
        let small = |tag: &str| File::new(11, length).answer(Answer::new().etag(tag));
        let crawling = Server::new().rate(30_000).file(PATH, small("\"c\"")).start();
        let b = Server::new().rate(RATE).file(PATH, small("\"b\"")).start();
        let sandbox = Sandbox::new();
        fetch(&sandbox, &[&crawling, &b], &["-x", "8"]).ok();
        holds_only(&sandbox, "file.bin", &small("").sha256());
        assert!(sent(&crawling) < length / 2, "{length}: {}", sent(&crawling));
    };
    std::thread::scope(|both| {
        both.spawn(|| comes_from_the_mirror(4 * MIB));
        comes_from_the_mirror(3 * MIB / 2);
    });
}

/// Its samples are right and its other bytes are not: only the checksum tells.
#[test]
fn a_liar_that_passes_the_samples_is_found_out_by_the_checksum() {
    let checksum = format!("sha256:{}", sum());
    for lies_first in [false, true] {
        let lying = |number: u64| (3 * number + 1) * MIB;
        let lie = move |request: &Request| {
            let start = request.range().map_or(0, |range| range.0);
            let next = (0..5).map(lying).find(|at| *at >= start)?;
            Some(Answer::new().etag("\"l\"").damage(next))
        };
        let liar = Server::new().rate(RATE).file(PATH, file(Answer::new().etag("\"l\"")).rule(lie)).start();
        let a = good("\"a\"");
        let places = if lies_first { [&liar, &a] } else { [&a, &liar] };
        let sandbox = Sandbox::new();
        let output = fetch(&sandbox, &places, &["-x", "4", "--checksum", &checksum]).ok();
        holds_only(&sandbox, "file.bin", &sum());
        assert!(events(&output, "repairing") >= 1, "{output:#?}");
    }
}

#[test]
fn nothing_is_delivered_if_all_places_lie() {
    let (a, b) = (good("\"a\""), good("\"b\""));
    let sandbox = Sandbox::new();
    let checksum = format!("sha256:{}", "0".repeat(64));
    fetch(&sandbox, &[&a, &b], &["-x", "4", "--checksum", &checksum]).code(CHECKSUM);
    holds_no_finished_file(&sandbox);
    assert!(sent(&a) + sent(&b) < 4 * LENGTH, "{} and {}", sent(&a), sent(&b));
}

/// What is on disk came from one place, and another one goes on.
#[test]
fn a_stopped_download_goes_on_from_another_place() {
    let (a, b) = (good("\"a\""), good("\"b\""));
    let sandbox = Sandbox::new();
    let urls = [a.url(PATH), b.url(PATH)];
    let process = sandbox.start(&["get", "-x", "4", &urls[0]]);
    a.wait("some of it came", |seen| seen.sent(PATH).total > 3 * MIB);
    process.signal(rustix::process::Signal::KILL);
    process.finish();
    let kept = sent(&a);
    a.change(PATH, |file| *file = File::new(11, LENGTH).answer(Answer::status(404)));
    fetch(&sandbox, &[&a, &b], &["-x", "4"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    assert!(sent(&b) < LENGTH - kept / 2, "{} of {LENGTH} were sent again, {kept} had come", sent(&b));
}

#[test]
fn the_queue_remembers_mirrors() {
    let (gone, b) = (place("\"a\"", Answer::status(404)), good("\"b\""));
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &gone.url(PATH), "--mirror", &b.url(PATH)]).ok();
    sandbox.run(&["run"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
}

/// Nobody but the server vouches for these places: without a checksum none of them is asked.
#[test]
fn links_to_other_places_are_followed_where_a_checksum_is_known() {
    let digest = format!("sha-256=:{}:", STANDARD.encode(sha2::Sha256::digest(content(11, 0, LENGTH))));
    for announced in [true, false] {
        let b = good("\"b\"");
        let link = format!("<{}>; rel=\"duplicate\"; pri=1; geo=\"de\", </other>; rel=describedby", b.url(PATH));
        let answer = Answer::new().header("Link", &link);
        let a = place("\"a\"", if announced { answer.header("Repr-Digest", &digest) } else { answer });
        let sandbox = Sandbox::new();
        fetch(&sandbox, &[&a], &["-x", "4"]).ok();
        holds_only(&sandbox, "file.bin", &sum());
        assert_eq!(sent(&b) > MIB, announced, "{} of {LENGTH}", sent(&b));
    }
}

/// One site of two machines with an ETag each: neither it nor its bytes are given up for that.
#[test]
fn a_place_of_several_machines_keeps_what_it_brought() {
    let tag = |request: &Request| if request.connection.is_multiple_of(2) { "\"one\"" } else { "\"two\"" };
    let answer = move |request: &Request| Some(Answer::new().etag(tag(request)));
    let a = Server::new().rate(RATE).file(PATH, file(Answer::new()).rule(answer)).start();
    let b = good("\"b\"");
    for places in [[&a, &b], [&b, &a]] {
        let before = sent(&a) + sent(&b);
        let sandbox = Sandbox::new();
        fetch(&sandbox, &places, &["-x", "4"]).ok();
        holds_only(&sandbox, "file.bin", &sum());
        assert!(sent(&a) + sent(&b) - before < LENGTH + 2 * MIB, "{}", sent(&a) + sent(&b) - before);
    }
}

/// The lead is refused in the middle, at all its connections at once, before the other place has brought a byte.
#[test]
fn a_lead_that_is_refused_in_the_middle_leaves_what_it_brought_to_the_other() {
    for status in [403, 404, 410] {
        let dying = file(Answer::new().etag("\"a\"").ending(MIB, Ending::Cut)).script(5.., Answer::status(status));
        let dying = Server::new().rate(RATE).file(PATH, dying).start();
        let b = Server::new().file(PATH, file(Answer::new().etag("\"b\"")).script(1..3, Answer::status(503))).start();
        let sandbox = Sandbox::new();
        fetch(&sandbox, &[&dying, &b], &["-x", "4"]).ok();
        holds_only(&sandbox, "file.bin", &sum());
        assert!(sent(&b) < LENGTH, "{} of {LENGTH}", sent(&b));
    }
}

/// However many places there are, failures without a byte end it.
#[test]
fn places_that_all_fail_are_given_up() {
    let closing = || place("\"a\"", Answer::new().silence(Ending::Cut));
    let (a, b, c) = (closing(), closing(), closing());
    for wait in ["0", "0.05"] {
        let sandbox = Sandbox::new();
        let (b, c) = (b.url(PATH), c.url(PATH));
        let words = ["--retry-wait", wait, "--retries", "2", &a.url(PATH), "--mirror", &b, "--mirror", &c];
        sandbox.get(&words).code(NETWORK);
        holds_no_finished_file(&sandbox);
    }
    let asked = [&a, &b, &c].map(|place| place.seen().requests.len());
    assert!(asked.iter().sum::<usize>() < 40, "{asked:?}");
}

/// A link from a place that a link led to leads nowhere: else a server could send haul around for ever.
#[test]
fn links_of_links_are_not_followed() {
    let digest = format!("sha-256=:{}:", STANDARD.encode(sha2::Sha256::digest(content(11, 0, LENGTH))));
    let c = good("\"c\"");
    let linking = |tag: &str, to: &Running| {
        let link = format!("<{}>; rel=duplicate", to.url(PATH));
        place(tag, Answer::new().header("Link", &link).header("Repr-Digest", &digest))
    };
    let b = linking("\"b\"", &c);
    let a = linking("\"a\"", &b);
    let sandbox = Sandbox::new();
    fetch(&sandbox, &[&a], &["-x", "4"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    assert!(sent(&b) > MIB);
    assert_eq!(c.seen().requests.len(), 0);
}

/// What a link led to is not known at the next start, and what is on disk is used all the same.
#[test]
fn what_a_linked_place_brought_is_kept_over_a_restart() {
    let digest = format!("sha-256=:{}:", STANDARD.encode(sha2::Sha256::digest(content(11, 0, LENGTH))));
    let b = good("\"b\"");
    let link = format!("<{}>; rel=duplicate", b.url(PATH));
    let answer = Answer::new().etag("\"a\"").header("Link", &link).header("Repr-Digest", &digest);
    let failing = file(answer.clone().ending(MIB, Ending::Cut)).script(4.., Answer::status(503));
    let a = Server::new().rate(RATE).file(PATH, failing).start();
    let sandbox = Sandbox::new();
    let process = sandbox.start(&["get", "-x", "2", &a.url(PATH)]);
    b.wait("most of it came", |seen| seen.sent(PATH).total > LENGTH / 2);
    process.signal(rustix::process::Signal::KILL);
    process.finish();
    let before = sent(&a) + sent(&b);
    a.change(PATH, |held| *held = file(answer));
    fetch(&sandbox, &[&a], &["-x", "2"]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    let again = sent(&a) + sent(&b) - before;
    assert!(again < LENGTH - LENGTH / 4, "{again} of {LENGTH} came again");
}

/// What stands under `default` in netrc is for the hosts that the user names.
#[test]
fn a_linked_place_gets_no_login_that_is_for_all() {
    let b = good("\"b\"");
    let digest = format!("sha-256=:{}:", STANDARD.encode(sha2::Sha256::digest(content(11, 0, LENGTH))));
    let link = format!("<{}>; rel=duplicate", b.url(PATH).replace("127.0.0.1", "localhost"));
    let a = place("\"a\"", Answer::new().header("Link", &link).header("Repr-Digest", &digest));
    let sandbox = Sandbox::new();
    let netrc = sandbox.path("netrc");
    std::fs::write(&netrc, "default login me password hunter2").unwrap();
    std::fs::set_permissions(&netrc, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fetch(&sandbox, &[&a], &["-x", "4", "--netrc", netrc.to_str().unwrap()]).ok();
    assert!(a.seen().requests.iter().all(|request| request.header("authorization").is_some()));
    assert!(!b.seen().requests.is_empty());
    assert!(b.seen().requests.iter().all(|request| request.header("authorization").is_none()));
}
