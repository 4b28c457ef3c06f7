//! Servers that lie. The file is right or it is not there; never is a wrong byte delivered, and never does haul hang.

use super::{MIB, PATH, fetch, file, holds_no_finished_file, holds_only, serve};
use crate::support::Sandbox;
use crate::support::server::{Answer, Ending, File, Framing, Running, Server, Wrong};

/// Fetches the file; it must be right, or the run must fail and leave nothing under the target's name.
#[track_caller]
fn right_or_nothing(server: &Running, sha256: &str) {
    let sandbox = Sandbox::new();
    let output = fetch(&sandbox, server, &["-x", "4"]);
    if output.code == Some(0) {
        holds_only(&sandbox, "file.bin", sha256);
    } else {
        output.refused(&[]);
        holds_no_finished_file(&sandbox);
    }
    assert!(server.seen().requests.len() < 200, "{} requests", server.seen().requests.len());
}

/// As above, for a server that can't be believed at all: the run must fail.
#[track_caller]
fn nothing(answer: Answer) {
    let server = serve(answer);
    let sandbox = Sandbox::new();
    fetch(&sandbox, &server, &["-x", "4"]).refused(&[]);
    holds_no_finished_file(&sandbox);
    assert!(server.seen().requests.len() < 200, "{} requests", server.seen().requests.len());
}

fn sum() -> String {
    file(Answer::new()).sha256()
}

#[test]
fn another_range_than_asked() {
    for wrong in
        [Wrong::Shifted(4096), Wrong::Says("bytes 0-9/4194304".to_owned()), Wrong::Says("lines 1-2".to_owned())]
    {
        right_or_nothing(&serve(Answer::new().wrong(wrong)), &sum());
    }
}

#[test]
fn another_range_than_asked_only_later() {
    for wrong in [Wrong::Shifted(4096), Wrong::Total(5 * MIB), Wrong::Says("bytes 18446744073709551615-1/1".to_owned())]
    {
        let file = file(Answer::new()).script(2.., Answer::new().wrong(wrong));
        right_or_nothing(&Server::new().file(PATH, file).start(), &sum());
    }
}

#[test]
fn a_total_that_is_wrong() {
    for total in [1, 4 * MIB - 1, 5 * MIB, u64::MAX] {
        right_or_nothing(&serve(Answer::new().wrong(Wrong::Total(total))), &sum());
    }
}

#[test]
fn an_etag_that_differs_from_edge_to_edge() {
    let file =
        file(Answer::new()).rule(|request| Some(Answer::new().etag(&format!("\"edge-{}\"", request.number % 2))));
    right_or_nothing(&Server::new().file(PATH, file).start(), &sum());
}

#[test]
fn a_file_that_changes_while_it_comes_is_never_mixed() {
    for next in [2, 3, 5] {
        let old = File::new(11, 4 * MIB).answer(Answer::new().rate(2_000_000));
        let server = Server::new().file(PATH, old).start();
        let sandbox = Sandbox::new();
        let process =
            sandbox.start(&["get", "-x", "4", "--retry-wait", "0.1", "--timeout", "3", server.url(PATH).as_str()]);
        server.wait("some requests", |seen| seen.requests.len() >= next || seen.total() >= 4 * MIB);
        // Another version of the same size, which cuts what is under way only at the next request.
        server.put(PATH, File::new(12, 4 * MIB).answer(Answer::new().etag("\"v2\"")));
        let output = process.finish();
        if output.code == Some(0) {
            let sums = [sandbox.sha256("file.bin")];
            assert!(sums == [File::new(11, 4 * MIB).sha256()] || sums == [File::new(12, 4 * MIB).sha256()], "mixed");
        } else {
            output.refused(&[]);
            holds_no_finished_file(&sandbox);
        }
    }
}

