//! The demo's server, asked over plain sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use haul::demo::Demo;

/// Sends one request and reads the head and `length` bytes of the body.
fn ask(stream: &mut TcpStream, request: &str, length: usize) -> (String, Vec<u8>) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (String::from_utf8(head).unwrap(), body)
}

#[test]
fn it_serves_ranges_of_files_that_never_change() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let demo = runtime.block_on(Demo::start()).unwrap();
    let urls = demo.urls();
    assert!((3..=4).contains(&urls.len()), "{urls:?}");
    for url in urls {
        let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let mut get = |headers: &str, length: usize| {
            let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
            ask(&mut stream, &request, length)
        };
        let (head, body) = get("Range: bytes=65000-66999\r\n", 2000);
        assert!(head.starts_with("HTTP/1.1 206 ") && head.contains("Content-Range: bytes 65000-66999/"), "{head}");
        let etag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap().to_owned();
        // The same connection, other borders, the same bytes.
        let (head, tail) = get(&format!("Range: bytes=65400-65999\r\nIf-Range: {etag}\r\n"), 600);
        assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
        assert_eq!(tail, body[400..1000]);
        let (head, _) = get("Range: bytes=999999999999-\r\n", 0);
        assert!(head.starts_with("HTTP/1.1 416 ") && head.contains("Content-Range: bytes */"), "{head}");
        let total: u64 = head.split("bytes */").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        assert!((40_000_000..=300_000_000).contains(&total));
        let (head, last) = get("Range: bytes=-3\r\n", 3);
        assert!(head.contains(&format!("bytes {}-{}/{total}", total - 3, total - 1)) && last.len() == 3, "{head}");
        // A stale validator gets the whole file, which nobody waits for here.
        let (head, _) = get("Range: bytes=5-9\r\nIf-Range: \"other\"\r\n", 5);
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains(&format!("Content-Length: {total}")), "{head}");
    }
}

#[test]
fn it_answers_what_it_does_not_have_and_ends_when_it_is_dropped() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let demo = runtime.block_on(Demo::start()).unwrap();
    let url = demo.urls().remove(0);
    let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    assert!(ask(&mut stream, "GET /none HTTP/1.1\r\n\r\n", 0).0.starts_with("HTTP/1.1 404 "));
    assert!(ask(&mut stream, "HEAD /field-handbook.pdf HTTP/1.1\r\n\r\n", 0).0.starts_with("HTTP/1.1 200 "));
    assert!(ask(&mut stream, "POST / HTTP/1.1\r\n\r\n", 0).0.starts_with("HTTP/1.1 400 "));
    drop(demo);
    runtime.shutdown_timeout(Duration::from_secs(20));
    assert!(TcpStream::connect(&address).is_err());
}
