//! The server itself on trial, over plain sockets: its lies must be the lies that a test asked for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Answer, Ending, File, Framing, Gate, Honour, Running, Server, Wrong, content, sha256};

fn ask(server: &Running, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut all = Vec::new();
    // A reset is one of the answers that are tried here.
    let _ = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|window| window == b"\r\n\r\n").map_or(all.len(), |at| at + 4);
    (String::from_utf8_lossy(&all[..end]).into_owned(), all[end..].to_vec())
}

fn one(answer: Answer) -> Running {
    Server::new().file("/a", File::new(3, 1000).answer(answer)).start()
}

#[test]
fn content_is_the_same_from_wherever_it_is_read() {
    let whole = content(5, 0, 100);
    for start in 0..20 {
        for end in start..40 {
            assert_eq!(content(5, start, end), whole[start as usize..end as usize]);
        }
    }
    assert_ne!(content(6, 0, 100), whole);
    assert_eq!(sha256(5, 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn ranges_are_served_and_counted() {
    let server = one(Answer::new());
    let (head, body) = ask(&server, "/a", "");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("ETag: \"v1\""), "{head}");
    assert_eq!(body, content(3, 0, 1000));
    let (head, body) = ask(&server, "/a", "Range: bytes=10-19\r\n");
    assert!(head.starts_with("HTTP/1.1 206 ") && head.contains("Content-Range: bytes 10-19/1000"), "{head}");
    assert_eq!(body, content(3, 10, 20));
    assert_eq!(ask(&server, "/a", "Range: bytes=990-\r\n").1, content(3, 990, 1000));
    assert_eq!(ask(&server, "/a", "Range: bytes=-5\r\n").1, content(3, 995, 1000));
    assert!(ask(&server, "/a", "Range: bytes=1000-\r\n").0.starts_with("HTTP/1.1 416 "));
    assert!(ask(&server, "/none", "").0.starts_with("HTTP/1.1 404 "));
    let seen = server.wait("all connections to close", |seen| seen.open == 0);
    let sent = seen.sent("/a");
    assert_eq!((sent.total, sent.once.total(), sent.twice()), (1025, 1000, 25));
    assert_eq!((seen.of("/a").len(), seen.connections), (5, 6));
    assert_eq!(seen.of("/a")[1].range(), Some((10, Some(19))));
}

#[test]
fn validators_are_compared_as_asked() {
    let server = one(Answer::new().last_modified("Mon, 01 Jan 2024 00:00:00 GMT"));
    let range = "Range: bytes=5-\r\n";
    let status = |headers: &str| ask(&server, "/a", headers).0[9..12].to_owned();
    assert_eq!(status(&format!("{range}If-Range: \"v1\"\r\n")), "206");
    assert_eq!(status(&format!("{range}If-Range: \"v2\"\r\n")), "200");
    assert_eq!(status(&format!("{range}If-Range: Mon, 01 Jan 2024 00:00:00 GMT\r\n")), "206");
    assert_eq!(status("If-None-Match: \"v1\"\r\n"), "304");
    server.change("/a", |file| file.answer = file.answer.clone().if_range(Honour::Ignored));
    assert_eq!(status(&format!("{range}If-Range: \"v2\"\r\n")), "206");
    server.change("/a", |file| file.answer = file.answer.clone().if_range(Honour::EtagFails));
    assert_eq!(status(&format!("{range}If-Range: \"v1\"\r\n")), "200");
}

#[test]
fn it_lies_as_asked() {
    let range = "Range: bytes=10-19\r\n";
    let (head, body) = ask(&one(Answer::new().wrong(Wrong::Shifted(7))), "/a", range);
    assert!(head.contains("Content-Range: bytes 17-26/1000"), "{head}");
    assert_eq!(body, content(3, 17, 27));
    let says = |wrong: Wrong| ask(&one(Answer::new().wrong(wrong)), "/a", range).0;
    assert!(says(Wrong::Says("lines 1-2/3".to_owned())).contains("Content-Range: lines 1-2/3"));
    assert!(!says(Wrong::Absent).contains("Content-Range"));
    assert!(says(Wrong::Total(5)).contains("10-19/5\r\n") && says(Wrong::UnknownTotal).contains("10-19/*\r\n"));
    assert_eq!(ask(&one(Answer::new().wrong(Wrong::Shorter(4))), "/a", range).1.len(), 6);
    assert_eq!(ask(&one(Answer::new().no_ranges()), "/a", range).1.len(), 1000);
    assert_eq!(ask(&one(Answer::new().extra(9)), "/a", "").1.len(), 1009);
    let head = ask(&one(Answer::new().lengths(&["5", "6"])), "/a", "").0;
    assert!(head.contains("Content-Length: 5\r\nContent-Length: 6\r\n"), "{head}");
    assert!(ask(&one(Answer::new().flood(5000)), "/a", "").0.len() > 500_000);
    assert!(ask(&one(Answer::new().http10()), "/a", "").0.starts_with("HTTP/1.0 200 "));
    assert_eq!(ask(&one(Answer::raw("garbage\r\n\r\nx")), "/a", "").0, "garbage\r\n\r\n");
    let (head, body) = ask(&one(Answer::new().framing(Framing::Chunked)), "/a", "");
    assert!(head.contains("chunked") && !head.contains("Content-Length"), "{head}");
    assert_eq!(&body[body.len() - 7..], b"\r\n0\r\n\r\n");
}

#[test]
fn bodies_end_as_asked() {
    assert_eq!(ask(&one(Answer::new().ending(123, Ending::Cut)), "/a", "").1.len(), 123);
    let server = one(Answer::new().ending(0, Ending::Reset));
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"GET /a HTTP/1.1\r\n\r\n").unwrap();
    let why = std::iter::repeat_with(|| stream.read(&mut [0; 4096])).find(|read| !matches!(read, Ok(1..)));
    assert_eq!(why.unwrap().unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_gate_holds_a_body_and_a_script_follows_the_requests() {
    let gate = Gate::new();
    let file = File::new(3, 1000).script(1..=1, Answer::busy(503, 7)).script(2..=2, Answer::new().gate(400, &gate));
    let server = Server::new().file("/a", file).start();
    assert!(ask(&server, "/a", "").0.contains("Retry-After: 7"));
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| ask(&server, "/a", "").1);
        let seen = server.wait("the part before the gate", |seen| seen.sent("/a").total == 400);
        assert_eq!((seen.open, seen.answering), (1, 1));
        gate.open();
        assert_eq!(asked.join().unwrap(), content(3, 0, 1000));
    });
}

#[test]
fn a_crowd_is_refused() {
    let gate = Gate::new();
    let server = Server::new()
        .file("/a", File::new(3, 1000).answer(Answer::new().gate(1, &gate)))
        .at_most(1, Answer::busy(503, 1))
        .start();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| ask(&server, "/a", "").0);
        server.wait("the first answer", |seen| seen.total() == 1);
        assert!(ask(&server, "/a", "").0.starts_with("HTTP/1.1 503 "));
        gate.open();
        assert!(first.join().unwrap().starts_with("HTTP/1.1 200 "));
    });
    assert_eq!(server.seen().most_answering, 1);
}

#[test]
fn a_rate_is_an_upper_bound() {
    let server = Server::new().file("/a", File::new(3, 50_000)).rate(100_000).start();
    let start = Instant::now();
    assert_eq!(ask(&server, "/a", "").1.len(), 50_000);
    assert!(start.elapsed() > Duration::from_millis(400), "{:?}", start.elapsed());
}