#[test]
fn a_file_that_changed_between_two_runs_is_never_mixed() {
    for (before, after, length) in [
        (Answer::new(), Answer::new().etag("\"v2\""), 4 * MIB),
        (Answer::new(), Answer::new().etag("\"v2\""), 3 * MIB),
        // The server does not tell versions apart, neither before nor after: only the bytes do.
        (Answer::new().no_etag(), Answer::new().no_etag(), 4 * MIB),
    ] {
        let server = Server::new().file(PATH, file(before.rate(1_000_000))).start();
        let sandbox = Sandbox::new();
        let process = sandbox.start(&["get", server.url(PATH).as_str()]);
        server.wait("a part of the file", |seen| seen.total() > MIB);
        process.signal(rustix::process::Signal::TERM);
        process.finish();
        let new = File::new(12, length).answer(after);
        let sum = new.sha256();
        server.put(PATH, new);
        fetch(&sandbox, &server, &[]).ok();
        holds_only(&sandbox, "file.bin", &sum);
    }
}

#[test]
fn a_page_in_place_of_the_file_does_not_destroy_what_is_there() {
    let server = Server::new().file(PATH, file(Answer::new().rate(1_000_000))).start();
    let sandbox = Sandbox::new();
    let process = sandbox.start(&["get", server.url(PATH).as_str()]);
    server.wait("half of the file", |seen| seen.total() > 2 * MIB);
    process.signal(rustix::process::Signal::TERM);
    process.finish();
    server.change(PATH, |file| file.answer = Answer::page());
    fetch(&sandbox, &server, &[]).refused(&[]);
    holds_no_finished_file(&sandbox);
    server.change(PATH, |file| file.answer = Answer::new());
    server.forget();
    fetch(&sandbox, &server, &[]).ok();
    holds_only(&sandbox, "file.bin", &sum());
    assert!(server.seen().total() < 3 * MIB, "what was there was thrown away: {} bytes came", server.seen().total());
}

#[test]
fn a_body_that_is_always_cut_is_no_file() {
    nothing(Answer::new().no_ranges().ending(3 * MIB, Ending::Cut));
    nothing(Answer::new().no_ranges().framing(Framing::Chunked).ending(3 * MIB, Ending::Cut));
    nothing(Answer::new().ending(0, Ending::Reset));
}

#[test]
fn headers_that_contradict_themselves_or_never_end() {
    nothing(Answer::new().no_ranges().lengths(&["4194304", "5"]));
    nothing(Answer::new().no_ranges().lengths(&["-1"]));
    nothing(Answer::new().flood(200_000));
    nothing(Answer::raw("garbage"));
    nothing(Answer::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx"));
    nothing(Answer::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
    nothing(Answer::raw("HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\n\r\n--x--"));
}

#[test]
fn redirects_that_go_nowhere() {
    nothing(Answer::redirect(302, PATH));
    nothing(Answer::redirect(302, "file:///etc/passwd"));
    nothing(Answer::redirect(302, "ftp://127.0.0.1/a"));
    nothing(Answer::redirect(302, "data:,a"));
    nothing(Answer::status(302));
    let chain = (0..60).fold(Server::new(), |server, number| {
        let next = Answer::redirect(302, &format!("/{}", number + 1));
        let path = if number == 0 { PATH.to_owned() } else { format!("/{number}") };
        server.file(&path, File::new(1, 0).answer(next))
    });
    let server = chain.start();
    fetch(&Sandbox::new(), &server, &[]).refused(&["redirect"]);
    assert!(server.seen().requests.len() <= 22 * 4, "{} requests", server.seen().requests.len());
}

#[test]
fn a_huge_claim_costs_nothing() {
    let huge = Answer::new().no_ranges().lengths(&["1125899906842624"]).ending(1000, Ending::Cut);
    nothing(huge);
    nothing(Answer::new().wrong(Wrong::Total(1 << 50)).ending(0, Ending::Cut));
}

#[test]
fn nothing_from_outside_steers_the_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m";
    for answer in [
        Answer::raw(format!("HTTP/1.1 404 {evil}\r\nContent-Length: 0\r\n\r\n")),
        Answer::redirect(302, &format!("http://127.0.0.1:1/{evil}")),
        Answer::new().disposition(&format!("attachment; filename=\"a{evil}b\"")),
        Answer::status(200).header("Content-Encoding", evil),
    ] {
        let server = serve(answer);
        for more in [&[][..], &["--json"]] {
            let output = fetch(&Sandbox::new(), &server, more);
            let all = output.stdout + &output.stderr;
            assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{all:?}");
        }
    }
}
