//! On which connections a server is asked, and what is done where one does not work.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use haul::model::{Fault, FaultKind};
use haul::protocol::{Asked, Fetch, Http, HttpOptions, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net;
use tokio::sync::Notify;
use tokio_rustls::server::TlsStream;

use super::driver::{driver, options, question};
use crate::support::http2::{Choose, Tls};

type Done = Pin<Box<dyn Future<Output = ()> + Send>>;
type Stream = TlsStream<net::TcpStream>;

/// Asks for all of a URL; its bytes, and whether they came on a shared connection.
async fn fetch(http: &Http, url: &str, brief: bool) -> Result<(Vec<u8>, bool), Fault> {
    let mut answer = http.open(Request { brief, ..question(url, Asked::Whole) }).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = poll_fn(|context| answer.body.poll_chunk(context)).await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok((bytes, answer.ends.is_some_and(|ends| ends.shared)))
}

fn trusting(server: &Tls) -> Http {
    Http::new(HttpOptions { ca_cert: Some(server.authority()), ..options() })
}

/// What a server does that looks for no word of the client's that it knows.
fn two_if_offered(offered: &[&[u8]]) -> Option<&'static [u8]> {
    offered.contains(&&b"h2"[..]).then_some(b"h2")
}

/// Three bytes in answer to each request.
fn proper(stream: Stream) -> Done {
    Box::pin(async move {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut sender = respond.send_response(http::Response::new(()), false).unwrap();
            sender.send_data(Bytes::from_static(b"abc"), true).unwrap();
        }
    })
}

/// Begins an answer to the first request and resets its stream, frame by frame (RFC 9113, section 6): a proper server has
/// no say in what leaves before the reset.
fn reset(mut stream: Stream) -> Done {
    const PREFACE: usize = 24;
    const HEADERS: u8 = 1;
    Box::pin(async move {
        let mut read = Vec::new();
        let mut at = PREFACE;
        let _ = stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await;
        loop {
            let Ok(1..) = stream.read_buf(&mut read).await else { return };
            while let Some(head) = read.get(at..at + 9) {
                if head[3] == HEADERS {
                    // Status 200, three bytes, and NO_ERROR.
                    let answer = b"\0\0\x01\x01\x04\0\0\0\x01\x88\
                        \0\0\x03\0\0\0\0\0\x01abc\
                        \0\0\x04\x03\0\0\0\0\x01\0\0\0\0";
                    let _ = stream.write_all(answer).await;
                }
                at += 9 + usize::from(head[1]) * 256 + usize::from(head[2]);
            }
        }
    })
}

/// Answers in HTTP/1.1, whatever the client speaks.
fn plain(mut stream: Stream) -> Done {
    Box::pin(async move {
        let mut buffer = [0; 4096];
        while let Ok(1..) = stream.read(&mut buffer).await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").await;
        }
    })
}

/// Speaks nothing that anybody knows.
fn garbled(mut stream: Stream) -> Done {
    Box::pin(async move {
        let _ = stream.write_all(b"\0\0\0\x63\0\0\0\0\0").await;
        let _ = stream.shutdown().await;
    })
}

#[tokio::test]
async fn brief_answers_share_a_connection() {
    let server = Tls::start(two_if_offered, proper).await;
    let http = trusting(&server);
    for _ in 0..3 {
        assert_eq!(fetch(&http, &server.url("/a"), true).await.unwrap(), (b"abc".to_vec(), true));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_without_http2_is_not_asked_for_it_again() {
    let server = Tls::start(|_| Some(b"http/1.1"), plain).await;
    let http = trusting(&server);
    for _ in 0..3 {
        assert_eq!(fetch(&http, &server.url("/a"), true).await.unwrap(), (b"abc".to_vec(), false));
    }
    assert_eq!(server.connections(), 2, "one for the question, and one for all others");
}

#[tokio::test]
async fn http2_that_does_not_work_is_left() {
    fn serve(stream: Stream) -> Done {
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") { garbled(stream) } else { plain(stream) }
    }
    let server = Tls::start(|offered| two_if_offered(offered).or(Some(b"http/1.1")), serve).await;
    let http = trusting(&server);
    for _ in 0..2 {
        assert_eq!(fetch(&http, &server.url("/a"), true).await.unwrap(), (b"abc".to_vec(), false));
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_server_of_nothing_but_http2_is_spoken_to() {
    let only: Choose = |_| Some(b"h2");
    for choose in [only, two_if_offered] {
        let server = Tls::start(choose, proper).await;
        let http = trusting(&server);
        for brief in [false, false, true] {
            assert_eq!(fetch(&http, &server.url("/a"), brief).await.unwrap().0, b"abc", "{brief}");
        }
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_has_not_ended_its_body() {
    let server = Tls::start(|_| Some(b"h2"), reset).await;
    let fault = fetch(&trusting(&server), &server.url("/a"), false).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Cut, "{fault}");
}

/// A server whose connections end at their so-manieth request, without a word. How many requests it has read is counted.
fn ends_at(last: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            serve_until(&mut stream.unwrap(), last, &count);
        }
    });
    (url, asked)
}

fn serve_until(stream: &mut TcpStream, last: usize, count: &AtomicUsize) {
    let mut buffer = [0; 4096];
    for number in 1.. {
        let Ok(1..) = stream.read(&mut buffer) else { return };
        count.fetch_add(1, Ordering::Relaxed);
        if number == last || stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_connection_that_was_kept_and_is_dead_costs_no_attempt() {
    let ((url, asked), http) = (ends_at(2), driver());
    for _ in 0..3 {
        assert_eq!(fetch(&http, &url, false).await.unwrap().0, b"abc");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 4, "the second is asked twice, and leaves no connection behind");
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_asked_twice_at_once() {
    let ((url, asked), http) = (ends_at(1), driver());
    assert_eq!(fetch(&http, &url, false).await.unwrap_err().kind, FaultKind::Cut);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// The first connection gives one answer and is silent from then on; the others work.
fn falls_silent(stream: Stream) -> Done {
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return plain(stream);
    }
    Box::pin(async move {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        let mut unanswered = Vec::new();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            if unanswered.is_empty() {
                let mut sender = respond.send_response(http::Response::new(()), false).unwrap();
                sender.send_data(Bytes::from_static(b"abc"), true).unwrap();
            }
            unanswered.push(respond);
            if unanswered.len() > 1 {
                UNANSWERED.notify_one();
            }
        }
    })
}

static UNANSWERED: Notify = Notify::const_new();

#[tokio::test]
async fn a_shared_connection_that_has_gone_silent_is_left_after_two_attempts() {
    let server = Tls::start(|offered| two_if_offered(offered).or(Some(b"http/1.1")), falls_silent).await;
    let http = trusting(&server);
    let url = server.url("/a");
    assert_eq!(fetch(&http, &url, true).await.unwrap(), (b"abc".to_vec(), true));
    for _ in 0..2 {
        // Whoever has asked gives up once the server has heard it.
        tokio::select! {
            answer = fetch(&http, &url, true) => panic!("{answer:?}"),
            () = UNANSWERED.notified() => {}
        }
    }
    tokio::select! {
        answer = fetch(&http, &url, true) => assert_eq!(answer.unwrap(), (b"abc".to_vec(), false)),
        () = UNANSWERED.notified() => panic!("it is asked once more"),
    }
}
